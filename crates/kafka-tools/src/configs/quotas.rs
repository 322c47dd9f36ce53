//! Quotas of users, clients and addresses, and SCRAM credentials of users.

use kafka_schema::push_double;
use kafka_security::scram::ScramMechanism;
use kafka_thin_client::Client;
use kafka_thin_client::admin::{self, QuotaEntity, QuotaMatch, Quotas};

use super::changes::Changes;
use super::entities::{Entity, EntityType};
use super::{ConfigsError, scram};
use crate::terminal::Terminal;

/// Quotas of users and clients.
const CLIENT_QUOTAS: [&str; 4] =
    ["producer_byte_rate", "consumer_byte_rate", "request_percentage", "controller_mutation_rate"];
/// Quotas of addresses.
const IP_QUOTAS: [&str; 1] = ["connection_creation_rate"];

fn is_scram(key: &str) -> bool {
    ScramMechanism::from_name(key).is_some()
}

/// Changes quotas.
pub(super) fn alter(client: &mut Client, entities: &[Entity], changes: &Changes) -> Result<(), ConfigsError> {
    let refuse = |message: String| Err(ConfigsError::Argument(message));
    let is_ip = entities.iter().any(|entity| entity.kind == EntityType::Ips);
    let is_user = entities.iter().all(|entity| entity.kind == EntityType::Users);
    let quotas: &[&str] = if is_ip { &IP_QUOTAS } else { &CLIENT_QUOTAS };
    let unexpected = |key: &&String| !(quotas.contains(&key.as_str()) || is_user && is_scram(key));
    let added: Vec<&str> = changes.set.keys().filter(unexpected).map(String::as_str).collect();
    let deleted: Vec<&str> = changes.delete.iter().filter(unexpected).map(String::as_str).collect();
    if is_ip && !(added.is_empty() && deleted.is_empty()) {
        let unexpected = [added, deleted].concat().join(",");
        return refuse(format!(
            "Only connection quota configs can be added for 'ips' using --bootstrap-server. Unexpected config names: \
             {unexpected}"
        ));
    }
    let (what, kind) = if is_user { ("quota and SCRAM credential", "users") } else { ("quota", "clients") };
    for (verb, unexpected, collection) in [("added", added, "Set"), ("deleted", deleted, "ArrayBuffer")] {
        if !unexpected.is_empty() {
            let unexpected = unexpected.join(", ");
            return refuse(format!(
                "Only {what} configs can be {verb} for '{kind}' using --bootstrap-server. Unexpected config names: \
                 {collection}({unexpected})"
            ));
        }
    }
    if changes.set.keys().chain(&changes.delete).any(|key| is_scram(key)) {
        if entities.iter().any(|entity| entity.name.as_deref() == Some("")) {
            return refuse(
                "The use of --entity-default or --user-defaults is not allowed with User SCRAM Credentials using \
                 --bootstrap-server."
                    .into(),
            );
        }
        if changes.set.keys().chain(&changes.delete).any(|key| !is_scram(key)) {
            return refuse(
                "Cannot alter both quota and SCRAM credential configs simultaneously for 'users' using \
                 --bootstrap-server."
                    .into(),
            );
        }
        let [Entity { name: Some(user), .. }] = entities else {
            return refuse("Altering user SCRAM credentials should never occur for more zero or multiple users".into());
        };
        return scram::alter(client, user, changes);
    }
    alter_quotas(client, entities, changes)
}

