//! Error codes and names of topics, as Kafka has them (`fixtures/protocol`).

use std::path::Path;

use kafka_log::log::error::{ErrorCode, KafkaError as _};
use kafka_log::log::{InvalidTopic, TopicPartition};

fn recorded(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/protocol").join(name);
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn every_error_code_of_kafka_is_here_with_its_name_exception_and_text() {
    let ours: Vec<String> = ErrorCode::ALL
        .iter()
        .map(|code| {
            let (name, exception, message) = (code.name(), code.exception(), code.message());
            format!("{}\t{name}\t{exception}\t{}\t{message}", code.code(), code.is_retriable())
        })
        .collect();
    assert_eq!(ours, recorded("errors.tsv").lines().collect::<Vec<_>>());
    for &code in ErrorCode::ALL {
        assert_eq!(ErrorCode::from_code(code.code()), Some(code));
    }
    assert_eq!(ErrorCode::from_code(i16::MAX), None);
}

#[test]
fn topics_have_the_names_that_kafka_takes() {
    for line in recorded("topic-names.tsv").lines() {
        let (units, expected) = line.split_once('\t').unwrap();
        let units: Vec<u16> =
            (0..units.len()).step_by(4).map(|at| u16::from_str_radix(&units[at..at + 4], 16).unwrap()).collect();
        let name = String::from_utf16(&units).unwrap();
        let answer = match TopicPartition::new(name.as_str(), 0) {
            Ok(_) => "taken",
            Err(InvalidTopic::Empty) => "Empty",
            Err(InvalidTopic::Dots) => "Dots",
            Err(InvalidTopic::TooLong { .. }) => "TooLong",
            Err(InvalidTopic::Characters { .. }) => "Characters",
            Err(_) => "other",
        };
        assert_eq!(answer, expected, "{name:?}");
    }
    let code = |topic: &str, partition| TopicPartition::new(topic, partition).unwrap_err().code();
    assert_eq!(code("../evil", 0), ErrorCode::InvalidTopicException);
    assert_eq!(code("t", -1), ErrorCode::InvalidPartitions);
}
