//! From settings to a broker that serves.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::sync::mpsc::{Sender, channel};
use std::thread;

use kafka_log::format::meta_properties::MetaProperties;
use kafka_log::fs::read_whole;
use kafka_log::manager::background::{Background, Event};
use kafka_log::manager::{Startup, StdThreads};
use kafka_rpc::Uuid;
use kafka_thin_client::ConnectionConfig;
use parking_lot::Mutex;

use super::apply::{host, settings_of, update_security, update_settings};
use super::group_glue::{Alarm, Loading, OffsetsLogs, ReplyToClients, run_timers};
use super::group_metadata::ImageOfGroups;
use super::membership::{self, Joined, Joining};
use super::transaction_glue::LoadingTransactions;
use super::{Broker, Settings, Shared, StartError, directories};
use crate::api::fetch::Sessions;
use crate::clock::{Clock, now_ms};
use crate::config::{BrokerConfig, Rules};
use crate::controller::{self, BrokerRegistration, ControllerOptions, ControllerRegistration};
use crate::controller_thread::{self, ControllerHandle, Job};
use crate::disk::{Controller, Disk, Log, LogManager};
use crate::faults::FaultTable;
use crate::group::Coordinators;
use crate::metadata::{self, FormatOptions, InitialVoters};
use crate::metrics::{self, Metrics};
use crate::mover::{self, MoverHandle};
use crate::net::{Connections, EventLoop, Listener, Mailbox, QueuedBytes};
use crate::partitions::Topics;
use crate::producer_ids::ProducerIds;
use crate::quotas::Quotas;
use crate::replication::fetcher::Fetchers;
use crate::replication::{self, Replication};
use crate::security::authorizer::Authorizer;
use crate::security::{Listeners, LoadError};
use crate::topics::{GROUP_METADATA_TOPIC, TRANSACTION_STATE_TOPIC};
use crate::transaction;

/// In the mark of a clean stop, stands for no broker epoch.
const NO_BROKER_EPOCH: i64 = -1;

impl Broker {
    /// Starts a broker, with its data formatted if it is new. When this returns clients are served.
    ///
    /// # Errors
    /// Settings that do not go together are found before anything is opened.
    #[cfg(not(feature = "any-fs"))]
    pub fn start(config: BrokerConfig) -> Result<Self, StartError> {
        start(&Disk, Settings::of(config)?)
    }

    /// As above.
    ///
    /// # Errors
    /// As above.
    #[cfg(feature = "any-fs")]
    pub fn start(config: BrokerConfig) -> Result<Self, StartError> {
        Self::start_on(&Disk::new(kafka_log::fs::OsFs), config)
    }

    /// [`Broker::start`] with its data on the file system of a test.
    ///
    /// # Errors
    /// As [`Broker::start`].
    #[cfg(feature = "any-fs")]
    pub fn start_on(disk: &Disk, config: BrokerConfig) -> Result<Self, StartError> {
        start(disk, Settings::of(config)?)
    }

    /// Starts a broker for tests: at a free port of 127.0.0.1, with its data in a temporary directory that is removed when the broker is dropped.
    ///
    /// # Errors
    /// As [`Broker::start`].
    pub fn ephemeral() -> Result<Self, StartError> {
        Self::ephemeral_with(&[])
    }

    /// [`Broker::ephemeral`] with some settings.
    ///
    /// # Errors
    /// As [`Broker::start`].
    pub fn ephemeral_with(overrides: &[(String, String)]) -> Result<Self, StartError> {
        let temporary = tempfile::Builder::new().prefix("kafka-broker-").tempdir().map_err(StartError::Temporary)?;
        let own = [
            ("listeners", "PLAINTEXT://127.0.0.1:0".to_owned()),
            ("log.dirs", temporary.path().display().to_string()),
            // Tests do not want to wait for more members.
            ("group.initial.rebalance.delay.ms", "0".to_owned()),
        ];
        let mut settings: Vec<(String, String)> =
            own.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        settings.extend_from_slice(overrides);
        let (config, _) = BrokerConfig::load(None, &settings)?;
        let mut broker = Broker::start(config)?;
        broker.temporary = Some(temporary);
        Ok(broker)
    }
}

