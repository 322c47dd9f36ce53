//! TLS, and SASL in it.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use kafka_broker::Broker;
use kafka_log::compression::Compressor;
use kafka_log::format::builder::{BatchFields, RecordBatchBuilder};
use kafka_rpc::Records;
use kafka_rpc::messages::create_topics_request::CreatableTopic;
use kafka_rpc::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_rpc::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_rpc::messages::{FetchRequest, MetadataRequest, ProduceRequest};
use kafka_thin_client::{Client, ClientError, admin};
use p12_keystore::{Certificate, KeyStore, KeyStoreEntry, PrivateKeyChain};

use super::certificates::{Authority, Identity};
use super::{Settings, broker, client, connect, logs, serves};

const HOSTS: [&str; 2] = ["127.0.0.1", "localhost"];

/// A broker that speaks TLS as this identity, with the keys in its settings.
fn ssl_broker(identity: &Identity, more: Settings<'_>) -> Broker {
    let mut settings = vec![
        ("listeners", "SSL://127.0.0.1:0"),
        ("security.inter.broker.protocol", "SSL"),
        ("ssl.keystore.type", "PEM"),
        ("ssl.keystore.certificate.chain", identity.chain.as_str()),
        ("ssl.keystore.key", identity.key.as_str()),
    ];
    settings.extend_from_slice(more);
    broker(&settings)
}

fn trusting(authority: &Authority) -> Vec<(&'static str, &str)> {
    vec![
        ("security.protocol", "SSL"),
        ("ssl.truststore.type", "PEM"),
        ("ssl.truststore.certificates", authority.pem.as_str()),
    ]
}

fn with_key<'s>(mut settings: Vec<(&'static str, &'s str)>, identity: &'s Identity) -> Vec<(&'static str, &'s str)> {
    settings.push(("ssl.keystore.type", "PEM"));
    settings.push(("ssl.keystore.certificate.chain", &identity.chain));
    settings.push(("ssl.keystore.key", &identity.key));
    settings
}

/// What the handshake, or the first request after it, fails with. In TLS 1.3 a client has finished before its certificate is looked at.
fn refused(broker: &Broker, settings: Settings<'_>) -> ClientError {
    connect(broker, settings).map(drop).unwrap_err()
}

fn produce(client: &mut Client, len: usize) {
    let mut builder = RecordBatchBuilder::new(BatchFields::default());
    builder.append(0, 1_700_000_000_000, None, Some(&vec![b'x'; len]), &[]).unwrap();
    let mut batch = Vec::new();
    builder.finish(&mut Compressor::new(), &mut batch).unwrap();
    let partition = PartitionProduceData { index: 0, records: Some(Records::Bytes(&batch)), ..Default::default() };
    let topic = TopicProduceData { name: "t".into(), partition_data: vec![partition], ..Default::default() };
    let request = ProduceRequest { acks: -1, timeout_ms: 5000, topic_data: vec![topic], ..Default::default() };
    let reply = client.send_to_at(1, &request, 12).unwrap();
    let response = reply.message().unwrap();
    assert_eq!(response.responses[0].partition_responses[0].error_code, 0);
}

#[test]
fn records_go_in_and_come_out_under_tls_whole() {
    let authority = Authority::new("ca");
    let broker = ssl_broker(&authority.issue("broker", &HOSTS), &[]);
    let mut client = client(&broker, &trusting(&authority));
    let topic = CreatableTopic { name: "t".into(), num_partitions: 1, replication_factor: 1, ..Default::default() };
    admin::create_topics(&mut client, vec![topic], false).unwrap().remove(0).1.unwrap();
    (0..10).for_each(|_| produce(&mut client, 300_000));
    let partition = FetchPartition { partition: 0, partition_max_bytes: i32::MAX, ..Default::default() };
    let topic = FetchTopic { topic: "t".into(), partitions: vec![partition], ..Default::default() };
    let request = FetchRequest { max_bytes: i32::MAX, min_bytes: 1, topics: vec![topic], ..Default::default() };
    let reply = client.send_to_at(1, &request, 12).unwrap();
    let response = reply.message().unwrap();
    let Some(Records::Bytes(records)) = &response.responses[0].partitions[0].records else { panic!("no records") };
    assert_eq!(records.iter().filter(|byte| **byte == b'x').count(), 3_000_000);
}

