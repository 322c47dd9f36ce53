//! Topics, partitions and voters as the records of the metadata log give them (`TopicsImage`, `VoterSet`).

use std::collections::{HashMap, HashSet};

use crate::format::control::ControlRecordType;
use crate::format::schema::tables::cluster_metadata::{
    ABORT_TRANSACTION_RECORD, BEGIN_TRANSACTION_RECORD, END_TRANSACTION_RECORD, PARTITION_CHANGE_RECORD,
    PARTITION_RECORD, REMOVE_TOPIC_RECORD, TOPIC_RECORD,
};
use crate::format::schema::{Datum, Decoded, InternalTopic, KafkaVersion, Part, control_message, read_control_message};
use crate::format::uuid::Uuid;

/// Brokers and log directories of a partition (`PartitionRegistration`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Assignment {
    /// Ids of the brokers with a replica.
    pub(super) replicas: Vec<i32>,
    /// For each of them the id of its log directory; empty in clusters that assign none.
    directories: Vec<Uuid>,
}

impl Assignment {
    /// The log directory that the replica of a broker is assigned to.
    pub(super) fn directory(&self, broker: i32) -> Option<Uuid> {
        let at = self.replicas.iter().position(|&replica| replica == broker)?;
        self.directories.get(at).copied()
    }
}

/// A member of the controller quorum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Voter {
    /// Node id.
    pub(super) id: i32,
    /// Id of the log directory with its metadata log; `None` where the quorum keeps none (kraft.version 0).
    pub(super) directory: Option<Uuid>,
}

/// A change of topics or partitions.
#[derive(Clone, Debug)]
enum Change {
    Topic { name: String, id: Uuid },
    RemoveTopic { id: Uuid },
    Partition { id: Uuid, partition: i32, replicas: Option<Vec<i32>>, directories: Option<Vec<Uuid>> },
}

/// The state after the records so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Image {
    names: HashMap<Uuid, String>,
    ids: HashMap<String, Uuid>,
    partitions: HashMap<(Uuid, i32), Assignment>,
    removed: HashSet<Uuid>,
    voters: Vec<Voter>,
    /// Records of metadata that were taken in.
    records: u64,
    /// Records since the beginning of a transaction that has not ended (KIP-868).
    pending: Option<Vec<Change>>,
}

impl Image {
    /// Id of the topic with this name.
    pub(super) fn id_of(&self, topic: &str) -> Option<Uuid> {
        self.ids.get(topic).copied()
    }

    /// Name of the topic with this id.
    pub(super) fn name_of(&self, id: Uuid) -> Option<&str> {
        self.names.get(&id).map(String::as_str)
    }

    /// Brokers and log directories of a partition (`TopicsImage.getPartition`).
    pub(super) fn partition(&self, id: Uuid, partition: i32) -> Option<&Assignment> {
        self.partitions.get(&(id, partition))
    }

    /// Whether a topic with this id existed and was deleted.
    pub(super) fn was_removed(&self, id: Uuid) -> bool {
        self.removed.contains(&id)
    }

    /// The members of the controller quorum; empty where no record names them.
    pub(super) fn voters(&self) -> &[Voter] {
        &self.voters
    }

    /// Whether no record of metadata was taken in.
    pub(super) fn is_empty(&self) -> bool {
        self.records == 0
    }

    /// The partitions of a broker in one of its log directories: topic, number, and how many replicas there are.
    pub(super) fn partitions_in(&self, broker: i32, directory: Uuid) -> impl Iterator<Item = (&str, i32, usize)> {
        self.partitions.iter().filter_map(move |((id, partition), assignment)| {
            let is_there = assignment.directory(broker) == Some(directory);
            is_there.then_some((self.name_of(*id)?, *partition, assignment.replicas.len()))
        })
    }

    /// The node that one of these log directories belongs to.
    pub(super) fn owner_of(&self, directories: &[Uuid]) -> Option<i32> {
        let is_one = |directory: Option<Uuid>| directory.is_some_and(|id| directories.contains(&id));
        let voter = self.voters.iter().find(|voter| is_one(voter.directory)).map(|voter| voter.id);
        let broker = |assignment: &Assignment| {
            let mut replicas = assignment.replicas.iter();
            replicas.find(|&&replica| is_one(assignment.directory(replica))).copied()
        };
        voter.or_else(|| self.partitions.values().find_map(broker))
    }

    /// Whether there has been no topic at all.
    pub(super) fn is_without_topics(&self) -> bool {
        self.names.is_empty() && self.removed.is_empty()
    }

