//! Building the one batch of magic 2 that is written instead of what came (`LogValidator.buildRecordsAndAssignOffsets`).

use super::refuse::trips;
use super::{Validated, ValidationParams};
use crate::compression::Compressor;
use crate::format::batch::{BatchHeader, NO_PRODUCER_EPOCH, NO_PRODUCER_ID, NO_TIMESTAMP, TimestampType};
use crate::format::builder::{BatchFields, RecordBatchBuilder};
use crate::format::java_text::push_java_utf8;
use crate::format::record::{Header, Record};
use crate::log::error::{AppendError, Refused};

/// A batch under construction. Its offsets start at 0.
pub(super) struct Rebuild<'s> {
    builder: &'s mut RecordBatchBuilder,
    fields: BatchFields,
    log_append_time: i64,
    count: i32,
    max_timestamp: i64,
    /// The first thing Kafka's builder would refuse, which it says only after all records have been checked.
    refused: Option<Refused>,
}

impl<'s> Rebuild<'s> {
    /// Starts a batch with the producer of the one that came, if that version knows producers. Whether it had control
    /// records is forgotten, as Kafka does.
    pub(super) fn start(
        builder: &'s mut RecordBatchBuilder,
        params: &ValidationParams,
        source: Option<BatchHeader<'_>>,
    ) -> Self {
        let log_append_time = params.timestamp_type == TimestampType::LogAppendTime;
        let mut fields = BatchFields {
            codec: params.target_codec,
            level: params.target_level,
            timestamp_type: params.timestamp_type,
            max_timestamp: log_append_time.then_some(params.now_ms),
            ..BatchFields::default()
        };
        if let Some(source) = source {
            fields.producer_id = source.producer_id();
            fields.producer_epoch = source.producer_epoch();
            fields.base_sequence = source.base_sequence();
            fields.is_transactional = source.attributes().is_transactional();
        }
        builder.reset(fields);
        let log_append_time = if log_append_time { params.now_ms } else { NO_TIMESTAMP };
        Rebuild { builder, fields, log_append_time, count: 0, max_timestamp: NO_TIMESTAMP, refused: None }
    }

    /// Appends a record with the next offset.
    pub(super) fn append(&mut self, timestamp: i64, key: Option<&[u8]>, value: Option<&[u8]>) {
        self.write(timestamp, |builder, offset| builder.append(offset, timestamp, key, value, &[]));
    }

    /// Appends a record of magic 2 with the next offset. Its attributes are forgotten, and names of headers that are not
    /// UTF-8 come out as Java's text has them.
    pub(super) fn append_record(&mut self, record: Record<'_>) {
        let timestamp = record.timestamp;
        if record.headers.clone().all(|header| std::str::from_utf8(header.key).is_ok()) {
            self.write(timestamp, |builder, offset| builder.append_record(&Record { offset, attributes: 0, ..record }));
        } else {
            let mut names = Vec::new();
            for header in record.headers {
                let mut name = Vec::new();
                push_java_utf8(&mut name, header.key);
                names.push((name, header.value));
            }
            let headers: Vec<_> = names.iter().map(|(key, value)| Header { key, value: *value }).collect();
            self.write(timestamp, |builder, offset| {
                builder.append(offset, timestamp, record.key, record.value, &headers)
            });
        }
    }

    #[inline]
    fn write(
        &mut self,
        timestamp: i64,
        write: impl FnOnce(&mut RecordBatchBuilder, i64) -> Result<(), crate::format::FormatError>,
    ) {
        if self.refused.is_some() {
            return;
        }
        if timestamp < 0 && timestamp != NO_TIMESTAMP {
            self.refused =
                Some(AppendError::IllegalArgument(format!("timestamp of a record: {timestamp} is negative")).into());
        } else if let Err(error) = write(self.builder, self.count.into()) {
            self.refused = Some(AppendError::IllegalArgument(error.to_string()).into());
        } else {
            self.count += 1;
            self.max_timestamp = self.max_timestamp.max(timestamp);
        }
    }

    /// What the builder has refused so far.
    pub(super) fn refused(&mut self) -> Result<(), Refused> {
        self.refused.take().map_or(Ok(()), Err)
    }

    /// Writes the batch into `out`, whose old content is dropped. Without records nothing is written.
    pub(super) fn finish(mut self, compressor: &mut Compressor, out: &mut Vec<u8>) -> Result<Validated, Refused> {
        self.refused()?;
        self.check_producer()?;
        out.clear();
        if out.capacity() > super::KEPT_BYTES_MAX {
            *out = Vec::new();
        }
        if self.count == 0 && self.fields.timestamp_type == TimestampType::LogAppendTime {
            // Kafka's builder wants to say which is the last offset.
            return Err(trips("NullPointerException", "a batch without records, to be rebuilt"));
        }
        if self.count > 0 {
            self.builder.finish(compressor, out).map_err(|error| trips("KafkaException", error.to_string()))?;
        }
        Ok(Validated {
            rebuilt: true,
            record_count: self.count,
            max_timestamp: if self.log_append_time == NO_TIMESTAMP { self.max_timestamp } else { self.log_append_time },
            log_append_time: self.log_append_time,
        })
    }

    /// `MemoryRecordsBuilder.validateProducerState`.
    fn check_producer(&self) -> Result<(), Refused> {
        let BatchFields { producer_id, producer_epoch, base_sequence, is_transactional, .. } = self.fields;
        let refuse = |what: &str| Err(AppendError::IllegalArgument(what.to_owned()).into());
        if producer_id == NO_PRODUCER_ID {
            return if is_transactional { refuse("a transactional batch without a producer id") } else { Ok(()) };
        }
        if producer_epoch == NO_PRODUCER_EPOCH {
            return refuse("a batch with a producer id and without a producer epoch");
        }
        if base_sequence < 0 {
            return refuse("a batch with a producer id and without a base sequence");
        }
        Ok(())
    }
}
