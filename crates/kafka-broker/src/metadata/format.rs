//! New log directories, as `kafka-storage format` prepares them (`Formatter`).

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use kafka_log::fs::{Fs, exists, write_atomically};
use kafka_log::manager::write_meta_properties;
use kafka_rpc::Uuid;
use kafka_rpc::stored::metadata::{FeatureLevelRecord, MetadataRecord, UserScramCredentialRecord};

use super::log::{BOOTSTRAP, FOLDER, MetadataLogError, SnapshotWriter, Voters, standalone_snapshot};
use super::{FEATURES, Feature, FeatureLevelError, MetadataVersion, ScramCredentialData, ScramMechanism, random_uuid};

const META_PROPERTIES: &str = "meta.properties";

/// Who votes in the quorum of a new cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InitialVoters {
    /// The settings of the nodes say so (`controller.quorum.voters`), or an existing quorum does (`--no-initial-controllers`).
    Configured,
    /// This node alone, reached at this listener (`--standalone`).
    Standalone {
        /// Name of the listener.
        listener: String,
        /// Host.
        host: String,
        /// Port.
        port: u16,
    },
}

/// How to prepare directories.
#[derive(Clone, Debug)]
pub struct FormatOptions {
    /// The directories that get a `meta.properties` (`log.dirs`, and `metadata.log.dir` if it is none of them).
    pub dirs: Vec<PathBuf>,
    /// The one of them with the metadata log.
    pub metadata_dir: PathBuf,
    /// Id of the cluster.
    pub cluster_id: String,
    /// Id of the node.
    pub node_id: i32,
    /// `metadata.version`, which also decides the levels of other features.
    pub release_version: MetadataVersion,
    /// Levels of features that are to differ from those of the release.
    pub features: Vec<(String, i16)>,
    /// SCRAM credentials by mechanism and user.
    pub scram: Vec<(ScramMechanism, String, ScramCredentialData)>,
    /// The voters.
    pub initial_voters: InitialVoters,
    /// Whether to leave directories alone that have a `meta.properties` already, instead of refusing all.
    pub ignore_formatted: bool,
}

impl FormatOptions {
    /// Directories of a new cluster with the features of the latest release, the first of them for the metadata log.
    pub fn new(dirs: Vec<PathBuf>, cluster_id: String, node_id: i32) -> Self {
        FormatOptions {
            metadata_dir: dirs.first().cloned().unwrap_or_default(),
            dirs,
            cluster_id,
            node_id,
            release_version: MetadataVersion::LATEST,
            features: Vec::new(),
            scram: Vec::new(),
            initial_voters: InitialVoters::Configured,
            ignore_formatted: false,
        }
    }
}

/// Why directories are not prepared.
#[derive(Debug)]
#[non_exhaustive]
pub enum FormatError {
    /// A directory has a `meta.properties`. Nothing has been written.
    AlreadyFormatted {
        /// The directory.
        path: PathBuf,
    },
    /// A feature cannot have its level. Nothing has been written.
    Feature(FeatureLevelError),
    /// A file cannot be written.
    Io {
        /// The file or directory.
        path: PathBuf,
        /// The error.
        source: io::Error,
    },
    /// A checkpoint cannot be made.
    Checkpoint(MetadataLogError),
}

