//! `version-mapping` and `feature-dependencies`, which `kafka-storage` and `kafka-features` have, and what they know of features.

use kafka_broker::metadata::{Feature, FeatureLevelError, MetadataVersion};

use crate::arguments::Arguments;
use crate::terminal::{Stop, Terminal};

/// The features beside `metadata.version`, in Kafka's order.
const FEATURES: [&str; 6] = [
    "kraft.version",
    "transaction.version",
    "group.version",
    "eligible.leader.replicas.version",
    "share.version",
    "streams.version",
];

/// The release that `--release-version` names, or the latest.
pub(crate) fn release(arguments: &Arguments) -> Result<MetadataVersion, Stop> {
    arguments.value("release-version").map_or(Ok(MetadataVersion::LATEST), named)
}

/// The release of this name (`MetadataVersion.fromVersionString`).
pub(crate) fn named(name: &str) -> Result<MetadataVersion, Stop> {
    MetadataVersion::from_name(name).ok_or_else(|| {
        let levels = MetadataVersion::MINIMUM.level()..=MetadataVersion::LATEST.level();
        let names = levels.filter_map(MetadataVersion::from_level).map(|version| version.to_string());
        let names = names.collect::<Vec<_>>().join(", ");
        Stop::Failed(format!("Unknown metadata.version '{name}'. Supported metadata.version are: {names}"))
    })
}

/// The features beside `metadata.version`, each with its level at a release.
pub(crate) fn defaults(version: MetadataVersion) -> impl Iterator<Item = (&'static str, i16)> {
    let features = FEATURES.iter().filter_map(|name| Feature::find(name));
    features.map(move |feature| (feature.name, feature.default_level(version)))
}

/// Prints the levels that features have with a release.
pub(crate) fn version_mapping(arguments: &Arguments, terminal: &mut Terminal<'_>) -> Result<(), Stop> {
    let version = release(arguments)?;
    let name = arguments.value("release-version").map_or(version.to_string(), str::to_owned);
    terminal.line(format_args!("metadata.version={} ({name})", version.level()))?;
    Ok(defaults(version).try_for_each(|(feature, level)| terminal.line(format_args!("{feature}={level}")))?)
}

/// Prints what levels of features need.
pub(crate) fn dependencies(arguments: &Arguments, terminal: &mut Terminal<'_>) -> Result<(), Stop> {
    for given in arguments.values("feature") {
        let (name, level) = feature_level(given).map_err(Stop::Failed)?;
        if name == MetadataVersion::FEATURE {
            let version = MetadataVersion::from_level(level);
            let version = version.ok_or_else(|| Stop::Failed(format!("Unknown metadata.version {level}")))?;
            terminal.line(format_args!("{name}={level} ({version}) has no dependencies."))?;
            continue;
        }
        let feature = Feature::find(name).ok_or_else(|| Stop::Failed(format!("Unknown feature: {name}")))?;
        match feature.check_level(level, MetadataVersion::MINIMUM) {
            Ok(()) => terminal.line(format_args!("{name}={level} has no dependencies."))?,
            Err(FeatureLevelError::Dependency { needed, .. }) => {
                terminal.line(format_args!("{name}={level} requires:"))?;
                let version = MetadataVersion::from_level(needed).map_or(String::new(), |version| version.to_string());
                terminal.line(format_args!("    metadata.version={needed} ({version})"))?;
            }
            Err(_) => {
                return Err(Stop::Failed(format!("Feature level {level} is not supported for feature {name}")));
            }
        }
    }
    Ok(())
}

/// Reads `feature=level`.
pub(crate) fn feature_level(given: &str) -> Result<(&str, i16), String> {
    let (name, level) = given
        .split_once('=')
        .ok_or_else(|| format!("Can't parse feature=level string {given}: equals sign not found."))?;
    let parsed = level.parse().map_err(|_| format!("Invalid version format: {level} for feature {name}"))?;
    Ok((name, parsed))
}
