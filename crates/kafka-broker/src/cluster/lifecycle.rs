//! The thread that registers a broker and sends its heartbeats.

use std::collections::BTreeSet;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::Duration;

use kafka_rpc::messages::broker_registration_request::{Feature, Listener};
use kafka_rpc::messages::{BrokerHeartbeatRequest, BrokerRegistrationRequest};
use kafka_rpc::{ApiKey, ErrorCode, Uuid};

use super::Member;
use super::channel::ControllerChannel;
use super::life::{Action, Beat, Life, State};
use crate::broker::Shared;
use crate::controller::{BrokerRegistration, supported_features};

/// The first version of BrokerHeartbeat with cordoned directories.
const FIRST_WITH_CORDONED: i16 = 2;
/// In `cordoned.log.dirs`, stands for all.
const ALL_DIRS: &str = "*";

/// What the thread is told.
pub(crate) enum LifeEvent {
    /// Clients can be served.
    Ready,
    /// A log directory has failed.
    DirectoryFailed(Uuid),
    /// Something in the heartbeat has changed.
    Nudge,
    /// The broker is to stop, and to say so when it may.
    Leave(Sender<()>),
    /// The thread is to end.
    Stop,
}

/// What a broker registers with, and when.
pub(crate) struct Terms {
    pub(crate) registration: BrokerRegistration,
    /// `broker.heartbeat.interval.ms`
    pub(crate) heartbeat_interval_ms: i64,
    /// `initial.broker.registration.timeout.ms`
    pub(crate) registration_timeout_ms: i64,
}

struct Lifecycle<'s> {
    shared: &'s Shared,
    member: &'s Member,
    channel: ControllerChannel,
    terms: Terms,
    life: Life,
    /// Directories that have failed since the start.
    offline: BTreeSet<Uuid>,
    leaving: Vec<Sender<()>>,
}

