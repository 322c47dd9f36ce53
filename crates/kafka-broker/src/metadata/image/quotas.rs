//! Client quotas (`ClientQuotasImage`).

use std::collections::BTreeMap;

use kafka_rpc::stored::metadata::client_quota_record::EntityData;

/// Whom a client quota is for (`ClientQuotaEntity`): `user`, `client-id` or `ip` with a name, or with `None` for all others.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientQuotaEntity(pub BTreeMap<String, Option<String>>);

impl ClientQuotaEntity {
    pub(super) fn from_record(entity: &[EntityData<'_>]) -> Self {
        let pair = |part: &EntityData<'_>| {
            (part.entity_type.clone().into_owned(), part.entity_name.as_deref().map(str::to_owned))
        };
        ClientQuotaEntity(entity.iter().map(pair).collect())
    }

    /// The entity as records have it.
    pub fn to_record(&self) -> Vec<EntityData<'_>> {
        let mut parts = Vec::with_capacity(self.0.len());
        for (kind, name) in &self.0 {
            parts.push(EntityData {
                entity_type: kind.as_str().into(),
                entity_name: name.as_deref().map(Into::into),
                ..EntityData::default()
            });
        }
        parts
    }
}
