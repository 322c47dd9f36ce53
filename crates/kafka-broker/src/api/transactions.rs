//! ListTransactions, 0 to 2, and DescribeTransactions, 0; and what the APIs of transactions have in common.

use kafka_rpc::ErrorCode;
use kafka_rpc::acl::{AclOperation, ResourceType};
use kafka_rpc::messages::describe_transactions_response::TransactionState;
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
    let mut response = call.shared.transactions.list(filter, call.at.now_ms);
    let rights = call.rights();
    let of = AclOperation::Describe;
    response.transaction_states.retain(|state| rights.may(of, ResourceType::TransactionalId, &state.transactional_id));
    call.respond(&response)
}

pub(super) fn describe(call: &mut Call<'_>) -> Result<Handled, Refusal> {
    let mut request: DescribeTransactionsRequest<'_> = call.message()?;
    let (rights, of) = (call.rights(), AclOperation::Describe);
    let mut refused = Vec::new();
    request.transactional_ids.retain(|id| {
        let checked = rights.check_transactional_id(of, id);
        refused.extend(checked.err().map(|code| (id.to_string(), code)));
        checked.is_ok()
    });
    let mut response = call.shared.transactions.describe(&request.transactional_ids);
    for state in &mut response.transaction_states {
        state.topics.retain(|topic| rights.may(of, ResourceType::Topic, &topic.topic));
    }
    response.transaction_states.extend(refused.into_iter().map(|(id, code)| TransactionState {
        transactional_id: id.into(),
        error_code: code.code(),
        ..Default::default()
    }));
    call.respond(&response)
}

/// An error as a client hears it: older ones do not know `PRODUCER_FENCED`.
pub(super) fn fenced_error(error: ErrorCode, knows_fenced: bool) -> ErrorCode {
    if error == ErrorCode::ProducerFenced && !knows_fenced { ErrorCode::InvalidProducerEpoch } else { error }
}
