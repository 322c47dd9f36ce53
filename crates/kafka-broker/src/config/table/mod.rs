//! The settings that Kafka has: names, types, defaults and what values may be (`ConfigDef`).

mod broker;
mod broker_quota;
mod client_metrics;
mod documentation;
mod group;
mod own;
mod topic;

use std::collections::HashMap;
use std::sync::LazyLock;

use super::value::Check::{self, *};
pub(crate) use Kind::*;

/// The type of a setting (`ConfigDef.Type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Boolean,
    String,
    Int,
    Short,
    Long,
    Double,
    List,
    Class,
    Password,
}

/// How a setting of a broker can be changed while it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Update {
    ReadOnly,
    PerBroker,
    ClusterWide,
}

/// One setting (`ConfigDef.ConfigKey`); made by [`key`] and the functions that follow.
#[derive(Debug)]
pub(crate) struct ConfigKey {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    /// Null if `None`.
    pub(crate) default: Option<&'static str>,
    pub(crate) is_required: bool,
    pub(crate) check: Check,
    /// Not shown.
    pub(crate) is_internal: bool,
    pub(crate) update: Update,
    /// The broker's setting that gives the default.
    pub(crate) broker_name: Option<&'static str>,
}

const fn key(name: &'static str, kind: Kind) -> ConfigKey {
    ConfigKey {
        name,
        kind,
        default: None,
        is_required: false,
        check: Check::Any,
        is_internal: false,
        update: Update::ReadOnly,
        broker_name: None,
    }
}

impl ConfigKey {
    const fn default(mut self, text: &'static str) -> Self {
        self.default = Some(text);
        self
    }

    const fn required(mut self) -> Self {
        self.is_required = true;
        self
    }

    const fn check(mut self, check: Check) -> Self {
        self.check = check;
        self
    }

    const fn from(self, min: i64) -> Self {
        self.check(Check::AtLeast(min))
    }

    const fn range(self, min: i64, max: i64) -> Self {
        self.check(Check::Range(min, max))
    }

    const fn real(self, min: f64, max: f64) -> Self {
        self.check(Check::RealRange(min, max))
    }

    const fn one_of(self, words: &'static [&'static str]) -> Self {
        self.check(Check::OneOf(words))
    }

    const fn one_of_any_case(self, words: &'static [&'static str]) -> Self {
        self.check(Check::OneOfAnyCase(words))
    }

    const fn list(self, words: &'static [&'static str], may_be_empty: bool) -> Self {
        self.check(Check::Elements { words, may_be_empty })
    }

    const fn internal(mut self) -> Self {
        self.is_internal = true;
        self
    }

    const fn per_broker(mut self) -> Self {
        self.update = Update::PerBroker;
        self
    }

    const fn cluster_wide(mut self) -> Self {
        self.update = Update::ClusterWide;
        self
    }

    const fn of_broker(mut self, name: &'static str) -> Self {
        self.broker_name = Some(name);
        self
    }

    /// Whether its value is never shown.
    pub(crate) fn is_sensitive(&self) -> bool {
        self.kind == Password
    }
}

/// A table, in the order in which Kafka checks settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Table {
    Broker,
    /// Those of a broker that only the metadata log holds.
    BrokerQuota,
    Topic,
    Group,
    ClientMetrics,
    /// Those of a broker that Kafka does not have.
    Own,
}

impl Table {
    pub(crate) fn keys(self) -> &'static [ConfigKey] {
        match self {
            Table::Broker => broker::KEYS,
            Table::BrokerQuota => broker_quota::KEYS,
            Table::Topic => topic::KEYS,
            Table::Group => group::KEYS,
            Table::ClientMetrics => client_metrics::KEYS,
            Table::Own => own::KEYS,
        }
    }

    pub(crate) fn find(self, name: &str) -> Option<&'static ConfigKey> {
        // Rows of a broker look hundreds of names up, while an event loop waits.
        static OF_BROKER: LazyLock<HashMap<&str, &ConfigKey>> =
            LazyLock::new(|| broker::KEYS.iter().map(|key| (key.name, key)).collect());
        match self {
            Table::Broker => OF_BROKER.get(name).copied(),
            table => table.keys().iter().find(|key| key.name == name),
        }
    }
}
