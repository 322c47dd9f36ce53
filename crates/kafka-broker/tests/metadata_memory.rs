//! What the metadata of many partitions costs. In a process of its own: it is the memory of the process that is looked at.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use kafka_broker::metadata::{Delta, Image};
use kafka_rpc::Uuid;
use kafka_rpc::stored::metadata::{MetadataRecord, PartitionRecord, TopicRecord};

/// Pages in memory, as the kernel counts them.
fn resident_bytes() -> usize {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap();
    text.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
}

fn id(number: u32) -> Uuid {
    let mut bytes = [1; 16];
    bytes[..4].copy_from_slice(&number.to_be_bytes());
    Uuid(bytes)
}

fn add_topic(image: &mut Image, number: u32, partitions: i32) {
    let mut delta = Delta::default();
    let name = format!("topic-with-a-name-of-usual-length-{number}").into();
    let topic = MetadataRecord::Topic(TopicRecord { name, topic_id: id(number), ..Default::default() });
    image.apply(&topic, &mut delta).unwrap();
    for partition_id in 0..partitions {
        let record = PartitionRecord {
            partition_id,
            topic_id: id(number),
            replicas: vec![1],
            isr: vec![1],
            leader: 1,
            leader_epoch: 0,
            partition_epoch: 0,
            directories: vec![id(7)],
            ..Default::default()
        };
        image.apply(&MetadataRecord::Partition(record), &mut delta).unwrap();
    }
}

#[cfg(target_os = "linux")]
#[test]
fn ten_thousand_partitions_take_less_than_ten_megabytes() {
    for partitions in [1, 10_000] {
        let before = resident_bytes();
        let mut image = Image::default();
        (0..10_000 / partitions).for_each(|number| add_topic(&mut image, number, partitions.cast_signed()));
        let grown = resident_bytes().saturating_sub(before);
        assert_eq!(image.topics().map(|topic| topic.partition_count()).sum::<usize>(), 10_000);
        assert!(grown < 10_000_000, "{grown} bytes for topics of {partitions} partitions");
        println!("{grown} bytes for topics of {partitions} partitions");
    }
}
