//! Assignments that Kafka's assignors have made, compared with ours.
//!
//! Lines of a transcript: `g ASSIGNOR uniform-type` starts a group; `t UUID PARTITIONS` a topic; `m MEMBER INSTANCE TOPICS ASSIGNED`
//! a member in the order in which it was added, with `-` for nothing, topics as `UUID,UUID` (those without partitions do not exist),
//! partitions as `UUID:1.2.3;UUID:4`; `o MEMBER ASSIGNED` what Kafka gives it, `e` where it fails.

use std::collections::HashMap;
use std::sync::Arc;

use kafka_rpc::Uuid;

use super::{AssignError, Assigned, Assignor, Member, Owners, Partitions, Spec, Topics};
use crate::group::java;

fn uuid(text: &str) -> Uuid {
    Uuid(u128::from_str_radix(text, 16).unwrap().to_be_bytes())
}

fn list(text: &str, separator: char) -> impl Iterator<Item = &str> {
    text.split(separator).filter(|part| !part.is_empty() && *part != "-")
}

fn assigned(text: &str) -> Assigned {
    let topic = |part: &str| {
        let (id, partitions) = part.split_once(':').unwrap();
        (uuid(id), list(partitions, '.').map(|partition| partition.parse().unwrap()).collect())
    };
    list(text, ';').map(topic).collect()
}

/// What a group keeps of a record (`Assignment.fromRecord`).
fn kept(assigned: &Assigned) -> Partitions {
    let mut kept = Partitions::default();
    for (id, partitions) in assigned {
        kept.insert(*id, java::HashSet::set_of(partitions.iter().copied(), partitions.len()));
    }
    kept
}

/// Instance id, topics, and what the member has.
type Subscriber = (Option<Arc<str>>, Vec<Uuid>, Assigned);

#[derive(Default)]
struct Group {
    head: String,
    text: String,
    topics: HashMap<Uuid, i32>,
    members: java::HashMap<Arc<str>, Subscriber>,
    expected: HashMap<String, Assigned>,
    fails: bool,
}

impl Group {
    fn check(self) -> bool {
        let ["g", assignor, kind] = self.head.split(' ').collect::<Vec<_>>()[..] else { return false };
        let mut owners = Owners::new();
        let mut members = Vec::new();
        for (id, (instance_id, names, assigned)) in self.members.iter() {
            for (topic, partitions) in assigned {
                let of_topic = owners.entry(*topic).or_default();
                of_topic.extend(partitions.iter().map(|partition| (*partition, Arc::clone(id))));
            }
            let subscribed = java::HashSet::set_of(names.iter().copied(), names.len());
            let existing = subscribed.keys().filter_map(|id| Some((*id, *self.topics.get(id)?)));
            let topics = Arc::new(Topics::new(names.len(), existing.collect()));
            let assigned = Arc::new(kept(assigned));
            members.push(Member { id: Arc::clone(id), instance_id: instance_id.clone(), topics, assigned });
        }
        let spec = Spec { members, is_homogeneous: kind == "Homogeneous", owners: &owners };
        match Assignor::named(assignor).unwrap().assign(&spec) {
            Err(AssignError::LeftUnassigned) => assert!(self.fails),
            Ok(found) => {
                assert!(!self.fails, "Kafka fails at {:?}", spec.members);
                for (member, found) in spec.members.iter().zip(found) {
                    let expected = self.expected.get(&*member.id);
                    assert_eq!(Some(&found), expected, "ours, Kafka's for {} in {}", member.id, self.text);
                }
            }
        }
        true
    }
}

fn play(transcript: &str) {
    let mut group = Group::default();
    let mut count = 0;
    for line in transcript.lines().chain(["g end end"]) {
        let some = |text: &str| (text != "-").then(|| Arc::from(text));
        match line.split(' ').collect::<Vec<_>>()[..] {
            ["g", ..] => {
                let before = std::mem::take(&mut group);
                count += usize::from(before.check());
                group.head = line.to_owned();
            }
            ["t", id, partitions] => {
                group.topics.insert(uuid(id), partitions.parse().unwrap());
            }
            ["m", id, instance_id, topics, partitions] => {
                let names = list(topics, ',').map(uuid).collect();
                group.members.insert(id.into(), (some(instance_id), names, assigned(partitions)));
            }
            ["o", id, partitions] => {
                group.expected.insert(id.to_owned(), assigned(partitions));
            }
            ["e"] => group.fails = true,
            _ => panic!("{line}"),
        }
        group.text += line;
        group.text.push('\n');
    }
    assert!(count > 0, "an empty transcript");
}

#[test]
fn recorded_assignments_of_kafka_are_matched() {
    play(include_str!("../../../tests/recorded/assignments.txt"));
}

#[test]
#[ignore = "tests/differential/group_assignors/run makes the transcript"]
fn new_assignments_of_kafka_are_matched() {
    play(&std::fs::read_to_string(std::env::var("ASSIGNMENTS").unwrap()).unwrap());
}
