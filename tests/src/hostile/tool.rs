//! The dump tool on a file of any kind and content.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use super::Dice;

/// What the tool said.
pub struct Said {
    /// Exit code.
    pub code: u8,
    /// Standard output.
    pub out: Vec<u8>,
    /// Standard error.
    pub err: Vec<u8>,
}

/// Runs the tool on a file, with options after it.
pub fn run(file: &Path, options: &[&str]) -> Said {
    let mut args = vec![OsString::from("--files"), file.as_os_str().to_owned()];
    args.extend(options.iter().map(OsString::from));
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let code = kafka_log_cli::dump::run(args.into_iter(), &mut out, &mut err);
    Said { code, out, err }
}

/// Checks what holds for any file: exit code 0, or 1 with one line that names the file and says where it is wrong.
///
/// # Panics
/// Where that does not hold.
pub fn check(file: &Path, said: &Said) {
    let err = String::from_utf8_lossy(&said.err);
    let prefix = format!("kafka-dump-log: {}: ", file.display());
    let complaints: Vec<_> = err.lines().filter_map(|line| line.strip_prefix(&prefix)).collect();
    match said.code {
        0 => assert!(complaints.is_empty(), "{err}"),
        1 => {
            assert!(complaints.len() == 1 && err.lines().last().is_some_and(|l| l.starts_with(&prefix)), "{err:?}");
            let says_where =
                ["position", "byte", "offset", "expected", "entry"].iter().any(|w| complaints[0].contains(w));
            assert!(says_where, "{err:?}");
        }
        other => panic!("exit code {other}: {err}"),
    }
}

/// A folder of this process's own, in memory where the machine has such a place.
pub fn scratch() -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let shm = Path::new("/dev/shm");
    let parent = if shm.is_dir() { shm.to_owned() } else { std::env::temp_dir() };
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let folder = parent.join(format!("kafka-log-hostile-{}-{number}", std::process::id()));
    fs::create_dir_all(&folder).expect("a scratch folder can be made");
    folder
}

/// File names by kind, and options by kind of content.
pub const KINDS: &[&str] = &["log", "checkpoint", "index", "timeindex", "txnindex", "snapshot"];
/// The ways in which a log is dumped.
pub const OPTIONS: &[&[&str]] = &[
    &[],
    &["--deep-iteration"],
    &["--print-data-log"],
    &["--print-data-log", "--skip-record-metadata"],
    &["--offsets-decoder"],
    &["--transaction-log-decoder"],
    &["--cluster-metadata-decoder"],
    &["--remote-log-metadata-decoder"],
    &["--share-group-state-decoder"],
    &["--index-sanity-check"],
    &["--verify-index-only"],
    &["--max-bytes", "5000", "--deep-iteration"],
];

/// Options that Kafka's tool does not have; those in front ask for JSON.
const EXTENSIONS: &[&[&str]] = &[
    &["--output", "json"],
    &["--output", "json", "--print-data-log"],
    &["--output", "json", "--decode", "auto", "--resync"],
    &["--output", "json", "--cluster-metadata-decoder", "--strict"],
    &["--resync"],
    &["--resync", "--print-data-log", "--strict"],
    &["--strict", "--deep-iteration"],
    &["--print-data-log", "--redact", "--iso-timestamps"],
    &["--print-data-log", "--offset", "3..9", "--limit", "2"],
    &["--deep-iteration", "--since", "2026-01-01T00:00:00Z", "--threads", "3"],
];
const JSON: usize = 4;

/// First byte: kind of the file; second: options; third: where an index ends and the log beside it starts, in 1/256.
pub(super) fn dump(bytes: &[u8]) {
    let (file, said) = dump_with(bytes, OPTIONS);
    check(&file.path, &said);
}

/// As [`dump`], with our own options. JSON is JSON whatever the file holds.
pub(super) fn dump_extended(bytes: &[u8]) {
    let (file, said) = dump_with(bytes, EXTENSIONS);
    assert!(said.code <= if file.options.contains(&"--strict") { 3 } else { 1 });
    if EXTENSIONS[..JSON].contains(&file.options) {
        let text = std::str::from_utf8(&said.out).expect("JSON is UTF-8");
        for (i, line) in text.lines().enumerate() {
            let object: serde_json::Value = serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
            assert!(object["kind"].is_string(), "{line}");
            assert_eq!(object.get("schema_version").is_some(), i == 0, "{line}");
        }
        assert!(text.is_empty() || text.ends_with('\n'));
    }
}

/// A file that was dumped, and how.
struct Dumped {
    path: PathBuf,
    options: &'static [&'static str],
    _folder: Scratch,
}

fn dump_with(bytes: &[u8], options: &'static [&'static [&'static str]]) -> (Dumped, Said) {
    let mut dice = Dice(bytes);
    let kind = KINDS[usize::from(dice.byte()) % KINDS.len()];
    let options = options[usize::from(dice.byte()) % options.len()];
    let part = dice.0.len() * usize::from(dice.byte()) / 256;
    let folder = Scratch(scratch());
    let name = if kind == "checkpoint" { "00000000000000000007-0000000003" } else { "00000000000000000000" };
    let path = folder.0.join(format!("{name}.{kind}"));
    let beside = |kind: &str, bytes: &[u8]| {
        fs::write(folder.0.join(format!("{name}.{kind}")), bytes).expect("a file can be written");
    };
    let content = if kind.ends_with("index") && kind != "txnindex" {
        let index = dice.slice(part);
        beside("log", dice.0);
        beside("index", index);
        index
    } else {
        dice.0
    };
    fs::write(&path, content).expect("a file can be written");
    let said = run(&path, options);
    assert!(fs::read(&path).is_ok_and(|after| after == content), "the tool changed its file");
    (Dumped { path, options, _folder: folder }, said)
}

/// A folder that is removed with its content when it goes out of scope.
pub struct Scratch(pub PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
