//! Settings of the broker, of topics and of groups, under Kafka's names.

mod authorizer;
mod broker;
mod created;
mod describe;
mod dynamic;
mod error;
mod given;
mod groups;
mod listeners;
mod nearest;
mod oauth;
mod peer;
mod rules;
mod sections;
mod security;
mod supported;
mod synonyms;
mod table;
#[cfg(test)]
mod tests;
mod threads;
mod value;
mod values;

pub use authorizer::AuthorizerConfig;
pub use broker::BrokerConfig;
pub(crate) use describe::{Row, broker_logger_rows, client_metrics_rows, document};
pub(crate) use dynamic::{DynamicConfigs, configs_of};
pub use error::{ConfigError, ConfigWarning, Place, SettingError};
pub use groups::Order;
pub use kafka_security::SecurityProtocol;
pub use listeners::Listener;
pub(crate) use oauth::{JwksConfig, OauthConfig};
pub use rules::Rules;
pub use sections::{
    FetchConfig, GroupsConfig, MemberConfig, MetadataLogConfig, NetworkConfig, OffsetsConfig, QuotasConfig,
    ReplicaFetchConfig, ReplicationConfig, TopicsConfig, TransactionsConfig,
};
pub(crate) use security::{ListenerSecurity, SaslConfig};
pub use value::InvalidValue;
