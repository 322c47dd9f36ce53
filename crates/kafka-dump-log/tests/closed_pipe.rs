//! The reader of the output may close it at any time, as `head` does.

use std::io::{self, Write};

use tests::fixtures;

/// Takes some writes, then none any more.
struct Until {
    writes: usize,
    taken: Vec<u8>,
    kind: io::ErrorKind,
}

impl Write for Until {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writes = self.writes.checked_sub(1).ok_or(self.kind)?;
        self.taken.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Exit code, output and standard error of a dump of a log with gaps.
fn dump(writes: usize, kind: io::ErrorKind) -> (u8, Vec<u8>, String) {
    let log = fixtures::scenario("broker-compacted").join("test-scans.a0e-0/00000000000000000139.log");
    let args = ["--print-data-log".into(), "--files".into(), log.into_os_string()];
    let (mut out, mut err) = (Until { writes, taken: Vec::new(), kind }, Vec::new());
    let code = kafka_log_cli::dump::run(args.into_iter(), &mut out, &mut err);
    (code, out.taken, String::from_utf8_lossy(&err).into_owned())
}

#[test]
fn a_reader_that_goes_away_ends_the_run_without_a_word() {
    let (code, all, report) = dump(usize::MAX, io::ErrorKind::BrokenPipe);
    assert!(code == 0 && report.starts_with("Non-consecutive offsets in "), "{report}");
    for writes in 0.. {
        let (code, out, err) = dump(writes, io::ErrorKind::BrokenPipe);
        assert!(all.starts_with(&out));
        if out.len() == all.len() {
            assert!(writes > 1);
            break;
        }
        assert_eq!((code, err.as_str()), (0, ""), "after {writes} writes");
    }
}

#[test]
fn an_output_that_cannot_take_more_is_an_error() {
    let (code, _, err) = dump(1, io::ErrorKind::StorageFull);
    assert_eq!((code, err.as_str()), (1, "kafka-dump-log: standard output: no storage space\n"));
}
