//! Answers to cases, none where Kafka throws.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use kafka_log::format::IndexAppendError;
use kafka_log::format::clean_shutdown::{read_clean_shutdown, write_clean_shutdown};
use kafka_log::format::file_name::{FileKind, FileName, FileState, offset_from_file_name, parse_snapshot_id};
use kafka_log::format::java_number::{parse_java_int, parse_java_long};
use kafka_log::format::leader_epoch_checkpoint::{read_leader_epoch_checkpoint, write_leader_epoch_checkpoint};
use kafka_log::format::meta_properties::MetaProperties;
use kafka_log::format::offset_checkpoint::{read_offset_checkpoint, write_offset_checkpoint};
use kafka_log::format::offset_index::{OffsetIndex, OffsetIndexAppender};
use kafka_log::format::partition_dir::{PartitionDirName, PartitionDirState};
use kafka_log::format::partition_metadata::PartitionMetadata;
use kafka_log::format::producer_snapshot::{ProducerEntry, ProducerSnapshot, write_producer_snapshot};
use kafka_log::format::quorum_state::QuorumState;
use kafka_log::format::time_index::{TimeIndex, TimeIndexAppender};
use kafka_log::format::transaction_index::{ABORTED_TXN_LEN, AbortedTxn, TransactionIndex, TransactionIndexAppender};
use kafka_log::format::uuid::Uuid;
use kafka_log_cli::dump::producer_snapshot::dump_producer_snapshot;

use super::{from_hex, to_hex};

pub(crate) fn answer(case: &[&str]) -> Option<String> {
    let text = || String::from_utf8_lossy(&from_hex(case[1])).into_owned();
    match case[0] {
        "int" => parse_java_int(&text()).map(|n| n.to_string()),
        "long" => parse_java_long(&text()).map(|n| n.to_string()),
        "uuid" => Uuid::parse(&text()).map(|uuid| uuid.to_string()),
        "oindex" => Some(offset_index(case)),
        "tindex" => Some(time_index(case)),
        "xindex" => Some(transaction_index(case)),
        "oappend" | "tappend" | "xappend" => Some(append(case)),
        "snapshot" => Some(snapshot(&from_hex(case[1]))),
        "epochs" => {
            let entries = read_leader_epoch_checkpoint(&from_hex(case[1])).ok()?;
            let mut written = Vec::new();
            write_leader_epoch_checkpoint(&entries, &mut written);
            let list: String = entries.iter().map(|e| format!("{}:{} ", e.epoch, e.start_offset)).collect();
            Some(list + &to_hex(written))
        }
        "offsets" => offsets(&from_hex(case[1])),
        "partition" => {
            let metadata = PartitionMetadata::read(&from_hex(case[1])).ok()?;
            let mut written = Vec::new();
            metadata.write(&mut written);
            Some(format!("{} {}", metadata.version, to_hex(written)))
        }
        "meta" => meta(&from_hex(case[1])),
        "clean" => Some(read_clean_shutdown(&from_hex(case[1])).map_or("none".into(), |epoch| {
            let mut written = Vec::new();
            write_clean_shutdown(epoch, &mut written);
            format!("{epoch} {}", to_hex(written))
        })),
        "quorum" => quorum(&from_hex(case[1])),
        "dir" => {
            let text = text();
            PartitionDirName::parse(&text).map(|name| format!("{} {}", to_hex(name.topic), name.partition))
        }
        "dirname" => {
            let (topic, unique_id) = (text(), "f".repeat(32));
            let (topic, partition, unique_id) = (topic.as_str(), case[2].parse().ok()?, unique_id.as_str());
            use PartitionDirState::{Deleted, Future, Live, Stray};
            let name = |state| PartitionDirName { topic, partition, state, unique_id }.to_string();
            Some([Live, Deleted, Stray, Future].map(name).join(" "))
        }
        "fileoffset" => offset_from_file_name(&text()).map(|offset| offset.to_string()),
        "snapshotname" => parse_snapshot_id(&text()).map(|(offset, epoch)| format!("{offset} {epoch}")),
        "filename" => {
            let (offset, epoch) = (case[1].parse().ok(), case[2].parse().ok());
            let log =
                FileName { kind: FileKind::Log, state: FileState::Live, offset, epoch: None, remote_segment_id: None };
            let snapshot = FileName { kind: FileKind::KRaftSnapshot, epoch, ..log };
            let stem = |name: FileName| name.to_string().split('.').next().map(str::to_owned);
            Some(format!("{} {}", stem(log)?, stem(snapshot)?))
        }
        other => unreachable!("unknown kind of case {other}"),
    }
}

