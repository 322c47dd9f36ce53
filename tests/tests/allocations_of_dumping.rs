//! Dumping uncompressed batches as text allocates nothing per record or batch.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use tests::allocations::{Counting, allocations_of_all_threads};
use tests::segments::batches;

#[global_allocator]
static COUNTING: Counting = Counting;

/// Counts what it is given and keeps none of it.
#[derive(Default)]
struct Lines(usize);

impl std::io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.iter().filter(|b| **b == b'\n').count();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Allocations of a dump of a segment with this many batches, and the lines printed.
fn dump(segment: &Path, options: &[&str]) -> (usize, usize) {
    let args: Vec<OsString> =
        [OsString::from("--files"), segment.into()].into_iter().chain(options.iter().map(OsString::from)).collect();
    let (mut out, mut err) = (Lines::default(), Lines::default());
    let (count, code) = allocations_of_all_threads(|| kafka_log_cli::dump::run(args.into_iter(), &mut out, &mut err));
    assert_eq!((code, err.0), (0, 0));
    (count, out.0)
}

/// One test: dumping works on several threads, and the count is that of the process.
#[test]
fn ten_times_the_records_are_dumped_without_more_allocations() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let [small, large] = [100, 1000].map(|count| {
        let below = folder.join(format!("allocations-{count}"));
        fs::create_dir_all(&below).unwrap();
        let segment = below.join("00000000000000000000.log");
        fs::write(&segment, batches(count, 100).unwrap()).unwrap();
        segment
    });
    for options in [&[][..], &["--deep-iteration"], &["--deep-iteration", "--print-data-log"]] {
        let _ = dump(&small, options);
        let (few, few_lines) = dump(&small, options);
        let (many, lines) = dump(&large, options);
        assert_eq!(lines - 2, 10 * (few_lines - 2), "all but the two lines on top");
        // How often the buffers of lines are doubled before they have the size they need hangs on how the threads take
        // turns: from nothing to 2 MiB is 22 times at most, for each of two buffers of each thread.
        let threads = std::thread::available_parallelism().map_or(1, |n| n.get());
        let doubling = 2 * 22 * threads;
        assert!(many <= few + doubling, "{options:?}: {few} allocations, with ten times the records {many}");
    }
}
