//! The thread that copies the metadata of the quorum (`KafkaRaftClient` of a node that does not vote, KIP-595, KIP-630).

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use kafka_log::log::error::AppendError;
use kafka_rpc::messages::fetch_request::{FetchPartition, FetchTopic, ReplicaState};
use kafka_rpc::messages::fetch_response::PartitionData;
use kafka_rpc::messages::fetch_snapshot_request::{PartitionSnapshot, SnapshotId as WantedSnapshot, TopicSnapshot};
use kafka_rpc::messages::{FetchRequest, FetchResponse, FetchSnapshotRequest};
use kafka_rpc::{ErrorCode, Records, Uuid};
use kafka_thin_client::{ClientError, Connection, Peer};
use parking_lot::RwLock;

use super::channel::ActiveController;
use super::quorum::Quorum;
use crate::broker::{Shared, apply};
use crate::clock::now_ms;
use crate::disk::Disk;
use crate::metadata::{
    self, Delta, METADATA_TOPIC, METADATA_TOPIC_ID, MetadataLog, MetadataLogError, PartialSnapshot, Progress,
    SnapshotId,
};

/// How long the leader may hold a fetch for which it has nothing.
const FETCH_WAIT_MS: i32 = 500;
/// The first version of Fetch with the ids of topics.
const FIRST_WITH_IDS: i16 = 13;

/// Why the metadata cannot be copied any more.
#[derive(Debug)]
pub enum ObserverError {
    /// The copy.
    Log(MetadataLogError),
    /// The controllers belong to another cluster.
    OtherCluster {
        /// The controller that says so.
        peer: String,
        /// The id of this cluster.
        cluster_id: String,
    },
    /// Nothing was caught up with in `initial.broker.registration.timeout.ms`.
    TimedOut {
        /// How long.
        after: Duration,
    },
    /// No setting says where the controllers are.
    NoControllers,
}

impl fmt::Display for ObserverError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ObserverError::Log(error) => error.fmt(f),
            ObserverError::OtherCluster { peer, cluster_id } => {
                write!(f, "the controller {peer} is not of the cluster {cluster_id}")
            }
            ObserverError::TimedOut { after } => {
                write!(f, "the metadata could not be fetched from a controller in {} ms", after.as_millis())
            }
            ObserverError::NoControllers => f.write_str(
                "controller.quorum.bootstrap.servers or controller.quorum.voters must say where the controllers are",
            ),
        }
    }
}

impl std::error::Error for ObserverError {}

impl From<MetadataLogError> for ObserverError {
    fn from(error: MetadataLogError) -> Self {
        ObserverError::Log(error)
    }
}

/// Why one fetch has brought nothing. Another one may.
enum Failure {
    /// For good.
    Fatal(Box<ObserverError>),
    /// The connection, or an answer that cannot be read.
    Client(ClientError),
    /// An answer that a controller would not give.
    Answer { peer: Peer, what: &'static str, error: Option<Box<MetadataLogError>> },
    /// The node that was asked does not lead, or the epoch is another one. It may have said who leads.
    Redirected(Option<ErrorCode>),
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        Failure::Client(error)
    }
}

impl From<ObserverError> for Failure {
    fn from(error: ObserverError) -> Self {
        Failure::Fatal(Box::new(error))
    }
}

/// What an observer is started with.
pub(crate) struct Terms {
    pub(crate) node_id: i32,
    pub(crate) cluster_id: String,
    /// Of the directory with the copy.
    pub(crate) directory_id: Uuid,
    pub(crate) bootstrap: Vec<Peer>,
    /// `controller.quorum.voters`
    pub(crate) voters: BTreeMap<i32, Peer>,
    /// `controller.quorum.fetch.max.bytes`
    pub(crate) fetch_max_bytes: i32,
    /// `controller.quorum.fetch.snapshot.max.bytes`
    pub(crate) snapshot_max_bytes: i32,
    /// `controller.quorum.retry.backoff.ms`
    pub(crate) backoff: Duration,
}

/// A copy of the metadata, and the connection that it comes by.
pub(crate) struct Observer {
    terms: Terms,
    log: MetadataLog<Disk>,
    progress: Progress,
    image: metadata::Shared,
    quorum: Quorum,
    active: Arc<ActiveController>,
    connection: Option<Connection>,
    /// The high watermark of the leader, as it was told.
    high_watermark: i64,
    snapshot: Option<PartialSnapshot<Disk>>,
    /// Answers in a row that brought nothing.
    failures: u32,
}

