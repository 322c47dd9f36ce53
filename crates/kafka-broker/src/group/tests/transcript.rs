//! Runs scripts that Kafka's `GroupCoordinatorShard` has answered, and compares answers and records byte by byte.
//!
//! Lines of a transcript, values in hex, `=` for no bytes, `-` for null:
//! `script SEED` starts a shard; `f CODE` lets the next append fail; `u UUID` is the random id that the next request draws;
//! `q API VERSION TICKET CLIENT BYTES` a request; `t MS` the time; `m PRODUCER RESULT` the end of a transaction; `d TOPIC` a deleted
//! topic, `T TOPIC PARTITIONS` one that comes or grows; `l` the partition is unloaded and loaded again, `c` after its log was compacted. Then what Kafka did: `r KEY VALUE` records, `a TICKET BYTES` answers, `.`.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::fmt::Write;
use std::net::{IpAddr, Ipv4Addr};
use std::rc::Rc;
use std::sync::{Arc, Mutex};

use kafka_rpc::messages::offset_fetch_request::OffsetFetchRequestGroup;
use kafka_rpc::messages::*;
use kafka_rpc::{ErrorCode, Message, Uuid};

use super::super::consumer::Heartbeat;
use super::super::coordinators::offset_fetch;
use super::super::outcome::{Outcome, Record};
use super::super::shard::Shard;
use super::super::{Client, GroupConfig, Reply, Topics, resolve};
use super::topics::{FakeTopics, topic_id};

/// The topics of the scripts.
struct Fixed;

impl Topics for Fixed {
    fn topic_id(&self, name: &str) -> Option<Uuid> {
        topic_id(name)
    }

    fn topic_name(&self, id: Uuid) -> Option<String> {
        Some(format!("t{}", char::from(id.0[15])))
    }

    fn has_partition(&self, _: &str, _: i32) -> bool {
        true
    }
}

/// An entry of the log: a record with its producer id, a marker, or what compaction left of them.
enum Written {
    Gone,
    Record(Vec<u8>, Option<Vec<u8>>, i64),
    Marker(i64, bool),
}

struct Player {
    shard: Shard<u32>,
    random: Arc<Mutex<u128>>,
    topics: Arc<FakeTopics>,
    log: Vec<Written>,
    now_ms: i64,
    failure: Option<ErrorCode>,
    versions: HashMap<u32, i16>,
    done: Vec<String>,
}

fn hex(bytes: &[u8]) -> String {
    if bytes.is_empty() {
        return "=".into();
    }
    bytes.iter().fold(String::new(), |mut out, byte| {
        write!(out, "{byte:02x}").unwrap();
        out
    })
}

