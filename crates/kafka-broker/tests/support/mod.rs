//! A broker as a process, and calls of a client.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::time::Duration;

use kafka_rpc::messages::create_topics_request::{CreatableTopic, CreatableTopicConfig};
use kafka_thin_client::{ApiError, Client, ClientConfig, admin};

/// The command `kafka-broker`. It is killed when it is dropped.
pub(crate) struct Process {
    child: Child,
    stdout: BufReader<ChildStdout>,
    is_ready: bool,
}

impl Process {
    /// Runs the broker with these settings by a script of the shell, which gets the command as `$0` and `$@`.
    pub(crate) fn start(script: &str, settings: &[String]) -> Process {
        let overrides = settings.iter().flat_map(|setting| ["--override", setting]);
        let mut child = Command::new("sh")
            .args(["-c", script, env!("CARGO_BIN_EXE_kafka-broker"), "--log-level", "error"])
            .args(overrides)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        Process { child, stdout, is_ready: false }
    }

    /// Waits until it serves.
    pub(crate) fn wait_until_ready(&mut self) {
        if self.is_ready {
            return;
        }
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        assert!(line.starts_with("ready: "), "the broker says {line:?}");
        self.is_ready = true;
    }

    /// `kill -9`.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        assert_eq!(self.child.wait().unwrap().code(), None, "the broker ended by itself");
    }

    /// Stops it in order.
    pub(crate) fn terminate(mut self) -> ExitStatus {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").arg(id).status().unwrap().success());
        self.child.wait().unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port that nobody listens on.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A client that tries again at once.
pub(crate) fn client_config(port: u16) -> ClientConfig {
    ClientConfig {
        retry_backoff: Duration::from_millis(10),
        retry_backoff_max: Duration::from_millis(50),
        ..ClientConfig::new([format!("127.0.0.1:{port}")])
    }
}

/// Creates a topic.
pub(crate) fn create_topic(
    client: &mut Client,
    name: &str,
    partitions: i32,
    configs: &[(&str, &str)],
) -> Result<(), ApiError> {
    let configs = configs.iter().map(|(name, value)| CreatableTopicConfig {
        name: (*name).into(),
        value: Some((*value).into()),
        ..Default::default()
    });
    let topic = CreatableTopic {
        name: name.into(),
        num_partitions: partitions,
        replication_factor: 1,
        configs: configs.collect(),
        ..Default::default()
    };
    let mut results = admin::create_topics(client, vec![topic], false).unwrap();
    results.remove(0).1.map(drop)
}
