//! Produce, 3 to 13.

mod transaction;
mod waiting;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kafka_log::compression::Codec;
use kafka_log::format::batch::{BatchHeader, BatchOverhead};
use kafka_log::log::VerificationGuard;
use kafka_log::log::error::{AppendError, KafkaError as _};
use kafka_log::log::types::LogAppendInfo;
use kafka_rpc::acl::{AclOperation, ResourceType};
use kafka_rpc::messages::produce_request::PartitionProduceData;
use kafka_rpc::messages::produce_response::{
    BatchIndexAndErrorMessage, LeaderIdAndEpoch, NodeEndpoint, PartitionProduceResponse, TopicProduceResponse,
};
use kafka_rpc::messages::{ProduceRequest, ProduceResponse};
use kafka_rpc::{ApiKey, ErrorCode, RequestFrame};

use super::leaders::Leaders;
use super::{At, Left, Refusal, Rights, Unfinished, memory_for};
use crate::broker::Shared;
use crate::net::{Output, Peer, Ticket};
use crate::partitions::{AppendRefused, Partition, Submission, Topic};
use crate::quotas::Kind;
use crate::topics::is_internal;
use crate::transaction::Producer;

pub(crate) use waiting::WaitingProduce;
use waiting::{Pending, Wait};

/// Kafka's own admin clients may write to internal topics (`AdminUtils.ADMIN_CLIENT_ID`).
const ADMIN_CLIENT_ID: &str = "__admin_client";

/// Bytes of a request before its message, without the id of the client: API, version, correlation id, length of the id.
const HEADER: usize = 10;

/// The only format of batches that producers may send.
const MAGIC: i8 = 2;

/// Handles requests that a client has sent one after the other. What is for the same partition becomes one write, and the answers
/// are those that each would get alone.
///
/// # Errors
/// Where the connection has to be closed. Requests before the one at fault are answered.
pub(super) fn handle(
    shared: &Shared,
    frames: &[RequestFrame<'_>],
    peer: &Peer,
    at: At,
    out: &mut Output,
) -> Result<(i32, Left), Refusal> {
    let (began, now_ms) = (Instant::now(), at.now_ms);
    let rights = Rights::of(shared, peer, ApiKey::Produce);
    let mut requests = Vec::with_capacity(frames.len());
    let mut refusal = None;
    for frame in frames {
        match frame.message::<ProduceRequest<'_>>(memory_for(frame.body)) {
            Ok(request) => requests.push((frame, request)),
            Err(error) => {
                refusal = Some(Refusal::from(error));
                break;
            }
        }
    }
    let mut parts = Vec::new();
    for (frame, request) in &requests {
        let (first, has_ids) = (parts.len(), frame.version >= 13);
        let mut topics: Vec<Found> =
            request.topic_data.iter().map(|topic| shared.topics.find(has_ids, &topic.name, topic.topic_id)).collect();
        if rights.are_limited() {
            deny(&rights, request, has_ids, &mut topics);
        }
        for (topic, found) in request.topic_data.iter().zip(&topics) {
            for data in &topic.partition_data {
                parts.push(Part::new(frame, request, found, data));
            }
        }
        let of_request = parts.get_mut(first..).unwrap_or_default();
        if of_request.iter().any(|part| part.transaction.is_some()) {
            transaction::verify_parts(shared, frame.version, request.transactional_id.as_deref(), of_request, now_ms);
        }
    }
    append(&mut parts, now_ms);
    let mut parts = parts.into_iter();
    let each = began.elapsed() / u32::try_from(requests.len()).unwrap_or(1).max(1);
    let mut longest = 0;
    let mut waiting: Option<(Ticket, WaitingProduce)> = None;
    for (frame, request) in &requests {
        let throttle_ms = charge(shared, peer, frame, request.acks, each, now_ms);
        longest = longest.max(throttle_ms);
        let (response, waits) = respond(request, throttle_ms, &mut parts)?;
        if request.acks == 0 {
            continue;
        }
        let header = (frame.api_key, frame.version, frame.correlation_id);
        if waiting.is_none() && waits.is_empty() {
            let response = with_leaders(response, frame.version, shared, peer.listener);
            out.respond(&response, header).map_err(|error| Refusal::Response(frame.api_key, error))?;
            continue;
        }
        let (_, waiting) = waiting.get_or_insert_with(|| (at.ticket(frame), WaitingProduce::new(peer.listener)));
        waiting.push(Pending::new(header, response, waits), request.timeout_ms);
    }
    if let Some(refusal) = refusal {
        return Err(refusal);
    }
    let Some((ticket, mut waiting)) = waiting else { return Ok((longest, None)) };
    // First: what moves after this wakes the request again.
    let is_done = waiting.look(shared, ticket, false, out)?;
    Ok((longest, (!is_done).then(|| (ticket, Box::new(Unfinished::Produce(waiting))))))
}

