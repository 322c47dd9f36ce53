//! `list`

use kafka_thin_client::Client;
use kafka_thin_client::admin::{self, TransactionFilter};

use super::failed;
use crate::arguments::{Arguments, number};
use crate::table;
use crate::terminal::{Stop, Terminal};

pub(super) fn list(client: &mut Client, arguments: &Arguments, terminal: &mut Terminal<'_>) -> Result<(), Stop> {
    let filter = TransactionFilter {
        longer_than_ms: number(arguments, "duration-filter")?,
        pattern: arguments.value("transactional-id-pattern").map(str::to_owned),
        ..TransactionFilter::default()
    };
    let listed = admin::list_transactions(client, &filter);
    let listed = listed.map_err(|error| failed("Failed to list transactions", &error))?;
    let rows = listed
        .into_iter()
        .map(|of| [of.transactional_id, of.coordinator.to_string(), of.producer_id.to_string(), of.state]);
    let rows: Vec<_> = rows.collect();
    Ok(table::print(["TransactionalId", "Coordinator", "ProducerId", "TransactionState"], &rows, terminal)?)
}
