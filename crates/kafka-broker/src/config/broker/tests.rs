use std::fs;

use super::super::error::ConfigWarning;
use super::super::sections::*;
use super::*;

fn with(overrides: &[(&str, &str)]) -> Result<BrokerConfig, String> {
    let overrides: Vec<_> = overrides.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    BrokerConfig::load(None, &overrides).map(|(config, _)| config).map_err(|error| error.to_string())
}

fn listener(name: &str, host: Option<&str>, port: u16) -> Listener {
    let host = host.map(str::to_owned);
    Listener { name: name.to_owned(), protocol: kafka_security::SecurityProtocol::Plaintext, host, port }
}

#[test]
fn a_file_is_read_as_kafka_reads_it_and_overridden() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("server.properties");
    let text = "# a broker\n\nprocess.roles=broker,controller\nnode.id = 7\ncontroller.quorum.voters=7@localhost:9093\n\
                listeners=PLAINTEXT://:9092,\\\n  CONTROLLER://:9093\ncontroller.listener.names=CONTROLLER\n\
                log.dirs=a, b\nlog.retention.hours=1\nnum.partition=3\nzookeeper.connect=x\nnum.io.threads=8\n";
    fs::write(&path, text).unwrap();
    let (config, warnings) =
        BrokerConfig::load(Some(&path), &[("num.partitions".to_owned(), " 4 ".to_owned())]).unwrap();
    assert_eq!((config.node_id, config.is_broker, config.is_controller), (7, true, true));
    assert_eq!(config.listeners, [listener("PLAINTEXT", None, 9092)]);
    assert_eq!(config.controller_listeners, [listener("CONTROLLER", None, 9093)]);
    assert_eq!(config.advertised_listeners, config.listeners);
    assert_eq!(config.inter_broker_listener_name, "PLAINTEXT");
    assert_eq!(config.controller_quorum_voters, [(7, "localhost".to_owned(), 9093)]);
    assert_eq!(config.log_dirs, [PathBuf::from("a"), PathBuf::from("b")]);
    assert_eq!(config.metadata_log_dir, PathBuf::from("a"));
    assert_eq!((config.topics.num_partitions, config.log.retention_ms), (4, 3_600_000));
    assert_eq!(config.num_network_threads, None);
    let place = |line| Place::File { path: path.clone(), line };
    let unknown =
        |line, name: &str, nearest| ConfigWarning::Unknown { place: place(line), name: name.to_owned(), nearest };
    let expected = [
        ConfigWarning::Ignored { place: place(13), name: "num.io.threads".to_owned() },
        unknown(11, "num.partition", Some("num.partitions")),
        unknown(12, "zookeeper.connect", None),
    ];
    assert_eq!(warnings, expected);
}

#[test]
fn a_wrong_value_is_refused_with_its_place() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("server.properties");
    fs::write(&path, "\n\nnum.partitions=0\n").unwrap();
    let error = BrokerConfig::load(Some(&path), &[]).unwrap_err().to_string();
    let place = path.display();
    assert_eq!(error, format!("{place}:3: Invalid value 0 for configuration num.partitions: Value must be at least 1"));
    fs::write(&path, "a=b\nc=\\u00zz\n").unwrap();
    assert!(BrokerConfig::load(Some(&path), &[]).unwrap_err().to_string().starts_with(&format!("{place}:2: ")));
    let missing = BrokerConfig::load(Some(&dir.path().join("none")), &[]).unwrap_err();
    assert!(matches!(missing, ConfigError::Read { .. }));
}

#[test]
fn without_settings_there_are_defaults() {
    let config = with(&[]).unwrap();
    assert_eq!((config.node_id, config.is_broker, config.is_controller), (1, true, true));
    assert_eq!(config.listeners, [listener("PLAINTEXT", None, 9092)]);
    assert_eq!(config.offsets.offsets_topic_num_partitions, 50);
    assert_eq!(config.groups.group_consumer_assignors, ["uniform", "range"]);
    assert_eq!((config.log, config.log_manager), (LogConfig::default(), LogManagerConfig::default()));
}

