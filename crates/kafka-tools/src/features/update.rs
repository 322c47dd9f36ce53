//! `upgrade`, `downgrade` and `disable`.

use std::collections::BTreeMap;

use kafka_broker::metadata::MetadataVersion;
use kafka_thin_client::Client;
use kafka_thin_client::admin::{self, UpgradeType};

use crate::arguments::Arguments;
use crate::client::explain;
use crate::feature_levels::{defaults, feature_level, named};
use crate::terminal::{Stop, Terminal};

/// Changes the levels of features: `operation` is `upgrade` or `downgrade`.
pub(super) fn change(
    client: &mut Client,
    operation: &str,
    arguments: &Arguments,
    terminal: &mut Terminal<'_>,
) -> Result<(), Stop> {
    let upgrade_type = if operation == "upgrade" { UpgradeType::Upgrade } else { downgrade_type(arguments) };
    let release = arguments.value("release-version");
    if release.is_some() && (arguments.has("metadata") || arguments.has("feature")) {
        return Err(Stop::Failed("Can not specify `release-version` with other feature flags.".to_owned()));
    }
    let mut levels = BTreeMap::new();
    if let Some(release) = release {
        let version = named(release)?;
        levels.insert(MetadataVersion::FEATURE.to_owned(), version.level());
        // An upgrade cannot set a level of 0, which a feature has without it.
        let of = defaults(version).filter(|(_, level)| upgrade_type != UpgradeType::Upgrade || *level > 0);
        levels.extend(of.map(|(feature, level)| (feature.to_owned(), level)));
    }
    if let Some(metadata) = arguments.value("metadata") {
        terminal.line(" `metadata` flag is deprecated and may be removed in a future release.")?;
        levels.insert(MetadataVersion::FEATURE.to_owned(), named(metadata)?.level());
    }
    for given in arguments.values("feature") {
        let (feature, level) = feature_level(given).map_err(Stop::Failed)?;
        insert(&mut levels, feature, level)?;
    }
    update(client, operation, &levels, upgrade_type, arguments.has("dry-run"), terminal)
}

/// Sets the levels of features to 0.
pub(super) fn disable(client: &mut Client, arguments: &Arguments, terminal: &mut Terminal<'_>) -> Result<(), Stop> {
    let mut levels = BTreeMap::new();
    arguments.values("feature").try_for_each(|feature| insert(&mut levels, feature, 0))?;
    update(client, "disable", &levels, downgrade_type(arguments), arguments.has("dry-run"), terminal)
}

fn downgrade_type(arguments: &Arguments) -> UpgradeType {
    if arguments.has("unsafe") { UpgradeType::UnsafeDowngrade } else { UpgradeType::SafeDowngrade }
}

fn insert(levels: &mut BTreeMap<String, i16>, feature: &str, level: i16) -> Result<(), Stop> {
    match levels.insert(feature.to_owned(), level) {
        None => Ok(()),
        Some(_) => Err(Stop::Failed(format!("Feature {feature} was specified more than once."))),
    }
}

fn update(
    client: &mut Client,
    operation: &str,
    levels: &BTreeMap<String, i16>,
    upgrade_type: UpgradeType,
    is_dry_run: bool,
    terminal: &mut Terminal<'_>,
) -> Result<(), Stop> {
    if levels.is_empty() {
        return Err(Stop::Failed(format!("You must specify at least one feature to {operation}")));
    }
    let updated = admin::update_features(client, levels, upgrade_type, is_dry_run);
    let errors: Vec<Option<String>> = match updated {
        Ok(results) => results.into_iter().map(|(_, result)| result.err().map(|error| error.to_string())).collect(),
        Err(error) => vec![Some(explain(&error, "updateFeatures")); levels.len()],
    };
    for ((feature, level), error) in levels.iter().zip(&errors) {
        terminal.line(outcome(operation, feature, *level, is_dry_run, error.as_deref()))?;
    }
    match errors.iter().flatten().count() {
        0 => Ok(()),
        failed => Err(Stop::Failed(format!("{failed} out of {} operation(s) failed.", levels.len()))),
    }
}

fn outcome(operation: &str, feature: &str, level: i16, is_dry_run: bool, error: Option<&str>) -> String {
    let is_disabled = operation == "disable";
    let to = if is_disabled { String::new() } else { format!(" to {level}") };
    match error {
        Some(error) => {
            let helper = if is_dry_run { "Can not" } else { "Could not" };
            format!("{helper} {operation} {feature}{to}. {error}")
        }
        None => {
            let verb = if is_dry_run { "can be" } else { "was" };
            format!("{feature} {verb} {operation}d{to}.")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_have_kafkas_words() {
        assert_eq!(outcome("upgrade", "f", 2, false, None), "f was upgraded to 2.");
        assert_eq!(outcome("downgrade", "f", 2, true, None), "f can be downgraded to 2.");
        assert_eq!(outcome("disable", "f", 0, false, None), "f was disabled.");
        assert_eq!(outcome("disable", "f", 0, true, Some("No.")), "Can not disable f. No.");
        assert_eq!(outcome("upgrade", "f", 2, false, Some("No.")), "Could not upgrade f to 2. No.");
    }

    #[test]
    fn a_feature_is_named_once() {
        let mut levels = BTreeMap::new();
        assert!(insert(&mut levels, "f", 1).is_ok());
        assert!(
            matches!(insert(&mut levels, "f", 2), Err(Stop::Failed(why)) if why == "Feature f was specified more than once.")
        );
    }
}
