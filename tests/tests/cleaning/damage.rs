//! Bits that turned over at rest: a round ends with an answer, and never with less than what it could read.

use std::path::Path;

use kafka_log::fs::{Fs, FsFile, OpenMode};
use kafka_log::log::Log;
use tests::Random;
use tests::sim::SimFs;

use crate::support::{DIR, RECORDS, clean, filled, options};

#[test]
fn damaged_segments_and_indexes_are_cleaned_or_refused() {
    let (mut cleaned, mut refused) = (0, 0);
    for seed in 0..300 {
        let fs = SimFs::new(seed);
        let (log, _) = filled(&fs);
        log.close().unwrap();
        let mut random = Random::new(seed);
        let names: Vec<_> = fs.read_dir(Path::new(DIR)).unwrap().into_iter().map(|entry| entry.name).collect();
        let names: Vec<_> = names.iter().filter(|name| name.ends_with("log") || name.ends_with("index")).collect();
        for _ in 0..1 + random.below(3) {
            let path = Path::new(DIR).join(names[random.below(names.len())]);
            let len = fs.open(&path, OpenMode::Read).unwrap().len().unwrap() as usize;
            if len > 0 {
                fs.rot(&path, random.below(len), 1 << random.below(8));
            }
        }
        let Ok((log, _)) = Log::open(fs.clone(), Path::new(DIR), options(RECORDS, true)) else { continue };
        if log.update_high_watermark(log.log_end_offset()).is_err() {
            continue;
        }
        match clean(&log) {
            Ok(_) => cleaned += 1,
            Err(_) => refused += 1,
        }
        let names = fs.read_dir(Path::new(DIR)).unwrap();
        assert!(names.iter().all(|entry| !entry.name.ends_with(".cleaned")), "{seed}: {names:?}");
    }
    assert!(cleaned > 50 && refused > 20, "{cleaned} cleaned, {refused} refused");
}
