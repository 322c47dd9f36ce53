//! The options of Kafka's tool, `DumpLogSegments.DumpLogSegmentsOptions`.
//!
//! Kafka reads the values late: a bad number or class name is noticed after the first `Dumping …` line, and only if
//! the file's kind needs the value. So the values are kept as given, and each method reads its own when asked.

use std::ffi::{OsStr, OsString};

use clap::{Arg, ArgAction, Command};
use kafka_log::format::java_number::parse_java_int;
use kafka_options::{Takes, Word};

use super::OptionError;
use super::java::{self, JavaFile};

/// One option, as the splitting and the manual need it.
struct Spec {
    name: &'static str,
    takes: Takes,
    value_name: &'static str,
    help: &'static str,
}

const fn flag(name: &'static str, help: &'static str) -> Spec {
    Spec { name, takes: Takes::Nothing, value_name: "", help }
}

const FILES: Spec = Spec {
    name: "files",
    takes: Takes::Value,
    value_name: "FILE,...",
    help: "Files to dump, separated by commas: logs, indexes, snapshots; required unless --dir is given",
};
const PRINT_DATA_LOG: Spec =
    flag("print-data-log", "Print keys and values too; implies --deep-iteration, and is implied by any decoder");
const DEEP_ITERATION: Spec = flag("deep-iteration", "Print every record, not only the batches");
const SKIP_RECORD_METADATA: Spec =
    flag("skip-record-metadata", "Print only key and value of the records, and no control records");
const VERIFY_INDEX_ONLY: Spec =
    flag("verify-index-only", "Compare indexes with their log without printing the entries");
const INDEX_SANITY_CHECK: Spec =
    flag("index-sanity-check", "Check indexes only the way a starting broker does; wins over --verify-index-only");
const MAX_MESSAGE_SIZE: Spec = Spec {
    name: "max-message-size",
    takes: Takes::Value,
    value_name: "BYTES",
    help: "Size of the largest batch when an offset index is verified [default: 5242880]",
};
const MAX_BYTES: Spec = Spec {
    name: "max-bytes",
    takes: Takes::Value,
    value_name: "BYTES",
    help: "Read only this many bytes of each log [default: 2147483647]",
};
const KEY_DECODER_CLASS: Spec = Spec {
    name: "key-decoder-class",
    takes: Takes::OptionalValue,
    value_name: "CLASS",
    help: "Decoder of the keys: org.apache.kafka.tools.api.{Default,String,Integer,Long}Decoder [default: String]",
};
const VALUE_DECODER_CLASS: Spec = Spec {
    name: "value-decoder-class",
    takes: Takes::OptionalValue,
    value_name: "CLASS",
    help: "Decoder of the values, as for the keys",
};
const OFFSETS_DECODER: Spec = flag("offsets-decoder", "Read the records as those of __consumer_offsets");
const TRANSACTION_LOG_DECODER: Spec =
    flag("transaction-log-decoder", "Read the records as those of __transaction_state");
const CLUSTER_METADATA_DECODER: Spec =
    flag("cluster-metadata-decoder", "Read the records as those of __cluster_metadata");
const REMOTE_LOG_METADATA_DECODER: Spec =
    flag("remote-log-metadata-decoder", "Read the records as those of __remote_log_metadata");
const SHARE_GROUP_STATE_DECODER: Spec =
    flag("share-group-state-decoder", "Read the records as those of __share_group_state");
const HELP: Spec = flag("help", "Print the usage of Kafka's tool on stderr and exit with 1, as that tool does");
const VERSION: Spec = flag("version", "Print the version of Kafka whose tool this one stands in for");

/// All of Kafka's options, in the order of the manual.
const ALL: [&Spec; 17] = [
    &FILES,
    &PRINT_DATA_LOG,
    &DEEP_ITERATION,
    &SKIP_RECORD_METADATA,
    &VERIFY_INDEX_ONLY,
    &INDEX_SANITY_CHECK,
    &MAX_MESSAGE_SIZE,
    &MAX_BYTES,
    &KEY_DECODER_CLASS,
    &VALUE_DECODER_CLASS,
    &OFFSETS_DECODER,
    &TRANSACTION_LOG_DECODER,
    &CLUSTER_METADATA_DECODER,
    &REMOTE_LOG_METADATA_DECODER,
    &SHARE_GROUP_STATE_DECODER,
    &HELP,
    &VERSION,
];