fn start(disk: &Disk, mut settings: Settings) -> Result<Broker, StartError> {
    let clock = Arc::new(Clock::new());
    let now = clock.now_ms();
    let cluster_id = match settings.is_member() {
        true => cluster_id_of(disk, &settings)?.ok_or(StartError::NotFormatted)?,
        false => format_if_new(disk, &settings, now)?,
    };
    let unloaded =
        LogManager::open(Disk::clone(disk), &settings.log_dirs, settings.log.clone(), settings.manager.clone())?;
    let (listeners, addresses) = bind(&mut settings)?;
    let metrics = settings.metrics_listener.map(bind_metrics).transpose()?;

    let metadata = match settings.is_member() {
        true => Metadata::Copied(Box::new(membership::observe(disk, &settings, &unloaded, &cluster_id)?)),
        false => Metadata::Own(Box::new(Controller::open(Disk::clone(disk), controller_options(&settings), now)?)),
    };
    let previous_broker_epoch = unloaded.clean_shutdown_broker_epoch();
    let manager = Arc::new(load_logs(unloaded, &metadata.image(), settings.node_id, now)?);
    let loaded = Loaded { manager: Arc::clone(&manager), metadata, clock, cluster_id };
    let mut broker_epoch = previous_broker_epoch;
    serve(settings, loaded, Sockets { listeners, addresses, metrics }, &mut broker_epoch).inspect_err(|_| {
        // The logs are loaded, and recovered where that was due: the next start need not do it again.
        manager.shutdown(&StdThreads, broker_epoch.unwrap_or(NO_BROKER_EPOCH), now_ms());
    })
}

/// The logs and the metadata of a broker that does not serve yet.
struct Loaded {
    manager: Arc<LogManager>,
    metadata: Metadata,
    clock: Arc<Clock>,
    cluster_id: String,
}

/// Where the metadata comes from.
enum Metadata {
    /// The controller of this node.
    Own(Box<Controller>),
    /// Controllers elsewhere.
    Copied(Box<Joining>),
}

impl Metadata {
    fn image(&self) -> metadata::Shared {
        match self {
            Metadata::Own(controller) => controller.image(),
            Metadata::Copied(joining) => joining.image(),
        }
    }
}

/// The same once the parts of the broker are there.
enum Source {
    Own(Box<Controller>),
    Copied(Box<Joined>),
}

/// Where a broker is going to serve.
struct Sockets {
    listeners: Vec<Listener>,
    addresses: Vec<SocketAddr>,
    metrics: Option<TcpListener>,
}

