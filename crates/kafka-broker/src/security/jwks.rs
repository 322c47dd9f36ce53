//! Keys of an issuer of tokens, and how they stay current (`RefreshingHttpsJwks`).
//!
//! A file is read when it changes, with the other files of a listener. What has to be fetched is fetched by a thread of its own: no
//! event loop and no client waits for the issuer.

use std::collections::VecDeque;
use std::fmt;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::thread;
use std::time::{Duration, Instant};

use kafka_security::oauth::{Endpoint, FetchError, Http, JwkSet, JwkSetError};
use kafka_security::tls::TlsError;
use parking_lot::{Mutex, RwLock};

use crate::config::JwksConfig;

/// How long an issuer may take for a connection, and for an answer.
const TIMEOUT: Duration = Duration::from_secs(5);
/// How many ids of keys that there are not are remembered, and for how long: each leads to one request in this time.
const MISSING_MAX: usize = 16;
const MISSING: Duration = Duration::from_secs(60);
/// Ids that are longer are not asked for.
const ID_MAX: usize = 1000;

/// Why there are no keys.
#[derive(Debug)]
pub(crate) enum JwksError {
    Read(PathBuf, io::Error),
    Fetch(FetchError),
    Set(String, JwkSetError),
    Tls(TlsError),
    Thread(io::Error),
}

impl fmt::Display for JwksError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            JwksError::Read(path, error) => write!(f, "{}: {error}", path.display()),
            JwksError::Fetch(error) => error.fmt(f),
            JwksError::Set(place, error) => write!(f, "{place}: {error}"),
            JwksError::Tls(error) => error.fmt(f),
            JwksError::Thread(error) => write!(f, "cannot start the thread that fetches keys: {error}"),
        }
    }
}

impl std::error::Error for JwksError {}

/// The keys of a listener. Its thread ends when it is dropped.
pub(crate) struct Jwks {
    config: JwksConfig,
    current: Arc<RwLock<Arc<JwkSet>>>,
    /// To the thread, where there is one: fetch now.
    wanted: Option<SyncSender<()>>,
    missing: Mutex<VecDeque<(String, Instant)>>,
}

impl Jwks {
    /// Reads or fetches the keys for the first time.
    pub(crate) fn load(config: &JwksConfig) -> Result<Self, JwksError> {
        let (current, wanted) = match &config.endpoint {
            Endpoint::File(path) => {
                let bytes = fs::read(path).map_err(|error| JwksError::Read(path.clone(), error))?;
                (shared(parsed(&path.display().to_string(), &bytes)?), None)
            }
            Endpoint::Http(url) => {
                let http = Http::new(&config.tls, TIMEOUT, TIMEOUT).map_err(JwksError::Tls)?;
                let source = Source { url: url.clone(), http, config: config.clone() };
                let current = shared(source.fetch()?);
                let (wanted, orders) = mpsc::sync_channel(1);
                let keys = Arc::clone(&current);
                let thread = thread::Builder::new().name("jwks-refresh".into());
                thread.spawn(move || source.refresh(&orders, &keys)).map_err(JwksError::Thread)?;
                (current, Some(wanted))
            }
        };
        Ok(Jwks { config: config.clone(), current, wanted, missing: Mutex::default() })
    }

    /// Whether these are the keys of such settings, and stay current by themselves.
    pub(crate) fn serves(&self, config: &JwksConfig) -> bool {
        self.wanted.is_some() && self.config == *config
    }

    /// The keys.
    pub(crate) fn current(&self) -> Arc<JwkSet> {
        Arc::clone(&self.current.read())
    }

    /// A token names a key that is not among them: they are fetched, unless that has been tried a short while ago.
    pub(crate) fn lacks(&self, id: &str, now: Instant) {
        let Some(wanted) = self.wanted.as_ref().filter(|_| id.len() <= ID_MAX) else { return };
        let mut missing = self.missing.lock();
        missing.retain(|(_, until)| now < *until);
        if missing.iter().any(|(known, _)| known == id) {
            return;
        }
        if missing.len() >= MISSING_MAX {
            missing.pop_front();
        }
        missing.push_back((id.to_owned(), now + MISSING));
        // One order that waits is enough.
        let _ = wanted.try_send(());
    }
}

fn shared(keys: JwkSet) -> Arc<RwLock<Arc<JwkSet>>> {
    Arc::new(RwLock::new(Arc::new(keys)))
}

fn parsed(place: &str, bytes: &[u8]) -> Result<JwkSet, JwksError> {
    let keys = JwkSet::parse(bytes).map_err(|error| JwksError::Set(place.to_owned(), error))?;
    if keys.is_empty() {
        tracing::warn!(place, "no key of these can be used");
    }
    Ok(keys)
}

/// What the thread works with.
struct Source {
    url: String,
    http: Http,
    config: JwksConfig,
}

impl Source {
    fn fetch(&self) -> Result<JwkSet, JwksError> {
        let bytes = Http::retry(self.config.backoff, self.config.backoff_max, || self.http.get(&self.url));
        parsed(&self.url, &bytes.map_err(JwksError::Fetch)?)
    }

    fn refresh(&self, orders: &Receiver<()>, keys: &RwLock<Arc<JwkSet>>) {
        while !matches!(orders.recv_timeout(self.config.refresh), Err(RecvTimeoutError::Disconnected)) {
            match self.fetch() {
                Ok(fetched) => {
                    tracing::info!(url = self.url, keys = fetched.len(), "keys of tokens were fetched");
                    *keys.write() = Arc::new(fetched);
                }
                Err(error) => tracing::warn!(%error, "keys of tokens cannot be fetched: the old ones stay"),
            }
        }
    }
}
