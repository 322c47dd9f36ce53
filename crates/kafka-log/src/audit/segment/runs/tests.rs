use std::fs;
use std::path::{Path, PathBuf};

use fastrand::Rng;

use super::*;
use crate::audit::partition::{Checkpoints, audit_with};
use crate::audit::segment::{Hold, read_each};
use crate::audit::{AuditOptions, Level};
use crate::compression::Compressor;
use crate::format::batch::PARTITION_LEADER_EPOCH;
use crate::format::builder::{BatchFields, RecordBatchBuilder};
use crate::fs::overlay::OverlayFs;
use crate::fs::{Fs, FsFile, OpenMode, OsFs, read_whole};
use crate::log::{Log, LogOptions};
use crate::repair::{Options, PartitionPlan, plan_audited, plan_partition};
use crate::segment::batch::Batches;

/// Batches in each segment.
const BATCHES: i64 = 900;

/// A partition of three segments of small batches, with producers, gaps and two leader epochs, and its indexes.
fn partition(name: &str) -> PathBuf {
    let dir = std::env::temp_dir().join(format!("runs-{name}-{}", std::process::id())).join("t-0");
    let _ = fs::remove_dir_all(&dir);
    fs::create_dir_all(&dir).unwrap();
    let mut offset = 0;
    let mut sequences = [0; 3];
    for segment in 0..3_i32 {
        let mut log = Vec::new();
        let base = offset;
        for i in 0..BATCHES {
            let count = 1 + i % 3;
            let producer = (i % 4) as usize;
            let mut fields = BatchFields {
                base_offset: offset,
                partition_leader_epoch: if segment == 1 { 1 + i32::from(i > 500) } else { segment },
                ..BatchFields::default()
            };
            if let Some(sequence) = sequences.get_mut(producer) {
                (fields.producer_id, fields.producer_epoch, fields.base_sequence) = (producer as i64, 0, *sequence);
                *sequence += count as i32;
            }
            let mut builder = RecordBatchBuilder::new(fields);
            for record in 0..count {
                let timestamp = 1_700_000_000_000 + offset * 7 % 5_000;
                builder.append(offset + record, timestamp, None, Some(b"value of a small record"), &[]).unwrap();
            }
            builder.finish(&mut Compressor::new(), &mut log).unwrap();
            offset += count + i64::from(segment == 2 && i % 50 == 49);
        }
        fs::write(dir.join(format!("{base:020}.log")), log).unwrap();
    }
    let options = LogOptions { had_clean_shutdown: false, now_ms: 1_700_000_000_000, ..LogOptions::default() };
    Log::open(OsFs, &dir, options).unwrap().0.close().unwrap();
    dir
}

fn damage(fs: &OverlayFs<OsFs>, dir: &Path, random: &mut Rng) {
    let names: Vec<String> = fs.read_dir(dir).unwrap().into_iter().map(|entry| entry.name).collect();
    let logs: Vec<&String> = names.iter().filter(|name| name.ends_with(".log")).collect();
    let path = dir.join(random.choice(&logs).unwrap());
    let bytes = read_whole(fs, &path).unwrap().unwrap();
    let file = fs.open(&path, OpenMode::Write).unwrap();
    let starts: Vec<u64> = Batches::new(&bytes).map_while(Result::ok).map(|batch| batch.position).collect();
    let batch = random.choice(&starts).copied().unwrap_or(0);
    let put = |at: u64, value: u8| file.write_all_at(&[value], at).unwrap();
    match random.u64(..8) {
        0 => put(batch + 80, 0xff),
        // Base offset, length, epoch, magic.
        1 => put(batch + 5 + random.u64(..3), random.u64(..256) as u8),
        2 => put(batch + 8 + random.u64(..4), random.u64(..256) as u8),
        3 => put(batch + PARTITION_LEADER_EPOCH as u64 + 3, random.u64(..5) as u8),
        4 => put(batch + 16, random.u64(..5) as u8),
        5 => {
            let len = random.u64(..30_000) as usize;
            let len = len.min(bytes.len().saturating_sub(batch as usize));
            file.write_all_at(&vec![0; len], batch).unwrap();
        }
        6 => file.set_len(batch + random.u64(..40)).unwrap(),
        _ => {
            let path = dir.join(random.choice(&names).unwrap());
            let len = fs.metadata(&path).unwrap().len;
            let open = fs.open(&path, OpenMode::Write).unwrap();
            open.write_all_at(&[random.u64(..256) as u8], random.u64(..len.max(1))).unwrap();
        }
    }
}

