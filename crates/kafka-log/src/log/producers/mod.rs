//! Producers of a partition (`ProducerStateManager`): who may append what, which transactions are open, and the snapshots
//! that carry it over a restart.
//!
//! An append goes through here in four steps, so that what cannot be written changes nothing:
//!
//! 1. [`ProducerStateManager::check`] for each batch, which stages its effect in a [`ProducerAppends`];
//! 2. the write;
//! 3. [`ProducerStateManager::apply`];
//! 4. for each of [`ProducerAppends::completed`] the entry of the transaction index, with
//!    [`last_stable_offset`](ProducerStateManager::last_stable_offset), then
//!    [`complete_txn`](ProducerStateManager::complete_txn); at last
//!    [`update_map_end_offset`](ProducerStateManager::update_map_end_offset).
//!
//! A follower's append and a replay of the log take the same way with [`AppendTerms::REPLICATION`]; recovery, which goes
//! batch by batch, has [`ProducerStateManager::replay`] for it.
//!
//! The manager keeps no path: the partition's directory may be renamed, so those who need files bring it along.

mod append;
mod entry;
mod marker;
mod snapshots;
mod transactions;
mod verification;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::io;
use std::ops::Bound;
use std::path::{Path, PathBuf};

pub use append::{AppendTerms, Checked, ProducerAppends, TV_UNKNOWN};
pub use entry::ProducerState;
pub use marker::EndTransaction;
use snapshots::Snapshots;
pub use snapshots::snapshot_path;
pub use transactions::CompletedTxn;
use transactions::{Transactions, TxnMetadata};
pub use verification::VerificationGuard;
use verification::Verifications;

use crate::format::batch::{BatchHeader, NO_PRODUCER_ID};
use crate::format::file_name::FileState;
use crate::fs::{Fs, FsFile, OpenMode};
use crate::log::error::{AppendError, StorageError};
use crate::log::types::{AppendOrigin, LogOffsetMetadata, SegmentPlace};

/// How long beyond its longest time a transaction may be silent before it counts as late, in ms
/// (`LATE_TRANSACTION_BUFFER_MS`).
pub(crate) const LATE_TRANSACTION_BUFFER_MS: i64 = 5 * 60 * 1000;

/// Settings of a broker for its producers (`ProducerStateManagerConfig`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProducerStateConfig {
    /// `producer.id.expiration.ms`
    pub expiration_ms: i64,
    /// `transaction.max.timeout.ms`
    pub max_transaction_timeout_ms: i64,
    /// `transaction.partition.verification.enable`
    pub verification_enabled: bool,
}

impl Default for ProducerStateConfig {
    fn default() -> Self {
        ProducerStateConfig {
            expiration_ms: 24 * 60 * 60 * 1000,
            max_transaction_timeout_ms: 15 * 60 * 1000,
            verification_enabled: true,
        }
    }
}

/// The producers of one partition (`ProducerStateManager`).
#[derive(Debug)]
pub struct ProducerStateManager {
    config: ProducerStateConfig,
    producers: HashMap<i64, ProducerState>,
    verifications: Verifications,
    transactions: Transactions,
    snapshots: Snapshots,
    map_end_offset: i64,
    last_snapshot_offset: i64,
}

impl ProducerStateManager {
    /// Knows of no producer, and of the snapshots in `dir`.
    ///
    /// # Errors
    /// I/O errors; `Corrupt` where the name of a snapshot has no offset.
    pub fn open<F: Fs>(fs: &F, dir: &Path, config: ProducerStateConfig) -> Result<Self, StorageError> {
        Ok(Self::with_snapshots(Snapshots::find(fs, dir)?, config))
    }

    /// The same for a directory whose file names are known.
    ///
    /// # Errors
    /// `Corrupt` where the name of a snapshot has no offset.
    pub fn open_listed(dir: &Path, names: &[String], config: ProducerStateConfig) -> Result<Self, StorageError> {
        Ok(Self::with_snapshots(Snapshots::among(dir, names.iter().map(String::as_str))?, config))
    }

    fn with_snapshots(snapshots: Snapshots, config: ProducerStateConfig) -> Self {
        ProducerStateManager {
            config,
            producers: HashMap::new(),
            verifications: Verifications::default(),
            transactions: Transactions::new(),
            snapshots,
            map_end_offset: 0,
            last_snapshot_offset: 0,
        }
    }

    /// One that knows of no producer, and of the snapshots that this one knows of: the same directory need not be listed again.
    #[must_use]
    pub(in crate::log) fn with_snapshots_alone(self) -> Self {
        Self::with_snapshots(self.snapshots, self.config)
    }

