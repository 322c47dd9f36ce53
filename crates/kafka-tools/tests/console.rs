//! The console producer and consumer as commands, against a broker in this process: what Kafka's own tools print and return.

#![expect(clippy::unwrap_used, reason = "a call that fails fails the test")]

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdout, Command, Output, Stdio};

use kafka_broker::Broker;

struct Tools {
    broker: Broker,
}

impl Tools {
    fn new() -> Self {
        Tools { broker: Broker::ephemeral().unwrap() }
    }

    /// A tool with its options, separated by spaces, at the broker.
    fn start(&self, tool: &str, options: &str) -> Child {
        Command::new(env!("CARGO_BIN_EXE_kafka-tools"))
            .args([tool, "--bootstrap-server", &self.broker.bootstrap()])
            .args(options.split(' '))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    fn run(&self, tool: &str, options: &str, input: &str) -> (String, Option<i32>) {
        let (out, _, code) = self.outcome(tool, options, input);
        (out, code)
    }

    fn outcome(&self, tool: &str, options: &str, input: &str) -> (String, String, Option<i32>) {
        let mut child = self.start(tool, options);
        // A tool that refuses its options does not read.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
        (String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap(), status.code())
    }
}

fn ok(out: &str) -> (String, Option<i32>) {
    (out.to_owned(), Some(0))
}

#[test]
fn lines_arrive_with_keys_headers_and_nulls() {
    let tools = Tools::new();
    let options = "--topic keyed --reader-property parse.key=true --reader-property parse.headers=true \
                   --reader-property null.marker=NULL";
    assert_eq!(tools.run("console-producer", options, "h:1,i:NULL\tk1\tv1\nNULL\tNULL\tv2\nj:\tk3\tNULL\n"), ok(""));
    for (properties, expected) in [
        ("print.key=false", "v1\nv2\nnull\n"),
        (
            "print.key=true --formatter-property print.headers=true",
            "h:1,i:null\tk1\tv1\nNO_HEADERS\tnull\tv2\nj:\tk3\tnull\n",
        ),
        (
            "print.offset=true --formatter-property print.partition=true",
            "Partition:0\tOffset:0\tv1\nPartition:0\tOffset:1\tv2\nPartition:0\tOffset:2\tnull\n",
        ),
    ] {
        let options = format!("--topic keyed --from-beginning --max-messages 3 --formatter-property {properties}");
        assert_eq!(tools.run("console-consumer", &options, ""), ok(expected), "{properties}");
    }
    let (out, err, code) =
        tools.outcome("console-consumer", "--topic keyed --partition 0 --offset 1 --max-messages 1", "");
    assert_eq!((out.as_str(), err.as_str(), code), ("v2\n", "Processed a total of 1 messages\n", Some(0)));
}

#[test]
fn a_group_goes_on_where_it_stopped() {
    let tools = Tools::new();
    let lines: String = (0..20).map(|line| format!("line {line}\n")).collect();
    assert_eq!(tools.run("console-producer", "--topic jobs --sync --compression-codec zstd", &lines), ok(""));
    let (first, rest) = lines.split_at(lines.find("line 7\n").unwrap());
    let options = "--topic jobs --group workers --from-beginning";
    assert_eq!(tools.run("console-consumer", &format!("{options} --max-messages 7"), ""), ok(first));
    assert_eq!(tools.run("console-consumer", &format!("{options} --timeout-ms 3000"), ""), ok(rest));
}

#[test]
fn what_is_wrong_is_said_as_kafka_says_it() {
    let tools = Tools::new();
    let key = "--topic t --reader-property parse.key=true --property key.separator=:";
    for (tool, options, input, expected) in [
        (
            "console-producer",
            "--topic t --request-required-acks 2",
            "x\n",
            "org.apache.kafka.common.config.ConfigException: Invalid value 2 for configuration acks: String must be one of: all, -1, 0, 1\n",
        ),
        (
            "console-producer",
            "--topic t --reader-property parse.key=true",
            "x\n",
            "org.apache.kafka.common.KafkaException: No key separator found on line number 1: 'x'\n",
        ),
        (
            "console-producer",
            key,
            "",
            "Options --reader-property and --property cannot be specified together.\nOption ",
        ),
        (
            "console-consumer",
            "--topic t --offset 1",
            "",
            "The partition is required when offset is specified.\nOption ",
        ),
        ("console-consumer", "--topic t --formatter no.such.Formatter", "", "no.such.Formatter\nOption "),
    ] {
        let (out, err, code) = tools.outcome(tool, options, input);
        assert_eq!((out.as_str(), code), ("", Some(1)), "{options}");
        assert!(err.starts_with(expected), "{options}: {err}");
    }
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_the_consumer_in_good_order() {
    let tools = Tools::new();
    assert_eq!(tools.run("console-producer", "--topic t", "one\ntwo\n"), ok(""));
    let mut consumer = tools.start("console-consumer", "--topic t --from-beginning --enable-systest-events");
    let mut out: BufReader<ChildStdout> = BufReader::new(consumer.stdout.take().unwrap());
    let mut lines = String::new();
    out.read_line(&mut lines).unwrap();
    out.read_line(&mut lines).unwrap();
    let kill = Command::new("kill").args(["-INT", &consumer.id().to_string()]).status().unwrap();
    assert!(kill.success());
    out.read_line(&mut lines).unwrap();
    assert_eq!(lines, "one\ntwo\nshutdown_complete\n");
    let Output { status, stderr, .. } = consumer.wait_with_output().unwrap();
    assert_eq!(status.code(), Some(130));
    assert!(String::from_utf8(stderr).unwrap().ends_with("Processed a total of 2 messages\n"));
}
