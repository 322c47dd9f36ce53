//! Changes of ISRs on their way to the controller (`AlterPartitionManager`): one for each partition, one request at a time.

use std::collections::BTreeMap;

use kafka_rpc::messages::alter_partition_request::{BrokerState, PartitionData, TopicData};
use kafka_rpc::messages::{AlterPartitionRequest, AlterPartitionResponse, alter_partition_response as response};
use kafka_rpc::{ErrorCode, Uuid};

use super::leader::{Accepted, IsrChange};

/// A partition, by the id of its topic and its number.
pub(crate) type PartitionKey = (Uuid, i32);

/// Changes that the controller has not answered.
#[derive(Debug, Default)]
pub(crate) struct AlterPartitions {
    unanswered: BTreeMap<PartitionKey, IsrChange>,
    /// The partitions of the request that is in flight, in order. Empty: there is none.
    in_flight: Vec<PartitionKey>,
}

/// What has become of a change.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) partition: PartitionKey,
    pub(crate) change: IsrChange,
    pub(crate) answer: Result<Accepted, ErrorCode>,
}

/// A response that refuses all changes of a request.
pub(crate) fn refuse(request: &AlterPartitionRequest, code: ErrorCode) -> AlterPartitionResponse {
    let topics = request.topics.iter().map(|topic| {
        let partitions = topic.partitions.iter().map(|partition| response::PartitionData {
            partition_index: partition.partition_index,
            error_code: code.code(),
            ..response::PartitionData::default()
        });
        response::TopicData {
            topic_id: topic.topic_id,
            partitions: partitions.collect(),
            ..response::TopicData::default()
        }
    });
    AlterPartitionResponse { topics: topics.collect(), ..AlterPartitionResponse::default() }
}

impl AlterPartitions {
    /// Takes a change.
    ///
    /// # Errors
    /// Gives it back where another one of the partition is on its way.
    pub(crate) fn submit(&mut self, partition: PartitionKey, change: IsrChange) -> Result<(), IsrChange> {
        if self.unanswered.contains_key(&partition) {
            return Err(change);
        }
        self.unanswered.insert(partition, change);
        Ok(())
    }

    /// All changes in a request, unless there is none or a request is in flight. The broker's epoch is left to the sender.
    pub(crate) fn next(&mut self, broker_id: i32) -> Option<AlterPartitionRequest> {
        if !self.in_flight.is_empty() || self.unanswered.is_empty() {
            return None;
        }
        let mut topics: Vec<TopicData> = Vec::new();
        for ((topic_id, number), change) in &self.unanswered {
            self.in_flight.push((*topic_id, *number));
            let isr = change.isr.iter();
            let partition = PartitionData {
                partition_index: *number,
                leader_epoch: change.leader_epoch,
                new_isr_with_epochs: isr
                    .map(|(broker_id, broker_epoch)| BrokerState {
                        broker_id: *broker_id,
                        broker_epoch: *broker_epoch,
                        ..BrokerState::default()
                    })
                    .collect(),
                partition_epoch: change.partition_epoch,
                ..PartitionData::default()
            };
            match topics.last_mut().filter(|topic| topic.topic_id == *topic_id) {
                Some(topic) => topic.partitions.push(partition),
                None => {
                    topics.push(TopicData { topic_id: *topic_id, partitions: vec![partition], ..TopicData::default() })
                }
            }
        }
        Some(AlterPartitionRequest { broker_id, topics, ..AlterPartitionRequest::default() })
    }

    /// Takes the answer to the request in flight. What it does not answer is in the next request.
    ///
    /// # Errors
    /// Why the request as a whole was not answered. It has to be sent again after a while.
    pub(crate) fn answered(
        &mut self,
        answer: Result<AlterPartitionResponse, ErrorCode>,
    ) -> Result<Vec<Outcome>, ErrorCode> {
        let sent = std::mem::take(&mut self.in_flight);
        let response = answer?;
        match ErrorCode::from_code(response.error_code) {
            Some(ErrorCode::None) => {}
            code => return Err(code.unwrap_or(ErrorCode::UnknownServerError)),
        }
        let mut outcomes = Vec::new();
        for topic in response.topics {
            for partition in topic.partitions {
                let key = (topic.topic_id, partition.partition_index);
                if sent.binary_search(&key).is_err() {
                    continue;
                }
                let Some(change) = self.unanswered.remove(&key) else { continue };
                let answer = match ErrorCode::from_code(partition.error_code) {
                    Some(ErrorCode::None) => Ok(Accepted {
                        leader_epoch: partition.leader_epoch,
                        partition_epoch: partition.partition_epoch,
                        isr: partition.isr,
                    }),
                    code => Err(code.unwrap_or(ErrorCode::UnknownServerError)),
                };
                outcomes.push(Outcome { partition: key, change, answer });
            }
        }
        Ok(outcomes)
    }
}
