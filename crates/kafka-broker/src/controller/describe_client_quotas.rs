//! `DescribeClientQuotas` (`ClientQuotasImage.describe`).

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use kafka_rpc::ErrorCode;
use kafka_rpc::messages::describe_client_quotas_response::{EntityData, EntryData, ValueData};
use kafka_rpc::messages::{DescribeClientQuotasRequest, DescribeClientQuotasResponse};

use super::{ApiError, Context, Outcome};
use crate::metadata::{ClientQuotaEntity, Image};

/// The quotas of the entities that a filter takes.
pub fn plan(
    image: &Image,
    _context: &Context<'_>,
    request: &DescribeClientQuotasRequest<'_>,
) -> Outcome<DescribeClientQuotasResponse<'static>> {
    let found = Filter::of(request).map(|filter| {
        let matching = image.client_quotas().filter(|(entity, _)| filter.takes(entity));
        matching.map(|(entity, quotas)| entry(entity, quotas)).collect()
    });
    let (entries, verdict) = match found {
        Ok(entries) => (Some(entries), Ok(())),
        Err(error) => (None, Err(error)),
    };
    let (error_code, error_message) = ApiError::parts(&verdict);
    Outcome::none(DescribeClientQuotasResponse { error_code, error_message, entries, ..Default::default() })
}

struct Filter<'r> {
    exact: BTreeMap<&'r str, Option<&'r str>>,
    any: BTreeSet<&'r str>,
    is_strict: bool,
}

impl<'r> Filter<'r> {
    fn of(request: &'r DescribeClientQuotasRequest<'_>) -> Result<Self, ApiError> {
        let invalid = |why: String| ApiError::new(ErrorCode::InvalidRequest, why);
        let mut filter = Filter { exact: BTreeMap::new(), any: BTreeSet::new(), is_strict: request.strict };
        for component in &request.components {
            let kind = component.entity_type.as_ref();
            if kind.is_empty() {
                return Err(invalid("Invalid empty entity type.".to_owned()));
            }
            if filter.names(kind) {
                return Err(invalid(format!("Entity type {kind} cannot appear more than once in the filter.")));
            }
            if !["user", "client-id", "ip"].contains(&kind) {
                return Err(ApiError::new(ErrorCode::UnsupportedVersion, format!("Unsupported entity type {kind}")));
            }
            match (component.match_type, component.r#match.as_deref()) {
                (0, Some(name)) => drop(filter.exact.insert(kind, Some(name))),
                (0, None) => {
                    let why = "Request specified MATCH_TYPE_EXACT, but set match string to null.";
                    return Err(invalid(why.to_owned()));
                }
                (1, None) => drop(filter.exact.insert(kind, None)),
                (2, None) => drop(filter.any.insert(kind)),
                (1 | 2, Some(_)) => {
                    let name = if component.match_type == 1 { "DEFAULT" } else { "SPECIFIED" };
                    let why = format!("Request specified MATCH_TYPE_{name}, but also specified a match string.");
                    return Err(invalid(why));
                }
                (other, _) => return Err(invalid(format!("Unknown match type {other}"))),
            }
        }
        if filter.names("ip") && (filter.names("user") || filter.names("client-id")) {
            let why = "Invalid entity filter component combination. IP filter component should not be used with user \
                       or clientId filter component.";
            return Err(invalid(why.to_owned()));
        }
        Ok(filter)
    }

    fn names(&self, kind: &str) -> bool {
        self.exact.contains_key(kind) || self.any.contains(kind)
    }

    fn takes(&self, entity: &ClientQuotaEntity) -> bool {
        let has = |(kind, name): (&&str, &Option<&str>)| entity.0.get(*kind).is_some_and(|own| own.as_deref() == *name);
        (!self.is_strict || entity.0.len() == self.exact.len() + self.any.len())
            && self.exact.iter().all(has)
            && self.any.iter().all(|kind| entity.0.contains_key(*kind))
    }
}

fn entry(entity: &ClientQuotaEntity, quotas: &BTreeMap<String, f64>) -> EntryData<'static> {
    let part = |(kind, name): (&String, &Option<String>)| EntityData {
        entity_type: Cow::Owned(kind.clone()),
        entity_name: name.clone().map(Cow::Owned),
        ..EntityData::default()
    };
    let value = |(key, value): (&String, &f64)| ValueData {
        key: Cow::Owned(key.clone()),
        value: *value,
        ..ValueData::default()
    };
    EntryData {
        entity: entity.0.iter().map(part).collect(),
        values: quotas.iter().map(value).collect(),
        ..EntryData::default()
    }
}
