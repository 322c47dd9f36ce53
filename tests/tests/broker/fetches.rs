//! A fetch that waits is answered when there is something to tell, and not before.

use std::time::{Duration, Instant};

use kafka_broker::Broker;
use kafka_log::compression::Codec;
use kafka_rpc::ErrorCode;
use kafka_rpc::messages::FetchRequest;
use kafka_thin_client::{Connection, Pending, admin};

use crate::support::{FETCH_VERSION, PATIENCE, broker, client, connection, create_topic, fetch, produce};

/// Long enough that only a wake-up ends it.
const LONG_MS: i32 = 600_000;
/// How long a fetch is watched that must not be answered.
const A_WHILE: Duration = Duration::from_millis(150);

/// A fetch on its way.
struct Sent {
    connection: Connection,
    pending: Pending,
}

impl Sent {
    fn new(broker: &Broker, request: &FetchRequest<'_>) -> Self {
        let mut connection = connection(broker);
        let pending = connection.send_at(request, FETCH_VERSION).unwrap();
        Sent { connection, pending }
    }

    /// Error and bytes of records of the only partition, if the answer comes within this time.
    fn answer(&mut self, wait: Duration) -> Option<(i16, usize)> {
        let reply = self.connection.poll::<FetchRequest<'_>>(self.pending, wait).unwrap()?;
        let response = reply.message().unwrap();
        assert_eq!(response.error_code, 0);
        let partition = &response.responses[0].partitions[0];
        Some((partition.error_code, partition.records.as_ref().map_or(0, |records| records.len())))
    }
}

#[test]
fn a_record_wakes_every_fetch_that_waits_for_its_partition() {
    let broker = broker();
    create_topic(&mut client(&broker), "t", 2);
    let mut waiting: Vec<Sent> = (0..20).map(|_| Sent::new(&broker, &fetch("t", 0, 1, LONG_MS))).collect();
    assert_eq!(waiting[0].answer(A_WHILE), None);
    produce(&broker, "t", Codec::None, &[b"a".to_vec()]);
    for fetch in &mut waiting {
        assert!(matches!(fetch.answer(PATIENCE), Some((0, 1..))));
    }
}

#[test]
fn no_wake_up_is_lost_while_records_and_fetches_cross() {
    let broker = broker();
    create_topic(&mut client(&broker), "t", 1);
    let mut connection = connection(&broker);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..300 {
                produce(&broker, "t", Codec::None, &[b"a".to_vec()]);
            }
        });
        for offset in 0..300 {
            let pending = connection.send_at(&fetch("t", offset, 1, LONG_MS), FETCH_VERSION).unwrap();
            let reply = connection.receive_within::<FetchRequest<'_>>(pending, PATIENCE).unwrap();
            assert_eq!(reply.message().unwrap().responses[0].partitions[0].error_code, 0);
        }
    });
}

#[test]
fn a_fetch_waits_for_as_many_bytes_as_it_asks_for() {
    let broker = broker();
    create_topic(&mut client(&broker), "t", 1);
    let mut waiting = Sent::new(&broker, &fetch("t", 0, 3000, LONG_MS));
    produce(&broker, "t", Codec::None, &[vec![7; 1000]]);
    assert_eq!(waiting.answer(A_WHILE), None);
    produce(&broker, "t", Codec::None, &[vec![7; 2500]]);
    assert!(matches!(waiting.answer(PATIENCE), Some((0, 3500..))));
    // Also from the middle of the log.
    let mut waiting = Sent::new(&broker, &fetch("t", 1, 4000, LONG_MS));
    produce(&broker, "t", Codec::None, &[vec![7; 1000]]);
    assert_eq!(waiting.answer(A_WHILE), None);
    produce(&broker, "t", Codec::None, &[vec![7; 1000]]);
    assert!(matches!(waiting.answer(PATIENCE), Some((0, 4500..))));
}

#[test]
fn a_fetch_is_answered_when_its_time_is_over() {
    let broker = broker();
    create_topic(&mut client(&broker), "t", 1);
    let began = Instant::now();
    assert_eq!(Sent::new(&broker, &fetch("t", 0, 1, 100)).answer(PATIENCE), Some((0, 0)));
    assert!(began.elapsed() >= Duration::from_millis(100));
}

#[test]
fn the_deletion_of_its_topic_ends_a_fetch() {
    let broker = broker();
    let mut client = client(&broker);
    create_topic(&mut client, "t", 1);
    let mut waiting = Sent::new(&broker, &fetch("t", 0, 1, LONG_MS));
    assert_eq!(waiting.answer(A_WHILE), None);
    admin::delete_topics(&mut client, &["t"]).unwrap();
    assert_eq!(waiting.answer(PATIENCE), Some((ErrorCode::UnknownTopicOrPartition.code(), 0)));
}
