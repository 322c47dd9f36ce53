//! `kafka-log`: looks into, verifies and repairs the files of a Kafka log directory.

fn main() -> std::process::ExitCode {
    kafka_log_cli::tool::main()
}
