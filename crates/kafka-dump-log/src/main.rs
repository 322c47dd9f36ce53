//! `kafka-dump-log`: prints what is inside the files of a Kafka log directory.

fn main() -> std::process::ExitCode {
    kafka_log_cli::dump::main()
}
