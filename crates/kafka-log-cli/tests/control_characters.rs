//! Names and contents that hold escape sequences: no output of `kafka-log` sends them to a terminal.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test that cannot run has failed")]

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use kafka_log::format::escape::is_display_control;
use kafka_log_cli::tool::{self, Terminals};
use serde_json::Value;
use tests::fixtures;
use tests::hostile::tool::{Scratch, scratch};

/// Sets the title and the clipboard, fakes a line, and turns the direction of text around.
const HOSTILE: &str = "a\x1b]0;title\x07\x1b]52;c;ZXZpbA==\x07\nFAKE: clean\r\u{9b}31m\x7f\u{202e}\u{2066}b";

fn run<'a>(args: impl IntoIterator<Item = &'a OsStr>) -> (String, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let args = [OsString::from("kafka-log")].into_iter().chain(args.into_iter().map(OsStr::to_owned));
    tool::run(args, &mut out, &mut err, Terminals::default());
    (String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
}

fn assert_harmless(text: &str) {
    let found: Vec<char> = text.chars().filter(|&c| is_display_control(c) && c != '\n').collect();
    assert!(found.is_empty(), "{found:?} in {text:?}");
    assert!(!text.lines().any(|line| line.starts_with("FAKE")), "{text}");
}

/// A log directory with hostile names and contents, and a damaged segment.
fn log_dir(room: &Path) -> PathBuf {
    let dir = room.join(HOSTILE);
    let partition = dir.join(format!("{HOSTILE}-0"));
    fs::create_dir_all(&partition).unwrap();
    for entry in fs::read_dir(fixtures::root().join("fixtures/orders-0")).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), partition.join(entry.file_name())).unwrap();
    }
    let log = partition.join("00000000000000000000.log");
    let mut bytes = fs::read(&log).unwrap();
    bytes[100] ^= 1;
    fs::write(log, bytes).unwrap();
    fs::write(partition.join(HOSTILE), "").unwrap();
    fs::write(partition.join("leader-epoch-checkpoint"), format!("0\n1\n{HOSTILE} 0\n")).unwrap();
    fs::create_dir(dir.join(OsStr::from_bytes(b"\xff\x1b[31m-2"))).unwrap();
    let value = HOSTILE.replace(['\n', '\r'], "");
    fs::write(dir.join("meta.properties"), format!("version=1\ncluster.id={value}\nnode.id=1\n")).unwrap();
    fs::write(dir.join("replication-offset-checkpoint"), format!("0\n1\n{value} 0 17\n")).unwrap();
    fs::write(dir.join("recovery-point-offset-checkpoint"), format!("{value}\n1\n{value}\n")).unwrap();
    dir
}

#[test]
fn text_shows_control_characters_of_names_and_contents_as_escapes() {
    let room = Scratch(scratch());
    let dir = log_dir(&room.0);
    let partition = dir.join(format!("{HOSTILE}-0"));
    let (checkpoint, into) = (dir.join("replication-offset-checkpoint"), room.0.join(format!("{HOSTILE}-copies")));
    let [dir, partition, checkpoint, into] = [&dir, &partition, &checkpoint, &into].map(|path| path.as_os_str());
    let missing = OsStr::new(HOSTILE);
    let word = OsString::from(format!("--{HOSTILE}"));
    let level = OsString::from(format!("--level={HOSTILE}"));
    let set = OsString::from(format!("--set={HOSTILE}=1"));
    let of = |words: &[&'static str]| words.iter().map(|word| OsStr::new(*word)).collect::<Vec<_>>();
    let lines: Vec<Vec<&OsStr>> = vec![
        [of(&["verify", "--notes"]), vec![dir]].concat(),
        [of(&["verify", "--notes", "--predict", "--output", "html"]), vec![partition]].concat(),
        [of(&["verify", "--notes", "--predict"]), vec![partition, dir]].concat(),
        [of(&["verify"]), vec![missing]].concat(),
        [of(&["verify"]), vec![&level, dir]].concat(),
        [of(&["verify", "--predict"]), vec![&set, dir]].concat(),
        [of(&["verify"]), vec![&word]].concat(),
        vec![&word],
        vec![dir],
        vec![partition],
        vec![checkpoint],
        vec![missing],
        [of(&["repair"]), vec![missing]].concat(),
        [of(&["repair"]), vec![partition]].concat(),
        [of(&["repair", "--into"]), vec![into, partition]].concat(),
        [of(&["repair", "--undo"]), vec![partition]].concat(),
        [of(&["extract", "--to"]), vec![into, partition]].concat(),
        [of(&["extract", "--to"]), vec![into, missing]].concat(),
    ];
    let mut escaped = 0;
    for line in lines {
        let (out, err) = run(line.iter().copied());
        assert!(!out.is_empty() || !err.is_empty(), "{line:?}");
        assert_harmless(&out);
        assert_harmless(&err);
        escaped += usize::from(format!("{out}{err}").contains("a\\x1b]0;title\\x07"));
    }
    assert!(escaped >= 16, "names are shown: {escaped}");
}

#[test]
fn json_writes_control_characters_as_escapes() {
    let room = Scratch(scratch());
    let dir = log_dir(&room.0);
    let partition = dir.join(format!("{HOSTILE}-0"));
    for (words, path) in [
        (&["verify", "--notes", "--output", "json"][..], &dir),
        (&["verify", "--predict", "--output", "json"], &partition),
        (&["repair", "--output", "json"], &partition),
    ] {
        let (out, err) = run(words.iter().map(OsStr::new).chain([path.as_os_str()]));
        assert_eq!(err, "");
        assert_harmless(&out);
        let values: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let has_name = |value: &Value| value["path"].as_str().is_some_and(|path| path.contains(HOSTILE));
        assert!(values.iter().any(has_name), "{out}");
    }
}
