//! Fetch, 4 to 18: sessions (KIP-227), isolation, epochs, and waiting for records.
//!
//! A request becomes a [`Plan`]: partitions and limits. [`read::read`] reads it. Where there is too little, the plan waits at its
//! partitions ([`crate::partitions::Watch`]), and is looked at again when one of them moves or its time is over.

mod plan;
mod read;
mod respond;
mod session;

use std::time::Duration;

use kafka_rpc::messages::{FetchRequest, FetchResponse};

pub(crate) use session::Sessions;

use self::plan::Plan;
use self::read::Reads;
use super::{Call, Handled, Refusal};
use crate::broker::Shared;
use crate::net::{Output, Ticket};

/// A fetch that waits for records.
pub(crate) struct WaitingFetch {
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
    let mut plan = match Plan::new(call.shared, &call.rights(), &request, call.version(), call.at.now_ms) {
        Ok(plan) => plan,
        Err(code) => return call.respond(&FetchResponse { error_code: code.code(), ..Default::default() }),
    };
    let ticket = call.ticket();
    let reads = read::read(&plan);
    if plan.is_satisfied_by(&reads) || plan.names_a_partition_twice() {
        respond(&plan, reads, ticket, call.out)?;
        return Ok(Handled::Done);
    }
    plan.note_places(&reads);
    drop(reads);
    let mut fetch = Box::new(WaitingFetch { plan });
    if look(call.shared, &mut fetch, ticket, false, call.out)? {
        return Ok(Handled::Done);
    }
    Ok(Handled::Waits(ticket, fetch))
}

/// Answers a fetch that waits, if there is enough or its time is over; says whether it did.
///
/// # Errors
/// Where the response cannot be written.
pub(crate) fn look(
    _shared: &Shared,
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
    let reads = read::read(&fetch.plan);
    respond(&fetch.plan, reads, ticket, out)?;
    Ok(true)
}

fn respond(plan: &Plan, reads: Reads, ticket: Ticket, out: &mut Output) -> Result<(), Refusal> {
    let (response, mut slices) = respond::response(plan, reads);
    out.respond_with_files(&response, ticket.header(), &mut slices)
        .map_err(|error| Refusal::Response(ticket.api_key, error))
}