/// Counts what a request has cost; says for how many ms its client has to be left alone.
fn charge(shared: &Shared, peer: &Peer, frame: &RequestFrame<'_>, acks: i16, spent: Duration, now_ms: i64) -> i32 {
    let (quotas, user, client_id) = (&shared.quotas, &peer.principal.name, &*frame.client_id);
    let bytes = frame.body.len() + HEADER + client_id.len();
    let for_bytes = quotas.bytes(Kind::Produce, user, client_id, bytes, now_ms);
    // Kafka does not count the time of requests without an answer.
    let for_time = if acks == 0 { 0 } else { quotas.request(user, client_id, spent, now_ms) };
    for_bytes.max(for_time)
}

/// A topic of a request, or why there is none for it.
type Found = Result<Arc<Topic>, ErrorCode>;

/// Removes the topics that the client may not write to.
fn deny(rights: &Rights<'_>, request: &ProduceRequest<'_>, has_ids: bool, topics: &mut [Found]) {
    if is_transactional(request) {
        let id = request.transactional_id.as_deref();
        if !id.is_some_and(|id| rights.may(AclOperation::Write, ResourceType::TransactionalId, id)) {
            topics.iter_mut().for_each(|topic| *topic = Err(ErrorCode::TransactionalIdAuthorizationFailed));
            return;
        }
    }
    let names: Vec<Option<Arc<str>>> = topics
        .iter()
        .zip(&request.topic_data)
        .map(|(found, asked)| match found {
            Ok(topic) => Some(Arc::clone(&topic.name)),
            Err(_) => (!has_ids).then(|| Arc::from(&*asked.name)),
        })
        .collect();
    rights.deny_topics(AclOperation::Write, &names, topics.iter_mut());
}

/// (`RequestUtils.hasTransactionalRecords`)
fn is_transactional(request: &ProduceRequest<'_>) -> bool {
    let partitions = request.topic_data.iter().flat_map(|topic| &topic.partition_data);
    let mut records = partitions.filter_map(|data| data.records.as_ref().and_then(kafka_rpc::Records::bytes));
    records.any(|records| {
        BatchHeader::split_first(records).is_ok_and(|(header, _)| header.attributes().is_transactional())
    })
}

/// The records of a request for one partition.
struct Part<'r> {
    records: &'r [u8],
    partition: Option<Arc<Partition>>,
    /// Producer and first sequence, if they are part of a transaction.
    transaction: Option<(Producer, i32)>,
    guard: VerificationGuard,
    needs_isr: bool,
    answer: Result<Appended, Failure>,
}

/// The acknowledgements that stand for all replicas in sync.
const ALL: i16 = -1;

/// What a producer is told of an append.
struct Appended {
    info: LogAppendInfo,
    log_start_offset: i64,
}

/// Why nothing was appended.
enum Failure {
    Code(ErrorCode),
    Said(ErrorCode, Cow<'static, str>),
    Append(Box<AppendError>, i64),
}

impl<'r> Part<'r> {
    fn new(
        frame: &RequestFrame<'_>,
        request: &ProduceRequest<'_>,
        topic: &Found,
        data: &PartitionProduceData<'r>,
    ) -> Self {
        let records = data.records.as_ref().and_then(kafka_rpc::Records::bytes).unwrap_or_default();
        let (transaction, guard) = (transaction::of(records), VerificationGuard::SENTINEL);
        let needs_isr = request.acks == ALL;
        match check(frame, request, topic, data.index, records) {
            // An answer for the time being: each append gives its own.
            Ok(partition) => {
                let answer = Err(Failure::Code(ErrorCode::UnknownServerError));
                Part { records, partition: Some(partition), transaction, guard, needs_isr, answer }
            }
            Err(failure) => {
                let answer = Err(failure);
                Part { records, partition: None, transaction, guard, needs_isr, answer }
            }
        }
    }

