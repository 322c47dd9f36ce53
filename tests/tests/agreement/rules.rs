//! Damages that were once judged in two ways, each by itself.

use std::path::{Path, PathBuf};

use kafka_log::audit::{Code, Verdict};
use kafka_log::fs::{Fs, read_whole};
use kafka_log::segment::batch::Batches;

use super::folder::{Folder, LOG_DIR, write};
use super::plan::{Planned, carry_out, judge, plan};
use super::promises;

fn path(folder: &Folder, name: &str) -> PathBuf {
    folder.path.join(name)
}

fn bytes(folder: &Folder, name: &str) -> Vec<u8> {
    read_whole(&folder.fs, &path(folder, name)).expect("files in memory can be read").expect("a file")
}

fn verdict(folder: &Folder) -> Verdict {
    judge(folder).expect("a folder to verify").report.verdict()
}

/// The plan, after everything that must hold of it was checked.
fn planned(folder: &Folder) -> Planned {
    let planned = plan(folder).expect("a folder to repair");
    assert_eq!(promises::check(folder), Ok(()));
    planned
}

fn changed(planned: &Planned) -> Vec<String> {
    let names = planned.changed().filter_map(|path| Some(path.file_name()?.to_string_lossy().into_owned()));
    names.collect()
}

/// First offset, position and length of each batch of a log file.
fn batches(log: &[u8]) -> Vec<(i64, usize, usize)> {
    let mut at = 0;
    let of = |bytes: &[u8]| i64::from_be_bytes(bytes[..8].try_into().expect("eight bytes"));
    let each = Batches::new(log).map_while(Result::ok).map(|batch| {
        let found = (of(batch.as_bytes()), at, batch.as_bytes().len());
        at += found.2;
        found
    });
    each.collect()
}

#[test]
fn a_segment_under_another_name_keeps_its_batches() {
    for name in ["00000000000000000090.log", "00000000000000000075.log"] {
        let folder = Folder::of("broker-codec-lz4", "live-prices.d3b-0");
        let log = bytes(&folder, "00000000000000000081.log");
        let from = path(&folder, "00000000000000000081.log");
        folder.fs.rename(&from, &path(&folder, name)).expect("files in memory can be renamed");
        let planned = planned(&folder);
        assert_eq!(planned.lost, [], "{name}");
        carry_out(&folder, &planned).expect("files in memory can be written");
        assert_eq!(bytes(&folder, "00000000000000000081.log"), log, "{name}");
    }
}

#[test]
fn offsets_that_an_index_has_and_the_log_has_not_are_lost() {
    let folder = Folder::of("broker-compacted", "test-scans.a0e-0");
    let name = "00000000000000000142.log";
    let mut log = bytes(&folder, name);
    let (_, at, len) = batches(&log)[1];
    log.drain(at..at + len);
    write(&folder.fs, &path(&folder, name), &log);
    let planned = planned(&folder);
    let lost: Vec<_> = planned.lost.iter().map(|(_, lost)| lost.offsets).collect();
    assert_eq!(lost, [Some((143, Some(146)))]);
}

#[test]
fn a_swap_in_place_of_its_original_is_finished_once() {
    let folder = Folder::of("broker-transactions", "edge.emails.ec9-0");
    let (name, swap) = ("00000000000000000071.log", "00000000000000000071.log.swap");
    folder.fs.rename(&path(&folder, name), &path(&folder, swap)).expect("files in memory can be renamed");
    let planned = planned(&folder);
    let mut names = changed(&planned);
    names.sort();
    let all = names.len();
    names.dedup();
    assert_eq!(names.len(), all, "one change for each file: {names:?}");
}

#[test]
fn a_file_with_a_word_for_a_name_is_set_aside_and_no_damage_remains() {
    let folder = Folder::of("broker-recompress", "old-carts.909-0");
    write(&folder.fs, &path(&folder, "orders.log"), b"");
    let planned = planned(&folder);
    assert_eq!((changed(&planned), planned.remaining), (vec!["orders.log".to_owned()], Vec::new()));
}

