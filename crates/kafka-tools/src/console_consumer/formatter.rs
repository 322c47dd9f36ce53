//! Records to text (`MessageFormatter` and its classes).

use std::fmt;
use std::io::{self, Write};

use kafka_log::format::batch::TimestampType;
use kafka_thin_client::Properties;
use kafka_thin_client::consumer::ConsumerRecord;

use super::coordinator_records::{CoordinatorRecords, UnreadableRecord};
use super::deserializer::{DeserializeError, Deserializer};
use crate::properties::get;

/// Why a record is not written. What is shown is Kafka's exception.
#[derive(Debug)]
pub(super) enum FormatError {
    Output(io::Error),
    Deserialize(DeserializeError),
    Record(UnreadableRecord),
}

impl fmt::Display for FormatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FormatError::Output(error) => error.fmt(f),
            FormatError::Deserialize(error) => error.fmt(f),
            FormatError::Record(error) => error.fmt(f),
        }
    }
}

impl From<io::Error> for FormatError {
    fn from(error: io::Error) -> Self {
        FormatError::Output(error)
    }
}

impl From<DeserializeError> for FormatError {
    fn from(error: DeserializeError) -> Self {
        FormatError::Deserialize(error)
    }
}

/// A class of Kafka's that writes records.
#[derive(Debug)]
pub(super) enum Formatter {
    /// `DefaultMessageFormatter`; also `LoggingMessageFormatter`, whose log lines are off in the tool's logging.
    Default(Box<Columns>),
    /// `NoOpMessageFormatter`.
    Nothing,
    /// The classes for records of coordinators.
    Coordinator(CoordinatorRecords),
}

impl Formatter {
    pub(super) fn of_class(class: &str) -> Option<Self> {
        match class.strip_prefix("org.apache.kafka.tools.consumer.")? {
            "DefaultMessageFormatter" | "LoggingMessageFormatter" => Some(Formatter::Default(Box::default())),
            "NoOpMessageFormatter" => Some(Formatter::Nothing),
            "OffsetsMessageFormatter" => Some(Formatter::Coordinator(CoordinatorRecords::Offsets)),
            "GroupMetadataMessageFormatter" => Some(Formatter::Coordinator(CoordinatorRecords::GroupMetadata)),
            "TransactionLogMessageFormatter" => Some(Formatter::Coordinator(CoordinatorRecords::Transactions)),
            _ => None,
        }
    }

    pub(super) fn configured(self, properties: &Properties) -> Self {
        match self {
            Formatter::Default(_) => Formatter::Default(Box::new(Columns::new(properties))),
            other => other,
        }
    }

    pub(super) fn write(&self, record: &ConsumerRecord, out: &mut dyn Write) -> Result<(), FormatError> {
        match self {
            Formatter::Default(columns) => columns.write(record, out),
            Formatter::Nothing => Ok(()),
            Formatter::Coordinator(records) => {
                let json = records.json(record.key.as_deref(), record.value.as_deref(), record.offset);
                match json.map_err(FormatError::Record)? {
                    Some(json) => Ok(out.write_all(&json)?),
                    None => Ok(()),
                }
            }
        }
    }
}

/// Writes one column of a record.
type WriteColumn = fn(&Columns, &ConsumerRecord, &mut dyn Write) -> Result<(), FormatError>;

/// What `DefaultMessageFormatter` writes of a record, in this order.
#[derive(Debug)]
pub(super) struct Columns {
    timestamp: bool,
    partition: bool,
    offset: bool,
    delivery: bool,
    epoch: bool,
    headers: bool,
    key: bool,
    value: bool,
    key_separator: String,
    line_separator: String,
    headers_separator: String,
    null_literal: String,
    key_deserializer: Option<Deserializer>,
    value_deserializer: Option<Deserializer>,
    headers_deserializer: Option<Deserializer>,
}

impl Default for Columns {
    fn default() -> Self {
        Columns::new(&Properties::new())
    }
}

impl Columns {
    fn new(properties: &Properties) -> Self {
        let flag = |key: &str, default: bool| {
            get(properties, key).map_or(default, |value| value.trim().eq_ignore_ascii_case("true"))
        };
        let text = |key: &str, default: &str| get(properties, key).unwrap_or(default).to_owned();
        let deserializer = |key: &str| {
            let class = get(properties, key)?;
            let found = Deserializer::of_class(class);
            if found.is_none() {
                tracing::error!("Unable to instantiate a deserializer from {class}");
            }
            found
        };
        Columns {
            timestamp: flag("print.timestamp", false),
            partition: flag("print.partition", false),
            offset: flag("print.offset", false),
            delivery: flag("print.delivery", false),
            epoch: flag("print.epoch", false),
            headers: flag("print.headers", false),
            key: flag("print.key", false),
            value: flag("print.value", true),
            key_separator: text("key.separator", "\t"),
            line_separator: text("line.separator", "\n"),
            headers_separator: text("headers.separator", ","),
            null_literal: text("null.literal", "null"),
            key_deserializer: deserializer("key.deserializer"),
            value_deserializer: deserializer("value.deserializer"),
            headers_deserializer: deserializer("headers.deserializer"),
        }
    }