/// Serves what was loaded. `broker_epoch` is that of the last orderly stop, if there is one, and becomes the one of this start.
fn serve(
    settings: Settings,
    loaded: Loaded,
    sockets: Sockets,
    broker_epoch: &mut Option<i64>,
) -> Result<Broker, StartError> {
    let Loaded { manager, metadata, clock, cluster_id } = loaded;
    let Sockets { listeners, addresses, metrics: metrics_listener } = sockets;
    let now = clock.now_ms();
    let image = metadata.image();
    let (member, metadata) = match metadata {
        Metadata::Own(controller) => (None, Source::Own(controller)),
        Metadata::Copied(joining) => {
            let (member, joined) = joining.join();
            (Some(member), Source::Copied(joined))
        }
    };
    let event_loops = event_loops(&settings, listeners).map_err(StartError::Threads)?;
    let loops: Arc<[Arc<Mailbox>]> = event_loops.iter().map(|of| Arc::clone(of.mailbox())).collect();
    let (jobs, controller_jobs) = channel();
    let (orders, mover_orders) = channel();
    let (isr_events, isr_changes) = channel();
    let alarm = Arc::new(Alarm::new(Arc::clone(&clock)));
    let topics = Arc::new(Topics::default());
    let partitions_of = |topic: &str| {
        let count = image.read().topic(topic).map(|topic| topic.partition_count());
        count.and_then(|count| i32::try_from(count).ok())
    };
    let authorizer = Authorizer::of(&settings.config.authorizer, &image.read()).map(Arc::new);
    let groups = Coordinators::new(
        settings.group.clone(),
        partitions_of(GROUP_METADATA_TOPIC).unwrap_or(settings.offsets_topic_partitions),
        Arc::new(OffsetsLogs { topics: Arc::clone(&topics), clock: Arc::clone(&clock) }),
        Arc::new(ReplyToClients { loops: Arc::clone(&loops), alarm: Arc::clone(&alarm), clock: Arc::clone(&clock) }),
        Arc::new(ImageOfGroups { image: Arc::clone(&image), authorizer: authorizer.clone() }),
    );
    let transaction_partitions =
        partitions_of(TRANSACTION_STATE_TOPIC).unwrap_or(settings.transaction_topic.partitions);
    let transactions = transaction::Coordinators::new(settings.transaction.clone(), transaction_partitions, now);
    let lag_max_ms = settings.config.replication.replica_lag_time_max_ms;
    let of = (Arc::clone(&clock), Arc::clone(&image));
    let replication = Arc::new(Replication::new(settings.node_id, of.0, of.1, lag_max_ms, isr_events));
    // A broker that has the controller is the only one.
    let connection = match settings.config.is_controller {
        true => ConnectionConfig::default(),
        false => settings.config.inter_broker_connection().map_err(StartError::InterBroker)?,
    };
    let fetchers = Fetchers::new(
        settings.node_id,
        &settings.config.inter_broker_listener_name,
        settings.config.replica_fetch.clone(),
        connection,
        Arc::clone(&image),
        Arc::clone(&clock),
    );
    let quotas = Quotas::new(settings.quota_windows, settings.mutation_windows, &image.read());
    let shared = Arc::new(Shared {
        cluster_id,
        node_id: settings.node_id,
        image,
        manager,
        topics,
        replication,
        groups,
        unread_groups: Mutex::default(),
        moved_groups: Mutex::default(),
        faults: FaultTable::default(),
        clock,
        transactions,
        unread_transactions: Mutex::default(),
        alarm,
        sessions: Sessions::new(settings.fetch_session_slots),
        producer_ids: ProducerIds::default(),
        authorizer,
        quotas,
        controller: ControllerHandle::new(jobs),
        member,
        mover: MoverHandle::new(orders),
        fetchers,
        metrics: Metrics::new(),
        security: Listeners::load(&settings.config).map_err(|(listener, error)| match error {
            LoadError::Tls(source) => StartError::Tls { listener, source },
            LoadError::Jwks(error) => StartError::Jwks { listener, problem: error.to_string() },
        })?,
        queued: QueuedBytes::new(settings.queued_max_bytes),
        connections: Connections::new(settings.connections.clone()),
        loops,
        next_loop: AtomicUsize::new(0),
        has_failed: AtomicBool::new(false),
        config: settings,
    });

    let terms = registration(&shared, *broker_epoch);
    let metadata = match metadata {
        Source::Own(mut controller) => {
            // With both, leaders are elected: the partitions are hosted with their new epochs.
            let (registered, _) = controller.register_broker(&terms, now)?;
            *broker_epoch = Some(registered);
            controller.unfence_broker(now)?;
            update_settings(&shared);
            update_security(&shared);
            host_all(&shared, now);
            directories::assign(&mut controller, &shared, directories::all(&shared).into_iter(), now)?;
            Source::Own(controller)
        }
        copied => {
            update_settings(&shared);
            update_security(&shared);
            host_all(&shared, now);
            copied
        }
    };

    let mut broker = Broker {
        shared: Arc::clone(&shared),
        has_ended: false,
        broker_epoch: broker_epoch.unwrap_or(NO_BROKER_EPOCH),
        addresses,
        loops: Vec::new(),
        workers: Vec::new(),
        background: None,
        metrics: None,
        control: None,
        temporary: None,
    };
    broker.background = Some(upkeep(&shared).map_err(StartError::Threads)?);
    if let Some(listener) = metrics_listener {
        broker.metrics = Some(metrics::serve(listener, Arc::clone(&shared)).map_err(StartError::Threads)?);
    }
    let of = Arc::clone(&shared);
    let unfenced = match metadata {
        Source::Own(controller) => {
            let run = move || controller_thread::run(*controller, &controller_jobs, &of);
            broker.workers.push(spawn("controller", run)?);
            None
        }
        Source::Copied(joined) => Some(joined.start(&of, terms, controller_jobs, &mut broker.workers)?),
    };
    let of = Arc::clone(&shared);
    broker.workers.push(spawn("log-dir-mover", move || mover::run(&mover_orders, &of))?);
    let of = Arc::clone(&shared);
    broker.workers.push(spawn("isr", move || replication::run(&isr_changes, &of))?);
    let of = Arc::clone(&shared);
    broker.workers.push(spawn("group-timers", move || run_timers(&of))?);
    let of = Arc::clone(&shared);
    broker.workers.push(spawn("transaction-markers", move || of.transactions.run_markers(&*of, || of.clock.now_ms()))?);
    let of = Arc::clone(&shared);
    let (begun, has_begun) = channel();
    broker.workers.push(spawn("group-loader", move || load_coordinators(&of, &begun))?);
    // Without an answer the thread has ended, and said why.
    let _ = has_begun.recv();
    for (number, event_loop) in event_loops.into_iter().enumerate() {
        let of = Arc::clone(&shared);
        broker.loops.push(spawn(&format!("network-{number}"), move || event_loop.run(&of))?);
    }
    if let Some(unfenced) = unfenced {
        if let Some(member) = &shared.member {
            member.ready();
        }
        if unfenced.recv().is_err() {
            return Err(StartError::NotUnfenced);
        }
    }
    tracing::info!(
        node_id = shared.node_id,
        cluster_id = shared.cluster_id,
        topics = shared.topics.all().len(),
        bootstrap = broker.bootstrap(),
        "serving"
    );
    Ok(broker)
}

