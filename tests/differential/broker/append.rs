//! Records of all kinds, through the logs themselves.

use std::io;

use kafka_log::compression::{Codec, Compressor};
use kafka_log::format::builder::{BatchFields, RecordBatchBuilder};
use kafka_log::format::control::{ControlRecordType, EndTransactionMarker};
use kafka_log::format::record::Header;
use kafka_log::internal::Cleaner;
use kafka_log::log::types::AppendOrigin;
use kafka_log::log::{LeaderAppend, Log, TopicPartition};
use kafka_log::manager::background::{Clock as _, SystemClock};
use kafka_log::manager::{CleaningOutcome, LogCleanerConfig, LogManager};
use tests::Random;

use crate::other;

const CODECS: [Codec; 5] = [Codec::None, Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd];
/// Above all that a broker gives out.
const FIRST_PRODUCER_ID: i64 = 1_000_000_000;

/// Who sends, and what part of a transaction.
#[derive(Clone, Copy, Default)]
struct Sender {
    producer: Option<(i64, i32)>,
    is_transactional: bool,
}

pub(crate) fn append_everywhere(manager: &LogManager, random: &mut Random) -> io::Result<()> {
    let log = |topic: &str, partition| {
        manager.get_log(&TopicPartition::new(topic, partition).map_err(other)?).ok_or_else(|| other("no such log"))
    };
    for (partition, codec) in CODECS.into_iter().enumerate() {
        let log = log("codecs", partition as i32)?;
        let (id, mut sequence) = (new_producer(random), 0);
        for _ in 0..12 {
            let count = 1 + random.below(60);
            let sender = Sender { producer: Some((id, sequence)), is_transactional: false };
            append(&log, codec, count, sender, random)?;
            sequence += count as i32;
        }
    }
    for partition in 0..2 {
        let log = log("compacted", partition)?;
        for _ in 0..12 {
            append(&log, CODECS[random.below(5)], 1 + random.below(60), Sender::default(), random)?;
        }
    }
    let append_time = log("appendtime", 0)?;
    for _ in 0..20 {
        append(&append_time, CODECS[random.below(5)], 1 + random.below(10), Sender::default(), random)?;
    }
    for partition in 0..2 {
        transactions(&*log("transactions", partition)?, random)?;
    }
    Ok(())
}

/// Transactions that overlap, about a third of them aborted, all of them ended.
fn transactions(log: &Log, random: &mut Random) -> io::Result<()> {
    let mut open: Vec<(i64, i32)> = Vec::new();
    for _ in 0..30 {
        if open.len() < 3 {
            open.push((new_producer(random), 0));
        }
        let at = random.below(open.len());
        let count = 1 + random.below(10);
        let sender = Sender { producer: Some(open[at]), is_transactional: true };
        append(log, CODECS[random.below(5)], count, sender, random)?;
        open[at].1 += count as i32;
        if random.below(3) == 0 {
            end_transaction(log, open.swap_remove(at).0, random)?;
        }
    }
    open.into_iter().try_for_each(|(id, _)| end_transaction(log, id, random))
}

fn new_producer(random: &mut Random) -> i64 {
    FIRST_PRODUCER_ID + (random.number() >> 4) as i64
}

fn bytes(random: &mut Random, len: usize) -> Vec<u8> {
    (0..len).map(|_| b'a' + random.below(6) as u8).collect()
}

