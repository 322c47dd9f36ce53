//! What a broker is told when it starts, with everything resolved.

use std::net::{Ipv4Addr, SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use kafka_log::log::config::LogConfig;
use kafka_log::manager::LogManagerConfig;

use super::StartError;
use kafka_log::compression::Codec;

use crate::config::{BrokerConfig, Listener};
use crate::controller;
use crate::group::{Assignor, GroupConfig, Migration};
use crate::metadata::LogOptions;
use crate::net::ConnectionLimits;
use crate::quotas::{AcceptLimits, Windows};
use crate::transaction::TransactionConfig;

/// A place where clients connect.
#[derive(Clone, Debug)]
pub(crate) struct ListenerSettings {
    /// Its name, such as `PLAINTEXT`.
    pub(crate) name: Arc<str>,
    /// Where to listen. Port 0: any that is free.
    pub(crate) bind: SocketAddr,
    /// What clients are told; port 0 stands for the port that was bound.
    pub(crate) advertised_host: String,
    pub(crate) advertised_port: u16,
    /// Kafka's number of the protocol.
    pub(crate) security_protocol: i16,
}

/// How `__transaction_state` is created.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TransactionTopic {
    pub(crate) partitions: i32,
    pub(crate) replication_factor: i16,
    pub(crate) min_isr: i32,
    pub(crate) segment_bytes: i32,
}

/// Settings of a broker.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) node_id: i32,
    pub(crate) rack: Option<String>,
    pub(crate) listeners: Vec<ListenerSettings>,
    pub(crate) controller_listeners: Vec<Listener>,
    pub(crate) log_dirs: Vec<PathBuf>,
    pub(crate) metadata_log: LogOptions,
    /// Where metrics can be read, if anywhere.
    pub(crate) metrics_listener: Option<SocketAddr>,
    pub(crate) event_loops: usize,
    pub(crate) request_max_bytes: usize,
    /// 0: no limit.
    pub(crate) queued_max_bytes: usize,
    /// How long a failed authentication waits for its answer, and the end of its connection.
    pub(crate) failed_authentication_delay: Duration,
    pub(crate) connections_max_idle: Option<Duration>,
    pub(crate) connections: ConnectionLimits,
    /// Over which time quotas of clients hold.
    pub(crate) quota_windows: Windows,
    /// The same for changes of topics.
    pub(crate) mutation_windows: Windows,
    pub(crate) fetch_max_bytes: usize,
    pub(crate) fetch_session_slots: usize,
    pub(crate) auto_create_topics: bool,
    pub(crate) delete_topics: bool,
    pub(crate) num_partitions: i32,
    pub(crate) default_replication_factor: i16,
    pub(crate) offsets_topic_partitions: i32,
    pub(crate) offsets_topic_replication_factor: i16,
    pub(crate) offsets_topic_segment_bytes: i32,
    /// Defaults of topics.
    pub(crate) log: LogConfig,
    pub(crate) manager: LogManagerConfig,
    pub(crate) group: GroupConfig,
    pub(crate) transaction: TransactionConfig,
    pub(crate) transaction_topic: TransactionTopic,
    /// Bytes that are read at once when a partition of `__transaction_state` is loaded.
    pub(crate) transaction_load_bytes: usize,
    /// How long a request to another node may take, with all that are tried again (`request.timeout.ms`).
    pub(crate) request_timeout: Duration,
    /// What was set, by name.
    pub(crate) config: Arc<BrokerConfig>,
}

