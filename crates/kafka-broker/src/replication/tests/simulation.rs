//! Three brokers replicate a partition on a simulated network and clock.
//!
//! Messages are lost, late and overtaken. Brokers are cut off from the others, killed, or lose power and with it what was not synced; a
//! leader that is cut off goes on as if it led. The controller elects from the ISR and, without it, from the ELR.
//!
//! What must hold at every moment:
//! - A record below the high watermark of any leader is on every later leader, unchanged (KIP-101, KIP-279).
//! - All of the ISR have what is below the high watermark of the leader, and so do all that the controller may elect (KIP-966).
//! - What is committed was on `min.insync.replicas` replicas (KIP-966).
//!
//! At the end, with a network that works, all logs become the same.
//!
//! Each of these changes of the code makes one of the first 200 seeds fail: no truncation by a diverging epoch; a truncation to the high
//! watermark instead; a fetch without the epoch of the last record, or with the leader's in its place; a high watermark that moves below the
//! min ISR; an expansion of the ISR that does not count until the controller has answered; an expansion by a follower that ends below the
//! start of the epoch. A leader whose pending change is forgotten when late metadata arrives fails in the first 3,000. Only the tests of the
//! follower alone find a truncation without regard to where the epoch ends here, and a high watermark above the leader's.

use std::collections::BTreeMap;

use kafka_rpc::ErrorCode;

use super::controller::{Controller, MIN_ISR, Registered};
use super::log::{Batch, MemoryLog, encode};
use crate::metadata::{NO_LEADER, Partition};
use crate::replication::follower::{End, Fetch, Fetched, Follower, Next};
use crate::replication::{Accepted, FollowerFetch, IsrChange, Leader, Replica as _};

const BROKERS: usize = 3;
const LAG_MAX_MS: i64 = 150;
const BACK_OFF_MS: i64 = 20;
const REQUEST_TIMEOUT_MS: i64 = 120;
const SESSION_MS: i64 = 150;
/// Faults end at this time, and the logs become equal until the next.
const FAULTS_MS: i64 = 2500;
const END_MS: i64 = FAULTS_MS + 2500;

enum Role {
    None,
    Leader(Box<Leader>),
    Follower(Box<Follower>),
}

struct Node {
    id: i32,
    log: MemoryLog,
    role: Role,
    known: Partition,
    brokers: Registered,
    epoch: i64,
    is_up: bool,
    /// The log end before the last loss of power.
    had: i64,
    cut_off_until: i64,
    /// The request of the follower without an answer: its number, when it was sent, and what it asks for.
    asked: Option<(u64, i64, Next)>,
    /// The change of the ISR without an answer, and when it was sent.
    altering: Option<(IsrChange, Option<i64>)>,
}

struct Answer {
    error: ErrorCode,
    high_watermark: i64,
    log_start: i64,
    diverging: Option<(i32, i64)>,
    batches: Vec<Batch>,
    is_corrupt: bool,
}

enum Event {
    Tick(i32),
    Ask { from: i32, to: i32, number: u64, broker_epoch: i64, next: Next },
    Fetched { to: i32, number: u64, answer: Answer },
    Listed { to: i32, number: u64, answer: Result<i64, ErrorCode> },
    Alter { from: i32, change: IsrChange },
    Altered { to: i32, change: IsrChange, answer: Result<Accepted, ErrorCode> },
    Metadata { to: i32, partition: Partition, brokers: Registered },
    Fence { id: i32, epoch: i64 },
    Start { id: i32, was_clean: bool },
    Unfence { id: i32, epoch: i64 },
}

struct World {
    random: fastrand::Rng,
    now: i64,
    next_number: u64,
    events: BTreeMap<(i64, u64), Event>,
    nodes: Vec<Node>,
    controller: Controller,
    published: i32,
    /// Records below the high watermark of a leader, by offset.
    committed: Vec<(i32, u64)>,
    has_faults: bool,
}

impl World {
    fn new(seed: u64) -> Self {
        let node = |id| Node {
            id,
            log: MemoryLog::default(),
            role: Role::None,
            known: Partition { leader: NO_LEADER, leader_epoch: -1, partition_epoch: -1, ..Partition::default() },
            brokers: Registered::default(),
            epoch: i64::from(id),
            is_up: true,
            had: 0,
            cut_off_until: 0,
            asked: None,
            altering: None,
        };
        let mut world = World {
            random: fastrand::Rng::with_seed(seed),
            now: 0,
            next_number: 0,
            events: BTreeMap::new(),
            nodes: (0..BROKERS as i32).map(node).collect(),
            controller: Controller::new(BROKERS),
            published: -1,
            committed: Vec::new(),
            has_faults: true,
        };
        (0..BROKERS as i32).for_each(|id| world.after(1, Event::Tick(id)));
        world
    }

