//! Settings of a broker: `server.properties` and what overrides it.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use kafka_log::log::config::LogConfig;
use kafka_log::manager::LogManagerConfig;
use kafka_security::SecurityProtocol;

use super::authorizer::AuthorizerConfig;
use super::error::{ConfigError, ConfigWarning, Place, SettingError};
use super::given::{self, Given, Settings};
use super::groups::{BOUNDED, KINDS, Order};
use super::listeners::{self, Listener};
use super::sections::{
    FetchConfig, GroupsConfig, MemberConfig, MetadataLogConfig, NetworkConfig, OffsetsConfig, QuotasConfig,
    ReplicaFetchConfig, ReplicationConfig, TopicsConfig, TransactionsConfig,
};
use super::security::ListenerSecurity;
use super::values::Values;
use crate::group::Assignor;

/// Settings that this file reads. The sections and the engine read the others.
pub(super) const NAMES: &[&str] = &[
    "node.id",
    "broker.id",
    "broker.rack",
    "process.roles",
    "listeners",
    "advertised.listeners",
    "listener.security.protocol.map",
    "controller.listener.names",
    "controller.quorum.voters",
    "controller.quorum.bootstrap.servers",
    "inter.broker.listener.name",
    "sasl.mechanism.controller.protocol",
    "security.inter.broker.protocol",
    "log.dir",
    "log.dirs",
    "metadata.log.dir",
    "num.network.threads",
    "max.connections.per.ip.overrides",
    "metrics.listener",
    "authorizer.class.name",
    "super.users",
    "allow.everyone.if.no.acl.found",
    "replica.selector.class",
];

/// The selectors of replicas that consumers read from: those in their racks, or the leader.
const RACK_AWARE_SELECTOR: &str = "org.apache.kafka.common.replica.RackAwareReplicaSelector";
const LEADER_SELECTOR: &str = "org.apache.kafka.common.replica.LeaderSelector";

/// The node id where none is set. Kafka demands one.
const NODE_ID: i32 = 1;

/// Settings of a broker under Kafka's names, with Kafka's defaults.
///
/// Where Kafka demands a setting, this broker has a default: `node.id` is 1, `process.roles` is `broker,controller`, and its
/// controller needs no listener.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct BrokerConfig {
    /// `node.id`
    pub node_id: i32,
    /// `broker.rack`
    pub rack: Option<String>,
    /// `process.roles` has `broker`
    pub is_broker: bool,
    /// `process.roles` has `controller`
    pub is_controller: bool,
    /// The listeners in `listeners` that are not in `controller.listener.names`
    pub listeners: Vec<Listener>,
    /// `listeners` that are in `controller.listener.names`
    pub controller_listeners: Vec<Listener>,
    /// `advertised.listeners`; where it is not set, `listeners`
    pub advertised_listeners: Vec<Listener>,
    /// `inter.broker.listener.name`, or the name that `security.inter.broker.protocol` gives
    pub inter_broker_listener_name: String,
    /// The first of `controller.listener.names`, and its protocol: where the controllers are reached
    pub controller_listener: Option<(String, SecurityProtocol)>,
    /// `controller.quorum.voters`: ids, hosts and ports
    pub controller_quorum_voters: Vec<(i32, String, u16)>,
    /// `controller.quorum.bootstrap.servers`: hosts and ports
    pub controller_quorum_bootstrap_servers: Vec<(String, u16)>,
    /// `log.dirs`, or `log.dir`
    pub log_dirs: Vec<PathBuf>,
    /// `metadata.log.dir`, or the first of `log.dirs`
    pub metadata_log_dir: PathBuf,
    /// `num.network.threads`: the number of event loops. `None` where it is not set: one for each core.
    pub num_network_threads: Option<usize>,
    /// `max.connections.per.ip.overrides`: hosts and their numbers of connections
    pub max_connections_per_ip_overrides: Vec<(String, i32)>,
    /// `listener.name.NAME.max.connection.creation.rate` of listeners that have it, by name
    pub listener_connection_rates: BTreeMap<String, i32>,
    /// `metrics.listener`: host and port at which metrics are served
    pub metrics_listener: Option<(String, u16)>,
    /// Whether requests are authorized, and how.
    pub authorizer: AuthorizerConfig,
    /// Connections and requests.
    pub network: NetworkConfig,
    /// Topics and their partitions.
    pub topics: TopicsConfig,
    /// Fetch requests.
    pub fetch: FetchConfig,
    /// Committed offsets.
    pub offsets: OffsetsConfig,
    /// Groups.
    pub groups: GroupsConfig,
    /// Transactions.
    pub transactions: TransactionsConfig,
    /// Client quotas.
    pub quotas: QuotasConfig,
    /// Membership of a cluster whose controllers are other nodes.
    pub member: MemberConfig,
    /// The metadata log.
    pub metadata_log: MetadataLogConfig,
    /// Replicas of partitions.
    pub replication: ReplicationConfig,
    /// Whether consumers are sent to replicas in their racks: `replica.selector.class`
    pub is_rack_aware: bool,
    /// Fetches of partitions that other brokers lead.
    pub replica_fetch: ReplicaFetchConfig,
    /// The logs of all partitions together.
    pub log_manager: LogManagerConfig,
    /// Defaults of topics.
    pub log: LogConfig,
    /// `connection.failed.authentication.delay.ms`
    pub failed_authentication_delay_ms: i32,
    /// What listeners ask of their clients, by name of the listener.
    security: BTreeMap<String, ListenerSecurity>,
    /// What was set, by name: sources of `DescribeConfigs`.
    static_configs: StaticConfigs,
}

