//! DescribeGroups, ListGroups, DeleteGroups.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};

use kafka_rpc::ErrorCode;
use kafka_rpc::messages::consumer_group_describe_response;
use kafka_rpc::messages::delete_groups_response::DeletableGroupResult;
use kafka_rpc::messages::describe_groups_response::DescribedGroup;
use kafka_rpc::messages::{
    ConsumerGroupDescribeRequest, ConsumerGroupDescribeResponse, DeleteGroupsRequest, DeleteGroupsResponse,
    DescribeGroupsRequest, DescribeGroupsResponse, ListGroupsRequest, ListGroupsResponse,
};

use super::super::classic::owned;
use super::super::shard::deleted;
use super::super::{Client, GroupCounts, Reply};
use super::{Coordinators, Gather, Ticket};

/// Each name once: a short request must not have a long answer because it names a large group many times.
pub(super) fn each_once<'n>(names: &'n [Cow<'_, str>]) -> impl Iterator<Item = &'n str> {
    let mut seen = HashSet::new();
    names.iter().map(AsRef::as_ref).filter(move |name| seen.insert(*name))
}

impl<T: Copy> Coordinators<T> {
    /// DescribeGroups. The caller adds the authorized operations.
    pub(crate) fn describe_groups(
        &self,
        client: Client<'_>,
        request: &DescribeGroupsRequest<'_>,
    ) -> DescribeGroupsResponse<'static> {
        let describe = |group_id: &str| {
            let described = self.read(self.partition_for(group_id), |shard| shard.describe(group_id, client.version));
            described.unwrap_or_else(|error| DescribedGroup {
                group_id: owned(group_id),
                error_code: error.code(),
                ..DescribedGroup::default()
            })
        };
        let groups = each_once(&request.groups).map(describe).collect();
        DescribeGroupsResponse { groups, ..DescribeGroupsResponse::default() }
    }

    /// ConsumerGroupDescribe. The caller adds the authorized operations.
    pub(crate) fn describe_consumer_groups(
        &self,
        request: &ConsumerGroupDescribeRequest<'_>,
    ) -> ConsumerGroupDescribeResponse<'static> {
        let refuse = |group_id: &str, error: ErrorCode| consumer_group_describe_response::DescribedGroup {
            group_id: owned(group_id),
            error_code: error.code(),
            ..Default::default()
        };
        let describe = |group_id: &str| {
            if group_id.is_empty() {
                return refuse("", ErrorCode::InvalidGroupId);
            }
            let partition = self.partition_for(group_id);
            let described = self.read(partition, |shard| shard.describe_consumer_group(group_id));
            described.unwrap_or_else(|error| refuse(group_id, error))
        };
        let groups = each_once(&request.group_ids).map(describe).collect();
        ConsumerGroupDescribeResponse { groups, ..ConsumerGroupDescribeResponse::default() }
    }

    /// ListGroups: the groups of all partitions that this broker leads.
    pub(crate) fn list_groups(&self, request: &ListGroupsRequest<'_>) -> ListGroupsResponse<'static> {
        let states: Vec<_> = request.states_filter.iter().map(|state| state.trim().to_owned()).collect();
        let types: Vec<_> = request.types_filter.iter().map(|name| name.clone().into_owned()).collect();
        let mut response = ListGroupsResponse::default();
        for partition in (0..).take(self.slots.len()) {
            match self.read(partition, |shard| shard.list(&states, &types)) {
                Ok(groups) => response.groups.extend(groups),
                Err(ErrorCode::NotCoordinator) => {}
                Err(error) => {
                    return ListGroupsResponse { error_code: error.code(), ..ListGroupsResponse::default() };
                }
            }
        }
        response
    }

    /// How much there is in the partitions that this broker leads.
    pub(crate) fn counts(&self) -> GroupCounts {
        let mut counts = GroupCounts::default();
        for partition in (0..).take(self.slots.len()) {
            // A partition that is led elsewhere, or loaded, counts when it is served.
            let _ = self.read(partition, |shard| shard.count(&mut counts));
        }
        counts
    }

    /// DeleteGroups. `refused` are results of groups that are not in the request any more.
    pub(crate) fn delete_groups(
        &self,
        request: &DeleteGroupsRequest<'_>,
        refused: Vec<DeletableGroupResult<'static>>,
        ticket: T,
        now_ms: i64,
    ) {
        let mut by_partition: BTreeMap<i32, Vec<&str>> = BTreeMap::new();
        for group_id in each_once(&request.groups_names) {
            by_partition.entry(self.partition_for(group_id)).or_default().push(group_id);
        }
        if by_partition.is_empty() {
            let response = DeleteGroupsResponse { results: refused, ..Default::default() };
            self.replies.reply(ticket, Reply::DeleteGroups(response));
            return;
        }
        let gather = Gather { ticket, open: by_partition.len(), results: refused };
        let key = self.gathers.lock().insert(gather);
        for (partition, groups) in by_partition {
            let part = self.run(partition, now_ms, |shard| shard.delete_groups(&groups, Ticket::Part(key)));
            if let Err(error) = part {
                let results = groups.iter().map(|group_id| deleted(group_id, error)).collect();
                self.gather(key, Reply::DeleteGroups(DeleteGroupsResponse { results, ..Default::default() }));
            }
        }
    }
}
