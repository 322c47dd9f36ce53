//! What each listener asks of its clients at the moment.

use std::sync::Arc;

use parking_lot::RwLock;

use crate::config::{BrokerConfig, ListenerSecurity};

/// Security of the listeners, in their order. Connections keep what they began with.
pub(crate) struct Listeners(Vec<RwLock<Arc<ListenerSecurity>>>);

impl Listeners {
    /// Those of a broker with these settings.
    pub(crate) fn new(config: &BrokerConfig) -> Self {
        let of = |listener: &crate::config::Listener| config.security_of(&listener.name).cloned().unwrap_or_default();
        Listeners(config.listeners.iter().map(|listener| RwLock::new(Arc::new(of(listener)))).collect())
    }

    /// The listener at this position.
    pub(crate) fn get(&self, listener: usize) -> Option<Arc<ListenerSecurity>> {
        self.0.get(listener).map(|of| Arc::clone(&of.read()))
    }
}
