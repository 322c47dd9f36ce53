//! Several repairs of one partition at the same moment: one works, the others are refused or come later, and no original
//! byte is lost.

#![expect(clippy::unwrap_used, reason = "a failing step fails the test")]

mod support;

use std::collections::BTreeSet;
use std::process::{Output, Stdio};

use support::{Temp, damaged_partition, files, live, repair, tool};

/// Rounds; `SIMULTANEOUS_ROUNDS` sets another number.
fn rounds() -> usize {
    std::env::var("SIMULTANEOUS_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(6)
}

#[test]
fn repairs_of_one_partition_exclude_each_other() {
    for round in 0..rounds() {
        let temp = Temp::new("simultaneous-repairs");
        // With the name of a partition the parent is taken for a log directory, and its lock serves as well.
        let dir = temp.path(if round % 4 < 3 { "lone" } else { "orders-0" });
        damaged_partition(&dir);
        let before = live(&dir);

        let spawn = |_| {
            let mut command = tool("repair", &["--apply"], &[&dir]);
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        };
        let children: Vec<_> = (0..3).map(spawn).collect();
        let mut repaired = 0;
        for child in children {
            let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
            let said = String::from_utf8_lossy(&stdout).into_owned() + &String::from_utf8_lossy(&stderr);
            match status.code() {
                Some(0) => {}
                Some(1) => repaired += 1,
                Some(3) => {
                    assert!(said.contains("another repair of") || said.contains("is locked"), "round {round}: {said}");
                }
                code => panic!("round {round}: {code:?}: {said}"),
            }
        }
        assert_eq!(repaired, 1, "round {round}");
        let kept: BTreeSet<Vec<u8>> = files(&dir).into_values().collect();
        for (name, bytes) in &before {
            assert!(kept.contains(bytes), "round {round}: {name} is in the quarantine or where it was");
        }

        if round % 2 == 0 {
            assert_eq!(repair(&["--undo", "--force"], &dir).0, 1, "round {round}");
            assert_eq!(live(&dir), before, "round {round}: an undo restores every byte");
            assert_eq!(files(&dir), before, "round {round}: and leaves nothing else");
        }
    }
}
