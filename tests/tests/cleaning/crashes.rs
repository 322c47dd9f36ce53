//! The power fails in the middle of a round of cleaning, at every single change of the disk: what the log must have, it has.

use tests::sim::{Crash, Fault, SimFs};

use crate::support::{RECORDS, clean, compacted, filled, open, read_all};

#[test]
fn power_failures_during_a_round_lose_no_key() {
    let changes = {
        let fs = SimFs::new(1);
        let (log, _) = filled(&fs);
        let before = fs.changes();
        clean(&log).unwrap();
        fs.changes() - before
    };
    assert!(changes > 20, "{changes}");
    for call in 1..=changes + 1 {
        let fs = SimFs::new(call);
        let (log, records) = filled(&fs);
        fs.fail_change(fs.changes() + call, Fault::PowerOff);
        let cleaned = clean(&log);
        assert_eq!(cleaned.is_ok(), call > changes, "{call}: {cleaned:?}");
        assert_eq!(fs.complaints(), Vec::<String>::new());
        let wanted = compacted(&records);
        for crash in Crash::ALL {
            for seed in 0..if crash == Crash::Killed || crash == Crash::Synced { 1 } else { 3 } {
                let fs = fs.crash(crash, seed);
                let log = open(&fs, RECORDS);
                let place = format!("call {call}, {crash:?}, seed {seed}");
                assert_eq!((log.log_start_offset(), log.log_end_offset()), (0, RECORDS), "{place}");
                let found = read_all(&log);
                assert!(found.is_sorted_by_key(|record| record.0), "{place}");
                assert!(found.iter().all(|record| records.contains(record)), "{place}");
                assert!(wanted.iter().all(|record| found.contains(record)), "{place}");
                if cleaned.is_ok() {
                    assert_eq!(found, wanted, "{place}");
                }
                // And the next round does the rest.
                log.update_high_watermark(RECORDS).unwrap();
                clean(&log).unwrap();
                assert_eq!(read_all(&log), wanted, "{place}");
            }
        }
    }
}
