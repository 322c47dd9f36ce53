//! Producers and consumers against a broker in this process.

#![expect(clippy::unwrap_used, reason = "a call that fails fails the test")]

use std::collections::BTreeSet;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use kafka_broker::Broker;
use kafka_log::compression::Codec;
use kafka_rpc::messages::create_topics_request::CreatableTopic;
use kafka_thin_client::consumer::{ConsumeError, Consumer, ConsumerConfig, ConsumerRecord, OffsetReset};
use kafka_thin_client::group::assignors::Assignor;
use kafka_thin_client::producer::{Acks, ProduceError, Producer, ProducerConfig, ProducerRecord, RecordMetadata};
use kafka_thin_client::{Client, ClientConfig, TopicPartition, admin};

const MOMENT: Duration = Duration::from_millis(20);

struct Cluster(Broker);

impl Cluster {
    fn with_topic(topic: &str, partitions: i32) -> Self {
        let cluster = Cluster(Broker::ephemeral().unwrap());
        let mut client = Client::new(cluster.client()).unwrap();
        let topic = CreatableTopic {
            name: topic.into(),
            num_partitions: partitions,
            replication_factor: 1,
            ..Default::default()
        };
        let created = admin::create_topics(&mut client, vec![topic], false).unwrap();
        assert!(created.iter().all(|(_, result)| result.is_ok()), "{created:?}");
        cluster
    }

    fn client(&self) -> ClientConfig {
        ClientConfig::new([self.0.bootstrap()])
    }

    fn producer(&self, config: ProducerConfig) -> Producer {
        Producer::new(self.client(), config).unwrap()
    }

    fn consumer(&self, config: ConsumerConfig) -> Consumer {
        let config = ConsumerConfig { offset_reset: OffsetReset::Earliest, ..config };
        Consumer::new(self.client(), config).unwrap()
    }

    fn in_group(&self, assignor: Assignor) -> Consumer {
        let mut consumer = self.consumer(ConsumerConfig {
            group_id: Some("group".into()),
            assignors: vec![assignor],
            heartbeat_interval: MOMENT,
            ..ConsumerConfig::default()
        });
        consumer.subscribe(&["topic"]).unwrap();
        consumer
    }
}

/// Sends values under their own keys; returns where they were written.
fn send(producer: &mut Producer, values: impl Iterator<Item = u32>) -> Vec<Result<RecordMetadata, ProduceError>> {
    let (results, written) = mpsc::channel();
    for value in values {
        let text = value.to_string();
        let key = Some(text.as_bytes());
        let record = ProducerRecord { topic: "topic", key, value: key, ..Default::default() };
        let results = results.clone();
        producer.send(&record, Box::new(move |result| results.send(result).unwrap()));
    }
    producer.flush();
    written.try_iter().collect()
}

fn values(records: &[ConsumerRecord]) -> Vec<u32> {
    let text = |record: &ConsumerRecord| String::from_utf8(record.value.clone().unwrap()).unwrap();
    records.iter().map(|record| text(record).parse().unwrap()).collect()
}

fn read(consumer: &mut Consumer, count: usize) -> Vec<ConsumerRecord> {
    let (mut records, started) = (Vec::new(), Instant::now());
    while records.len() < count {
        assert!(started.elapsed() < Duration::from_secs(20), "{} of {count} records", records.len());
        records.extend(consumer.poll(MOMENT).unwrap());
    }
    records
}

#[test]
fn what_is_produced_is_consumed_in_order_with_every_codec_and_acknowledgement() {
    let cluster = Cluster::with_topic("topic", 1);
    let mut produced = 0;
    for compression in Codec::ALL {
        for acks in [Acks::All, Acks::Leader, Acks::None] {
            let idempotent = acks == Acks::All;
            let config = ProducerConfig {
                compression,
                acks,
                enable_idempotence: idempotent,
                batch_size: 500,
                ..ProducerConfig::default()
            };
            let written = send(&mut cluster.producer(config), produced..produced + 100);
            let offsets = written.into_iter().map(|result| result.unwrap().offset);
            let expected = (produced..produced + 100).map(|offset| (acks != Acks::None).then(|| i64::from(offset)));
            assert!(offsets.eq(expected), "{compression} {acks:?}");
            produced += 100;
        }
    }
    let mut consumer = cluster.consumer(ConsumerConfig::default());
    consumer.assign(&[TopicPartition::new("topic", 0)]);
    let records = read(&mut consumer, produced as usize);
    assert_eq!(values(&records), (0..produced).collect::<Vec<_>>());
    assert!(consumer.poll(MOMENT).unwrap().is_empty());
}