#[test]
fn what_a_cleaning_did_not_finish_is_nothing_to_repair() {
    let folder = Folder::of("broker-compacted", "test-scans.a0e-0");
    write(&folder.fs, &path(&folder, "00000000000000000000.log.cleaned"), b"not yet");
    assert_eq!(verdict(&folder), Verdict::Clean);
    assert_eq!(planned(&folder).changes, []);
}

#[test]
fn zeros_between_two_segments_of_the_metadata_log_are_cut() {
    let folder = Folder::node(&[("broker-leader-epochs", "main-tickets.75a-0")]);
    let name = "__cluster_metadata-0/00000000000000000000.log";
    let log = bytes(&folder, name);
    let longer = [log.as_slice(), &[0; 977]].concat();
    write(&folder.fs, &path(&folder, name), &longer);
    assert_eq!(verdict(&folder), Verdict::Damaged);
    let planned = planned(&folder);
    assert_eq!(planned.remaining, []);
    carry_out(&folder, &planned).expect("files in memory can be written");
    assert_eq!(bytes(&folder, name), log);
}

#[test]
fn a_batch_that_goes_on_where_the_one_before_it_ends_is_kept_whatever_follows() {
    let folder = Folder::of("broker-recompress", "old-carts.909-0");
    let name = "00000000000000000000.log";
    let log = bytes(&folder, name);
    let last: Vec<_> = batches(&log).into_iter().rev().take(3).collect();
    let again: Vec<u8> = last.iter().flat_map(|&(_, at, len)| log[at..at + len].to_vec()).collect();
    write(&folder.fs, &path(&folder, name), &[log.as_slice(), &again].concat());
    let planned = planned(&folder);
    carry_out(&folder, &planned).expect("files in memory can be written");
    assert_eq!(bytes(&folder, name), log);
}

#[test]
fn a_marker_that_is_put_back_is_the_one_that_the_next_snapshot_knows() {
    let folder = Folder::of("broker-transactions", "edge.emails.ec9-0");
    let name = "00000000000000000165.log";
    let log = bytes(&folder, name);
    write(&folder.fs, &path(&folder, name), &log[..log.len() - 116]);
    let planned = planned(&folder);
    assert!(!changed(&planned).iter().any(|name| name.ends_with(".snapshot")), "{:?}", changed(&planned));
}

#[test]
fn the_content_of_a_segment_gets_its_name_back_from_a_file_of_zeros() {
    let folder = Folder::of("broker-codec-lz4", "live-prices.d3b-0");
    let log = bytes(&folder, "00000000000000000165.log");
    write(&folder.fs, &path(&folder, "00000000000000000081.log"), &log);
    write(&folder.fs, &path(&folder, "00000000000000000165.log"), &vec![0; log.len()]);
    let planned = planned(&folder);
    carry_out(&folder, &planned).expect("files in memory can be written");
    assert_eq!(bytes(&folder, "00000000000000000165.log"), log);
}

#[test]
fn a_partition_is_missed_also_where_meta_properties_is_written_again_first() {
    let folder = Folder::node(&[("broker-leader-epochs", "main-tickets.75a-0")]);
    let gone = Path::new(LOG_DIR).join("main-tickets.75a-0");
    let aside = Path::new(LOG_DIR).join("main-tickets.75a-0.0a1b2c3d4e5f60718293a4b5c6d7e8f9-stray");
    folder.fs.rename(&gone, &aside).expect("directories in memory can be renamed");
    write(&folder.fs, &path(&folder, "meta.properties"), b"");
    let judged = judge(&folder).expect("a folder to verify");
    assert!(judged.damage().any(|finding| finding.code == Code::PartitionMissing));
    assert!(planned(&folder).remaining.iter().any(|remaining| remaining.path == gone));
}

#[test]
fn what_is_put_into_a_log_without_leader_epochs_has_one_as_replicas_demand() {
    let folder = Folder::of("format-v1-gzip", "live.payments-2");
    let name = "00000000000000020307.log";
    write(&folder.fs, &path(&folder, name), b"");
    let planned = planned(&folder);
    carry_out(&folder, &planned).expect("files in memory can be written");
    let log = bytes(&folder, name);
    assert_eq!(log[12..16], 0i32.to_be_bytes(), "the leader epoch of the empty batch");
    assert_eq!(bytes(&folder, "leader-epoch-checkpoint"), b"0\n1\n0 20307\n");
}
