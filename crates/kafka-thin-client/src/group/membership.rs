//! A member of a classic group, from joining to leaving (`AbstractCoordinator`). Nothing here waits for the broker, except
//! connecting and leaving.

use std::time::{Duration, Instant};

use kafka_rpc::messages::join_group_request::JoinGroupRequestProtocol;
use kafka_rpc::messages::leave_group_request::MemberIdentity;
use kafka_rpc::messages::sync_group_request::SyncGroupRequestAssignment;
use kafka_rpc::messages::{HeartbeatRequest, JoinGroupRequest, LeaveGroupRequest, SyncGroupRequest};
use kafka_rpc::{ApiKey, ErrorCode};

use super::assignors::{Assignments, Assignor, MemberSubscription, cooperative_user_data, sticky_user_data};
use super::coordinator::Coordinator;
use super::{TopicPartition, protocol};
use crate::cluster::Client;
use crate::connection::Pending;
use crate::error::{ApiError, ClientError};

/// `JoinGroupRequest.JOIN_GROUP_TIMEOUT_LAPSE`: how much longer than the rebalance the response may take.
const JOIN_LAPSE: Duration = Duration::from_secs(5);

/// The first version of LeaveGroup that names members in a list.
const MEMBERS_VERSION_MIN: i16 = 3;

#[derive(Clone, Debug)]
pub(crate) struct GroupConfig {
    pub(crate) group_id: String,
    pub(crate) instance_id: Option<String>,
    pub(crate) assignors: Vec<Assignor>,
    pub(crate) session_timeout: Duration,
    pub(crate) heartbeat_interval: Duration,
    pub(crate) rebalance_timeout: Duration,
    pub(crate) request_timeout: Duration,
    pub(crate) retry_backoff: Duration,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Unjoined,
    Joining(Pending, Instant),
    /// The leader has yet to assign.
    Leading,
    Syncing(Pending, Instant),
    Stable,
}

/// What has happened to a member.
#[derive(Debug)]
pub(crate) enum Step {
    /// Nothing that concerns the caller.
    None,
    /// The member is the leader, and has to call [`Membership::assign`].
    Lead(Assignor, Vec<MemberSubscription>),
    /// The member has these partitions in a new generation.
    Assigned(Vec<TopicPartition>),
}

#[derive(Debug)]
pub(crate) struct Membership {
    config: GroupConfig,
    state: State,
    coordinator: Coordinator,
    member_id: String,
    /// -1 outside of a generation.
    generation: i32,
    assignor: Option<Assignor>,
    /// What the sticky assignor remembers.
    last_assignment: Option<(Vec<TopicPartition>, i32)>,
    /// No attempt to join or connect before.
    not_before: Option<Instant>,
    heartbeat: Option<Pending>,
    next_heartbeat: Instant,
    /// When the coordinator last answered.
    last_answer: Instant,
}

impl Membership {
    pub(crate) fn new(config: GroupConfig) -> Self {
        let now = Instant::now();
        Membership {
            coordinator: Coordinator::new(config.group_id.clone()),
            config,
            state: State::Unjoined,
            member_id: String::new(),
            generation: -1,
            assignor: None,
            last_assignment: None,
            not_before: None,
            heartbeat: None,
            next_heartbeat: now,
            last_answer: now,
        }
    }

    pub(crate) fn instance_id(&self) -> Option<&str> {
        self.config.instance_id.as_deref()
    }

    /// Generation and member id, for commits.
    pub(crate) fn generation(&self) -> (i32, &str) {
        (self.generation, &self.member_id)
    }

    /// Whether members keep their partitions while they join: all strategies must allow it.
    pub(crate) fn is_cooperative(&self) -> bool {
        self.config.assignors.iter().all(|assignor| *assignor == Assignor::CooperativeSticky)
    }

    pub(crate) fn is_stable(&self) -> bool {
        matches!(self.state, State::Stable)
    }

