//! `kafka-log verify` as one calls it: output, exit codes, states to go on from.

#![expect(clippy::unwrap_used, reason = "a fixture that cannot be read fails the test")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use kafka_log::audit::Code;
use kafka_log_cli::tool::{self, Terminals};
use serde_json::Value;
use tests::fixtures;

/// Exit code, standard output, standard error.
fn run(args: &[&str]) -> (u8, String, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let args = ["kafka-log"].iter().chain(args).map(Into::into);
    let code = tool::run(args, &mut out, &mut err, Terminals::default());
    (code, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
}

/// A directory of its own for a test, gone at the end.
struct Room(PathBuf);

impl Room {
    fn new(name: &str) -> Self {
        let room = std::env::temp_dir().join(format!("kafka-log-{name}-{}", std::process::id()));
        fs::create_dir_all(&room).unwrap();
        Room(room)
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).to_string_lossy().into_owned()
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

fn damaged() -> PathBuf {
    fixtures::scenario("damage-bit-flips").join("odd.bit-flips-2")
}

fn healthy() -> PathBuf {
    fixtures::root().join("fixtures/orders-0")
}

fn shown(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

#[test]
fn the_exit_code_says_how_bad_it_is() {
    assert_eq!(run(&["verify", &shown(&healthy())]).0, 0);
    let room = Room::new("exit");
    copy(&healthy(), &room.0.join("orders-0"));
    fs::remove_file(room.0.join("orders-0/00000000000000000000.index")).unwrap();
    assert_eq!(run(&["verify", &room.path("orders-0")]).0, 1);
    assert_eq!(run(&["verify", &shown(&damaged())]).0, 2);
    let (code, out, err) = run(&["verify", "no/such/path"]);
    assert_eq!((code, out.as_str()), (3, ""));
    assert!(err.contains("no/such/path"), "{err}");
    assert_eq!(run(&["verify"]).0, 3);
    assert_eq!(run(&["verify", &shown(&healthy()), "--level", "sideways"]).0, 3);
}

#[test]
fn the_text_says_first_what_matters_most() {
    let (_, out, _) = run(&["verify", &shown(&damaged())]);
    let first = out.lines().next().unwrap();
    assert!(first.ends_with("damaged"), "{out}");
    assert!(out.contains("unreadable: 7 offsets"), "{out}");
    assert!(out.contains("offsets 21894-21900"), "{out}");
    assert!(!out.contains('\u{1b}'), "no colours where there is no terminal");
    let (_, out, _) = run(&["verify", "--color", "always", &shown(&damaged())]);
    assert!(out.contains('\u{1b}'));
}

#[test]
fn a_prediction_tells_what_an_unclean_stop_would_cost() {
    let (code, out, _) =
        run(&["verify", "--predict", "--set", "index.interval.bytes=100", "--output", "json", &shown(&damaged())]);
    assert_eq!(code, 2);
    let lines: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of_stop = |stop| lines.iter().find(|line| line["kind"] == "prediction" && line["stop"] == stop).unwrap();
    assert_eq!(of_stop("clean")["records_lost"], 0);
    // The good batch after the damaged one goes with it.
    assert_eq!(of_stop("unclean")["records_lost"], 6);
    assert_eq!(of_stop("unclean")["log_end_offset"], 21894);
}

#[test]
fn a_prediction_tells_which_checkpoint_keeps_the_broker_from_starting() {
    let room = Room::new("offline");
    copy(&healthy(), &room.0.join("orders-0"));
    let path = shown(&room.0);
    let checkpoint = room.path("recovery-point-offset-checkpoint");
    for (text, code, is_refused) in
        [("0\n2\norders 0 1\n", "checkpoint-corrupt", true), ("0\n1\norders 0 x\n", "checkpoint-number", false)]
    {
        fs::write(&checkpoint, text).unwrap();
        let (_, out, _) = run(&["verify", "--predict", &path]);
        assert_eq!(out.contains("not start: "), is_refused, "{out}");
        assert!(out.contains(code), "{out}");
        let (_, out, _) = run(&["verify", "--predict", "--output", "json", &path]);
        let lines: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let told: Vec<_> = lines.iter().filter(|line| line["kind"] == "start_prediction").collect();
        assert_eq!(told.len(), usize::from(is_refused));
        assert!(told.iter().all(|line| line["outcome"] == "refused" && line["path"] == checkpoint.as_str()));
    }
}

#[test]
fn each_line_of_json_has_the_keys_that_the_page_describes() {
    let page = fs::read_to_string(fixtures::root().join("docs/json.md")).unwrap();
    let keys = |kind: &str| -> BTreeSet<String> {
        let row = page.lines().find(|line| line.starts_with(&format!("| `{kind}` |"))).unwrap();
        row.split('`').skip(1).step_by(2).skip(1).map(str::to_owned).collect()
    };
    let (_, out, _) = run(&["verify", "--predict", "--output", "json", &shown(&damaged())]);
    let mut kinds = BTreeSet::new();
    for line in out.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let kind = line["kind"].as_str().unwrap().to_owned();
        let known = keys(&kind);
        for key in line.as_object().unwrap().keys().filter(|key| *key != "kind") {
            assert!(known.contains(key), "{kind}: {key} is not described");
        }
        kinds.insert(kind);
    }
    let expected = ["finding", "partition", "prediction", "run", "segment", "summary"];
    assert_eq!(kinds.iter().map(String::as_str).collect::<Vec<_>>(), expected);
    for code in Code::ALL {
        assert!(page.contains(&format!("| `{}` |", code.id())), "{} is not described", code.id());
    }
}

#[test]
fn the_page_for_a_browser_stands_alone() {
    let (code, page, _) = run(&["verify", "--output", "html", "--predict", &shown(&damaged())]);
    assert_eq!(code, 2);
    assert!(page.starts_with("<!doctype html>") && page.trim_end().ends_with("</html>"));
    assert!(page.contains("class=\"lost\""), "damage is marked in the picture");
    let policy =
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">";
    assert!(page.find(policy) < page.find("<style>"), "the policy holds for all that comes after it");
    for loaded in ["http://", "https://", "src=", "<link", "<script"] {
        assert!(!page.contains(loaded), "{loaded}");
    }
}

#[test]
fn a_run_that_was_killed_goes_on_where_it_was() {
    let room = Room::new("state");
    let data = room.0.join("data");
    for i in 0..4 {
        let source = if i == 2 { damaged() } else { healthy() };
        copy(&source, &data.join(format!("topic-{i}")));
    }
    fs::write(data.join("recovery-point-offset-checkpoint"), "0\n0\n").unwrap();
    let (data, state) = (shown(&data), room.path("state"));
    // As a run leaves it that is killed after the third partition, in the middle of a line.
    let (_, out, _) = run(&["verify", "--state", &state, "--pause-after", "0", "--output", "json", &data]);
    assert!(out.contains("\"paused\":true"), "{out}");
    let head = fs::read_to_string(&state).unwrap();
    let done = |i: i32, verdict: &str| {
        format!("{{\"kind\":\"done\",\"path\":\"{data}/topic-{i}\",\"verdict\":\"{verdict}\",\"findings\":[]}}\n")
    };
    fs::write(&state, format!("{head}{}{}{{\"kind\":\"do", done(0, "clean"), done(2, "damaged"))).unwrap();
    let (code, out, err) = run(&["verify", "--state", &state, "--output", "json", &data]);
    assert_eq!((code, err.as_str()), (2, ""), "{out}");
    let verified: Vec<_> = out.lines().filter(|line| line.contains("\"kind\":\"partition\"")).collect();
    assert_eq!(verified.len(), 2, "{out}");
    assert!(!Path::new(&state).exists(), "a run that is over leaves no state");
    // Another level is another run.
    run(&["verify", "--state", &state, "--pause-after", "0", &data]);
    assert_eq!(run(&["verify", "--state", &state, "--level", "quick", &data]).0, 3);
}

#[test]
#[cfg(target_os = "linux")]
fn an_idle_run_has_the_lowest_priority() {
    // It is the priority of the thread and of those it starts.
    let thread = std::thread::spawn(|| {
        let (code, _, err) = run(&["verify", "--idle", &shown(&healthy())]);
        assert_eq!((code, err.as_str()), (0, ""));
        let stat = fs::read_to_string("/proc/thread-self/stat").unwrap();
        let after_name = stat.rsplit(')').next().unwrap();
        assert_eq!(after_name.split_whitespace().nth(16), Some("19"));
    });
    thread.join().unwrap();
}

#[test]
fn metrics_are_written_for_prometheus() {
    let room = Room::new("metrics");
    let path = room.path("kafka.prom");
    run(&["verify", "--metrics", &path, &shown(&damaged())]);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains("kafka_log_verify_verdict 2\n"), "{text}");
    assert!(text.contains("kafka_log_verify_findings{severity=\"damage\",class=\"damage\"} 2\n"), "{text}");
    assert!(text.lines().all(|line| line.starts_with('#') || line.split(' ').count() == 2), "{text}");
}

#[test]
fn without_a_verb_it_says_what_things_are() {
    let dir = healthy();
    let (code, out, err) = run(&[&shown(&dir)]);
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.contains("partition 0 of topic orders"), "{out}");
    for entry in fs::read_dir(&dir).unwrap() {
        let path = entry.unwrap().path();
        let (code, out, err) = run(&[&shown(&path)]);
        assert_eq!((code, err.as_str()), (0, ""), "{}", path.display());
        assert!(out.lines().count() >= 2, "{out}");
    }
    assert_eq!(run(&["no/such/path"]).0, 3);
}
