//! The broker is killed again and again while producers write. What was acknowledged is there once and in its order.
//! `BROKER_KILL_ROUNDS` sets how often.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a broker that cannot be started fails the test")]

mod support;

use std::collections::BTreeMap;
use std::env;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use fastrand::Rng;
use kafka_log::compression::Codec;
use kafka_thin_client::admin::{self, CommittedOffset};
use kafka_thin_client::consumer::{Consumer, ConsumerConfig, OffsetReset};
use kafka_thin_client::producer::{Producer, ProducerConfig, ProducerRecord};
use kafka_thin_client::{Client, TopicPartition};
use support::{Process, client_config, create_topic};

const PARTITIONS: i32 = 3;

/// Topics, and whether each append to them is flushed.
const TOPICS: [(&str, &str); 2] = [("plain", "9223372036854775807"), ("flushed", "1")];

/// Which record of which producer.
type Id = (usize, usize);

/// A record's place.
type Place = (TopicPartition, i64);

/// What the brokers have promised.
#[derive(Default)]
struct Promises {
    /// Where each record is, as far as the broker told.
    records: BTreeMap<Id, Place>,
    failures: Vec<String>,
    /// The last offset that was committed, and the last one of which that is not known.
    committed: (i64, i64),
    topics: Vec<String>,
}

type Shared = Arc<(Mutex<Promises>, AtomicBool)>;

/// Writes numbered records to all partitions until it is told to stop; then until all are acknowledged.
fn produce(number: usize, port: u16, shared: &Shared) -> usize {
    let compression = [Codec::None, Codec::Lz4, Codec::Zstd][number % 3];
    let config = ProducerConfig {
        compression,
        batch_size: 2000,
        linger: Duration::from_millis(1),
        retry_backoff: Duration::from_millis(10),
        ..ProducerConfig::default()
    };
    let mut producer = Producer::new(client_config(port), config).unwrap();
    let mut sent = 0;
    while !shared.1.load(Ordering::Relaxed) {
        for _ in 0..10 {
            let (id, of) = ((number, sent), Arc::clone(shared));
            let value = format!("{number} {sent}");
            let record = ProducerRecord {
                topic: TOPICS[number % 2].0,
                partition: Some(sent as i32 % PARTITIONS),
                value: Some(value.as_bytes()),
                ..ProducerRecord::default()
            };
            let callback = move |written: Result<kafka_thin_client::producer::RecordMetadata, _>| {
                let mut promises = of.0.lock().unwrap();
                match written {
                    Ok(at) => drop(promises.records.insert(id, (at.partition, at.offset.unwrap_or(-1)))),
                    Err(error) => promises.failures.push(format!("{id:?}: {error}")),
                }
            };
            producer.send(&record, Box::new(callback));
            sent += 1;
        }
        producer.poll(Duration::from_millis(3));
    }
    producer.flush();
    sent
}

/// Commits offsets and creates topics.
fn administer(port: u16, shared: &Shared) {
    let mut client = Client::new(client_config(port)).unwrap();
    for number in 1.. {
        if shared.1.load(Ordering::Relaxed) {
            return;
        }
        shared.0.lock().unwrap().committed.1 = number;
        let offset = CommittedOffset { offset: number, leader_epoch: -1, metadata: String::new() };
        let offsets = BTreeMap::from([(TopicPartition::new("plain", 0), offset)]);
        if let Ok(results) = admin::alter_group_offsets(&mut client, "group", &offsets)
            && results.iter().all(|(_, result)| result.is_ok())
        {
            shared.0.lock().unwrap().committed.0 = number;
        }
        let name = format!("topic-{number}");
        if number % 20 == 0 && create_topic(&mut client, &name, 1, &[]).is_ok() {
            shared.0.lock().unwrap().topics.push(name);
        }
        thread::sleep(Duration::from_millis(5));
    }
}

