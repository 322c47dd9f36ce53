//! What Kafka's own start and clean close make of a partition: no more and no less, found out by letting the engine do it on
//! a file system that keeps all changes to itself.

use std::path::Path;

use super::error::RepairError;
use super::plan::PartitionPlan;
use crate::audit::{Change, Content, Piece};
use crate::fs::overlay::OverlayFs;
use crate::fs::{Fs, FsFile, OpenMode, is_same, read_stored};
use crate::log::error::LogError;
use crate::log::{Log, LogOptions, OpenReport};
use crate::segment::error::StorageError;

/// Plans what Kafka would leave of the partition in `dir` after a start, the removal of what it deletes, and a clean
/// close. `options` say how it was stopped before, and with which settings it starts. Writes nothing.
///
/// # Errors
/// `Refused` where Kafka would not open it; I/O errors.
pub fn plan_like_kafka<F: Fs>(
    fs: &F,
    dir: &Path,
    options: LogOptions,
) -> Result<(PartitionPlan, OpenReport), RepairError> {
    let overlay = OverlayFs::new(fs.clone());
    let refused = |what: String| RepairError::Refused { path: dir.to_owned(), what };
    let (log, report) = Log::open(overlay.clone(), dir, options).map_err(|error| refused(error.to_string()))?;
    let failed = |error: LogError| match error {
        LogError::Storage(error) => RepairError::Storage(error),
        error => refused(error.to_string()),
    };
    // Flushes are due long before removals; nothing waits for a clock here.
    log.run_due(i64::MAX).map_err(failed)?;
    let log_end_offset = log.log_end_offset();
    let first_offset = Some(log.log_start_offset());
    log.close().map_err(failed)?;

    let mut plan = PartitionPlan { path: dir.to_owned(), first_offset, log_end_offset, ..PartitionPlan::default() };
    for changed in overlay.changes() {
        let Some(name) = changed.path.file_name().filter(|_| changed.path.parent() == Some(dir)) else { continue };
        let name = name.to_string_lossy().into_owned();
        let Some(len) = changed.after else {
            plan.changes.push(Change { name, content: None, why: "Kafka removes it".to_owned() });
            continue;
        };
        let origin = changed.renamed_from.as_deref().unwrap_or(&changed.path);
        let content = content_of(fs, &overlay, origin, &changed.path, len)?;
        let is_same = changed.before == Some(len)
            && matches!(content.pieces.as_slice(), [Piece::Copy { from, .. }] if *from == changed.path);
        if !is_same {
            let why = match changed.before {
                None if changed.renamed_from.is_some() => "Kafka gives it this name",
                None => "Kafka makes it",
                Some(before) if len < before => "Kafka cuts or rebuilds it",
                Some(_) => "Kafka rebuilds it",
            };
            plan.changes.push(Change { name, content: Some(content), why: why.to_owned() });
        }
    }
    Ok((plan, report))
}

/// The content of a file of the overlay: a stretch of the file below where it is no more than that.
fn content_of<F: Fs>(
    fs: &F,
    overlay: &OverlayFs<F>,
    origin: &Path,
    path: &Path,
    len: u64,
) -> Result<Content, RepairError> {
    let file = overlay.open(path, OpenMode::Read).map_err(StorageError::io("open", path))?;
    let modified = overlay.metadata(path).map_err(StorageError::io("look at", path))?.modified_ms;
    let below = match fs.open(origin, OpenMode::Read) {
        Ok(below) if below.len().is_ok_and(|below| below >= len) => Some(below),
        _ => None,
    };
    let mut content = Content { modified_ms: Some(modified), ..Content::default() };
    if let Some(below) = below
        && is_same(&file, &below, len).map_err(StorageError::io("read", path))?
    {
        content.push(Piece::Copy { from: origin.to_owned(), bytes: 0..len });
        return Ok(content);
    }
    content.push(Piece::Bytes(read_stored(&file, len).map_err(StorageError::io("read", path))?));
    Ok(content)
}
