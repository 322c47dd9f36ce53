//! Features of a cluster: the levels that its nodes support, and the levels in use.

use std::collections::BTreeMap;

use kafka_rpc::ErrorCode;
use kafka_rpc::messages::UpdateFeaturesRequest;
use kafka_rpc::messages::update_features_request::FeatureUpdateKey;

use super::{Results, result, timeout_ms};
use crate::cluster::Client;
use crate::connection::NodeVersions;
use crate::error::{ApiError, ClientError};

/// A feature, as a node describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeatureDescription {
    /// Its name.
    pub name: String,
    /// The lowest level that the node supports.
    pub min_version: i16,
    /// The highest level that the node supports.
    pub max_version: i16,
    /// The level in use; 0 if the feature is not in use.
    pub finalized: i16,
}

/// How a level may change (`FeatureUpdate.UpgradeType`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpgradeType {
    /// Up.
    Upgrade,
    /// Down, as long as no metadata is lost.
    SafeDowngrade,
    /// Down, even if metadata is lost.
    UnsafeDowngrade,
}

/// The features that a node of this id, or any node, supports, by name, and the epoch of the levels in use; no epoch if the node
/// knows none (`describeFeatures`).
///
/// # Errors
/// If the node does not answer.
pub fn describe_features(
    client: &mut Client,
    node: Option<i32>,
) -> Result<(Vec<FeatureDescription>, Option<i64>), ClientError> {
    client.retry(|client| {
        client.ensure_nodes()?;
        let any = || client.cluster().nodes.keys().next().copied();
        let node = node.or_else(any).ok_or(ClientError::NoNode)?;
        Ok(features(client.connection(node)?.versions()))
    })
}

fn features(versions: &NodeVersions) -> (Vec<FeatureDescription>, Option<i64>) {
    let of = versions.supported_features.iter().map(|(name, range)| FeatureDescription {
        name: name.clone(),
        min_version: *range.start(),
        max_version: *range.end(),
        finalized: versions.finalized_features.get(name).copied().unwrap_or(0),
    });
    (of.collect(), Some(versions.finalized_features_epoch).filter(|epoch| *epoch >= 0))
}

/// Changes the levels of features (`updateFeatures`): each gets its own result.
///
/// # Errors
/// If the cluster does not answer.
pub fn update_features(
    client: &mut Client,
    levels: &BTreeMap<String, i16>,
    upgrade_type: UpgradeType,
    validate_only: bool,
) -> Result<Results<()>, ClientError> {
    let upgrade_type = match upgrade_type {
        UpgradeType::Upgrade => 1,
        UpgradeType::SafeDowngrade => 2,
        UpgradeType::UnsafeDowngrade => 3,
    };
    let feature_updates = levels.iter().map(|(feature, level)| FeatureUpdateKey {
        feature: feature.into(),
        max_version_level: *level,
        upgrade_type,
        ..Default::default()
    });
    let request = UpdateFeaturesRequest {
        timeout_ms: timeout_ms(client),
        feature_updates: feature_updates.collect(),
        validate_only,
        ..Default::default()
    };
    client.retry(|client| {
        let reply = client.send_to_controller(&request)?;
        let response = reply.message()?;
        let whole = ApiError::check(response.error_code, response.error_message.as_deref());
        if let Err(error @ ApiError { code: ErrorCode::NotController, .. }) = whole {
            return Err(error.into());
        }
        // From version 2 on, one error stands for all features: none is updated unless all are.
        let of = levels.keys().map(|feature| {
            let own = response.results.iter().find(|item| item.feature == feature.as_str());
            let own = own.map(|item| result(item.error_code, item.error_message.as_deref(), ()));
            (feature.clone(), whole.clone().and_then(|()| own.unwrap_or(Ok(()))))
        });
        Ok(of.collect())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feature_that_is_not_in_use_has_level_0() {
        let versions = NodeVersions {
            supported_features: BTreeMap::from([("a".to_owned(), 0..=2), ("b".to_owned(), 1..=3)]),
            finalized_features: BTreeMap::from([("b".to_owned(), 2)]),
            finalized_features_epoch: 7,
            ..Default::default()
        };
        let (found, epoch) = features(&versions);
        let levels: Vec<_> =
            found.iter().map(|of| (of.name.as_str(), of.min_version, of.max_version, of.finalized)).collect();
        assert_eq!((levels, epoch), (vec![("a", 0, 2, 0), ("b", 1, 3, 2)], Some(7)));
        assert_eq!(features(&NodeVersions { finalized_features_epoch: -1, ..Default::default() }), (Vec::new(), None));
    }
}
