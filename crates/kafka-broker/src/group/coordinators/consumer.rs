//! ConsumerGroupHeartbeat.

use kafka_rpc::ErrorCode;
use kafka_rpc::messages::ConsumerGroupHeartbeatRequest;

use super::super::consumer::{Heartbeat, Refusal};
use super::super::{Assignor, Client};
use super::{Coordinators, Ticket};

/// Since this version members make up their own ids.
const OWN_ID_MIN_VERSION: i16 = 1;

impl<T: Copy> Coordinators<T> {
    /// ConsumerGroupHeartbeat.
    pub(crate) fn consumer_group_heartbeat(
        &self,
        client: Client<'_>,
        request: &ConsumerGroupHeartbeatRequest<'_>,
        ticket: T,
        now_ms: i64,
    ) {
        let refuse = |refusal: Refusal| self.replies.reply(ticket, refusal.heartbeat());
        if let Err(refusal) = check(request, client.version, &self.config.consumer_assignors) {
            refuse(refusal);
            return;
        }
        let partition = self.partition_for(&request.group_id);
        let heartbeat = Heartbeat { client, request };
        let waits = Ticket::Whole(ticket);
        let run = self.run(partition, now_ms, |shard| shard.consumer_group_heartbeat(heartbeat, waits, now_ms));
        if let Err(error) = run {
            refuse(error.into());
        }
    }
}

/// Refuses requests that make no sense (`throwIfConsumerGroupHeartbeatRequestIsInvalid`).
fn check(request: &ConsumerGroupHeartbeatRequest<'_>, version: i16, assignors: &[Assignor]) -> Result<(), Refusal> {
    let invalid = |message: &str| Err(Refusal::new(ErrorCode::InvalidRequest, message));
    let is_blank = |text: &str| text.chars().all(|c| c <= ' ');
    let is_given_and_blank = |text: &Option<std::borrow::Cow<'_, str>>| text.as_deref().is_some_and(is_blank);
    let needs_id = version >= OWN_ID_MIN_VERSION || request.member_epoch > 0 || request.member_epoch == -1;
    if needs_id && is_blank(&request.member_id) {
        return invalid("MemberId can't be empty.");
    }
    if is_blank(&request.group_id) {
        return invalid("GroupId can't be empty.");
    }
    if is_given_and_blank(&request.instance_id) {
        return invalid("InstanceId can't be empty.");
    }
    if is_given_and_blank(&request.rack_id) {
        return invalid("RackId can't be empty.");
    }
    match request.member_epoch {
        0 if request.rebalance_timeout_ms == -1 => {
            return invalid("RebalanceTimeoutMs must be provided in first request.");
        }
        0 if request.topic_partitions.as_ref().is_none_or(|topics| !topics.is_empty()) => {
            return invalid("TopicPartitions must be empty when (re-)joining.");
        }
        0 if request.subscribed_topic_names.is_none() && request.subscribed_topic_regex.is_none() => {
            return invalid("Either SubscribedTopicNames or SubscribedTopicRegex must be non-null when (re-)joining.");
        }
        -2 if request.instance_id.is_none() => return invalid("InstanceId can't be null."),
        ..=-3 => return invalid("MemberEpoch is invalid."),
        _ => {}
    }
    if let Some(assignor) = request.server_assignor.as_deref()
        && !assignors.iter().any(|known| known.name() == assignor)
    {
        let names: Vec<&str> = assignors.iter().map(|known| known.name()).collect();
        let message = format!("ServerAssignor {assignor} is not supported. Supported assignors: {}.", names.join(", "));
        return Err(Refusal::new(ErrorCode::UnsupportedAssignor, message));
    }
    Ok(())
}
