//! The command: what it prints, and how a signal ends it.

#![expect(clippy::unwrap_used, reason = "what fails where it must not fails the test")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

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
fn start() -> (Process, String) {
    let command = Command::new(env!("CARGO_BIN_EXE_kafka-broker"))
        .args(["--ephemeral", "--log-level", "error"])
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
    let (mut child, address) = start();
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
