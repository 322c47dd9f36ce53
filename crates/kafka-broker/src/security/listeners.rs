//! What each listener asks of its clients at the moment.

use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use kafka_security::tls::{MappingRules, TlsError};
use parking_lot::RwLock;
use rustls::ServerConfig;

use crate::config::{BrokerConfig, Listener, ListenerSecurity, SaslConfig};

/// Security of a listener. Connections keep the one that they began with.
#[derive(Clone, Default)]
pub(crate) struct Live {
    pub(crate) tls: Option<Arc<ListenerTls>>,
    pub(crate) sasl: Option<Arc<SaslConfig>>,
}

/// TLS of a listener.
pub(crate) struct ListenerTls {
    pub(crate) server: Arc<ServerConfig>,
    /// From certificates to users.
    pub(crate) rules: MappingRules,
}

impl Live {
    /// Reads the stores of keys.
    pub(crate) fn load(security: &ListenerSecurity) -> Result<Self, TlsError> {
        let tls = security.tls.as_ref().map(|tls| {
            let server = tls.settings.server(tls.client_auth)?;
            Ok::<_, TlsError>(Arc::new(ListenerTls { server, rules: tls.rules.clone() }))
        });
        Ok(Live { tls: tls.transpose()?, sasl: security.sasl.clone() })
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
    fn load(name: &str, security: ListenerSecurity) -> Result<Self, TlsError> {
        // Looked at first: a file that changes meanwhile is read once more.
        let stamps = stamps(&security);
        let live = Live::load(&security)?;
        Ok(Slot { name: name.to_owned(), security, stamps, live })
    }
}

fn stamps(security: &ListenerSecurity) -> Vec<Stamp> {
    let stamp = |path: &Path| {
        let metadata = path.metadata().ok()?;
        Some((metadata.len(), metadata.modified().ok()?))
    };
    security.tls.iter().flat_map(|tls| tls.settings.files()).map(stamp).collect()
}

/// Security of the listeners, in their order.
pub(crate) struct Listeners(Vec<RwLock<Slot>>);

impl Listeners {
    /// Those of a broker with these settings.
    ///
    /// # Errors
    /// The name of a listener whose keys cannot be used, and why.
    pub(crate) fn load(config: &BrokerConfig) -> Result<Self, (String, TlsError)> {
        let of = |listener: &Listener| {
            let security = config.security_of(&listener.name).cloned().unwrap_or_default();
            Ok(RwLock::new(Slot::load(&listener.name, security).map_err(|error| (listener.name.clone(), error))?))
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
            let (name, security) = {
                let slot = slot.read();
                let security = security_of(&slot.name).unwrap_or_else(|| slot.security.clone());
                if security == slot.security && stamps(&security) == slot.stamps {
                    continue;
                }
                (slot.name.clone(), security)
            };
            let seen = stamps(&security);
            match Slot::load(&name, security) {
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
