//! What is printed of one batch: itself, and those of its records that are asked for.

use std::ops::ControlFlow;

use kafka_log::format::batch::Attributes;
use kafka_log::format::legacy::LegacyRecord;
use kafka_log::format::record::Record;
use kafka_log::segment::batch::{Batch, RawBatch};
use kafka_log::segment::scan::Turn;

use super::error::DumpError;
use super::finding::Finding;
use super::gaps::Gaps;
use super::log_worker::{Shared, offsets, report};
use super::output::Output;
use super::printer::Printer;

/// The batch that a thread is at.
pub(super) struct LogLines<'l, 's, 't, 'd, P> {
    pub(super) shared: &'d Shared<'d>,
    pub(super) printer: &'l mut P,
    pub(super) out: &'l mut Output<'s>,
    pub(super) gaps: &'l mut Gaps,
    pub(super) turn: &'l mut Turn<'t>,
    /// The batch, until it is printed.
    pub(super) batch: Option<&'l RawBatch<'l>>,
}

impl<P: Printer> LogLines<'_, '_, '_, '_, P> {
    /// Prints the batch itself, once.
    #[inline]
    pub(super) fn batch(&mut self) -> Result<(), DumpError> {
        let Some(batch) = self.batch.take() else { return Ok(()) };
        let is_valid = self.printer.batch(&mut self.out.buf, batch).map_err(DumpError::in_record)?;
        if is_valid || self.shared.resync {
            Ok(())
        } else {
            self.report(&checksum_mismatch(self.shared.log.shown, batch))
        }
    }

    /// Prints a record of magic 2 if it is asked for; `Break` where it was the last one.
    #[inline]
    pub(super) fn default_record(
        &mut self,
        attributes: Attributes,
        record: &Record<'_>,
    ) -> Result<ControlFlow<()>, DumpError> {
        if let Some(selection) = &self.shared.selection
            && !selection.default_record(record)
        {
            return Ok(ControlFlow::Continue(()));
        }
        self.begin(record.offset)?;
        let printed = self.printer.default_record(self.out, self.turn, attributes, record);
        self.finish(record.offset, printed)
    }

    /// Prints a record of magic 0 or 1 if it is asked for; `Break` where it was the last one.
    pub(super) fn legacy_record(
        &mut self,
        batch: &LegacyRecord<'_>,
        record: &LegacyRecord<'_>,
    ) -> Result<ControlFlow<()>, DumpError> {
        if let Some(selection) = &self.shared.selection
            && !selection.legacy_record(record)
        {
            return Ok(ControlFlow::Continue(()));
        }
        self.begin(record.offset())?;
        let printed = self.printer.legacy_record(self.out, self.turn, batch, record);
        self.finish(record.offset(), printed)
    }

    #[inline]
    fn begin(&mut self, offset: i64) -> Result<(), DumpError> {
        if self.shared.sees_gaps {
            self.gaps.see(offset);
        }
        self.shared.wait_for_count(self.turn)?;
        self.batch()
    }

    #[inline]
    fn finish(&mut self, offset: i64, printed: Result<(), DumpError>) -> Result<ControlFlow<()>, DumpError> {
        match printed {
            Ok(()) => {}
            Err(error) if self.shared.resync => self.carry_on(offset, error)?,
            Err(error) => return Err(error),
        }
        Ok(self.shared.count())
    }

    /// Reports a record that cannot be shown, so that the next one can be.
    #[cold]
    fn carry_on(&mut self, offset: i64, error: DumpError) -> Result<(), DumpError> {
        if !error.is_about_bytes() {
            return Err(error);
        }
        self.out.end_line();
        let finding = Finding::error("damaged-record", self.shared.log.shown, error.to_string());
        self.report(&finding.offsets(Some((offset, offset))))
    }

    fn report(&mut self, finding: &Finding<'_>) -> Result<(), DumpError> {
        report(self.shared.findings, self.out, self.turn, finding)
    }
}

/// A batch whose checksum does not hold.
#[cold]
pub(super) fn checksum_mismatch<'f>(file: &'f str, batch: &RawBatch<'_>) -> Finding<'f> {
    let message = match batch.parse() {
        Ok(Batch::Default(default)) => expected(default.computed_crc(), default.header().crc()),
        Ok(Batch::Legacy(message)) => expected(message.computed_crc(), message.crc()),
        Err(error) => error.to_string(),
    };
    Finding::error("checksum-mismatch", file, message)
        .at(batch.position)
        .bytes(batch.as_bytes().len() as u64)
        .offsets(offsets(batch))
}

fn expected(computed: u32, stored: u32) -> String {
    format!("expected checksum {computed} (computed), found {stored}")
}
