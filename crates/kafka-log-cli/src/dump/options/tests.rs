//! The whole command line: words in, options or texts out.

use std::ops::Bound;

use crate::shared::{ByteSize, OffsetRange};

use super::*;

fn line(words: &[&str]) -> Parsed {
    parse(words.iter().map(OsString::from))
}

fn run(words: &[&str]) -> Options {
    match line(words) {
        Parsed::Run(options) => *options,
        Parsed::Exit(exit) => panic!("{words:?} gave {exit:?}"),
    }
}

fn exit(words: &[&str]) -> Exit {
    match line(words) {
        Parsed::Exit(exit) => exit,
        Parsed::Run(options) => panic!("{words:?} gave {options:?}"),
    }
}

/// What stands on stderr for a wrong command line, and the exit code.
fn wrong(words: &[&str]) -> (String, u8) {
    let exit = exit(words);
    assert_eq!(exit.stdout, "");
    assert_eq!(exit.stderr.lines().count(), 1, "{}", exit.stderr);
    (exit.stderr.trim_end().to_owned(), exit.code)
}

#[test]
fn no_words_and_help_give_kafkas_usage_on_stderr_and_exit_code_1() {
    for words in [&[][..], &["--help"], &["--files", "a", "--help", "--version"], &["-help=x"]] {
        let exit = exit(words);
        assert_eq!((exit.stdout.as_str(), exit.code), ("", 1));
        assert!(exit.stderr.starts_with("This tool helps to parse a log file"));
        assert!(exit.stderr.ends_with(USAGE));
    }
}

#[test]
fn version_wins_over_everything_but_help() {
    let expected = Exit { stdout: "4.3.0\n".into(), ..Exit::default() };
    assert_eq!(exit(&["--version"]), expected);
    assert_eq!(exit(&["--files", "a", "--version", "--max-bytes", "x"]), expected);
}

#[test]
fn the_release_that_is_followed_changes_the_version_but_no_habit_of_kafkas() {
    let version = |words: &[&str]| exit(&[words, &["--version"]].concat()).stdout;
    assert_eq!(version(&["--kafka-version", "4.4"]), "4.4.0\n");
    assert_eq!(version(&["--kafka-version=4.3"]), "4.3.0\n");
    assert_eq!(version(&["--kafka-version", "4.5"]), "4.3.0\n");
    assert_eq!(exit(&["--kafka-version", "4.4"]).stderr, format!("Missing required argument \"[files]\"\n{USAGE}"));
    let options = run(&["--kafka-version", "4.4", "--files", "a", "--max-bytes", "abc"]);
    assert!(!options.extended && options.kafka.max_bytes().is_err());
    assert_eq!(options.extensions.kafka_version, KafkaRelease::V4_4);
    assert_eq!(wrong(&["--kafka-version", "4.4", "--nope"]).1, 1);
    assert!(run(&["--kafka-version", "4.4", "--strict", "--files", "a"]).extended);
}

#[test]
fn without_files_the_usage_says_what_is_missing() {
    for words in [&[""][..], &["a.log"], &["--print-data-log"], &["--", "--files", "a"]] {
        let exit = exit(words);
        assert_eq!(exit.stderr, format!("Missing required argument \"[files]\"\n{USAGE}"));
        assert_eq!(exit.code, 1);
    }
}

#[test]
fn an_unknown_option_is_refused_with_a_hint() {
    let (text, code) = wrong(&["--print", "--files", "a"]);
    assert_eq!(
        text,
        "kafka-dump-log: unknown option --print; perhaps --print-data-log is meant (--help-all lists the options)"
    );
    assert_eq!(code, 1);
    let (text, _) = wrong(&["--help", "-x"]);
    assert_eq!(text, "kafka-dump-log: unknown option -x (--help-all lists the options)");
}

#[test]
fn a_second_list_of_files_is_refused() {
    let (text, code) = wrong(&["--files", "a", "--files", "b"]);
    assert_eq!((text.as_str(), code), ("kafka-dump-log: --files: expected one value, found several", 1));
}

#[test]
fn kafkas_values_are_read_when_asked_for() {
    let options = run(&["--files", "a", "--max-bytes", "abc", "--key-decoder-class=X", "--max-message-size", "+7"]);
    assert!(!options.extended);
    assert_eq!(
        options.kafka.max_bytes().unwrap_err().to_string(),
        "--max-bytes: expected a number from -2147483648 to 2147483647, found 'abc'"
    );
    assert_eq!(options.kafka.max_message_size(), Ok(7));
    assert!(options.kafka.message_parser().is_err());
    assert!(options.print_data_log());
}

#[test]
fn the_order_of_decoders_is_kafkas() {
    let parser = |words: &[&str]| run(&[&["--files", "a"], words].concat()).kafka.message_parser();
    let class = |key, value| Ok(MessageParser::Decoders { key, value });
    assert_eq!(parser(&["--transaction-log-decoder", "--offsets-decoder"]), Ok(MessageParser::Offsets));
    assert_eq!(parser(&["--value-decoder-class", "X", "--offsets-decoder"]), Ok(MessageParser::Offsets));
    assert_eq!(parser(&[]), class(DecoderClass::String, DecoderClass::String));
    assert_eq!(
        parser(&["--key-decoder-class", "org.apache.kafka.tools.api.LongDecoder", "--value-decoder-class"]),
        class(DecoderClass::Long, DecoderClass::String)
    );
    assert!(parser(&["--key-decoder-class", "java.lang.String"]).is_err());
    assert!(parser(&["--key-decoder-class", "X", "--key-decoder-class", "X"]).is_err());
}

