//! `kafka-log extract`: which batches are copied.

#![expect(clippy::unwrap_used, reason = "a test that cannot run has failed")]

use std::path::PathBuf;

use kafka_log_cli::tool::{self, Terminals};
use tests::fixtures;
use tests::hostile::tool::{Scratch, scratch};

/// Extracts a range of the partition that the README shows; returns the exit code and what is said.
fn extract(range: &[&str]) -> (u8, String) {
    let to = Scratch(scratch());
    let source = fixtures::root().join("fixtures/orders-0");
    let target: PathBuf = to.0.join("copy");
    let args = ["kafka-log", "extract", "--to"].map(Into::into).into_iter().chain([target.into_os_string()]);
    let args = args.chain(range.iter().map(Into::into)).chain([source.into_os_string()]);
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let code = tool::run(args, &mut out, &mut err, Terminals::default());
    (code, String::from_utf8([out, err].concat()).unwrap())
}

#[test]
fn ranges_are_written_as_for_a_dump_and_batches_copied_whole() {
    // Batches of offsets 0 to 2, 3 to 8 and more; the second has timestamps from 1795416010403 to 1795416010432.
    for (range, offsets) in [
        (&["--offset", "0..3"][..], "1 batches, 403 bytes, offsets 0 to 2"),
        (&["--offset", "..=3"], "2 batches, 687 bytes, offsets 0 to 8"),
        (&["--offset", "5"], "1 batches, 284 bytes, offsets 3 to 8"),
        (&["--until", "1795416010403"], "1 batches, 403 bytes, offsets 0 to 2"),
        (&["--until", "2026-11-23T06:40:10.404Z"], "2 batches, 687 bytes, offsets 0 to 8"),
        (&["--since", "1795416010403", "--offset", "..6"], "1 batches, 284 bytes, offsets 3 to 8"),
        (&["--since", "-2000w", "--offset", "..3"], "1 batches, 403 bytes, offsets 0 to 2"),
        (&["--until", "-9223372036854775808"], "no batches"),
    ] {
        let (code, said) = extract(range);
        assert_eq!(code, 0, "{range:?}: {said}");
        assert!(said.trim_end().ends_with(offsets), "{range:?}: {said}");
    }
}

#[test]
fn a_range_that_makes_no_sense_is_a_wrong_command_line() {
    for range in [["--offset", "8..5"], ["--offset", "5-8"], ["--since", "+2h"], ["--until", "yesterday"]] {
        let (code, said) = extract(&range);
        assert_eq!(code, 3, "{range:?}: {said}");
        assert!(said.contains(range[0]), "{said}");
    }
}