impl Settings {
    /// Resolves the names of hosts.
    pub(super) fn of(config: BrokerConfig) -> Result<Self, StartError> {
        let listeners = config.listeners.iter().map(|listener| listener_of(listener, &config.advertised_listeners));
        let listeners = listeners.collect::<Result<Vec<_>, _>>()?;
        let metrics = config.metrics_listener.as_ref().map(|(host, port)| resolve(host, *port)).transpose()?;
        let network = &config.network;
        let log = &config.metadata_log;
        let metadata_log = LogOptions {
            segment_bytes: log.metadata_log_segment_bytes,
            segment_ms: log.metadata_log_segment_ms,
            snapshot_bytes: u64::try_from(log.metadata_log_max_record_bytes_between_snapshots).unwrap_or(u64::MAX),
            snapshot_interval_ms: log.metadata_log_max_snapshot_interval_ms,
            retention_bytes: log.metadata_max_retention_bytes,
            retention_ms: log.metadata_max_retention_ms,
            ..LogOptions::new(config.metadata_log_dir.clone(), config.node_id)
        };
        let is_set = |name: &str| config.static_configs().contains_key(name);
        Ok(Settings {
            node_id: config.node_id,
            rack: config.rack.clone(),
            listeners,
            controller_listeners: config.controller_listeners.clone(),
            log_dirs: config.log_dirs.clone(),
            metadata_log,
            metrics_listener: metrics,
            event_loops: config
                .num_network_threads
                .unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from)),
            request_max_bytes: size(network.socket_request_max_bytes),
            queued_max_bytes: usize::try_from(network.queued_max_request_bytes).unwrap_or(0),
            failed_authentication_delay: Duration::from_millis(
                u64::try_from(config.failed_authentication_delay_ms).unwrap_or(0),
            ),
            connections_max_idle: u64::try_from(network.connections_max_idle_ms).ok().map(Duration::from_millis),
            connections: connection_limits(&config)?,
            quota_windows: windows(config.quotas.quota_window_num, config.quotas.quota_window_size_seconds),
            mutation_windows: windows(
                config.quotas.controller_quota_window_num,
                config.quotas.controller_quota_window_size_seconds,
            ),
            fetch_max_bytes: size(config.fetch.fetch_max_bytes),
            fetch_session_slots: size(config.fetch.max_incremental_fetch_session_cache_slots),
            auto_create_topics: config.topics.auto_create_topics_enable,
            delete_topics: config.topics.delete_topic_enable,
            num_partitions: config.topics.num_partitions,
            default_replication_factor: i16::try_from(config.topics.default_replication_factor).unwrap_or(i16::MAX),
            offsets_topic_partitions: config.offsets.offsets_topic_num_partitions,
            // Kafka's default, 3, is for clusters: a broker with its own controller is alone.
            offsets_topic_replication_factor: match is_set("offsets.topic.replication.factor") {
                false if config.is_controller => 1,
                _ => config.offsets.offsets_topic_replication_factor,
            },
            offsets_topic_segment_bytes: config.offsets.offsets_topic_segment_bytes,
            log: config.log.clone(),
            manager: config.log_manager.clone(),
            group: group(&config),
            transaction: transaction(&config),
            transaction_topic: transaction_topic(&config),
            transaction_load_bytes: size(config.transactions.transaction_state_log_load_buffer_size),
            request_timeout: Duration::from_millis(u64::try_from(config.network.request_timeout_ms).unwrap_or(0)),
            config: Arc::new(config),
        })
    }

    /// Whether the controllers are other nodes.
    pub(crate) fn is_member(&self) -> bool {
        !self.config.is_controller
    }

    /// What plans of a controller know of this node.
    pub(crate) fn controller(&self) -> controller::Settings {
        controller::Settings {
            num_partitions: self.num_partitions,
            default_replication_factor: self.default_replication_factor,
            delete_topic_enable: self.delete_topics,
            min_insync_replicas: self.log.min_insync_replicas,
            unclean_leader_election_enable: self.log.unclean_leader_election_enable,
            ..controller::Settings::new(self.node_id)
        }
    }
}

/// How many connections there may be, with the names of hosts resolved.
pub(super) fn connection_limits(config: &BrokerConfig) -> Result<ConnectionLimits, StartError> {
    let overrides = config.max_connections_per_ip_overrides.iter();
    let overrides = overrides.map(|(host, max)| Ok((resolve(host, 0)?.ip(), size(*max))));
    Ok(ConnectionLimits {
        max: size(config.network.max_connections),
        max_per_ip: size(config.network.max_connections_per_ip),
        max_of: overrides.collect::<Result<_, StartError>>()?,
        accepts: AcceptLimits {
            windows: windows(config.quotas.quota_window_num, config.quotas.quota_window_size_seconds),
            of_broker: config.network.max_connection_creation_rate,
            of_listeners: config
                .listeners
                .iter()
                .map(|listener| config.listener_connection_rates.get(&listener.name).copied())
                .collect(),
            exempt: config
                .listeners
                .iter()
                .position(|listener| listener.name == config.inter_broker_listener_name)
                .filter(|_| config.listeners.len() > 1),
        },
    })
}