#[test]
fn a_broker_with_a_certificate_that_is_not_right_is_refused() {
    let (authority, other) = (Authority::new("ca"), Authority::new("other"));
    let cases = [
        (other.issue("broker", &HOSTS), "UnknownIssuer"),
        (authority.issue_expired("broker", &HOSTS), "expired"),
        (authority.issue("broker", &["example.com"]), "not valid for name"),
    ];
    for (identity, expected) in cases {
        let broker = ssl_broker(&identity, &[]);
        let error = refused(&broker, &trusting(&authority));
        assert!(matches!(error, ClientError::Tls { .. }), "{error}");
        assert!(error.to_string().contains(expected), "{expected}: {error}");
        let mut settings = trusting(&authority);
        settings.push(("ssl.endpoint.identification.algorithm", ""));
        // A name can be left unchecked, but neither the time nor the signer.
        assert_eq!(connect(&broker, &settings).is_ok(), expected == "not valid for name");
    }
}

#[test]
fn a_client_without_the_right_certificate_is_refused_where_one_is_required() {
    let (authority, other) = (Authority::new("ca"), Authority::new("other"));
    let trust = [
        ("ssl.truststore.type", "PEM"),
        ("ssl.truststore.certificates", authority.pem.as_str()),
        ("ssl.client.auth", "required"),
        ("ssl.principal.mapping.rules", r"RULE:^CN=([^,]*),O=Test\\,.*$/$1/U,DEFAULT"),
    ];
    let broker = ssl_broker(&authority.issue("broker", &HOSTS), &trust);
    let error = refused(&broker, &trusting(&authority));
    assert!(matches!(error, ClientError::Tls { .. } | ClientError::Io { .. }), "{error}");
    refused(&broker, &with_key(trusting(&authority), &other.issue("mallory", &[])));
    refused(&broker, &with_key(trusting(&authority), &authority.issue_expired("carol", &[])));
    let alice = authority.issue("alice", &[]);
    assert!(serves(&mut client(&broker, &with_key(trusting(&authority), &alice))));
    drop(broker);
    let written = logs::written();
    assert!(written.contains("principal=User:ALICE"), "no rule was applied");
}

#[test]
fn the_name_of_a_certificate_is_written_as_java_writes_it() {
    let authority = Authority::new("ca");
    let trust = [
        ("ssl.truststore.type", "PEM"),
        ("ssl.truststore.certificates", authority.pem.as_str()),
        ("ssl.client.auth", "requested"),
    ];
    let broker = ssl_broker(&authority.issue("broker", &HOSTS), &trust);
    assert!(serves(&mut client(&broker, &trusting(&authority))), "one is not required");
    assert!(serves(&mut client(&broker, &with_key(trusting(&authority), &authority.issue("dora", &[])))));
    drop(broker);
    assert!(logs::written().contains(r"principal=User:CN=dora,O=Test\, Ltd.,C=CZ"));
}

#[test]
fn plain_bytes_at_a_port_with_tls_end_the_connection_and_the_other_way_round() {
    let authority = Authority::new("ca");
    let broker = ssl_broker(&authority.issue("broker", &HOSTS), &[]);
    let mut socket = TcpStream::connect(broker.bootstrap()).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    socket.write_all(b"\0\0\0\x10\0\x12\0\0\0\0\0\x01\0\x06client").unwrap();
    let mut answer = Vec::new();
    // An alert, and the end; or a reset.
    let _ = socket.read_to_end(&mut answer);
    assert!(answer.len() < 20, "{answer:?}");
    let plain = super::broker(&[]);
    refused(&plain, &trusting(&authority));
}

