//! Share groups and streams groups, as far as they are in the log: kept, listed, deleted. This broker does not serve their protocols.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use kafka_rpc::messages::list_groups_response::ListedGroup;

use super::classic::owned;
use super::outcome::Record;

/// Record type of `ShareGroupMemberMetadataKey`.
const SHARE_MEMBER: i16 = 10;
/// Record type of `StreamsGroupMemberMetadataKey`.
const STREAMS_MEMBER: i16 = 19;

/// The protocol of a group (`GroupType`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// KIP-932.
    Share,
    /// KIP-1071.
    Streams,
}

impl Kind {
    /// The kind that a record type belongs to.
    pub(super) const fn of_record_type(record_type: i16) -> Option<Kind> {
        match record_type {
            9..=15 => Some(Kind::Share),
            17..=23 => Some(Kind::Streams),
            _ => None,
        }
    }

    /// The name in ListGroups, as group type and as protocol type.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Kind::Share => "share",
            Kind::Streams => "streams",
        }
    }
}

/// A group of another protocol.
#[derive(Debug)]
pub(super) struct ModernGroup {
    pub(super) id: Arc<str>,
    pub(super) kind: Kind,
    /// Keys of the records that there are.
    keys: BTreeSet<Vec<u8>>,
}

impl ModernGroup {
    pub(super) fn new(id: Arc<str>, kind: Kind) -> Self {
        ModernGroup { id, kind, keys: BTreeSet::new() }
    }

    /// Whether the log has no record of the group any more.
    pub(super) fn is_gone(&self) -> bool {
        self.keys.is_empty()
    }

    /// Notes that there is a record with this key, or a tombstone.
    pub(super) fn note_key(&mut self, key: &[u8], exists: bool) {
        if exists {
            self.keys.insert(key.to_vec());
        } else {
            self.keys.remove(key);
        }
    }

    /// Whether the group has no members.
    pub(super) fn is_empty(&self) -> bool {
        let record_type = match self.kind {
            Kind::Share => SHARE_MEMBER,
            Kind::Streams => STREAMS_MEMBER,
        };
        !self.keys.iter().any(|key| key.starts_with(&record_type.to_be_bytes()))
    }

    /// One line of ListGroups.
    pub(super) fn list(&self) -> ListedGroup<'static> {
        ListedGroup {
            group_id: owned(&self.id),
            protocol_type: Cow::Borrowed(self.kind.name()),
            group_state: Cow::Borrowed(if self.is_empty() { "Empty" } else { "Stable" }),
            group_type: Cow::Borrowed(self.kind.name()),
            ..ListedGroup::default()
        }
    }

    /// Tombstones of all records of the group, members before the group.
    pub(super) fn tombstones(&self) -> impl Iterator<Item = Record> + '_ {
        self.keys.iter().rev().map(|key| Record::Modern { key: key.clone(), value: None })
    }
}