/// In Kafka's words, where Kafka refuses them too.
#[test]
fn settings_that_do_not_go_together_are_refused() {
    for (settings, expected) in [
        (&[("listeners", "PLAINTEXT")][..], "Unable to parse a listener name from PLAINTEXT"),
        (
            &[("listeners", "PLAINTEXT://h")],
            "Error creating broker listeners from '[PLAINTEXT://h]': Unable to parse PLAINTEXT://h to a broker endpoint",
        ),
        (
            &[("listeners", "FOO://h:1")],
            "Error creating broker listeners from '[FOO://h:1]': No security protocol defined for listener FOO",
        ),
        (
            &[("listeners", "PLAINTEXT://h:1,SSL://h:1")],
            "Error creating broker listeners from '[PLAINTEXT://h:1, SSL://h:1]': Each listener must have a different \
             port, listeners: [PLAINTEXT://h:1, SSL://h:1]",
        ),
        (
            &[("advertised.listeners", "PLAINTEXT://0.0.0.0:1")],
            "advertised.listeners cannot use the nonroutable meta-address 0.0.0.0. Use a routable IP address.",
        ),
        (
            &[("advertised.listeners", "SSL://h:1")],
            "inter.broker.listener.name must be a listener name defined in advertised.listeners. The valid options based \
             on currently configured listeners are SSL",
        ),
        (
            &[("inter.broker.listener.name", "FOO")],
            "Listener with name FOO defined in inter.broker.listener.name not found in listener.security.protocol.map.",
        ),
        (
            &[("listener.security.protocol.map", "FOO:BAR")],
            "Invalid security protocol `BAR` defined in listener.security.protocol.map",
        ),
        (
            &[("listeners", "SASL_SSL://:1"), ("inter.broker.listener.name", "SASL_SSL")],
            "listener SASL_SSL: sasl.enabled.mechanisms has GSSAPI, expected one of PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER",
        ),
        (
            &[("advertised.listeners", "PLAINTEXT://h:1,SSL://h:2")],
            "advertised.listeners listener names must be equal to or a subset of the ones defined in listeners. Found \
             PLAINTEXT,SSL. The valid options based on the current configuration are PLAINTEXT",
        ),
        (&[("node.id", "1"), ("broker.id", "2")], "You must set `node.id` to the same value as `broker.id`."),
        (
            &[("queued.max.request.bytes", "5")],
            "queued.max.request.bytes must be larger or equal to socket.request.max.bytes",
        ),
        (
            &[("controller.quorum.voters", "2@h:1")],
            "If process.roles contains the 'controller' role, the node id 1 must be included in the set of voters \
             controller.quorum.voters=Set(2)",
        ),
        (
            &[("authorizer.class.name", "a.B")],
            "Invalid value a.B for configuration authorizer.class.name: this broker has \
             org.apache.kafka.metadata.authorizer.StandardAuthorizer alone",
        ),
        (
            &[("group.consumer.assignors", "range,org.apache.kafka.coordinator.group.assignor.UniformAssignor,sticky")],
            "Invalid value sticky for configuration group.consumer.assignors: this broker has uniform and range alone",
        ),
        (
            &[("super.users", "User:a;b")],
            "Invalid value b for configuration super.users: expected principalType:principalName",
        ),
        (&[("metrics.listener", "9000")], "Invalid value 9000 for configuration metrics.listener: expected HOST:PORT"),
    ] {
        assert_eq!(with(settings).map(|_| ()), Err(format!("--override: {expected}")), "{settings:?}");
    }
}

#[test]
fn settings_of_groups_bound_each_other() {
    for (name, value, expected) in [
        (
            "group.consumer.session.timeout.ms",
            "44000",
            "group.consumer.session.timeout.ms must be greater than or equal to group.consumer.min.session.timeout.ms",
        ),
        (
            "group.consumer.max.session.timeout.ms",
            "1000",
            "group.consumer.max.session.timeout.ms must be greater than or equal to group.consumer.min.session.timeout.ms",
        ),
        (
            "group.streams.num.standby.replicas",
            "9",
            "group.streams.num.standby.replicas must be less than or equal to group.streams.max.standby.replicas",
        ),
    ] {
        assert_eq!(with(&[(name, value)]).map(|_| ()), Err(expected.to_owned()));
    }
}

#[test]
fn hosts_may_be_addresses() {
    let config = with(&[("listeners", "plaintext://[::1]:0"), ("metrics.listener", "127.0.0.1:9100")]).unwrap();
    assert_eq!(config.listeners, [listener("PLAINTEXT", Some("::1"), 0)]);
    assert_eq!(config.metrics_listener, Some(("127.0.0.1".to_owned(), 9100)));
}

#[test]
fn supported_settings_are_in_the_table_and_have_the_types_of_their_fields() {
    let sections = [
        MemberConfig::KINDS,
        NetworkConfig::KINDS,
        TopicsConfig::KINDS,
        FetchConfig::KINDS,
        OffsetsConfig::KINDS,
        GroupsConfig::KINDS,
        TransactionsConfig::KINDS,
        QuotasConfig::KINDS,
        MetadataLogConfig::KINDS,
        ReplicationConfig::KINDS,
        ReplicaFetchConfig::KINDS,
    ];
    for (name, kinds) in sections.into_iter().flatten() {
        let key = given::find(name).unwrap_or_else(|| panic!("{name}"));
        assert!(kinds.contains(&key.kind) && key.default.is_some(), "{name}");
    }
    let names = NAMES.iter().chain(&kafka_log::log::config::BROKER_CONFIG_NAMES);
    for name in names.chain(&kafka_log::manager::MANAGER_CONFIG_NAMES) {
        assert!(given::find(name).is_some(), "{name}");
    }
}