/// Texts of settings, by name. `Debug` shows the names alone: values may be secret.
#[derive(Clone)]
struct StaticConfigs(BTreeMap<String, String>);

impl fmt::Debug for StaticConfigs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl BrokerConfig {
    /// Reads a file of properties, if there is one, and the settings over it. Nothing else is opened.
    ///
    /// # Errors
    /// A file that cannot be read, the first value that its setting does not have, settings that do not go together.
    pub fn load(
        file: Option<&Path>,
        overrides: &[(String, String)],
    ) -> Result<(BrokerConfig, Vec<ConfigWarning>), ConfigError> {
        let mut settings = Settings::new();
        if let Some(path) = file {
            settings.extend(given::read_file(path)?);
        }
        let over =
            |(name, value): &(String, String)| (name.clone(), Given { value: value.clone(), place: Place::Override });
        settings.extend(overrides.iter().map(over));
        let warnings = given::check(&settings)?;
        Ok((Self::of(&settings)?, warnings))
    }

    /// What was set, by name.
    pub(crate) fn static_configs(&self) -> &BTreeMap<String, String> {
        &self.static_configs.0
    }

    /// What a listener asks of its clients.
    pub(crate) fn security_of(&self, listener: &str) -> Option<&ListenerSecurity> {
        self.security.get(listener)
    }

    /// Whether the keys of all listeners can be used; if not, why.
    pub(super) fn check_keys(&self) -> Result<(), String> {
        for (listener, security) in &self.security {
            let server = security.tls.as_ref().map(|tls| tls.settings.server(tls.client_auth));
            server.transpose().map_err(|error| format!("listener {listener}: {error}"))?;
        }
        Ok(())
    }

    fn of(settings: &Settings) -> Result<BrokerConfig, ConfigError> {
        let values = Values(settings);
        // An error about several settings is where the first of them that is set was given.
        let at = |names: &'static [&'static str]| {
            let place = names.iter().find_map(|name| settings.get(*name)).map(|given| given.place.clone());
            move |source| match &place {
                Some(place) => ConfigError::Value { place: place.clone(), source },
                None => ConfigError::Together(source),
            }
        };
        let node_id = node_id(&values).map_err(at(&["broker.id"]))?;
        let roles: Vec<String> = values.get("process.roles");
        let has_role = |role: &str| roles.is_empty() || roles.iter().any(|other| other == role);
        if !has_role("broker") {
            return Err(at(&["process.roles"])(SettingError::NotABroker));
        }
        let controller_names: Vec<String> = values.get("controller.listener.names");

