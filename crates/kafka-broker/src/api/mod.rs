//! The APIs, one file each: from a request to its response.
//!
//! [`handle`] runs on the event loop of the connection. A handler answers at once, or gives the request to the controller's thread, or leaves
//! a fetch waiting.

mod add_offsets_to_txn;
mod add_partitions_to_txn;
mod alter_replica_log_dirs;
mod api_versions;
pub(crate) mod controller;
mod delete_records;
mod describe_cluster;
mod describe_configs;
mod describe_log_dirs;
mod describe_producers;
mod describe_topic_partitions;
pub(crate) mod end_txn;
pub(crate) mod fetch;
mod find_coordinator;
mod groups;
pub(crate) mod init_producer_id;
mod leaders;
mod list_config_resources;
mod list_offsets;
pub(crate) mod member;
mod metadata;
mod offset_for_leader_epoch;
mod operations;
mod produce;
mod refused;
mod rights;
mod sasl;
mod sift;
mod transactions;
mod txn_offset_commit;
mod unfinished;
mod verify;
mod write_txn_markers;

use std::fmt;
use std::time::{Duration, Instant};

use kafka_rpc::{ApiKey, ErrorCode, FrameError, Message, Request, RequestFrame, SchemaError};

pub(crate) use rights::Rights;
pub(crate) use unfinished::{Left, Unfinished};

use crate::broker::Shared;
use crate::controller_thread::Job;
use crate::faults::{self, Effect};
use crate::net::{Output, Peer, Ticket};

/// Memory for the arrays of a request, per byte that it has.
const MEMORY_PER_BYTE: usize = 64;
/// Memory for the arrays of a request, in all: some 100,000 partitions. Records are not counted, they stay where they are.
const MEMORY_MAX: usize = 32 * 1024 * 1024;

/// Memory for the arrays of a request with this message.
fn memory_for(body: &[u8]) -> usize {
    body.len().saturating_mul(MEMORY_PER_BYTE).min(MEMORY_MAX)
}

/// What became of a request.
pub(crate) enum Handled {
    /// It is answered, or needs no answer.
    Done,
    /// Its answer comes with this ticket.
    Later(Ticket),
    /// A fault delays it: it is to be handled after this time ([`handle_without_faults`]).
    Held(Ticket, Vec<u8>, Duration),
    /// It waits for records, or for replicas.
    Waits(Ticket, Box<Unfinished>),
}

/// Why the connection of a request is closed.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The request cannot be read.
    Frame(FrameError),
    /// The API is not served, or not in this version.
    Unsupported(ApiKey, i16),
    /// The response cannot be written in the version of the request.
    Response(ApiKey, SchemaError),
    /// A produce request that wants no answer has failed: closing is how its producer learns of it, as in Kafka.
    Unanswered(ErrorCode),
    /// A test wants it so.
    Fault,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Frame(error) => error.fmt(f),
            Refusal::Unsupported(api, version) => write!(f, "version {version} of {} is not served", api.name()),
            Refusal::Response(api, error) => write!(f, "response of {}: {error}", api.name()),
            Refusal::Fault => f.write_str("a fault was ordered"),
            Refusal::Unanswered(code) => write!(f, "a produce request without acknowledgement failed: {}", code.name()),
        }
    }
}

impl From<FrameError> for Refusal {
    fn from(error: FrameError) -> Self {
        Refusal::Frame(error)
    }
}

impl From<SchemaError> for Refusal {
    fn from(error: SchemaError) -> Self {
        Refusal::Frame(FrameError::Message(error))
    }
}

/// Where a request was received, and when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct At {
    pub(crate) event_loop: usize,
    pub(crate) slot: usize,
    pub(crate) sequence: u64,
    pub(crate) now_ms: i64,
}

impl At {
    /// Names this request in an answer that comes later.
    fn ticket(&self, request: &RequestFrame<'_>) -> Ticket {
        Ticket {
            event_loop: self.event_loop,
            slot: self.slot,
            sequence: self.sequence,
            api_key: request.api_key,
            version: request.version,
            correlation_id: request.correlation_id,
        }
    }
}

