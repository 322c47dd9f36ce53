//! What broker and clients of Apache Kafka's protocol share of SASL and TLS: messages, credentials, key stores. There are no sockets
//! here; bytes go in and come out.

pub mod jaas;
mod mechanism;
pub mod plain;
mod protocol;
pub mod scram;
mod secret;
pub mod tls;

pub use mechanism::SaslMechanism;
pub use protocol::SecurityProtocol;
pub use secret::Secret;
