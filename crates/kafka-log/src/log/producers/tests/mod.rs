use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use super::*;
use crate::compression::Compressor;
use crate::format::batch::RecordBatch;
use crate::format::builder::{BatchFields, RecordBatchBuilder};
use crate::format::control::{ControlRecordType, EndTransactionMarker};
use crate::fs::OsFs;
use crate::log::error::KafkaError as _;

mod markers;
mod sequences;
mod snapshots;
mod transactions;
mod verification;

const PID: i64 = 4711;
const CONFIG: ProducerStateConfig =
    ProducerStateConfig { expiration_ms: 1000, max_transaction_timeout_ms: 5000, verification_enabled: true };
const CLIENT: AppendTerms = AppendTerms {
    origin: AppendOrigin::Client,
    verification_guard: VerificationGuard::SENTINEL,
    transaction_version: TV_UNKNOWN,
};
const COORDINATOR: AppendTerms = AppendTerms { origin: AppendOrigin::Coordinator, transaction_version: 0, ..CLIENT };

/// A folder of its own, gone with the value.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("producers-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).unwrap();
        let mut names: Vec<_> = entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// Offsets of the snapshots on disk.
    fn offsets(&self) -> Vec<i64> {
        self.names().iter().map(|name| name.strip_suffix(".snapshot").unwrap().parse().unwrap()).collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

fn manager() -> ProducerStateManager {
    ProducerStateManager::open(&OsFs, Path::new("no such folder"), CONFIG).unwrap()
}

fn in_folder(folder: &Folder) -> ProducerStateManager {
    ProducerStateManager::open(&OsFs, &folder.0, CONFIG).unwrap()
}

/// A data batch of [`PID`] with `count` records.
#[derive(Clone, Copy)]
struct Data {
    producer_id: i64,
    epoch: i16,
    sequence: i32,
    offset: i64,
    count: i32,
    timestamp: i64,
    is_transactional: bool,
}

const DATA: Data =
    Data { producer_id: PID, epoch: 0, sequence: 0, offset: 0, count: 1, timestamp: 100, is_transactional: false };
const TXN: Data = Data { is_transactional: true, ..DATA };

impl Data {
    fn bytes(&self) -> Vec<u8> {
        let mut builder = RecordBatchBuilder::new(BatchFields {
            base_offset: self.offset,
            producer_id: self.producer_id,
            producer_epoch: self.epoch,
            base_sequence: self.sequence,
            is_transactional: self.is_transactional,
            ..BatchFields::default()
        });
        for i in 0..self.count {
            builder.append(self.offset + i64::from(i), self.timestamp, None, Some(b"v"), &[]).unwrap();
        }
        finish(builder)
    }
}

/// A marker of [`PID`].
#[derive(Clone, Copy)]
struct Marker {
    producer_id: i64,
    epoch: i16,
    offset: i64,
    kind: ControlRecordType,
    coordinator_epoch: i32,
    timestamp: i64,
}

const COMMIT: Marker = Marker {
    producer_id: PID,
    epoch: 0,
    offset: 0,
    kind: ControlRecordType::Commit,
    coordinator_epoch: 0,
    timestamp: 100,
};
const ABORT: Marker = Marker { kind: ControlRecordType::Abort, ..COMMIT };

impl Marker {
    fn fields(&self) -> BatchFields {
        BatchFields {
            base_offset: self.offset,
            producer_id: self.producer_id,
            producer_epoch: self.epoch,
            is_transactional: true,
            is_control: true,
            ..BatchFields::default()
        }
    }

    fn bytes(&self) -> Vec<u8> {
        let mut builder = RecordBatchBuilder::new(self.fields());
        let value = EndTransactionMarker { coordinator_epoch: self.coordinator_epoch }.to_bytes();
        builder.append(self.offset, self.timestamp, Some(&self.kind.key()), Some(&value), &[]).unwrap();
        finish(builder)
    }
}

fn finish(mut builder: RecordBatchBuilder) -> Vec<u8> {
    let mut out = Vec::new();
    builder.finish(&mut Compressor::new(), &mut out).unwrap();
    out
}

fn check(
    manager: &mut ProducerStateManager,
    bytes: &[u8],
    terms: &AppendTerms,
    appends: &mut ProducerAppends,
) -> Result<Checked, AppendError> {
    let batch = RecordBatch::parse(bytes).unwrap();
    let place = SegmentPlace { segment_base_offset: 0, position: 7 };
    manager.check(&batch.header(), EndTransaction::read(&batch)?, Some(place), terms, appends)
}

/// The whole way of an append of one batch, as a log goes it.
fn append(
    manager: &mut ProducerStateManager,
    bytes: &[u8],
    terms: &AppendTerms,
) -> Result<(Checked, Vec<(CompletedTxn, i64)>), AppendError> {
    let mut appends = ProducerAppends::new();
    let checked = check(manager, bytes, terms, &mut appends)?;
    let mut completed = Vec::new();
    if checked == Checked::Accepted {
        manager.apply(&appends);
        for txn in appends.completed() {
            completed.push((*txn, manager.last_stable_offset(txn)));
            manager.complete_txn(txn)?;
        }
        manager.update_map_end_offset(RecordBatch::parse(bytes).unwrap().header().last_offset() + 1);
    }
    Ok((checked, completed))
}

fn accept(manager: &mut ProducerStateManager, bytes: &[u8], terms: &AppendTerms) -> Vec<(CompletedTxn, i64)> {
    let (checked, completed) = append(manager, bytes, terms).unwrap();
    assert_eq!(checked, Checked::Accepted);
    completed
}

/// Name of the exception, after which nothing may have changed.
fn refuse(manager: &mut ProducerStateManager, bytes: &[u8], terms: &AppendTerms) -> &'static str {
    let producers = |manager: &ProducerStateManager| {
        let mut all: Vec<_> = manager.active_producers().map(|(id, state)| (id, *state)).collect();
        all.sort_by_key(|(id, _)| *id);
        (all, manager.first_unstable_offset(), manager.map_end_offset())
    };
    let before = producers(manager);
    let error = append(manager, bytes, terms).unwrap_err();
    assert_eq!(producers(manager), before);
    error.exception()
}

fn state(manager: &ProducerStateManager) -> ProducerState {
    *manager.producer(PID).unwrap()
}

fn kept(manager: &ProducerStateManager) -> Vec<(i32, i32, i64)> {
    state(manager).batches().map(|batch| (batch.first_sequence, batch.last_sequence, batch.last_offset)).collect()
}