impl Observer {
    /// Opens the copy. The image is that of the newest snapshot.
    ///
    /// # Errors
    /// See [`ObserverError`].
    pub(crate) fn open(
        disk: Disk,
        terms: Terms,
        options: metadata::LogOptions,
        active: Arc<ActiveController>,
    ) -> Result<Self, ObserverError> {
        if terms.bootstrap.is_empty() && terms.voters.is_empty() {
            return Err(ObserverError::NoControllers);
        }
        let (log, image, progress) = MetadataLog::open_replica(disk, options, now_ms())?;
        let quorum = Quorum::new(terms.bootstrap.clone(), terms.voters.clone(), log.epoch());
        let mut observer = Observer {
            terms,
            log,
            progress,
            image: Arc::new(RwLock::new(image)),
            quorum,
            active,
            connection: None,
            high_watermark: -1,
            snapshot: None,
            failures: 0,
        };
        observer.learn_voters();
        Ok(observer)
    }

    /// The image, which the observer changes.
    pub(crate) fn image(&self) -> metadata::Shared {
        Arc::clone(&self.image)
    }

    /// Fetches until everything that is committed now is in the image. Nothing else uses the image yet.
    ///
    /// # Errors
    /// See [`ObserverError`].
    pub(crate) fn catch_up(&mut self, within: Duration) -> Result<(), ObserverError> {
        let began = Instant::now();
        while self.high_watermark < 0 || self.progress.next_offset() < self.high_watermark {
            if began.elapsed() >= within {
                return Err(ObserverError::TimedOut { after: within });
            }
            self.step()?;
        }
        Ok(())
    }

    /// Fetches once, and pauses after a failure. Gives what has changed.
    fn step(&mut self) -> Result<Delta, ObserverError> {
        let failure = match self.fetch() {
            Ok(delta) => {
                self.failures = 0;
                self.active.set(self.quorum.leader().map(|(id, peer)| (id, peer.clone())));
                return Ok(delta);
            }
            Err(failure) => failure,
        };
        match failure {
            Failure::Fatal(error) => return Err(*error),
            Failure::Client(error) => {
                if self.failures == 0 {
                    tracing::warn!(%error, "the metadata cannot be fetched");
                }
                self.lose();
            }
            Failure::Answer { peer, what, error } => {
                let error = error.map(|error| error.to_string()).unwrap_or_default();
                tracing::warn!(%peer, error, "{what}");
                self.lose();
            }
            Failure::Redirected(code) => {
                tracing::debug!(code = code.map(ErrorCode::name), "another controller leads");
                self.connection = None;
                self.snapshot = None;
                if self.quorum.leader().is_none() {
                    self.quorum.give_up();
                } else if self.failures == 0 {
                    // It is known who leads: ask at once.
                    self.failures = 1;
                    self.active.set(self.quorum.leader().map(|(id, peer)| (id, peer.clone())));
                    return Ok(Delta::default());
                }
            }
        }
        self.active.set(self.quorum.leader().map(|(id, peer)| (id, peer.clone())));
        thread::sleep(self.terms.backoff.max(Duration::from_millis(1)) * (1 << self.failures.min(5)));
        self.failures = self.failures.saturating_add(1);
        Ok(Delta::default())
    }

    fn lose(&mut self) {
        self.connection = None;
        self.snapshot = None;
        self.quorum.give_up();
    }

