//! The command: what it prints, and how a signal ends it.

#![expect(clippy::unwrap_used, reason = "what fails where it must not fails the test")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use kafka_rpc::ErrorCode;
use kafka_rpc::messages::join_group_request::JoinGroupRequestProtocol;
use kafka_rpc::messages::{FindCoordinatorRequest, JoinGroupRequest};
use kafka_thin_client::{Client, ClientConfig};
use rustix::process::{Pid, Signal, kill_process};

/// ApiVersions, version 0.
const REQUEST: [u8; 14] = [0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 1, 0xff, 0xff];

/// A process that does not outlive its test.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// A broker and its address.
fn start(settings: &[&str]) -> (Process, String) {
    let command = Command::new(env!("CARGO_BIN_EXE_kafka-broker"))
        .args(["--ephemeral", "--log-level", "error"])
        .args(settings.iter().flat_map(|setting| ["--override", setting]))
        .stdout(Stdio::piped())
        .spawn();
    let mut child = command.unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    (Process(child), line.trim().to_owned())
}

fn signal(process: &Process) {
    kill_process(Pid::from_child(&process.0), Signal::TERM).unwrap();
}

fn wait(process: &mut Process) -> ExitStatus {
    let until = Instant::now() + Duration::from_secs(60);
    loop {
        match process.0.try_wait().unwrap() {
            Some(status) => return status,
            None if Instant::now() > until => process.0.kill().unwrap(),
            None => std::thread::sleep(Duration::from_millis(5)),
        }
    }
}

#[test]
fn a_signal_stops_the_broker_in_order() {
    let (mut child, address) = start(&[]);
    let mut socket = TcpStream::connect(address).unwrap();
    socket.write_all(&REQUEST).unwrap();
    let mut length = [0; 4];
    socket.read_exact(&mut length).unwrap();
    signal(&child);
    assert_eq!(wait(&mut child).code(), Some(0));
    let mut rest = Vec::new();
    socket.read_to_end(&mut rest).unwrap();
    assert_eq!(rest.len(), u32::from_be_bytes(length) as usize);
}

/// Has a member join a group that waits for more.
fn join(client: &mut Client, member_id: &str) -> (ErrorCode, String) {
    let protocol = JoinGroupRequestProtocol { name: "range".into(), ..Default::default() };
    let request = JoinGroupRequest {
        group_id: "g".into(),
        session_timeout_ms: 60_000,
        rebalance_timeout_ms: 60_000,
        member_id: member_id.into(),
        protocol_type: "consumer".into(),
        protocols: vec![protocol],
        ..Default::default()
    };
    let reply = client.send_to_any(&request).unwrap();
    let message = reply.message().unwrap();
    (ErrorCode::from_code(message.error_code).unwrap(), message.member_id.clone().into_owned())
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let (mut child, address) = start(&["group.initial.rebalance.delay.ms=60000"]);
    let mut idle = TcpStream::connect(&address).unwrap();
    let mut client = Client::new(ClientConfig::new([address])).unwrap();
    let find = FindCoordinatorRequest { coordinator_keys: vec!["g".into()], ..Default::default() };
    let until = Instant::now() + Duration::from_secs(30);
    while client.send_to_any(&find).unwrap().message().unwrap().coordinators[0].error_code != 0 {
        assert!(Instant::now() < until, "there is no coordinator");
        std::thread::sleep(Duration::from_millis(5));
    }
    let (error, member_id) = loop {
        let joined = join(&mut client, "");
        if joined.0 != ErrorCode::CoordinatorLoadInProgress && joined.0 != ErrorCode::NotCoordinator {
            break joined;
        }
    };
    assert_eq!(error, ErrorCode::MemberIdRequired);
    // Never answered: the broker gives the request 5 s to come to its end.
    std::thread::spawn(move || join(&mut client, &member_id));
    std::thread::sleep(Duration::from_millis(300));
    signal(&child);
    // The first signal has arrived: idle connections end.
    assert_eq!(idle.read(&mut [0]).unwrap(), 0);
    signal(&child);
    assert_eq!(wait(&mut child).code(), Some(130));
}
