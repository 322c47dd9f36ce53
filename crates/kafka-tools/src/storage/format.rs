//! `format`.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use kafka_broker::config::BrokerConfig;
use kafka_broker::metadata::{
    FEATURES, Feature, FormatError, FormatOptions, InitialVoters, MetadataVersion, format_directories,
};
use kafka_log::format::meta_properties::MetaProperties;
use kafka_log::fs::OsFs;

use super::{directories, scram};
use crate::arguments::Arguments;
use crate::feature_levels::{feature_level, release};
use crate::terminal::{Stop, Terminal};

/// Formats the directories of a node.
pub(super) fn format(arguments: &Arguments, config: &BrokerConfig, terminal: &mut Terminal<'_>) -> Result<(), Stop> {
    let refuse = |message: &str| Err(Stop::Failed(message.to_owned()));
    if arguments.has("initial-controllers") {
        return refuse("This tool does not have --initial-controllers.");
    }
    let needs_voters = config.is_controller && config.controller_quorum_voters.is_empty();
    if needs_voters && !arguments.has("standalone") && !arguments.has("no-initial-controllers") {
        return refuse(
            "Because controller.quorum.voters is not set on this controller, you must specify one of the following: \
             --standalone, --initial-controllers, or --no-initial-controllers.",
        );
    }
    let options = FormatOptions {
        metadata_dir: config.metadata_log_dir.clone(),
        release_version: release(arguments)?,
        features: features(arguments)?,
        scram: credentials(arguments)?,
        initial_voters: initial_voters(arguments, config)?,
        ignore_formatted: arguments.has("ignore-formatted"),
        ..FormatOptions::new(
            directories(config),
            arguments.value("cluster-id").unwrap_or_default().to_owned(),
            config.node_id,
        )
    };
    check_formatted(&options)?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let formatted = format_directories(&OsFs, &options, i64::try_from(now).unwrap_or(i64::MAX)).map_err(failed)?;
    if formatted.is_empty() {
        return Ok(terminal.line("All of the log directories are already formatted.")?);
    }
    terminal.line(bootstrap_text(&options))?;
    let version = version(&options);
    for (directory, _) in formatted {
        let kind = match &options.initial_voters {
            _ if directory != options.metadata_dir => "data",
            InitialVoters::Standalone { .. } => "dynamic metadata voter",
            InitialVoters::Configured => "metadata",
        };
        let directory = directory.display();
        terminal.line(format_args!("Formatting {kind} directory {directory} with metadata.version {version}."))?;
    }
    Ok(())
}

fn features(arguments: &Arguments) -> Result<Vec<(String, i16)>, Stop> {
    let levels = arguments.values("feature").map(|given| {
        let (name, level) = feature_level(given)?;
        Ok((name.to_owned(), level))
    });
    levels.collect::<Result<_, String>>().map_err(Stop::Failed)
}

fn credentials(arguments: &Arguments) -> Result<Vec<scram::Credential>, Stop> {
    let salt = || {
        let mut salt = vec![0; 24];
        getrandom::fill(&mut salt).expect("the operating system provides random bytes");
        salt
    };
    arguments
        .values("add-scram")
        .map(|given| scram::credential(given, salt))
        .collect::<Result<_, _>>()
        .map_err(Stop::Failed)
}

fn initial_voters(arguments: &Arguments, config: &BrokerConfig) -> Result<InitialVoters, Stop> {
    if !arguments.has("standalone") {
        return Ok(InitialVoters::Configured);
    }
    if !config.is_controller {
        return Err(Stop::Failed("You can only use --standalone on a controller.".into()));
    }
    let listener = config.controller_listeners.first();
    let listener = listener.ok_or_else(|| Stop::Failed("No controller listeners found.".into()))?;
    Ok(InitialVoters::Standalone {
        listener: listener.name.clone(),
        host: listener.host.clone().unwrap_or_else(|| "localhost".into()),
        port: listener.port,
    })
}

/// Refuses directories that belong to another cluster or node, even those that are to be left alone.
fn check_formatted(options: &FormatOptions) -> Result<(), Stop> {
    for directory in &options.dirs {
        let path = directory.join("meta.properties");
        let Ok(bytes) = std::fs::read(&path) else { continue };
        let shown = path.display();
        let properties = MetaProperties::read(&bytes);
        let properties = properties.map_err(|error| Stop::Failed(format!("Error loading {shown}: {error}")))?;
        let mismatch = |key: &str, expected: &str, found: &str| {
            Stop::Failed(format!("Invalid {key} in: {shown}. Expected {expected}, but read {found}"))
        };
        if let Some(found) = properties.cluster_id.filter(|found| *found != options.cluster_id) {
            return Err(mismatch("cluster.id", &options.cluster_id, &found));
        }
        if let Some(found) = properties.node_id.filter(|found| *found != options.node_id) {
            return Err(mismatch("node.id", &options.node_id.to_string(), &found.to_string()));
        }
    }
    Ok(())
}

fn failed(error: FormatError) -> Stop {
    Stop::Failed(match error {
        FormatError::AlreadyFormatted { path } => format!(
            "Log directory {} is already formatted. Use --ignore-formatted to ignore this directory and format the \
             others.",
            path.display()
        ),
        error => error.to_string(),
    })
}

/// The `metadata.version` that counts: a level given as a feature, or the release.
fn version(options: &FormatOptions) -> MetadataVersion {
    let given = options.features.iter().rev().find(|(name, _)| name == MetadataVersion::FEATURE);
    given.and_then(|(_, level)| MetadataVersion::from_level(*level)).unwrap_or(options.release_version)
}

/// Kafka's text for the first records of the cluster.
fn bootstrap_text(options: &FormatOptions) -> String {
    let version = version(options);
    let mut levels: BTreeMap<&str, i16> =
        FEATURES.iter().map(|feature| (feature.name, feature.default_level(version))).collect();
    levels.extend(options.features.iter().map(|(name, level)| (name.as_str(), *level)));
    levels.retain(|name, level| *level > 0 && *name != Feature::KRAFT && *name != MetadataVersion::FEATURE);
    let record = |(name, level): (&str, i16)| {
        format!("ApiMessageAndVersion(FeatureLevelRecord(name='{name}', featureLevel={level}) at version 0)")
    };
    let records = [(MetadataVersion::FEATURE, version.level())].into_iter().chain(levels).map(record);
    let records = records.collect::<Vec<_>>().join(", ");
    let level = version.level();
    format!(
        "Bootstrap metadata: BootstrapMetadata(records=[{records}], metadataVersionLevel={level}, source=format command)"
    )
}
