use super::*;
use crate::format::producer_snapshot::ProducerSnapshot;

const REPLICATION: AppendTerms = AppendTerms::REPLICATION;

/// The manager that a start with these files gives.
fn reloaded(folder: &Folder, log_start: i64, log_end: i64, now_ms: i64) -> ProducerStateManager {
    let mut manager = in_folder(folder);
    manager.truncate_and_reload(&OsFs, &folder.0, log_start, log_end, now_ms).unwrap();
    manager
}

fn take(manager: &mut ProducerStateManager, folder: &Folder) -> Option<i64> {
    manager.take_snapshot(&OsFs, &folder.0, true).unwrap()
}

fn ids(manager: &ProducerStateManager) -> Vec<i64> {
    let mut ids: Vec<_> = manager.active_producers().map(|(id, _)| id).collect();
    ids.sort_unstable();
    ids
}

#[test]
fn a_snapshot_is_taken_when_the_state_has_moved_even_without_producers() {
    let folder = Folder::new();
    let mut manager = in_folder(&folder);
    assert_eq!(take(&mut manager, &folder), None);
    manager.update_map_end_offset(5);
    assert_eq!(take(&mut manager, &folder), Some(5));
    assert_eq!(take(&mut manager, &folder), None);
    assert_eq!(folder.names(), ["00000000000000000005.snapshot"]);
    let bytes = fs::read(manager.fetch_snapshot(&folder.0, 5).unwrap()).unwrap();
    assert!(ProducerSnapshot::read(&bytes).unwrap().is_empty());
    assert_eq!(manager.fetch_snapshot(&folder.0, 4), None);
    ProducerStateManager::flush_snapshot(&OsFs, &folder.0, 5).unwrap();
    ProducerStateManager::flush_snapshot(&OsFs, &folder.0, 6).unwrap();
}

#[test]
fn a_restart_brings_back_the_last_batch_and_the_open_transaction() {
    let folder = Folder::new();
    let mut manager = in_folder(&folder);
    for i in 0..3 {
        accept(&mut manager, &Data { sequence: i, offset: i.into(), ..DATA }.bytes(), &CLIENT);
    }
    accept(
        &mut manager,
        &Data { producer_id: 2, epoch: 4, sequence: 6, offset: 3, count: 2, ..TXN }.bytes(),
        &REPLICATION,
    );
    accept(&mut manager, &Marker { producer_id: 3, offset: 5, coordinator_epoch: 8, ..COMMIT }.bytes(), &REPLICATION);
    assert_eq!(take(&mut manager, &folder), Some(6));

    let mut manager = reloaded(&folder, 0, 6, 200);
    assert_eq!(manager.map_end_offset(), 6);
    assert_eq!(ids(&manager), [2, 3, PID]);
    assert_eq!(kept(&manager), [(2, 2, 2)]);
    let open = manager.producer(2).unwrap();
    assert_eq!((open.producer_epoch(), open.last_sequence(), open.current_txn_first_offset()), (4, 7, Some(3)));
    assert_eq!(manager.producer(3).unwrap().coordinator_epoch(), 8);
    assert_eq!(manager.first_unstable_offset(), Some(LogOffsetMetadata::offset_only(3)));
    assert_eq!(take(&mut manager, &folder), None, "nothing new");
    let again = Data { sequence: 2, offset: 6, ..DATA };
    assert!(matches!(append(&mut manager, &again.bytes(), &CLIENT), Ok((Checked::Duplicate(_), _))));
}

#[test]
fn producers_expire_on_loading_save_those_with_a_transaction() {
    let folder = Folder::new();
    let mut manager = in_folder(&folder);
    accept(&mut manager, &Data { timestamp: 100, ..DATA }.bytes(), &CLIENT);
    accept(&mut manager, &Data { producer_id: 2, offset: 1, timestamp: 101, ..DATA }.bytes(), &CLIENT);
    accept(&mut manager, &Data { producer_id: 3, offset: 2, timestamp: 100, ..TXN }.bytes(), &REPLICATION);
    take(&mut manager, &folder);
    assert_eq!(ids(&reloaded(&folder, 0, 3, 1100)), [2, 3]);
}