pub(super) fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<thread::JoinHandle<()>, StartError> {
    thread::Builder::new().name(name.to_owned()).spawn(work).map_err(StartError::Threads)
}

/// Formats directories where none is; gives the id of the cluster.
fn format_if_new(disk: &Disk, settings: &Settings, now_ms: i64) -> Result<String, StartError> {
    if let Some(cluster_id) = cluster_id_of(disk, settings)? {
        return Ok(cluster_id);
    }
    let mut dirs = settings.log_dirs.clone();
    if !dirs.contains(&settings.metadata_log.dir) {
        dirs.push(settings.metadata_log.dir.clone());
    }
    let cluster_id = metadata::random_uuid().to_string();
    let options = FormatOptions {
        metadata_dir: settings.metadata_log.dir.clone(),
        initial_voters: initial_voters(settings),
        ..FormatOptions::new(dirs, cluster_id.clone(), settings.node_id)
    };
    metadata::format_directories(disk, &options, now_ms)?;
    tracing::info!(cluster_id, "formatted new log directories");
    Ok(cluster_id)
}

/// This node is the only voter of a new quorum. Where no setting says so, a record does.
fn initial_voters(settings: &Settings) -> InitialVoters {
    if !settings.config.controller_quorum_voters.is_empty() {
        return InitialVoters::Configured;
    }
    // A broker without a listener for controllers can get one later, and a broker of Kafka must have one.
    let listener = settings.controller_listeners.first();
    let name = listener.map_or("CONTROLLER", |listener| listener.name.as_str());
    let host = listener.and_then(|listener| listener.host.as_deref()).unwrap_or("localhost");
    let port = listener.map_or(9093, |listener| listener.port);
    InitialVoters::Standalone { listener: name.to_owned(), host: host.to_owned(), port }
}

