//! A broker that speaks Apache Kafka's protocol and keeps its data as Kafka does: one node, with its controller.
//!
//! A test gets one at a free port, with its data in a temporary directory:
//!
//! ```no_run
//! let broker = kafka_broker::Broker::ephemeral()?;
//! println!("bootstrap.servers={}", broker.bootstrap());
//! # Ok::<(), kafka_broker::StartError>(())
//! ```
//!
//! [`Broker::start`] takes the settings of Kafka's `server.properties` ([`BrokerConfig::load`]). A broker stops when it is dropped;
//! [`Broker::stop`] also says whether everything is on disk.
//!
//! The modules [`config`], [`metadata`] and [`controller`] are public for the tools and tests of this project. They may change at any
//! time.

mod api;
mod broker;
mod clock;
mod cluster;
pub mod config;
pub mod controller;
mod controller_thread;
mod coordinator;
mod disk;
mod faults;
mod group;
mod http;
mod marker;
pub mod metadata;
mod metrics;
mod mover;
mod net;
mod partitions;
mod producer_ids;
mod quotas;
mod replication;
mod security;
mod topics;
mod transaction;

pub use broker::{Broker, StartError, StopReport};
pub use cluster::ObserverError;
pub use config::{BrokerConfig, ConfigError, ConfigWarning};
#[cfg(feature = "any-fs")]
pub use disk::Disk as AnyFs;
pub use faults::{Fault, FaultError, Faults};
pub use kafka_rpc::{ApiKey, ErrorCode};

/// Bytes from the operating system's generator.
fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system provides random bytes");
    bytes
}
