//! Records of internal topics and control messages: the text Kafka prints, and the same as a JSON value; and as a broker reads them.

use kafka_log::format::control::{ControlRecordType, EndTransactionMarker};
use kafka_log::format::schema::{InternalTopic, KafkaVersion, control_message, read_control_message};

use super::{Dice, stored};

const RELEASES: [KafkaVersion; 2] = [KafkaVersion::V4_3, KafkaVersion::V4_4];

fn topic(topic: InternalTopic, bytes: &[u8]) {
    let mut dice = Dice(bytes);
    let key = dice.nullable();
    let value = (dice.byte() & 1 == 0).then_some(dice.0);
    match topic {
        InternalTopic::ClusterMetadata => stored::metadata_record(value.unwrap_or_default()),
        InternalTopic::ConsumerOffsets => stored::group_record(key.unwrap_or_default(), value),
        InternalTopic::TransactionState => stored::transaction_record(key.unwrap_or_default(), value),
        InternalTopic::ShareGroupState | InternalTopic::RemoteLogMetadata => {}
    }
    for kafka in RELEASES {
        let Ok(record) = topic.decode(key, value, 42, kafka) else {
            assert!(key.is_none());
            return;
        };
        for part in [record.key, record.payload].into_iter().flatten() {
            let mut text = Vec::new();
            part.push_text(&mut text);
            let _ = part.to_value().map(|value| value.to_string());
        }
    }
}

pub(super) fn consumer_offsets(bytes: &[u8]) {
    topic(InternalTopic::ConsumerOffsets, bytes);
}

pub(super) fn transaction_state(bytes: &[u8]) {
    topic(InternalTopic::TransactionState, bytes);
}

pub(super) fn share_group_state(bytes: &[u8]) {
    topic(InternalTopic::ShareGroupState, bytes);
}

pub(super) fn cluster_metadata(bytes: &[u8]) {
    topic(InternalTopic::ClusterMetadata, bytes);
}

pub(super) fn remote_log_metadata(bytes: &[u8]) {
    topic(InternalTopic::RemoteLogMetadata, bytes);
}

pub(super) fn control_record(bytes: &[u8]) {
    let mut dice = Dice(bytes);
    let (key, value) = (dice.nullable(), dice.nullable());
    let _ = EndTransactionMarker::parse(value);
    let Ok(kind) = ControlRecordType::parse(key) else { return };
    let (Some(message), Some(value)) = (control_message(kind.id()), value) else { return };
    for kafka in RELEASES {
        match read_control_message(message, value, kafka) {
            Ok(decoded) => {
                let mut text = Vec::new();
                decoded.push_json(&mut text);
                let _ = decoded.to_value();
            }
            Err(error) => assert!(error.at <= value.len(), "{error}"),
        }
    }
}
