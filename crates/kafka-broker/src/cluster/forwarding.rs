//! The thread that takes to the active controller what this broker does not decide (`ForwardingManager`, `AutoTopicCreationManager`,
//! `RPCProducerIdManager`, `AssignmentsManager`).

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use kafka_rpc::messages::assign_replicas_to_dirs_request::{DirectoryData, PartitionData, TopicData};
use kafka_rpc::messages::{
    AllocateProducerIdsRequest, AlterPartitionRequest, AlterPartitionResponse, AssignReplicasToDirsRequest,
    CreateTopicsRequest, DefaultPrincipalData, EnvelopeRequest,
};
use kafka_rpc::{ErrorCode, Message as _, RequestFrame, Uuid};

use super::Member;
use super::channel::{ChannelError, ControllerChannel};
use crate::api::{controller, init_producer_id, member};
use crate::broker::{Shared, directories};
use crate::controller_thread::Job;
use crate::net::{Peer, Ticket};

/// How often what could not be done is tried again.
const TICK: Duration = Duration::from_secs(1);
/// Pause before a request is sent again.
const BACKOFF: Duration = Duration::from_millis(50);
/// The version of the principal in an envelope.
const PRINCIPAL_VERSION: i16 = 0;
/// Most partitions in one AssignReplicasToDirs.
const ASSIGNED_MAX: usize = 2_250;

/// Works until told to stop.
pub(crate) fn run(shared: &Shared, member: &Member, jobs: &Receiver<Job>) {
    let mut forwarder = Forwarder { shared, member, channel: member.channel() };
    let mut next_tick = Instant::now() + TICK;
    loop {
        match jobs.recv_timeout(next_tick.saturating_duration_since(Instant::now())) {
            Ok(Job::Request { ticket, frame, peer, received }) => forwarder.request(ticket, &frame, &peer, received),
            Ok(Job::AutoCreate(topics)) => {
                forwarder.create(&topics);
                shared.controller.created(&topics);
            }
            Ok(Job::InitProducerId(ticket, frame)) => {
                forwarder.more_producer_ids();
                init_producer_id::answer_later(shared, ticket, &frame);
            }
            Ok(Job::MoreProducerIds) => forwarder.more_producer_ids(),
            // The next tick finds all that the metadata does not know.
            Ok(Job::Moved(..)) => next_tick = Instant::now(),
            Ok(Job::AlterPartition(request)) => shared.replication.altered(forwarder.alter_partition(request)),
            Ok(Job::DirectoryFailed(dir)) => member.directory_failed(dir),
            Ok(Job::Stop) | Err(RecvTimeoutError::Disconnected) => return,
            Err(RecvTimeoutError::Timeout) => {}
        }
        if next_tick <= Instant::now() {
            next_tick = Instant::now() + TICK;
            shared.tick();
            forwarder.assign_directories();
        }
    }
}

struct Forwarder<'s> {
    shared: &'s Shared,
    member: &'s Member,
    channel: ControllerChannel,
}

