//! Scripts that Kafka's log has answered: ours must answer the same, down to the hashes of its files.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a script that cannot be run fails the test")]

use std::fs;
use std::path::Path;
use std::process::Command;

use tests::answers::first_difference;
use tests::fixtures::root;

fn answers_as_kafka(script: &Path) {
    let work = Path::new(env!("CARGO_TARGET_TMPDIR")).join(script.file_stem().unwrap());
    fs::remove_dir_all(&work).ok();
    let ran = Command::new(env!("CARGO_BIN_EXE_log-script")).arg("run").args([script, &work]).output().unwrap();
    let kafka = fs::read_to_string(script.with_extension("out")).unwrap();
    let ours = String::from_utf8(ran.stdout).unwrap();
    let operations = fs::read_to_string(script).unwrap();
    if let Some(difference) = first_difference(&operations, &kafka, &ours).unwrap() {
        let said = String::from_utf8_lossy(&ran.stderr);
        panic!("{}:{}\n{}\n{said}", script.display(), difference.line, difference.values.join("\n"));
    }
    fs::remove_dir_all(&work).unwrap();
}

#[test]
fn a_log_answers_recorded_scripts_as_kafkas_log_does() {
    let mut scripts: Vec<_> =
        fs::read_dir(root().join("fixtures/engine")).unwrap().map(|e| e.unwrap().path()).collect();
    scripts.retain(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
    scripts.sort();
    assert!(!scripts.is_empty());
    for script in scripts {
        answers_as_kafka(&script);
    }
}
