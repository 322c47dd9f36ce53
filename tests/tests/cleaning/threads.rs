//! Several threads on one segment leave what one leaves, to the byte.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use kafka_log::compression::{Codec, Compressor};
use kafka_log::format::builder::{BatchFields, RecordBatchBuilder};
use kafka_log::fs::OsFs;
use kafka_log::internal::{Cleaner, CleanerConfig};
use kafka_log::log::Cleaned;
use kafka_log::log::config::LogConfig;
use kafka_log::log::{Log, LogOptions};

use crate::support::NOW;

const BATCHES: i64 = 500;
const RECORDS: i64 = 40;

/// Batches of all codecs, some in transactions of which every other one is aborted, over two segments and more.
fn filled(dir: &Path) -> Log {
    let _ = std::fs::remove_dir_all(dir);
    let config = LogConfig { compact: true, delete: false, segment_bytes: 2 << 20, ..LogConfig::default() };
    let (log, _) =
        Log::open(OsFs, dir, LogOptions { config: Arc::new(config), now_ms: NOW, ..LogOptions::default() }).unwrap();
    let (mut compressor, mut bytes) = (Compressor::new(), Vec::new());
    let (mut offset, mut sequence) = (0, 0);
    for batch in 0..BATCHES {
        let fields = BatchFields { base_offset: offset, partition_leader_epoch: 0, ..BatchFields::default() };
        let in_txn = batch % 20 > 11;
        let producer = BatchFields { producer_id: 7, producer_epoch: 0, is_transactional: true, ..fields };
        let codec = Codec::ALL[batch as usize % Codec::ALL.len()];
        let data = if in_txn { BatchFields { base_sequence: sequence, ..producer } } else { fields };
        let mut builder = RecordBatchBuilder::new(BatchFields { codec, ..data });
        for _ in 0..RECORDS {
            let key = (offset * offset % 30_011 % (BATCHES * RECORDS / 3)).to_string();
            let value: String = (0..20).map(|i| format!("{:x}", (offset + i) * 7919 * (i + 3))).collect();
            let value = (offset % 50 != 0).then_some(value.as_bytes());
            builder.append(offset, NOW + batch + offset % 3, Some(key.as_bytes()), value, &[]).unwrap();
            offset += 1;
        }
        sequence += if in_txn { RECORDS as i32 } else { 0 };
        bytes.clear();
        builder.finish(&mut compressor, &mut bytes).unwrap();
        log.append_as_follower(&bytes, 0, NOW).unwrap();
        if batch % 20 == 19 {
            let fields = BatchFields { base_offset: offset, is_control: true, ..producer };
            let mut marker = RecordBatchBuilder::new(fields);
            let kind = u8::from(batch % 40 == 19);
            marker.append(offset, NOW + batch, Some(&[0, 0, 0, kind]), Some(&[0; 6]), &[]).unwrap();
            offset += 1;
            bytes.clear();
            marker.finish(&mut compressor, &mut bytes).unwrap();
            log.append_as_follower(&bytes, 0, NOW).unwrap();
        }
    }
    log.update_high_watermark(offset).unwrap();
    log.roll(None, NOW).unwrap();
    log.run_due(NOW).unwrap();
    log
}

/// What a cleaner of so many threads makes of it in two rounds, the first of which fills the map.
fn cleaned(dir: &Path, threads: usize) -> (Vec<Cleaned>, BTreeMap<String, Vec<u8>>) {
    let log = filled(dir);
    assert!(log.segments().iter().any(|segment| segment.size() > 3 << 19));
    let dedupe_buffer_bytes = 24 * 4_000;
    let config = CleanerConfig { dedupe_buffer_bytes, ..CleanerConfig::default() };
    let mut cleaner = Cleaner::with_threads(config, threads);
    let mut rounds = Vec::<Cleaned>::new();
    for _ in 0..2 {
        let checkpoint = rounds.last().map(|round| round.end_offset);
        let dirty = log.log_to_clean(checkpoint, NOW).unwrap();
        rounds.push(cleaner.clean(&log, &dirty, &(), NOW).unwrap());
    }
    assert!(rounds[0].end_offset < rounds[1].end_offset && rounds[0].stats.messages_written > 0);
    log.close().unwrap();
    let entries = std::fs::read_dir(dir).unwrap().map(Result::unwrap);
    let files = entries.map(|e| (e.file_name().into_string().unwrap(), std::fs::read(e.path()).unwrap())).collect();
    std::fs::remove_dir_all(dir).unwrap();
    (rounds, files)
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let dir = std::env::temp_dir().join(format!("kafka-log-threads-{}", std::process::id())).join("t-0");
    let (rounds, files) = cleaned(&dir, 1);
    assert!(files.keys().any(|name| name.ends_with(".txnindex")), "{:?}", files.keys());
    for threads in [2, 3, 5] {
        let (again, other) = cleaned(&dir, threads);
        assert_eq!(rounds, again, "{threads} threads");
        assert!(files.keys().eq(other.keys()), "{threads} threads: {:?} {:?}", files.keys(), other.keys());
        assert!(files.iter().all(|(name, bytes)| other[name] == *bytes), "{threads} threads");
    }
    std::fs::remove_dir(dir.parent().unwrap()).unwrap();
}
