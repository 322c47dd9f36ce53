//! Epochs and records of this leader. What is appended is on disk when a call returns.

use kafka_log::format::builder::{BatchFields, RecordBatchBuilder};
use kafka_log::fs::Fs;
use kafka_log::log::LeaderAppend;
use kafka_log::log::types::AppendOrigin;
use kafka_rpc::stored::metadata::MetadataRecord;

use super::quorum::LeaderAndEpoch;
use super::{BATCH_BYTES_MAX, BATCH_RECORDS_MAX, MetadataLog, MetadataLogError, quorum};
use crate::metadata::{MetadataVersion, Position};

impl<F: Fs> MetadataLog<F> {
    /// Begins the next epoch with this node as the leader: notes it in `quorum-state` and writes the control records that
    /// come first.
    ///
    /// # Errors
    /// `NotTheOnlyVoter`; I/O errors.
    pub fn become_leader(&mut self, now_ms: i64) -> Result<Position, MetadataLogError> {
        let node_id = self.options.node_id;
        self.voters.check_only_voter(node_id)?;
        let known = [self.epoch, self.log.latest_epoch().unwrap_or(0), quorum::read_epoch(&self.fs, &self.folder())?];
        let last_snapshot = self.snapshots.last().map_or(0, |id| id.epoch);
        let newest = known.into_iter().fold(last_snapshot, i32::max);
        let epoch = newest.checked_add(1).ok_or(MetadataLogError::EpochExhausted)?;
        // Before the first record of the epoch: no other leader may have had it.
        let elected = LeaderAndEpoch { leader_id: node_id, leader_epoch: epoch };
        quorum::write_leader(&self.fs, &self.folder(), self.voters.kraft_version, elected, &[node_id])?;
        self.epoch = epoch;
        let records = self.voters.first_of_epoch(node_id);
        let mut builder = self.builder(true);
        let base_offset = self.end_offset();
        for (offset, (kind, value)) in (base_offset..).zip(&records) {
            let added = builder.append(offset, now_ms, Some(&kind.key()), Some(value), &[]);
            added.map_err(MetadataLogError::format(&self.folder()))?;
        }
        self.append_batch(&mut builder, now_ms)?;
        self.voters.is_in_log = true;
        self.flush(now_ms)
    }

    /// Appends records as one batch, so that a crash leaves all of them or none. Gives the place of the last one.
    ///
    /// # Errors
    /// `BatchTooLarge` with nothing written; I/O errors, after which nothing can be appended any more.
    pub fn append_atomically(
        &mut self,
        records: &[MetadataRecord<'_>],
        version: MetadataVersion,
        now_ms: i64,
    ) -> Result<Position, MetadataLogError> {
        let mut builder = self.builder(false);
        let mut value = Vec::new();
        let (mut len, mut offset) = (0, self.end_offset());
        for record in records {
            value.clear();
            record.encode(version.record_version(record), &mut value)?;
            len += value.len();
            let added = builder.append(offset, now_ms, None, Some(&value), &[]);
            added.map_err(MetadataLogError::format(&self.folder()))?;
            offset += 1;
        }
        if len > BATCH_BYTES_MAX {
            return Err(MetadataLogError::BatchTooLarge { len });
        }
        self.append_batch(&mut builder, now_ms)?;
        self.flush(now_ms)
    }

    /// Appends records in as many batches as it takes, in order.
    ///
    /// # Errors
    /// As [`MetadataLog::append_atomically`]; the first batches may have been written.
    pub fn append(
        &mut self,
        records: &[MetadataRecord<'_>],
        version: MetadataVersion,
        now_ms: i64,
    ) -> Result<Position, MetadataLogError> {
        let mut last = self.position(now_ms);
        for part in records.chunks(BATCH_RECORDS_MAX) {
            last = self.append_atomically(part, version, now_ms)?;
        }
        Ok(last)
    }

    fn builder(&self, is_control: bool) -> RecordBatchBuilder {
        RecordBatchBuilder::new(BatchFields {
            base_offset: self.end_offset(),
            partition_leader_epoch: self.epoch,
            is_control,
            ..BatchFields::default()
        })
    }

    fn append_batch(&mut self, builder: &mut RecordBatchBuilder, now_ms: i64) -> Result<(), MetadataLogError> {
        let mut batch = Vec::new();
        let folder = self.folder();
        builder.finish(&mut self.compressor, &mut batch).map_err(MetadataLogError::format(&folder))?;
        let append = LeaderAppend { origin: AppendOrigin::RaftLeader, ..LeaderAppend::from_client(self.epoch) };
        self.log.append_as_leader(&batch, append, now_ms)?;
        self.bytes_since_snapshot += batch.len() as u64;
        Ok(())
    }

    fn flush(&mut self, now_ms: i64) -> Result<Position, MetadataLogError> {
        self.log.flush(false, now_ms)?;
        Ok(self.position(now_ms))
    }

    fn position(&self, timestamp_ms: i64) -> Position {
        Position { offset: self.end_offset() - 1, epoch: self.epoch, timestamp_ms }
    }
}
