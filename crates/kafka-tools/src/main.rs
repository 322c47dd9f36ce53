//! Apache Kafka's everyday command-line tools in one binary: `kafka-topics`, `kafka-configs` and others, under those names (with
//! or without `.sh`) or as the first word after `kafka-tools`.

mod acls;
mod arguments;
mod broker_api_versions;
mod client;
mod cluster;
mod configs;
mod console_consumer;
mod console_producer;
mod consumer_groups;
mod delete_records;
mod feature_levels;
mod features;
mod get_offsets;
mod groups;
mod json;
mod leader_election;
mod log_dirs;
mod logging;
mod metadata_quorum;
mod properties;
mod reassign_partitions;
mod regex;
mod replica_verification;
mod signals;
mod storage;
mod table;
mod terminal;
mod topics;
mod transactions;
mod uuid;

use std::env;
use std::ffi::{OsStr, OsString};
use std::io;
use std::process::ExitCode;

use terminal::{Stop, Terminal};

/// A tool: its name after `kafka-`, and what runs it with the words after its name.
type Tool = (&'static str, fn(Vec<OsString>, &mut Terminal<'_>) -> Result<(), Stop>);

const TOOLS: &[Tool] = &[
    ("acls", acls::main),
    ("topics", topics::main),
    ("console-producer", console_producer::main),
    ("console-consumer", console_consumer::main),
    ("get-offsets", get_offsets::main),
    ("broker-api-versions", broker_api_versions::main),
    ("configs", configs::main),
    ("consumer-groups", consumer_groups::main),
    ("delete-records", delete_records::main),
    ("log-dirs", log_dirs::main),
    ("reassign-partitions", reassign_partitions::main),
    ("leader-election", leader_election::main),
    ("metadata-quorum", metadata_quorum::main),
    ("features", features::main),
    ("cluster", cluster::main),
    ("groups", groups::main),
    ("replica-verification", replica_verification::main),
    ("storage", storage::main),
    ("transactions", transactions::main),
];

fn main() -> ExitCode {
    logging::init();
    let mut args = env::args_os();
    let program = args.next().unwrap_or_default();
    let mut args: Vec<OsString> = args.collect();
    let (out, err) = (&mut io::BufWriter::new(io::stdout().lock()), &mut io::stderr());
    let mut terminal = Terminal::new(out, err);
    let tool = find(&program).or_else(|| {
        let tool = args.first().and_then(|word| find(word));
        args.drain(..usize::from(tool.is_some()));
        tool
    });
    let outcome = match tool {
        Some((_, run)) => run(args, &mut terminal),
        None => overview(&mut terminal),
    };
    ExitCode::from(terminal.end(outcome))
}

/// The tool that a word names: `topics`, `kafka-topics` or `kafka-topics.sh`, in any directory.
fn find(word: &OsStr) -> Option<&'static Tool> {
    let name = std::path::Path::new(word).file_name()?.to_str()?;
    let name = name.strip_suffix(".sh").unwrap_or(name);
    let name = name.strip_prefix("kafka-").unwrap_or(name);
    TOOLS.iter().find(|(tool, _)| *tool == name)
}

fn overview(terminal: &mut Terminal<'_>) -> Result<(), Stop> {
    terminal.error("usage: kafka-tools TOOL [OPTION...]")?;
    for (name, _) in TOOLS {
        terminal.error(format_args!("  kafka-tools {name} --help"))?;
    }
    Err(Stop::Exit(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tool_has_several_names() {
        for word in ["topics", "kafka-topics", "kafka-topics.sh", "/usr/bin/kafka-topics"] {
            assert_eq!(find(OsStr::new(word)).map(|(name, _)| *name), Some("topics"), "{word}");
        }
        assert!(find(OsStr::new("kafka-tools")).is_none());
    }
}