        let map: String = values.get("listener.security.protocol.map");
        let is_set = values.has("listener.security.protocol.map");
        let protocols =
            listeners::protocols(&map, is_set, &controller_names).map_err(at(&["listener.security.protocol.map"]))?;
        let of_controller =
            |listener: &Listener| controller_names.iter().any(|name| name.eq_ignore_ascii_case(&listener.name));
        let all = listeners::listeners(&values.get::<Vec<String>>("listeners"), &protocols, true)
            .map_err(at(&["listeners"]))?;
        let (controller_listeners, listeners): (Vec<_>, Vec<_>) = all.into_iter().partition(of_controller);
        let mut advertised_listeners = listeners.clone();
        if values.has("advertised.listeners") {
            let texts: Vec<String> = values.get("advertised.listeners");
            advertised_listeners =
                listeners::listeners(&texts, &protocols, false).map_err(at(&["advertised.listeners"]))?;
            advertised_listeners.retain(|listener| !of_controller(listener));
        }
        let inter_broker_listener_name = inter_broker_name(&values);
        if has_role("broker") {
            check_listeners(&listeners, &advertised_listeners, &inter_broker_listener_name, &protocols).map_err(at(
                &["advertised.listeners", "inter.broker.listener.name", "security.inter.broker.protocol", "listeners"],
            ))?;
        }
        let mut security = BTreeMap::new();
        let mut listener_connection_rates = BTreeMap::new();
        for listener in &listeners {
            let of_listener = ListenerSecurity::read(settings, listener).map_err(at(&["listeners"]))?;
            security.insert(listener.name.clone(), of_listener);
            let name = format!("listener.name.{}.max.connection.creation.rate", listener.name.to_ascii_lowercase());
            if let Some(rate) = settings.get(&name).and_then(|given| given.value.trim().parse().ok()) {
                listener_connection_rates.insert(listener.name.clone(), rate);
            }
        }

        let voters = voters(&values);
        check_voters(node_id, has_role("controller"), &voters).map_err(at(&["controller.quorum.voters"]))?;
        let network = NetworkConfig::read(&values);
        let overrides = connection_overrides(&values).map_err(at(&["max.connections.per.ip.overrides"]))?;
        check_network(&network, &overrides).map_err(at(&["queued.max.request.bytes", "max.connections.per.ip"]))?;
        let groups = GroupsConfig::read(&values);
        if !groups.group_coordinator_rebalance_protocols.iter().any(|protocol| protocol == "classic") {
            return Err(at(&["group.coordinator.rebalance.protocols"])(SettingError::NoClassicProtocol));
        }
        if let Some(name) = groups.group_consumer_assignors.iter().find(|name| Assignor::named(name).is_none()) {
            let name = name.clone();
            return Err(at(&["group.consumer.assignors"])(SettingError::Assignor { name }));
        }

        check_groups(&values).map_err(ConfigError::Together)?;