#[test]
fn keys_headers_nulls_and_times_come_back() {
    let cluster = Cluster::with_topic("topic", 1);
    let headers = vec![("h", Some(&b"1"[..])), ("h", None)];
    let full = ProducerRecord { topic: "topic", key: Some(b"k"), timestamp: Some(1234), headers, ..Default::default() };
    let mut producer = cluster.producer(ProducerConfig::default());
    producer.send(&full, Box::new(|result| assert!(result.is_ok())));
    producer.flush();
    let mut consumer = cluster.consumer(ConsumerConfig::default());
    consumer.assign(&[TopicPartition::new("topic", 0)]);
    let record = read(&mut consumer, 1).remove(0);
    assert_eq!((record.offset, record.timestamp, record.key, record.value), (0, 1234, Some(b"k".to_vec()), None));
    assert_eq!(record.headers, [("h".to_owned(), Some(b"1".to_vec())), ("h".to_owned(), None)]);
}

#[test]
fn a_record_that_cannot_be_sent_has_an_error_and_the_others_are_sent() {
    let cluster = Cluster::with_topic("topic", 1);
    let mut producer = cluster.producer(ProducerConfig { max_request_size: 2000, ..ProducerConfig::default() });
    let (results, written) = mpsc::channel();
    let (long, short) = (vec![0; 3000], vec![0; 3]);
    for (topic, partition, value) in
        [("bad name", None, &short), ("topic", None, &long), ("topic", Some(7), &short), ("topic", Some(0), &short)]
    {
        let record = ProducerRecord { topic, partition, value: Some(value), ..Default::default() };
        let results = results.clone();
        producer.send(&record, Box::new(move |result| results.send(result).unwrap()));
    }
    producer.flush();
    let exceptions: Vec<&str> = written
        .try_iter()
        .map(|result| result.map_or_else(|error: ProduceError| error.exception(), |_| "written"))
        .collect();
    assert_eq!(exceptions, ["InvalidTopicException", "RecordTooLargeException", "TimeoutException", "written"]);
}

#[test]
fn members_share_the_partitions_and_take_over_where_another_stopped() {
    for assignor in Assignor::ALL {
        let cluster = Cluster::with_topic("topic", 4);
        let mut producer = cluster.producer(ProducerConfig::default());
        let mut members = [cluster.in_group(assignor), cluster.in_group(assignor)];
        let started = Instant::now();
        while members.iter().any(|member| member.assignment().count() != 2) {
            assert!(started.elapsed() < Duration::from_secs(20), "{assignor:?}: {members:?}");
            members.iter_mut().for_each(|member| assert!(member.poll(MOMENT).unwrap().is_empty()));
        }
        assert!(send(&mut producer, 0..200).iter().all(Result::is_ok));
        let mut found = Vec::new();
        while found.len() < 200 {
            assert!(started.elapsed() < Duration::from_secs(40), "{assignor:?}: {} records", found.len());
            members.iter_mut().for_each(|member| found.extend(values(&member.poll(MOMENT).unwrap())));
        }
        assert_eq!(found.iter().copied().collect::<BTreeSet<_>>(), (0..200).collect(), "{assignor:?}");
        let [first, mut second] = members;
        first.close().unwrap();
        assert!(send(&mut producer, 200..300).iter().all(Result::is_ok));
        let rest: BTreeSet<u32> = values(&read(&mut second, 100)).into_iter().collect();
        assert_eq!(rest, (200..300).collect(), "{assignor:?}");
        second.close().unwrap();
    }
}

#[test]
fn an_offset_that_is_not_in_the_log_is_reset_or_an_error() {
    let cluster = Cluster::with_topic("topic", 1);
    assert!(send(&mut cluster.producer(ProducerConfig::default()), 0..3).iter().all(Result::is_ok));
    let partition = TopicPartition::new("topic", 0);
    for offset_reset in [OffsetReset::Earliest, OffsetReset::Latest, OffsetReset::None] {
        let config = ConsumerConfig { offset_reset, ..ConsumerConfig::default() };
        let mut consumer = Consumer::new(cluster.client(), config).unwrap();
        consumer.assign(std::slice::from_ref(&partition));
        consumer.seek(&partition, 99);
        match offset_reset {
            OffsetReset::Earliest => assert_eq!(values(&read(&mut consumer, 3)), [0, 1, 2]),
            OffsetReset::Latest => {
                assert!(consumer.poll(Duration::from_millis(500)).unwrap().is_empty());
                assert_eq!(consumer.position(&partition), Some(3));
            }
            OffsetReset::None => {
                let error = consumer.poll(Duration::from_secs(5)).unwrap_err();
                assert!(matches!(error, ConsumeError::OffsetOutOfRange { offset: 99, .. }), "{error}");
            }
        }
    }
}
