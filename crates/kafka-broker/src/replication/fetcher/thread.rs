//! One fetcher: asks one leader, time and again, for what its partitions lack (`ReplicaFetcherThread`).

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use kafka_log::log::TopicPartition;
use kafka_rpc::messages::{FetchRequest, FetchResponse, ListOffsetsRequest};
use kafka_rpc::{ApiKey, ErrorCode, Request, Uuid};
use kafka_thin_client::fetch_session::FetchSession;
use kafka_thin_client::{ClientError, Connection, Peer, Reply};

use super::followed::{Followed, Round};
use super::{Common, request};

/// How often a fetcher that waits for a response looks whether it has to end.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// One fetcher.
struct Fetcher {
    common: Arc<Common>,
    followed: Arc<Followed>,
    leader: i32,
    number: usize,
    peer: Peer,
    connection: Option<Connection>,
    session: FetchSession<TopicPartition>,
    /// The last partition with records in a response. The next full request names it last: limits of size must not starve the others.
    served: Option<TopicPartition>,
}

/// Starts a fetcher without partitions.
pub(super) fn start(
    common: &Arc<Common>,
    leader: i32,
    number: usize,
    peer: &Peer,
) -> io::Result<(Arc<Followed>, JoinHandle<()>)> {
    let followed = Arc::new(Followed::default());
    let mut fetcher = Fetcher {
        common: Arc::clone(common),
        followed: Arc::clone(&followed),
        leader,
        number,
        peer: peer.clone(),
        connection: None,
        session: FetchSession::default(),
        served: None,
    };
    let name = format!("replica-fetcher-{number}-{leader}");
    let thread = std::thread::Builder::new().name(name).spawn(move || fetcher.run())?;
    Ok((followed, thread))
}

impl Fetcher {
    fn run(&mut self) {
        while !self.followed.is_closed() {
            self.round();
        }
    }

    fn round(&mut self) {
        let Round { fetches, lists } = self.followed.plan(&self.common);
        let has_fetches = !fetches.is_empty() || !self.session.partitions().is_empty();
        if !has_fetches && lists.is_empty() {
            let back_off = u64::try_from(self.common.config.replica_fetch_backoff_ms).unwrap_or(0);
            // Also a back-off of 0 must not make the thread spin.
            self.followed.wait(Duration::from_millis(back_off.max(1)));
            return;
        }
        if !lists.is_empty() {
            let listed = self.list(&lists);
            self.note(listed, lists.iter().map(|(name, ..)| name));
        }
        if has_fetches {
            let names: Vec<TopicPartition> = fetches.keys().cloned().collect();
            let fetched = self.fetch(fetches);
            self.note(fetched, &names);
        }
    }