fn numbers<'a>(fields: &'a [&str]) -> impl Iterator<Item = i64> + 'a {
    fields.iter().map(|field| field.parse().expect("cases hold numbers"))
}

fn sanity<E>(result: Result<(), E>) -> &'static str {
    if result.is_ok() { "sane" } else { "insane" }
}

fn offset_index(case: &[&str]) -> String {
    let bytes = from_hex(case[2]);
    let index = OffsetIndex::new(case[1].parse().unwrap_or_default(), &bytes);
    let sanity = sanity(index.sanity_check(bytes.len() as u64));
    let mut out = format!("{} {} {sanity}", index.entries(), index.last().offset);
    let mut kept = 0;
    for target in numbers(&case[3..]) {
        let found = index.lookup(target);
        let upper = index.fetch_upper_bound(target as i32, 100);
        let upper = upper.map_or("none".into(), |upper| format!("{},{}", upper.offset, upper.position));
        let _ = write!(out, " {}:{}:{upper}", found.offset, found.position);
        kept = index.entries_below(target);
    }
    out + &format!(" {kept}")
}

fn time_index(case: &[&str]) -> String {
    let bytes = from_hex(case[2]);
    let index = TimeIndex::new(case[1].parse().unwrap_or_default(), &bytes);
    let (last, sanity) = (index.last(), sanity(index.sanity_check(bytes.len() as u64)));
    let mut out = format!("{} {}:{} {sanity}", index.entries(), last.timestamp, last.offset);
    let mut kept = 0;
    for target in numbers(&case[3..]) {
        let found = index.lookup(target);
        let _ = write!(out, " {}:{}", found.timestamp, found.offset);
        kept = index.entries_below(target);
    }
    out + &format!(" {kept}")
}

fn transaction_index(case: &[&str]) -> String {
    let bytes = from_hex(case[2]);
    let index = TransactionIndex::new(&bytes);
    let args: Vec<i64> = numbers(&case[3..]).collect();
    let show =
        |t: AbortedTxn| format!("{} {} {} {}", t.producer_id, t.first_offset, t.last_offset, t.last_stable_offset);
    let all: Result<String, _> =
        index.iter().map(|entry| entry.map(|entry| format!("{} {};", show(entry.txn), entry.version))).collect();
    let collected = index.collect_aborted_txns(args[0], args[1]).map(|found| {
        let list: String = found.aborted_transactions.iter().map(|&txn| show(txn) + ";").collect();
        list + &found.is_complete.to_string()
    });
    let truncated = index.truncation_slot(args[2]).map(|slot| slot.map_or(bytes.len(), |slot| slot * ABORTED_TXN_LEN));
    let or_error = |answer: Option<String>| answer.unwrap_or("error".into());
    [
        or_error(all.ok()),
        sanity(index.sanity_check(case[1].parse().unwrap_or_default())).into(),
        or_error(collected.ok()),
        or_error(truncated.ok().map(|len| len.to_string())),
    ]
    .join("|")
}