impl fmt::Display for FormatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FormatError::AlreadyFormatted { path } => {
                write!(f, "log directory {} is already formatted", path.display())
            }
            FormatError::Feature(error) => error.fmt(f),
            FormatError::Io { path, source } => write!(f, "cannot write {}: {source}", path.display()),
            FormatError::Checkpoint(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for FormatError {}

impl From<MetadataLogError> for FormatError {
    fn from(error: MetadataLogError) -> Self {
        FormatError::Checkpoint(error)
    }
}

/// Prepares the directories, which are made if they are missing. Gives those that were prepared, each with its id. All
/// is on disk when this returns; a directory counts as prepared with its `meta.properties`, which is written last.
///
/// # Errors
/// See [`FormatError`].
pub fn format_directories<F: Fs>(
    fs: &F,
    options: &FormatOptions,
    now_ms: i64,
) -> Result<Vec<(PathBuf, Uuid)>, FormatError> {
    let records = bootstrap_records(options)?;
    let mut writer = SnapshotWriter::new(0, 0, &Voters::default(), now_ms)?;
    records.iter().try_for_each(|record| writer.append(record, 0))?;
    let bootstrap = writer.into_bytes()?;
    let mut missing = Vec::new();
    for dir in &options.dirs {
        let path = dir.join(META_PROPERTIES);
        if !exists(fs, &path).map_err(io_error(&path))? {
            missing.push(dir);
        } else if !options.ignore_formatted {
            return Err(FormatError::AlreadyFormatted { path: dir.clone() });
        }
    }
    let mut formatted = Vec::with_capacity(missing.len());
    for dir in missing {
        let id = random_uuid();
        make_dir(fs, dir).map_err(io_error(dir))?;
        write(fs, &dir.join(BOOTSTRAP), &bootstrap)?;
        if *dir == options.metadata_dir
            && let InitialVoters::Standalone { listener, host, port } = &options.initial_voters
        {
            let folder = dir.join(FOLDER);
            fs.create_dir_all(&folder).map_err(io_error(&folder))?;
            let (snapshot, bytes) = standalone_snapshot(options.node_id, id, (listener, host, *port), now_ms)?;
            write(fs, &folder.join(snapshot.to_string()), &bytes)?;
        }
        let path = dir.join(META_PROPERTIES);
        write_meta_properties(fs, &path, id, (&options.cluster_id, options.node_id), now_ms)
            .map_err(io_error(&path))?;
        formatted.push((dir.clone(), id));
    }
    Ok(formatted)
}

/// Makes a directory and those above it. Their names are on disk, too.
fn make_dir<F: Fs>(fs: &F, dir: &Path) -> io::Result<()> {
    let mut missing = Vec::new();
    for dir in dir.ancestors().filter(|dir| !dir.as_os_str().is_empty()) {
        if exists(fs, dir)? {
            break;
        }
        missing.push(dir);
    }
    fs.create_dir_all(dir)?;
    // A directory that is there may have been created by a start that was killed before this.
    if missing.is_empty() {
        missing.push(dir);
    }
    let parents = missing.into_iter().filter_map(Path::parent);
    parents
        .map(|dir| if dir.as_os_str().is_empty() { Path::new(".") } else { dir })
        .try_for_each(|dir| fs.sync_dir(dir))
}

/// The first records of a cluster: features with a level above 0, `metadata.version` first, then credentials.
fn bootstrap_records(options: &FormatOptions) -> Result<Vec<MetadataRecord<'_>>, FormatError> {
    let mut version = options.release_version;
    let mut levels: BTreeMap<&str, i16> =
        FEATURES.iter().map(|feature| (feature.name, feature.default_level(version))).collect();
    for (name, level) in &options.features {
        if name == MetadataVersion::FEATURE {
            let unknown = FeatureLevelError::UnknownLevel { name: name.clone(), level: *level };
            version = MetadataVersion::from_level(*level).ok_or(FormatError::Feature(unknown))?;
        } else if levels.insert(name, *level).is_none() {
            return Err(FormatError::Feature(FeatureLevelError::UnknownFeature { name: name.clone() }));
        }
    }
    for (name, level) in &levels {
        if let Some(feature) = Feature::find(name) {
            feature.check_level(*level, version).map_err(FormatError::Feature)?;
        }
    }
    // In records of its own.
    levels.remove(Feature::KRAFT);
    let level = |(name, feature_level): (&'static str, i16)| {
        MetadataRecord::FeatureLevel(FeatureLevelRecord { name: name.into(), feature_level, ..Default::default() })
    };
    let others = FEATURES.iter().filter_map(|feature| Some((feature.name, *levels.get(feature.name)?)));
    let mut records = vec![level((MetadataVersion::FEATURE, version.level()))];
    records.extend(others.filter(|(_, level)| *level > 0).map(level));
    records.extend(options.scram.iter().map(|(mechanism, user, credential)| {
        MetadataRecord::UserScramCredential(UserScramCredentialRecord {
            name: user.as_str().into(),
            mechanism: mechanism.id(),
            salt: credential.salt.as_slice().into(),
            stored_key: credential.stored_key.as_slice().into(),
            server_key: credential.server_key.as_slice().into(),
            iterations: credential.iterations,
            ..Default::default()
        })
    }));
    Ok(records)
}

fn write<F: Fs>(fs: &F, path: &Path, bytes: &[u8]) -> Result<(), FormatError> {
    write_atomically(fs, path, bytes).map_err(io_error(path))
}

fn io_error(path: &Path) -> impl FnOnce(io::Error) -> FormatError {
    move |source| FormatError::Io { path: path.to_owned(), source }
}
