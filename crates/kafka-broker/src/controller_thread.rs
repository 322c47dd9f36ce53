//! The thread that changes metadata: one request after the other, each on disk before its answer.

use std::collections::HashSet;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use kafka_rpc::messages::AlterPartitionRequest;
use kafka_rpc::{ErrorCode, RequestFrame, Uuid};
use parking_lot::Mutex;

use crate::api::{controller, init_producer_id};
use crate::broker::Shared;
use crate::disk::Controller;
use crate::net::{Peer, Ticket};
use crate::replication::refuse;
use crate::topics::is_internal;

/// How often the controller looks whether a snapshot is due.
const TICK: Duration = Duration::from_secs(1);

/// Something to do for the controller.
pub(crate) enum Job {
    /// A request of a client, as it came, from whom and when.
    Request { ticket: Ticket, frame: Vec<u8>, peer: Peer, received: Instant },
    /// Topics that clients or the broker itself need.
    AutoCreate(Vec<String>),
    /// A request for a producer id came when the block was used up.
    InitProducerId(Ticket, Vec<u8>),
    /// The block of producer ids is used up.
    MoreProducerIds,
    /// A partition, by the id of its topic and its number, is in another log directory now.
    Moved(Uuid, i32),
    /// A log directory has failed.
    DirectoryFailed(Uuid),
    /// Leaders want other ISRs. The answer goes to [`Replication::altered`](crate::replication::Replication::altered).
    AlterPartition(AlterPartitionRequest),
    /// End, when everything before it is done.
    Stop,
}

/// Most topics that wait to be created because a client has asked for them. Who asks for more asks again.
const CREATED_LATER_MAX: usize = 10_000;

/// Where jobs are left.
pub(crate) struct ControllerHandle {
    jobs: Sender<Job>,
    /// Topics in jobs that are not done (`AutoTopicCreationManager.inflightTopics`).
    to_create: Mutex<HashSet<String>>,
}

impl ControllerHandle {
    pub(crate) fn new(jobs: Sender<Job>) -> Self {
        ControllerHandle { jobs, to_create: Mutex::default() }
    }

    /// Leaves a job. After the controller has stopped, the request is never answered: its connection is about to end.
    pub(crate) fn send(&self, job: Job) {
        if self.jobs.send(job).is_err() {
            tracing::debug!("the controller has stopped");
        }
    }

    /// Has topics created that are missing, unless that is already under way.
    pub(crate) fn auto_create(&self, mut topics: Vec<String>) {
        {
            let mut to_create = self.to_create.lock();
            topics.retain(|topic| {
                let has_room = to_create.len() < CREATED_LATER_MAX || is_internal(topic);
                has_room && to_create.insert(topic.clone())
            });
        }
        if !topics.is_empty() {
            self.send(Job::AutoCreate(topics));
        }
    }

    /// Notes that a job is done.
    pub(crate) fn created(&self, topics: &[String]) {
        let mut to_create = self.to_create.lock();
        topics.iter().for_each(|topic| {
            to_create.remove(topic);
        });
    }
}

/// Works until told to stop.
pub(crate) fn run(mut controller: Controller, jobs: &Receiver<Job>, shared: &Shared) {
    let mut next_tick = Instant::now() + TICK;
    loop {
        match jobs.recv_timeout(next_tick.saturating_duration_since(Instant::now())) {
            Ok(Job::Request { ticket, frame, peer, .. }) => request(&mut controller, ticket, &frame, &peer, shared),
            Ok(Job::AutoCreate(topics)) => {
                controller::auto_create(&mut controller, &topics, shared);
                shared.controller.created(&topics);
            }
            Ok(Job::InitProducerId(ticket, frame)) => {
                controller::more_producer_ids(&mut controller, shared);
                init_producer_id::answer_later(shared, ticket, &frame);
            }
            Ok(Job::MoreProducerIds) => controller::more_producer_ids(&mut controller, shared),
            Ok(Job::Moved(id, number)) => controller::moved(&mut controller, shared, (id, number)),
            Ok(Job::DirectoryFailed(dir)) => controller::directory_failed(&mut controller, shared, dir),
            // A quorum of one node has one broker, and no other whose replicas join an ISR, or leave it.
            Ok(Job::AlterPartition(request)) => {
                shared.replication.altered(Ok(refuse(&request, ErrorCode::OperationNotAttempted)));
            }
            Ok(Job::Stop) | Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => {}
        }
        if next_tick <= Instant::now() {
            next_tick = Instant::now() + TICK;
            shared.tick();
            if let Err(error) = controller.tick(shared.clock.now_ms()) {
                tracing::error!(%error, "the metadata log has failed");
                shared.fail();
                return;
            }
        }
    }
    let now_ms = shared.clock.now_ms();
    let stopped = controller.controlled_shutdown(now_ms).and_then(|_| controller.shutdown(now_ms));
    if let Err(error) = stopped {
        tracing::error!(%error, "cannot close the metadata log");
        shared.has_failed.store(true, Ordering::Release);
    }
}

fn request(controller: &mut Controller, ticket: Ticket, frame: &[u8], peer: &Peer, shared: &Shared) {
    let answered = match RequestFrame::parse(frame) {
        Ok(request) => controller::handle(controller, &request, ticket, peer, shared),
        // The event loop has read the same header.
        Err(error) => {
            tracing::error!(%error, "a request cannot be read again");
            Err(ErrorCode::UnknownServerError)
        }
    };
    if let Err(code) = answered {
        tracing::error!(api = ticket.api_key.name(), code = code.name(), "a request could not be answered");
        shared.answer(ticket, Vec::new());
    }
}
