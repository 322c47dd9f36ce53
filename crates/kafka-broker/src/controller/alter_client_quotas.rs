//! `AlterClientQuotas` (`ClientQuotaControlManager`).

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use kafka_rpc::ErrorCode;
use kafka_rpc::messages::alter_client_quotas_request::EntryData;
use kafka_rpc::messages::{AlterClientQuotasRequest, AlterClientQuotasResponse, alter_client_quotas_response};
use kafka_rpc::stored::metadata::client_quota_record::EntityData;
use kafka_rpc::stored::metadata::{ClientQuotaRecord, MetadataRecord};

use super::outcome::check_count;
use super::{ApiError, Context, Outcome};
use crate::metadata::{ClientQuotaEntity, Image};

/// Quotas of users and clients, and whether they are whole numbers.
const USER_AND_CLIENT: [(&str, bool); 4] = [
    ("producer_byte_rate", true),
    ("consumer_byte_rate", true),
    ("request_percentage", false),
    ("controller_mutation_rate", false),
];
/// Quotas of addresses.
const IP: [(&str, bool); 1] = [("connection_creation_rate", true)];

/// Changes client quotas, or says what would become of that (`validate_only`).
pub fn plan(
    image: &Image,
    _context: &Context<'_>,
    request: &AlterClientQuotasRequest<'_>,
) -> Outcome<AlterClientQuotasResponse<'static>> {
    let mut records = Vec::new();
    let mut seen = BTreeSet::new();
    let mut entries = Vec::with_capacity(request.entries.len());
    for entry in &request.entries {
        let entity = entity(entry);
        let altered = if seen.insert(entity.clone()) {
            alter(image, entry, &entity)
        } else {
            Err(invalid(format!("Ignoring duplicate entity {}", shown(&entity))))
        };
        let verdict = altered.map(|altered| records.extend(altered));
        entries.push(answer(entry, &verdict));
    }
    if let Err(error) = check_count(&records) {
        records.clear();
        entries = request.entries.iter().map(|entry| answer(entry, &Err(error.clone()))).collect();
    }
    if request.validate_only {
        records.clear();
    }
    Outcome::atomic(records, AlterClientQuotasResponse { entries, ..AlterClientQuotasResponse::default() })
}

fn invalid(why: impl Into<Cow<'static, str>>) -> ApiError {
    ApiError::new(ErrorCode::InvalidRequest, why)
}

fn entity(entry: &EntryData<'_>) -> ClientQuotaEntity {
    let pair = |part: &kafka_rpc::messages::alter_client_quotas_request::EntityData<'_>| {
        (part.entity_type.clone().into_owned(), part.entity_name.as_deref().map(str::to_owned))
    };
    ClientQuotaEntity(entry.entity.iter().map(pair).collect())
}

/// As Java shows it.
fn shown(entity: &ClientQuotaEntity) -> String {
    let part = |(kind, name): (&String, &Option<String>)| format!("{kind}={}", name.as_deref().unwrap_or("null"));
    let parts: Vec<_> = entity.0.iter().map(part).collect();
    format!("ClientQuotaEntity(entries={{{}}})", parts.join(", "))
}

/// The answer for one entity.
pub(crate) fn answer(
    entry: &EntryData<'_>,
    verdict: &Result<(), ApiError>,
) -> alter_client_quotas_response::EntryData<'static> {
    let (error_code, error_message) = ApiError::parts(verdict);
    let part = |part: &kafka_rpc::messages::alter_client_quotas_request::EntityData<'_>| {
        alter_client_quotas_response::EntityData {
            entity_type: Cow::Owned(part.entity_type.clone().into_owned()),
            entity_name: part.entity_name.as_ref().map(|name| Cow::Owned(name.clone().into_owned())),
            ..Default::default()
        }
    };
    let entity = entry.entity.iter().map(part).collect();
    alter_client_quotas_response::EntryData { error_code, error_message, entity, ..Default::default() }
}

fn alter(
    image: &Image,
    entry: &EntryData<'_>,
    entity: &ClientQuotaEntity,
) -> Result<Vec<MetadataRecord<'static>>, ApiError> {
    let mut changes: BTreeMap<&str, Option<f64>> = BTreeMap::new();
    for op in &entry.ops {
        if changes.insert(&op.key, (!op.remove).then_some(op.value)).is_some() {
            let why = format!("Duplicate quota key {} not updating quota for this entity {}", op.key, shown(entity));
            return Err(invalid(why));
        }
    }
    let known = quotas_of(entity)?;
    let current = image.client_quotas_of(entity);
    let mut records = Vec::with_capacity(changes.len());
    for (key, value) in changes {
        let has = current.and_then(|quotas| quotas.get(key));
        match value {
            None if has.is_none() => continue,
            Some(value) => {
                check_value(known, key, value)?;
                if has == Some(&value) {
                    continue;
                }
            }
            None => {}
        }
        records.push(MetadataRecord::ClientQuota(ClientQuotaRecord {
            entity: record_entity(entity),
            key: Cow::Owned(key.to_owned()),
            value: value.unwrap_or_default(),
            remove: value.is_none(),
            ..ClientQuotaRecord::default()
        }));
    }
    Ok(records)
}

fn record_entity(entity: &ClientQuotaEntity) -> Vec<EntityData<'static>> {
    let part = |(kind, name): (&String, &Option<String>)| EntityData {
        entity_type: Cow::Owned(kind.clone()),
        entity_name: name.clone().map(Cow::Owned),
        ..EntityData::default()
    };
    entity.0.iter().map(part).collect()
}

/// The quotas that such an entity may have (`validateEntity`, `configKeysForEntityType`).
fn quotas_of(entity: &ClientQuotaEntity) -> Result<&'static [(&'static str, bool)], ApiError> {
    if entity.0.is_empty() {
        return Err(invalid("Invalid empty client quota entity"));
    }
    for (kind, name) in &entity.0 {
        if !["user", "client-id", "ip"].contains(&kind.as_str()) {
            return Err(invalid(format!("Unhandled client quota entity type: {kind}")));
        }
        if name.as_ref().is_some_and(String::is_empty) {
            return Err(invalid(format!("Empty {kind} not supported")));
        }
    }
    let Some(ip) = entity.0.get("ip") else { return Ok(&USER_AND_CLIENT) };
    if entity.0.len() > 1 {
        return Err(invalid("Invalid quota entity combination, IP entity shouldnot be combined with User or ClientId"));
    }
    // Names of hosts are not looked up.
    match ip.as_deref().filter(|ip| ip.parse::<IpAddr>().is_err()) {
        Some(ip) => Err(invalid(format!("{ip} is not a valid IP or resolvable host."))),
        None => Ok(&IP),
    }
}

fn check_value(known: &[(&str, bool)], key: &str, value: f64) -> Result<(), ApiError> {
    let quota = known.iter().find(|(name, _)| *name == key);
    let (_, is_whole) = quota.ok_or_else(|| invalid(format!("Invalid configuration key {key}")))?;
    // Also what is no number.
    if value.is_nan() || value <= 0.0 {
        return Err(invalid(format!("Quota {key} must be greater than 0")));
    }
    if !is_whole {
        return Ok(());
    }
    let is_int = key == "connection_creation_rate";
    if is_int && value > f64::from(i32::MAX) {
        return Err(invalid(format!("Proposed value for {key} is too large for an INT.")));
    }
    if value > i64::MAX as f64 {
        return Err(invalid(format!("Proposed value for {key} is too large for a LONG.")));
    }
    if (value % 1.0).abs() > 1e-6 {
        return Err(invalid(format!("{key} cannot be a fractional value.")));
    }
    Ok(())
}
