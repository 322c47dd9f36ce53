//! Records of internal topics and control messages: the text Kafka prints, and the same as a JSON value.

use kafka_log::format::control::{ControlRecordType, EndTransactionMarker};
use kafka_log::format::schema::{InternalTopic, control_message, read_control_message};

use super::Dice;

fn topic(topic: InternalTopic, bytes: &[u8]) {
    let mut dice = Dice(bytes);
    let key = dice.nullable();
    let value = (dice.byte() & 1 == 0).then_some(dice.0);
    let Ok(record) = topic.decode(key, value, 42) else {
        assert!(key.is_none());
        return;
    };
    for part in [record.key, record.payload].into_iter().flatten() {
        let mut text = Vec::new();
        part.push_text(&mut text);
        let _ = part.to_value().map(|value| value.to_string());
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
    match read_control_message(message, value) {
        Ok(decoded) => {
            let mut text = Vec::new();
            decoded.push_json(&mut text);
            let _ = decoded.to_value();
        }
        Err(error) => assert!(error.at <= value.len(), "{error}"),
    }
}
