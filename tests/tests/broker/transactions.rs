//! Transactions over sockets: what readers see, who is fenced, and what a stop in the middle leaves.

use std::time::{Duration, Instant};

use kafka_broker::{Broker, BrokerConfig};
use kafka_log::compression::{Codec, Compressor};
use kafka_log::format::builder::{BatchFields, RecordBatchBuilder};
use kafka_rpc::messages::add_partitions_to_txn_request::AddPartitionsToTxnTopic;
use kafka_rpc::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_rpc::messages::txn_offset_commit_request::{TxnOffsetCommitRequestPartition, TxnOffsetCommitRequestTopic};
use kafka_rpc::messages::{
    AddPartitionsToTxnRequest, DescribeTransactionsRequest, EndTxnRequest, FindCoordinatorRequest,
    InitProducerIdRequest, ListTransactionsRequest, ProduceRequest, TxnOffsetCommitRequest,
};
use kafka_rpc::{ErrorCode, Records};
use kafka_thin_client::consumer::{ConsumerConfig, OffsetReset};
use kafka_thin_client::{Connection, TopicPartition, admin};

use crate::support::{PATIENCE, broker, broker_with, client, connection, consume, consumer, create_topic, produce};

/// Clients of this version of Produce leave it to the broker to add partitions.
const IMPLICIT: i16 = 12;

/// A producer with a transactional id, one request at a time.
struct Producer {
    connection: Connection,
    id: i64,
    epoch: i16,
    sequence: i32,
}

fn code(number: i16) -> ErrorCode {
    ErrorCode::from_code(number).unwrap()
}

impl Producer {
    /// A producer that has fenced those before it.
    fn start(broker: &Broker, timeout_ms: i32) -> Self {
        let mut producer = Producer { connection: connection(broker), id: -1, epoch: -1, sequence: 0 };
        producer.find_coordinator();
        producer.init(timeout_ms);
        producer
    }

    /// Asks until it is there: its topic is made when it is asked for.
    fn find_coordinator(&mut self) {
        let request = FindCoordinatorRequest { key_type: 1, coordinator_keys: vec!["tx".into()], ..Default::default() };
        self.until(|producer| {
            let pending = producer.connection.send_at(&request, 4).unwrap();
            let reply = producer.connection.receive::<FindCoordinatorRequest<'_>>(pending).unwrap();
            let code = code(reply.message().unwrap().coordinators[0].error_code);
            (code == ErrorCode::None).then_some(()).ok_or(code)
        });
    }