        let pairs = || settings.iter().map(|(name, given)| (name.as_str(), given.value.as_str()));
        let log = LogConfig::from_broker_properties(pairs()).map_err(|error| ConfigError::Together(error.into()))?;
        let log_manager =
            LogManagerConfig::from_properties(pairs()).map_err(|error| ConfigError::Together(error.into()))?;
        log.validate_broker(log_manager.remote_storage_system).map_err(|error| ConfigError::Together(error.into()))?;
        let log_dirs = log_dirs(&values);
        let metadata_log_dir = values.get::<Option<String>>("metadata.log.dir").map(PathBuf::from);
        Ok(BrokerConfig {
            node_id,
            rack: values.get("broker.rack"),
            is_broker: has_role("broker"),
            is_controller: has_role("controller"),
            listeners,
            controller_listeners,
            advertised_listeners,
            inter_broker_listener_name,
            controller_listener: controller_names.first().and_then(|name| {
                let name = name.to_ascii_uppercase();
                Some((name.clone(), *protocols.get(&name)?))
            }),
            controller_quorum_voters: voters,
            controller_quorum_bootstrap_servers: bootstrap_servers(&values),
            metadata_log_dir: metadata_log_dir.or_else(|| log_dirs.first().cloned()).unwrap_or_default(),
            log_dirs,
            num_network_threads: values
                .has("num.network.threads")
                .then(|| usize::try_from(values.get::<i32>("num.network.threads")).unwrap_or(1)),
            max_connections_per_ip_overrides: overrides,
            listener_connection_rates,
            metrics_listener: metrics_listener(&values).map_err(at(&["metrics.listener"]))?,
            authorizer: AuthorizerConfig::read(&values).map_err(at(&["authorizer.class.name", "super.users"]))?,
            network,
            topics: TopicsConfig::read(&values),
            fetch: FetchConfig::read(&values),
            offsets: OffsetsConfig::read(&values),
            groups,
            transactions: TransactionsConfig::read(&values),
            quotas: QuotasConfig::read(&values),
            member: MemberConfig::read(&values),
            metadata_log: MetadataLogConfig::read(&values),
            replication: ReplicationConfig::read(&values),
            is_rack_aware: is_rack_aware(&values).map_err(at(&["replica.selector.class"]))?,
            replica_fetch: ReplicaFetchConfig::read(&values),
            log_manager,
            log,
            security,
            failed_authentication_delay_ms: values.get("connection.failed.authentication.delay.ms"),
            static_configs: static_configs(settings, node_id),
        })
    }
}

fn is_rack_aware(values: &Values<'_>) -> Result<bool, SettingError> {
    match values.get::<Option<String>>("replica.selector.class").as_deref() {
        None | Some("" | LEADER_SELECTOR) => Ok(false),
        Some(RACK_AWARE_SELECTOR) => Ok(true),
        Some(class) => Err(SettingError::ReplicaSelector { class: class.to_owned() }),
    }
}

/// What was set, and what Kafka demands to be set.
fn static_configs(settings: &Settings, node_id: i32) -> StaticConfigs {
    let mut configs: BTreeMap<_, _> =
        settings.iter().map(|(name, given)| (name.clone(), given.value.clone())).collect();
    for name in ["node.id", "broker.id"] {
        configs.entry(name.to_owned()).or_insert_with(|| node_id.to_string());
    }
    configs.entry("process.roles".to_owned()).or_insert_with(|| "broker,controller".to_owned());
    StaticConfigs(configs)
}

fn node_id(values: &Values<'_>) -> Result<i32, SettingError> {
    let of = |name: &str| values.has(name).then(|| values.get::<i32>(name));
    match (of("node.id"), of("broker.id")) {
        (Some(node), Some(broker)) if node != broker => Err(SettingError::NodeIds),
        (Some(id), _) | (None, Some(id)) => Ok(id),
        (None, None) => Ok(NODE_ID),
    }
}

fn inter_broker_name(values: &Values<'_>) -> String {
    let name: Option<String> = values.get("inter.broker.listener.name");
    name.unwrap_or_else(|| values.get("security.inter.broker.protocol")).to_ascii_uppercase()
}

fn check_listeners(
    listeners: &[Listener],
    advertised: &[Listener],
    inter_broker: &str,
    protocols: &listeners::Protocols,
) -> Result<(), SettingError> {
    if advertised.is_empty() {
        return Err(SettingError::NoBrokerListener);
    }
    if !protocols.contains_key(inter_broker) {
        return Err(SettingError::InterBrokerProtocol { name: inter_broker.to_owned() });
    }
    let names =
        |listeners: &[Listener]| listeners.iter().map(|listener| listener.name.as_str()).collect::<Vec<_>>().join(",");
    if !advertised.iter().any(|listener| listener.name == inter_broker) {
        return Err(SettingError::InterBrokerListener { advertised: names(advertised) });
    }
    if !advertised.iter().all(|told| listeners.iter().any(|listener| listener.name == told.name)) {
        return Err(SettingError::NotAListener { advertised: names(advertised), listeners: names(listeners) });
    }
    if advertised.iter().any(|listener| listener.host.as_deref() == Some("0.0.0.0")) {
        return Err(SettingError::NonRoutable);
    }
    Ok(())
}

