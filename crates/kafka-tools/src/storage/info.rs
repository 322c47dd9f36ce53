//! `info`.

use kafka_broker::config::BrokerConfig;
use kafka_log::format::meta_properties::{MetaProperties, MetaPropertiesVersion};

use super::directories;
use crate::terminal::{Stop, Terminal};

/// Says what the directories are, and what is wrong with them: the exit code is 1 if something is.
pub(super) fn info(config: &BrokerConfig, terminal: &mut Terminal<'_>) -> Result<(), Stop> {
    let (mut found, mut problems) = (Vec::new(), Vec::new());
    let mut first: Option<MetaProperties> = None;
    for directory in directories(config) {
        let shown = directory.display().to_string();
        if !directory.is_dir() {
            let problem = if directory.exists() { "is not a directory" } else { "does not exist" };
            problems.push(format!("{shown} {problem}"));
            continue;
        }
        let path = directory.join("meta.properties");
        found.push(shown.clone());
        if !path.exists() {
            problems.push(format!("{shown} is not formatted."));
            continue;
        }
        let read = std::fs::read(&path).map_err(|error| error.to_string());
        match read.and_then(|bytes| MetaProperties::read(&bytes).map_err(|error| error.to_string())) {
            Ok(properties) => match &first {
                Some(first) if first.cluster_id != properties.cluster_id => {
                    problems.push("Mismatched cluster IDs between storage directories.".to_owned());
                }
                Some(first) if first.node_id != properties.node_id => {
                    problems.push("Mismatched node IDs between storage directories.".to_owned());
                }
                Some(_) => {}
                None => first = Some(properties),
            },
            Err(error) => problems.push(format!("Error loading {}: {error}", path.display())),
        }
    }
    if first.as_ref().is_some_and(|first| first.version == MetaPropertiesVersion::V0) {
        problems.push(
            "The kafka configuration file appears to be for a cluster in KRaft mode, but the directories are formatted \
             for legacy mode."
                .to_owned(),
        );
    }
    if !found.is_empty() {
        terminal.line(if found.len() == 1 { "Found log directory:" } else { "Found log directories:" })?;
        found.iter().try_for_each(|directory| terminal.line(format_args!("  {directory}")))?;
        terminal.line("")?;
    }
    if let Some(first) = &first {
        terminal.line(format_args!("Found metadata: {{{}}}\n", text(first)))?;
    }
    if problems.is_empty() {
        return Ok(());
    }
    terminal.line(if problems.len() == 1 { "Found problem:" } else { "Found problems:" })?;
    problems.iter().try_for_each(|problem| terminal.line(format_args!("  {problem}")))?;
    terminal.line("")?;
    Err(Stop::Exit(1))
}

/// The properties, sorted, as Java prints a map.
fn text(properties: &MetaProperties) -> String {
    let (node_key, version) = match properties.version {
        MetaPropertiesVersion::V0 => ("broker.id", "0"),
        MetaPropertiesVersion::V1 => ("node.id", "1"),
    };
    let mut pairs = vec![
        ("cluster.id", properties.cluster_id.clone()),
        ("directory.id", properties.directory_id.map(|id| id.to_string())),
        (node_key, properties.node_id.map(|id| id.to_string())),
        ("version", Some(version.to_owned())),
    ];
    pairs.sort_unstable();
    let pairs = pairs.into_iter().filter_map(|(key, value)| Some(format!("{key}={}", value?)));
    pairs.collect::<Vec<_>>().join(", ")
}
