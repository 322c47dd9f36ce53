//! Peers that send half of what they announce, or never read what they asked for.

use std::io::Write as _;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use kafka_log::compression::Codec;
use kafka_rpc::messages::ApiVersionsRequest;

use crate::support::{
    FETCH_VERSION, PATIENCE, assert_serves, broker, broker_with, client, create_topic, fetch, frame, is_closed,
    produce, resident, response, socket,
};

/// What all the peers of a test may cost.
const COST_MAX: u64 = 128 * 1024 * 1024;

/// The least that a request of this length needs.
fn claimed(length: i32) -> Vec<u8> {
    [&length.to_be_bytes()[..], &[0; 1000]].concat()
}

#[test]
fn half_frames_cost_what_was_sent_and_not_what_was_announced() {
    let broker = broker();
    let before = resident();
    let mut peers: Vec<TcpStream> = (0..200).map(|_| socket(&broker)).collect();
    for peer in &mut peers {
        peer.write_all(&claimed(100_000_000)).unwrap();
    }
    assert_serves(&broker);
    let cost = resident().saturating_sub(before);
    println!("200 half frames: {} KiB", cost / 1024);
    assert!(cost < COST_MAX, "{cost} bytes");
}

#[test]
fn long_requests_wait_while_others_have_all_the_memory() {
    let broker = broker_with(&[("socket.request.max.bytes", "1000000"), ("queued.max.request.bytes", "1000000")]);
    let mut first = socket(&broker);
    first.write_all(&claimed(999_996)).unwrap();
    // A frame takes memory when a part of it has arrived and more of it comes.
    for _ in 0..20 {
        std::thread::sleep(Duration::from_millis(5));
        first.write_all(&[0; 100]).unwrap();
    }
    // What follows a request in its frame is ignored, as in Kafka.
    let mut long = frame(&ApiVersionsRequest::default(), 0);
    long.resize(400_000, 0);
    let length = i32::try_from(long.len() - 4).unwrap();
    long[..4].copy_from_slice(&length.to_be_bytes());
    let mut second = socket(&broker);
    second.write_all(&long).unwrap();
    second.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    assert!(response(&mut second).is_err(), "answered without memory");
    assert_serves(&broker);
    drop(first);
    second.set_read_timeout(Some(PATIENCE)).unwrap();
    assert!(!response(&mut second).unwrap().is_empty());
}

#[test]
fn lengths_that_cannot_be_end_the_connection() {
    let broker = broker();
    for length in [-1, i32::MIN, i32::MAX, 104_857_601] {
        let mut peer = socket(&broker);
        peer.write_all(&claimed(length)).unwrap();
        assert!(is_closed(&mut peer), "{length}");
    }
    assert_serves(&broker);
}

#[test]
fn peers_that_never_read_cost_a_bounded_buffer() {
    let broker = broker();
    create_topic(&mut client(&broker), "t", 1);
    let value = vec![7; 900_000];
    for _ in 0..32 {
        produce(&broker, "t", Codec::None, std::slice::from_ref(&value));
    }
    let before = resident();
    let mut peers = Vec::new();
    for number in 0..60 {
        let mut peer = socket(&broker);
        peer.set_write_timeout(Some(Duration::from_millis(20))).unwrap();
        let request = if number % 2 == 0 {
            frame(&fetch("t", 0, 1, 0), FETCH_VERSION)
        } else {
            frame(&ApiVersionsRequest::default(), 0)
        };
        // Many at once, until the socket takes no more.
        let many = request.repeat(2000);
        let _ = peer.write_all(&many);
        peers.push(peer);
    }
    assert_serves(&broker);
    let cost = resident().saturating_sub(before);
    println!("60 peers that do not read: {} KiB", cost / 1024);
    assert!(cost < COST_MAX, "{cost} bytes");
    // Who reads after all gets whole answers.
    let first = response(&mut peers[0]).unwrap();
    assert!(first.len() > 28_000_000, "{} bytes", first.len());
}

#[test]
fn bytes_and_the_end_in_one_packet_do_not_leave_a_connection_behind() {
    let broker = broker_with(&[("max.connections", "8")]);
    for _ in 0..50 {
        // Over as soon as sent. Where the limit is reached, the broker closes first.
        if let Ok(mut peer) = TcpStream::connect(broker.bootstrap()) {
            let _ = peer.write_all(&[0, 0]);
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    assert_room(&broker);
}

#[test]
fn a_fetch_that_waits_does_not_outlive_its_peer() {
    let broker = broker_with(&[("max.connections", "8")]);
    create_topic(&mut client(&broker), "t", 1);
    for _ in 0..20 {
        if let Ok(mut peer) = TcpStream::connect(broker.bootstrap()) {
            let _ = peer.write_all(&frame(&fetch("t", 0, 1, i32::MAX), FETCH_VERSION));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_room(&broker);
}

#[test]
fn a_request_that_waits_ends_with_the_time_for_idle_connections() {
    let broker = broker_with(&[("connections.max.idle.ms", "100")]);
    create_topic(&mut client(&broker), "t", 1);
    let mut peer = socket(&broker);
    peer.write_all(&frame(&fetch("t", 0, 1, i32::MAX), FETCH_VERSION)).unwrap();
    assert!(is_closed(&mut peer));
}

/// Fails unless a client is let in, once the broker has seen the ends of those before it.
fn assert_room(broker: &kafka_broker::Broker) {
    let until = Instant::now() + PATIENCE;
    loop {
        let mut peer = socket(broker);
        let answer = peer.write_all(&frame(&ApiVersionsRequest::default(), 0)).and_then(|()| response(&mut peer));
        match answer {
            Ok(_) => return,
            Err(error) if Instant::now() > until => panic!("no room: {error}"),
            Err(_) => std::thread::sleep(Duration::from_millis(10)),
        }
    }
}
