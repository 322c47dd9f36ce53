//! Topics as a whole, and new directories.

use std::fs;

use kafka_log::format::uuid::Uuid;
use kafka_log::fs::OsFs;
use kafka_log::log::error::{ErrorCode, KafkaError as _};
use kafka_log::manager::{LogManager, ManagerError, NewTopic};
use tests::sim::SimFs;

use crate::support::*;

#[test]
fn a_topic_is_created_with_all_it_has_and_deleted_with_its_settings() {
    let temp = TempDir::new();
    let dirs = temp.dirs(2);
    let (manager, _) = start(&dirs);
    let id = Some(Uuid([7; 16]));
    let topic =
        NewTopic { name: "t", id, partitions: 4, properties: &[("retention.ms", "12345")], is_sole_replica: true };
    let logs = manager.create_topic(&topic, NOW).unwrap();
    assert_eq!(logs.len(), 4);
    for (number, log) in (0..).zip(&logs) {
        assert_eq!(*log.topic_partition(), tp("t", number));
        assert_eq!((log.config().retention_ms, log.topic_id()), (12345, id));
        append(log, 1);
        assert_eq!(log.high_watermark(), 1);
    }
    let in_first = logs.iter().filter(|log| log.dir().starts_with(&dirs[0])).count();
    assert_eq!(in_first, 2);
    create(&manager, &tp("a", 3));
    let shown: Vec<_> = manager.topics().into_iter().map(|topic| (topic.name, topic.id, topic.partitions)).collect();
    assert_eq!(shown, [("a".to_owned(), None, vec![3]), ("t".to_owned(), id, vec![0, 1, 2, 3])]);
    let again = manager.create_topic(&topic, NOW).unwrap_err();
    assert_eq!(again.code(), ErrorCode::TopicAlreadyExists);

    manager.delete_topic("t", NOW).unwrap();
    assert!(logs.iter().all(|log| log.ended().is_some()));
    assert_eq!(manager.topics().len(), 1);
    let error = manager.delete_topic("t", NOW).unwrap_err();
    assert_eq!(error.code(), ErrorCode::UnknownTopicOrPartition);
    let other = NewTopic { name: "t", id: Some(Uuid([8; 16])), partitions: 1, ..NewTopic::default() };
    let logs = manager.create_topic(&other, NOW).unwrap();
    assert_eq!(logs[0].config().retention_ms, small_segments().retention_ms);
    assert_eq!(logs[0].topic_id(), other.id);
    drop(logs);
    stop(manager);
    let (manager, report) = start(&dirs);
    assert_eq!((report.unclean_dirs.len(), manager.topics().len()), (0, 2));
}

#[test]
fn a_topic_that_is_refused_leaves_nothing() {
    let temp = TempDir::new();
    let dirs = temp.dirs(1);
    let (manager, _) = start(&dirs);
    let code = |name, partitions, properties| {
        let topic = NewTopic { name, partitions, properties, ..NewTopic::default() };
        manager.create_topic(&topic, NOW).unwrap_err().code()
    };
    assert_eq!(code("../evil", 1, &[]), ErrorCode::InvalidTopicException);
    assert_eq!(code("t", 0, &[]), ErrorCode::InvalidPartitions);
    assert_eq!(code("t", 1, &[("retentoin.ms", "5")]), ErrorCode::InvalidConfig);
    assert_eq!(code("t", 1, &[("retention.ms", "x")]), ErrorCode::InvalidConfig);
    assert!(names(&dirs[0]).iter().all(|name| !name.starts_with('t')));
    assert!(manager.topics().is_empty());
}

#[test]
fn a_topic_is_on_disk_after_one_sync_of_each_directory() {
    let fs = SimFs::new(1);
    let dirs = [std::path::PathBuf::from("/d")];
    let (manager, _) = start_on(fs.clone(), &dirs, small_segments());
    let before = fs.changes();
    manager.create_topic(&NewTopic { name: "t", partitions: 50, ..NewTopic::default() }, NOW).unwrap();
    let for_fifty = fs.changes() - before;
    let before = fs.changes();
    create(&manager, &tp("one", 0));
    let for_one = fs.changes() - before;
    // Each partition but one does without the sync.
    assert_eq!(for_fifty, 50 * for_one - 49);
    let crashed = fs.crash(tests::sim::Crash::Synced, 1);
    let (again, _) = start_on(crashed, &dirs, small_segments());
    assert_eq!(again.topics()[1].partitions.len(), 50);
}

#[test]
fn a_directory_is_formatted_once_and_says_whose_it_is() {
    let temp = TempDir::new();
    let dirs = temp.dirs(2);
    let ids = LogManager::format(&OsFs, &dirs, "MkU3OEVBNTcwNTJENDM2Qg", 5, 1_795_396_802_000).unwrap();
    let text = fs::read_to_string(dirs[0].join("meta.properties")).unwrap();
    let expected = format!(
        "#\n#Mon Nov 23 01:20:02 UTC 2026\nnode.id=5\ndirectory.id={}\nversion=1\ncluster.id=MkU3OEVBNTcwNTJENDM2Qg\n",
        ids[0]
    );
    assert_eq!(text, expected);
    let again = LogManager::format(&OsFs, &[temp.path().join("new"), dirs[1].clone()], "c", 5, NOW).unwrap_err();
    assert!(matches!(&again, ManagerError::AlreadyFormatted { path } if *path == dirs[1]));
    assert!(!temp.path().join("new/meta.properties").exists());
    let (manager, _) = start(&dirs);
    let shown: Vec<_> = manager.log_dirs().iter().map(|dir| dir.directory_id).collect();
    assert_eq!(shown, [Some(ids[0]), Some(ids[1])]);
    assert!(matches!(LogManager::format(&OsFs, &dirs, "c", 5, NOW), Err(ManagerError::Locked { .. })));
}
