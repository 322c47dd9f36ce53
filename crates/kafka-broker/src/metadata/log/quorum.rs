//! Who votes and who leads (`FileQuorumStateStore`, `VoterSetHistory`).

use std::borrow::Cow;
use std::path::Path;

use kafka_log::format::control::ControlRecordType;
use kafka_log::format::quorum_state::QuorumState;
use kafka_log::format::uuid::Uuid;
use kafka_log::fs::{Fs, read_whole, write_atomically};
use kafka_rpc::Message as _;
use kafka_rpc::SchemaError;
use kafka_rpc::stored::control::leader_change_message::Voter;
use kafka_rpc::stored::control::{KRaftVersionRecord, LeaderChangeMessage, VotersRecord, voters_record};

use super::MetadataLogError;

const QUORUM_STATE: &str = "quorum-state";

/// The voters of the quorum, as far as records name them.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Voters {
    /// 0: the settings of the nodes name the voters. 1: records do.
    pub(crate) kraft_version: i16,
    /// The last record of the voters.
    pub(crate) record: Option<VotersRecord<'static>>,
    /// Whether the log has that record, or a snapshot of the log that is not empty.
    pub(crate) is_in_log: bool,
}

impl Voters {
    /// Notes a control record.
    pub(super) fn replay(&mut self, kind: ControlRecordType, value: &[u8], is_in_log: bool) -> Result<(), SchemaError> {
        match kind {
            ControlRecordType::KRaftVersion => {
                self.kraft_version = KRaftVersionRecord::decode(value, 0)?.0.k_raft_version;
            }
            ControlRecordType::KRaftVoters => {
                self.record = Some(owned(&VotersRecord::decode(value, 0)?.0));
                self.is_in_log = is_in_log;
            }
            _ => {}
        }
        Ok(())
    }

    /// Whether this node is the only voter.
    pub(super) fn check_only_voter(&self, node_id: i32) -> Result<(), MetadataLogError> {
        let Some(record) = &self.record else { return Ok(()) };
        let voters: Vec<i32> = record.voters.iter().map(|voter| voter.voter_id).collect();
        if voters == [node_id] { Ok(()) } else { Err(MetadataLogError::NotTheOnlyVoter { voters }) }
    }

    /// The control records with which an epoch of this leader begins.
    pub(super) fn first_of_epoch(&self, leader_id: i32) -> Vec<(ControlRecordType, Vec<u8>)> {
        let voter = || vec![Voter { voter_id: leader_id, ..Voter::default() }];
        let change = LeaderChangeMessage {
            version: 0,
            leader_id,
            voters: voter(),
            granting_voters: voter(),
            ..LeaderChangeMessage::default()
        };
        let mut records = vec![(ControlRecordType::LeaderChange, encoded(&change))];
        if !self.is_in_log {
            records.extend(self.records());
        }
        records
    }

    /// The control records that name the voters.
    pub(crate) fn records(&self) -> Vec<(ControlRecordType, Vec<u8>)> {
        let Some(voters) = self.record.as_ref().filter(|_| self.kraft_version > 0) else { return Vec::new() };
        let version = KRaftVersionRecord { k_raft_version: self.kraft_version, ..KRaftVersionRecord::default() };
        vec![(ControlRecordType::KRaftVersion, encoded(&version)), (ControlRecordType::KRaftVoters, encoded(voters))]
    }
}

/// The bytes of a message at version 0, which has all fields of the control records.
pub(super) fn encoded<'a>(message: &impl kafka_rpc::Message<'a>) -> Vec<u8> {
    let mut bytes = Vec::new();
    // Texts come from an earlier record or from settings, which are shorter than 32767 bytes.
    let written = message.encode(0, &mut bytes);
    debug_assert!(written.is_ok(), "{written:?}");
    bytes
}

fn owned(record: &VotersRecord<'_>) -> VotersRecord<'static> {
    let text = |text: &Cow<'_, str>| Cow::Owned(text.clone().into_owned());
    let endpoint = |endpoint: &voters_record::Endpoint<'_>| voters_record::Endpoint {
        name: text(&endpoint.name),
        host: text(&endpoint.host),
        port: endpoint.port,
        ..Default::default()
    };
    let voter = |voter: &voters_record::Voter<'_>| voters_record::Voter {
        voter_id: voter.voter_id,
        voter_directory_id: voter.voter_directory_id,
        endpoints: voter.endpoints.iter().map(endpoint).collect(),
        k_raft_version_feature: voter.k_raft_version_feature.clone(),
        ..Default::default()
    };
    VotersRecord { version: 0, voters: record.voters.iter().map(voter).collect(), ..Default::default() }
}

/// The epoch that is on disk, 0 without one.
pub(super) fn read_epoch<F: Fs>(fs: &F, folder: &Path) -> Result<i32, MetadataLogError> {
    let path = folder.join(QUORUM_STATE);
    let bytes = read_whole(fs, &path).map_err(MetadataLogError::io("read", &path))?;
    let Some(bytes) = bytes else { return Ok(0) };
    Ok(QuorumState::read(&bytes).map_err(MetadataLogError::format(&path))?.leader_epoch)
}

/// Who leads, -1 where it is not known, and since which epoch.
#[derive(Clone, Copy, Debug)]
pub(super) struct LeaderAndEpoch {
    pub(super) leader_id: i32,
    pub(super) leader_epoch: i32,
}

/// Writes the leader. `voters` are those of the settings.
pub(super) fn write_leader<F: Fs>(
    fs: &F,
    folder: &Path,
    kraft_version: i16,
    LeaderAndEpoch { leader_id, leader_epoch }: LeaderAndEpoch,
    voters: &[i32],
) -> Result<(), MetadataLogError> {
    let path = folder.join(QUORUM_STATE);
    let data_version = i16::from(kraft_version > 0);
    let state = QuorumState {
        data_version,
        cluster_id: String::new(),
        leader_id,
        leader_epoch,
        voted_id: -1,
        voted_directory_id: Uuid::ZERO,
        applied_offset: 0,
        current_voters: Some(if data_version == 0 { voters.to_vec() } else { Vec::new() }),
    };
    let mut bytes = Vec::new();
    state.write(&mut bytes).map_err(MetadataLogError::format(&path))?;
    write_atomically(fs, &path, &bytes).map_err(MetadataLogError::io("write", &path))
}
