//! A repair as root of what belongs to the user that a broker runs as: the broker can open, replace and delete all that the
//! repair leaves, or the next deletion of the topic takes its log directory offline.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a failing step fails the test")]

mod support;

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use support::{Temp, damaged_log_dir, files, live, run, tool};

/// The user and the group of the broker: none that the machine knows.
const BROKER: (u32, u32) = (54_321, 54_322);
const DIR_MODE: u32 = 0o750;
const FILE_MODE: u32 = 0o640;

/// A damaged log directory of the broker; `None`, with the reason printed, unless the test runs as root.
fn log_dir_of_broker(name: &str) -> Option<Temp> {
    let temp = Temp::new(name);
    if fs::metadata(temp.path("")).unwrap().uid() != 0 {
        eprintln!("not tested: only root can make files of another user");
        return None;
    }
    damaged_log_dir(&temp.path("data"));
    // So that the log directory has something to repair, too.
    fs::write(temp.path("data/cleaner-offset-checkpoint"), "garbage").unwrap();
    for path in all(&temp.path("data")) {
        let mode = if path.is_dir() { DIR_MODE } else { FILE_MODE };
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        chown(&path, Some(BROKER.0), Some(BROKER.1)).unwrap();
    }
    fs::set_permissions(temp.path(""), Permissions::from_mode(0o755)).unwrap();
    Some(temp)
}

/// A directory with all below it.
fn all(dir: &Path) -> Vec<PathBuf> {
    let mut found = vec![dir.to_owned()];
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(all(&path)) } else { found.push(path) }
    }
    found
}

fn check_owners(dir: &Path) {
    for path in all(dir) {
        let found = fs::metadata(&path).unwrap();
        assert_eq!((found.uid(), found.gid()), BROKER, "{path:?}");
        let expected = if found.is_dir() { DIR_MODE } else { FILE_MODE };
        assert_eq!(found.mode() & 0o7777, expected, "{path:?}: {:o}", found.mode());
    }
}

fn as_user(mut command: Command, (uid, gid): (u32, u32)) -> Command {
    command.uid(uid).gid(gid);
    command
}

/// `command` with a mask that leaves others nothing, as a careful administrator has it.
fn with_umask(mask: &str, command: &Command) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("umask {mask} && exec \"$0\" \"$@\"")]).arg(command.get_program());
    shell.args(command.get_args());
    shell
}

#[test]
fn a_broker_deletes_what_root_has_repaired() {
    for mask in ["077", "022", "000"] {
        let Some(temp) = log_dir_of_broker("owners-delete") else { return };
        let data = temp.path("data");
        // Without any index and epoch file new ones are made.
        fs::remove_file(data.join("orders-0/leader-epoch-checkpoint")).unwrap();
        let (code, said) = run(with_umask(mask, &tool("repair", &["--apply"], &[&data])));
        assert_eq!(code, 1, "{said}");
        assert!(data.join("orders-0/leader-epoch-checkpoint").exists());
        assert!(data.join(".kafka-log-repair.1.journal").exists());
        check_owners(&data);
        let mut delete = Command::new("rm");
        delete.arg("-rf").arg(data.join("orders-0"));
        let (code, said) = run(as_user(delete, BROKER));
        assert_eq!(code, 0, "umask {mask}: {said}");
        assert!(!data.join("orders-0").exists());
    }
}

#[test]
fn a_broker_takes_back_what_root_has_repaired() {
    let Some(temp) = log_dir_of_broker("owners-undo") else { return };
    let data = temp.path("data");
    let before = live(&data);
    // The tool itself may lie where only root can go.
    let binary = temp.path("kafka-log");
    fs::copy(env!("CARGO_BIN_EXE_kafka-log"), &binary).unwrap();
    assert_eq!(run(with_umask("077", &tool("repair", &["--apply"], &[&data]))).0, 1);
    let mut undo = Command::new(binary);
    undo.args(["repair", "--undo"]).arg(&data);
    let (code, said) = run(as_user(undo, BROKER));
    assert_eq!(code, 1, "{said}");
    assert_eq!(files(&data), before);
    check_owners(&data);
}

#[test]
fn a_user_who_cannot_give_files_to_the_broker_changes_nothing() {
    let Some(temp) = log_dir_of_broker("owners-other") else { return };
    let data = temp.path("data");
    for path in all(&data) {
        fs::set_permissions(&path, Permissions::from_mode(if path.is_dir() { 0o777 } else { 0o666 })).unwrap();
    }
    let binary = temp.path("kafka-log");
    fs::copy(env!("CARGO_BIN_EXE_kafka-log"), &binary).unwrap();
    let before = files(&data);
    let mut apply = Command::new(binary);
    apply.args(["repair", "--apply"]).arg(&data);
    let (code, said) = run(as_user(apply, (BROKER.0 + 10, BROKER.1)));
    assert_eq!(code, 3, "{said}");
    assert!(said.contains("cannot set the owner of"), "{said}");
    assert_eq!(files(&data), before);
    assert!(!data.join("orders-0/.kafka-log-repair").exists());
}

#[test]
fn what_is_extracted_belongs_to_the_owner_of_its_source() {
    let Some(temp) = log_dir_of_broker("owners-extract") else { return };
    let command = tool("extract", &["--to"], &[&temp.path("copy"), &temp.path("data/orders-0")]);
    let (code, said) = run(with_umask("077", &command));
    assert_eq!(code, 2, "the source has damage: {said}");
    check_owners(&temp.path("copy/orders-0"));
}
