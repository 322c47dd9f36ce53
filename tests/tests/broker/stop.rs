//! The broker stops while clients are connected, wait, or dawdle.

use std::io::Write as _;
use std::time::{Duration, Instant};

use kafka_log::compression::Codec;

use crate::support::{FETCH_VERSION, broker, client, create_topic, fetch, frame, is_closed, produce, response, socket};

/// What the broker gives requests in progress, with room for a busy machine.
const DRAIN_MAX: Duration = Duration::from_secs(15);

#[test]
fn a_stop_answers_fetches_that_wait_and_does_not_wait_for_anybody_else() {
    let broker = broker();
    create_topic(&mut client(&broker), "t", 1);
    let mut waiting: Vec<_> = (0..10).map(|_| socket(&broker)).collect();
    for peer in &mut waiting {
        peer.write_all(&frame(&fetch("t", 0, 1, i32::MAX), FETCH_VERSION)).unwrap();
    }
    let mut half: Vec<_> = (0..10).map(|_| socket(&broker)).collect();
    half.iter_mut().for_each(|peer| peer.write_all(&[0, 0, 1, 0, 0]).unwrap());
    let mut idle = socket(&broker);
    std::thread::sleep(Duration::from_millis(100));
    assert!(broker.stop().is_clean);
    for peer in &mut waiting {
        assert!(!response(peer).unwrap().is_empty());
        assert!(is_closed(peer));
    }
    assert!(half.iter_mut().all(is_closed));
    assert!(is_closed(&mut idle));
}

#[test]
fn a_peer_that_never_reads_holds_up_a_stop_for_a_bounded_time() {
    let broker = broker();
    create_topic(&mut client(&broker), "t", 1);
    for _ in 0..12 {
        produce(&broker, "t", Codec::None, &[vec![7; 900_000]]);
    }
    let mut peer = socket(&broker);
    peer.write_all(&frame(&fetch("t", 0, 1, 0), FETCH_VERSION)).unwrap();
    std::thread::sleep(Duration::from_millis(100));
    let began = Instant::now();
    assert!(broker.stop().is_clean);
    assert!(began.elapsed() < DRAIN_MAX, "{:?}", began.elapsed());
}
