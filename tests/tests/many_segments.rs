//! What is done for each segment does not depend on how many there are: a directory is listed as often for many as for few, and files are
//! opened and looked at in proportion.

#![expect(clippy::unwrap_used, reason = "a directory that cannot be made fails the test")]

use std::path::Path;
use std::sync::Arc;

use kafka_log::audit::Checkpoints;
use kafka_log::audit::predict::{Outcome, PredictOptions, Prediction, Stop, predict_partition};
use kafka_log::audit::{AuditOptions, PartitionReport, verify_partition};
use kafka_log::log::LogOptions;
use kafka_log::log::config::LogConfig;
use kafka_log::repair::{Options, plan_like_kafka, plan_partition};
use tests::counting::CountingFs;
use tests::hostile::tool::{Scratch, scratch};
use tests::segments::write_tiny;

/// Files open at the same time: a few, however many there are.
const OPEN_MAX: u64 = 16;

/// Directories listed, and files opened and looked at.
fn counted(work: impl FnOnce(&CountingFs)) -> (u64, u64) {
    let counting = CountingFs::default();
    work(&counting);
    assert!(counting.open_max() <= OPEN_MAX, "{} files were open at the same time", counting.open_max());
    (counting.lists(), counting.look_ups())
}

fn verify(fs: &CountingFs, dir: &Path) {
    verify_partition(fs, dir, &AuditOptions::default()).unwrap();
}

/// What the next start makes of a partition, and what is there before.
fn predicted(fs: &CountingFs, dir: &Path, stop: Stop, log_start_offset: i64) -> (PartitionReport, Prediction) {
    let before = verify_partition(&CountingFs::default(), dir, &AuditOptions::default()).unwrap();
    let config = Arc::new(LogConfig::default());
    let options = PredictOptions { stop, config, log_start_offset, recovery_point: 0, now_ms: 0, and_close: true };
    let prediction = predict_partition(fs, dir, &before, &options).unwrap();
    assert!(matches!(prediction.outcome, Outcome::Opens(_)), "{:?}", prediction.outcome);
    (before, prediction)
}

fn predict(fs: &CountingFs, dir: &Path) {
    for stop in [Stop::Clean, Stop::Unclean] {
        let (_, prediction) = predicted(fs, dir, stop, 0);
        assert_eq!(prediction.lost, []);
    }
}

/// By its checkpoint the log starts after its end, so Kafka deletes all segments.
fn predict_deletion(fs: &CountingFs, dir: &Path) {
    let (before, prediction) = predicted(fs, dir, Stop::Unclean, 1_000_000);
    assert_eq!(prediction.lost.len(), before.segments.len());
}

fn plan(fs: &CountingFs, dir: &Path) {
    let plan = plan_partition(fs, dir, &Checkpoints::default(), &Options::default()).unwrap();
    assert!(!plan.is_empty());
}

fn like_kafka(fs: &CountingFs, dir: &Path) {
    let (plan, _) = plan_like_kafka(fs, dir, LogOptions { refuse_like_kafka: true, ..LogOptions::default() }).unwrap();
    assert!(!plan.is_empty());
}

type Work = fn(&CountingFs, &Path);

#[test]
fn twice_as_many_segments_take_no_more_listings_and_twice_as_many_look_ups() {
    let works: [(&str, Work); 5] = [
        ("verify", verify),
        ("predict", predict),
        ("plan", plan),
        ("plan like Kafka", like_kafka),
        ("predict a deletion", predict_deletion),
    ];
    let scratch = Scratch(scratch());
    let dir = |count: u32| scratch.0.join(format!("tiny-{count}"));
    for count in [100, 200, 400] {
        write_tiny(&dir(count), count).unwrap();
    }
    for (name, work) in works {
        let [few, twice, more] = [100, 200, 400].map(|count| counted(|fs| work(fs, &dir(count))));
        assert_eq!((few.0, few.0), (twice.0, more.0), "{name}: directories listed");
        // What does not depend on their number falls out of the differences.
        assert_eq!(2 * (twice.1 - few.1), more.1 - twice.1, "{name}: files opened and looked at");
    }
}
