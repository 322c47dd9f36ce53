//! The controller on a directory of its own: what it leaves behind, and what it says to requests. The answers themselves are
//! compared with Kafka's in `tests/differential/controller`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use kafka_log::fs::OsFs;
use kafka_rpc::messages::create_topics_request::{CreatableReplicaAssignment, CreatableTopic};
use kafka_rpc::messages::delete_topics_request::DeleteTopicState;
use kafka_rpc::messages::{AllocateProducerIdsRequest, CreateTopicsRequest, DeleteTopicsRequest};
use kafka_rpc::{ErrorCode, Uuid};
use tempfile::TempDir;

use super::{
    BrokerRegistration, Controller, ControllerError, ControllerOptions, ControllerRegistration, Listener, Settings,
    allocate_producer_ids, create_topics, delete_topics,
};
use crate::config::{BrokerConfig, Rules};
use crate::metadata::{
    Delta, FormatOptions, Image, InitialVoters, LogOptions, MetadataLog, MetadataLogError, MetadataVersion, NO_LEADER,
    Partition, format_directories, random_uuid,
};

const NODE: i32 = 1;

fn formatted(change: impl FnOnce(&mut FormatOptions)) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let mut options = FormatOptions::new(vec![dir.path().to_owned()], random_uuid().to_string(), NODE);
    let (listener, host) = ("CONTROLLER".to_owned(), "localhost".to_owned());
    options.initial_voters = InitialVoters::Standalone { listener, host, port: 9093 };
    change(&mut options);
    format_directories(&OsFs, &options, 0).unwrap();
    dir
}

fn open_as(dir: &Path, node_id: i32) -> Result<Controller, ControllerError> {
    let options = ControllerOptions {
        log: LogOptions::new(dir.to_owned(), node_id),
        settings: Settings::new(node_id),
        rules: Arc::new(Rules::new(Arc::new(BrokerConfig::load(None, &[]).unwrap().0))),
        registration: ControllerRegistration { incarnation_id: random_uuid(), listeners: Vec::new() },
    };
    Controller::open(OsFs, options, 1)
}

/// A controller whose broker has registered and can lead; the broker epoch.
fn start(dir: &Path, previous_broker_epoch: Option<i64>) -> (Controller, i64) {
    start_with(dir, previous_broker_epoch, vec![Uuid([7; 16])])
}

fn start_with(dir: &Path, previous_broker_epoch: Option<i64>, log_dirs: Vec<Uuid>) -> (Controller, i64) {
    let mut controller = open_as(dir, NODE).unwrap();
    let listener =
        Listener { name: "PLAINTEXT".to_owned(), host: "localhost".to_owned(), port: 9092, security_protocol: 0 };
    let broker = BrokerRegistration {
        incarnation_id: random_uuid(),
        listeners: vec![listener],
        rack: None,
        log_dirs,
        previous_broker_epoch,
    };
    let (epoch, _) = controller.register_broker(&broker, 2).unwrap();
    controller.unfence_broker(3).unwrap();
    (controller, epoch)
}

fn create(controller: &mut Controller, names: &[&str]) -> (Vec<i16>, Delta) {
    let topic = |name: &&str| CreatableTopic {
        name: (*name).to_owned().into(),
        num_partitions: 2,
        replication_factor: 1,
        ..Default::default()
    };
    let request = CreateTopicsRequest { topics: names.iter().map(topic).collect(), ..Default::default() };
    let plan = |image: &Image, context: &super::Context<'_>| create_topics::plan(image, context, &request);
    let (response, delta) = controller.execute(4, plan).unwrap();
    (response.topics.iter().map(|topic| topic.error_code).collect(), delta)
}

fn delete(controller: &mut Controller, name: &str) -> Delta {
    let topic = DeleteTopicState { name: Some(name.into()), ..Default::default() };
    let request = DeleteTopicsRequest { topics: vec![topic], ..Default::default() };
    controller.execute(5, |image, context| delete_topics::plan(image, context, &request, 6)).unwrap().1
}

fn log_file(dir: &Path) -> PathBuf {
    dir.join("__cluster_metadata-0/00000000000000000000.log")
}