/// A request while it is handled.
pub(crate) struct Call<'c> {
    pub(crate) shared: &'c Shared,
    pub(crate) request: RequestFrame<'c>,
    pub(crate) peer: &'c Peer,
    pub(crate) at: At,
    pub(crate) out: &'c mut Output,
}

impl<'c> Call<'c> {
    pub(crate) fn version(&self) -> i16 {
        self.request.version
    }

    /// What its sender may do.
    pub(crate) fn rights(&self) -> Rights<'c> {
        Rights::of(self.shared, self.peer, self.request.api_key)
    }

    /// Names this request in an answer that comes later.
    pub(crate) fn ticket(&self) -> Ticket {
        self.at.ticket(&self.request)
    }

    /// Reads the message.
    pub(crate) fn message<M: Request<'c>>(&self) -> Result<M, Refusal> {
        Ok(self.request.message(memory_for(self.request.body))?)
    }

    /// Answers now.
    pub(crate) fn respond<'r>(&mut self, response: &impl Message<'r>) -> Result<Handled, Refusal> {
        let header = (self.request.api_key, self.request.version, self.request.correlation_id);
        self.out.respond(response, header).map_err(|error| Refusal::Response(self.request.api_key, error))?;
        Ok(Handled::Done)
    }
}

/// Whether a frame is a request to produce, of which several are handled together.
pub(crate) fn is_produce(frame: &[u8]) -> bool {
    frame.first_chunk() == Some(&ApiKey::Produce.number().to_be_bytes())
}

/// Handles requests to produce that have arrived one after the other; says for how many ms the client has to be left alone, and what is
/// left to be answered.
///
/// # Errors
/// Where the connection has to be closed.
pub(crate) fn produce(
    shared: &Shared,
    frames: &[&[u8]],
    peer: &Peer,
    at: At,
    out: &mut Output,
) -> Result<(i32, Left), Refusal> {
    let began = Instant::now();
    let (mut requests, mut refusal) = (Vec::with_capacity(frames.len()), None);
    for frame in frames {
        match RequestFrame::parse(frame) {
            Ok(request) if request.is_supported() => requests.push(request),
            Ok(request) => refusal = Some(Refusal::Unsupported(ApiKey::Produce, request.version)),
            Err(error) => refusal = Some(error.into()),
        }
        if refusal.is_some() {
            break;
        }
    }
    let (throttle_ms, waiting) = produce::handle(shared, &requests, peer, at, out)?;
    let each = began.elapsed() / u32::try_from(frames.len()).unwrap_or(1).max(1);
    frames.iter().for_each(|frame| shared.metrics.handled(ApiKey::Produce, frame.len(), each));
    refusal.map_or(Ok((throttle_ms, waiting)), Err)
}

/// Handles one frame.
///
/// # Errors
/// Where the connection has to be closed.
pub(crate) fn handle(shared: &Shared, frame: &[u8], peer: &Peer, at: At, out: &mut Output) -> Result<Handled, Refusal> {
    let began = Instant::now();
    let request = RequestFrame::parse(frame)?;
    let api = request.api_key;
    let handled = if shared.faults.is_armed() {
        with_faults(shared, frame, request, peer, at, out)
    } else {
        dispatch(shared, frame, request, peer, at, out)
    };
    // `produce` counts what it handles.
    if api != ApiKey::Produce {
        shared.metrics.handled(api, frame.len(), began.elapsed());
    }
    handled
}

/// Handles a frame that no fault is for: one that a fault has held, or a part of a login.
///
/// # Errors
/// As [`handle`].
pub(crate) fn handle_without_faults(
    shared: &Shared,
    frame: &[u8],
    peer: &Peer,
    at: At,
    out: &mut Output,
) -> Result<Handled, Refusal> {
    if is_produce(frame) {
        // The answer tells the client to pause; the connection of a test is not muted for that.
        let (_throttle_ms, waiting) = produce(shared, &[frame], peer, at, out)?;
        return Ok(waiting.map_or(Handled::Done, |(ticket, waiting)| Handled::Waits(ticket, waiting)));
    }
    dispatch(shared, frame, RequestFrame::parse(frame)?, peer, at, out)
}