/// Whether Kafka has an option of that name.
pub(super) fn has_option(name: &str) -> bool {
    ALL.iter().any(|spec| spec.name == name)
}

/// Adds Kafka's options to the command that manual and completions are made of.
pub(super) fn add_to(command: Command) -> Command {
    let arg = |spec: &&Spec| {
        let arg = Arg::new(spec.name).long(spec.name).help(spec.help).help_heading("Kafka's options");
        match spec.takes {
            Takes::Nothing => arg.action(ArgAction::SetTrue),
            Takes::Value => arg.action(ArgAction::Set).value_name(spec.value_name),
            Takes::OptionalValue => arg.action(ArgAction::Set).value_name(spec.value_name).num_args(0..=1),
        }
    };
    command.args(ALL.iter().map(arg))
}

/// The part of a command line that Kafka's tool knows, with its habits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KafkaOptions {
    words: Vec<Word>,
}

/// What keys and values are decoded with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageParser {
    /// `OffsetsMessageParser`: records of `__consumer_offsets`.
    Offsets,
    /// `TransactionLogMessageParser`: records of `__transaction_state`.
    TransactionLog,
    /// `ClusterMetadataLogMessageParser`: records of `__cluster_metadata`.
    ClusterMetadata,
    /// `RemoteMetadataLogMessageParser`: records of `__remote_log_metadata`.
    RemoteLogMetadata,
    /// `ShareGroupStateMessageParser`: records of `__share_group_state`.
    ShareGroupState,
    /// `DecoderMessageParser`: any records, a decoder for the keys and one for the values.
    Decoders {
        /// For the keys.
        key: DecoderClass,
        /// For the values.
        value: DecoderClass,
    },
}

/// The implementations of `org.apache.kafka.tools.api.Decoder` that Kafka ships; others cannot be loaded here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DecoderClass {
    /// `DefaultDecoder`: the bytes themselves, of which Kafka prints an identity hash.
    Default,
    /// `StringDecoder`: UTF-8 text; used when none is named.
    #[default]
    String,
    /// `IntegerDecoder`: four bytes, big-endian.
    Integer,
    /// `LongDecoder`: eight bytes, big-endian.
    Long,
}

impl DecoderClass {
    fn named(name: &str) -> Option<Self> {
        match name.strip_prefix("org.apache.kafka.tools.api.")? {
            "DefaultDecoder" => Some(DecoderClass::Default),
            "StringDecoder" => Some(DecoderClass::String),
            "IntegerDecoder" => Some(DecoderClass::Integer),
            "LongDecoder" => Some(DecoderClass::Long),
            _ => None,
        }
    }
}

impl KafkaOptions {
    /// Keeps `words`, all of them Kafka's options.
    pub(super) fn new(words: Vec<Word>) -> Self {
        KafkaOptions { words }
    }

    fn has(&self, spec: &Spec) -> bool {
        self.words.iter().any(|word| word.name == spec.name)
    }

    /// The value of `spec`, if it has one; two are one too many.
    fn value(&self, spec: &Spec) -> Result<Option<&OsStr>, OptionError> {
        let mut values = self.words.iter().filter(|word| word.name == spec.name).filter_map(|word| word.value.as_ref());
        let first = values.next();
        match values.next() {
            None => Ok(first.map(OsString::as_os_str)),
            Some(_) => Err(OptionError::repeated(spec.name)),
        }
    }

    fn integer(&self, spec: &Spec, default: i32) -> Result<i32, OptionError> {
        let Some(value) = self.value(spec)? else { return Ok(default) };
        let text = value.to_string_lossy();
        parse_java_int(&text)
            .ok_or_else(|| OptionError::value(spec.name, "a number from -2147483648 to 2147483647", &text))
    }