fn listener_of(listener: &Listener, advertised: &[Listener]) -> Result<ListenerSettings, StartError> {
    let host = listener.host.clone().unwrap_or_else(|| Ipv4Addr::UNSPECIFIED.to_string());
    let told = advertised.iter().find(|other| other.name == listener.name).unwrap_or(listener);
    Ok(ListenerSettings {
        name: listener.name.as_str().into(),
        bind: resolve(&host, listener.port)?,
        advertised_host: told.host.clone().unwrap_or_else(host_name),
        advertised_port: told.port,
        security_protocol: listener.protocol.id(),
    })
}

/// The name of this machine, which a listener without a host advertises.
fn host_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// The first address of a host: an IPv4 one, if there is one.
fn resolve(host: &str, port: u16) -> Result<SocketAddr, StartError> {
    let unknown = |source| StartError::Resolve { host: host.to_owned(), source };
    let found: Vec<SocketAddr> = (host, port).to_socket_addrs().map_err(unknown)?.collect();
    let first = found.iter().find(|address| address.is_ipv4()).or_else(|| found.first());
    first.copied().ok_or_else(|| unknown(std::io::ErrorKind::NotFound.into()))
}

fn group(config: &BrokerConfig) -> GroupConfig {
    let (groups, offsets) = (&config.groups, &config.offsets);
    GroupConfig {
        min_session_timeout_ms: groups.group_min_session_timeout_ms,
        max_session_timeout_ms: groups.group_max_session_timeout_ms,
        consumer_session_timeout_ms: groups.group_consumer_session_timeout_ms,
        consumer_heartbeat_interval_ms: groups.group_consumer_heartbeat_interval_ms,
        consumer_assignment_interval_ms: groups.group_consumer_assignment_interval_ms,
        consumer_regex_refresh_interval_ms: groups.group_consumer_regex_refresh_interval_ms,
        consumer_max_size: size(groups.group_consumer_max_size),
        // Others were refused when the settings were read.
        consumer_assignors: groups.group_consumer_assignors.iter().filter_map(|name| Assignor::named(name)).collect(),
        consumer_migration: Migration::named(&groups.group_consumer_migration_policy),
        max_size: size(groups.group_max_size),
        initial_rebalance_delay_ms: groups.group_initial_rebalance_delay_ms,
        offset_metadata_max: size(offsets.offset_metadata_max_bytes),
        offsets_retention_ms: i64::from(offsets.offsets_retention_minutes) * 60_000,
        offsets_retention_check_interval_ms: offsets.offsets_retention_check_interval_ms,
        codec: u8::try_from(offsets.offsets_topic_compression_codec)
            .ok()
            .and_then(Codec::from_id)
            .unwrap_or(Codec::None),
    }
}

fn windows(count: i32, seconds: i32) -> Windows {
    Windows { count: i64::from(count), ms: i64::from(seconds) * 1000 }
}

fn transaction(config: &BrokerConfig) -> TransactionConfig {
    let of = &config.transactions;
    TransactionConfig {
        max_timeout_ms: of.transaction_max_timeout_ms,
        id_expiration_ms: of.transactional_id_expiration_ms.into(),
        abort_interval_ms: of.transaction_abort_timed_out_transaction_cleanup_interval_ms.into(),
        expiration_interval_ms: of.transaction_remove_expired_transaction_cleanup_interval_ms.into(),
    }
}

/// Kafka's defaults, three replicas of which two are in sync, are for clusters: a broker with its own controller is alone.
fn transaction_topic(config: &BrokerConfig) -> TransactionTopic {
    let of = &config.transactions;
    let is_set = |name: &str| config.static_configs().contains_key(name);
    TransactionTopic {
        partitions: of.transaction_state_log_num_partitions,
        replication_factor: match is_set("transaction.state.log.replication.factor") {
            false if config.is_controller => 1,
            _ => of.transaction_state_log_replication_factor,
        },
        min_isr: match is_set("transaction.state.log.min.isr") {
            false if config.is_controller => 1,
            _ => of.transaction_state_log_min_isr,
        },
        segment_bytes: of.transaction_state_log_segment_bytes,
    }
}

fn size(value: i32) -> usize {
    usize::try_from(value).unwrap_or(0)
}