/// The id in the `meta.properties` of the directories, `None` where no directory has such a file.
fn cluster_id_of(disk: &Disk, settings: &Settings) -> Result<Option<String>, StartError> {
    for dir in settings.log_dirs.iter().chain([&settings.metadata_log.dir]) {
        let path = dir.join("meta.properties");
        let bytes = match read_whole(disk, &path) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => continue,
            Err(source) => return Err(StartError::MetaProperties { path, source }),
        };
        let invalid = |error: kafka_log::format::FormatError| StartError::MetaProperties {
            path: path.clone(),
            source: io::Error::new(io::ErrorKind::InvalidData, error),
        };
        let properties = MetaProperties::read(&bytes).map_err(invalid)?;
        if let Some(cluster_id) = properties.cluster_id {
            return Ok(Some(cluster_id));
        }
    }
    Ok(None)
}

/// Binds the listeners; what they advertise is then known, too.
fn bind(settings: &mut Settings) -> Result<(Vec<Listener>, Vec<SocketAddr>), StartError> {
    let (mut bound, mut addresses) = (Vec::new(), Vec::new());
    for listener in &mut settings.listeners {
        let address = listener.bind;
        let listen = || -> io::Result<(Listener, SocketAddr)> {
            let socket = Listener::bind(address)?;
            let address = socket.local_addr()?;
            Ok((socket, address))
        };
        let (socket, local) = listen().map_err(|source| StartError::Listen { address, source })?;
        if listener.advertised_port == 0 {
            listener.advertised_port = local.port();
        }
        bound.push(socket);
        addresses.push(if local.ip().is_unspecified() {
            SocketAddr::new(Ipv4Addr::LOCALHOST.into(), local.port())
        } else {
            local
        });
    }
    Ok((bound, addresses))
}

fn bind_metrics(address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).map_err(|source| StartError::Listen { address, source })
}

fn controller_options(settings: &Settings) -> ControllerOptions {
    let listeners = settings.controller_listeners.iter().map(|listener| controller::Listener {
        name: listener.name.clone(),
        host: listener.host.clone().unwrap_or_default(),
        port: listener.port,
        security_protocol: listener.protocol.id(),
    });
    ControllerOptions {
        log: settings.metadata_log.clone(),
        settings: settings.controller(),
        rules: Arc::new(Rules::new(Arc::clone(&settings.config))),
        registration: ControllerRegistration {
            incarnation_id: Uuid(crate::random_bytes()),
            listeners: listeners.collect(),
        },
    }
}

