//! `UpdateFeatures` (`FeatureControlManager.updateFeatures`).

use std::borrow::Cow;
use std::collections::BTreeMap;

use kafka_rpc::ErrorCode;
use kafka_rpc::messages::update_features_response::UpdatableFeatureResult;
use kafka_rpc::messages::{UpdateFeaturesRequest, UpdateFeaturesResponse};
use kafka_rpc::stored::metadata::{FeatureLevelRecord, MetadataRecord};

use super::activation::min_isr_of_all_brokers;
use super::{ApiError, Context, Outcome};
use crate::metadata::{ConfigResource, Feature, FeatureLevelError, Image, MetadataVersion};

/// How a level may change (`FeatureUpdate.UpgradeType`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum UpgradeType {
    Upgrade,
    SafeDowngrade,
    UnsafeDowngrade,
}

/// Changes finalized feature levels, or says what would become of that (`validate_only`). All change or none.
/// `kraft_version` is the level of the quorum.
pub fn plan(
    image: &Image,
    context: &Context<'_>,
    request: &UpdateFeaturesRequest<'_>,
    version: i16,
    kraft_version: i16,
) -> Outcome<UpdateFeaturesResponse<'static>> {
    let updated = updates(image, context, request, version, kraft_version);
    let (mut records, verdict) = match updated {
        Ok(records) => (records, Ok(())),
        Err(error) => (Vec::new(), Err(error)),
    };
    if request.validate_only {
        records.clear();
    }
    let (error_code, reason) = ApiError::parts(&verdict);
    let error_message = reason.map(|reason| {
        Cow::Owned(format!("The update failed for all features since the following feature had an error: {reason}"))
    });
    let result = |update: &kafka_rpc::messages::update_features_request::FeatureUpdateKey<'_>| UpdatableFeatureResult {
        feature: Cow::Owned(update.feature.clone().into_owned()),
        error_message: None,
        ..UpdatableFeatureResult::default()
    };
    let results = if verdict.is_ok() { request.feature_updates.iter().map(result).collect() } else { Vec::new() };
    let response = UpdateFeaturesResponse { error_code, error_message, results, ..UpdateFeaturesResponse::default() };
    Outcome::atomic(records, response)
}

fn updates(
    image: &Image,
    context: &Context<'_>,
    request: &UpdateFeaturesRequest<'_>,
    version: i16,
    kraft_version: i16,
) -> Result<Vec<MetadataRecord<'static>>, ApiError> {
    // Features are checked against the levels that all of them will have.
    let proposed: BTreeMap<&str, i16> =
        request.feature_updates.iter().map(|update| (update.feature.as_ref(), update.max_version_level)).collect();
    let proposed_version = proposed.get(MetadataVersion::FEATURE).copied();
    let mut records = Vec::new();
    for update in &request.feature_updates {
        let (name, level) = (update.feature.as_ref(), update.max_version_level);
        let refused = |why: &str| {
            let message = format!("Invalid update version {level} for feature {name}. {why}");
            ApiError::new(ErrorCode::InvalidUpdateVersion, message)
        };
        let upgrade_type = upgrade_type(version, update.upgrade_type, update.allow_downgrade)
            .ok_or_else(|| refused("The controller does not support the given upgrade type."))?;
        let current = if name == Feature::KRAFT { kraft_version } else { image.feature(name) };
        check_supported(context, name, level).map_err(|why| refused(&why))?;
        check_direction(name, current, level, upgrade_type).map_err(refused)?;
        if name == MetadataVersion::FEATURE {
            check_metadata_version(current, level, upgrade_type)?;
        } else if name == Feature::KRAFT {
            if level > current {
                return Err(refused("The voters of the quorum are in the settings of its nodes."));
            }
            continue;
        } else if let Some(feature) = Feature::find(name) {
            let next = proposed_version.and_then(MetadataVersion::from_level).unwrap_or(image.metadata_version());
            feature.check_level(level, next).map_err(|error| refused(&dependency(&error)))?;
        }
        if name == Feature::ELR && level > 0 {
            keep_min_isr(image, context, &mut records);
        }
        records.push(MetadataRecord::FeatureLevel(FeatureLevelRecord {
            name: Cow::Owned(name.to_owned()),
            feature_level: level,
            ..FeatureLevelRecord::default()
        }));
    }
    Ok(records)
}

fn upgrade_type(version: i16, upgrade_type: i8, allow_downgrade: bool) -> Option<UpgradeType> {
    match (version, upgrade_type, allow_downgrade) {
        (0, _, true) => Some(UpgradeType::SafeDowngrade),
        (0, _, false) | (_, 1, _) => Some(UpgradeType::Upgrade),
        (_, 2, _) => Some(UpgradeType::SafeDowngrade),
        (_, 3, _) => Some(UpgradeType::UnsafeDowngrade),
        _ => None,
    }
}

fn check_supported(context: &Context<'_>, name: &str, level: i16) -> Result<(), String> {
    if level < 0 {
        return Err("A feature version cannot be less than 0.".to_owned());
    }
    let id = context.settings.node_id;
    let (min, max) = match Feature::find(name) {
        Some(feature) => (0, feature.max_level()),
        None if name == MetadataVersion::FEATURE => (MetadataVersion::MINIMUM.level(), MetadataVersion::LATEST.level()),
        None => return Err(format!("Local controller {id} does not support this feature.")),
    };
    if (min..=max).contains(&level) {
        Ok(())
    } else {
        Err(format!("Local controller {id} only supports versions {min}-{max}"))
    }
}

fn check_direction(name: &str, current: i16, level: i16, upgrade_type: UpgradeType) -> Result<(), &'static str> {
    if level < current && name == Feature::KRAFT {
        return Err("Can't downgrade the version of this feature.");
    }
    if level < current && upgrade_type == UpgradeType::Upgrade {
        return Err("Can't downgrade the version of this feature without setting the upgrade type to either safe or \
                    unsafe downgrade.");
    }
    if level > current && upgrade_type != UpgradeType::Upgrade {
        return Err("Can't downgrade to a newer version.");
    }
    Ok(())
}

/// Refuses to lose metadata that a lower version has no records for.
fn check_metadata_version(current: i16, level: i16, upgrade_type: UpgradeType) -> Result<(), ApiError> {
    /// The versions that brought new records or fields (`MetadataVersion.didMetadataChange`).
    const CHANGED: [i16; 9] = [7, 8, 11, 13, 14, 15, 17, 23, 30];
    if level >= current || !CHANGED.iter().any(|changed| (level + 1..=current).contains(changed)) {
        return Ok(());
    }
    let why = if upgrade_type == UpgradeType::UnsafeDowngrade {
        "Unsafe metadata downgrade is not supported in this version."
    } else {
        "Refusing to perform the requested downgrade because it might delete metadata information."
    };
    let message = format!("Unsupported metadata.version downgrade from {current} to {level}. {why}");
    Err(ApiError::new(ErrorCode::InvalidUpdateVersion, message))
}

fn dependency(error: &FeatureLevelError) -> String {
    error.to_string()
}

/// With ELR all brokers have one `min.insync.replicas`, in a record.
fn keep_min_isr(image: &Image, context: &Context<'_>, records: &mut Vec<MetadataRecord<'static>>) {
    if image.config(&ConfigResource::all_brokers(), "min.insync.replicas").is_none() {
        records.push(min_isr_of_all_brokers(context.settings));
    }
}