    /// Whether the caller should call [`Membership::join`].
    pub(crate) fn needs_join(&self) -> bool {
        matches!(self.state, State::Unjoined) && self.not_before.is_none_or(|not_before| Instant::now() >= not_before)
    }

    /// Joins again: subscriptions or partitions have changed.
    pub(crate) fn rejoin(&mut self) {
        self.state = State::Unjoined;
    }

    /// Sends JoinGroup.
    pub(crate) fn join(
        &mut self,
        client: &mut Client,
        topics: &[String],
        owned: &[TopicPartition],
    ) -> Result<(), ClientError> {
        let mut metadata = Vec::new();
        for assignor in &self.config.assignors {
            let user_data = match (assignor, &self.last_assignment) {
                (Assignor::Sticky, Some((assigned, generation))) => Some(sticky_user_data(assigned, *generation)),
                (Assignor::CooperativeSticky, last) => {
                    Some(cooperative_user_data(last.as_ref().map_or(-1, |(_, generation)| *generation)))
                }
                _ => None,
            };
            let subscription = MemberSubscription {
                topics: topics.to_vec(),
                user_data,
                owned_partitions: owned.to_vec(),
                generation_id: Some(self.generation),
                ..MemberSubscription::default()
            };
            let bytes = protocol::write_subscription(&subscription);
            let bytes = bytes.map_err(|source| ClientError::Request { api: ApiKey::JoinGroup, source })?;
            metadata.push((assignor.name(), bytes));
        }
        let protocols = metadata.iter().map(|(name, bytes)| JoinGroupRequestProtocol {
            name: (*name).into(),
            metadata: bytes.as_slice().into(),
            ..Default::default()
        });
        let (config, member_id) = (self.config.clone(), self.member_id.clone());
        let request = JoinGroupRequest {
            group_id: config.group_id.as_str().into(),
            session_timeout_ms: millis(config.session_timeout),
            rebalance_timeout_ms: millis(config.rebalance_timeout),
            member_id: member_id.as_str().into(),
            group_instance_id: config.instance_id.as_deref().map(Into::into),
            protocol_type: protocol::PROTOCOL_TYPE.into(),
            protocols: protocols.collect(),
            ..Default::default()
        };
        self.heartbeat = None;
        match self.coordinator.connect(client).and_then(|connection| connection.send(&request)) {
            Ok(pending) => {
                self.state = State::Joining(pending, Instant::now());
                Ok(())
            }
            Err(error) => self.disconnected(client, error),
        }
    }

    /// Takes in what the coordinator has sent, and sends heartbeats.
    pub(crate) fn poll(&mut self, client: &mut Client) -> Result<Step, ClientError> {
        let step = match self.state {
            State::Unjoined | State::Leading => Ok(Step::None),
            State::Joining(pending, sent) => self.joining(client, pending, sent),
            State::Syncing(pending, sent) => self.syncing(client, pending, sent),
            State::Stable => self.beat(client).map(|()| Step::None),
        };
        match step {
            Err(ClientError::Api(error)) => self.refused(client, error).map(|()| Step::None),
            Err(error) => self.disconnected(client, error).map(|()| Step::None),
            step => step,
        }
    }

