//! Keys that change while a broker runs.

use std::time::{Duration, Instant};

use kafka_thin_client::admin::{self, AlterConfigOp, ConfigOperation, ConfigResource, ConfigResourceType};
use kafka_thin_client::{Client, ClientError};

use super::certificates::Authority;
use super::{Settings, broker, client, connect, serves};

const HOSTS: [&str; 2] = ["127.0.0.1", "localhost"];

fn trusting(authority: &Authority) -> [(&'static str, &str); 3] {
    [
        ("security.protocol", "SSL"),
        ("ssl.truststore.type", "PEM"),
        ("ssl.truststore.certificates", authority.pem.as_str()),
    ]
}

fn set(client: &mut Client, name: &str, value: &str) -> Result<(), ClientError> {
    let broker = ConfigResource { kind: ConfigResourceType::Broker, name: "1".into() };
    let op = AlterConfigOp { name: name.into(), operation: ConfigOperation::Set, value: Some(value.into()) };
    admin::incremental_alter_configs(client, &broker, &[op])
}

/// Connects until that works.
fn wait_for(broker: &kafka_broker::Broker, settings: Settings<'_>) {
    let until = Instant::now() + Duration::from_secs(30);
    while let Err(error) = connect(broker, settings) {
        assert!(Instant::now() < until, "{error}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn keys_are_renewed_without_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let (first, second, third) = (Authority::new("first"), Authority::new("second"), Authority::new("third"));
    let write = |name: &str, authority: &Authority| {
        let identity = authority.issue("broker", &HOSTS);
        let path = dir.path().join(name);
        std::fs::write(&path, identity.chain + &identity.key).unwrap();
        path.display().to_string()
    };
    let path = write("keys.pem", &first);
    let broker = broker(&[
        ("listeners", "SSL://127.0.0.1:0"),
        ("security.inter.broker.protocol", "SSL"),
        ("ssl.keystore.type", "PEM"),
        ("ssl.keystore.location", &path),
    ]);
    let mut old = client(&broker, &trusting(&first));
    assert!(serves(&mut old));

    // A file that changes.
    write("keys.pem", &second);
    wait_for(&broker, &trusting(&second));
    assert!(connect(&broker, &trusting(&first)).is_err());
    assert!(serves(&mut old), "connections go on");

    // A file that is damaged.
    std::fs::write(&path, "nothing").unwrap();
    std::thread::sleep(Duration::from_millis(1500));
    wait_for(&broker, &trusting(&second));

    // Another file, by a setting.
    let other = write("other.pem", &third);
    let name = "listener.name.ssl.ssl.keystore.location";
    let error = set(&mut old, name, "missing.pem").unwrap_err().to_string();
    assert!(error.contains("missing.pem"), "{error}");
    set(&mut old, name, &other).unwrap();
    assert!(connect(&broker, &trusting(&third)).is_ok());
    assert!(serves(&mut old), "connections go on");
}