/// Works until told to stop. `unfenced` is told of the first time when the broker is unfenced; it is dropped where that cannot be.
pub(crate) fn run(shared: &Shared, member: &Member, terms: Terms, events: &Receiver<LifeEvent>, unfenced: Sender<()>) {
    let now_ms = shared.clock.steady_ms();
    let life = Life::new(terms.heartbeat_interval_ms, terms.registration_timeout_ms, now_ms);
    let (offline, leaving) = (BTreeSet::new(), Vec::new());
    let mut lifecycle = Lifecycle { shared, member, channel: member.channel(), terms, life, offline, leaving };
    let mut unfenced = Some(unfenced);
    loop {
        let now_ms = shared.clock.steady_ms();
        let wait = match lifecycle.life.next(now_ms) {
            Action::Register => {
                lifecycle.register();
                Duration::ZERO
            }
            Action::Heartbeat { want_fence, want_shut_down } => {
                lifecycle.beat(want_fence, want_shut_down);
                Duration::ZERO
            }
            Action::WaitUntil(until) => {
                Duration::from_millis(u64::try_from(until.saturating_sub(now_ms)).unwrap_or(0).max(1))
            }
            Action::GiveUp => {
                tracing::error!("the broker could not register in initial.broker.registration.timeout.ms");
                shared.fail();
                return;
            }
            Action::Done => {
                for left in lifecycle.leaving.drain(..) {
                    let _ = left.send(());
                }
                Duration::from_secs(1)
            }
        };
        if lifecycle.life.state() == State::Running
            && let Some(unfenced) = unfenced.take()
        {
            let _ = unfenced.send(());
        }
        match events.recv_timeout(wait) {
            Ok(LifeEvent::Stop) | Err(RecvTimeoutError::Disconnected) => return,
            Ok(event) => lifecycle.take(event),
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
}

impl Lifecycle<'_> {
    fn take(&mut self, event: LifeEvent) {
        let now_ms = self.shared.clock.steady_ms();
        match event {
            LifeEvent::Ready => self.life.ready(now_ms),
            LifeEvent::DirectoryFailed(dir) => {
                self.offline.insert(dir);
                self.life.nudge(now_ms);
            }
            LifeEvent::Nudge => self.life.nudge(now_ms),
            LifeEvent::Leave(left) => {
                self.leaving.push(left);
                self.life.leave(now_ms);
            }
            LifeEvent::Stop => {}
        }
    }

    fn register(&mut self) {
        let of = &self.terms.registration;
        let listeners = of.listeners.iter().map(|listener| Listener {
            name: listener.name.as_str().into(),
            host: listener.host.as_str().into(),
            port: listener.port,
            security_protocol: listener.security_protocol,
            ..Default::default()
        });
        let features = supported_features().map(|(name, min, max)| Feature {
            name: name.into(),
            min_supported_version: min,
            max_supported_version: max,
            ..Default::default()
        });
        let known = self.member.broker_epoch();
        let request = BrokerRegistrationRequest {
            broker_id: self.shared.node_id,
            cluster_id: self.shared.cluster_id.as_str().into(),
            incarnation_id: of.incarnation_id,
            listeners: listeners.collect(),
            features: features.collect(),
            rack: of.rack.as_deref().map(Into::into),
            log_dirs: of.log_dirs.iter().copied().filter(|dir| !self.offline.contains(dir)).collect(),
            // The epoch of the last orderly stop; after that, of this process, which has lost nothing.
            previous_broker_epoch: if known >= 0 { known } else { of.previous_broker_epoch.unwrap_or(-1) },
            ..Default::default()
        };
        let answer = self.channel.call(&request).and_then(|reply| {
            let response = reply.message()?;
            Ok((response.error_code, response.broker_epoch))
        });
        let now_ms = self.shared.clock.steady_ms();
        match answer {
            Ok((0, epoch)) => {
                tracing::info!(epoch, "registered with the controller");
                self.member.set_broker_epoch(epoch);
                self.life.registered(now_ms);
            }
            Ok((code, _)) => self.refused("the controller refuses the registration", code, now_ms),
            Err(error) => {
                tracing::warn!(%error, "the broker cannot register yet");
                self.life.failed(None, now_ms);
            }
        }
    }

    fn refused(&mut self, what: &str, code: i16, now_ms: i64) {
        let code = ErrorCode::from_code(code).unwrap_or(ErrorCode::UnknownServerError);
        tracing::warn!(code = code.name(), "{what}");
        if code == ErrorCode::NotController {
            self.channel.reset();
        }
        self.life.failed(Some(code), now_ms);
    }

    fn beat(&mut self, want_fence: bool, want_shut_down: bool) {
        // Before it has caught up the broker does not know what is set.
        let has_caught_up = !matches!(self.life.state(), State::Registering | State::Starting);
        let may_name = self.channel.serves(ApiKey::BrokerHeartbeat, FIRST_WITH_CORDONED).unwrap_or(false);
        let request = BrokerHeartbeatRequest {
            broker_id: self.shared.node_id,
            broker_epoch: self.member.broker_epoch(),
            current_metadata_offset: self.shared.image.read().position().offset,
            want_fence,
            want_shut_down,
            offline_log_dirs: self.offline.iter().copied().collect(),
            cordoned_log_dirs: (has_caught_up && may_name).then(|| cordoned(self.shared)),
            ..Default::default()
        };
        let answer = self.channel.call(&request).and_then(|reply| {
            let response = reply.message()?;
            let beat = Beat {
                is_caught_up: response.is_caught_up,
                is_fenced: response.is_fenced,
                should_shut_down: response.should_shut_down,
            };
            Ok((response.error_code, beat))
        });
        let now_ms = self.shared.clock.steady_ms();
        match answer {
            Ok((0, beat)) => {
                let before = self.life.state();
                self.life.beaten(beat, now_ms);
                if self.life.state() != before {
                    tracing::info!(state = ?self.life.state(), "the controller has answered");
                }
            }
            Ok((code, _)) => self.refused("the controller refuses a heartbeat", code, now_ms),
            Err(error) => {
                tracing::warn!(%error, "a heartbeat is not answered");
                self.life.failed(None, now_ms);
            }
        }
    }
}

/// The ids of the directories in `cordoned.log.dirs` (KIP-1066).
fn cordoned(shared: &Shared) -> Vec<Uuid> {
    let dirs = shared.manager.log_dirs();
    dirs.iter().filter(|dir| dir.cordoned).filter_map(|dir| dir.directory_id).collect()
}

/// Puts `cordoned.log.dirs` in force.
pub(crate) fn cordon(shared: &Shared, named: &[String]) {
    let dirs = shared.manager.log_dirs();
    let is_named = |path: &std::path::Path| {
        named.iter().any(|name| name == ALL_DIRS || std::path::absolute(name).is_ok_and(|named| named == *path))
    };
    let paths: Vec<_> = dirs.iter().map(|dir| &dir.path).filter(|path| is_named(path)).collect();
    let is_changed = dirs.iter().any(|dir| dir.cordoned != is_named(&dir.path));
    if let Err(error) = shared.manager.set_cordoned_log_dirs(&paths) {
        tracing::error!(%error, "cordoned.log.dirs cannot be put in force");
    }
    if is_changed && let Some(member) = &shared.member {
        member.nudge();
    }
}