fn plan<F: Fs>(fs: &F, dir: &Path, keeps_each: bool) -> PartitionPlan {
    let options = Options::default();
    if !keeps_each {
        return plan_partition(fs, dir, &Checkpoints::default(), &options).unwrap();
    }
    let how = AuditOptions { level: Level::Deep, ..AuditOptions::default() };
    let audit = audit_with(fs, dir, &Checkpoints::default(), &how, Hold::Each).unwrap();
    plan_audited(fs, audit, Vec::new(), &options).unwrap()
}

#[test]
fn a_plan_with_stretches_is_the_same_as_one_that_keeps_each_batch() {
    let dir = partition("same");
    assert!(plan(&OsFs, &dir, false).changes.is_empty());
    for seed in 0..100 {
        let mut random = Rng::with_seed(seed);
        let fs = OverlayFs::new(OsFs);
        for _ in 0..=random.u64(..3) {
            damage(&fs, &dir, &mut random);
        }
        let (with, without) = (plan(&fs, &dir, false), plan(&fs, &dir, true));
        assert!(
            with == without,
            "seed {seed}:\n{:?}\n{:?}\n{:?}\n{:?}",
            with.lost,
            without.lost,
            with.notes,
            without.notes
        );
    }
    fs::remove_dir_all(dir.parent().unwrap()).unwrap();
}

/// Writes a leader epoch into some batches of a log.
fn set_epochs(fs: &OverlayFs<OsFs>, path: &Path, batches: std::ops::Range<usize>, epoch: u8) {
    let bytes = read_whole(fs, path).unwrap().unwrap();
    let file = fs.open(path, OpenMode::Write).unwrap();
    for batch in Batches::new(&bytes).skip(batches.start).take(batches.len()) {
        let at = batch.unwrap().position + PARTITION_LEADER_EPOCH as u64;
        file.write_all_at(&[0, 0, 0, epoch], at).unwrap();
    }
}

#[test]
fn epochs_that_have_sunk_are_restored_by_one_plan_however_many_they_are() {
    let dir = partition("sunk");
    let base = 2 * (BATCHES * 2);
    let log = dir.join(format!("{base:020}.log"));
    for sunk in [10..11, 10..14, 200..700] {
        let fs = OverlayFs::new(OsFs);
        // The one after them proves nothing before it is restored itself.
        set_epochs(&fs, &log, sunk.clone(), 1);
        set_epochs(&fs, &log, sunk.end..sunk.end + 1, 7);
        let first = plan(&fs, &dir, false);
        assert_eq!(first.restored.len(), sunk.len() + 1);
        crate::repair::apply(&fs, &dir, false, &first.changes).unwrap();
        assert!(plan(&fs, &dir, false).changes.is_empty());
    }
    fs::remove_dir_all(dir.parent().unwrap()).unwrap();
}

#[test]
fn a_long_stretch_is_a_few_batches_and_shows_all_of_them() {
    let dir = partition("few");
    let path = dir.join("00000000000000000000.log");
    let all = read_each(&OsFs, &path, 0, &AuditOptions::default()).batches;
    let mut runs = Runs::new(0..i64::MAX);
    let mut few = Vec::new();
    all.iter().for_each(|batch| runs.push(&mut few, batch.clone()));
    assert!(few.len() < 4 * KEPT && all.len() == BATCHES as usize, "{}", few.len());
    assert_eq!(few.iter().map(|batch| batch.batches as usize).sum::<usize>(), all.len());
    let file = OsFs.open(&path, OpenMode::Read).unwrap();
    let mut shown = Vec::new();
    few.iter().for_each(|batch| each(&file, &path, batch, &mut |one| shown.push(format!("{one:?}"))).unwrap());
    assert_eq!(shown, all.iter().map(|one| format!("{one:?}")).collect::<Vec<_>>());
    fs::remove_dir_all(dir.parent().unwrap()).unwrap();
}
