//! OffsetFetch (`fetchOffsets`, `fetchAllOffsets`).

use kafka_rpc::messages::offset_fetch_request::OffsetFetchRequestGroup;
use kafka_rpc::messages::offset_fetch_response::{OffsetFetchResponsePartitions, OffsetFetchResponseTopics};
use kafka_rpc::{ErrorCode, Uuid};

use super::super::classic::owned;
use super::super::offsets::Committed;
use super::{Group, Shard};

/// Stands for no offset (`INVALID_OFFSET`).
const NO_OFFSET: i64 = -1;

impl<T: Copy> Shard<T> {
    /// The offsets of a group: those asked for, or all. A group that is not there has none.
    pub(in super::super) fn offset_fetch(
        &self,
        request: &OffsetFetchRequestGroup<'_>,
        require_stable: bool,
    ) -> Result<Vec<OffsetFetchResponseTopics<'static>>, ErrorCode> {
        let group_id = request.group_id.as_ref();
        let group = self.groups.get(group_id);
        if let Some(Group::Consumer(group)) = group {
            group.check_fetch(request.member_id.as_deref(), request.member_epoch)?;
        }
        let offsets = group.and_then(|_| self.offsets.group(group_id));
        let answer = |topic: &str, partition: i32, found: Option<&Committed>| {
            if require_stable && self.offsets.is_pending(group_id, topic, partition) {
                nothing(partition, ErrorCode::UnstableOffsetCommit)
            } else {
                found.map_or_else(|| nothing(partition, ErrorCode::None), |found| committed(partition, found))
            }
        };
        let Some(topics) = &request.topics else {
            let all = offsets.into_iter().flatten().map(|(topic, partitions)| OffsetFetchResponseTopics {
                name: owned(topic),
                partitions: partitions.iter().map(|(p, found)| answer(topic, *p, Some(found))).collect(),
                ..OffsetFetchResponseTopics::default()
            });
            return Ok(all.collect());
        };
        let asked = topics.iter().map(|topic| {
            let found = offsets.and_then(|offsets| offsets.get(topic.name.as_ref()));
            // An offset of another topic, which had the same name, is none of this one.
            let is_same = |found: &&Committed| {
                let (known, asked) = (found.topic_id, topic.topic_id);
                known == Uuid::ZERO || asked == Uuid::ZERO || known == asked
            };
            let partition = |p: &i32| answer(&topic.name, *p, found.and_then(|found| found.get(p)).filter(is_same));
            OffsetFetchResponseTopics {
                name: owned(&topic.name),
                topic_id: topic.topic_id,
                partitions: topic.partition_indexes.iter().map(partition).collect(),
                ..OffsetFetchResponseTopics::default()
            }
        });
        Ok(asked.collect())
    }
}

fn committed(partition_index: i32, found: &Committed) -> OffsetFetchResponsePartitions<'static> {
    OffsetFetchResponsePartitions {
        partition_index,
        committed_offset: found.offset,
        committed_leader_epoch: found.leader_epoch,
        metadata: Some(owned(&found.metadata)),
        ..OffsetFetchResponsePartitions::default()
    }
}

/// A partition without an offset.
pub(in super::super) fn nothing(partition_index: i32, error: ErrorCode) -> OffsetFetchResponsePartitions<'static> {
    OffsetFetchResponsePartitions {
        partition_index,
        committed_offset: NO_OFFSET,
        committed_leader_epoch: -1,
        metadata: Some("".into()),
        error_code: error.code(),
        ..OffsetFetchResponsePartitions::default()
    }
}