    fn write(&self, record: &ConsumerRecord, out: &mut dyn Write) -> Result<(), FormatError> {
        let columns: [(bool, WriteColumn); 8] = [
            (self.timestamp, Self::write_timestamp),
            (self.partition, |_, record, out| Ok(write!(out, "Partition:{}", record.partition)?)),
            (self.offset, |_, record, out| Ok(write!(out, "Offset:{}", record.offset)?)),
            // The tool knows neither: it rebuilds each record from some of its fields.
            (self.delivery, |_, _, out| Ok(out.write_all(b"Delivery:NOT_PRESENT")?)),
            (self.epoch, |_, _, out| Ok(out.write_all(b"Epoch:NOT_PRESENT")?)),
            (self.headers, Self::write_headers),
            (self.key, |columns, record, out| {
                columns.write_field(record.key.as_deref(), columns.key_deserializer, out)
            }),
            (self.value, |columns, record, out| {
                columns.write_field(record.value.as_deref(), columns.value_deserializer, out)
            }),
        ];
        let mut shown = columns.iter().filter(|(is_shown, _)| *is_shown).peekable();
        while let Some((_, write)) = shown.next() {
            write(self, record, out)?;
            let separator = if shown.peek().is_some() { &self.key_separator } else { &self.line_separator };
            out.write_all(separator.as_bytes())?;
        }
        Ok(())
    }

    fn write_timestamp(&self, record: &ConsumerRecord, out: &mut dyn Write) -> Result<(), FormatError> {
        match record.timestamp_type {
            TimestampType::NoTimestampType => out.write_all(b"NO_TIMESTAMP")?,
            kind => write!(out, "{}:{}", kind.name(), record.timestamp)?,
        }
        Ok(())
    }

    fn write_headers(&self, record: &ConsumerRecord, out: &mut dyn Write) -> Result<(), FormatError> {
        if record.headers.is_empty() {
            out.write_all(b"NO_HEADERS")?;
        }
        for (at, (key, value)) in record.headers.iter().enumerate() {
            if at > 0 {
                out.write_all(self.headers_separator.as_bytes())?;
            }
            write!(out, "{key}:")?;
            self.write_field(value.as_deref(), self.headers_deserializer, out)?;
        }
        Ok(())
    }

    fn write_field(
        &self,
        bytes: Option<&[u8]>,
        deserializer: Option<Deserializer>,
        out: &mut dyn Write,
    ) -> Result<(), FormatError> {
        let bytes = bytes.unwrap_or(self.null_literal.as_bytes());
        match deserializer {
            None => out.write_all(bytes)?,
            Some(deserializer) => out.write_all(deserializer.text(bytes)?.as_bytes())?,
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(properties: &[(&str, &str)], record: &ConsumerRecord) -> String {
        let properties = properties.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let mut out = Vec::new();
        Formatter::Default(Box::default()).configured(&properties).write(record, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn columns_are_written_as_kafka_does() {
        let record = ConsumerRecord {
            topic: "t".into(),
            partition: 3,
            offset: 7,
            leader_epoch: Some(1),
            timestamp: 5,
            timestamp_type: TimestampType::CreateTime,
            key: None,
            value: Some(b"value".to_vec()),
            headers: vec![("h".into(), Some(b"1".to_vec())), ("i".into(), None)],
        };
        assert_eq!(written(&[], &record), "value\n");
        let all = ["timestamp", "partition", "offset", "delivery", "epoch", "headers", "key"];
        let all: Vec<String> = all.iter().map(|name| format!("print.{name}")).collect();
        let mut properties: Vec<(&str, &str)> = all.iter().map(|key| (key.as_str(), "true")).collect();
        let columns = "CreateTime:5|Partition:3|Offset:7|Delivery:NOT_PRESENT|Epoch:NOT_PRESENT|h:1,i:null|null|value";
        assert_eq!(written(&properties, &record), columns.replace('|', "\t") + "\n");
        properties.extend([
            ("print.value", "false"),
            ("key.separator", ";"),
            ("line.separator", "."),
            ("null.literal", "-"),
        ]);
        let columns = "CreateTime:5;Partition:3;Offset:7;Delivery:NOT_PRESENT;Epoch:NOT_PRESENT;h:1,i:-;-.";
        assert_eq!(written(&properties, &record), columns);
        assert_eq!(written(&[("print.value", "false")], &record), "");
    }
}
