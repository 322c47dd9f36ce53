//! Which requests something happens to.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use kafka_rpc::{ApiKey, ErrorCode};
use parking_lot::Mutex;

use super::answer::can_fail;

/// Most faults that wait for their requests.
const MAX: usize = 1000;

/// Something that happens to the next requests of an API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub(super) api: ApiKey,
    pub(super) client_id: Option<String>,
    pub(super) times: u32,
    pub(super) effect: Effect,
}

/// What happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// The answer is an error, and nothing else happens.
    Fail(ErrorCode),
    /// The request is handled later.
    Delay(Duration),
    /// The connection is closed, and the request not handled.
    Drop,
}

impl Fault {
    /// The next request is answered with an error, for everything that it asks for.
    pub fn fail(api: ApiKey, error: ErrorCode) -> Self {
        Fault::new(api, Effect::Fail(error))
    }

    /// The next request is handled later. Its connection waits meanwhile, others do not.
    pub fn delay(api: ApiKey, by: Duration) -> Self {
        Fault::new(api, Effect::Delay(by))
    }

    /// The connection of the next request is closed; the request is not handled.
    pub fn drop_connection(api: ApiKey) -> Self {
        Fault::new(api, Effect::Drop)
    }

    fn new(api: ApiKey, effect: Effect) -> Self {
        Fault { api, client_id: None, times: 1, effect }
    }

    /// For as many requests, instead of one.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = times;
        self
    }

    /// For requests of one client only (`client.id`).
    #[must_use]
    pub fn of_client(mut self, client_id: impl Into<String>) -> Self {
        self.client_id = Some(client_id.into());
        self
    }

    fn is_for(&self, api: ApiKey, client_id: &str) -> bool {
        self.api == api && self.client_id.as_deref().is_none_or(|wanted| wanted == client_id)
    }
}

/// Why a fault is not armed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FaultError {
    /// The broker makes no errors up for this API. Its requests can be delayed, and their connections closed.
    NoAnswer(ApiKey),
    /// There are too many faults that wait for their requests.
    TooMany,
}

impl fmt::Display for FaultError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FaultError::NoAnswer(api) => {
                write!(f, "requests of {} can be delayed or dropped, but not failed", api.name())
            }
            FaultError::TooMany => write!(f, "there are {MAX} faults already"),
        }
    }
}

impl std::error::Error for FaultError {}

/// The faults that wait for their requests.
#[derive(Default)]
pub(crate) struct FaultTable {
    is_armed: AtomicBool,
    faults: Mutex<Faults>,
}

#[derive(Default)]
struct Faults {
    last_id: u64,
    waiting: Vec<(u64, Fault)>,
}

impl FaultTable {
    /// Whether there is any.
    pub(crate) fn is_armed(&self) -> bool {
        self.is_armed.load(Ordering::Relaxed)
    }

    /// What happens to this request. It counts.
    pub(crate) fn decide(&self, api: ApiKey, client_id: &str) -> Option<Effect> {
        let mut faults = self.faults.lock();
        let at = faults.waiting.iter().position(|(_, fault)| fault.is_for(api, client_id))?;
        let (_, fault) = faults.waiting.get_mut(at)?;
        let effect = fault.effect;
        fault.times -= 1;
        if fault.times == 0 {
            faults.waiting.remove(at);
            self.is_armed.store(!faults.waiting.is_empty(), Ordering::Relaxed);
        }
        Some(effect)
    }

    /// Arms a fault, after those that wait already; gives its number.
    pub(super) fn add(&self, fault: Fault) -> Result<u64, FaultError> {
        if matches!(fault.effect, Effect::Fail(_)) && !can_fail(fault.api) {
            return Err(FaultError::NoAnswer(fault.api));
        }
        let mut faults = self.faults.lock();
        if faults.waiting.len() >= MAX {
            return Err(FaultError::TooMany);
        }
        faults.last_id += 1;
        let id = faults.last_id;
        if fault.times > 0 {
            faults.waiting.push((id, fault));
            self.is_armed.store(true, Ordering::Relaxed);
        }
        Ok(id)
    }

    /// Those that wait, in their order.
    pub(super) fn waiting(&self) -> Vec<(u64, Fault)> {
        self.faults.lock().waiting.clone()
    }

    /// Forgets them.
    pub(super) fn clear(&self) {
        let mut faults = self.faults.lock();
        faults.waiting.clear();
        self.is_armed.store(false, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DELAY: Effect = Effect::Delay(Duration::from_millis(5));

    #[test]
    fn faults_happen_in_their_order_as_often_as_they_say_and_to_whom_they_say() {
        let table = FaultTable::default();
        assert!(!table.is_armed());
        table.add(Fault::delay(ApiKey::Fetch, Duration::from_millis(5)).times(2).of_client("one")).unwrap();
        let error = ErrorCode::NotLeaderOrFollower;
        table.add(Fault::fail(ApiKey::Fetch, error)).unwrap();
        assert!(table.is_armed());
        assert_eq!(table.decide(ApiKey::Produce, "one"), None);
        assert_eq!(table.decide(ApiKey::Fetch, "one"), Some(DELAY));
        assert_eq!(table.decide(ApiKey::Fetch, "two"), Some(Effect::Fail(error)));
        assert_eq!(table.decide(ApiKey::Fetch, "two"), None);
        assert_eq!(table.waiting().len(), 1);
        assert_eq!(table.decide(ApiKey::Fetch, "one"), Some(DELAY));
        assert!(!table.is_armed());
    }

    #[test]
    fn what_cannot_happen_is_refused() {
        let table = FaultTable::default();
        let error = ErrorCode::UnknownServerError;
        assert_eq!(
            table.add(Fault::fail(ApiKey::DescribeQuorum, error)),
            Err(FaultError::NoAnswer(ApiKey::DescribeQuorum))
        );
        table.add(Fault::drop_connection(ApiKey::DescribeQuorum).times(0)).unwrap();
        assert!(!table.is_armed(), "no times");
        for _ in 0..MAX {
            table.add(Fault::drop_connection(ApiKey::Fetch)).unwrap();
        }
        assert_eq!(table.add(Fault::drop_connection(ApiKey::Fetch)), Err(FaultError::TooMany));
        table.clear();
        assert!(!table.is_armed() && table.waiting().is_empty());
    }
}