    /// After an error the connection is given up, and the partitions wait.
    fn note<'p>(&mut self, done: Result<(), ClientError>, names: impl IntoIterator<Item = &'p TopicPartition>) {
        let Err(error) = done else { return };
        self.connection = None;
        self.session.reset();
        if !self.followed.is_closed() {
            tracing::warn!(leader = self.leader, %error, "a fetch from the leader has failed");
            self.followed.back_off(names, self.common.clock.now_ms());
        }
    }

    /// A connection and the version for a request. Kafka's brokers do not ask each other for their versions; they know them from the
    /// version of the metadata. One that is asked answers.
    fn connect(&mut self, api: ApiKey) -> Result<(&mut Connection, i16), ClientError> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => {
                let mut config = self.common.connection.clone();
                config.client_id = format!("broker-{}-fetcher-{}", self.common.node_id, self.number);
                let timeout = u64::try_from(self.common.config.replica_socket_timeout_ms).unwrap_or(0);
                config.connect_timeout = Duration::from_millis(timeout);
                Connection::connect(self.peer.clone(), config)?
            }
        };
        let connection = self.connection.insert(connection);
        let (peer, theirs) = (connection.peer().clone(), connection.versions().range(api.number()));
        let version = connection.versions().latest(api);
        let version = version.ok_or_else(|| ClientError::UnsupportedApi { peer, api, ours: api.versions(), theirs })?;
        Ok((connection, version))
    }

    fn list(&mut self, wanted: &[(TopicPartition, super::super::follower::End, i32)]) -> Result<(), ClientError> {
        let node_id = self.common.node_id;
        let (_, version) = self.connect(ApiKey::ListOffsets)?;
        let Some(reply) = self.call::<ListOffsetsRequest<'_>>(&request::list(wanted, node_id), version)? else {
            return Ok(());
        };
        let response = reply.message()?;
        for asked in wanted {
            // A leader that says nothing of a partition has not answered.
            let answer = request::listed(&response, &asked.0).unwrap_or(Err(ErrorCode::UnknownServerError));
            self.followed.listed(asked, answer, &self.common);
        }
        Ok(())
    }

    fn fetch(
        &mut self,
        wanted: std::collections::BTreeMap<TopicPartition, kafka_thin_client::fetch_session::FetchFrom>,
    ) -> Result<(), ClientError> {
        let (_, version) = self.connect(ApiKey::Fetch)?;
        let mut session = self.session.request(wanted);
        if let Some(served) = &self.served {
            let first = session.changed.partition_point(|(name, _)| name <= served);
            session.changed.rotate_left(first);
        }
        let message = request::fetch(&session, &self.common, version);
        let sent = self.call::<FetchRequest<'_>>(&message, version)?;
        let Some(reply) = sent else { return Ok(()) };
        self.followed.count_request();
        self.take(&reply.message()?)
    }

    /// Sends a request and waits for the response; `None` where the fetcher is to end.
    fn call<'a, R: Request<'a>>(&mut self, message: &R, version: i16) -> Result<Option<Reply<R>>, ClientError> {
        let after = self.common.connection.request_timeout;
        let Some(connection) = &mut self.connection else { return Ok(None) };
        let pending = connection.send_at(message, version)?;
        let sent = Instant::now();
        loop {
            if let Some(reply) = connection.poll::<R>(pending, LOOK_AGAIN)? {
                return Ok(Some(reply));
            }
            if self.followed.is_closed() {
                return Ok(None);
            }
            if sent.elapsed() >= after {
                return Err(ClientError::RequestTimedOut { peer: self.peer.clone(), api: R::API_KEY, after });
            }
        }
    }

    /// Hands out what has come.
    fn take(&mut self, response: &FetchResponse<'_>) -> Result<(), ClientError> {
        let code = ErrorCode::from_code(response.error_code).unwrap_or(ErrorCode::UnknownServerError);
        match code {
            ErrorCode::None => {}
            // Without a session: at once, with all partitions.
            ErrorCode::FetchSessionIdNotFound => {
                self.session.forget();
                return Ok(());
            }
            ErrorCode::InvalidFetchSessionEpoch => {
                self.session.reset();
                return Ok(());
            }
            code => return Err(kafka_thin_client::ApiError { code, message: None }.into()),
        }
        let asked = self.session.partitions().clone();
        self.session.answered(response.session_id);
        let topics: HashMap<Uuid, &TopicPartition> = asked.iter().map(|(name, from)| (from.topic_id, name)).collect();
        for topic in &response.responses {
            // Versions with ids have no names.
            let name = match topics.get(&topic.topic_id) {
                Some(known) if topic.topic.is_empty() => known.topic(),
                _ => &*topic.topic,
            };
            for data in &topic.partitions {
                let Ok(name) = TopicPartition::new(name, data.partition_index) else { continue };
                let Some(sent) = asked.get(&name) else { continue };
                let answer = request::fetched(data);
                self.followed.fetched(&name, sent, &answer, &self.common);
                if !answer.records.is_empty() {
                    self.served = Some(name);
                }
            }
        }
        Ok(())
    }
}