    /// The settings.
    pub fn config(&self) -> &ProducerStateConfig {
        &self.config
    }

    /// Other settings from now on.
    pub fn set_config(&mut self, config: ProducerStateConfig) {
        self.config = config;
    }

    /// Checks a batch and stages in `appends` what it does to its producer (`analyzeAndValidateProducerState`,
    /// `updateProducers`). Later batches of the same append see what is staged. A batch without a producer id is accepted.
    ///
    /// `marker` is what [`EndTransaction::read`] finds in a control batch, `place` where the batch will lie. The state
    /// stays as it is, but for one thing: a transactional batch uses up its verification guard here, as in Kafka, and a
    /// failed write does not bring it back.
    ///
    /// # Errors
    /// `InvalidProducerEpoch`, `OutOfOrderSequence`, `InvalidTxnState`, `TransactionCoordinatorFenced`;
    /// `IllegalArgument` for a marker of unknown version that is not replicated. `appends` is then of no more use until
    /// it is cleared.
    pub fn check(
        &mut self,
        batch: &BatchHeader<'_>,
        marker: Option<EndTransaction>,
        place: Option<SegmentPlace>,
        terms: &AppendTerms,
        appends: &mut ProducerAppends,
    ) -> Result<Checked, AppendError> {
        let producer_id = batch.producer_id();
        if producer_id <= NO_PRODUCER_ID {
            return Ok(Checked::Accepted);
        }
        let known = self.producers.get(&producer_id);
        if terms.origin == AppendOrigin::Client
            && let Some(duplicate) = known.and_then(|state| state.find_duplicate_batch(batch))
        {
            return Ok(Checked::Duplicate(duplicate));
        }
        let is_transactional = batch.attributes().is_transactional();
        if is_transactional && matches!(terms.origin, AppendOrigin::Client | AppendOrigin::Coordinator) {
            self.check_verified(known, batch, terms.verification_guard)?;
        }
        self.stage(batch, marker, place, terms, appends)?;
        if is_transactional {
            self.verifications.on_transactional_batch(batch);
        }
        Ok(Checked::Accepted)
    }

    /// `ProducerAppendInfo.append`.
    fn stage(
        &self,
        batch: &BatchHeader<'_>,
        marker: Option<EndTransaction>,
        place: Option<SegmentPlace>,
        terms: &AppendTerms,
        appends: &mut ProducerAppends,
    ) -> Result<(), AppendError> {
        let producer_id = batch.producer_id();
        let known = self.producers.get(&producer_id);
        let at = appends.entry(producer_id, known, self.verifications.get(producer_id));
        if batch.attributes().is_control() {
            return marker.map_or(Ok(()), |marker| appends.append_marker(at, terms, batch, &marker));
        }
        let place = place.filter(|_| batch.attributes().is_transactional());
        let first_offset = LogOffsetMetadata { message_offset: batch.base_offset(), place };
        appends.append_data(at, known, terms.origin, batch, first_offset)
    }

    /// A transaction must run in the log already, or its guard must have come back.
    fn check_verified(
        &self,
        known: Option<&ProducerState>,
        batch: &BatchHeader<'_>,
        guard: VerificationGuard,
    ) -> Result<(), AppendError> {
        let (producer_id, epoch) = (batch.producer_id(), batch.producer_epoch());
        if has_ongoing_transaction(known, epoch) {
            return Ok(());
        }
        check_epoch_not_below(producer_id, epoch, known)?;
        let is_needed = self.config.verification_enabled && !batch.attributes().is_control();
        if is_needed && !self.verification_guard(producer_id).verify(guard) {
            return Err(AppendError::InvalidTxnState { producer_id, offset: batch.base_offset(), ongoing: None });
        }
        Ok(())
    }

    /// Takes over what was staged, once it is written (`update`). `appends` keeps what it has.
    pub fn apply(&mut self, appends: &ProducerAppends) {
        for staged in appends.staged() {
            match self.producers.entry(staged.producer_id) {
                Entry::Occupied(mut known) => known.get_mut().update(&staged.updated),
                Entry::Vacant(unknown) => drop(unknown.insert(staged.updated)),
            }
        }
        for &txn in &appends.started {
            self.transactions.begin(txn);
        }
    }