fn unhex(text: &str) -> Vec<u8> {
    let text = text.trim_start_matches('=');
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

fn decode<'a, M: Message<'a>>(bytes: &'a [u8], version: i16) -> M {
    M::decode(bytes, version).unwrap().0
}

fn new_shard(random: &Arc<Mutex<u128>>, topics: &Arc<FakeTopics>) -> Shard<u32> {
    let config = GroupConfig {
        max_size: 3,
        consumer_max_size: 5,
        offset_metadata_max: 10,
        offsets_retention_ms: 120_000,
        offsets_retention_check_interval_ms: 50_000,
        ..GroupConfig::default()
    };
    let random = Arc::clone(random);
    Shard::new(Arc::new(config), Box::new(move || *random.lock().unwrap()), Arc::clone(topics) as _)
}

impl Player {
    fn new() -> Self {
        let random = Arc::new(Mutex::new(0));
        let topics = FakeTopics::new(&[("t0", 3), ("t1", 2)]);
        let mut player = Player {
            shard: new_shard(&random, &topics),
            random,
            topics,
            log: Vec::new(),
            now_ms: 1_000_000,
            failure: None,
            versions: HashMap::new(),
            done: Vec::new(),
        };
        let outcome = player.shard.loaded(player.now_ms);
        player.write(outcome);
        player
    }

    fn answer(&mut self, ticket: u32, reply: &Reply) {
        let version = self.versions[&ticket];
        let mut bytes = Vec::new();
        match reply {
            Reply::JoinGroup(m) => m.encode(version, &mut bytes),
            Reply::SyncGroup(m) => m.encode(version, &mut bytes),
            Reply::Heartbeat(m) => m.encode(version, &mut bytes),
            Reply::LeaveGroup(m) => m.encode(version, &mut bytes),
            Reply::ConsumerGroupHeartbeat(m) => m.encode(version, &mut bytes),
            Reply::OffsetCommit(m) => m.encode(version, &mut bytes),
            Reply::TxnOffsetCommit(m) => m.encode(version, &mut bytes),
            Reply::OffsetDelete(m) => m.encode(version, &mut bytes),
            Reply::DeleteGroups(m) => m.encode(version, &mut bytes),
        }
        .unwrap();
        self.done.push(format!("a {ticket} {}", hex(&bytes)));
    }

    fn note(&mut self, records: &[Record], producer_id: i64, is_written: bool) {
        for record in records {
            let (key, value) = record.encode().unwrap();
            let shown = value.as_deref().map_or_else(|| "-".to_owned(), hex);
            self.done.push(format!("r {} {shown}", hex(&key)));
            if is_written {
                self.log.push(Written::Record(key, value, producer_id));
            }
        }
    }

    fn write(&mut self, outcome: Outcome<u32>) {
        let mut replies = Vec::new();
        if outcome.records.is_empty() {
            replies.extend(self.shard.hold(outcome));
        } else {
            let producer_id = outcome.producer.map_or(-1, |(producer_id, _)| producer_id);
            let base_offset = self.log.len() as i64;
            let failure = self.failure.take();
            self.note(&outcome.records, producer_id, failure.is_none());
            match failure {
                Some(error) => {
                    let outcome = self.shard.append_failed(outcome, error, self.now_ms);
                    replies.extend(outcome.replies);
                }
                None => {
                    self.shard.appended(outcome, base_offset, self.now_ms);
                    replies.extend(self.shard.committed(self.log.len() as i64, self.now_ms));
                }
            }
        }
        for (ticket, reply) in replies {
            self.answer(ticket, &reply);
        }
    }

    fn request(&mut self, api: &str, version: i16, ticket: u32, client_id: &str, bytes: &[u8]) {
        self.versions.insert(ticket, version);
        let address = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));
        let client = Client { version, id: client_id, address, requester: None };
        let (now, shard) = (self.now_ms, &mut self.shard);
        let outcome = match api {
            "join" => shard.join_group(client, &decode(bytes, version), ticket, now),
            "sync" => shard.sync_group(client, &decode(bytes, version), ticket, now),
            "heartbeat" => shard.heartbeat(&decode(bytes, version), ticket, now),
            "leave" => shard.leave_group(client, &decode(bytes, version), ticket, now),
            "consumer" => {
                let request = decode(bytes, version);
                let heartbeat = Heartbeat { client, request: &request };
                let mut outcome = shard.consumer_group_heartbeat(heartbeat, ticket, now);
                // The descriptions of RE2/J are not ours.
                for (_, reply) in &mut outcome.replies {
                    if let Reply::ConsumerGroupHeartbeat(response) = reply
                        && response.error_code == ErrorCode::InvalidRegularExpression.code()
                    {
                        response.error_message = None;
                    }
                }
                outcome
            }
            "commit" => {
                let request: OffsetCommitRequest<'_> = decode(bytes, version);
                let resolved = resolve::commit(&request.topics, version, &Fixed);
                shard.offset_commit(client, &request, resolved, ticket, now)
            }
            "txncommit" => {
                let request: TxnOffsetCommitRequest<'_> = decode(bytes, version);
                let resolved = resolve::txn_commit(&request.topics, &Fixed);
                shard.txn_offset_commit(&request, resolved, ticket, now)
            }
            "offsetdelete" => {
                let request: OffsetDeleteRequest<'_> = decode(bytes, version);
                let resolved = resolve::delete(&request.topics, &Fixed);
                shard.offset_delete(&request.group_id, resolved, ticket)
            }
            "deletegroups" => {
                let request: DeleteGroupsRequest<'_> = decode(bytes, version);
                let groups: Vec<_> = request.groups_names.iter().map(AsRef::as_ref).collect();
                shard.delete_groups(&groups, ticket)
            }
            view => {
                let answer = self.view(view, client, bytes);
                self.done.push(format!("a {ticket} {}", hex(&answer)));
                return;
            }
        };
        self.write(outcome);
    }

    fn view(&self, api: &str, client: Client<'_>, bytes: &[u8]) -> Vec<u8> {
        let version = client.version;
        let mut out = Vec::new();
        match api {
            "fetch" => {
                let fetch = |group: &OffsetFetchRequestGroup<'_>, stable| Ok(self.shard.offset_fetch(group, stable));
                offset_fetch(client, &decode(bytes, version), &Fixed, fetch).encode(version, &mut out)
            }
            "describe" => {
                let request: DescribeGroupsRequest<'_> = decode(bytes, version);
                let groups = request.groups.iter().map(|id| self.shard.describe(id, version)).collect();
                DescribeGroupsResponse { groups, ..Default::default() }.encode(version, &mut out)
            }
            "describeconsumer" => {
                let request: ConsumerGroupDescribeRequest<'_> = decode(bytes, version);
                let mut groups: Vec<_> =
                    request.group_ids.iter().map(|id| self.shard.describe_consumer_group(id)).collect();
                for group in &mut groups {
                    group.members.sort_by(|a, b| a.member_id.cmp(&b.member_id));
                }
                ConsumerGroupDescribeResponse { groups, ..Default::default() }.encode(version, &mut out)
            }
            "list" => {
                let request: ListGroupsRequest<'_> = decode(bytes, version);
                let names =
                    |names: &[std::borrow::Cow<'_, str>]| names.iter().map(|name| name.trim().to_owned()).collect();
                let (states, types): (Vec<_>, Vec<_>) = (names(&request.states_filter), names(&request.types_filter));
                let mut groups = self.shard.list(&states, &types);
                groups.sort_by(|a, b| a.group_id.cmp(&b.group_id));
                ListGroupsResponse { groups, ..Default::default() }.encode(version, &mut out)
            }
            other => panic!("{other}"),
        }
        .unwrap();
        out
    }

    fn pass_time(&mut self, target: i64) {
        while let Some(deadline) = self.shard.next_deadline().filter(|deadline| *deadline <= target) {
            self.now_ms = deadline;
            if let Some(outcome) = self.shard.expire_and_resolve(deadline) {
                self.write(outcome);
            }
        }
        self.now_ms = target;
    }

    fn reload(&mut self) {
        let before = std::mem::replace(&mut self.shard, new_shard(&self.random, &self.topics));
        for (ticket, reply) in before.unload() {
            self.answer(ticket, &reply);
        }
        for (written, offset) in self.log.iter().zip(0..) {
            match written {
                Written::Record(key, value, producer_id) => {
                    self.shard.replay(offset, *producer_id, key, value.as_deref(), self.now_ms).unwrap();
                }
                Written::Gone => {}
                Written::Marker(producer_id, commit) => self.shard.end_transaction(*producer_id, *commit),
            }
        }
        let outcome = self.shard.loaded(self.now_ms);
        self.write(outcome);
    }

    /// Leaves the last record of each key.
    fn compact(&mut self) {
        let mut later = HashSet::new();
        for written in self.log.iter_mut().rev() {
            if let Written::Record(key, ..) = written
                && !later.insert(key.clone())
            {
                *written = Written::Gone;
            }
        }
    }

    /// Does what a line says; returns whether it is a step.
    fn step(&mut self, line: &str) -> bool {
        let words: Vec<_> = line.split(' ').collect();
        match words[..] {
            ["f", code] => {
                self.failure = ErrorCode::from_code(code.parse().unwrap());
                return false;
            }
            ["u", uuid] => {
                *self.random.lock().unwrap() = u128::from_str_radix(&uuid.replace('-', ""), 16).unwrap();
                return false;
            }
            ["q", api, version, ticket, client, bytes] => {
                let client = client.trim_start_matches('=');
                let ticket: u32 = ticket.parse().unwrap();
                self.request(api, version.parse().unwrap(), ticket, client, &unhex(bytes));
                // No id is made up twice.
                *self.random.lock().unwrap() = u128::from(ticket);
            }
            ["t", target] => self.pass_time(target.parse().unwrap()),
            ["m", producer_id, result] => {
                let (producer_id, commit) = (producer_id.parse().unwrap(), result == "COMMIT");
                self.shard.end_transaction(producer_id, commit);
                self.log.push(Written::Marker(producer_id, commit));
            }
            ["d", topic] => {
                let outcome = self.shard.topics_deleted(&[(topic.to_owned(), Fixed.topic_id(topic).unwrap())]);
                self.write(outcome);
            }
            ["T", topic, count] => {
                let is_new = self.topics.set(topic, count.parse().unwrap());
                self.shard.topics_changed(&[topic], is_new);
            }
            ["l"] => self.reload(),
            ["c"] => {
                self.compact();
                self.reload();
            }
            _ => panic!("{line}"),
        }
        self.failure = None;
        true
    }
}