fn append(log: &Log, codec: Codec, count: usize, sender: Sender, random: &mut Random) -> io::Result<()> {
    let now_ms = SystemClock.now_ms();
    let mut fields = BatchFields { codec, is_transactional: sender.is_transactional, ..BatchFields::default() };
    if let Some((id, sequence)) = sender.producer {
        (fields.producer_id, fields.producer_epoch, fields.base_sequence) = (id, 0, sequence);
    }
    let mut builder = RecordBatchBuilder::new(fields);
    let is_compacted = log.config().compact;
    for offset in 0..count {
        let key = if is_compacted {
            Some(format!("key {}", random.below(40)).into_bytes())
        } else {
            let len = random.below(9);
            (random.below(5) > 0).then(|| bytes(random, len))
        };
        let len = random.below(300);
        let value = (random.below(8) > 0).then(|| bytes(random, len));
        let all = [Header { key: b"h0", value: Some(b"one") }, Header { key: b"h1", value: None }];
        let headers = &all[..random.below(6).min(2) / 2 * random.below(3)];
        builder.append(offset as i64, now_ms, key.as_deref(), value.as_deref(), headers).map_err(other)?;
    }
    let mut batch = Vec::new();
    builder.finish(&mut Compressor::new(), &mut batch).map_err(other)?;
    let mut terms = LeaderAppend::from_client(epoch(log));
    if let Some((id, sequence)) = sender.producer.filter(|_| sender.is_transactional) {
        let verified = log.maybe_start_transaction_verification(id, sequence, 0, false, now_ms);
        terms.verification_guard = verified.map_err(other)?;
    }
    let appended = log.append_as_leader(&batch, terms, now_ms).map_err(other)?;
    if appended.last_offset - appended.first_offset + 1 != count as i64 {
        return Err(other(format!("{count} records became {appended:?}")));
    }
    log.update_high_watermark(log.log_end_offset()).map_err(other).map(drop)
}

fn end_transaction(log: &Log, producer_id: i64, random: &mut Random) -> io::Result<()> {
    let now_ms = SystemClock.now_ms();
    let fields = BatchFields {
        producer_id,
        producer_epoch: 0,
        is_transactional: true,
        is_control: true,
        ..BatchFields::default()
    };
    let kind = if random.below(3) == 0 { ControlRecordType::Abort } else { ControlRecordType::Commit };
    let marker = EndTransactionMarker { coordinator_epoch: 0 };
    let mut builder = RecordBatchBuilder::new(fields);
    builder.append(0, now_ms, Some(&kind.key()), Some(&marker.to_bytes()), &[]).map_err(other)?;
    let mut batch = Vec::new();
    builder.finish(&mut Compressor::new(), &mut batch).map_err(other)?;
    let terms = LeaderAppend {
        origin: AppendOrigin::Coordinator,
        transaction_version: 0,
        ..LeaderAppend::from_client(epoch(log))
    };
    log.append_as_leader(&batch, terms, now_ms).map_err(other)?;
    log.update_high_watermark(log.log_end_offset()).map_err(other).map(drop)
}

/// The epoch of the last leader, which was the broker.
fn epoch(log: &Log) -> i32 {
    log.latest_epoch().unwrap_or(0)
}

/// Cleans until nothing is dirty.
pub(crate) fn compact(manager: &LogManager) -> io::Result<()> {
    let share = LogCleanerConfig { dedupe_buffer_bytes: 8 * 1024 * 1024, ..LogCleanerConfig::default() };
    let mut cleaner = Cleaner::new(share.of_one_thread());
    let mut rounds = 0;
    loop {
        match manager.clean_filthiest_log(&mut cleaner, &(), SystemClock.now_ms()) {
            CleaningOutcome::NothingToDo => break,
            CleaningOutcome::Cleaned { .. } => rounds += 1,
            outcome => return Err(other(format!("{outcome:?}"))),
        }
    }
    eprintln!("ours: cleaned {rounds} logs");
    Ok(())
}

pub(crate) fn append_until_killed(manager: &LogManager, random: &mut Random) -> io::Result<()> {
    let log = |topic: &str, partition| {
        manager.get_log(&TopicPartition::new(topic, partition).map_err(other)?).ok_or_else(|| other("no such log"))
    };
    let logs = [log("codecs", 3)?, log("codecs", 0)?, log("appendtime", 0)?];
    loop {
        let at = random.below(logs.len());
        append(&logs[at], CODECS[random.below(5)], 1 + random.below(20), Sender::default(), random)?;
        if random.below(50) == 0 {
            manager.tick(SystemClock.now_ms());
        }
    }
}