    /// Tries again while the broker says that it is to.
    fn until(&mut self, mut attempt: impl FnMut(&mut Self) -> Result<(), ErrorCode>) {
        let until = Instant::now() + PATIENCE;
        while let Err(code) = attempt(self) {
            assert!(code.is_retriable() && Instant::now() < until, "{}", code.name());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn init(&mut self, transaction_timeout_ms: i32) {
        let transactional_id = Some("tx".into());
        let request = InitProducerIdRequest {
            transactional_id,
            transaction_timeout_ms,
            producer_id: -1,
            producer_epoch: -1,
            ..Default::default()
        };
        self.until(|producer| {
            let reply = producer.connection.call(&request).unwrap();
            let response = reply.message().unwrap();
            (producer.id, producer.epoch, producer.sequence) = (response.producer_id, response.producer_epoch, 0);
            let code = code(response.error_code);
            (code == ErrorCode::None).then_some(()).ok_or(code)
        });
    }

    /// Produces one record to partition 0 of topic `t`.
    fn send(&mut self, value: &str, version: i16) -> ErrorCode {
        self.send_as(Some("tx"), value, version)
    }

    fn send_as(&mut self, transactional_id: Option<&str>, value: &str, version: i16) -> ErrorCode {
        let mut builder = RecordBatchBuilder::new(BatchFields {
            producer_id: self.id,
            producer_epoch: self.epoch,
            base_sequence: self.sequence,
            is_transactional: true,
            ..BatchFields::default()
        });
        builder.append(0, 0, None, Some(value.as_bytes()), &[]).unwrap();
        let mut batch = Vec::new();
        builder.finish(&mut Compressor::new(), &mut batch).unwrap();
        let partition_data =
            vec![PartitionProduceData { records: Some(Records::from(batch.as_slice())), ..Default::default() }];
        let request = ProduceRequest {
            transactional_id: transactional_id.map(Into::into),
            acks: -1,
            timeout_ms: 1_000,
            topic_data: vec![TopicProduceData { name: "t".into(), partition_data, ..Default::default() }],
            ..Default::default()
        };
        let pending = self.connection.send_at(&request, version).unwrap();
        let reply = self.connection.receive::<ProduceRequest<'_>>(pending).unwrap();
        let code = code(reply.message().unwrap().responses[0].partition_responses[0].error_code);
        self.sequence += i32::from(code == ErrorCode::None);
        code
    }

    fn add_partition(&mut self) -> ErrorCode {
        let request = AddPartitionsToTxnRequest {
            v3_and_below_transactional_id: "tx".into(),
            v3_and_below_producer_id: self.id,
            v3_and_below_producer_epoch: self.epoch,
            v3_and_below_topics: vec![AddPartitionsToTxnTopic {
                name: "t".into(),
                partitions: vec![0],
                ..Default::default()
            }],
            ..Default::default()
        };
        let pending = self.connection.send_at(&request, 3).unwrap();
        let reply = self.connection.receive::<AddPartitionsToTxnRequest<'_>>(pending).unwrap();
        let results = &reply.message().unwrap().results_by_topic_v3_and_below;
        code(results[0].results_by_partition[0].partition_error_code)
    }

    fn end(&mut self, committed: bool, version: i16) -> ErrorCode {
        let (producer_id, producer_epoch) = (self.id, self.epoch);
        let transactional_id = "tx".into();
        let request = EndTxnRequest { transactional_id, producer_id, producer_epoch, committed, ..Default::default() };
        let pending = self.connection.send_at(&request, version).unwrap();
        let reply = self.connection.receive::<EndTxnRequest<'_>>(pending).unwrap();
        let response = reply.message().unwrap();
        let code = code(response.error_code);
        if version >= 5 && code == ErrorCode::None {
            (self.id, self.epoch, self.sequence) = (response.producer_id, response.producer_epoch, 0);
        }
        code
    }

    fn commit_offset(&mut self, group: &str, offset: i64) -> ErrorCode {
        let partition = TxnOffsetCommitRequestPartition { committed_offset: offset, ..Default::default() };
        let topics =
            vec![TxnOffsetCommitRequestTopic { name: "t".into(), partitions: vec![partition], ..Default::default() }];
        let request = TxnOffsetCommitRequest {
            transactional_id: "tx".into(),
            group_id: group.to_owned().into(),
            producer_id: self.id,
            producer_epoch: self.epoch,
            generation_id: -1,
            topics,
            ..Default::default()
        };
        let reply = self.connection.call(&request).unwrap();
        code(reply.message().unwrap().topics[0].partitions[0].error_code)
    }

    fn state(&mut self) -> String {
        let request = DescribeTransactionsRequest { transactional_ids: vec!["tx".into()], ..Default::default() };
        let reply = self.connection.call(&request).unwrap();
        reply.message().unwrap().transaction_states[0].transaction_state.to_string()
    }
}

/// Values that a reader of committed records gets before a record that is outside of transactions.
fn committed(broker: &Broker, count: usize) -> Vec<String> {
    let config = ConsumerConfig {
        isolation_level: admin::IsolationLevel::ReadCommitted,
        offset_reset: OffsetReset::Earliest,
        fetch_max_wait: Duration::from_millis(20),
        ..ConsumerConfig::default()
    };
    let mut consumer = consumer(broker, config);
    consumer.assign(&[TopicPartition::new("t", 0)]);
    let records = consume(&mut consumer, count);
    records.into_iter().map(|record| String::from_utf8(record.value.unwrap()).unwrap()).collect()
}

#[test]
fn committed_records_are_seen_and_aborted_ones_are_not() {
    for (produce_version, end_version) in [(IMPLICIT, 5), (11, 4)] {
        let broker = broker();
        create_topic(&mut client(&broker), "t", 1);
        let mut producer = Producer::start(&broker, 60_000);
        for (values, is_commit) in [(["a", "b"], true), (["c", "d"], false), (["e", "f"], true)] {
            if produce_version < IMPLICIT {
                assert_eq!(producer.add_partition(), ErrorCode::None);
            }
            for value in values {
                assert_eq!(producer.send(value, produce_version), ErrorCode::None);
            }
            assert_eq!(producer.state(), "Ongoing");
            assert_eq!(producer.end(is_commit, end_version), ErrorCode::None);
        }
        produce(&broker, "t", Codec::None, &[b"end".to_vec()]);
        assert_eq!(committed(&broker, 5), ["a", "b", "e", "f", "end"]);
    }
}

#[test]
fn a_second_producer_fences_the_first_one() {
    let broker = broker();
    create_topic(&mut client(&broker), "t", 1);
    let mut first = Producer::start(&broker, 60_000);
    assert_eq!(first.send("lost", IMPLICIT), ErrorCode::None);
    let mut second = Producer::start(&broker, 60_000);
    assert!(second.epoch > first.epoch);
    assert_eq!(first.send("late", IMPLICIT), ErrorCode::InvalidProducerEpoch);
    assert_eq!(first.add_partition(), ErrorCode::ProducerFenced);
    assert_eq!(first.end(true, 5), ErrorCode::ProducerFenced);
    assert_eq!(first.end(true, 1), ErrorCode::InvalidProducerEpoch);
    assert_eq!(second.send("kept", IMPLICIT), ErrorCode::None);
    assert_eq!(second.end(true, 5), ErrorCode::None);
    assert_eq!(committed(&broker, 1), ["kept"]);
}

#[test]
fn records_outside_of_the_transaction_are_refused() {
    let broker = broker();
    create_topic(&mut client(&broker), "t", 1);
    let mut producer = Producer::start(&broker, 60_000);
    assert_eq!(producer.send("x", 10), ErrorCode::InvalidTxnState);
    assert_eq!(producer.send("x", 11), ErrorCode::TransactionAbortable);
    assert_eq!(producer.send_as(None, "x", 11), ErrorCode::TransactionalIdAuthorizationFailed);
    assert_eq!(producer.send_as(Some("unknown"), "x", IMPLICIT), ErrorCode::InvalidProducerIdMapping);
    assert_eq!(producer.commit_offset("g", 1), ErrorCode::CoordinatorNotAvailable);
}

#[test]
fn a_transaction_that_takes_too_long_is_aborted() {
    let broker = broker_with(&[("transaction.abort.timed.out.transaction.cleanup.interval.ms", "50")]);
    create_topic(&mut client(&broker), "t", 1);
    let mut producer = Producer::start(&broker, 50);
    assert_eq!(producer.send("late", IMPLICIT), ErrorCode::None);
    let until = Instant::now() + PATIENCE;
    while producer.state() != "CompleteAbort" {
        assert!(Instant::now() < until, "{}", producer.state());
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(producer.end(true, 5), ErrorCode::InvalidTxnState);
    produce(&broker, "t", Codec::None, &[b"end".to_vec()]);
    assert_eq!(committed(&broker, 1), ["end"]);
}

#[test]
fn offsets_count_once_their_transaction_is_committed() {
    for is_commit in [true, false] {
        let broker = broker();
        create_topic(&mut client(&broker), "t", 1);
        // Makes the topic of groups.
        assert!(admin::list_group_offsets(&mut client(&broker), "g").unwrap().is_empty());
        let mut producer = Producer::start(&broker, 60_000);
        assert_eq!(producer.commit_offset("g", 7), ErrorCode::None);
        assert_eq!(producer.end(is_commit, 5), ErrorCode::None);
        let offsets = admin::list_group_offsets(&mut client(&broker), "g").unwrap();
        assert_eq!(offsets.len(), usize::from(is_commit), "{offsets:?}");
    }
}

#[test]
fn a_restart_in_the_middle_loses_no_transaction() {
    let dir = tempfile::tempdir().unwrap();
    let settings = [("listeners", "PLAINTEXT://127.0.0.1:0"), ("log.dirs", dir.path().to_str().unwrap())];
    let settings: Vec<_> = settings.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let start = || Broker::start(BrokerConfig::load(None, &settings).unwrap().0).unwrap();

    let broker = start();
    create_topic(&mut client(&broker), "t", 1);
    let mut producer = Producer::start(&broker, 60_000);
    assert_eq!(producer.send("before", IMPLICIT), ErrorCode::None);
    assert!(broker.stop().is_clean);

    let broker = start();
    producer.connection = connection(&broker);
    producer.find_coordinator();
    let request = ListTransactionsRequest { duration_filter: -1, ..Default::default() };
    producer.until(|producer| {
        let reply = producer.connection.call(&request).unwrap();
        let response = reply.message().unwrap();
        let code = code(response.error_code);
        (code == ErrorCode::None).then_some(()).ok_or(code)?;
        assert_eq!(response.transaction_states.len(), 1);
        assert_eq!(response.transaction_states[0].transaction_state, "Ongoing");
        Ok(())
    });
    assert_eq!(producer.send("after", IMPLICIT), ErrorCode::None);
    assert_eq!(producer.end(true, 5), ErrorCode::None);
    assert_eq!(committed(&broker, 2), ["before", "after"]);
    assert!(broker.stop().is_clean);
}
