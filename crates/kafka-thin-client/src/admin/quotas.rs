//! Quotas of users, clients and addresses, and SCRAM credentials.

use std::collections::BTreeMap;

use kafka_rpc::messages::alter_client_quotas_request::{EntityData, EntryData, OpData};
use kafka_rpc::messages::describe_client_quotas_request::ComponentData;
use kafka_rpc::messages::{AlterClientQuotasRequest, DescribeClientQuotasRequest};

use crate::cluster::Client;
use crate::error::{ApiError, ClientError};

/// Whose quotas: names by type (`user`, `client-id`, `ip`); `None` is the default of the type.
pub type QuotaEntity = BTreeMap<String, Option<String>>;

/// Quotas by key.
pub type Quotas = BTreeMap<String, f64>;

/// Which names of a type are looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QuotaMatch {
    /// This one.
    Exact(String),
    /// The default.
    Default,
    /// All, the default included.
    Any,
}

/// Reads the quotas of entities that have exactly these types (`describeClientQuotas`).
///
/// # Errors
/// If the cluster does not answer, or with an error.
pub fn describe_client_quotas(
    client: &mut Client,
    filter: &[(&str, QuotaMatch)],
) -> Result<Vec<(QuotaEntity, Quotas)>, ClientError> {
    let component = |(kind, wanted): &(&str, QuotaMatch)| {
        let (match_type, name) = match wanted {
            QuotaMatch::Exact(name) => (0, Some(name.clone().into())),
            QuotaMatch::Default => (1, None),
            QuotaMatch::Any => (2, None),
        };
        ComponentData { entity_type: (*kind).to_owned().into(), match_type, r#match: name, ..Default::default() }
    };
    let components = filter.iter().map(component).collect();
    let request = DescribeClientQuotasRequest { components, strict: true, ..Default::default() };
    client.retry(|client| {
        let reply = client.send_to_any(&request)?;
        let response = reply.message()?;
        ApiError::check(response.error_code, response.error_message.as_deref())?;
        let entries = response.entries.iter().flatten().map(|entry| {
            let names = entry.entity.iter();
            let names = names.map(|of| (of.entity_type.to_string(), of.entity_name.as_deref().map(str::to_owned)));
            let values = entry.values.iter().map(|value| (value.key.to_string(), value.value));
            (names.collect(), values.collect())
        });
        Ok(entries.collect())
    })
}

/// Sets quotas of an entity, or (`None`) takes them back (`alterClientQuotas`).
///
/// # Errors
/// If the cluster does not answer, or with an error.
pub fn alter_client_quotas(
    client: &mut Client,
    entity: &QuotaEntity,
    ops: &[(String, Option<f64>)],
) -> Result<(), ClientError> {
    let names = entity.iter().map(|(kind, name)| EntityData {
        entity_type: kind.into(),
        entity_name: name.as_deref().map(Into::into),
        ..Default::default()
    });
    let ops = ops.iter().map(|(key, value)| OpData {
        key: key.into(),
        value: value.unwrap_or_default(),
        remove: value.is_none(),
        ..Default::default()
    });
    let entry = EntryData { entity: names.collect(), ops: ops.collect(), ..Default::default() };
    let request = AlterClientQuotasRequest { entries: vec![entry], ..Default::default() };
    client.retry(|client| {
        let reply = client.send_to_any(&request)?;
        let response = reply.message()?;
        let mut entries = response.entries.iter();
        Ok(entries.try_for_each(|entry| ApiError::check(entry.error_code, entry.error_message.as_deref()))?)
    })
}
