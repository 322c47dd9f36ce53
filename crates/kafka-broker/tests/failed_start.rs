//! A start that fails when everything is loaded leaves the log directories as clean as they were.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a broker that cannot be started fails the test")]

mod support;

use std::path::Path;
use std::process::Command;

use kafka_thin_client::Client;
use support::{Process, client_config, create_topic};

/// The broker can have that many files.
const WITH_FEW_FILES: &str = "ulimit -n 128; exec \"$0\" \"$@\"";

fn is_clean(dir: &Path) -> bool {
    dir.join(".kafka_cleanshutdown").exists()
}

#[test]
fn a_failed_start_leaves_a_clean_directory_clean() {
    let temporary = tempfile::tempdir().unwrap();
    let dir = temporary.path().join("data");
    let port = support::free_port();
    let settings = [format!("log.dirs={}", dir.display()), format!("listeners=PLAINTEXT://127.0.0.1:{port}")];
    let mut broker = Process::start("exec \"$0\" \"$@\"", &settings);
    broker.wait_until_ready();
    create_topic(&mut Client::new(client_config(port)).unwrap(), "t", 2, &[]).unwrap();
    assert!(broker.terminate().success());
    assert!(is_clean(&dir));

    // Each event loop has two files.
    let overrides = settings.iter().map(String::as_str).chain(["num.network.threads=200"]);
    let failed = Command::new("sh")
        .args(["-c", WITH_FEW_FILES, env!("CARGO_BIN_EXE_kafka-broker"), "--log-level", "error"])
        .args(overrides.flat_map(|setting| ["--override", setting]))
        .output()
        .unwrap();
    assert_eq!(failed.status.code(), Some(1), "{}", String::from_utf8_lossy(&failed.stderr));
    assert!(is_clean(&dir), "{}", String::from_utf8_lossy(&failed.stderr));

    let mut broker = Process::start("exec \"$0\" \"$@\"", &settings);
    broker.wait_until_ready();
    assert!(!is_clean(&dir), "in use");
    broker.kill();
}
