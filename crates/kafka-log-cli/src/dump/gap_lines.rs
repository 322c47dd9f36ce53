//! The closing report's lines about a file with more gaps than are kept: read again, printed as they are met.

use std::fs::File;
use std::io::{self, Write};
use std::ops::ControlFlow;

use kafka_log::compression::Decompressor;
use kafka_log::format::FormatError;
use kafka_log::segment::batch::{Batch, RawBatch};
use kafka_log::segment::scan::{BatchWorker, Turn, scan};

use super::options::JavaFile;

/// What of a file was read the first time.
#[derive(Clone, Debug)]
pub(crate) struct FirstReading {
    pub(crate) file: JavaFile,
    /// Where the reading ended.
    pub(crate) end: u64,
    pub(crate) decompressed_bytes_max: usize,
}

/// Writes a line for each gap, in the order of the file.
pub(crate) fn write_again(first: &FirstReading, out: &mut (dyn Write + Send)) -> io::Result<()> {
    let file = File::open(first.file.path())?;
    let len = file.metadata()?.len();
    let decompressor = Decompressor::new(first.decompressed_bytes_max);
    let mut worker = GapLines { out, last: -1, decompressor, error: None };
    scan(&file, 0..first.end.min(len), len, std::slice::from_mut(&mut worker));
    worker.error.map_or(Ok(()), Err)
}

struct GapLines<'o> {
    out: &'o mut (dyn Write + Send),
    last: i64,
    decompressor: Decompressor,
    error: Option<io::Error>,
}

impl GapLines<'_> {
    fn offsets(&mut self, batch: &RawBatch<'_>) -> Result<(), FormatError> {
        let GapLines { out, last, decompressor, error } = self;
        let mut see = |offset: i64| {
            if offset != last.wrapping_add(1) && error.is_none() {
                *error = writeln!(out, "  {last} is followed by {offset}").err();
            }
            *last = offset;
        };
        match batch.parse()? {
            Batch::Default(batch) => {
                batch.records(decompressor)?.try_for_each(|record| record.map(|record| see(record.offset)))
            }
            Batch::Legacy(message) => {
                message.records(decompressor)?.try_for_each(|record| record.map(|record| see(record.offset())))
            }
        }
    }
}

impl BatchWorker for GapLines<'_> {
    fn batch(&mut self, batch: &RawBatch<'_>, _: &mut Turn<'_>) -> ControlFlow<()> {
        // A batch that cannot be read ended the first reading, and the report was not printed.
        if self.offsets(batch).is_err() || self.error.is_some() {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }

    fn window_done(&mut self) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}