    fn decoder_class(&self, spec: &Spec) -> Result<DecoderClass, OptionError> {
        const EXPECTED: &str =
            "org.apache.kafka.tools.api.DefaultDecoder, StringDecoder, IntegerDecoder or LongDecoder";
        let Some(value) = self.value(spec)? else { return Ok(DecoderClass::default()) };
        let name = value.to_string_lossy();
        DecoderClass::named(&name).ok_or_else(|| OptionError::value(spec.name, EXPECTED, &name))
    }

    /// `--help`.
    pub(super) fn help(&self) -> bool {
        self.has(&HELP)
    }

    /// `--version`.
    pub(super) fn version(&self) -> bool {
        self.has(&VERSION)
    }

    /// `--files`, split at the commas; `None` if the option is missing. Kafka reads it before it prints anything.
    pub(super) fn files(&self) -> Result<Option<Vec<JavaFile>>, OptionError> {
        let list = self.value(&FILES)?;
        Ok(list.map(|list| java::split_at_commas(list).iter().map(|name| JavaFile::new(name)).collect()))
    }

    /// Whether keys and values are printed: `--print-data-log` or any decoder, with or without a class.
    pub fn print_data_log(&self) -> bool {
        let decoders = [
            &PRINT_DATA_LOG,
            &OFFSETS_DECODER,
            &TRANSACTION_LOG_DECODER,
            &CLUSTER_METADATA_DECODER,
            &REMOTE_LOG_METADATA_DECODER,
            &VALUE_DECODER_CLASS,
            &KEY_DECODER_CLASS,
            &SHARE_GROUP_STATE_DECODER,
        ];
        decoders.iter().any(|spec| self.has(spec))
    }

    /// Whether the records of a batch are printed: `--deep-iteration`, or printing keys and values.
    pub fn deep_iteration(&self) -> bool {
        self.has(&DEEP_ITERATION) || self.print_data_log()
    }

    /// `--skip-record-metadata`.
    pub fn skip_record_metadata(&self) -> bool {
        self.has(&SKIP_RECORD_METADATA)
    }

    /// `--verify-index-only`.
    pub fn verify_index_only(&self) -> bool {
        self.has(&VERIFY_INDEX_ONLY)
    }

    /// `--index-sanity-check`.
    pub fn index_sanity_check(&self) -> bool {
        self.has(&INDEX_SANITY_CHECK)
    }

    /// `--max-message-size`, in bytes, possibly negative. Kafka reads it for each `.index`, after its `Dumping …`.
    pub fn max_message_size(&self) -> Result<i32, OptionError> {
        self.integer(&MAX_MESSAGE_SIZE, 5 * 1024 * 1024)
    }

    /// `--max-bytes`, possibly negative; `i32::MAX` means no limit. Kafka reads it for each `.log` and `.checkpoint`,
    /// after its `Dumping …` and after [`KafkaOptions::message_parser`].
    pub fn max_bytes(&self) -> Result<i32, OptionError> {
        self.integer(&MAX_BYTES, i32::MAX)
    }

    /// The decoder that the options ask for; with several, the order is Kafka's, not that of the command line. Kafka
    /// looks for the classes at each `.log` and `.checkpoint`, after its `Dumping …`, printing or not.
    pub fn message_parser(&self) -> Result<MessageParser, OptionError> {
        let parsers = [
            (&OFFSETS_DECODER, MessageParser::Offsets),
            (&TRANSACTION_LOG_DECODER, MessageParser::TransactionLog),
            (&CLUSTER_METADATA_DECODER, MessageParser::ClusterMetadata),
            (&REMOTE_LOG_METADATA_DECODER, MessageParser::RemoteLogMetadata),
            (&SHARE_GROUP_STATE_DECODER, MessageParser::ShareGroupState),
        ];
        if let Some((_, parser)) = parsers.iter().find(|(spec, _)| self.has(spec)) {
            return Ok(*parser);
        }
        let value = self.decoder_class(&VALUE_DECODER_CLASS)?;
        let key = self.decoder_class(&KEY_DECODER_CLASS)?;
        Ok(MessageParser::Decoders { key, value })
    }

    /// Reads all values at once, for callers that would rather know before anything is printed.
    pub(super) fn check(&self) -> Result<(), OptionError> {
        self.max_message_size()?;
        self.max_bytes()?;
        self.message_parser()?;
        Ok(())
    }
}