#[test]
fn the_latest_readable_snapshot_up_to_the_end_is_loaded_and_the_others_above_are_removed() {
    let folder = Folder::new();
    let mut manager = in_folder(&folder);
    for i in 0..5 {
        accept(&mut manager, &Data { producer_id: i, offset: i, ..DATA }.bytes(), &CLIENT);
        take(&mut manager, &folder);
    }
    let broken = snapshot_path(&folder.0, 3, FileState::Live);
    let mut bytes = fs::read(&broken).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&broken, bytes).unwrap();
    fs::write(snapshot_path(&folder.0, 4, FileState::Live), b"").unwrap();

    let manager = reloaded(&folder, 0, 4, 200);
    assert_eq!((manager.map_end_offset(), ids(&manager)), (2, vec![0, 1]));
    assert_eq!(folder.offsets(), [1, 2]);
    assert_eq!((manager.oldest_snapshot_offset(), manager.latest_snapshot_offset()), (Some(1), Some(2)));
}

#[test]
fn without_a_snapshot_the_state_starts_at_the_log_start() {
    let folder = Folder::new();
    let mut manager = in_folder(&folder);
    manager.update_map_end_offset(10);
    take(&mut manager, &folder);
    let mut manager = reloaded(&folder, 10, 30, 200);
    assert_eq!(folder.offsets(), [] as [i64; 0], "at the log start it says nothing");
    assert_eq!((manager.map_end_offset(), manager.is_empty()), (10, true));
    assert_eq!(take(&mut manager, &folder), None);
}

#[test]
fn a_truncation_forgets_what_came_after_the_snapshot() {
    let folder = Folder::new();
    let mut manager = in_folder(&folder);
    accept(&mut manager, &DATA.bytes(), &CLIENT);
    take(&mut manager, &folder);
    accept(&mut manager, &Data { producer_id: 2, offset: 1, ..TXN }.bytes(), &REPLICATION);
    accept(&mut manager, &Marker { producer_id: 2, offset: 2, ..COMMIT }.bytes(), &REPLICATION);
    take(&mut manager, &folder);
    manager.truncate_and_reload(&OsFs, &folder.0, 0, 2, 200).unwrap();
    assert_eq!((manager.map_end_offset(), ids(&manager)), (1, vec![PID]));
    assert_eq!(manager.first_unstable_offset(), None);
    assert_eq!(folder.offsets(), [1]);
    manager.update_map_end_offset(2);
    assert_eq!(take(&mut manager, &folder), Some(2));
}

#[test]
fn a_reload_to_where_the_state_is_keeps_it_and_moves_the_start() {
    let folder = Folder::new();
    let mut manager = in_folder(&folder);
    accept(&mut manager, &DATA.bytes(), &CLIENT);
    take(&mut manager, &folder);
    accept(&mut manager, &Data { sequence: 1, offset: 1, ..DATA }.bytes(), &CLIENT);
    manager.truncate_and_reload(&OsFs, &folder.0, 1, 2, 1_000_000).unwrap();
    assert_eq!(kept(&manager), [(0, 0, 0), (1, 1, 1)], "not even expired");
    assert_eq!(folder.offsets(), [] as [i64; 0]);
    assert_eq!(take(&mut manager, &folder), Some(2));
}

#[test]
fn starting_anew_removes_everything() {
    let folder = Folder::new();
    let mut manager = in_folder(&folder);
    accept(&mut manager, &TXN.bytes(), &REPLICATION);
    take(&mut manager, &folder);
    accept(&mut manager, &Data { producer_id: 2, offset: 1, ..DATA }.bytes(), &CLIENT);
    take(&mut manager, &folder);
    manager.truncate_fully_and_start_at(&OsFs, &folder.0, 1).unwrap();
    assert_eq!((manager.is_empty(), manager.map_end_offset(), manager.first_unstable_offset()), (true, 1, None));
    assert_eq!(folder.names(), [] as [&str; 0]);
    assert_eq!(take(&mut manager, &folder), Some(1), "even below the last one that was taken");
    fs::copy(snapshot_path(&folder.0, 1, FileState::Live), folder.0.join("00000000000000000007.snapshot")).unwrap();
    manager.truncate_fully_and_reload_snapshots(&OsFs, &folder.0).unwrap();
    assert_eq!((manager.latest_snapshot_offset(), manager.map_end_offset()), (Some(7), 0));
}