    /// Nothing is appended, for this reason.
    fn refuse(&mut self, failure: Failure) {
        self.partition = None;
        self.answer = Err(failure);
    }
}

fn check(
    frame: &RequestFrame<'_>,
    request: &ProduceRequest<'_>,
    topic: &Found,
    index: i32,
    records: &[u8],
) -> Result<Arc<Partition>, Failure> {
    let topic = topic.as_ref().map_err(|code| Failure::Code(*code))?;
    let partition = topic.partition(index).map_err(Failure::Code)?;
    check_batches(frame.version, records)?;
    if !matches!(request.acks, -1..=1) {
        return Err(Failure::Code(ErrorCode::InvalidRequiredAcks));
    }
    if is_internal(&topic.name) && frame.client_id != ADMIN_CLIENT_ID {
        return Err(Failure::Code(ErrorCode::InvalidTopicException));
    }
    Ok(Arc::clone(partition))
}

/// Appends all parts, those of a partition together and in their order.
fn append(parts: &mut [Part<'_>], now_ms: i64) {
    if let [part] = parts {
        let Some(partition) = part.partition.clone() else { return };
        let answer = partition.append(part.records, part.guard, part.needs_isr, now_ms);
        part.done(answer);
        return;
    }
    let place = |part: &&mut Part<'_>| part.partition.as_ref().map(Arc::as_ptr);
    let mut sorted: Vec<&mut Part<'_>> = parts.iter_mut().filter(|part| part.partition.is_some()).collect();
    sorted.sort_by_key(place);
    for group in sorted.chunk_by_mut(|one, next| place(one) == place(next)) {
        let Some(partition) = group.first().and_then(|part| part.partition.clone()) else { continue };
        partition.append_all(group, now_ms);
    }
}

impl Submission for Part<'_> {
    fn records(&self) -> &[u8] {
        self.records
    }

    fn guard(&self) -> VerificationGuard {
        self.guard
    }

    fn needs_isr(&self) -> bool {
        self.needs_isr
    }

    fn done(&mut self, answer: Result<(LogAppendInfo, i64), AppendRefused>) {
        self.answer = match answer {
            Ok((info, log_start_offset)) => Ok(Appended { info, log_start_offset }),
            Err(refused) => Err(refused.into()),
        };
    }
}

impl From<AppendRefused> for Failure {
    fn from(refused: AppendRefused) -> Self {
        match refused {
            AppendRefused::NotTried(code) => Failure::Code(code),
            AppendRefused::Log(error, log_start_offset) => Failure::Append(Box::new(error), log_start_offset),
        }
    }
}

/// The response to a request, and the partitions whose replicas it has to wait for.
///
/// # Errors
/// A request that wants no answer has failed.
fn respond<'q, 'r>(
    request: &'q ProduceRequest<'_>,
    throttle_time_ms: i32,
    parts: &mut impl Iterator<Item = Part<'r>>,
) -> Result<(ProduceResponse<'q>, Vec<Wait>), Refusal> {
    let mut waits = Vec::new();
    let mut failed = ErrorCode::None.code();
    let mut responses = Vec::with_capacity(request.topic_data.len());
    for topic in &request.topic_data {
        let of_topic = topic.partition_data.iter().zip(&mut *parts);
        let at_topic = responses.len();
        let answers = of_topic.enumerate().map(|(at, (data, part))| {
            let required = part.answer.as_ref().ok().map(|appended| appended.info.last_offset + 1);
            let mut answer = answer(data.index, part.answer);
            if let (true, Some(required), Some(partition)) = (part.needs_isr, required, part.partition) {
                match partition.acknowledged(required) {
                    Some(acknowledged) => answer.error_code = acknowledged.err().unwrap_or(ErrorCode::None).code(),
                    None => waits.push(Wait { topic: at_topic, answer: at, partition, required }),
                }
            }
            answer
        });
        let answers: Vec<_> = answers.collect();
        if let Some(refused) = answers.iter().find(|answer| answer.error_code != ErrorCode::None.code()) {
            failed = refused.error_code;
        }
        responses.push(TopicProduceResponse {
            name: Cow::Borrowed(&topic.name),
            topic_id: topic.topic_id,
            partition_responses: answers,
            ..Default::default()
        });
    }
    if request.acks == 0 && failed != ErrorCode::None.code() {
        return Err(Refusal::Unanswered(ErrorCode::from_code(failed).unwrap_or(ErrorCode::UnknownServerError)));
    }
    Ok((ProduceResponse { responses, throttle_time_ms, ..Default::default() }, waits))
}

/// Since this version producers learn of the leader from an error.
const LEADER_MIN_VERSION: i16 = 10;

/// Adds who leads the partitions that this broker does not lead.
fn with_leaders<'q>(
    mut response: ProduceResponse<'q>,
    version: i16,
    shared: &Shared,
    listener: usize,
) -> ProduceResponse<'q> {
    if version < LEADER_MIN_VERSION {
        return response;
    }
    let mut leaders = Leaders::default();
    for topic in &mut response.responses {
        for answer in &mut topic.partition_responses {
            if answer.error_code == ErrorCode::NotLeaderOrFollower.code() {
                let (leader_id, leader_epoch) = leaders.of(shared, &topic.name, topic.topic_id, answer.index);
                answer.current_leader = LeaderIdAndEpoch { leader_id, leader_epoch, ..Default::default() };
            }
        }
    }
    let endpoints = leaders.endpoints(shared, listener).map(|endpoint| NodeEndpoint {
        node_id: endpoint.id,
        host: endpoint.host.into(),
        port: endpoint.port,
        rack: endpoint.rack.map(Into::into),
        ..Default::default()
    });
    response.node_endpoints = endpoints.collect();
    response
}

