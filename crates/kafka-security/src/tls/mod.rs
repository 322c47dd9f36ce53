//! TLS: key stores and trust stores under Kafka's settings, and what is made of them.

mod ec_key;
mod error;
mod name;
mod pem;
mod pkcs12;
mod rules;
mod settings;
mod store;
mod verify;

pub use error::TlsError;
pub use name::principal_name;
pub use rules::{MappingRules, RuleError};
pub use settings::{ClientAuth, TlsSettings};

/// The settings that this module reads.
pub const KEYS: &[&str] = &[
    "ssl.cipher.suites",
    "ssl.enabled.protocols",
    "ssl.key.password",
    "ssl.keystore.certificate.chain",
    "ssl.keystore.key",
    "ssl.keystore.location",
    "ssl.keystore.password",
    "ssl.keystore.type",
    "ssl.truststore.certificates",
    "ssl.truststore.location",
    "ssl.truststore.password",
    "ssl.truststore.type",
];