    fn joining(&mut self, client: &mut Client, pending: Pending, sent: Instant) -> Result<Step, ClientError> {
        let limit = self.config.rebalance_timeout + JOIN_LAPSE;
        let connection = self.coordinator.connect(client)?;
        let Some(reply) = connection.poll::<JoinGroupRequest<'_>>(pending, Duration::ZERO)? else {
            self.check_overdue(ApiKey::JoinGroup, sent, limit)?;
            return Ok(Step::None);
        };
        let response = reply.message()?;
        if response.error_code == ErrorCode::MemberIdRequired.code() {
            self.member_id = response.member_id.to_string();
            self.state = State::Unjoined;
            return Ok(Step::None);
        }
        ApiError::check(response.error_code, None)?;
        self.last_answer = Instant::now();
        self.generation = response.generation_id;
        self.member_id = response.member_id.to_string();
        self.assignor = response.protocol_name.as_deref().and_then(Assignor::from_name);
        let inconsistent = ApiError { code: ErrorCode::InconsistentGroupProtocol, message: None };
        let assignor = self.assignor.ok_or(inconsistent)?;
        if response.leader != response.member_id || response.skip_assignment {
            self.sync(client, &Assignments::new())?;
            return Ok(Step::None);
        }
        let members = response.members.iter().map(|member| {
            protocol::read_subscription(&member.member_id, member.group_instance_id.as_deref(), &member.metadata)
        });
        let members: Result<Vec<MemberSubscription>, _> = members.collect();
        let peer = reply.peer().clone();
        let members = members.map_err(|source| ClientError::Response { peer, api: ApiKey::JoinGroup, source })?;
        self.state = State::Leading;
        Ok(Step::Lead(assignor, members))
    }

    /// What the leader decided.
    pub(crate) fn assign(&mut self, client: &mut Client, assignments: &Assignments) -> Result<(), ClientError> {
        self.sync(client, assignments).or_else(|error| self.disconnected(client, error))
    }

    fn sync(&mut self, client: &mut Client, assignments: &Assignments) -> Result<(), ClientError> {
        let mut bytes = Vec::new();
        for (member_id, partitions) in assignments {
            let assignment = protocol::write_assignment(partitions)
                .map_err(|source| ClientError::Request { api: ApiKey::SyncGroup, source })?;
            bytes.push((member_id, assignment));
        }
        let assignments = bytes.iter().map(|(member_id, assignment)| SyncGroupRequestAssignment {
            member_id: member_id.as_str().into(),
            assignment: assignment.as_slice().into(),
            ..Default::default()
        });
        let (config, member_id) = (self.config.clone(), self.member_id.clone());
        let request = SyncGroupRequest {
            group_id: config.group_id.as_str().into(),
            generation_id: self.generation,
            member_id: member_id.as_str().into(),
            group_instance_id: config.instance_id.as_deref().map(Into::into),
            protocol_type: Some(protocol::PROTOCOL_TYPE.into()),
            protocol_name: self.assignor.map(|assignor| assignor.name().into()),
            assignments: assignments.collect(),
            ..Default::default()
        };
        let pending = self.coordinator.connect(client)?.send(&request)?;
        self.state = State::Syncing(pending, Instant::now());
        Ok(())
    }

    fn syncing(&mut self, client: &mut Client, pending: Pending, sent: Instant) -> Result<Step, ClientError> {
        let limit = self.config.rebalance_timeout + JOIN_LAPSE;
        let connection = self.coordinator.connect(client)?;
        let Some(reply) = connection.poll::<SyncGroupRequest<'_>>(pending, Duration::ZERO)? else {
            self.check_overdue(ApiKey::SyncGroup, sent, limit)?;
            return Ok(Step::None);
        };
        let response = reply.message()?;
        ApiError::check(response.error_code, None)?;
        let peer = reply.peer().clone();
        let assigned = protocol::read_assignment(&response.assignment).map_err(|source| ClientError::Response {
            peer,
            api: ApiKey::SyncGroup,
            source,
        })?;
        let now = Instant::now();
        self.state = State::Stable;
        self.last_answer = now;
        self.next_heartbeat = now + self.config.heartbeat_interval;
        self.last_assignment = Some((assigned.clone(), self.generation));
        Ok(Step::Assigned(assigned))
    }

    fn beat(&mut self, client: &mut Client) -> Result<(), ClientError> {
        let now = Instant::now();
        if let Some(pending) = self.heartbeat {
            let reply = self.coordinator.connect(client)?.poll::<HeartbeatRequest<'_>>(pending, Duration::ZERO)?;
            if let Some(reply) = reply {
                self.heartbeat = None;
                self.last_answer = now;
                ApiError::check(reply.message()?.error_code, None)?;
            } else {
                self.check_overdue(ApiKey::Heartbeat, self.last_answer, self.config.session_timeout)?;
            }
        }
        if self.heartbeat.is_none() && now >= self.next_heartbeat {
            let (config, member_id) = (self.config.clone(), self.member_id.clone());
            let request = HeartbeatRequest {
                group_id: config.group_id.as_str().into(),
                generation_id: self.generation,
                member_id: member_id.as_str().into(),
                group_instance_id: config.instance_id.as_deref().map(Into::into),
                ..Default::default()
            };
            self.next_heartbeat = now + self.config.heartbeat_interval;
            self.heartbeat = Some(self.coordinator.connect(client)?.send(&request)?);
        }
        Ok(())
    }

    /// Says farewell, so that the others get the partitions at once. A static member is expected back.
    pub(crate) fn leave(&mut self) {
        let (true, None, Some(connection)) =
            (!self.member_id.is_empty(), &self.config.instance_id, self.coordinator.connection())
        else {
            return;
        };
        let identity = MemberIdentity { member_id: self.member_id.as_str().into(), ..Default::default() };
        let group_id = self.config.group_id.as_str().into();
        let request = match connection.versions().latest(ApiKey::LeaveGroup) {
            Some(version) if version < MEMBERS_VERSION_MIN => {
                LeaveGroupRequest { group_id, member_id: self.member_id.as_str().into(), ..Default::default() }
            }
            _ => LeaveGroupRequest { group_id, members: vec![identity], ..Default::default() },
        };
        let limit = self.config.request_timeout;
        let left = connection
            .send(&request)
            .and_then(|pending| connection.receive_within::<LeaveGroupRequest<'_>>(pending, limit));
        if let Err(error) = left {
            tracing::debug!("leaving group {}: {error}", self.config.group_id);
        }
        self.state = State::Unjoined;
        self.member_id.clear();
        self.generation = -1;
    }

    fn check_overdue(&mut self, api: ApiKey, sent: Instant, limit: Duration) -> Result<(), ClientError> {
        match self.coordinator.connection() {
            Some(connection) if sent.elapsed() >= limit => {
                Err(ClientError::RequestTimedOut { peer: connection.peer().clone(), api, after: limit })
            }
            _ => Ok(()),
        }
    }

    /// The coordinator is gone, or not found yet.
    fn disconnected(&mut self, client: &mut Client, error: ClientError) -> Result<(), ClientError> {
        self.coordinator.disconnect();
        self.heartbeat = None;
        if !matches!(self.state, State::Stable) {
            self.state = State::Unjoined;
        }
        self.pause();
        if error.is_retriable() || matches!(error, ClientError::Correlation { .. }) {
            client.forget_coordinators();
            return Ok(());
        }
        Err(error)
    }

    /// The coordinator has answered with an error.
    fn refused(&mut self, client: &mut Client, error: ApiError) -> Result<(), ClientError> {
        use ErrorCode::{
            CoordinatorLoadInProgress, CoordinatorNotAvailable, IllegalGeneration, NotCoordinator, RebalanceInProgress,
            UnknownMemberId,
        };
        self.heartbeat = None;
        match error.code {
            RebalanceInProgress => {}
            UnknownMemberId => {
                self.member_id.clear();
                self.generation = -1;
            }
            IllegalGeneration => self.generation = -1,
            NotCoordinator | CoordinatorNotAvailable => {
                client.forget_coordinators();
                self.coordinator.disconnect();
                self.pause();
                if self.is_stable() {
                    return Ok(());
                }
            }
            CoordinatorLoadInProgress => self.pause(),
            code if code.is_retriable() => self.pause(),
            _ => {
                self.state = State::Unjoined;
                return Err(error.into());
            }
        }
        self.state = State::Unjoined;
        Ok(())
    }

    fn pause(&mut self) {
        let later = Instant::now() + self.config.retry_backoff;
        self.not_before = Some(later);
        self.next_heartbeat = self.next_heartbeat.max(later);
    }
}

fn millis(duration: Duration) -> i32 {
    i32::try_from(duration.as_millis()).unwrap_or(i32::MAX)
}