impl Forwarder<'_> {
    /// Answers a request: here, where the image has the answer; else the controller does.
    fn request(&mut self, ticket: Ticket, frame: &[u8], peer: &Peer, received: Instant) {
        let answered = RequestFrame::parse(frame).map_err(|error| error.to_string()).and_then(|request| {
            if member::is_local(request.api_key) {
                let answer = member::answer_from_image(&request, ticket, peer, self.shared);
                return answer.map_err(|code| code.name().to_owned());
            }
            if let Some(refusal) = member::refuse_configs(&request, ticket, self.shared) {
                self.shared.answer(ticket, refusal);
                return Ok(());
            }
            self.forward(ticket, frame, peer, received)
        });
        if let Err(error) = answered {
            tracing::warn!(api = ticket.api_key.name(), error, "a request could not be forwarded, its connection ends");
            self.shared.answer(ticket, Vec::new());
        }
    }

    /// Sends a request in an envelope until a controller answers or its client does not wait any more.
    fn forward(&mut self, ticket: Ticket, frame: &[u8], peer: &Peer, received: Instant) -> Result<(), String> {
        let mut principal = PRINCIPAL_VERSION.to_be_bytes().to_vec();
        let of = DefaultPrincipalData {
            r#type: (&*peer.principal.principal_type).into(),
            name: peer.principal.name.as_str().into(),
            ..Default::default()
        };
        of.encode(PRINCIPAL_VERSION, &mut principal).map_err(|error| error.to_string())?;
        let address = match peer.address.ip().to_canonical() {
            IpAddr::V4(address) => address.octets().to_vec(),
            IpAddr::V6(address) => address.octets().to_vec(),
        };
        let request = EnvelopeRequest {
            request_data: frame.into(),
            request_principal: Some(principal.into()),
            client_host_address: address.into(),
            ..Default::default()
        };
        let deadline = received + self.shared.config.request_timeout;
        loop {
            let why = match self.channel.call(&request) {
                Ok(reply) => {
                    let answer = reply.message().map(|response| {
                        (response.error_code, response.response_data.as_ref().map(|data| framed(data)))
                    });
                    match answer {
                        Ok((0, Some(Some(frame)))) => {
                            self.shared.answer(ticket, frame);
                            return Ok(());
                        }
                        Ok((code, _)) if code == ErrorCode::NotController.code() => {
                            "another controller is active".to_owned()
                        }
                        Ok((code, _)) => {
                            let code = ErrorCode::from_code(code).unwrap_or(ErrorCode::UnknownServerError);
                            return Err(format!("the controller has answered {}", code.name()));
                        }
                        Err(error) => error.to_string(),
                    }
                }
                Err(error) => error.to_string(),
            };
            self.channel.reset();
            if Instant::now() + BACKOFF >= deadline || self.member.is_stopping() {
                return Err(why);
            }
            thread::sleep(BACKOFF);
        }
    }

    /// Has topics created that clients or the coordinators need.
    fn create(&mut self, topics: &[String]) {
        let missing: Vec<&String> = {
            let image = self.shared.image.read();
            topics.iter().filter(|topic| image.topic(topic).is_none()).collect()
        };
        if missing.is_empty() {
            return;
        }
        let topics = missing.into_iter().map(|topic| controller::creatable(self.shared, topic)).collect();
        let timeout_ms = i32::try_from(self.shared.config.request_timeout.as_millis()).unwrap_or(i32::MAX);
        let request = CreateTopicsRequest { topics, timeout_ms, ..Default::default() };
        let created = self.channel.call(&request).and_then(|reply| {
            let response = reply.message()?;
            for topic in response.topics.iter().filter(|topic| topic.error_code != ErrorCode::None.code()) {
                let why = topic.error_message.as_deref().unwrap_or_default();
                tracing::warn!(topic = &*topic.name, code = topic.error_code, why, "a topic cannot be created");
            }
            Ok(())
        });
        // Clients ask again.
        if let Err(error) = created {
            self.channel.reset();
            tracing::warn!(%error, "topics cannot be created");
        }
    }

    /// Gets a new block of producer ids if the last one is used up.
    fn more_producer_ids(&mut self) {
        if !self.shared.producer_ids.is_used_up() {
            return;
        }
        let (broker_id, broker_epoch) = (self.shared.node_id, self.member.broker_epoch());
        let request = AllocateProducerIdsRequest { broker_id, broker_epoch, ..Default::default() };
        let block = self.channel.call(&request).and_then(|reply| {
            let response = reply.message()?;
            Ok((response.error_code, response.producer_id_start, response.producer_id_len))
        });
        match block {
            Ok((0, first, len)) if first >= 0 && len > 0 => {
                self.shared.producer_ids.refill(first..first.saturating_add(i64::from(len)));
            }
            Ok((code, ..)) => {
                self.channel.reset();
                tracing::warn!(code, "no more producer ids can be had");
            }
            Err(error) => tracing::warn!(%error, "no more producer ids can be had"),
        }
    }

    /// Asks for other ISRs.
    fn alter_partition(&mut self, mut request: AlterPartitionRequest) -> Result<AlterPartitionResponse, ErrorCode> {
        request.broker_epoch = self.member.broker_epoch();
        let answer = self.channel.call(&request).and_then(|reply| Ok(reply.message()?));
        if answer.as_ref().map_or(true, |response| response.error_code != 0) {
            self.channel.reset();
        }
        answer.map_err(|error| {
            tracing::warn!(%error, "the controller has not answered what ISRs are to be");
            ErrorCode::NetworkException
        })
    }

    /// Tells the controller in which directories partitions are, where it does not know. What fails is told with the next tick.
    fn assign_directories(&mut self) {
        let assigned = directories::unknown(self.shared, directories::all(self.shared).into_iter());
        for part in assigned.chunks(ASSIGNED_MAX) {
            if let Err(error) = self.assign(part) {
                self.channel.reset();
                tracing::warn!(%error, "the controller is not told in which directories partitions are");
                return;
            }
        }
    }

    fn assign(&mut self, assigned: &[(Uuid, i32, Uuid)]) -> Result<(), ChannelError> {
        let mut dirs: BTreeMap<Uuid, BTreeMap<Uuid, Vec<i32>>> = BTreeMap::new();
        for (topic, partition, dir) in assigned {
            dirs.entry(*dir).or_default().entry(*topic).or_default().push(*partition);
        }
        let partition = |partition_index| PartitionData { partition_index, ..Default::default() };
        let topic = |(topic_id, partitions): (Uuid, Vec<i32>)| TopicData {
            topic_id,
            partitions: partitions.into_iter().map(partition).collect(),
            ..Default::default()
        };
        let dir = |(id, topics): (Uuid, BTreeMap<Uuid, Vec<i32>>)| DirectoryData {
            id,
            topics: topics.into_iter().map(topic).collect(),
            ..Default::default()
        };
        let request = AssignReplicasToDirsRequest {
            broker_id: self.shared.node_id,
            broker_epoch: self.member.broker_epoch(),
            directories: dirs.into_iter().map(dir).collect(),
            ..Default::default()
        };
        let reply = self.channel.call(&request)?;
        let code = reply.message()?.error_code;
        if code != 0 {
            tracing::warn!(code, "the controller refuses the directories of partitions");
            self.channel.reset();
        }
        Ok(())
    }
}

/// A response with its length in front; `None` where it is longer than a frame.
fn framed(response: &[u8]) -> Option<Vec<u8>> {
    let len = i32::try_from(response.len()).ok()?;
    let mut frame = Vec::with_capacity(response.len() + 4);
    frame.extend_from_slice(&len.to_be_bytes());
    frame.extend_from_slice(response);
    Some(frame)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_in_an_envelope_gets_its_length() {
        assert_eq!(framed(&[1, 2]), Some(vec![0, 0, 0, 2, 1, 2]));
    }
}