    /// Takes over a batch that the log holds already, on recovery (`LogSegment.updateProducerState`): a transaction that it
    /// ends, with the last stable offset for the transaction index. `appends` is working memory.
    ///
    /// # Errors
    /// As those of [`ProducerStateManager::check`], of which a replay knows `InvalidTxnState` alone, and `IllegalArgument`
    /// where the end of a transaction comes without its begin.
    pub fn replay(
        &mut self,
        batch: &BatchHeader<'_>,
        marker: Option<EndTransaction>,
        appends: &mut ProducerAppends,
    ) -> Result<Option<(CompletedTxn, i64)>, AppendError> {
        appends.clear();
        if batch.producer_id() > NO_PRODUCER_ID {
            self.stage(batch, marker, None, &AppendTerms::REPLICATION, appends)?;
            self.apply(appends);
        }
        let mut completed = None;
        if let Some(txn) = appends.completed().first() {
            completed = Some((*txn, self.last_stable_offset(txn)));
            self.complete_txn(txn)?;
        }
        self.update_map_end_offset(batch.last_offset().wrapping_add(1));
        Ok(completed)
    }

    /// Starts the verification of a transaction that does not run in the log yet, or goes on with it
    /// (`maybeStartTransactionVerification`). The guard must come with the first batch; it is the sentinel where the
    /// transaction runs already.
    ///
    /// # Errors
    /// `InvalidProducerEpoch` where `epoch` is below the known one.
    pub fn maybe_start_transaction_verification(
        &mut self,
        producer_id: i64,
        sequence: i32,
        epoch: i16,
        supports_epoch_bump: bool,
        now_ms: i64,
    ) -> Result<VerificationGuard, AppendError> {
        let known = self.producers.get(&producer_id);
        check_epoch_not_below(producer_id, epoch, known)?;
        if has_ongoing_transaction(known, epoch) {
            return Ok(VerificationGuard::SENTINEL);
        }
        Ok(self.verifications.start(producer_id, sequence, epoch, supports_epoch_bump, now_ms))
    }

    /// The guard that was handed out for a producer and not used up, else the sentinel.
    pub fn verification_guard(&self, producer_id: i64) -> VerificationGuard {
        self.verifications.guard(producer_id)
    }

    /// Forgets the guard of a producer.
    pub fn clear_verification(&mut self, producer_id: i64) {
        self.verifications.clear(producer_id);
    }

    /// Whether the producer has a transaction open in this epoch.
    pub fn has_ongoing_transaction(&self, producer_id: i64, epoch: i16) -> bool {
        has_ongoing_transaction(self.producers.get(&producer_id), epoch)
    }

    /// State of a producer (`lastEntry`).
    pub fn producer(&self, producer_id: i64) -> Option<&ProducerState> {
        self.producers.get(&producer_id)
    }

    /// All producers, in no particular order (`activeProducers`).
    pub fn active_producers(&self) -> impl ExactSizeIterator<Item = (i64, &ProducerState)> {
        self.producers.iter().map(|(&id, state)| (id, state))
    }

    /// Number of producers.
    pub fn producer_id_count(&self) -> usize {
        self.producers.len()
    }

    /// Whether there is neither a producer nor a finished transaction that waits for the high watermark.
    pub fn is_empty(&self) -> bool {
        self.producers.is_empty() && !self.transactions.has_unreplicated()
    }

    /// End of what the state reflects, exclusive.
    pub fn map_end_offset(&self) -> i64 {
        self.map_end_offset
    }

    /// Says up to where the state reflects the log, exclusive.
    pub fn update_map_end_offset(&mut self, end_offset: i64) {
        self.map_end_offset = end_offset;
    }

    /// First offset of the oldest transaction that is open, or whose marker is not below the high watermark.
    pub fn first_unstable_offset(&self) -> Option<LogOffsetMetadata> {
        self.transactions.first_unstable_offset()
    }

    /// First offset of the oldest transaction that is open.
    pub fn first_undecided_offset(&self) -> Option<i64> {
        self.transactions.oldest().map(|txn| txn.first_offset.message_offset)
    }

    /// Transactions whose marker is below the high watermark hold up the last stable offset no more.
    pub fn on_high_watermark_updated(&mut self, high_watermark: i64) {
        self.transactions.remove_unreplicated(high_watermark);
    }

    /// The last stable offset with this transaction ended, for its entry in the transaction index: first offset of the
    /// oldest open transaction of another producer, else the offset after the marker.
    pub fn last_stable_offset(&self, completed: &CompletedTxn) -> i64 {
        self.transactions.last_stable_offset(completed)
    }

    /// Ends a transaction. It goes on to hold up the last stable offset until the high watermark passes its marker.
    ///
    /// # Errors
    /// `IllegalArgument` where no transaction starts at that offset.
    pub fn complete_txn(&mut self, completed: &CompletedTxn) -> Result<(), AppendError> {
        self.transactions.complete(completed)
    }