    fn fetch(&mut self) -> Result<Delta, Failure> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => {
                let peer = self.quorum.target().cloned().ok_or(ObserverError::NoControllers)?;
                Connection::connect(peer, self.active.connection().clone())?
            }
        };
        let delta = match self.snapshot.take() {
            Some(snapshot) => self.fetch_snapshot(&mut connection, snapshot)?,
            None => self.fetch_records(&mut connection)?,
        };
        self.connection = Some(connection);
        Ok(delta)
    }

    fn fetch_records(&mut self, connection: &mut Connection) -> Result<Delta, Failure> {
        let request = self.fetch_request();
        let reply = connection.call(&request)?;
        let response = reply.message()?;
        let peer = connection.peer().clone();
        let strange = |what| Failure::Answer { peer: peer.clone(), what, error: None };
        for endpoint in &response.node_endpoints {
            let port = u16::try_from(endpoint.port).map_err(|_| strange("an endpoint has no port"))?;
            self.quorum.is_at(endpoint.node_id, Peer { host: endpoint.host.to_string(), port });
        }
        self.check_cluster(response.error_code, &peer)?;
        if response.error_code != 0 {
            return Err(Failure::Redirected(ErrorCode::from_code(response.error_code)));
        }
        let data =
            only_partition(&response, reply.version()).ok_or_else(|| strange("the metadata is not in the answer"))?;
        self.note_leader(data.current_leader.leader_id, data.current_leader.leader_epoch)?;
        if data.error_code != 0 {
            self.check_cluster(data.error_code, &peer)?;
            return Err(Failure::Redirected(ErrorCode::from_code(data.error_code)));
        }
        if self.quorum.leader().is_none() && data.current_leader.leader_id >= 0 {
            // It has answered as the leader: a server of the settings whose id was not known.
            self.quorum.is_at(data.current_leader.leader_id, peer.clone());
        }
        let now_ms = now_ms();
        if data.diverging_epoch.end_offset >= 0 {
            let diverging = (data.diverging_epoch.epoch, data.diverging_epoch.end_offset);
            let (epoch, end_offset) = diverging;
            tracing::info!(epoch, end_offset, "the metadata log is cut where the leader's differs");
            self.log.truncate_diverging(&self.progress, diverging, now_ms).map_err(ObserverError::Log)?;
            return Ok(Delta::default());
        }
        if data.snapshot_id.end_offset >= 0 && data.snapshot_id.epoch >= 0 {
            let id = SnapshotId { offset: data.snapshot_id.end_offset, epoch: data.snapshot_id.epoch };
            if id.offset < self.progress.next_offset() {
                return Err(strange("a snapshot is older than what is committed"));
            }
            tracing::info!(snapshot = %id, "fetching a snapshot of the metadata");
            self.snapshot = Some(self.log.begin_snapshot(id).map_err(ObserverError::Log)?);
            return Ok(Delta::default());
        }
        if let Some(Records::Bytes(bytes)) = data.records
            && !bytes.is_empty()
        {
            match self.log.append_fetched(bytes, now_ms) {
                Ok(()) | Err(MetadataLogError::Append(AppendError::NothingToAppend)) => {}
                Err(error) => return Err(refused(peer, "the records of an answer cannot be appended", error)),
            }
        }
        self.high_watermark = self.high_watermark.max(data.high_watermark);
        let published = self.log.publish(&mut self.progress, &self.image, self.high_watermark, now_ms);
        let delta = published.map_err(ObserverError::Log)?;
        self.learn_voters();
        Ok(delta)
    }

    fn fetch_request(&self) -> FetchRequest<'static> {
        let partition = FetchPartition {
            partition: 0,
            current_leader_epoch: self.quorum.epoch(),
            fetch_offset: self.log.end_offset(),
            last_fetched_epoch: self.log.last_epoch(),
            log_start_offset: self.log.start_offset(),
            partition_max_bytes: self.terms.fetch_max_bytes,
            replica_directory_id: self.terms.directory_id,
            high_watermark: self.log.log().high_watermark(),
            ..Default::default()
        };
        let topic = FetchTopic {
            topic: METADATA_TOPIC.into(),
            topic_id: METADATA_TOPIC_ID,
            partitions: vec![partition],
            ..Default::default()
        };
        FetchRequest {
            cluster_id: Some(self.terms.cluster_id.clone().into()),
            replica_state: ReplicaState { replica_id: self.terms.node_id, replica_epoch: -1, ..Default::default() },
            max_wait_ms: FETCH_WAIT_MS,
            max_bytes: self.terms.fetch_max_bytes,
            topics: vec![topic],
            ..Default::default()
        }
    }

    fn fetch_snapshot(
        &mut self,
        connection: &mut Connection,
        mut snapshot: PartialSnapshot<Disk>,
    ) -> Result<Delta, Failure> {
        let id = snapshot.id();
        let partition = PartitionSnapshot {
            partition: 0,
            current_leader_epoch: self.quorum.epoch(),
            snapshot_id: WantedSnapshot { end_offset: id.offset, epoch: id.epoch, ..Default::default() },
            position: i64::try_from(snapshot.position()).unwrap_or(i64::MAX),
            replica_directory_id: self.terms.directory_id,
            ..Default::default()
        };
        let topic = TopicSnapshot { name: METADATA_TOPIC.into(), partitions: vec![partition], ..Default::default() };
        let request = FetchSnapshotRequest {
            cluster_id: Some(self.terms.cluster_id.clone().into()),
            replica_id: self.terms.node_id,
            max_bytes: self.terms.snapshot_max_bytes,
            topics: vec![topic],
            ..Default::default()
        };
        let reply = connection.call(&request)?;
        let response = reply.message()?;
        let peer = connection.peer().clone();
        let strange = |what| Failure::Answer { peer: peer.clone(), what, error: None };
        self.check_cluster(response.error_code, &peer)?;
        if response.error_code != 0 {
            return Err(Failure::Redirected(ErrorCode::from_code(response.error_code)));
        }
        let [topic] = &response.topics[..] else { return Err(strange("the snapshot is not in the answer")) };
        let [data] = &topic.partitions[..] else { return Err(strange("the snapshot is not in the answer")) };
        if topic.name != METADATA_TOPIC || data.index != 0 {
            return Err(strange("the snapshot is not in the answer"));
        }
        self.note_leader(data.current_leader.leader_id, data.current_leader.leader_epoch)?;
        if data.error_code != 0 {
            // The leader may have another snapshot by now: the next fetch says which.
            return Err(Failure::Redirected(ErrorCode::from_code(data.error_code)));
        }
        if (data.snapshot_id.end_offset, data.snapshot_id.epoch) != (id.offset, id.epoch) {
            return Err(strange("a part of another snapshot is in the answer"));
        }
        let Records::Bytes(bytes) = data.unaligned_records else {
            return Err(strange("the snapshot is not in the answer"));
        };
        let taken = snapshot.take(data.position, data.size, bytes);
        taken.map_err(|error| refused(peer.clone(), "a part of a snapshot cannot be used", error))?;
        if !snapshot.is_complete() {
            self.snapshot = Some(snapshot);
            return Ok(Delta::default());
        }
        let installed = self.log.install_snapshot(snapshot, &mut self.progress, &self.image, now_ms());
        let delta = installed.map_err(|error| refused(peer.clone(), "a snapshot cannot be used", error))?;
        tracing::info!(snapshot = %id, "the metadata begins with a snapshot of the controllers");
        self.learn_voters();
        Ok(delta)
    }

    fn check_cluster(&self, code: i16, peer: &Peer) -> Result<(), Failure> {
        if code == ErrorCode::InconsistentClusterId.code() {
            let (peer, cluster_id) = (peer.to_string(), self.terms.cluster_id.clone());
            return Err(ObserverError::OtherCluster { peer, cluster_id }.into());
        }
        Ok(())
    }

    /// Takes what an answer says of the leader; what is news is on disk before it is used.
    fn note_leader(&mut self, leader: i32, epoch: i32) -> Result<(), Failure> {
        if self.quorum.learn(leader, epoch) {
            tracing::debug!(leader, epoch, "the leader of the metadata quorum");
            let voters: Vec<i32> = self.terms.voters.keys().copied().collect();
            let leader = (leader >= 0).then_some(leader);
            self.log.follow(leader, epoch, &voters).map_err(ObserverError::Log)?;
        }
        Ok(())
    }

    fn learn_voters(&mut self) {
        for (id, host, port) in self.log.voters() {
            self.quorum.is_at(id, Peer { host, port });
        }
    }
}

