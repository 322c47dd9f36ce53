//! Control records: what a batch with the control flag holds (`ControlRecordType`, `EndTransactionMarker`).
//!
//! Key: int16 version (0), int16 type. The values of the types 2 to 6 are messages of KRaft.

use nom::Parser;
use nom::number::complete::{be_i16, be_i32};

use super::{FormatError, FormatErrorKind};

/// Type of a control record (`ControlRecordType`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ControlRecordType {
    /// Marker: the transaction of this producer is aborted.
    Abort,
    /// Marker: the transaction of this producer is committed.
    Commit,
    /// A new leader of the KRaft quorum (KIP-595).
    LeaderChange,
    /// First record of a KRaft snapshot (KIP-630).
    SnapshotHeader,
    /// Last record of a KRaft snapshot (KIP-630).
    SnapshotFooter,
    /// Version of the KRaft protocol (KIP-853).
    KRaftVersion,
    /// Voters of the KRaft quorum (KIP-853).
    KRaftVoters,
    /// A type that Kafka 4.3 does not know; kept, not interpreted.
    Unknown(i16),
}

impl ControlRecordType {
    /// Type that the key of a control record names. A key version above 0 is read as version 0, as Kafka does.
    ///
    /// # Errors
    /// A null key, one of fewer than 4 bytes, or a negative version.
    pub fn parse(key: Option<&[u8]>) -> Result<Self, FormatError> {
        let field = "control record key";
        let key =
            key.ok_or(FormatError::new(0, field, FormatErrorKind::Invalid { expected: "4 bytes", found: "null" }))?;
        let truncated = FormatErrorKind::Truncated { needed: 4, available: key.len() as u64 };
        let parsed = (be_i16, be_i16).parse(key);
        let (_, (version, id)) = parsed.map_err(|_: nom::Err<()>| FormatError::new(0, field, truncated))?;
        check_version(version, "control record key version")?;
        Ok(Self::from_id(id))
    }

    /// Type with this id.
    pub const fn from_id(id: i16) -> Self {
        match id {
            0 => Self::Abort,
            1 => Self::Commit,
            2 => Self::LeaderChange,
            3 => Self::SnapshotHeader,
            4 => Self::SnapshotFooter,
            5 => Self::KRaftVersion,
            6 => Self::KRaftVoters,
            other => Self::Unknown(other),
        }
    }

    /// Id of the type.
    pub const fn id(self) -> i16 {
        match self {
            Self::Abort => 0,
            Self::Commit => 1,
            Self::LeaderChange => 2,
            Self::SnapshotHeader => 3,
            Self::SnapshotFooter => 4,
            Self::KRaftVersion => 5,
            Self::KRaftVoters => 6,
            Self::Unknown(id) => id,
        }
    }

    /// Kafka's name of the type.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Abort => "ABORT",
            Self::Commit => "COMMIT",
            Self::LeaderChange => "LEADER_CHANGE",
            Self::SnapshotHeader => "SNAPSHOT_HEADER",
            Self::SnapshotFooter => "SNAPSHOT_FOOTER",
            Self::KRaftVersion => "KRAFT_VERSION",
            Self::KRaftVoters => "KRAFT_VOTERS",
            Self::Unknown(_) => "UNKNOWN",
        }
    }

    /// Key of a control record of this type.
    pub fn key(self) -> [u8; 4] {
        let [high, low] = self.id().to_be_bytes();
        [0, 0, high, low]
    }
}

/// Value of a transaction marker: int16 version (0), int32 coordinator epoch (`EndTransactionMarker`, KIP-98).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndTransactionMarker {
    /// Epoch of the transaction coordinator that wrote the marker.
    pub coordinator_epoch: i32,
}

impl EndTransactionMarker {
    /// Reads the value of a marker. Versions above 0 are read as 0 and bytes after the epoch ignored, as Kafka does.
    ///
    /// # Errors
    /// A null value, one of fewer than 6 bytes, or a negative version.
    pub fn parse(value: Option<&[u8]>) -> Result<Self, FormatError> {
        let field = "end transaction marker";
        let value =
            value.ok_or(FormatError::new(0, field, FormatErrorKind::Invalid { expected: "6 bytes", found: "null" }))?;
        let kind = FormatErrorKind::Truncated { needed: 6, available: value.len() as u64 };
        let truncated = |_: nom::Err<()>| FormatError::new(0, field, kind);
        let (rest, version) = be_i16(value).map_err(truncated)?;
        check_version(version, "end transaction marker version")?;
        let (_, coordinator_epoch) = be_i32(rest).map_err(truncated)?;
        Ok(EndTransactionMarker { coordinator_epoch })
    }

    /// The value as stored.
    pub fn to_bytes(self) -> [u8; 6] {
        let [a, b, c, d] = self.coordinator_epoch.to_be_bytes();
        [0, 0, a, b, c, d]
    }
}

fn check_version(version: i16, field: &'static str) -> Result<(), FormatError> {
    if version < 0 {
        let kind = FormatErrorKind::OutOfRange { min: 0, max: i16::MAX.into(), found: version.into() };
        return Err(FormatError::new(0, field, kind));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
