//! Finding the segments.

use std::sync::Arc;

use super::{Loader, OpenError, RecoveryReason};
use crate::format::file_name::{FileKind, FileName, FileState, offset_from_file_name};
use crate::fs::Fs;
use crate::log::error::{LogError, StorageError};
use crate::log::segments::Segments;
use crate::segment::log_segment::LogSegment;

const INDEX_EXTENSIONS: [&str; 3] = [".index", ".timeindex", ".txnindex"];

impl<F: Fs> Loader<'_, F> {
    /// (`loadSegmentFiles`)
    pub(super) fn load_segments(&mut self) -> Result<(), OpenError> {
        self.segments = Segments::new(Vec::new());
        let names = self.file_names()?;
        let has = |kind, base| {
            let name = FileName::segment(kind, base, FileState::Live).to_string();
            names.binary_search(&name).is_ok()
        };
        // The recovery begins with the segment that holds the recovery point.
        let bases = names.iter().filter(|name| name.ends_with(".log")).filter_map(|name| offset_from_file_name(name));
        let first_recovered = bases.filter(|base| *base <= self.options.recovery_point).max().unwrap_or(0);
        for name in &names {
            let is_index = INDEX_EXTENSIONS.iter().any(|extension| name.ends_with(extension));
            if !is_index && !name.ends_with(".log") {
                continue;
            }
            let base_offset =
                offset_from_file_name(name).ok_or_else(|| OpenError::BadName(self.home.dir().join(name)))?;
            if is_index {
                if !has(FileKind::Log, base_offset) {
                    self.remove(name)?;
                }
                continue;
            }
            let is_recovered = self.goes_beyond_kafka() && base_offset >= first_recovered;
            self.load_segment(base_offset, is_recovered, |kind| has(kind, base_offset))?;
        }
        Ok(())
    }

    fn load_segment(
        &mut self,
        base_offset: i64,
        is_recovered: bool,
        has: impl Fn(FileKind) -> bool,
    ) -> Result<(), OpenError> {
        let (home, options) = (self.home, self.options);
        let has_txn_index = has(FileKind::TransactionIndex);
        let segment =
            LogSegment::open(home, base_offset, FileState::Live, &self.segment_options, has_txn_index, options.now_ms);
        let segment = Arc::new(segment.map_err(LogError::from)?);
        match self.check_indexes(&segment, has) {
            // Garbage in an index, or in a segment before this one, whose producers are replayed for it. Kafka does not start
            // then; the recovery will take all of them in order, and needs no index.
            Err(OpenError::Log(
                LogError::CorruptRecord(_) | LogError::Replay(_) | LogError::Storage(StorageError::Corrupt { .. }),
            )) if is_recovered => {}
            checked => checked?,
        }
        self.segments.add(segment);
        Ok(())
    }

    fn check_indexes(&mut self, segment: &Arc<LogSegment<F>>, has: impl Fn(FileKind) -> bool) -> Result<(), OpenError> {
        let home = self.home;
        if !has(FileKind::OffsetIndex) {
            return self.recover_segment(segment, RecoveryReason::NoOffsetIndex).map(drop);
        }
        if !has(FileKind::TimeIndex) {
            // Kafka makes an empty one; nothing is rebuilt.
            let path = home.path(FileName::segment(FileKind::TimeIndex, segment.base_offset(), FileState::Live));
            home.fs().open(&path, crate::fs::OpenMode::Create).map_err(StorageError::io("create", &path))?;
            home.note_names();
        }
        if segment.check_txn_index(home)?.is_some() {
            self.recover_segment(segment, RecoveryReason::CorruptTransactionIndex)?;
        }
        Ok(())
    }
}
