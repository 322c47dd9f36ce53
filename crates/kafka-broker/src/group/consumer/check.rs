//! Who may commit and fetch offsets (`validateOffsetCommit`, `validateOffsetFetch`).

use std::sync::Arc;

use kafka_rpc::{ErrorCode, Uuid};

use super::ConsumerGroup;
use super::member::{LEAVE_EPOCH, Member};

/// Version of OffsetCommit since which members of consumer groups commit.
const MEMBER_EPOCH_MIN_VERSION: i16 = 9;

/// What a commit has to be checked for.
#[derive(Debug)]
pub(in super::super) enum CommitCheck {
    /// Nothing.
    None,
    /// An older epoch will do for partitions that the member has had since then.
    Epoch(Since),
}

/// A member, and an epoch before its own.
#[derive(Debug)]
pub(in super::super) struct Since {
    member: Arc<Member>,
    epoch: i32,
}

impl CommitCheck {
    /// Refuses a partition that is not the member's, or came later.
    pub(in super::super) fn check(&self, topic: Uuid, partition: i32) -> Result<(), ErrorCode> {
        match self {
            CommitCheck::None => Ok(()),
            CommitCheck::Epoch(Since { member, epoch }) => {
                let since = member.assignment_epoch(topic, partition);
                if since.is_some_and(|since| *epoch >= since) { Ok(()) } else { Err(stale(member)) }
            }
        }
    }
}

/// What a member of the consumer protocol is told of its epoch, and one of the classic protocol of its generation.
fn stale(member: &Member) -> ErrorCode {
    match member.classic {
        None => ErrorCode::StaleMemberEpoch,
        Some(_) => ErrorCode::IllegalGeneration,
    }
}

impl ConsumerGroup {
    /// Refuses commits of others than the group's members; says what to check of each partition.
    pub(in super::super) fn check_commit(
        &self,
        member_id: &str,
        instance_id: Option<&str>,
        epoch: i32,
        is_transactional: bool,
        version: i16,
    ) -> Result<CommitCheck, ErrorCode> {
        let is_nobody = member_id.is_empty() && instance_id.is_none();
        if epoch < 0 && self.is_empty() || is_transactional && epoch == LEAVE_EPOCH && is_nobody {
            return Ok(CommitCheck::None);
        }
        let member = self.members.get(member_id).ok_or(ErrorCode::UnknownMemberId)?;
        if !is_transactional && member.classic.is_none() && version < MEMBER_EPOCH_MIN_VERSION {
            return Err(ErrorCode::UnsupportedVersion);
        }
        if epoch == member.epoch {
            Ok(CommitCheck::None)
        } else if epoch > member.epoch {
            Err(stale(member))
        } else {
            Ok(CommitCheck::Epoch(Since { member: Arc::clone(member), epoch }))
        }
    }

    /// Refuses members that are not of the group; a fetch without a member is let through.
    pub(in super::super) fn check_fetch(&self, member_id: Option<&str>, epoch: i32) -> Result<(), ErrorCode> {
        if member_id.is_none() && epoch < 0 {
            return Ok(());
        }
        let member = self.members.get(member_id.unwrap_or_default()).ok_or(ErrorCode::UnknownMemberId)?;
        if member.epoch == epoch { Ok(()) } else { Err(stale(member)) }
    }
}