#[test]
fn topics_come_go_and_survive_a_restart_with_and_without_a_snapshot() {
    let dir = formatted(|_| {});
    let (mut controller, epoch) = start(dir.path(), None);
    let (codes, delta) = create(&mut controller, &["kept", "gone"]);
    assert_eq!(codes, [0, 0]);
    assert_eq!((delta.created_topics.len(), delta.changed_partitions.len()), (2, 4));
    let delta = delete(&mut controller, "gone");
    let deleted: Vec<_> = delta.deleted_topics.iter().map(|topic| (&*topic.name, &topic.partitions[..])).collect();
    assert_eq!(deleted, [("gone", &[0, 1][..])]);
    controller.snapshot(6).unwrap();
    create(&mut controller, &["behind-the-snapshot"]);
    let before = controller.image().read().clone();
    drop(controller);

    let (mut controller, _) = start(dir.path(), Some(epoch));
    let image = controller.image();
    let names = |image: &Image| image.topics().map(|topic| topic.name.to_string()).collect::<Vec<_>>();
    assert_eq!(names(&image.read()), ["behind-the-snapshot", "kept"]);
    let leaders = |image: &Image| {
        image
            .topics()
            .flat_map(|topic| topic.partitions().map(|(_, it)| it.leader).collect::<Vec<_>>())
            .collect::<Vec<_>>()
    };
    assert_eq!(leaders(&image.read()), [1; 4]);
    assert_eq!(image.read().topic("kept").map(|topic| topic.id), before.topic("kept").map(|topic| topic.id));

    controller.controlled_shutdown(7).unwrap();
    assert_eq!(leaders(&image.read()), [NO_LEADER; 4]);
    controller.shutdown(8).unwrap();
    assert!(image.read().broker(NODE).unwrap().fenced);
}

#[test]
fn a_broker_that_was_killed_leads_again_as_after_an_unclean_election() {
    let dir = formatted(|_| {});
    let (mut controller, _) = start(dir.path(), None);
    create(&mut controller, &["t"]);
    drop(controller);
    let (controller, _) = start(dir.path(), None);
    let image = controller.image();
    let image = image.read();
    let partition = image.topic("t").unwrap().partition(0).unwrap().clone();
    assert_eq!((partition.leader, &*partition.isr, &*partition.elr), (1, &[1][..], &[][..]));
    // One change for the loss of its leader, one for the election.
    assert_eq!((partition.leader_epoch, partition.leader_recovery_state.id()), (2, 1));
}

#[test]
fn a_batch_that_a_crash_has_cut_is_as_if_it_had_never_been() {
    let dir = formatted(|_| {});
    let (mut controller, _) = start(dir.path(), None);
    create(&mut controller, &["first"]);
    let whole = std::fs::read(log_file(dir.path())).unwrap().len();
    create(&mut controller, &["second"]);
    drop(controller);
    let bytes = std::fs::read(log_file(dir.path())).unwrap();
    for len in (whole..bytes.len()).step_by(3) {
        std::fs::write(log_file(dir.path()), &bytes[..len]).unwrap();
        let (log, loaded) = MetadataLog::open(OsFs, LogOptions::new(dir.path().to_owned(), NODE), 9).unwrap();
        assert!(loaded.image.topic("first").is_some(), "cut to {len} bytes");
        assert!(loaded.image.topic("second").is_none(), "cut to {len} bytes");
        drop(log);
    }
}

#[test]
fn damage_is_an_error_and_never_a_panic() {
    let dir = formatted(|_| {});
    let (mut controller, _) = start(dir.path(), None);
    create(&mut controller, &["t"]);
    controller.snapshot(6).unwrap();
    let offset = controller.log().end_offset();
    drop(controller);
    let folder = dir.path().join("__cluster_metadata-0");
    let snapshot = folder.join(format!("{offset:020}-{:010}.checkpoint", 1));
    let bytes = std::fs::read(&snapshot).unwrap();
    let open = || MetadataLog::open(OsFs, LogOptions::new(dir.path().to_owned(), NODE), 9);
    let expected = open().unwrap().1.image;
    // Each place of a number is hit in one record or another.
    for at in (0..bytes.len()).step_by(17) {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x55;
        std::fs::write(&snapshot, &damaged).unwrap();
        // A base offset and a leader epoch have no checksum, and mean nothing here.
        if let Ok((_, loaded)) = open() {
            assert_eq!(loaded.image.topics().count(), expected.topics().count(), "byte {at}");
        }
        std::fs::write(&snapshot, &bytes[..at]).unwrap();
        assert!(open().is_err(), "cut to {at} bytes");
    }
    std::fs::write(&snapshot, &bytes).unwrap();
    assert_eq!(open().unwrap().1.image, expected);
    std::fs::remove_file(&snapshot).unwrap();
    assert_eq!(open().unwrap().1.image.topics().count(), 1, "the log still has all records");
}

#[test]
fn a_directory_of_another_voter_is_refused() {
    let dir = formatted(|_| {});
    let refused = open_as(dir.path(), 2).err();
    let is_refused = matches!(
        &refused,
        Some(ControllerError::Log(MetadataLogError::NotTheOnlyVoter { voters })) if *voters == [NODE]
    );
    assert!(is_refused, "{refused:?}");
}