/// All records, in their order.
fn read(port: u16) -> BTreeMap<TopicPartition, Vec<(i64, Id)>> {
    let partitions: Vec<_> = TOPICS
        .iter()
        .flat_map(|(topic, _)| (0..PARTITIONS).map(|partition| TopicPartition::new(*topic, partition)))
        .collect();
    let config = ConsumerConfig { offset_reset: OffsetReset::Earliest, ..ConsumerConfig::default() };
    let mut consumer = Consumer::new(client_config(port), config).unwrap();
    consumer.assign(&partitions);
    partitions.iter().for_each(|partition| consumer.seek_to(partition, OffsetReset::Earliest));
    let mut found: BTreeMap<_, Vec<_>> = BTreeMap::new();
    loop {
        let records = consumer.poll(Duration::from_secs(1)).unwrap();
        if records.is_empty() {
            return found;
        }
        for record in records {
            let text = String::from_utf8(record.value.unwrap()).unwrap();
            let (producer, number) = text.split_once(' ').unwrap();
            let id = (producer.parse().unwrap(), number.parse().unwrap());
            let partition = TopicPartition::new(record.topic.as_ref(), record.partition);
            found.entry(partition).or_default().push((record.offset, id));
        }
    }
}

#[test]
fn what_was_acknowledged_survives_the_broker_s_death_once_and_in_order() {
    let rounds: usize = env::var("BROKER_KILL_ROUNDS").map_or(5, |rounds| rounds.parse().unwrap());
    let seed = env::var("KAFKA_SEED").map_or(1, |seed| seed.parse().unwrap());
    println!("KAFKA_SEED={seed}");
    let mut random = Rng::with_seed(seed);
    let dir = tempfile::tempdir().unwrap();
    let port = support::free_port();
    let settings = [
        format!("log.dirs={}", dir.path().join("data").display()),
        format!("listeners=PLAINTEXT://127.0.0.1:{port}"),
        "offsets.topic.num.partitions=2".to_owned(),
        "log.segment.bytes=1048576".to_owned(),
        "log.flush.offset.checkpoint.interval.ms=100".to_owned(),
    ];
    let start = || Process::start("exec \"$0\" \"$@\"", &settings);
    let mut broker = start();
    broker.wait_until_ready();
    let mut client = Client::new(client_config(port)).unwrap();
    for (topic, flush) in TOPICS {
        create_topic(&mut client, topic, PARTITIONS, &[("flush.messages", flush)]).unwrap();
    }
    let shared = Shared::default();
    let producers: Vec<_> = (0..6)
        .map(|number| {
            let shared = Arc::clone(&shared);
            thread::spawn(move || produce(number, port, &shared))
        })
        .collect();
    let administrator = {
        let shared = Arc::clone(&shared);
        thread::spawn(move || administer(port, &shared))
    };
    for _ in 0..rounds {
        // One in four may be killed while it starts, however long that takes.
        if random.u8(..4) > 0 {
            broker.wait_until_ready();
        }
        thread::sleep(Duration::from_millis(random.u64(10..250)));
        broker.kill();
        broker = start();
    }
    broker.wait_until_ready();
    shared.1.store(true, Ordering::Relaxed);
    let sent: Vec<usize> = producers.into_iter().map(|producer| producer.join().unwrap()).collect();
    administrator.join().unwrap();

    let promises = shared.0.lock().unwrap();
    assert!(promises.failures.is_empty(), "{:?}", promises.failures.first());
    let found = read(port);
    let mut next = BTreeMap::new();
    for (partition, records) in &found {
        for (offset, (producer, number)) in records {
            let expected = next.entry((*producer, partition.clone())).or_insert(partition.partition as usize);
            assert_eq!(number, expected, "of producer {producer} at {partition}, offset {offset}");
            *expected += PARTITIONS as usize;
            let (told, at) = &promises.records[&(*producer, *number)];
            assert!(
                told == partition && (*at == *offset || *at == -1),
                "{told} {at}, but found at {partition} {offset}"
            );
        }
    }
    let count: usize = found.values().map(Vec::len).sum();
    assert_eq!((count, promises.records.len()), (sent.iter().sum(), sent.iter().sum()), "each record once");
    let offsets = admin::list_group_offsets(&mut client, "group").unwrap();
    let committed = offsets.get(&TopicPartition::new("plain", 0)).map_or(0, |committed| committed.offset);
    assert!((promises.committed.0..=promises.committed.1).contains(&committed), "{committed} {:?}", promises.committed);
    let names: Vec<String> = admin::list_topics(&mut client).unwrap().into_iter().map(|topic| topic.name).collect();
    assert!(promises.topics.iter().all(|topic| names.contains(topic)), "{:?} {names:?}", promises.topics);
    println!(
        "{rounds} kills; {count} records, each once and in order; {committed} commits, {} topics",
        promises.topics.len()
    );
    assert!(broker.terminate().success(), "a clean stop");
}
