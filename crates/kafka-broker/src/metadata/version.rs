//! `metadata.version`: which records a cluster may write, and at which versions.

use std::fmt;

use kafka_rpc::stored::metadata::MetadataRecord;

/// A level of the feature `metadata.version` (`MetadataVersion`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MetadataVersion(i16);

/// Names by level, from [`MetadataVersion::MINIMUM`] on.
const NAMES: [&str; 24] = [
    "3.3-IV3", "3.4-IV0", "3.5-IV0", "3.5-IV1", "3.5-IV2", "3.6-IV0", "3.6-IV1", "3.6-IV2", "3.7-IV0", "3.7-IV1",
    "3.7-IV2", "3.7-IV3", "3.7-IV4", "3.8-IV0", "3.9-IV0", "4.0-IV0", "4.0-IV1", "4.0-IV2", "4.0-IV3", "4.1-IV0",
    "4.1-IV1", "4.2-IV0", "4.2-IV1", "4.3-IV0",
];

impl MetadataVersion {
    /// The feature.
    pub const FEATURE: &'static str = "metadata.version";
    /// 3.3-IV3, the lowest that Kafka 4 takes.
    pub const MINIMUM: MetadataVersion = MetadataVersion(7);
    /// 4.3-IV0.
    pub const LATEST: MetadataVersion = MetadataVersion(30);

    /// The version of a level; `None` outside [`MetadataVersion::MINIMUM`] to [`MetadataVersion::LATEST`].
    pub fn from_level(level: i16) -> Option<Self> {
        (Self::MINIMUM.0..=Self::LATEST.0).contains(&level).then_some(MetadataVersion(level))
    }

    /// Reads the name of a version, or of a release, which stands for its last version (`MetadataVersion.fromVersionString`).
    pub fn from_name(name: &str) -> Option<Self> {
        let release = name.split('-').next().filter(|_| !name.contains("-IV")).map(|numbers| {
            // Of `4.3.0` the first two numbers count.
            numbers.splitn(3, '.').take(2).collect::<Vec<_>>().join(".")
        });
        let place = NAMES.iter().rposition(|known| match &release {
            None => *known == name,
            Some(release) => known.split('-').next() == Some(release),
        })?;
        Self::from_level(Self::MINIMUM.0 + i16::try_from(place).ok()?)
    }

    /// The level.
    pub fn level(self) -> i16 {
        self.0
    }

    /// Version of a broker's registration.
    pub fn register_broker_version(self) -> i16 {
        match self.0 {
            ..8 => 1,
            8..17 => 2,
            17..30 => 3,
            30.. => 4,
        }
    }

    /// Version of the records of partitions and their changes.
    pub fn partition_version(self) -> i16 {
        match self.0 {
            ..17 => 0,
            17..23 => 1,
            23.. => 2,
        }
    }

    /// Whether partitions name the directories of their replicas.
    pub fn has_directory_assignment(self) -> bool {
        self.0 >= 17
    }

    /// Whether there are eligible leader replicas, if the feature for them is on.
    pub fn has_elr(self) -> bool {
        self.0 >= 23
    }

    /// Whether records can be put in a transaction.
    pub fn has_transactions(self) -> bool {
        self.0 >= 13
    }

    /// Whether controllers register.
    pub fn has_controller_registration(self) -> bool {
        self.0 >= 15
    }

    /// Whether there are records of SCRAM credentials.
    pub fn has_scram(self) -> bool {
        self.0 >= 11
    }

    /// Whether there are records of delegation tokens.
    pub fn has_delegation_tokens(self) -> bool {
        self.0 >= 14
    }

    /// Whether the log directories that a broker has cordoned are recorded.
    pub fn has_cordoned_log_dirs(self) -> bool {
        self.0 >= 30
    }

    /// Whether a partition gets a new leader epoch when its ISR shrinks.
    pub fn bumps_leader_epoch_on_isr_shrink(self) -> bool {
        self.0 < 12
    }

    /// The version at which this cluster writes a record.
    pub fn record_version(self, record: &MetadataRecord<'_>) -> i16 {
        match record {
            MetadataRecord::RegisterBroker(_) => self.register_broker_version(),
            MetadataRecord::Partition(_) | MetadataRecord::PartitionChange(_) => self.partition_version(),
            // As low as its fields allow.
            MetadataRecord::BrokerRegistrationChange(change) => {
                if change.cordoned_log_dirs.is_some() {
                    3
                } else if !change.log_dirs.is_empty() {
                    2
                } else {
                    i16::from(change.in_controlled_shutdown != 0)
                }
            }
            _ => 0,
        }
    }
}

impl fmt::Display for MetadataVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = usize::try_from(self.0 - Self::MINIMUM.0).ok();
        f.write_str(place.and_then(|place| NAMES.get(place)).copied().unwrap_or("unknown"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_named_by_itself_or_by_its_release() {
        for (name, level) in
            [("4.3-IV0", 30), ("4.3", 30), ("4.3.0", 30), ("4.2", 29), ("3.7-IV2", 17), ("3.7", 19), ("3.9", 21)]
        {
            assert_eq!(MetadataVersion::from_name(name).map(MetadataVersion::level), Some(level), "{name}");
        }
        for name in ["", "4", "4.4", "4.4-IV0", "2.8", "3.3-IV2", "4.3-IV1", "x"] {
            assert_eq!(MetadataVersion::from_name(name), None, "{name}");
        }
        assert_eq!(MetadataVersion::LATEST.to_string(), "4.3-IV0");
        assert_eq!(MetadataVersion::MINIMUM.to_string(), "3.3-IV3");
    }
}
