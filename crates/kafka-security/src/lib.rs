//! What broker and clients of Apache Kafka's protocol share of SASL and TLS: messages, credentials, key stores. Bytes go in and come
//! out; only keys and tokens of OAuth are fetched from elsewhere ([`oauth::Http`]).

pub mod jaas;
mod mechanism;
pub mod oauth;
pub mod plain;
mod protocol;
pub mod scram;
mod secret;
pub mod tls;

pub use mechanism::SaslMechanism;
pub use protocol::SecurityProtocol;
pub use secret::Secret;
