//! How a broker joins a cluster whose controllers are elsewhere.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::disk::Disk;
use kafka_log::manager::Unloaded;
use kafka_thin_client::Peer;

use super::start::spawn;
use super::{Settings, Shared, StartError};
use crate::cluster::{self, ActiveController, LifeEvent, Member, Observer, ObserverTerms, Terms};
use crate::controller::BrokerRegistration;
use crate::controller_thread::Job;
use crate::metadata;

/// A broker that has caught up with the metadata.
pub(super) struct Joining {
    observer: Observer,
    active: Arc<ActiveController>,
}

/// Finds the controllers and fetches the metadata that is committed now.
pub(super) fn observe(
    disk: &Disk,
    settings: &Settings,
    unloaded: &Unloaded<Disk>,
    cluster_id: &str,
) -> Result<Joining, StartError> {
    let config = &settings.config;
    let of = &config.member;
    let mut connection = config.controller_connection().map_err(StartError::Controllers)?;
    connection.client_id = settings.node_id.to_string();
    connection.request_timeout = millis(of.controller_quorum_request_timeout_ms);
    connection.connect_timeout = connection.request_timeout;
    let active = Arc::new(ActiveController::new(connection));
    let peer = |(host, port): &(String, u16)| Peer { host: host.clone(), port: *port };
    let voter = |(id, host, port): &(i32, String, u16)| (*id, Peer { host: host.clone(), port: *port });
    let dirs = unloaded.log_dirs();
    let dir = dirs.iter().find(|dir| dir.path == settings.metadata_log.dir);
    let terms = ObserverTerms {
        node_id: settings.node_id,
        cluster_id: cluster_id.to_owned(),
        directory_id: dir.and_then(|dir| dir.directory_id).unwrap_or_default(),
        bootstrap: config.controller_quorum_bootstrap_servers.iter().map(peer).collect(),
        voters: config.controller_quorum_voters.iter().map(voter).collect::<BTreeMap<_, _>>(),
        fetch_max_bytes: of.controller_quorum_fetch_max_bytes,
        snapshot_max_bytes: of.controller_quorum_fetch_snapshot_max_bytes,
        backoff: millis(of.controller_quorum_retry_backoff_ms),
    };
    let mut observer = Observer::open(Disk::clone(disk), terms, settings.metadata_log.clone(), Arc::clone(&active))?;
    observer.catch_up(millis(of.initial_broker_registration_timeout_ms))?;
    Ok(Joining { observer, active })
}

impl Joining {
    pub(super) fn image(&self) -> metadata::Shared {
        self.observer.image()
    }

    /// What the threads of the broker need of the membership, and what its own threads do.
    pub(super) fn join(self: Box<Self>) -> (Member, Box<Joined>) {
        let (member, life) = Member::new(self.active);
        (member, Box::new(Joined { observer: self.observer, life }))
    }
}

/// A broker whose parts are there, and which can register.
pub(super) struct Joined {
    observer: Observer,
    life: Receiver<LifeEvent>,
}

impl Joined {
    /// Starts the threads. The receiver hears when the broker is unfenced for the first time.
    pub(super) fn start(
        self: Box<Self>,
        shared: &Arc<Shared>,
        registration: BrokerRegistration,
        jobs: Receiver<Job>,
        threads: &mut Vec<JoinHandle<()>>,
    ) -> Result<Receiver<()>, StartError> {
        let Joined { observer, life } = *self;
        let of = &shared.config.config.member;
        let terms = Terms {
            registration,
            heartbeat_interval_ms: of.broker_heartbeat_interval_ms.into(),
            registration_timeout_ms: of.initial_broker_registration_timeout_ms.into(),
        };
        let (unfenced, is_unfenced) = channel();
        let shares = || Arc::clone(shared);
        let of = shares();
        threads.push(spawn("observer", move || cluster::observe(observer, &of))?);
        let of = shares();
        threads.push(spawn("life", move || {
            if let Some(member) = &of.member {
                cluster::live(&of, member, terms, &life, unfenced);
            }
        })?);
        let of = shares();
        threads.push(spawn("controller", move || {
            if let Some(member) = &of.member {
                cluster::forward(&of, member, &jobs);
            }
        })?);
        Ok(is_unfenced)
    }
}

fn millis(value: i32) -> Duration {
    Duration::from_millis(u64::try_from(value).unwrap_or(0))
}