/// (`ProduceRequest.validateRecords`)
fn check_batches(version: i16, records: &[u8]) -> Result<(), Failure> {
    let invalid = |why: &'static str| Err(Failure::Said(ErrorCode::InvalidRecord, why.into()));
    if records.is_empty() {
        return invalid("Produce requests must have at least one record batch per partition");
    }
    // Bytes that are no batch are refused by the append, with the reason.
    let Some(Ok(first)) = records.first_chunk().map(BatchOverhead::parse) else { return Ok(()) };
    if first.magic != MAGIC {
        return invalid("Produce requests are only allowed to contain record batches with magic version 2");
    }
    let Ok((header, _)) = BatchHeader::split_first(records) else { return Ok(()) };
    if version < 7 && matches!(header.attributes().codec(), Ok(Codec::Zstd)) {
        let why = "Produce requests with a version below 7 are not allowed to use ZStandard compression";
        return Err(Failure::Said(ErrorCode::UnsupportedCompressionType, why.into()));
    }
    let rest = records.get(first.size()..).unwrap_or_default();
    if rest.first_chunk().map(BatchOverhead::parse).is_some_and(|second| second.is_ok_and(|it| it.size() <= rest.len()))
    {
        return invalid("Produce requests are only allowed to contain exactly one record batch per partition");
    }
    Ok(())
}

fn answer(index: i32, appended: Result<Appended, Failure>) -> PartitionProduceResponse<'static> {
    let refused = |code: ErrorCode, log_start_offset| PartitionProduceResponse {
        index,
        error_code: code.code(),
        base_offset: -1,
        log_start_offset,
        ..Default::default()
    };
    match appended {
        Ok(Appended { info, log_start_offset }) => PartitionProduceResponse {
            index,
            base_offset: info.first_offset,
            log_append_time_ms: info.log_append_time,
            log_start_offset,
            ..Default::default()
        },
        Err(Failure::Code(code)) => refused(code, -1),
        Err(Failure::Said(code, why)) => PartitionProduceResponse { error_message: Some(why), ..refused(code, -1) },
        Err(Failure::Append(error, log_start_offset)) => {
            let records = error.record_errors();
            let said = records.iter().map(|record| BatchIndexAndErrorMessage {
                batch_index: record.batch_index,
                batch_index_error_message: Some(record.message.clone().into()),
                ..Default::default()
            });
            PartitionProduceResponse {
                record_errors: said.collect(),
                error_message: (!records.is_empty()).then(|| error.to_string().into()),
                ..refused(error.code(), log_start_offset)
            }
        }
    }
}
