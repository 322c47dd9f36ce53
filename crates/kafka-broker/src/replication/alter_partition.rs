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

#[cfg(test)]
mod tests {
    use super::*;

    const A: Uuid = Uuid([1; 16]);
    const B: Uuid = Uuid([2; 16]);

    fn change(partition_epoch: i32) -> IsrChange {
        IsrChange { leader_epoch: 3, partition_epoch, isr: vec![(1, 100), (2, -1)], is_expansion: true }
    }

    fn answer(topic_id: Uuid, of: &[(i32, ErrorCode)]) -> AlterPartitionResponse {
        let partitions = of.iter().map(|(partition_index, code)| response::PartitionData {
            partition_index: *partition_index,
            error_code: code.code(),
            leader_id: 1,
            leader_epoch: 3,
            isr: vec![1, 2],
            partition_epoch: 8,
            ..Default::default()
        });
        let topics = vec![response::TopicData { topic_id, partitions: partitions.collect(), ..Default::default() }];
        AlterPartitionResponse { topics, ..Default::default() }
    }

    #[test]
    fn one_request_is_in_flight_and_names_all_that_wait() {
        let mut changes = AlterPartitions::default();
        assert_eq!(changes.next(1), None);
        changes.submit((A, 0), change(7)).unwrap();
        let first = changes.next(1).unwrap();
        assert_eq!((first.broker_id, first.topics.len()), (1, 1));
        let partition = &first.topics[0].partitions[0];
        assert_eq!((partition.leader_epoch, partition.partition_epoch, partition.leader_recovery_state), (3, 7, 0));
        let isr: Vec<_> = partition.new_isr_with_epochs.iter().map(|of| (of.broker_id, of.broker_epoch)).collect();
        assert_eq!(isr, [(1, 100), (2, -1)]);
        changes.submit((B, 1), change(7)).unwrap();
        changes.submit((A, 4), change(7)).unwrap();
        assert_eq!(changes.submit((A, 0), change(9)), Err(change(9)), "one for each partition");
        assert_eq!(changes.next(1), None, "a request is in flight");
        let outcomes = changes.answered(Ok(answer(A, &[(0, ErrorCode::None)]))).unwrap();
        let accepted = Accepted { leader_epoch: 3, partition_epoch: 8, isr: vec![1, 2] };
        assert_eq!(outcomes, [Outcome { partition: (A, 0), change: change(7), answer: Ok(accepted) }]);
        let next = changes.next(1).unwrap();
        let named: Vec<_> =
            next.topics.iter().map(|topic| (topic.topic_id, topic.partitions[0].partition_index)).collect();
        assert_eq!(named, [(A, 4), (B, 1)]);
    }

    #[test]
    fn what_a_response_leaves_out_is_sent_again_and_what_it_adds_is_dropped() {
        let mut changes = AlterPartitions::default();
        changes.submit((A, 0), change(7)).unwrap();
        changes.submit((A, 1), change(7)).unwrap();
        let sent = changes.next(1).unwrap();
        // Submitted after the request: the response cannot be about it.
        changes.submit((B, 0), change(7)).unwrap();
        assert_eq!(changes.answered(Ok(answer(B, &[(0, ErrorCode::None)]))), Ok(vec![]));
        assert_eq!(changes.next(1).unwrap().topics.len(), 2);
        let outcomes = changes.answered(Ok(answer(A, &[(1, ErrorCode::FencedLeaderEpoch)]))).unwrap();
        assert_eq!(outcomes[0].answer, Err(ErrorCode::FencedLeaderEpoch));
        let refused = changes.answered(Ok(refuse(&sent, ErrorCode::OperationNotAttempted)));
        assert_eq!(refused, Ok(vec![]), "nothing is in flight");
        assert_eq!(changes.next(1).unwrap().topics[0].partitions[0].partition_index, 0);
    }

    #[test]
    fn a_request_that_fails_as_a_whole_is_sent_again() {
        let mut changes = AlterPartitions::default();
        changes.submit((A, 0), change(7)).unwrap();
        let first = changes.next(1).unwrap();
        assert_eq!(changes.answered(Err(ErrorCode::NetworkException)), Err(ErrorCode::NetworkException));
        assert_eq!(changes.next(1), Some(first.clone()));
        let stale = AlterPartitionResponse { error_code: ErrorCode::StaleBrokerEpoch.code(), ..Default::default() };
        assert_eq!(changes.answered(Ok(stale)), Err(ErrorCode::StaleBrokerEpoch));
        assert_eq!(changes.next(1), Some(first));
    }
}