fn alter_quotas(client: &mut Client, entities: &[Entity], changes: &Changes) -> Result<(), ConfigsError> {
    let old = admin::describe_client_quotas(client, &filter(entities))?.into_iter().next();
    let old = old.map(|(_, quotas)| quotas).unwrap_or_default();
    let invalid: Vec<&str> = changes.delete.iter().filter(|key| !old.contains_key(*key)).map(String::as_str).collect();
    if !invalid.is_empty() {
        return Err(ConfigsError::Argument(format!("Invalid config(s): {}", invalid.join(","))));
    }
    let mut ops: Vec<(String, Option<f64>)> = Vec::new();
    for (key, value) in &changes.set {
        let parsed = value.trim().parse().map_err(|_| {
            ConfigsError::Argument(format!("Cannot parse quota configuration value for {key}: {value}"))
        })?;
        ops.push((key.clone(), Some(parsed)));
    }
    ops.extend(changes.delete.iter().map(|key| (key.clone(), None)));
    let name = |entity: &Entity| entity.name.clone().filter(|name| !name.is_empty());
    let entity: QuotaEntity =
        entities.iter().map(|entity| (quota_type(entity.kind).to_owned(), name(entity))).collect();
    Ok(admin::alter_client_quotas(client, &entity, &ops)?)
}

/// Describes quotas.
pub(super) fn describe(
    client: &mut Client,
    entities: &[Entity],
    terminal: &mut Terminal<'_>,
) -> Result<(), ConfigsError> {
    for (entity, quotas) in admin::describe_client_quotas(client, &filter(entities))? {
        terminal.line(format_args!("Quota configs for {} are {}", entity_text(&entity), quotas_text(&quotas)))?;
    }
    Ok(())
}

/// Describes the SCRAM credentials of users, unless clients or the default user are described.
pub(super) fn describe_credentials(
    client: &mut Client,
    entities: &[Entity],
    terminal: &mut Terminal<'_>,
) -> Result<(), ConfigsError> {
    let is_user = |entity: &Entity| entity.kind == EntityType::Users && entity.name.as_deref() != Some("");
    if !entities.iter().all(is_user) {
        return Ok(());
    }
    let names: Vec<String> = entities.iter().filter_map(|entity| entity.name.clone()).collect();
    let users = Some(names.as_slice()).filter(|names| !names.is_empty());
    for (user, credentials) in admin::describe_user_scram_credentials(client, users)? {
        // A user without credentials is none that Kafka's client lists.
        let Ok(credentials) = credentials else { continue };
        let name = |number: i8| ScramMechanism::from_id(number).map_or("UNKNOWN", ScramMechanism::name);
        let infos = credentials.iter().map(|(mechanism, n)| format!("{}=iterations={n}", name(*mechanism)));
        let infos = infos.collect::<Vec<_>>().join(", ");
        terminal.line(format_args!("SCRAM credential configs for user-principal '{user}' are {infos}"))?;
    }
    Ok(())
}

fn filter(entities: &[Entity]) -> Vec<(&'static str, QuotaMatch)> {
    let of = |entity: &Entity| match entity.name.as_deref() {
        None => QuotaMatch::Any,
        Some("") => QuotaMatch::Default,
        Some(name) => QuotaMatch::Exact(name.to_owned()),
    };
    entities.iter().map(|entity| (quota_type(entity.kind), of(entity))).collect()
}

fn quota_type(kind: EntityType) -> &'static str {
    match kind {
        EntityType::Users => "user",
        EntityType::Ips => "ip",
        _ => "client-id",
    }
}

fn entity_text(entity: &QuotaEntity) -> String {
    let of = |(kind, shown): (&str, &str)| {
        entity.get(kind).map(|name| match name {
            Some(name) => format!("{shown} '{name}'"),
            None => format!("the default {shown}"),
        })
    };
    let parts = [("user", "user-principal"), ("client-id", "client-id"), ("ip", "ip")].into_iter().filter_map(of);
    parts.collect::<Vec<_>>().join(", ")
}

fn quotas_text(quotas: &Quotas) -> String {
    let of = |(key, value): (&String, &f64)| {
        let mut text = Vec::new();
        push_double(&mut text, *value);
        format!("{key}={}", String::from_utf8_lossy(&text))
    };
    quotas.iter().map(of).collect::<Vec<_>>().join(", ")
}
