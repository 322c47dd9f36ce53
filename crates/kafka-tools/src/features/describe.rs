//! `describe`.

use kafka_broker::metadata::MetadataVersion;
use kafka_thin_client::Client;
use kafka_thin_client::admin::{self, FeatureDescription};

use crate::arguments::{Arguments, number};
use crate::client::thrown;
use crate::terminal::{Stop, Terminal};

/// Prints the levels that a node supports, and those in use.
pub(super) fn describe(client: &mut Client, arguments: &Arguments, terminal: &mut Terminal<'_>) -> Result<(), Stop> {
    let node: Option<i32> = number(arguments, "node-id")?;
    if let Some(id) = node.filter(|id| *id < 0) {
        return Err(Stop::Failed(format!("Invalid node id {id}: must be non-negative.")));
    }
    let described = admin::describe_features(client, node);
    let (features, epoch) = described.map_err(|error| Stop::Failed(thrown(&error, "describeFeatures")))?;
    let epoch = epoch.map_or("-".to_owned(), |epoch| epoch.to_string());
    features.iter().try_for_each(|feature| terminal.line(line(feature, &epoch)))?;
    Ok(())
}

fn line(feature: &FeatureDescription, epoch: &str) -> String {
    let shown = |level| level_text(&feature.name, level);
    let (min, max, finalized) = (shown(feature.min_version), shown(feature.max_version), shown(feature.finalized));
    format!(
        "Feature: {:<40}  SupportedMinVersion: {min:<15}  SupportedMaxVersion: {max:<15}  FinalizedVersionLevel: \
         {finalized:<15}  Epoch: {epoch}",
        feature.name
    )
}

/// A level; one of `metadata.version` by its name.
fn level_text(feature: &str, level: i16) -> String {
    match (feature, MetadataVersion::from_level(level)) {
        (MetadataVersion::FEATURE, Some(version)) => version.to_string(),
        (MetadataVersion::FEATURE, None) => format!("UNKNOWN {level}"),
        _ => level.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_of_metadata_version_have_names() {
        let feature = |name: &str, levels: [i16; 3]| {
            let [min_version, max_version, finalized] = levels;
            line(&FeatureDescription { name: name.to_owned(), min_version, max_version, finalized }, "7")
        };
        assert_eq!(
            feature("metadata.version", [7, 99, 30]),
            "Feature: metadata.version                          SupportedMinVersion: 3.3-IV3          \
             SupportedMaxVersion: UNKNOWN 99       FinalizedVersionLevel: 4.3-IV0          Epoch: 7"
        );
        assert!(
            feature("group.version", [0, 1, 1]).contains("SupportedMinVersion: 0                SupportedMaxVersion")
        );
    }
}