/// Does to a request what a test wants, if it is about this one.
fn with_faults(
    shared: &Shared,
    frame: &[u8],
    request: RequestFrame<'_>,
    peer: &Peer,
    at: At,
    out: &mut Output,
) -> Result<Handled, Refusal> {
    let effect = request.is_supported().then(|| shared.faults.decide(request.api_key, &request.client_id)).flatten();
    let mut call = Call { shared, request, peer, at, out };
    match effect {
        None => handle_without_faults(shared, frame, peer, at, call.out),
        Some(Effect::Fail(code)) => faults::answer(&mut call, code),
        Some(Effect::Delay(by)) => Ok(Handled::Held(call.ticket(), frame.to_vec(), by)),
        Some(Effect::Drop) => Err(Refusal::Fault),
    }
}

fn dispatch(
    shared: &Shared,
    frame: &[u8],
    request: RequestFrame<'_>,
    peer: &Peer,
    at: At,
    out: &mut Output,
) -> Result<Handled, Refusal> {
    let (api, version) = (request.api_key, request.version);
    let mut call = Call { shared, request, peer, at, out };
    if api == ApiKey::ApiVersions {
        return api_versions::handle(&mut call);
    }
    if !call.request.is_supported() {
        return Err(Refusal::Unsupported(api, version));
    }
    match api {
        ApiKey::Fetch => fetch::handle(&mut call),
        ApiKey::ListOffsets => list_offsets::handle(&mut call),
        ApiKey::Metadata => metadata::handle(&mut call),
        ApiKey::DescribeCluster => describe_cluster::handle(&mut call),
        ApiKey::DescribeConfigs => describe_configs::handle(&mut call),
        ApiKey::ListConfigResources => list_config_resources::handle(&mut call),
        ApiKey::DescribeTopicPartitions => describe_topic_partitions::handle(&mut call),
        ApiKey::DescribeProducers => describe_producers::handle(&mut call),
        ApiKey::FindCoordinator => find_coordinator::handle(&mut call),
        ApiKey::InitProducerId => init_producer_id::handle(&mut call),
        ApiKey::AddPartitionsToTxn => add_partitions_to_txn::handle(&mut call),
        ApiKey::AddOffsetsToTxn => add_offsets_to_txn::handle(&mut call),
        ApiKey::EndTxn => end_txn::handle(&mut call),
        ApiKey::WriteTxnMarkers => write_txn_markers::handle(&mut call),
        ApiKey::TxnOffsetCommit => txn_offset_commit::handle(&mut call),
        ApiKey::ListTransactions => transactions::list(&mut call),
        ApiKey::DescribeTransactions => transactions::describe(&mut call),
        ApiKey::OffsetForLeaderEpoch => offset_for_leader_epoch::handle(&mut call),
        ApiKey::DeleteRecords => delete_records::handle(&mut call),
        ApiKey::AlterReplicaLogDirs => alter_replica_log_dirs::handle(&mut call),
        ApiKey::SaslHandshake | ApiKey::SaslAuthenticate => sasl::handle(&mut call),
        ApiKey::DescribeLogDirs => describe_log_dirs::handle(&mut call),
        ApiKey::JoinGroup
        | ApiKey::SyncGroup
        | ApiKey::Heartbeat
        | ApiKey::LeaveGroup
        | ApiKey::OffsetCommit
        | ApiKey::OffsetFetch
        | ApiKey::OffsetDelete
        | ApiKey::ConsumerGroupHeartbeat
        | ApiKey::ConsumerGroupDescribe
        | ApiKey::DescribeGroups
        | ApiKey::ListGroups
        | ApiKey::DeleteGroups => groups::handle(&mut call),
        // What else is served, the controller's thread does.
        _ if api_versions::SERVED.contains(&api) => {
            let ticket = call.ticket();
            let (frame, peer, received) = (frame.to_vec(), peer.clone(), Instant::now());
            shared.controller.send(Job::Request { ticket, frame, peer, received });
            Ok(Handled::Later(ticket))
        }
        _ => Err(Refusal::Unsupported(api, version)),
    }
}
