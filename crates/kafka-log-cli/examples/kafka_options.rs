//! Says what the options parser makes of command lines, for `tests/differential/options/run`.
//!
//! Each line of stdin is a command line: for each word a dot and its bytes in hex. Each line of stdout is the answer:
//! `exit` with code and texts, `dies` where Kafka throws before the first file, or `run` with every value read.

use std::ffi::OsString;
use std::fmt::Display;
use std::io::{self, BufWriter, Write};
use std::os::unix::ffi::OsStringExt;

use data_encoding::HEXLOWER;
use kafka_log_cli::dump::options::{MessageParser, OptionError, Options, Parsed, parse};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut out = BufWriter::new(io::stdout().lock());
    for line in io::stdin().lines() {
        let words: Result<Vec<_>, _> = line?.split('.').skip(1).map(|hex| HEXLOWER.decode(hex.as_bytes())).collect();
        match parse(words?.into_iter().map(OsString::from_vec)) {
            Parsed::Run(options) => writeln!(out, "run files={}", values(&options))?,
            Parsed::Exit(exit) if exit.stderr.starts_with("kafka-dump-log: ") => writeln!(out, "dies")?,
            Parsed::Exit(exit) => {
                let (stdout, stderr) = (hex(exit.stdout.as_bytes()), hex(exit.stderr.as_bytes()));
                writeln!(out, "exit {} out={stdout} err={stderr}", exit.code)?;
            }
        }
    }
    Ok(out.flush()?)
}

fn values(options: &Options) -> String {
    let mut text = String::new();
    for file in &options.files {
        text += &format!("{}/{},", hex(file.to_string().as_bytes()), hex(file.name().as_bytes()));
    }
    let kafka = &options.kafka;
    for flag in [
        options.print_data_log(),
        options.deep_iteration(),
        kafka.skip_record_metadata(),
        kafka.verify_index_only(),
        kafka.index_sanity_check(),
    ] {
        text += &format!(" {flag}");
    }
    let parser = kafka.message_parser().map(|parser| match parser {
        MessageParser::Offsets => "OffsetsMessageParser".to_owned(),
        MessageParser::TransactionLog => "TransactionLogMessageParser".to_owned(),
        MessageParser::ClusterMetadata => "ClusterMetadataLogMessageParser".to_owned(),
        MessageParser::RemoteLogMetadata => "RemoteMetadataLogMessageParser".to_owned(),
        MessageParser::ShareGroupState => "ShareGroupStateMessageParser".to_owned(),
        MessageParser::Decoders { key, value } => format!("{key:?}Decoder+{value:?}Decoder+"),
    });
    text + &late(kafka.max_message_size()) + &late(kafka.max_bytes()) + &late(parser)
}

fn late<T: Display>(value: Result<T, OptionError>) -> String {
    value.map_or(" dies".to_owned(), |value| format!(" {value}"))
}

fn hex(bytes: &[u8]) -> String {
    HEXLOWER.encode(bytes)
}