fn load_logs(
    unloaded: kafka_log::manager::Unloaded<Disk>,
    image: &metadata::Shared,
    node_id: i32,
    now_ms: i64,
) -> Result<LogManager, StartError> {
    let topics: Vec<(String, Vec<(String, String)>)> = {
        let image = image.read();
        let own = image.topics().map(|topic| (topic.name.to_string(), settings_of(&image, &topic.name)));
        own.filter(|(_, settings)| !settings.is_empty()).collect()
    };
    // A topic that was deleted and created again has another id: the old log is of no use. Neither is that of a replica that is
    // elsewhere now.
    let is_stray = |log: &Log| {
        let (image, tp) = (image.read(), log.topic_partition());
        image.topic(tp.topic()).is_none_or(|topic| {
            let is_here = topic.partition(tp.partition()).is_some_and(|of| of.replicas.contains(&node_id));
            log.topic_id().is_some_and(|id| id != topic.id) || !is_here
        })
    };
    let is_sole_replica = |log: &Log| {
        let (image, tp) = (image.read(), log.topic_partition());
        let replicas = image.topic(tp.topic()).and_then(|topic| topic.partition(tp.partition()));
        replicas.is_some_and(|of| *of.replicas == [node_id])
    };
    let startup = Startup {
        topics: &topics,
        is_stray: &is_stray,
        is_sole_replica: &is_sole_replica,
        workers: &StdThreads,
        ..Startup::plain(now_ms)
    };
    let (manager, report) = unloaded.load(&startup)?;
    for dir in &report.unclean_dirs {
        tracing::info!(dir = %dir.display(), "was not stopped cleanly: recovered");
    }
    for (dir, why) in &report.failed_dirs {
        tracing::error!(dir = %dir.display(), why, "log directory is offline");
    }
    Ok(manager)
}

fn event_loops(settings: &Settings, listeners: Vec<Listener>) -> io::Result<Vec<EventLoop>> {
    let mut listeners = Some(listeners);
    (0..settings.event_loops.max(1))
        .map(|number| EventLoop::new(number, listeners.take().unwrap_or_default()))
        .collect()
}

fn registration(shared: &Shared, previous_broker_epoch: Option<i64>) -> BrokerRegistration {
    let dirs = shared.manager.log_dirs();
    let listeners = shared.config.listeners.iter().map(|listener| controller::Listener {
        name: listener.name.to_string(),
        host: listener.advertised_host.clone(),
        port: listener.advertised_port,
        security_protocol: listener.security_protocol,
    });
    BrokerRegistration {
        incarnation_id: Uuid(crate::random_bytes()),
        listeners: listeners.collect(),
        rack: shared.config.rack.clone(),
        log_dirs: dirs.iter().filter(|dir| dir.failure.is_none()).filter_map(|dir| dir.directory_id).collect(),
        previous_broker_epoch,
    }
}

/// Puts all topics of the image into the table.
fn host_all(shared: &Shared, now_ms: i64) {
    let ids: Vec<Uuid> = shared.image.read().topics().map(|topic| topic.id).collect();
    for id in ids {
        host(shared, id, false, now_ms);
    }
}

/// Loads all groups, then all transactions, whose markers the groups take. When `begun` is told, their clients learn that they
/// are being loaded.
fn load_coordinators(shared: &Shared, begun: &Sender<()>) {
    let numbers = |topic| (0..).take(shared.topics.named(topic).map_or(0, |topic| topic.partition_count()));
    let groups: Vec<_> = numbers(GROUP_METADATA_TOPIC).filter_map(|number| Loading::begin(shared, number)).collect();
    let transactions = numbers(TRANSACTION_STATE_TOPIC).filter_map(|number| LoadingTransactions::begin(shared, number));
    let transactions: Vec<_> = transactions.collect();
    let _ = begun.send(());
    groups.into_iter().for_each(|one| one.finish(shared));
    transactions.into_iter().for_each(|one| one.finish(shared));
}

fn upkeep(shared: &Arc<Shared>) -> io::Result<Background> {
    let of = Arc::downgrade(shared);
    Background::start_with(Arc::clone(&shared.manager), Arc::clone(&shared.clock) as Arc<_>, move |event| {
        if let Event::LogDirFailed(dir) = event {
            tracing::error!(dir = %dir.display(), "log directory is offline");
            let Some(shared) = of.upgrade() else { return };
            let dirs = shared.manager.log_dirs();
            // All directories are gone: there is nothing to serve.
            if dirs.iter().all(|dir| dir.failure.is_some()) {
                shared.fail();
            } else if let Some(id) = dirs.iter().find(|known| known.path == dir).and_then(|known| known.directory_id) {
                shared.controller.send(Job::DirectoryFailed(id));
            }
        }
    })
}
