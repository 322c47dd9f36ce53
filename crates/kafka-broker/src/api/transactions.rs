//! ListTransactions, 0 to 2, and DescribeTransactions, 0; and what the APIs of transactions have in common.

use kafka_rpc::ErrorCode;
use kafka_rpc::messages::{DescribeTransactionsRequest, ListTransactionsRequest};

use super::{Call, Handled, Refusal};
use crate::transaction::Filter;

pub(super) fn list(call: &mut Call<'_>) -> Result<Handled, Refusal> {
    let request: ListTransactionsRequest<'_> = call.message()?;
    let filter = Filter {
        states: &request.state_filters,
        producer_ids: &request.producer_id_filters,
        longer_than_ms: (request.duration_filter >= 0).then_some(request.duration_filter),
        pattern: request.transactional_id_pattern.as_deref(),
    };
    let response = call.shared.transactions.list(filter, call.at.now_ms);
    call.respond(&response)
}

pub(super) fn describe(call: &mut Call<'_>) -> Result<Handled, Refusal> {
    let request: DescribeTransactionsRequest<'_> = call.message()?;
    let response = call.shared.transactions.describe(&request.transactional_ids);
    call.respond(&response)
}

/// An error as a client hears it: older ones do not know `PRODUCER_FENCED`.
pub(super) fn fenced_error(error: ErrorCode, knows_fenced: bool) -> ErrorCode {
    if error == ErrorCode::ProducerFenced && !knows_fenced { ErrorCode::InvalidProducerEpoch } else { error }
}
