//! Control characters of keys, values, headers and names: raw as Kafka prints them, or as escapes.
#![expect(clippy::unwrap_used, reason = "a test that cannot run has failed")]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use kafka_log::compression::Compressor;
use kafka_log::format::builder::{BatchFields, RecordBatchBuilder};
use kafka_log::format::escape::is_display_control;
use kafka_log::format::record::Header;
use kafka_log_cli::visible::Visible;
use serde_json::Value;
use tests::hostile::tool::{Scratch, scratch};
use tests::run::{Outcome, run};

/// Sets the title, fakes a line, deletes, turns the direction of text around.
const HOSTILE: &str = "a\x1b]0;title\x07\n| offset: 7 FAKE\r\u{9b}2J\x7f\u{202e}ž";

/// A value of several pieces, with a control character at every distance from their ends.
fn large() -> String {
    "\u{202e}\u{9b}é\x1bx".repeat(20_000)
}

fn dump(log: &Path, args: &[&str]) -> Outcome {
    let mut all = vec!["--files".to_owned(), log.to_string_lossy().into_owned()];
    all.extend(args.iter().map(|&arg| arg.to_owned()));
    let folder = log.parent().unwrap();
    run(Path::new(env!("CARGO_BIN_EXE_kafka-dump-log")), &all, folder, Duration::from_secs(60)).unwrap()
}

fn text(log: &Path, args: &[&str]) -> String {
    String::from_utf8(dump(log, args).out).unwrap()
}

/// A log with two records, in a folder with a hostile name, cut after them.
fn log(room: &Path) -> PathBuf {
    let folder = room.join(HOSTILE);
    fs::create_dir_all(&folder).unwrap();
    let mut builder = RecordBatchBuilder::new(BatchFields::default());
    let header = Header { key: HOSTILE.as_bytes(), value: Some(HOSTILE.as_bytes()) };
    builder.append(0, 1, Some(HOSTILE.as_bytes()), Some(HOSTILE.as_bytes()), &[header]).unwrap();
    builder.append(1, 1, None, Some(large().as_bytes()), &[]).unwrap();
    let mut bytes = Vec::new();
    builder.finish(&mut Compressor::new(), &mut bytes).unwrap();
    bytes.extend([0; 5]);
    let log = folder.join("00000000000000000000.log");
    fs::write(&log, bytes).unwrap();
    log
}

fn has_controls(text: &str) -> bool {
    text.chars().any(|c| is_display_control(c) && c != '\n')
}

#[test]
fn without_the_option_the_bytes_are_kafkas() {
    let room = Scratch(scratch());
    let log = log(&room.0);
    let plain = text(&log, &["--print-data-log"]);
    assert!(plain.contains(&format!("headerKeys: [{HOSTILE}] key: {HOSTILE} payload: {HOSTILE}\n")));
    assert!(plain.starts_with(&format!("Dumping {}\n", log.display())));
    for escape in ["never", "auto"] {
        assert_eq!(text(&log, &["--print-data-log", "--escape", escape]), plain, "{escape}: no terminal");
    }
}

#[test]
fn with_escape_always_every_line_is_the_tools_own() {
    let room = Scratch(scratch());
    let log = log(&room.0);
    let printed = text(&log, &["--print-data-log", "--escape", "always"]);
    assert!(!has_controls(&printed));
    let shown = Visible(HOSTILE).to_string();
    assert!(shown.contains("\\x1b]0;title\\x07\\n| offset: 7 FAKE\\r\\u{9b}2J\\x7f\\u{202e}ž"));
    assert!(printed.contains(&format!("headerKeys: [{shown}] key: {shown} payload: {shown}\n")));
    assert!(printed.contains(&format!("payload: {}\n", Visible(large()))));
    assert_eq!(printed.lines().count(), 5 + 1, "{:.2000}", printed);
    fs::write(log.with_file_name("meta.properties"), "version=1\ncluster.id=\x1b[2J\nnode.id=1\n").unwrap();
    let meta = text(&log.with_file_name("meta.properties"), &["--escape", "always"]);
    assert!(!has_controls(&meta) && meta.contains("clusterId: \\x1b[2J nodeId: 1\n"), "{meta}");
}

#[test]
fn lines_of_our_own_never_have_control_characters() {
    let room = Scratch(scratch());
    let log = log(&room.0);
    let missing = log.with_file_name("missing.log");
    for (log, args) in [(&missing, &[][..]), (&missing, &["--strict"]), (&log, &["--strict"])] {
        let said = String::from_utf8(dump(log, args).err).unwrap();
        assert!(said.starts_with("kafka-dump-log: ") && said.lines().count() == 1, "{said}");
        assert!(!has_controls(&said) && said.contains(&Visible(log.display()).to_string()), "{said}");
    }
    let said = String::from_utf8(dump(&log, &[&format!("--{HOSTILE}")]).err).unwrap();
    assert!(said.lines().count() == 1 && !has_controls(&said), "{said}");
}

#[test]
fn json_has_escapes_and_gives_the_text_back() {
    let room = Scratch(scratch());
    let log = log(&room.0);
    for escape in ["never", "always"] {
        let printed = text(&log, &["--print-data-log", "--output", "json", "--escape", escape]);
        assert!(!has_controls(&printed));
        let objects: Vec<Value> = printed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let records: Vec<&Value> = objects.iter().filter(|object| object["kind"] == "record").collect();
        for value in [&records[0]["key"], &records[0]["value"], &records[0]["headers"][0]["key"]] {
            assert_eq!(value, HOSTILE);
        }
        assert_eq!(records[1]["value"], large());
        assert_eq!(records[0]["path"], log.to_string_lossy().as_ref());
    }
}