    /// Last timestamp in ms of the producer whose transaction is the oldest, -1 where none is open: what
    /// [`ProducerStateManager::has_late_transaction`] goes by.
    pub fn oldest_txn_last_timestamp(&self) -> i64 {
        let producer = self.transactions.oldest().and_then(|txn| self.producers.get(&txn.producer_id));
        producer.map_or(-1, ProducerState::last_timestamp)
    }

    /// Whether the producer of the oldest transaction has been silent for longer than any transaction may last.
    pub fn has_late_transaction(&self, now_ms: i64) -> bool {
        let last = self.oldest_txn_last_timestamp();
        let max = self.config.max_transaction_timeout_ms.saturating_add(LATE_TRANSACTION_BUFFER_MS);
        last > 0 && now_ms.saturating_sub(last) > max
    }

    /// Forgets producers, and verifications, that have been silent for `producer.id.expiration.ms`
    /// (`removeExpiredProducers`).
    pub fn remove_expired(&mut self, now_ms: i64) {
        let expiration_ms = self.config.expiration_ms;
        self.producers.retain(|_, state| !is_expired(state, now_ms, expiration_ms));
        self.verifications.remove_expired(now_ms, expiration_ms);
    }

    /// Writes a snapshot at [`ProducerStateManager::map_end_offset`], unless the state has not moved past the last one:
    /// its offset. With `sync` it is durable when this returns, else after [`ProducerStateManager::flush_snapshot`].
    ///
    /// # Errors
    /// I/O errors.
    pub fn take_snapshot<F: Fs>(&mut self, fs: &F, dir: &Path, sync: bool) -> Result<Option<i64>, StorageError> {
        let offset = self.map_end_offset;
        if offset <= self.last_snapshot_offset {
            return Ok(None);
        }
        // Kafka writes them in the order of its hash map, which means nothing. Sorted, equal states have equal files.
        let mut producers: Vec<_> = self.producers.iter().collect();
        producers.sort_unstable_by_key(|&(id, _)| id);
        let entries = producers.into_iter().map(|(&id, state)| state.to_snapshot(id));
        self.snapshots.write(fs, dir, offset, entries, sync)?;
        self.last_snapshot_offset = offset;
        Ok(Some(offset))
    }

    /// Syncs the content of a snapshot, if it is still there (`flushProducerStateSnapshot`). The caller syncs `dir`.
    ///
    /// # Errors
    /// I/O errors.
    pub fn flush_snapshot<F: Fs>(fs: &F, dir: &Path, offset: i64) -> Result<(), StorageError> {
        let path = snapshot_path(dir, offset, FileState::Live);
        match fs.open(&path, OpenMode::Write) {
            Ok(file) => file.sync().map_err(StorageError::io("sync", &path)),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(e) => Err(StorageError::io("open", &path)(e)),
        }
    }

    /// Offset of the latest snapshot.
    pub fn latest_snapshot_offset(&self) -> Option<i64> {
        self.snapshots.latest()
    }

    /// Offset of the oldest snapshot.
    pub fn oldest_snapshot_offset(&self) -> Option<i64> {
        self.snapshots.oldest()
    }

    /// Path of the snapshot at `offset`, where there is one (`fetchSnapshot`).
    pub fn fetch_snapshot(&self, dir: &Path, offset: i64) -> Option<PathBuf> {
        self.snapshots.contains(offset).then(|| snapshot_path(dir, offset, FileState::Live))
    }

    /// Brings the state to `log_end_offset`, or as close below it as a snapshot allows; the rest is replayed from
    /// [`ProducerStateManager::map_end_offset`] on (`truncateAndReload`). Snapshots above the end and at or below the
    /// start are removed, corrupt ones too.
    ///
    /// # Errors
    /// I/O errors.
    pub fn truncate_and_reload<F: Fs>(
        &mut self,
        fs: &F,
        dir: &Path,
        log_start_offset: i64,
        log_end_offset: i64,
        now_ms: i64,
    ) -> Result<(), StorageError> {
        self.snapshots.delete_range(fs, dir, (Bound::Excluded(log_end_offset), Bound::Unbounded))?;
        self.snapshots.delete_range(fs, dir, ..=log_start_offset)?;
        if log_end_offset == self.map_end_offset {
            self.on_log_start_offset_incremented(log_start_offset);
            return Ok(());
        }
        self.producers = HashMap::new();
        self.transactions.clear();
        let (producers, transactions, expiration_ms) =
            (&mut self.producers, &mut self.transactions, self.config.expiration_ms);
        let loaded = self.snapshots.load_latest(fs, dir, |entry| {
            let state = ProducerState::from_snapshot(&entry);
            if !is_expired(&state, now_ms, expiration_ms) {
                producers.insert(entry.producer_id, state);
                if let Some(offset) = state.current_txn_first_offset() {
                    let first_offset = LogOffsetMetadata::offset_only(offset);
                    transactions.begin(TxnMetadata { producer_id: entry.producer_id, first_offset });
                }
            }
        })?;
        self.last_snapshot_offset = loaded.unwrap_or(log_start_offset);
        self.map_end_offset = self.last_snapshot_offset;
        Ok(())
    }

