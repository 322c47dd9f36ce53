//! Members of both protocols in one group, and groups that change their protocol.

use std::collections::HashSet;
use std::sync::Arc;

use kafka_rpc::ErrorCode;
use kafka_rpc::messages::leave_group_request::MemberIdentity;
use kafka_rpc::messages::leave_group_response::MemberResponse;
use kafka_rpc::messages::{JoinGroupRequest, SyncGroupRequest};

use super::super::classic::{member_response, rebalance_timeout_ms};
use super::super::consumer::{ConsumerGroup, Joined, Refusal};
use super::super::outcome::{Completion, Downgrade, Outcome};
use super::super::{Client, Reply};
use super::{Group, Shard};

impl<T: Copy> Shard<T> {
    /// Makes a consumer group of a classic group with members (`validateOnlineUpgrade`, `convertToConsumerGroup`). The members that wait are
    /// told to join again.
    pub(super) fn upgrade(&mut self, id: &str, now_ms: i64, out: &mut Outcome<T>) -> Result<ConsumerGroup, Refusal> {
        let refuse = |why: &str| {
            Refusal::group_not_found(format!("Cannot upgrade classic group {id} to consumer group because {why}."))
        };
        let Some(Group::Classic(group)) = self.groups.get_mut(id) else {
            return Err(ErrorCode::GroupIdNotFound.into());
        };
        if !self.config.consumer_migration.upgrades {
            return Err(refuse("online upgrade is disabled"));
        }
        if !group.uses_consumer_protocol() {
            return Err(refuse("the group does not use the consumer embedded protocol"));
        }
        if group.members().len() > self.config.consumer_max_size {
            return Err(refuse("the group size exceeds the consumer group maximum size"));
        }
        let error = ErrorCode::RebalanceInProgress;
        let waiters = group.take_waiters();
        for (member_id, waiter) in waiters.join {
            out.replies.push((waiter.ticket, Reply::join_error(error, &member_id, waiter.version)));
        }
        out.replies.extend(waiters.sync.into_iter().map(|waiter| (waiter.ticket, Reply::sync_error(error))));
        let Some(known @ Group::Classic(_)) = self.groups.get(id) else {
            return Err(ErrorCode::GroupIdNotFound.into());
        };
        known.push_tombstones(&mut out.records);
        let Group::Classic(group) = known else { return Err(ErrorCode::GroupIdNotFound.into()) };
        let mut cx = super::super::consumer::Cx {
            config: &self.config,
            timers: &mut self.timers,
            random: &mut *self.random,
            metadata: &*self.metadata,
            resolving: &mut self.resolving,
            new_topics_version: self.new_topics_version,
            now_ms,
        };
        ConsumerGroup::from_classic(&mut cx, group, &mut out.records)
    }

    /// Removes members of a consumer group. If none but members of the classic protocol are left, it becomes a classic group
    /// (`consumerGroupFenceMembers`).
    pub(super) fn fence(
        &mut self,
        id: &str,
        members: &[Arc<str>],
        now_ms: i64,
        out: &mut Outcome<T>,
    ) -> Result<(), Refusal> {
        let (records, downgrade) = (&mut out.records, &mut out.downgrade);
        let fence = |group: &ConsumerGroup, cx: &mut super::super::consumer::Cx<'_>| {
            if members.is_empty() || !group.downgrades_without(cx, members) {
                group.fence(cx, members, records);
                return Ok(());
            }
            let classic = group.to_classic(members, None, cx.metadata, now_ms);
            let classic = classic.ok_or(Refusal::from(ErrorCode::GroupIdNotFound))?;
            records.extend(group.tombstones());
            records.push(classic.own_record());
            *downgrade = Some(Downgrade { group: Box::new(classic), rebalances: true });
            Ok(())
        };
        self.with_consumer(id, now_ms, fence).unwrap_or(Ok(()))
    }

    /// JoinGroup of a consumer group.
    pub(super) fn join_consumer_group(
        &mut self,
        client: Client<'_>,
        request: &JoinGroupRequest<'_>,
        ticket: T,
        now_ms: i64,
    ) -> Outcome<T> {
        let mut out = Outcome::default();
        let refuse =
            |error, member_id: &str| Outcome::reply(ticket, Reply::join_error(error, member_id, client.version));
        let records = &mut out.records;
        let joined =
            self.with_consumer(&request.group_id, now_ms, |group, cx| group.join(cx, client, request, records));
        let response = match joined {
            None => return refuse(ErrorCode::UnknownMemberId, ""),
            Some(Err(error)) => return refuse(error, ""),
            Some(Ok(Joined::NeedsId(id))) => return refuse(ErrorCode::MemberIdRequired, &id),
            Some(Ok(Joined::Member(response))) => {
                let member: Arc<str> = response.member_id.as_ref().into();
                let (session_timeout_ms, sync_timeout_ms) =
                    (request.session_timeout_ms, rebalance_timeout_ms(request, client.version));
                if out.records.is_empty() {
                    self.with_consumer(&request.group_id, now_ms, |group, cx| {
                        group.await_sync(cx, &member, session_timeout_ms, sync_timeout_ms);
                    });
                } else {
                    let group = request.group_id.as_ref().into();
                    out.completion =
                        Some(Completion::ClassicMember { group, member, session_timeout_ms, sync_timeout_ms });
                }
                response
            }
            Some(Ok(Joined::Downgrade { response, member, rebalances })) => {
                let records = &mut out.records;
                let classic = self.with_consumer(&request.group_id, now_ms, |group, cx| {
                    let classic = group.to_classic(&[], Some(&member), cx.metadata, now_ms)?;
                    records.extend(group.tombstones_with_replaced(&member));
                    records.push(classic.own_record());
                    Some(Box::new(classic))
                });
                let Some(Some(group)) = classic else { return refuse(ErrorCode::GroupIdNotFound, "") };
                out.downgrade = Some(Downgrade { group, rebalances });
                response
            }
        };
        out.replies.push((ticket, Reply::join_group(response, client.version)));
        out
    }

    /// SyncGroup of a consumer group with members; `None` where there is none.
    pub(super) fn sync_consumer_group(
        &mut self,
        request: &SyncGroupRequest<'_>,
        ticket: T,
        now_ms: i64,
    ) -> Option<Outcome<T>> {
        let synced = self
            .with_consumer(&request.group_id, now_ms, |group, cx| (!group.is_empty()).then(|| group.sync(cx, request)));
        let reply = synced??.map_or_else(Reply::sync_error, Reply::SyncGroup);
        Some(Outcome::reply(ticket, reply))
    }

    /// LeaveGroup of a consumer group; `None` where there is none.
    pub(super) fn leave_consumer_group(
        &mut self,
        id: &str,
        leaving: &[MemberIdentity<'_>],
        now_ms: i64,
        out: &mut Outcome<T>,
    ) -> Option<Result<Vec<MemberResponse<'static>>, Refusal>> {
        let Some(Group::Consumer(group)) = self.groups.get(id) else { return None };
        let mut gone = HashSet::new();
        let mut members = Vec::new();
        let mut responses = Vec::with_capacity(leaving.len());
        for identity in leaving {
            let found = group.leaving(identity);
            responses.push(member_response(identity, found.as_ref().err().copied().unwrap_or(ErrorCode::None)));
            members.extend(found.ok().filter(|member| gone.insert(Arc::clone(member))));
        }
        Some(self.fence(id, &members, now_ms, out).map(|()| responses))
    }
}