fn voters(values: &Values<'_>) -> Vec<(i32, String, u16)> {
    let voter = |text: &String| {
        let (id, server) = text.split_once('@')?;
        let (host, port) = server.rsplit_once(':')?;
        Some((id.parse().ok()?, host.to_owned(), port.parse().ok()?))
    };
    values.get::<Vec<String>>("controller.quorum.voters").iter().filter_map(voter).collect()
}

fn check_voters(node_id: i32, is_controller: bool, voters: &[(i32, String, u16)]) -> Result<(), SettingError> {
    let is_voter = voters.iter().any(|(id, ..)| *id == node_id);
    let ids = || voters.iter().map(|(id, ..)| id.to_string()).collect::<Vec<_>>().join(",");
    match (is_controller, is_voter) {
        (true, false) if !voters.is_empty() => Err(SettingError::NotAVoter { node_id, voters: ids() }),
        (false, true) => Err(SettingError::Voter { node_id, voters: ids() }),
        (true, true) if voters.len() > 1 => Err(SettingError::OtherVoters { node_id, voters: ids() }),
        _ => Ok(()),
    }
}

fn bootstrap_servers(values: &Values<'_>) -> Vec<(String, u16)> {
    let server = |text: &String| {
        let (host, port) = text.rsplit_once(':')?;
        Some((host.to_owned(), port.parse().ok()?))
    };
    values.get::<Vec<String>>("controller.quorum.bootstrap.servers").iter().filter_map(server).collect()
}

fn connection_overrides(values: &Values<'_>) -> Result<Vec<(String, i32)>, SettingError> {
    let name = "max.connections.per.ip.overrides";
    let text: String = values.get(name);
    let number = |(host, number): (&str, &str)| match number.parse() {
        Ok(number) => Ok((host.to_owned(), number)),
        Err(_) => Err(SettingError::MapEntry { name, entry: format!("{host}:{number}") }),
    };
    listeners::pairs(name, &text)?.into_iter().map(number).collect()
}

fn check_network(network: &NetworkConfig, overrides: &[(String, i32)]) -> Result<(), SettingError> {
    let queued = network.queued_max_request_bytes;
    if queued > 0 && queued < i64::from(network.socket_request_max_bytes) {
        return Err(SettingError::QueuedBytes);
    }
    if network.max_connections_per_ip == 0 && overrides.is_empty() {
        return Err(SettingError::NoConnections);
    }
    Ok(())
}

/// (`GroupCoordinatorConfig`)
fn check_groups(values: &Values<'_>) -> Result<(), SettingError> {
    let check = |name: &str, order: Order, other: &str| {
        let has_both = given::find(name).is_some() && given::find(other).is_some();
        if !has_both || order.holds(values.get::<i32>(name).into(), values.get::<i32>(other).into()) {
            return Ok(());
        }
        Err(SettingError::Order { name: name.to_owned(), order, other: other.to_owned() })
    };
    for bounded in &BOUNDED {
        let (name, (min, max)) = (format!("group.{}", bounded.name), bounded.bounds());
        check(&max, Order::AtLeast, &min)?;
        check(&name, Order::AtLeast, &min)?;
        check(&name, Order::AtMost, &max)?;
    }
    for kind in KINDS {
        let heartbeat = format!("group.{kind}.heartbeat.interval.ms");
        check(&heartbeat, Order::Below, &format!("group.{kind}.session.timeout.ms"))?;
    }
    Ok(())
}

fn log_dirs(values: &Values<'_>) -> Vec<PathBuf> {
    let name = if values.has("log.dirs") { "log.dirs" } else { "log.dir" };
    values.get::<Vec<String>>(name).into_iter().map(PathBuf::from).collect()
}

fn metrics_listener(values: &Values<'_>) -> Result<Option<(String, u16)>, SettingError> {
    let Some(value) = values.get::<Option<String>>("metrics.listener").filter(|value| !value.is_empty()) else {
        return Ok(None);
    };
    match listeners::host_and_port(&value) {
        Some((host, port)) => Ok(Some((host.unwrap_or_else(|| "0.0.0.0".to_owned()), port))),
        None => Err(SettingError::MetricsListener { value }),
    }
}