    /// Forgets everything and removes all snapshots; the state then reflects the log up to `offset`.
    ///
    /// # Errors
    /// I/O errors.
    pub fn truncate_fully_and_start_at<F: Fs>(&mut self, fs: &F, dir: &Path, offset: i64) -> Result<(), StorageError> {
        self.producers = HashMap::new();
        self.transactions.clear();
        self.snapshots.delete_range(fs, dir, ..)?;
        self.last_snapshot_offset = 0;
        self.map_end_offset = offset;
        Ok(())
    }

    /// The same up to offset 0, then looks for snapshots again: files may have come from elsewhere
    /// (`truncateFullyAndReloadSnapshots`).
    ///
    /// # Errors
    /// As those of [`ProducerStateManager::open`].
    pub fn truncate_fully_and_reload_snapshots<F: Fs>(&mut self, fs: &F, dir: &Path) -> Result<(), StorageError> {
        self.truncate_fully_and_start_at(fs, dir, 0)?;
        self.snapshots = Snapshots::find(fs, dir)?;
        Ok(())
    }

    /// The log now starts at `log_start_offset`. Producers stay, even if all their records are gone.
    pub fn on_log_start_offset_incremented(&mut self, log_start_offset: i64) {
        self.transactions.remove_unreplicated(log_start_offset);
        self.map_end_offset = self.map_end_offset.max(log_start_offset);
        self.last_snapshot_offset = self.snapshots.latest().unwrap_or(log_start_offset);
    }

    /// Removes the snapshots that no segment begins with, save the latest when it is not below the last segment: a clean
    /// shutdown leaves it at the log end. `look_again`: files may have come or gone since they were looked for.
    ///
    /// # Errors
    /// As those of [`ProducerStateManager::open`].
    pub fn remove_stray_snapshots<F: Fs>(
        &mut self,
        fs: &F,
        dir: &Path,
        segment_base_offsets: &[i64],
        look_again: bool,
    ) -> Result<(), StorageError> {
        if look_again {
            self.snapshots = Snapshots::find(fs, dir)?;
        }
        self.snapshots.remove_strays(fs, dir, segment_base_offsets)
    }

    /// Removes the snapshots below `offset`.
    ///
    /// # Errors
    /// I/O errors.
    pub fn delete_snapshots_before<F: Fs>(&mut self, fs: &F, dir: &Path, offset: i64) -> Result<(), StorageError> {
        if offset > 0 { self.snapshots.delete_range(fs, dir, 0..offset) } else { Ok(()) }
    }

    /// Renames the snapshot at `offset` to end in `.deleted`: the new path, for the caller to remove in time; `None` where
    /// there is none (`removeAndMarkSnapshotForDeletion`).
    ///
    /// # Errors
    /// I/O errors.
    pub fn mark_snapshot_for_deletion<F: Fs>(
        &mut self,
        fs: &F,
        dir: &Path,
        offset: i64,
    ) -> Result<Option<PathBuf>, StorageError> {
        self.snapshots.mark_for_deletion(fs, dir, offset)
    }
}

fn has_ongoing_transaction(known: Option<&ProducerState>, epoch: i16) -> bool {
    known.is_some_and(|state| state.current_txn_first_offset().is_some() && state.producer_epoch() == epoch)
}

fn check_epoch_not_below(producer_id: i64, epoch: i16, known: Option<&ProducerState>) -> Result<(), AppendError> {
    match known.map(ProducerState::producer_epoch) {
        Some(latest) if epoch < latest => Err(AppendError::InvalidProducerEpoch { producer_id, epoch, latest }),
        _ => Ok(()),
    }
}

/// A producer with an open transaction stays.
fn is_expired(state: &ProducerState, now_ms: i64, expiration_ms: i64) -> bool {
    state.current_txn_first_offset().is_none() && now_ms.wrapping_sub(state.last_timestamp()) >= expiration_ms
}