    fn chance(&mut self, percent: u32) -> bool {
        self.random.u32(0..100) < percent
    }

    fn after(&mut self, ms: i64, event: Event) {
        self.next_number += 1;
        self.events.insert((self.now + ms, self.next_number), event);
    }

    fn is_cut_off(&self, id: i32) -> bool {
        self.nodes[id as usize].cut_off_until > self.now
    }

    /// Sends a message, unless the network loses it.
    fn send(&mut self, between: (i32, i32), event: Event) {
        let is_lost = self.has_faults && self.chance(5);
        if is_lost || self.is_cut_off(between.0) || self.is_cut_off(between.1) {
            return;
        }
        let delay = if self.has_faults && self.chance(5) { 100 } else { self.random.i64(1..8) };
        self.after(delay, event);
    }

    fn run(&mut self) {
        while let Some(((now, _), event)) = self.events.pop_first() {
            self.now = now;
            if now >= FAULTS_MS && self.has_faults {
                self.has_faults = false;
                self.nodes.iter_mut().for_each(|node| node.cut_off_until = 0);
            }
            if now >= END_MS {
                break;
            }
            self.handle(event);
            self.publish();
        }
        self.check_end();
    }

    fn publish(&mut self) {
        if self.published == self.controller.partition.partition_epoch {
            return;
        }
        self.published = self.controller.partition.partition_epoch;
        for to in 0..BROKERS as i32 {
            // The metadata log repeats what was lost: it is late, and is not lost.
            let until = self.nodes[to as usize].cut_off_until - self.now;
            let delay = until.max(0) + self.random.i64(1..20);
            let (partition, brokers) = (self.controller.partition.clone(), self.controller.brokers.clone());
            self.after(delay, Event::Metadata { to, partition, brokers });
        }
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Tick(id) => self.tick(id),
            Event::Metadata { to, partition, brokers } => self.assume(to, partition, brokers),
            Event::Ask { from, to, number, broker_epoch, next } => self.serve(from, to, number, broker_epoch, next),
            Event::Fetched { to, number, answer } => self.take(to, number, &answer),
            Event::Listed { to, number, answer } => {
                let (now, node) = (self.now, &mut self.nodes[to as usize]);
                let Some((_, _, Next::List { end, leader_epoch })) =
                    node.asked.take_if(|(asked, ..)| *asked == number && node.is_up)
                else {
                    return;
                };
                if let Role::Follower(follower) = &mut node.role {
                    follower.listed(end, leader_epoch, answer, &node.log, now);
                }
            }
            Event::Alter { from, change } => {
                let answer = self.controller.alter(from, &change);
                self.send((from, from), Event::Altered { to: from, change, answer });
            }
            Event::Altered { to, change, answer } => {
                let node = &mut self.nodes[to as usize];
                node.altering.take_if(|(altering, _)| *altering == change);
                if let Role::Leader(leader) = &mut node.role {
                    leader.altered(&change, &answer);
                }
                self.advance(to);
            }
            Event::Fence { id, epoch } => {
                let node = &self.nodes[id as usize];
                let is_late = !node.is_up || self.is_cut_off(id);
                if is_late && self.controller.brokers.0[id as usize] == Some(epoch) {
                    self.controller.fence(id);
                }
            }
            Event::Start { id, was_clean } => self.start(id, was_clean),
            Event::Unfence { id, epoch } => {
                let node = &self.nodes[id as usize];
                if node.is_up && node.epoch == epoch {
                    self.controller.unfence(id, epoch);
                }
            }
        }
    }

    fn tick(&mut self, id: i32) {
        let pause = self.random.i64(5..20);
        self.after(pause, Event::Tick(id));
        if self.has_faults {
            self.fail(id);
        }
        if !self.nodes[id as usize].is_up {
            return;
        }
        if self.chance(10) {
            self.nodes[id as usize].log.flush();
        }
        if self.chance(10) {
            self.nodes[id as usize].log.checkpoint();
        }
        // A broker that was fenced while it was cut off sends heartbeats again.
        if self.controller.brokers.0[id as usize].is_none() && !self.is_cut_off(id) {
            let epoch = self.nodes[id as usize].epoch;
            self.after(10, Event::Unfence { id, epoch });
        }
        match self.nodes[id as usize].role {
            Role::None => {}
            Role::Leader(_) => self.lead(id),
            Role::Follower(_) => self.ask(id),
        }
    }

    /// Perhaps something happens to a broker.
    fn fail(&mut self, id: i32) {
        let node = &self.nodes[id as usize];
        if !node.is_up || self.is_cut_off(id) || !self.chance(1) {
            return;
        }
        let epoch = self.nodes[id as usize].epoch;
        let pause = self.random.i64(20..600);
        self.after(SESSION_MS, Event::Fence { id, epoch });
        if self.chance(40) {
            self.nodes[id as usize].cut_off_until = self.now + pause;
            return;
        }
        // As many may lose their data as leave one of those that have all committed records.
        let others_are_safe = self.nodes.iter().all(|node| node.id == id || node.is_up);
        let loses_power = self.chance(50) && others_are_safe && self.controller.can_lose(id);
        let node = &mut self.nodes[id as usize];
        node.is_up = false;
        node.role = Role::None;
        node.asked = None;
        node.altering = None;
        if loses_power {
            // The controller learns of the loss when the broker registers, and does not elect it before.
            self.controller.fence(id);
            let unclean = self.controller.register(id, false);
            let node = &mut self.nodes[id as usize];
            (node.epoch, node.had) = (unclean, node.log.watermarks().log_end);
        }
        self.nodes[id as usize].log.crash(loses_power);
        self.after(pause, Event::Start { id, was_clean: true });
    }

    fn start(&mut self, id: i32, was_clean: bool) {
        let epoch = self.controller.register(id, was_clean);
        let node = &mut self.nodes[id as usize];
        node.is_up = true;
        node.epoch = epoch;
        node.known = Partition { leader: NO_LEADER, leader_epoch: -1, partition_epoch: -1, ..Partition::default() };
        self.after(5, Event::Unfence { id, epoch });
        let (partition, brokers) = (self.controller.partition.clone(), self.controller.brokers.clone());
        self.assume(id, partition, brokers);
    }

    /// (`Partition::assume`)
    fn assume(&mut self, id: i32, to: Partition, brokers: Registered) {
        let now = self.now;
        let node = &mut self.nodes[id as usize];
        if !node.is_up || to.partition_epoch <= node.known.partition_epoch {
            return;
        }
        let is_new_epoch = to.leader_epoch > node.known.leader_epoch;
        let log_end = node.log.watermarks().log_end;
        if to.leader == id {
            match &mut node.role {
                Role::Leader(leader) => leader.update(&to, log_end, now),
                role => *role = Role::Leader(Box::new(Leader::new(id, LAG_MAX_MS, &to, log_end, now))),
            }
            node.asked = None;
            if is_new_epoch {
                node.log.begin_epoch(to.leader_epoch);
            }
        } else if to.leader == NO_LEADER {
            (node.role, node.asked) = (Role::None, None);
        } else if is_new_epoch || !matches!(node.role, Role::Follower(_)) {
            let follower = Follower::begin(id, &node.log, to.leader_epoch, BACK_OFF_MS, now).unwrap();
            (node.role, node.asked) = (Role::Follower(Box::new(follower)), None);
        }
        (node.known, node.brokers) = (to, brokers);
        if self.nodes[id as usize].known.leader == id && self.controller.partition.leader == id {
            self.check_leader(id);
        }
        self.advance(id);
    }

    /// A leader takes records of clients, and removes replicas from the ISR that are late.
    fn lead(&mut self, id: i32) {
        let count = self.random.usize(0..4);
        let values: Vec<u64> = (0..count).map(|_| self.random.u64(..)).collect();
        let now = self.now;
        let node = &mut self.nodes[id as usize];
        let Role::Leader(leader) = &mut node.role else { return };
        if count > 0 && !leader.is_under_min_isr(MIN_ISR as i32) {
            node.log.lead(node.known.leader_epoch, values);
        }
        let shrunk = leader.shrink(node.log.watermarks().log_end, now, &node.brokers);
        if let Some(change) = shrunk {
            node.altering = Some((change, None));
        }
        self.alter(id);
        self.advance(id);
        if self.chance(2) {
            let at = self.nodes[id as usize].log.watermarks();
            let to = self.random.i64(at.log_start..=at.high_watermark);
            self.nodes[id as usize].log.delete_to(to);
        }
    }

    /// Sends a change of the ISR, for the first time or again.
    fn alter(&mut self, id: i32) {
        let now = self.now;
        let altering = self.nodes[id as usize].altering.as_mut();
        let is_due = |sent: Option<i64>| sent.is_none_or(|sent| now - sent >= REQUEST_TIMEOUT_MS);
        let Some((change, sent)) = altering.filter(|(_, sent)| is_due(*sent)) else { return };
        *sent = Some(now);
        let change = change.clone();
        self.send((id, id), Event::Alter { from: id, change });
    }

    /// A follower sends its next request.
    fn ask(&mut self, id: i32) {
        let now = self.now;
        let node = &mut self.nodes[id as usize];
        let Role::Follower(follower) = &mut node.role else { return };
        match node.asked {
            Some((_, sent, _)) if now - sent < REQUEST_TIMEOUT_MS => return,
            Some(_) => {
                node.asked = None;
                follower.back_off(now);
            }
            None => {}
        }
        let next = follower.next(&node.log, now).unwrap();
        if !matches!(next, Next::Fetch(_) | Next::List { .. }) {
            return;
        }
        let (to, broker_epoch) = (node.known.leader, node.epoch);
        self.next_number += 1;
        let number = self.next_number;
        self.nodes[id as usize].asked = Some((number, now, next));
        self.send((id, to), Event::Ask { from: id, to, number, broker_epoch, next });
    }

    /// A leader answers a follower.
    fn serve(&mut self, from: i32, to: i32, number: u64, broker_epoch: i64, next: Next) {
        if !self.nodes[to as usize].is_up {
            return;
        }
        match next {
            Next::Fetch(fetch) => {
                let answer = self.read(from, to, broker_epoch, &fetch);
                self.send((to, from), Event::Fetched { to: from, number, answer });
            }
            Next::List { end, leader_epoch } => {
                let at = self.nodes[to as usize].log.watermarks();
                let offset = if end == End::Latest { at.log_end } else { at.log_start };
                let answer = self.check_epoch(to, leader_epoch).map(|()| offset);
                self.send((to, from), Event::Listed { to: from, number, answer });
            }
            Next::Wait { .. } | Next::Failed => {}
        }
    }

    fn check_epoch(&self, id: i32, known: i32) -> Result<(), ErrorCode> {
        let node = &self.nodes[id as usize];
        match known.cmp(&node.known.leader_epoch) {
            std::cmp::Ordering::Less => Err(ErrorCode::FencedLeaderEpoch),
            std::cmp::Ordering::Greater => Err(ErrorCode::UnknownLeaderEpoch),
            std::cmp::Ordering::Equal if matches!(node.role, Role::Leader(_)) => Ok(()),
            std::cmp::Ordering::Equal => Err(ErrorCode::NotLeaderOrFollower),
        }
    }

    /// (`Partition.fetchRecords`)
    fn read(&mut self, from: i32, to: i32, broker_epoch: i64, fetch: &Fetch) -> Answer {
        let at = self.nodes[to as usize].log.watermarks();
        let mut answer = Answer {
            error: ErrorCode::None,
            high_watermark: at.high_watermark,
            log_start: at.log_start,
            diverging: None,
            batches: Vec::new(),
            is_corrupt: self.has_faults && self.chance(1),
        };
        if let Err(error) = self.check_epoch(to, fetch.leader_epoch) {
            return Answer { error, ..answer };
        }
        let node = &mut self.nodes[to as usize];
        if let Some(last) = fetch.last_fetched_epoch {
            match node.log.end_offset_for_epoch(last).unwrap() {
                Some((epoch, end)) if epoch < last || end < fetch.offset => {
                    return Answer { diverging: Some((epoch, end)), ..answer };
                }
                Some(_) => {}
                None => return Answer { error: ErrorCode::OffsetOutOfRange, ..answer },
            }
        }
        if !(at.log_start..=at.log_end).contains(&fetch.offset) {
            return Answer { error: ErrorCode::OffsetOutOfRange, ..answer };
        }
        answer.batches = node.log.read(fetch.offset, 3);
        let Role::Leader(leader) = &mut node.role else { return answer };
        let noted = FollowerFetch {
            replica: from,
            broker_epoch,
            leader_epoch: fetch.leader_epoch,
            offset: fetch.offset,
            log_start: fetch.log_start_offset,
            leader_end: at.log_end,
            now_ms: self.now,
        };
        if let Err(error) = leader.fetched(&noted, &node.brokers) {
            return Answer { error, batches: Vec::new(), ..answer };
        }
        if let Some(change) = leader.expand(from, at, &node.brokers) {
            node.altering = Some((change, None));
        }
        self.alter(to);
        self.advance(to);
        answer
    }

    /// A follower takes an answer.
    fn take(&mut self, to: i32, number: u64, answer: &Answer) {
        let (now, node) = (self.now, &mut self.nodes[to as usize]);
        let Some((_, _, Next::Fetch(sent))) = node.asked.take_if(|(asked, ..)| *asked == number) else { return };
        let Role::Follower(follower) = &mut node.role else { return };
        let mut records = encode(&answer.batches);
        if let Some(last) = records.last_mut().filter(|_| answer.is_corrupt) {
            *last ^= 1;
        }
        let answer = Fetched {
            error: answer.error,
            high_watermark: answer.high_watermark,
            log_start_offset: answer.log_start,
            diverging: answer.diverging,
            records: &records,
        };
        follower.fetched(&sent, &answer, &node.log, now);
        let at = node.log.watermarks();
        assert!(at.log_start <= at.high_watermark && at.high_watermark <= at.log_end, "{at:?}");
    }

    /// Moves the high watermark of a leader, and checks what that commits.
    fn advance(&mut self, id: i32) {
        let node = &mut self.nodes[id as usize];
        let Role::Leader(leader) = &mut node.role else { return };
        let moved = leader.high_watermark(node.log.watermarks(), MIN_ISR as i32, self.now, &node.brokers);
        let Some(to) = moved else { return };
        node.log.set_high_watermark(to);
        let Partition { isr, elr, .. } = &self.controller.partition;
        for member in isr.iter().chain(elr) {
            let end = self.nodes[*member as usize].log.watermarks().log_end;
            assert!(end >= to, "high watermark {to} of leader {id}, but replica {member} ends at {end}");
        }
        // A leader that has not heard of a loss of power counts what the replica had.
        let holders = self.nodes.iter().filter(|node| node.log.watermarks().log_end.max(node.had) >= to).count();
        assert!(holders >= MIN_ISR, "leader {id} commits up to {to}, which {holders} replicas have");
        for offset in self.committed.len() as i64..to {
            let record = self.nodes[id as usize].log.at(offset);
            // What was deleted before it was known as committed says nothing.
            self.committed.push(record.unwrap_or_default());
        }
    }

    /// A leader has all that was committed.
    fn check_leader(&self, id: i32) {
        let log = &self.nodes[id as usize].log;
        let at = log.watermarks();
        assert!(at.log_end >= self.committed.len() as i64, "leader {id} ends at {}", at.log_end);
        for (offset, committed) in (0..).zip(&self.committed).skip(usize::try_from(at.log_start).unwrap()) {
            assert_eq!(log.at(offset).as_ref(), Some(committed), "record {offset} of leader {id}");
        }
    }

    /// All replicas are in sync, and have the same.
    fn check_end(&self) {
        let partition = &self.controller.partition;
        assert_eq!(partition.isr.len(), BROKERS, "{partition:?}");
        self.check_leader(partition.leader);
        let log = &self.nodes[partition.leader as usize].log;
        let end = log.watermarks().log_end;
        assert!(!self.committed.is_empty());
        for node in &self.nodes {
            let at = node.log.watermarks();
            // The last answers may be on their way.
            for offset in at.log_start.max(log.watermarks().log_start)..at.log_end.min(end) {
                assert_eq!(node.log.at(offset), log.at(offset), "record {offset} of {}", node.id);
            }
        }
    }
}

#[test]
fn committed_records_survive_whatever_happens_to_brokers_and_network() {
    let count = std::env::var("REPLICATION_SEEDS").ok().and_then(|count| count.parse().ok()).unwrap_or(200);
    for seed in 0..count {
        let ran = std::panic::catch_unwind(|| World::new(seed).run());
        assert!(ran.is_ok(), "seed {seed}");
    }
}
