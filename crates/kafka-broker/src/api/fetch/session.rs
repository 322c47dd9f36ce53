//! Fetch sessions (KIP-227, `FetchSession`): the broker remembers what a consumer fetches, so that requests and responses name
//! what has changed alone.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use kafka_rpc::ErrorCode;
use kafka_rpc::messages::FetchRequest;
use kafka_rpc::messages::fetch_response::PartitionData;
use parking_lot::Mutex;

use super::plan::{Asked, Planned, TopicKey};
use crate::broker::Shared;

/// Epoch of a request without a session, which ends the one that it names.
const FINAL_EPOCH: i32 = -1;
/// Epoch of a request that begins a session.
const INITIAL_EPOCH: i32 = 0;
/// Most partitions of a session. A fetch of more has none, and names all of them each time.
const PARTITIONS_MAX: usize = 10_000;
/// A new session may replace one that was not used for this time, in ms.
const EVICTABLE_AFTER_MS: i64 = 120_000;

/// The sessions of a broker, at most `max.incremental.fetch.session.cache.slots`.
pub(crate) struct Sessions {
    max: usize,
    open: Mutex<HashMap<i32, (Arc<Session>, i64)>>,
}

/// What a request belongs to.
pub(super) enum Opened {
    Sessionless,
    Session { session: Arc<Session>, is_incremental: bool },
}

/// A session.
pub(super) struct Session {
    id: i32,
    has_topic_ids: bool,
    state: Mutex<State>,
}

type Key = (TopicKey, i32);

/// The partitions, in the order in which the next response fills up.
#[derive(Default)]
struct State {
    epoch: i32,
    partitions: BTreeMap<u64, Cached>,
    places: HashMap<Key, u64>,
    next_place: u64,
}

struct Cached {
    key: Key,
    asked: Asked,
    /// What the client was told last, -1 before the first time.
    high_watermark: i64,
    log_start_offset: i64,
}

impl Sessions {
    pub(crate) fn new(max: usize) -> Self {
        Sessions { max, open: Mutex::default() }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.open.lock().len()
    }

    /// The session of a request, brought up to date (`FetchManager.newContext`).
    pub(super) fn open(&self, request: &FetchRequest<'_>, version: i16, now_ms: i64) -> Result<Opened, ErrorCode> {
        let has_topic_ids = version >= 13;
        let mut open = self.open.lock();
        if version < 7 || request.session_epoch == FINAL_EPOCH || request.session_epoch == INITIAL_EPOCH {
            open.remove(&request.session_id);
            let asked: usize = request.topics.iter().map(|topic| topic.partitions.len()).sum();
            if version < 7 || request.session_epoch == FINAL_EPOCH || !(1..=PARTITIONS_MAX).contains(&asked) {
                return Ok(Opened::Sessionless);
            }
            let Some(id) = self.make_room(&mut open, now_ms) else { return Ok(Opened::Sessionless) };
            let session = Arc::new(Session { id, has_topic_ids, state: Mutex::default() });
            session.update(request);
            session.state.lock().epoch = 1;
            open.insert(id, (Arc::clone(&session), now_ms));
            return Ok(Opened::Session { session, is_incremental: false });
        }
        let (session, used_ms) = open.get_mut(&request.session_id).ok_or(ErrorCode::FetchSessionIdNotFound)?;
        if session.has_topic_ids != has_topic_ids {
            return Err(ErrorCode::FetchSessionTopicIdError);
        }
        {
            let mut state = session.state.lock();
            if state.epoch != request.session_epoch {
                return Err(ErrorCode::InvalidFetchSessionEpoch);
            }
            state.epoch = state.epoch.checked_add(1).unwrap_or(1);
        }
        session.update(request);
        let partitions = session.state.lock().partitions.len();
        match partitions {
            0 => {
                open.remove(&request.session_id);
                return Ok(Opened::Sessionless);
            }
            1..=PARTITIONS_MAX => {}
            // The client asks again for all of them, and gets no session.
            _ => {
                open.remove(&request.session_id);
                return Err(ErrorCode::FetchSessionIdNotFound);
            }
        }
        *used_ms = now_ms;
        Ok(Opened::Session { session: Arc::clone(session), is_incremental: true })
    }