/// The answer for the only partition that was asked for.
fn only_partition<'r, 'a>(response: &'r FetchResponse<'a>, version: i16) -> Option<&'r PartitionData<'a>> {
    let [topic] = &response.responses[..] else { return None };
    let is_ours =
        if version >= FIRST_WITH_IDS { topic.topic_id == METADATA_TOPIC_ID } else { topic.topic == METADATA_TOPIC };
    let [data] = &topic.partitions[..] else { return None };
    (is_ours && data.partition_index == 0).then_some(data)
}

/// What a controller has sent cannot be used; where the disk is to blame, nothing can be.
fn refused(peer: Peer, what: &'static str, error: MetadataLogError) -> Failure {
    use MetadataLogError::{Append, Control, CorruptBatch, Format, IncompleteSnapshot, Replay, SnapshotPart};
    let is_of_peer = match &error {
        Append(error) => !matches!(error, AppendError::Storage(_)),
        CorruptBatch { .. }
        | Control { .. }
        | Format { .. }
        | IncompleteSnapshot { .. }
        | Replay { .. }
        | SnapshotPart { .. } => true,
        _ => false,
    };
    match is_of_peer {
        true => Failure::Answer { peer, what, error: Some(Box::new(error)) },
        false => ObserverError::Log(error).into(),
    }
}

/// Copies and publishes the metadata until the broker stops.
pub(crate) fn run(mut observer: Observer, shared: &Shared) {
    let Some(member) = &shared.member else { return };
    while !member.is_stopping() {
        match observer.step() {
            Ok(delta) if delta.is_empty() => {}
            Ok(delta) => apply(shared, &delta, shared.clock.now_ms()),
            Err(error) => {
                tracing::error!(%error, "the metadata cannot be followed any more");
                shared.fail();
                return;
            }
        }
    }
    if let Err(error) = observer.log.close() {
        tracing::error!(%error, "cannot close the copy of the metadata");
    }
}