#[test]
fn without_our_options_ours_have_their_defaults() {
    let options = run(&["--files", "a,b"]);
    assert_eq!(options.files.iter().map(ToString::to_string).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(options.extensions.filter, Filter::default());
    assert_eq!(options.extensions.output, OutputFormat::Text);
    assert_eq!(options.extensions.kafka_version, KafkaRelease::V4_3);
    assert_eq!(options.extensions.max_decompressed_bytes, ByteSize(256 << 20));
    assert!(!options.extended && !options.deep_iteration());
}

#[test]
fn our_options_are_read_with_kafkas_habits() {
    let options = run(&[
        "-dir",
        "d",
        "--dir=e",
        "--output",
        "json",
        "--strict",
        "--strict",
        "--since",
        "-2h",
        "--until=1000",
        "--offset",
        "5..8",
        "--key",
        "hex:00",
        "--header",
        "a=b",
        "--header",
        "c",
        "--producer-id",
        "-1",
        "--control",
        "hide",
        "--limit",
        "3",
        "--threads",
        "2",
        "--decode",
        "auto",
        "--progress",
        "never",
    ]);
    let Extensions { dirs, filter, .. } = &options.extensions;
    assert_eq!(dirs.len(), 2);
    assert!(options.files.is_empty());
    assert_eq!(filter.timestamps(7_200_005), (Bound::Included(5), Bound::Excluded(1000)));
    assert_eq!(filter.offsets, Some(OffsetRange { first: 5, last: 7 }));
    assert_eq!(filter.key, Some(KeyMatch(vec![0])));
    assert_eq!(filter.headers.len(), 2);
    assert_eq!((filter.producer_id, filter.control, filter.limit), (Some(-1), Some(Control::Hide), Some(3)));
    assert!(options.extensions.strict && options.print_data_log() && options.extended);
}

#[test]
fn a_wrong_value_of_ours_is_one_line_and_exit_code_3() {
    for (words, text) in [
        (&["--output", "xml"][..], "--output: expected one of text, json, found 'xml'"),
        (&["--output="], "--output: expected one of text, json, found ''"),
        (&["--limit", "1", "--limit", "2"], "--limit: expected one value, found several"),
        (&["--strict=false"], "--strict: expected no value, found 'false'"),
        (&["--offset", "8..5"], "--offset: expected a range that contains an offset, found '8..5'"),
        (&["--threads", "0"], "--threads: expected a number from 1 to 1024, found '0'"),
        (&["--threads", "100000000"], "--threads: expected a number from 1 to 1024, found '100000000'"),
        (&["--producer-id", "x\n"], "--producer-id: expected a producer id, a whole number, found 'x\\n'"),
        (&["--strict", "--max-bytes", "x"], "--max-bytes: expected a number from -2147483648 to 2147483647, found 'x'"),
        (&["--kafka-version", "4.5"], "--kafka-version: expected one of 4.3, 4.4, found '4.5'"),
        (&["--limit"], "--limit: expected a value, found the end of the command line"),
    ] {
        let words = [&["--files", "a"], words].concat();
        assert_eq!(wrong(&words), (format!("kafka-dump-log: {text}"), 3));
    }
    assert_eq!(wrong(&["--strict"]), ("kafka-dump-log: expected --files or --dir, found neither".into(), 3));
    assert_eq!(wrong(&["--nope", "--strict"]).1, 3);
}

#[test]
fn each_option_of_the_tool_is_in_the_manual_the_completions_and_the_man_page() {
    let manual = exit(&["--help-all"]);
    let man = exit(&["--man"]);
    let bash = exit(&["--completions", "bash"]);
    for exit in [&manual, &man, &bash] {
        assert_eq!((exit.stderr.as_str(), exit.code), ("", 0));
    }
    let man = man.stdout.replace('\\', "");
    for arg in extensions::command().get_arguments() {
        let name = format!("--{}", arg.get_long().unwrap());
        assert!(manual.stdout.contains(&name) && man.contains(&name) && bash.stdout.contains(&name), "{name}");
    }
    for shell in ["zsh", "fish", "elvish", "powershell"] {
        assert!(exit_of_completions(shell).stdout.contains("print-data-log"));
    }
}

fn exit_of_completions(shell: &str) -> Exit {
    exit(&["--completions", shell])
}

#[test]
fn the_command_of_all_options_is_sound() {
    extensions::command().debug_assert();
}

#[cfg(unix)]
#[test]
fn words_that_are_not_utf8_are_kept_or_refused_but_never_a_panic() {
    let words = |words: &[&[u8]]| parse(words.iter().map(|word| os_string(word)));
    let Parsed::Run(options) = words(&[b"--files=a\xff//b,c\xff", b"--key", b"\xff="]) else {
        panic!("refused");
    };
    assert_eq!(options.files[0].path().as_os_str(), os_string(b"a\xff/b"));
    assert_eq!(options.files[1].to_string(), "c\u{FFFD}");
    let Parsed::Exit(exit) = words(&[b"--files", b"a", b"--\xff", b"--out\xff=", b"-\xff"]) else { panic!("accepted") };
    assert_eq!(exit.code, 1);
    let Parsed::Exit(exit) = words(&[b"--files", b"a", b"--offset", b"\xff"]) else { panic!("accepted") };
    assert!(exit.stderr.starts_with("kafka-dump-log: --offset: expected "), "{}", exit.stderr);
}
