//! The metadata log on the simulated file system: a crash at any change of a file takes nothing that was answered, and leaves no
//! part of what was not.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use kafka_broker::config::{BrokerConfig, Rules};
use kafka_broker::controller::{
    BrokerRegistration, Controller, ControllerError, ControllerOptions, ControllerRegistration, Listener, Settings,
    create_topics,
};
use kafka_broker::metadata::{FormatOptions, InitialVoters, LogOptions, MetadataLog, format_directories};
use kafka_log::fs::Fs as _;
use kafka_rpc::Uuid;
use kafka_rpc::messages::CreateTopicsRequest;
use kafka_rpc::messages::create_topics_request::CreatableTopic;
use tests::sim::{Crash, Fault, SimFs};

const NODE: i32 = 1;
const PARTITIONS: usize = 3;

fn dir() -> PathBuf {
    Path::new("/data").to_owned()
}

fn options() -> LogOptions {
    LogOptions::new(dir(), NODE)
}

fn format(fs: &SimFs) {
    let mut options = FormatOptions::new(vec![dir()], "cluster".to_owned(), NODE);
    let (listener, host) = ("CONTROLLER".to_owned(), "localhost".to_owned());
    options.initial_voters = InitialVoters::Standalone { listener, host, port: 9093 };
    format_directories(fs, &options, 1).unwrap();
}

fn start(fs: &SimFs) -> Result<Controller<SimFs>, ControllerError> {
    let listener =
        |name: &str, port| Listener { name: name.to_owned(), host: "localhost".to_owned(), port, security_protocol: 0 };
    let options = ControllerOptions {
        log: options(),
        settings: Settings::new(NODE),
        rules: Arc::new(Rules::new(Arc::new(BrokerConfig::load(None, &[]).unwrap().0))),
        registration: ControllerRegistration {
            incarnation_id: Uuid([3; 16]),
            listeners: vec![listener("CONTROLLER", 9093)],
        },
    };
    let mut controller = Controller::open(fs.clone(), options, 2)?;
    let broker = BrokerRegistration {
        incarnation_id: Uuid([4; 16]),
        listeners: vec![listener("PLAINTEXT", 9092)],
        rack: None,
        log_dirs: vec![Uuid([7; 16])],
        previous_broker_epoch: None,
    };
    controller.register_broker(&broker, 3)?;
    controller.unfence_broker(4)?;
    Ok(controller)
}

/// Creates topics, with a snapshot in between; the names of those whose creation was answered.
fn work(fs: &SimFs) -> Vec<String> {
    let mut answered = Vec::new();
    let Ok(mut controller) = start(fs) else { return answered };
    for number in 0..6 {
        let name = format!("topic-{number}");
        let topic = CreatableTopic {
            name: name.clone().into(),
            num_partitions: PARTITIONS as i32,
            replication_factor: 1,
            ..Default::default()
        };
        let request = CreateTopicsRequest { topics: vec![topic], ..Default::default() };
        if controller.execute(5, |image, context| create_topics::plan(image, context, &request)).is_ok() {
            answered.push(name);
        }
        // An error of a snapshot is one of the log: nothing is answered after it.
        if number == 3 && controller.snapshot(6).is_err() {
            break;
        }
    }
    answered
}

fn check(fs: &SimFs, answered: &[String], what: &str) {
    let (log, loaded) = MetadataLog::open(fs.clone(), options(), 7).unwrap_or_else(|e| panic!("{what}: {e}"));
    for name in answered {
        assert!(loaded.image.topic(name).is_some(), "{what}: {name} is lost");
    }
    for topic in loaded.image.topics() {
        assert_eq!(topic.partition_count(), PARTITIONS, "{what}: a part of {}", topic.name);
    }
    drop(log);
    let controller = start(fs).unwrap_or_else(|e| panic!("{what}: {e}"));
    let image = controller.image();
    for topic in image.read().topics() {
        assert!(topic.partitions().all(|(_, it)| it.leader == NODE), "{what}: {} has no leader", topic.name);
    }
}

#[test]
fn what_was_answered_survives_a_loss_of_power_at_any_change() {
    let quiet = SimFs::new(1);
    quiet.create_dir_all(&dir()).unwrap();
    format(&quiet);
    let formatted = quiet.changes();
    assert_eq!(work(&quiet).len(), 6);
    let changes = quiet.changes();
    assert!(changes > formatted + 20, "{formatted} changes of {changes}");
    for at in formatted + 1..=changes {
        let fs = SimFs::new(1);
        fs.create_dir_all(&dir()).unwrap();
        format(&fs);
        fs.fail_change(at, Fault::PowerOff);
        let answered = work(&fs);
        for crash in Crash::ALL {
            check(&fs.crash(crash, at), &answered, &format!("{crash:?} at change {at}"));
        }
    }
}

#[test]
fn nothing_is_answered_after_a_failed_write_or_sync() {
    let quiet = SimFs::new(1);
    quiet.create_dir_all(&dir()).unwrap();
    format(&quiet);
    let formatted = quiet.changes();
    work(&quiet);
    for at in formatted + 1..=quiet.changes() {
        let fs = SimFs::new(1);
        fs.create_dir_all(&dir()).unwrap();
        format(&fs);
        fs.fail_change(at, Fault::Eio);
        let answered = work(&fs);
        fs.disarm();
        check(&fs.crash(Crash::Killed, at), &answered, &format!("error at change {at}"));
    }
}