    /// Takes in a record of the metadata. A record of another kind, or one that cannot be read, changes nothing.
    pub(super) fn record(&mut self, value: Option<&[u8]>) {
        let Ok(decoded) = InternalTopic::ClusterMetadata.decode(None, value, 0, KafkaVersion::LATEST) else { return };
        let Some(Part::Metadata(record)) = decoded.payload else { return };
        self.records += 1;
        let is = |message| std::ptr::eq(record.message, message);
        if is(&BEGIN_TRANSACTION_RECORD) {
            self.pending = Some(Vec::new());
        } else if is(&ABORT_TRANSACTION_RECORD) {
            self.pending = None;
        } else if is(&END_TRANSACTION_RECORD) {
            self.pending.take().into_iter().flatten().for_each(|change| self.apply(change));
        } else if let Some(change) = change_in(&record) {
            match &mut self.pending {
                Some(pending) => pending.push(change),
                None => self.apply(change),
            }
        }
    }

    /// Takes in a control record.
    pub(super) fn control(&mut self, key: Option<&[u8]>, value: Option<&[u8]>) {
        let Ok(kind) = ControlRecordType::parse(key) else { return };
        let is_wanted = matches!(kind, ControlRecordType::LeaderChange | ControlRecordType::KRaftVoters);
        let Some(message) = control_message(kind.id()).filter(|_| is_wanted) else { return };
        let Ok(record) = read_control_message(message, value.unwrap_or_default(), KafkaVersion::LATEST) else { return };
        let Some(Datum::Array(members)) = record.get("voters") else { return };
        let has_directories = kind == ControlRecordType::KRaftVoters;
        // A change of leader says nothing about directories, so it does not replace what a list of voters says.
        if !has_directories && self.voters.iter().any(|voter| voter.directory.is_some()) {
            return;
        }
        self.voters = members.iter().filter_map(|member| voter(member, has_directories)).collect();
    }

    fn apply(&mut self, change: Change) {
        match change {
            Change::Topic { name, id } => {
                self.ids.insert(name.clone(), id);
                self.names.insert(id, name);
            }
            Change::RemoveTopic { id } => {
                self.removed.insert(id);
                self.partitions.retain(|(of, _), _| *of != id);
                if let Some(name) = self.names.remove(&id)
                    && self.ids.get(&name) == Some(&id)
                {
                    self.ids.remove(&name);
                }
            }
            Change::Partition { id, partition, replicas, directories } => {
                let assignment = self.partitions.entry((id, partition)).or_default();
                if let Some(replicas) = replicas {
                    assignment.replicas = replicas;
                }
                if let Some(directories) = directories {
                    assignment.directories = directories;
                }
            }
        }
    }
}

fn change_in(record: &Decoded<'_>) -> Option<Change> {
    let is = |message| std::ptr::eq(record.message, message);
    let id = uuid(record.get("topicId")?)?;
    if is(&TOPIC_RECORD) {
        let Datum::Text(name) = record.get("name")? else { return None };
        return Some(Change::Topic { name: String::from_utf8_lossy(name).into_owned(), id });
    }
    if is(&REMOVE_TOPIC_RECORD) {
        return Some(Change::RemoveTopic { id });
    }
    if !is(&PARTITION_RECORD) && !is(&PARTITION_CHANGE_RECORD) {
        return None;
    }
    let Datum::Int(partition) = *record.get("partitionId")? else { return None };
    Some(Change::Partition {
        id,
        partition: i32::try_from(partition).ok()?,
        replicas: record.get("replicas").and_then(|list| all(list, int)),
        directories: record.get("directories").and_then(|list| all(list, uuid)),
    })
}

fn voter(member: &Datum<'_>, has_directory: bool) -> Option<Voter> {
    let Datum::Struct(fields) = member else { return None };
    let id = int(fields.values.first()?)?;
    let directory = fields.values.get(1).and_then(uuid).filter(|id| has_directory && *id != Uuid::ZERO);
    Some(Voter { id, directory })
}

fn all<'a, T>(list: &Datum<'a>, read: impl Fn(&Datum<'a>) -> Option<T>) -> Option<Vec<T>> {
    let Datum::Array(values) = list else { return None };
    values.iter().map(read).collect()
}

fn int(datum: &Datum<'_>) -> Option<i32> {
    match datum {
        Datum::Int(number) => i32::try_from(*number).ok(),
        _ => None,
    }
}

fn uuid(datum: &Datum<'_>) -> Option<Uuid> {
    match datum {
        Datum::Uuid(bytes) => Some(Uuid(*bytes)),
        _ => None,
    }
}