#[test]
fn old_snapshots_go_with_the_records_before_them() {
    let dir = formatted(|_| {});
    let mut options = LogOptions::new(dir.path().to_owned(), NODE);
    options.retention_bytes = 0;
    let (mut controller, _) = start(dir.path(), None);
    create(&mut controller, &["a"]);
    controller.snapshot(6).unwrap();
    drop(controller);
    let (mut log, loaded) = MetadataLog::open(OsFs, options.clone(), 7).unwrap();
    log.clean(7).unwrap();
    let end = loaded.image.position().offset + 1;
    assert_eq!(log.start_offset(), end);
    drop(log);
    let (_, again) = MetadataLog::open(OsFs, options, 8).unwrap();
    assert_eq!(again.image.topics().count(), 1);
    let snapshots = std::fs::read_dir(dir.path().join("__cluster_metadata-0")).unwrap();
    let names = snapshots.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert_eq!(names.filter(|name| name.ends_with(".checkpoint")).count(), 1);
}

#[test]
fn blocks_of_producer_ids_follow_each_other_for_the_broker_of_this_epoch() {
    let dir = formatted(|_| {});
    let (mut controller, broker_epoch) = start(dir.path(), None);
    let mut ask = |broker_epoch| {
        let request = AllocateProducerIdsRequest { broker_id: NODE, broker_epoch, ..Default::default() };
        let plan = |image: &Image, context: &super::Context<'_>| allocate_producer_ids::plan(image, context, &request);
        let (block, _) = controller.execute(4, plan).unwrap();
        (block.error_code, block.producer_id_start, block.producer_id_len)
    };
    assert_eq!(ask(broker_epoch), (0, 0, 1000));
    assert_eq!(ask(broker_epoch), (0, 1000, 1000));
    assert_eq!(ask(broker_epoch + 1).0, ErrorCode::StaleBrokerEpoch.code());
}

#[test]
fn a_replica_goes_with_its_directory() {
    let dir = formatted(|_| {});
    let (mut controller, _) = start_with(dir.path(), None, vec![Uuid([1; 16]), Uuid([2; 16])]);
    create(&mut controller, &["t"]);
    let image = controller.image();
    let state = || {
        let image = image.read();
        let of =
            |(_, partition): (i32, &Partition)| (partition.directories[0], partition.leader, partition.leader_epoch);
        image.topic("t").unwrap().partitions().map(of).collect::<Vec<_>>()
    };
    assert_eq!(state(), [(Uuid::ZERO, 1, 0); 2], "the broker chooses among several directories");
    let id = image.read().topic("t").unwrap().id;
    controller.assign_directories(&[(id, 0, Uuid([1; 16])), (id, 1, Uuid([2; 16])), (id, 9, Uuid::ZERO)], 5).unwrap();
    assert_eq!(state(), [(Uuid([1; 16]), 1, 0), (Uuid([2; 16]), 1, 0)]);
    controller.directories_offline(&[Uuid([2; 16])], 6).unwrap();
    assert_eq!(state(), [(Uuid([1; 16]), 1, 0), (Uuid([2; 16]), NO_LEADER, 1)]);
    assert_eq!(image.read().broker(NODE).unwrap().log_dirs, [Uuid([1; 16])]);
}

#[test]
fn a_topic_asked_for_twice_is_refused_and_the_others_are_created() {
    let dir = formatted(|_| {});
    let (mut controller, _) = start(dir.path(), None);
    let (codes, delta) = create(&mut controller, &["twice", "once", "twice", "__cluster_metadata"]);
    let invalid = ErrorCode::InvalidRequest.code();
    assert_eq!((codes, delta.created_topics.len()), (vec![0, invalid, invalid], 1));
    let assignment = CreatableReplicaAssignment { partition_index: 0, broker_ids: vec![1], ..Default::default() };
    let topic = CreatableTopic {
        name: "both".into(),
        num_partitions: 1,
        replication_factor: -1,
        assignments: vec![assignment],
        ..Default::default()
    };
    let request = CreateTopicsRequest { topics: vec![topic], ..Default::default() };
    let plan = |image: &Image, context: &super::Context<'_>| create_topics::plan(image, context, &request);
    let (response, _) = controller.execute(4, plan).unwrap();
    assert_eq!(
        response.topics[0].error_message.as_deref(),
        Some("A manual partition assignment was specified, but numPartitions was not set to -1.")
    );
}

#[test]
fn a_cluster_of_an_older_release_gets_records_of_its_versions() {
    let dir = formatted(|options| {
        options.release_version = MetadataVersion::from_name("3.6").unwrap();
        options.initial_voters = InitialVoters::Configured;
    });
    let (mut controller, _) = start(dir.path(), None);
    let (codes, _) = create(&mut controller, &["t"]);
    assert_eq!(codes, [0]);
    let image = controller.image().read().clone();
    assert_eq!(image.metadata_version().to_string(), "3.6-IV2");
    assert_eq!(image.controllers().count(), 0, "controllers do not register yet");
    drop(controller);
    let (_, loaded) = MetadataLog::open(OsFs, LogOptions::new(dir.path().to_owned(), NODE), 9).unwrap();
    assert_eq!(loaded.image, image);
}
