//! `assignors-differential SEED CASES` prints groups with what they are assigned, one a line: `case<TAB>assignment`.
//! `AssignorsOracle.java` takes the cases and answers with Kafka's assignors.

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write as _};

use data_encoding::HEXLOWER;
use fastrand::Rng;
use kafka_thin_client::group::TopicPartition;
use kafka_thin_client::group::assignors::{
    Assignments, Assignor, MemberSubscription, cooperative_user_data, sticky_user_data,
};

fn main() -> io::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [seed, cases] = args.as_slice() else { return Err(io::Error::other("SEED CASES")) };
    let mut rng = Rng::with_seed(seed.parse().map_err(io::Error::other)?);
    let mut out = BufWriter::new(io::stdout().lock());
    for _ in 0..cases.parse::<u64>().map_err(io::Error::other)? {
        let assignor = Assignor::ALL[rng.usize(..Assignor::ALL.len())];
        let mut group = Group::new(&mut rng);
        // A group lives for a few generations, so that members own what they were assigned.
        for generation in 1..=rng.i32(1..5) {
            let assignments = assignor.assign(&group.topics, &group.members);
            writeln!(out, "{}\t{}", group.case(assignor), shown(&assignments))?;
            group.next(&mut rng, assignor, &assignments, generation);
        }
    }
    out.flush()
}

struct Group {
    topics: BTreeMap<String, i32>,
    members: Vec<MemberSubscription>,
    /// All members subscribe to the same topics.
    equal: bool,
}

impl Group {
    fn new(rng: &mut Rng) -> Self {
        let most = if rng.bool() { 4 } else { 30 };
        let topics = (0..rng.usize(1..6)).map(|_| (format!("t{}", rng.u32(..2000)), rng.i32(1..most))).collect();
        let mut group = Group { topics, members: Vec::new(), equal: rng.bool() };
        for _ in 0..rng.usize(1..12) {
            group.join(rng);
        }
        group
    }

    fn join(&mut self, rng: &mut Rng) {
        let member_id = format!("consumer-{}-{:08x}", rng.u32(..20), rng.u32(..));
        let group_instance_id = (rng.u32(..6) == 0).then(|| format!("i{}", rng.u32(..1000)));
        let topics = self.subscription(rng);
        self.members.push(MemberSubscription { member_id, group_instance_id, topics, ..Default::default() });
    }

    fn subscription(&self, rng: &mut Rng) -> Vec<String> {
        if self.equal {
            return self.topics.keys().cloned().collect();
        }
        let mut topics: Vec<String> = self.topics.keys().filter(|_| rng.bool()).cloned().collect();
        if rng.u32(..10) == 0 {
            topics.push("absent".to_owned());
        }
        topics
    }

    /// Members own what they were assigned; then some leave, some join, and topics grow.
    fn next(&mut self, rng: &mut Rng, assignor: Assignor, assignments: &Assignments, generation: i32) {
        for member in &mut self.members {
            if rng.u32(..10) == 0 {
                continue; // It missed the generation.
            }
            let assigned = assignments.get(&member.member_id).cloned().unwrap_or_default();
            let mut claimed = assigned;
            if rng.u32(..12) == 0
                && let Some(other) = assignments.values().nth(rng.usize(..assignments.len().max(1)))
            {
                claimed.extend(other.iter().take(2).cloned());
            }
            match assignor {
                Assignor::Sticky => {
                    let mut data = sticky_user_data(&claimed, generation);
                    match rng.u32(..12) {
                        0 => data.truncate(data.len() - 4),
                        1 => data.truncate(data.len() / 2),
                        _ => {}
                    }
                    member.user_data = Some(data);
                    member.generation_id = rng.bool().then_some(generation);
                }
                Assignor::CooperativeSticky => {
                    member.owned_partitions = claimed;
                    member.user_data = rng.bool().then(|| cooperative_user_data(generation));
                    member.generation_id = rng.bool().then_some(generation);
                }
                Assignor::Range | Assignor::RoundRobin => {}
            }
        }
        for _ in 0..rng.usize(..3) {
            match rng.u32(..4) {
                0 if self.members.len() > 1 => drop(self.members.swap_remove(rng.usize(..self.members.len()))),
                1 => self.join(rng),
                2 => {
                    if let Some(count) = self.topics.values_mut().next() {
                        *count += rng.i32(1..4);
                    }
                }
                _ if !self.equal => {
                    let (topics, at) = (self.subscription(rng), rng.usize(..self.members.len()));
                    self.members[at].topics = topics;
                }
                _ => {}
            }
        }
    }

    fn case(&self, assignor: Assignor) -> String {
        let topics: Vec<String> = self.topics.iter().map(|(topic, count)| format!("{topic}={count}")).collect();
        let members = self.members.iter().map(|member| {
            format!(
                "{};{};{};{};{};{}",
                member.member_id,
                member.group_instance_id.as_deref().unwrap_or_default(),
                member.topics.join(","),
                listed(&member.owned_partitions),
                member.generation_id.map(|generation| generation.to_string()).unwrap_or_default(),
                member.user_data.as_ref().map_or("null".to_owned(), |data| HEXLOWER.encode(data)),
            )
        });
        let members: Vec<String> = members.collect();
        format!("{}|{}|{}", assignor.name(), topics.join(","), members.join("|"))
    }
}

fn listed(partitions: &[TopicPartition]) -> String {
    let partitions: Vec<String> =
        partitions.iter().map(|partition| format!("{}-{}", partition.topic, partition.partition)).collect();
    partitions.join(",")
}

fn shown(assignments: &Assignments) -> String {
    let members: Vec<String> =
        assignments.iter().map(|(member, partitions)| format!("{member}={}", listed(partitions))).collect();
    members.join("|")
}
