//! The features of Kafka 4.3.0 beside `metadata.version`, and which levels go with it.

use std::fmt;

use super::MetadataVersion;

/// A feature with levels that the cluster agrees on (`Feature`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Feature {
    /// Its name.
    pub name: &'static str,
    /// The `metadata.version` with which new clusters get each level, from level 0 on.
    bootstrap: &'static [i16],
    /// The lowest `metadata.version` that a level above 0 needs.
    needs: i16,
}

/// All features, in the order of their names.
pub const FEATURES: [Feature; 6] = [
    Feature { name: Feature::ELR, bootstrap: &[7, 26], needs: 23 },
    Feature { name: Feature::GROUP, bootstrap: &[7, 22], needs: 7 },
    Feature { name: Feature::KRAFT, bootstrap: &[7, 21], needs: 7 },
    Feature { name: "share.version", bootstrap: &[7, 28], needs: 7 },
    Feature { name: "streams.version", bootstrap: &[7, 29], needs: 7 },
    Feature { name: Feature::TRANSACTION, bootstrap: &[7, 24, 24], needs: 7 },
];

/// Why a feature cannot have a level.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FeatureLevelError {
    /// No feature has this name.
    UnknownFeature {
        /// The name.
        name: String,
    },
    /// The feature has no such level.
    UnknownLevel {
        /// The feature.
        name: String,
        /// The level.
        level: i16,
    },
    /// The level needs a higher level of another feature.
    Dependency {
        /// The feature.
        name: String,
        /// The level.
        level: i16,
        /// The level of `metadata.version` that it needs.
        needed: i16,
        /// The one that there is.
        found: i16,
    },
}

impl Feature {
    /// `group.version`: at 1 there are consumer groups.
    pub(crate) const GROUP: &'static str = "group.version";
    /// `eligible.leader.replicas.version`
    pub const ELR: &'static str = "eligible.leader.replicas.version";
    /// `transaction.version`
    pub const TRANSACTION: &'static str = "transaction.version";
    /// `kraft.version`, which is not kept in records of features.
    pub const KRAFT: &'static str = "kraft.version";

    /// The feature with this name.
    pub fn find(name: &str) -> Option<&'static Feature> {
        FEATURES.iter().find(|feature| feature.name == name)
    }

    /// The highest level.
    pub fn max_level(&self) -> i16 {
        i16::try_from(self.bootstrap.len()).unwrap_or(i16::MAX) - 1
    }

    /// The level that a new cluster gets (`Feature.defaultLevel`).
    pub fn default_level(&self, version: MetadataVersion) -> i16 {
        let reached = self.bootstrap.iter().take_while(|bootstrap| **bootstrap <= version.level()).count();
        i16::try_from(reached).unwrap_or(i16::MAX) - 1
    }

    /// Whether the feature can have this level with that `metadata.version` (`Feature.validateVersion`).
    ///
    /// # Errors
    /// An unknown level; a dependency.
    pub fn check_level(&self, level: i16, version: MetadataVersion) -> Result<(), FeatureLevelError> {
        let name = || self.name.to_owned();
        if !(0..=self.max_level()).contains(&level) {
            return Err(FeatureLevelError::UnknownLevel { name: name(), level });
        }
        if level > 0 && version.level() < self.needs {
            let (needed, found) = (self.needs, version.level());
            return Err(FeatureLevelError::Dependency { name: name(), level, needed, found });
        }
        Ok(())
    }
}

impl fmt::Display for FeatureLevelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FeatureLevelError::UnknownFeature { name } => write!(f, "Unsupported feature: {name}."),
            FeatureLevelError::UnknownLevel { name, level } => {
                write!(f, "No feature:{name} with feature level {level}")
            }
            FeatureLevelError::Dependency { name, level, needed, found } => write!(
                f,
                "{name} could not be set to {level} because it depends on metadata.version level {needed}: found {found}"
            ),
        }
    }
}

impl std::error::Error for FeatureLevelError {}
