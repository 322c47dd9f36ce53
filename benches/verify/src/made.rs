//! A log directory to verify, made with the engine, as a running broker has it.

use std::error::Error;
use std::fs::{self, File};
use std::path::Path;

use kafka_log::fs::OsFs;
use kafka_log::log::{LeaderAppend, Log, LogOptions};
use tests::segments::single;

/// `segment.index.bytes` by default, in whole entries.
const INDEXES: [(&str, u64); 2] = [("index", 10_485_760), ("timeindex", 10_485_756)];
const NOW_MS: i64 = 1_700_000_000_000;
const BASE: &str = "00000000000000000000";

/// A log directory of a broker that is running: each partition has 15 KiB of batches in one segment, with indexes of 10 MiB, all but a
/// few bytes of them holes.
pub(crate) fn live(dir: &Path, partitions: u32) -> Result<(), Box<dyn Error>> {
    let first = dir.join("live-0");
    let (log, _) = Log::open(OsFs, &first, LogOptions { now_ms: NOW_MS, ..LogOptions::default() })?;
    for _ in 0..15 {
        log.append_as_leader(&single(0, &[b'v'; 950])?, LeaderAppend::from_client(0), NOW_MS)?;
    }
    log.flush(true, NOW_MS)?;
    drop(log);
    for (extension, bytes) in INDEXES {
        File::options().write(true).open(first.join(format!("{BASE}.{extension}")))?.set_len(bytes)?;
    }
    let mut checkpoint = format!("0\n{partitions}\nlive 0 0\n");
    for number in 1..partitions {
        let other = dir.join(format!("live-{number}"));
        fs::create_dir_all(&other)?;
        for entry in fs::read_dir(&first)? {
            let entry = entry?;
            // A plain copy would store the zeros.
            let len = entry.metadata()?.len();
            let (from, to) = (entry.path(), other.join(entry.file_name()));
            if len < 1 << 20 {
                fs::copy(from, to)?;
                continue;
            }
            let used = fs::read(&from)?;
            let used = &used[..used.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1)];
            fs::write(&to, used)?;
            File::options().write(true).open(&to)?.set_len(len)?;
        }
        checkpoint += &format!("live {number} 0\n");
    }
    fs::write(dir.join("recovery-point-offset-checkpoint"), checkpoint)?;
    Ok(())
}