#[test]
fn strays_go_save_the_last_behind_the_last_segment() {
    let cases: [(&[i64], &[i64], &[i64]); 6] = [
        (&[1, 2, 5], &[1, 2, 5], &[1, 2, 5]),
        (&[1, 2, 5], &[2], &[2, 5]),
        (&[1, 2, 5, 6], &[2], &[2, 6]),
        (&[1, 2, 3], &[0, 4], &[]),
        (&[1, 2, 3], &[], &[3]),
        (&[1, 3], &[0, 1], &[1, 3]),
    ];
    for (snapshots, segments, left) in cases {
        let folder = Folder::new();
        for &offset in snapshots {
            fs::write(snapshot_path(&folder.0, offset, FileState::Live), b"x").unwrap();
        }
        let mut manager = manager();
        manager.remove_stray_snapshots(&OsFs, &folder.0, segments, true).unwrap();
        assert_eq!(folder.offsets(), left, "{snapshots:?} {segments:?}");
        assert_eq!(manager.latest_snapshot_offset(), left.last().copied());
    }
}

#[test]
fn a_snapshot_to_be_deleted_is_renamed_and_forgotten() {
    let folder = Folder::new();
    for offset in [1, 2, 3] {
        fs::write(snapshot_path(&folder.0, offset, FileState::Live), b"x").unwrap();
    }
    let mut manager = in_folder(&folder);
    let deleted = manager.mark_snapshot_for_deletion(&OsFs, &folder.0, 2).unwrap();
    assert_eq!(deleted, Some(folder.0.join("00000000000000000002.snapshot.deleted")));
    assert_eq!(manager.mark_snapshot_for_deletion(&OsFs, &folder.0, 2).unwrap(), None);
    fs::remove_file(snapshot_path(&folder.0, 3, FileState::Live)).unwrap();
    assert_eq!(manager.mark_snapshot_for_deletion(&OsFs, &folder.0, 3).unwrap(), None);
    assert_eq!(manager.latest_snapshot_offset(), Some(1));
    manager.delete_snapshots_before(&OsFs, &folder.0, 1).unwrap();
    assert_eq!(manager.latest_snapshot_offset(), Some(1));
    manager.delete_snapshots_before(&OsFs, &folder.0, 2).unwrap();
    assert_eq!(folder.names(), ["00000000000000000002.snapshot.deleted"]);
}

#[test]
fn other_files_and_folders_are_no_snapshots() {
    let folder = Folder::new();
    fs::create_dir(folder.0.join("00000000000000000001.snapshot")).unwrap();
    fs::write(folder.0.join("00000000000000000002.snapshot.deleted"), b"").unwrap();
    fs::write(folder.0.join("00000000000000000003.log"), b"").unwrap();
    assert_eq!(in_folder(&folder).latest_snapshot_offset(), None);
    fs::write(folder.0.join("three.snapshot"), b"").unwrap();
    let error = ProducerStateManager::open(&OsFs, &folder.0, CONFIG).unwrap_err();
    assert!(error.to_string().contains("three.snapshot"), "{error}");
}

#[test]
fn an_older_file_at_the_same_offset_leaves_no_trace() {
    let folder = Folder::new();
    let mut manager = manager();
    fs::write(snapshot_path(&folder.0, 1, FileState::Live), [7; 500]).unwrap();
    accept(&mut manager, &DATA.bytes(), &CLIENT);
    take(&mut manager, &folder);
    assert_eq!(ids(&reloaded(&folder, 0, 1, 200)), [PID]);
}

#[test]
fn producers_are_written_in_the_order_of_their_ids() {
    let folder = Folder::new();
    let mut manager = in_folder(&folder);
    let ids = [1000, 33, 1, 0, 65, 31, 64, 1 << 32, -7 & 0xffff, 16, 32, 5, 6];
    for (i, producer_id) in ids.into_iter().enumerate() {
        accept(&mut manager, &Data { producer_id, offset: i as i64, ..DATA }.bytes(), &CLIENT);
    }
    take(&mut manager, &folder);
    let bytes = fs::read(snapshot_path(&folder.0, 13, FileState::Live)).unwrap();
    let written: Vec<_> = ProducerSnapshot::read(&bytes).unwrap().iter().map(|entry| entry.producer_id).collect();
    assert_eq!(written, [0, 1, 5, 6, 16, 31, 32, 33, 64, 65, 1000, -7 & 0xffff, 1 << 32]);
}
