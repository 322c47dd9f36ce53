//! What is printed of one batch: itself, and those of its records that are requested.

use std::ops::ControlFlow;

use kafka_log::audit::Finding;
use kafka_log::compression::Decompressor;
use kafka_log::format::batch::Attributes;
use kafka_log::format::legacy::LegacyRecord;
use kafka_log::format::record::Record;
use kafka_log::segment::batch::{Batch, RawBatch};
use kafka_log::segment::scan::Turn;

use super::batch_findings::checksum_mismatch;
use super::error::DumpError;
use super::gaps::Gaps;
use super::log_context::{Shared, report};
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
        let is_valid = self.printer.batch(&mut self.out.buf, batch).map_err(DumpError::in_header)?;
        if is_valid || self.shared.resync { Ok(()) } else { self.report(&checksum_mismatch(self.shared.log, batch)) }
    }

    /// Prints the records of `batch` that are requested; `Break` where the last of all was among them.
    pub(super) fn records(
        &mut self,
        batch: &RawBatch<'_>,
        decompressor: &mut Decompressor,
    ) -> Result<ControlFlow<()>, DumpError> {
        let damaged = DumpError::in_record;
        match batch.parse().map_err(damaged)? {
            Batch::Default(default) => {
                let attributes = default.header().attributes();
                let records = default.records(decompressor).map_err(damaged)?;
                if attributes.codec_id() != 0 {
                    // Kafka reads a compressed batch to its end before the first record of it is printed.
                    records.clone().try_for_each(|record| record.map(|_| ())).map_err(damaged)?;
                }
                for record in records {
                    if self.default_record(attributes, &record.map_err(damaged)?)?.is_break() {
                        return Ok(ControlFlow::Break(()));
                    }
                }
            }
            Batch::Legacy(message) => {
                for record in message.records(decompressor).map_err(damaged)? {
                    if self.legacy_record(&message, &record.map_err(damaged)?)?.is_break() {
                        return Ok(ControlFlow::Break(()));
                    }
                }
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Prints a record of magic 2 if it is requested; `Break` where it was the last one.
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

    /// Prints a record of magic 0 or 1 if it is requested; `Break` where it was the last one.
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
        let Some(finding) = error.finding(self.shared.log.shown).filter(|_| error.is_about_bytes()) else {
            return Err(error);
        };
        self.out.end_line();
        self.report(&finding.of(offset, Some(offset)))
    }

    fn report(&mut self, finding: &Finding) -> Result<(), DumpError> {
        report(self.shared.findings, self.out, self.turn, finding)
    }
}