    /// Ends a session.
    pub(super) fn end(&self, id: i32) {
        self.open.lock().remove(&id);
    }

    /// An id for a new session, if there is room for one.
    fn make_room(&self, open: &mut HashMap<i32, (Arc<Session>, i64)>, now_ms: i64) -> Option<i32> {
        if open.len() >= self.max {
            let oldest = open.iter().min_by_key(|(_, (_, used_ms))| *used_ms).map(|(id, (_, used_ms))| (*id, *used_ms));
            let (id, used_ms) = oldest?;
            if now_ms.saturating_sub(used_ms) < EVICTABLE_AFTER_MS {
                return None;
            }
            open.remove(&id);
        }
        loop {
            let id = i32::from_be_bytes(crate::random_bytes()) & i32::MAX;
            if id != 0 && !open.contains_key(&id) {
                return Some(id);
            }
        }
    }
}

impl Session {
    pub(super) const fn id(&self) -> i32 {
        self.id
    }

    /// Adds, changes and forgets partitions as a request says.
    fn update(&self, request: &FetchRequest<'_>) {
        let mut state = self.state.lock();
        for topic in &request.topics {
            let key = TopicKey { name: Arc::from(&*topic.topic), id: topic.topic_id };
            for partition in &topic.partitions {
                state.set((key.clone(), partition.partition), Asked::of(partition));
            }
        }
        for topic in &request.forgotten_topics_data {
            let key = TopicKey { name: Arc::from(&*topic.topic), id: topic.topic_id };
            for &number in &topic.partitions {
                state.forget(&(key.clone(), number));
            }
        }
    }

    /// The partitions to read, with what is asked of them.
    pub(super) fn plan(&self, shared: &Shared) -> Vec<Planned> {
        let state = self.state.lock();
        let cached = state.partitions.values();
        cached.map(|cached| Planned::new(shared, cached.key.0.clone(), cached.key.1, cached.asked)).collect()
    }

    /// Notes what a response tells. `is_incremental`: leaves out the partitions of which there is nothing new.
    pub(super) fn note(&self, answers: &mut Vec<(&TopicKey, PartitionData<'static>)>, is_incremental: bool) {
        let mut state = self.state.lock();
        answers.retain(|(topic, data)| {
            // With an id the name is empty on the wire and here.
            let key = ((*topic).clone(), data.partition_index);
            let is_news = state.note(&key, data);
            is_news || !is_incremental
        });
    }
}

impl State {
    fn set(&mut self, key: Key, asked: Asked) {
        if let Some(cached) = self.places.get(&key).and_then(|place| self.partitions.get_mut(place)) {
            cached.asked = asked;
            return;
        }
        let place = self.take_place();
        self.places.insert(key.clone(), place);
        self.partitions.insert(place, Cached { key, asked, high_watermark: -1, log_start_offset: -1 });
    }

    fn forget(&mut self, key: &Key) {
        if let Some(place) = self.places.remove(key) {
            self.partitions.remove(&place);
        }
    }

    const fn take_place(&mut self) -> u64 {
        self.next_place += 1;
        self.next_place
    }

    /// Notes what is told of a partition; says whether it is news (`maybeUpdateResponseData`).
    fn note(&mut self, key: &Key, data: &PartitionData<'_>) -> bool {
        let next = self.next_place + 1;
        let Some(place) = self.places.get_mut(key) else { return true };
        let Some(cached) = self.partitions.get_mut(place) else { return true };
        let has_records = data.records.as_ref().is_some_and(|records| !records.is_empty());
        let mut is_news = has_records || data.diverging_epoch.epoch >= 0 || data.preferred_read_replica >= 0;
        if cached.high_watermark != data.high_watermark {
            cached.high_watermark = data.high_watermark;
            is_news = true;
        }
        if cached.log_start_offset != data.log_start_offset {
            cached.log_start_offset = data.log_start_offset;
            is_news = true;
        }
        if data.error_code != ErrorCode::None.code() {
            // The error is told again as long as there is one; after it everything is news.
            cached.high_watermark = -1;
            is_news = true;
        }
        if has_records && let Some(cached) = self.partitions.remove(place) {
            // Those that got nothing come first next time.
            *place = next;
            self.next_place = next;
            self.partitions.insert(next, cached);
        }
        is_news
    }
}
