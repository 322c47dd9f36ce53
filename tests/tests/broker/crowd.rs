//! Thousands of connections that do nothing, hundreds that dawdle, and one client that works. `benches/broker/crowd` measures it.

use std::io::Write as _;
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use kafka_broker::Broker;
use kafka_log::compression::Codec;
use kafka_rpc::messages::FetchRequest;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::support::{FETCH_VERSION, broker, client, connection, create_topic, fetch, produce, socket};

const IDLE: usize = 5_000;
const SLOW: usize = 200;
const CALLS: usize = 200;

/// How many connections the limit of open files lets this process have, both ends of each.
fn room() -> usize {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    let files = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum,
        Err(_) => limit.current,
    };
    let files = files.and_then(|files| usize::try_from(files).ok()).unwrap_or(usize::MAX);
    files.saturating_sub(1_000) / 2
}

/// Fetches one by one; the 99th percentile of the times.
fn p99(broker: &Broker) -> Duration {
    let mut connection = connection(broker);
    let mut times: Vec<Duration> = (0..CALLS)
        .map(|_| {
            let began = Instant::now();
            let pending = connection.send_at(&fetch("t", 0, 1, 0), FETCH_VERSION).unwrap();
            let reply = connection.receive::<FetchRequest<'_>>(pending).unwrap();
            let response = reply.message().unwrap();
            assert!(response.responses[0].partitions[0].records.as_ref().is_some_and(|records| !records.is_empty()));
            began.elapsed()
        })
        .collect();
    times.sort();
    times[CALLS * 99 / 100]
}

/// Connections, no more at once than wait in the kernel to be accepted.
fn crowd(broker: &Broker, count: usize) -> Vec<TcpStream> {
    let mut crowd = Vec::with_capacity(count);
    while crowd.len() < count {
        crowd.extend((crowd.len()..count).take(100).map(|_| socket(broker)));
        // Whoever came before this client has been accepted before it.
        drop(connection(broker));
    }
    crowd
}

#[test]
fn a_client_is_served_among_thousands_that_do_nothing() {
    let room = room();
    let (slow, idle) = (SLOW.min(room / 4), IDLE.min(room.saturating_sub(SLOW)));
    let broker = broker();
    create_topic(&mut client(&broker), "t", 1);
    produce(&broker, "t", Codec::None, &[vec![7; 1000]]);
    let quiet = p99(&broker);
    let _idle = crowd(&broker, idle);
    let mut dawdling = crowd(&broker, slow);
    dawdling.iter_mut().for_each(|peer| peer.write_all(&1_000_000_i32.to_be_bytes()).unwrap());
    let is_over = AtomicBool::new(false);
    let busy = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                dawdling.iter_mut().for_each(|peer| peer.write_all(&[0]).unwrap());
                std::thread::sleep(Duration::from_millis(10));
            }
        });
        let busy = p99(&broker);
        is_over.store(true, Ordering::Relaxed);
        busy
    });
    println!("p99 of a fetch: {quiet:?} alone, {busy:?} beside {idle} idle and {slow} slow connections");
    assert!(!broker.has_failed());
}
