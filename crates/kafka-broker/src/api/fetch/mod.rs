//! Fetch, 4 to 18: sessions (KIP-227), isolation, epochs, and waiting for records.
//!
//! A request becomes a [`Plan`]: partitions and limits. [`read::read`] reads it. Where there is too little, the plan waits at its
//! partitions ([`crate::partitions::Watch`]), and is looked at again when one of them moves or its time is over.

mod plan;
mod read;
mod respond;
mod session;

use std::sync::Arc;
use std::time::Duration;

use kafka_rpc::messages::{FetchRequest, FetchResponse};

pub(crate) use session::Sessions;

use self::plan::Plan;
use self::read::Reads;
use super::{Call, Handled, Refusal, Unfinished};
use crate::broker::Shared;
use crate::net::{Output, Ticket};
use crate::quotas::Kind;
use crate::security::Principal;

/// Whose fetch it is.
struct Client {
    user: Arc<Principal>,
    id: Box<str>,
    listener: usize,
}

/// A fetch that waits for records.
pub(crate) struct WaitingFetch {
    client: Client,
    plan: Plan,
}

impl WaitingFetch {
    /// How long it may wait.
    pub(crate) const fn max_wait(&self) -> Duration {
        self.plan.max_wait
    }
}

pub(super) fn handle(call: &mut Call<'_>) -> Result<Handled, Refusal> {
    let request: FetchRequest<'_> = call.message()?;
    let client = Client {
        user: Arc::clone(&call.peer.principal),
        id: Box::from(&*call.request.client_id),
        listener: call.peer.listener,
    };
    let mut plan = match Plan::new(call.shared, &call.rights(), &request, call.version(), call.at.now_ms) {
        Ok(plan) => plan,
        Err(code) => return call.respond(&FetchResponse { error_code: code.code(), ..Default::default() }),
    };
    if !plan.is_from_follower()
        && let Some(max) = call.shared.quotas.bytes_max(Kind::Fetch, &client.user.name, &client.id)
    {
        plan.at_most(max);
    }
    let ticket = call.ticket();
    let reads = read::read(call.shared, &plan, true);
    if plan.is_satisfied_by(&reads) || plan.names_a_partition_twice() {
        respond(call.shared, &client, &plan, reads, ticket, call.out)?;
        return Ok(Handled::Done);
    }
    plan.note_places(&reads);
    drop(reads);
    let mut fetch = WaitingFetch { client, plan };
    if look(call.shared, &mut fetch, ticket, false, call.out)? {
        return Ok(Handled::Done);
    }
    Ok(Handled::Waits(ticket, Box::new(Unfinished::Fetch(fetch))))
}

/// Answers a fetch that waits, if there is enough or its time is over; says whether it did.
///
/// # Errors
/// Where the response cannot be written.
pub(crate) fn look(
    shared: &Shared,
    fetch: &mut WaitingFetch,
    ticket: Ticket,
    is_over: bool,
    out: &mut Output,
) -> Result<bool, Refusal> {
    if !is_over {
        // First: what moves after this wakes the fetch again.
        fetch.plan.partitions.iter().filter_map(|planned| planned.partition()).for_each(|at| at.watch().add(ticket));
        if !fetch.plan.has_enough() {
            return Ok(false);
        }
    }
    let reads = read::read(shared, &fetch.plan, false);
    respond(shared, &fetch.client, &fetch.plan, reads, ticket, out)?;
    Ok(true)
}

/// Answers. A client that has used up its quota gets nothing, and is told how long it has to wait.
fn respond(
    shared: &Shared,
    client: &Client,
    plan: &Plan,
    reads: Reads,
    ticket: Ticket,
    out: &mut Output,
) -> Result<(), Refusal> {
    let (quotas, user, now_ms) = (&shared.quotas, &client.user.name, shared.clock.now_ms());
    if quotas.limits(Kind::Fetch) && !plan.is_from_follower() {
        let bytes = respond::size(plan, &reads);
        let throttle_time_ms = quotas.bytes(Kind::Fetch, user, &client.id, bytes, now_ms);
        if throttle_time_ms > 0 {
            quotas.forget_bytes(Kind::Fetch, user, &client.id, bytes, now_ms);
            let session_id = plan.keep_session(shared);
            let response = FetchResponse { throttle_time_ms, session_id, ..Default::default() };
            return out.respond(&response, ticket.header()).map_err(|error| Refusal::Response(ticket.api_key, error));
        }
    }
    let (response, mut slices) = respond::response(shared, plan, reads, (client.listener, ticket.version));
    out.respond_with_files(&response, ticket.header(), &mut slices)
        .map_err(|error| Refusal::Response(ticket.api_key, error))
}
