//! A classic group as DescribeGroups and ListGroups show it.

use std::borrow::Cow;

use kafka_rpc::messages::describe_groups_response::{DescribedGroup, DescribedGroupMember};
use kafka_rpc::messages::list_groups_response::ListedGroup;

use super::join::owned;
use super::{ClassicGroup, Member, State};

impl<T: Copy> ClassicGroup<T> {
    /// The group and its members; their metadata only while it is that of the generation.
    pub(in super::super) fn describe(&self) -> DescribedGroup<'static> {
        let protocol = self.protocol_name.as_deref().filter(|_| self.state == State::Stable);
        let describe = |member: &Member<T>| DescribedGroupMember {
            member_id: owned(&member.id),
            group_instance_id: member.instance_id.as_deref().map(owned),
            client_id: owned(&member.client_id),
            client_host: owned(&member.client_host),
            member_metadata: Cow::Owned(protocol.map_or_else(Vec::new, |name| member.metadata(name).to_vec())),
            member_assignment: Cow::Owned(member.assignment.to_vec()),
            ..DescribedGroupMember::default()
        };
        DescribedGroup {
            group_id: owned(&self.id),
            group_state: Cow::Borrowed(self.state.name()),
            protocol_type: self.protocol_type.as_deref().map(owned).unwrap_or_default(),
            protocol_data: protocol.map(owned).unwrap_or_default(),
            members: self.members.ordered().into_iter().map(describe).collect(),
            ..DescribedGroup::default()
        }
    }

    /// One line of ListGroups.
    pub(in super::super) fn list(&self) -> ListedGroup<'static> {
        ListedGroup {
            group_id: owned(&self.id),
            protocol_type: self.protocol_type.as_deref().map(owned).unwrap_or_default(),
            group_state: Cow::Borrowed(self.state.name()),
            group_type: Cow::Borrowed("classic"),
            ..ListedGroup::default()
        }
    }
}