#[test]
fn stores_may_be_pkcs12_files() {
    let dir = tempfile::tempdir().unwrap();
    let authority = Authority::new("ca");
    let identity = authority.issue("broker", &HOSTS);
    let write = |name: &str, entry: KeyStoreEntry| {
        let mut store = KeyStore::new();
        store.add_entry("one", entry);
        let path = dir.path().join(name);
        std::fs::write(&path, store.writer("changeit").write().unwrap()).unwrap();
        path.display().to_string()
    };
    let chain = identity.chain_der.iter().map(|der| Certificate::from_der(der).unwrap());
    let keys = write("keys.p12", KeyStoreEntry::PrivateKeyChain(PrivateKeyChain::new(&identity.key_der, "one", chain)));
    let trust = write("trust.p12", KeyStoreEntry::Certificate(Certificate::from_der(&authority.der).unwrap()));
    let broker = broker(&[
        ("listeners", "SSL://127.0.0.1:0"),
        ("security.inter.broker.protocol", "SSL"),
        // Kafka's default type is JKS, which Java reads PKCS12 files under, too.
        ("ssl.keystore.location", &keys),
        ("ssl.keystore.password", "changeit"),
    ]);
    let settings = [
        ("security.protocol", "SSL"),
        ("ssl.truststore.type", "PKCS12"),
        ("ssl.truststore.location", &trust),
        ("ssl.truststore.password", "changeit"),
    ];
    assert!(serves(&mut client(&broker, &settings)));
}

#[test]
fn a_listener_without_usable_keys_does_not_start() {
    let dir = tempfile::tempdir().unwrap();
    let jks = dir.path().join("keys.jks");
    std::fs::write(&jks, b"\xfe\xed\xfe\xed\0\0\0\x02").unwrap();
    let jks = jks.display().to_string();
    let ssl = [("listeners", "SSL://127.0.0.1:0"), ("security.inter.broker.protocol", "SSL")];
    for (more, expected) in [
        (vec![], "needs ssl.keystore.location"),
        (vec![("ssl.keystore.location", jks.as_str())], "stores of type JKS are not supported"),
        (vec![("ssl.keystore.location", "missing.pem"), ("ssl.keystore.type", "PEM")], "missing.pem"),
    ] {
        let settings = ssl.iter().chain(&more).map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let error = Broker::ephemeral_with(&settings.collect::<Vec<_>>()).map(drop).unwrap_err().to_string();
        assert!(error.contains(expected), "{expected}: {error}");
    }
}

#[test]
fn sasl_in_tls_needs_both() {
    let authority = Authority::new("ca");
    let identity = authority.issue("broker", &HOSTS);
    let broker = broker(&[
        ("listeners", "SASL_SSL://127.0.0.1:0"),
        ("security.inter.broker.protocol", "SASL_SSL"),
        ("sasl.enabled.mechanisms", "PLAIN"),
        ("listener.name.sasl_ssl.plain.sasl.jaas.config", "a.PlainLoginModule required user_eve=\"eve-swordfish\";"),
        ("listener.name.sasl_ssl.ssl.keystore.type", "PEM"),
        ("listener.name.sasl_ssl.ssl.keystore.certificate.chain", &identity.chain),
        ("listener.name.sasl_ssl.ssl.keystore.key", &identity.key),
    ]);
    let mut settings = trusting(&authority);
    let mut without = connect(&broker, &settings).unwrap();
    assert!(without.call(&MetadataRequest::default()).is_err(), "TLS alone is not enough");
    settings[0].1 = "SASL_SSL";
    settings.push(("sasl.mechanism", "PLAIN"));
    settings.push(("sasl.jaas.config", "a.PlainLoginModule required username=eve password=eve-swordfish;"));
    assert!(serves(&mut client(&broker, &settings)));
    drop(broker);
    let written = logs::written();
    assert!(written.contains("principal=User:eve"));
    assert!(!written.contains("swordfish") && !written.contains("PRIVATE KEY"), "a secret is in the log");
}