/// Whether all that Kafka did was to fail by an exception of its own: it answers UNKNOWN_SERVER_ERROR.
fn is_failure_of_kafka(expected: &[String]) -> bool {
    let [answer] = expected else { return false };
    let Some(response) = answer.strip_prefix("a ").and_then(|answer| answer.split(' ').nth(1)) else { return false };
    // The error comes first, or after the throttle time.
    response.starts_with("00000000ffff") || response.starts_with("ffff")
}

/// Plays a transcript; panics at the first difference. Where Kafka fails and ours does not, the rest of the script is left out.
fn play(transcript: &str) {
    let steps = Rc::new(RefCell::new(0));
    let (mut scripts, mut failures, mut is_left_out) = (0, 0, false);
    let mut player = Player::new();
    let (mut script, mut step, mut expected) = (String::new(), String::new(), Vec::new());
    for line in transcript.lines() {
        match line.split_at_checked(2) {
            Some(("sc", _)) => {
                player = Player::new();
                script = line.to_owned();
                scripts += 1;
                is_left_out = false;
            }
            _ if is_left_out => {}
            Some(("r " | "a ", _)) => expected.push(line.to_owned()),
            _ if line == "." => {
                let mut done = std::mem::take(&mut player.done);
                let by_kind =
                    |line: &String| (line.starts_with('a'), line.split(' ').nth(1).and_then(|t| t.parse::<u32>().ok()));
                done.sort_by(|a, b| {
                    by_kind(a)
                        .cmp(&by_kind(b))
                        .then_with(|| if a.starts_with('r') { a.cmp(b) } else { std::cmp::Ordering::Equal })
                });
                expected.sort_by(|a, b| {
                    by_kind(a)
                        .cmp(&by_kind(b))
                        .then_with(|| if a.starts_with('r') { a.cmp(b) } else { std::cmp::Ordering::Equal })
                });
                if done != expected && is_failure_of_kafka(&expected) {
                    failures += 1;
                    is_left_out = true;
                } else {
                    assert_eq!(
                        done,
                        expected,
                        "left ours, right Kafka's; {script}, step {}, after {step}",
                        steps.borrow()
                    );
                }
                expected.clear();
            }
            _ => {
                if player.step(line) {
                    *steps.borrow_mut() += 1;
                }
                step = line.to_owned();
            }
        }
    }
    assert!(*steps.borrow() > 0, "an empty transcript");
    assert!(failures * 20 <= scripts, "Kafka failed in {failures} of {scripts} scripts");
}

#[test]
#[ignore = "tests/differential/group/run makes the transcript"]
fn a_new_transcript_of_kafka_is_matched() {
    let path = std::env::var("GROUP_TRANSCRIPT").unwrap();
    play(&std::fs::read_to_string(path).unwrap());
}

#[test]
fn the_recorded_transcript_of_kafka_is_matched() {
    play(include_str!("../../../tests/recorded/groups.txt"));
}
