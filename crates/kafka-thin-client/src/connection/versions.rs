//! What a node serves (`NodeApiVersions`).

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use kafka_rpc::ApiKey;
use kafka_rpc::messages::ApiVersionsResponse;

/// The versions that a node serves, and the features of its cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeVersions {
    pub(crate) ranges: BTreeMap<i16, RangeInclusive<i16>>,
    /// Levels that the node supports.
    pub supported_features: BTreeMap<String, RangeInclusive<i16>>,
    /// Levels that the cluster has agreed on.
    pub finalized_features: BTreeMap<String, i16>,
    /// Epoch of the agreed levels; negative if unknown.
    pub finalized_features_epoch: i64,
}

impl NodeVersions {
    pub(super) fn new(response: &ApiVersionsResponse<'_>) -> Self {
        let ranges = response.api_keys.iter().map(|api| (api.api_key, api.min_version..=api.max_version));
        let supported = response.supported_features.iter();
        let finalized = response.finalized_features.iter();
        NodeVersions {
            ranges: ranges.collect(),
            supported_features: supported
                .map(|key| (key.name.to_string(), key.min_version..=key.max_version))
                .collect(),
            finalized_features: finalized.map(|key| (key.name.to_string(), key.max_version_level)).collect(),
            finalized_features_epoch: response.finalized_features_epoch,
        }
    }

    /// All APIs by number, also those that this client does not know, with the versions that the node serves.
    pub fn ranges(&self) -> impl Iterator<Item = (i16, RangeInclusive<i16>)> {
        self.ranges.iter().map(|(number, range)| (*number, range.clone()))
    }

    /// The versions that the node serves of an API.
    pub fn range(&self, number: i16) -> Option<RangeInclusive<i16>> {
        self.ranges.get(&number).cloned()
    }

    /// The latest version that client and node have.
    pub fn latest(&self, api: ApiKey) -> Option<i16> {
        let (ours, theirs) = (api.versions(), self.ranges.get(&api.number())?);
        let latest = *ours.end().min(theirs.end());
        (latest >= *ours.start().max(theirs.start())).then_some(latest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_common_version_is_used() {
        let of = |range: RangeInclusive<i16>| {
            let ranges = BTreeMap::from([(ApiKey::Produce.number(), range)]);
            NodeVersions { ranges, ..Default::default() }.latest(ApiKey::Produce)
        };
        let (low, high) = ApiKey::Produce.versions().into_inner();
        assert_eq!(of(0..=i16::MAX), Some(high));
        assert_eq!(of(0..=low), Some(low));
        assert_eq!(of(0..=low - 1), None);
        assert_eq!(of(high + 1..=i16::MAX), None);
        assert_eq!(NodeVersions::default().latest(ApiKey::Produce), None);
    }
}
