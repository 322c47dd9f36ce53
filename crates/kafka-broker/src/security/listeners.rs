//! What each listener asks of its clients at the moment.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use kafka_security::tls::{MappingRules, TlsError};
use parking_lot::RwLock;
use rustls::ServerConfig;

use super::jwks::{Jwks, JwksError};
use crate::config::{BrokerConfig, Listener, ListenerSecurity, OauthConfig, SaslConfig};

/// Security of a listener. Connections keep the one that they began with.
#[derive(Clone, Default)]
pub(crate) struct Live {
    pub(crate) tls: Option<Arc<ListenerTls>>,
    pub(crate) sasl: Option<Arc<ListenerSasl>>,
}

/// SASL of a listener.
pub(crate) struct ListenerSasl {
    pub(crate) config: Arc<SaslConfig>,
    /// Keys of who issues tokens, where such are believed.
    pub(crate) jwks: Option<Arc<Jwks>>,
}

/// Why the security of a listener cannot be had.
pub(crate) enum LoadError {
    Tls(TlsError),
    Jwks(JwksError),
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LoadError::Tls(error) => error.fmt(f),
            LoadError::Jwks(error) => error.fmt(f),
        }
    }
}

impl From<TlsError> for LoadError {
    fn from(error: TlsError) -> Self {
        LoadError::Tls(error)
    }
}

/// TLS of a listener.
pub(crate) struct ListenerTls {
    pub(crate) server: Arc<ServerConfig>,
    /// From certificates to users.
    pub(crate) rules: MappingRules,
}

impl Live {
    /// Reads the stores of keys. What stays current by itself is taken over from before.
    fn load(security: &ListenerSecurity, before: &Live) -> Result<Self, LoadError> {
        let tls = security.tls.as_ref().map(|tls| {
            let server = tls.settings.server(tls.client_auth)?;
            Ok::<_, TlsError>(Arc::new(ListenerTls { server, rules: tls.rules.clone() }))
        });
        let sasl = security.sasl.as_ref().map(|config| {
            let jwks = config.oauth.as_ref().and_then(OauthConfig::jwks).map(|jwks| {
                let known = before.sasl.as_ref().and_then(|sasl| sasl.jwks.clone());
                match known.filter(|known| known.serves(jwks)) {
                    Some(known) => Ok(known),
                    None => Jwks::load(jwks).map(Arc::new).map_err(LoadError::Jwks),
                }
            });
            Ok::<_, LoadError>(Arc::new(ListenerSasl { config: Arc::clone(config), jwks: jwks.transpose()? }))
        });
        Ok(Live { tls: tls.transpose()?, sasl: sasl.transpose()? })
    }
}

/// A listener: what its settings say, and what was made of them.
struct Slot {
    name: String,
    security: ListenerSecurity,
    /// The files of its stores, as they were when they were read.
    stamps: Vec<Stamp>,
    live: Live,
}

/// A file at a time: another length or time of change is another file.
type Stamp = Option<(u64, SystemTime)>;

impl Slot {
    fn load(name: &str, security: ListenerSecurity, before: &Live) -> Result<Self, LoadError> {
        // Looked at first: a file that changes meanwhile is read once more.
        let stamps = stamps(&security);
        let live = Live::load(&security, before)?;
        Ok(Slot { name: name.to_owned(), security, stamps, live })
    }
}

fn stamps(security: &ListenerSecurity) -> Vec<Stamp> {
    let stamp = |path: &Path| {
        let metadata = path.metadata().ok()?;
        Some((metadata.len(), metadata.modified().ok()?))
    };
    let of_tls = security.tls.iter().flat_map(|tls| tls.settings.files());
    let of_oauth = security.sasl.iter().filter_map(|sasl| sasl.oauth.as_ref()?.file());
    of_tls.chain(of_oauth).map(stamp).collect()
}

/// Security of the listeners, in their order.
pub(crate) struct Listeners(Vec<RwLock<Slot>>);

impl Listeners {
    /// Those of a broker with these settings.
    ///
    /// # Errors
    /// The name of a listener whose keys cannot be used, and why.
    pub(crate) fn load(config: &BrokerConfig) -> Result<Self, (String, LoadError)> {
        let of = |listener: &Listener| {
            let security = config.security_of(&listener.name).cloned().unwrap_or_default();
            let slot = Slot::load(&listener.name, security, &Live::default());
            Ok(RwLock::new(slot.map_err(|error| (listener.name.clone(), error))?))
        };
        Ok(Listeners(config.listeners.iter().map(of).collect::<Result<_, _>>()?))
    }

    /// The listener at this position.
    pub(crate) fn get(&self, listener: usize) -> Option<Live> {
        self.0.get(listener).map(|slot| slot.read().live.clone())
    }

    /// Puts other settings in force, for connections that come.
    pub(crate) fn update(&self, config: &BrokerConfig) {
        self.refresh(|name| config.security_of(name).cloned());
    }

    /// Reads stores again whose files have changed.
    pub(crate) fn watch(&self) {
        self.refresh(|_| None);
    }

    /// What cannot be used is not put in force: the listener goes on as before.
    fn refresh(&self, security_of: impl Fn(&str) -> Option<ListenerSecurity>) {
        for slot in &self.0 {
            let (name, security, before) = {
                let slot = slot.read();
                let security = security_of(&slot.name).unwrap_or_else(|| slot.security.clone());
                if security == slot.security && stamps(&security) == slot.stamps {
                    continue;
                }
                (slot.name.clone(), security, slot.live.clone())
            };
            let seen = stamps(&security);
            match Slot::load(&name, security, &before) {
                Ok(loaded) => {
                    *slot.write() = loaded;
                    tracing::info!(listener = name, "security of a listener was renewed");
                }
                Err(error) => {
                    // It is looked at again when the files change once more.
                    slot.write().stamps = seen;
                    tracing::error!(listener = name, %error, "security of a listener cannot be renewed");
                }
            }
        }
    }
}