fn append(case: &[&str]) -> String {
    let mut out = Vec::new();
    let index_args = || (case[1].parse().unwrap_or_default(), case[2].parse().unwrap_or_default());
    let end = match case[0] {
        "oappend" => {
            let (base_offset, bytes_max) = index_args();
            let mut index = OffsetIndexAppender::new(OffsetIndex::new(base_offset, &[]), bytes_max);
            let steps: Vec<i64> = numbers(&case[3..]).collect();
            steps.chunks(2).try_for_each(|step| index.append(step[0], step[1] as i32, &mut out))
        }
        "tappend" => {
            let (base_offset, bytes_max) = index_args();
            let mut index = TimeIndexAppender::new(TimeIndex::new(base_offset, &[]), bytes_max);
            case[3..].chunks(3).try_for_each(|step| {
                let args: Vec<i64> = numbers(&step[..2]).collect();
                index.maybe_append(args[0], args[1], step[2] == "true", &mut out).map(|_| ())
            })
        }
        _ => {
            let mut index = TransactionIndexAppender::default();
            let steps: Vec<i64> = numbers(&case[1..]).collect();
            steps.chunks(4).try_for_each(|step| {
                let txn = AbortedTxn {
                    producer_id: step[0],
                    first_offset: step[1],
                    last_offset: step[2],
                    last_stable_offset: step[3],
                };
                index.append(txn, &mut out)
            })
        }
    };
    let end = match end {
        // Kafka's time index has written half of the entry by then, and cannot be closed.
        Err(IndexAppendError::RelativeOffsetOverflow { .. }) => return "overflow".into(),
        Ok(()) => "all",
        Err(IndexAppendError::Full { .. }) => "full",
        Err(IndexAppendError::OffsetOutOfOrder { .. }) => "order",
        Err(IndexAppendError::TimestampOutOfOrder { .. }) => "time",
        Err(error) => unreachable!("{error}"),
    };
    format!("{end} {}", to_hex(out))
}

fn snapshot(bytes: &[u8]) -> String {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    dump_producer_snapshot(bytes, &mut out, &mut err).expect("a Vec takes all bytes");
    let Ok(snapshot) = ProducerSnapshot::read(bytes) else { return to_hex(err) };
    // Kafka keeps one state per producer, and nothing of a batch that is not known.
    let mut states: Vec<ProducerEntry> = Vec::new();
    for mut entry in snapshot.iter() {
        if entry.batch().is_none() {
            entry = ProducerEntry { last_sequence: -1, last_offset: -1, offset_delta: 0, ..entry };
        }
        entry.current_txn_first_offset = entry.open_txn_first_offset().unwrap_or(-1);
        match states.iter_mut().find(|state| state.producer_id == entry.producer_id) {
            Some(state) => *state = entry,
            None => states.push(entry),
        }
    }
    let mut written = Vec::new();
    write_producer_snapshot(states.into_iter(), &mut written);
    format!("{} {}", to_hex(out), to_hex(written))
}

fn offsets(bytes: &[u8]) -> Option<String> {
    let entries = read_offset_checkpoint(bytes).ok()?;
    let last_of_each: BTreeMap<_, _> = entries.iter().map(|e| ((e.topic, e.partition), *e)).collect();
    let mut lines: Vec<_> =
        last_of_each.values().map(|e| (format!("{}:{}", to_hex(e.topic), e.partition), e.offset)).collect();
    lines.sort();
    let mut out: String = lines.iter().map(|(key, offset)| format!("{key}:{offset} ")).collect();
    if last_of_each.len() < 2 {
        let mut written = Vec::new();
        write_offset_checkpoint(&last_of_each.into_values().collect::<Vec<_>>(), &mut written);
        out += &to_hex(written);
    }
    Some(out)
}

fn meta(bytes: &[u8]) -> Option<String> {
    let meta = MetaProperties::read(bytes).ok()?;
    let mut written = Vec::new();
    meta.write("DATE", &mut written);
    let or_none = |value: Option<String>| value.unwrap_or("none".into());
    Some(format!(
        "{} {} {} {} {}",
        meta.version as i32,
        or_none(meta.cluster_id.map(to_hex)),
        or_none(meta.node_id.map(|id| id.to_string())),
        or_none(meta.directory_id.map(|id| id.to_string())),
        to_hex(written)
    ))
}

fn quorum(bytes: &[u8]) -> Option<String> {
    let state = QuorumState::read(bytes).ok()?;
    let voters = state.current_voters.as_ref().map_or("null".into(), |voters| format!("{voters:?}"));
    let mut out = format!(
        "{} {} {} {} {} {} {voters}",
        to_hex(&state.cluster_id),
        state.leader_id,
        state.leader_epoch,
        state.voted_id,
        state.voted_directory_id,
        state.applied_offset,
    );
    for data_version in 0..2 {
        let mut written = Vec::new();
        let result = QuorumState { data_version, ..state.clone() }.write(&mut written);
        let _ = write!(out, " {}", result.map_or("error".into(), |()| to_hex(written)));
    }
    Some(out)
}
