//! From a new directory to a second start: topics, records of all codecs, groups, commits.

use std::time::Duration;

use kafka_broker::{Broker, BrokerConfig};
use kafka_log::compression::Codec;
use kafka_thin_client::TopicPartition;
use kafka_thin_client::admin;
use kafka_thin_client::consumer::{ConsumerConfig, OffsetReset};

use crate::support::{broker, client, consume, consumer, create_topic, produce};

const CODECS: [Codec; 5] = [Codec::None, Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd];

fn in_group() -> ConsumerConfig {
    ConsumerConfig {
        group_id: Some("g".to_owned()),
        offset_reset: OffsetReset::Earliest,
        auto_commit: false,
        fetch_max_wait: Duration::from_millis(20),
        ..ConsumerConfig::default()
    }
}

fn values() -> Vec<Vec<u8>> {
    (0..100).map(|number| format!("value {number}").into_bytes()).collect()
}

#[test]
fn records_of_all_codecs_come_back_in_order() {
    let broker = broker();
    create_topic(&mut client(&broker), "t", 1);
    for (codec, number) in CODECS.into_iter().zip(1..) {
        assert_eq!(produce(&broker, "t", codec, &values()), number * 100 - 1);
    }
    let mut consumer = consumer(&broker, ConsumerConfig { group_id: None, ..in_group() });
    consumer.assign(&[TopicPartition::new("t", 0)]);
    let records = consume(&mut consumer, 500);
    assert!(records.iter().map(|record| record.offset).eq(0..500));
    let expected: Vec<_> = CODECS.iter().flat_map(|_| values()).map(Some).collect();
    assert!(records.into_iter().map(|record| record.value).eq(expected));
}

#[test]
fn a_second_start_knows_topics_records_and_commits() {
    let dir = tempfile::tempdir().unwrap();
    let settings = [("listeners", "PLAINTEXT://127.0.0.1:0"), ("log.dirs", dir.path().to_str().unwrap())];
    let settings: Vec<_> = settings.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let start = || Broker::start(BrokerConfig::load(None, &settings).unwrap().0).unwrap();

    let broker = start();
    let cluster_id = broker.cluster_id().to_owned();
    create_topic(&mut client(&broker), "t", 1);
    produce(&broker, "t", Codec::Lz4, &values());
    let mut first = consumer(&broker, ConsumerConfig { max_poll_records: 40, ..in_group() });
    first.subscribe(&["t"]).unwrap();
    let consumed = consume(&mut first, 40).len();
    first.commit().unwrap();
    first.close().unwrap();
    assert!(broker.stop().is_clean);

    let broker = start();
    assert_eq!(broker.cluster_id(), cluster_id);
    let committed = admin::list_group_offsets(&mut client(&broker), "g").unwrap();
    assert_eq!(committed.len(), 1, "{committed:?}");
    assert_eq!(produce(&broker, "t", Codec::Zstd, &values()), 199);
    let mut second = consumer(&broker, in_group());
    second.subscribe(&["t"]).unwrap();
    let records = consume(&mut second, 200 - consumed);
    assert!(records.iter().map(|record| record.offset).eq(consumed as i64..200));
    second.close().unwrap();
    assert!(broker.stop().is_clean);
}
