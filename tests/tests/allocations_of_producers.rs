//! Checking and applying the batches of known producers allocates nothing, transactions included.
#![expect(clippy::unwrap_used, reason = "batches that cannot be read fail the test")]

use std::path::Path;

use kafka_log::compression::Compressor;
use kafka_log::format::batch::RecordBatch;
use kafka_log::format::builder::{BatchFields, RecordBatchBuilder};
use kafka_log::format::control::{ControlRecordType, EndTransactionMarker};
use kafka_log::fs::OsFs;
use kafka_log::internal::{AppendTerms, Checked, EndTransaction, ProducerAppends, ProducerStateManager, TV_UNKNOWN};
use kafka_log::log::types::{AppendOrigin, SegmentPlace};
use kafka_log::log::{ProducerStateConfig, VerificationGuard};
use tests::allocations::{Counting, allocations};

#[global_allocator]
static COUNTING: Counting = Counting;

const PRODUCERS: i64 = 1000;
const ROUNDS: i32 = 20;

fn manager() -> ProducerStateManager {
    let config = ProducerStateConfig { verification_enabled: false, ..ProducerStateConfig::default() };
    ProducerStateManager::open(&OsFs, Path::new("no such folder"), config).unwrap()
}

fn batch(fields: BatchFields, key: Option<&[u8]>, value: &[u8]) -> Vec<u8> {
    let mut builder = RecordBatchBuilder::new(fields);
    builder.append(fields.base_offset, 1, key, Some(value), &[]).unwrap();
    let mut out = Vec::new();
    builder.finish(&mut Compressor::new(), &mut out).unwrap();
    out
}

fn append(manager: &mut ProducerStateManager, appends: &mut ProducerAppends, bytes: &[u8], terms: &AppendTerms) {
    let batch = RecordBatch::parse(bytes).unwrap();
    let place = SegmentPlace { segment_base_offset: 0, position: 0 };
    appends.clear();
    let marker = EndTransaction::read(&batch).unwrap();
    let checked = manager.check(&batch.header(), marker, Some(place), terms, appends).unwrap();
    assert_eq!(checked, Checked::Accepted);
    manager.apply(appends);
    for txn in appends.completed() {
        manager.complete_txn(txn).unwrap();
    }
    let end = batch.header().last_offset() + 1;
    manager.update_map_end_offset(end);
    manager.on_high_watermark_updated(end);
}

#[test]
fn batches_of_known_producers_are_appended_without_an_allocation() {
    let terms = AppendTerms {
        origin: AppendOrigin::Client,
        verification_guard: VerificationGuard::SENTINEL,
        transaction_version: TV_UNKNOWN,
    };
    let rounds = (0..ROUNDS).flat_map(|sequence| (0..PRODUCERS).map(move |id| (sequence, id)));
    let batches: Vec<_> = rounds
        .map(|(base_sequence, producer_id)| {
            let base_offset = i64::from(base_sequence) * PRODUCERS + producer_id;
            let fields =
                BatchFields { base_offset, producer_id, producer_epoch: 0, base_sequence, ..BatchFields::default() };
            batch(fields, None, b"value")
        })
        .collect();
    let (mut manager, mut appends) = (manager(), ProducerAppends::new());
    let (first, rest) = batches.split_at(PRODUCERS as usize);
    first.iter().for_each(|bytes| append(&mut manager, &mut appends, bytes, &terms));
    let (count, ()) = allocations(|| rest.iter().for_each(|bytes| append(&mut manager, &mut appends, bytes, &terms)));
    assert_eq!(count, 0, "allocations for {} batches", rest.len());
}

#[test]
fn transactions_of_known_producers_begin_and_end_without_an_allocation() {
    let marker = EndTransactionMarker { coordinator_epoch: 0 }.to_bytes();
    let batches: Vec<_> = (0..2000)
        .map(|base_offset| {
            let is_control = base_offset % 2 == 1;
            let fields = BatchFields {
                base_offset,
                producer_id: 7,
                producer_epoch: 0,
                is_transactional: true,
                is_control,
                ..BatchFields::default()
            };
            let key = is_control.then(|| ControlRecordType::Abort.key());
            batch(fields, key.as_ref().map(|key| &key[..]), &marker)
        })
        .collect();
    let (mut manager, mut appends) = (manager(), ProducerAppends::new());
    let mut all = |batches: &[Vec<u8>]| {
        batches.iter().for_each(|bytes| append(&mut manager, &mut appends, bytes, &AppendTerms::REPLICATION));
    };
    all(&batches[..2]);
    let (count, ()) = allocations(|| all(&batches[2..]));
    assert_eq!(count, 0);
}

#[test]
fn a_partition_without_producers_has_nothing_on_the_heap() {
    let (count, manager) = allocations(manager);
    let (with_path, _) = allocations(|| std::fs::read_dir("no such folder"));
    assert!(count <= with_path, "{count} allocations, {with_path} of them to look for the folder");
    assert!(size_of_val(&manager) < 500);
}
