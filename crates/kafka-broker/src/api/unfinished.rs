//! Requests that wait for partitions: for records, for replicas.

use std::time::Duration;

use super::Refusal;
use super::delete_records::WaitingDelete;
use super::fetch::{self, WaitingFetch};
use super::produce::WaitingProduce;
use crate::broker::Shared;
use crate::net::{Output, Ticket};

/// A request whose answer has to wait for partitions to move ([`crate::partitions::Watch`]).
pub(crate) enum Unfinished {
    Fetch(WaitingFetch),
    Produce(WaitingProduce),
    DeleteRecords(WaitingDelete),
}

/// What is left of requests to be answered later, under the ticket of the first.
pub(crate) type Left = Option<(Ticket, Box<Unfinished>)>;

impl Unfinished {
    /// How long it may wait.
    pub(crate) const fn max_wait(&self) -> Duration {
        match self {
            Unfinished::Fetch(fetch) => fetch.max_wait(),
            Unfinished::Produce(produce) => produce.max_wait(),
            Unfinished::DeleteRecords(delete) => delete.max_wait(),
        }
    }

    /// Answers what can be answered, everything if its time is over; says whether all is answered.
    ///
    /// # Errors
    /// Where a response cannot be written.
    pub(crate) fn look(
        &mut self,
        shared: &Shared,
        ticket: Ticket,
        is_over: bool,
        out: &mut Output,
    ) -> Result<bool, Refusal> {
        match self {
            Unfinished::Fetch(fetch) => fetch::look(shared, fetch, ticket, is_over, out),
            Unfinished::Produce(produce) => produce.look(shared, ticket, is_over, out),
            Unfinished::DeleteRecords(delete) => delete.look(ticket, is_over, out),
        }
    }
}
