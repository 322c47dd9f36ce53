//! The engine on the workloads of `KafkaLogBench.java`: same payloads, same options, same checks, one JSON line a result.

mod append;
mod compact;
mod latency;
mod open;
mod options;
mod payload;
mod read;
mod recover;
mod report;

use std::process::ExitCode;

use options::Options;

const USAGE: &str = "usage: engine-bench SUBCOMMAND [key=value ...]
  append   dir=D [mode=leader|follower] [codec=none] [record=1024] [batch=16384] [per=1] [bytes=1073741824]
           [appenders=1] [sync=0]   per > 1: as a group; sync=1: a flush after each append
  read     log=D/N-0 [what=locate|bytes|batches|records] [fetch=1048576]
  recover  log=D/N-0 [threads=1]
  open     dir=D [partitions=1000] [segments=1] [threads=1]   also says how much memory the process has with all of them open
  latency  dir=D [rate=2000] [seconds=20] [record=1024] [batch=16384]   appends alone, then beside a cleaner,
           retention and a recovery
  compact  dir=D [record=1024] [batch=16384] [bytes=1073741824] [dup=2] [segment=268435456]
           [threads=1]
common: [rounds=5] [warmup=1]";

type Anyhow<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let Some(subcommand) = arguments.next() else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    let done = Options::parse(arguments).and_then(|options| match subcommand.as_str() {
        "append" => append::run(&options),
        "read" => read::run(&options),
        "recover" => recover::run(&options),
        "open" => open::run(&options),
        "compact" => compact::run(&options),
        "latency" => latency::run(&options),
        other => Err(format!("no such subcommand: {other}\n{USAGE}").into()),
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
