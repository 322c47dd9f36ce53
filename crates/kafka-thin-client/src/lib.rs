//! A thin client of Apache Kafka's protocol. It serves the tools and tests of this project and may change at any time.
//!
//! Everything is blocking and runs on the calling thread. [`Connection`] is one connection to one node: negotiated versions,
//! requests in flight, responses in order. [`Client`] is a cluster: it finds nodes, leaders and coordinators, connects to them and
//! tries again as Kafka's clients do. [`admin`] has the calls of Kafka's `Admin` on top of it.
//!
//! ```no_run
//! use kafka_rpc::messages::DescribeClusterRequest;
//! use kafka_thin_client::{Client, ClientConfig, admin};
//!
//! let mut client = Client::new(ClientConfig::new(["localhost:9092"]))?;
//! println!("{:?}", admin::list_topics(&mut client)?);
//! let reply = client.send_to_any(&DescribeClusterRequest::default())?;
//! println!("{}", reply.message()?.cluster_id);
//! # Ok::<(), kafka_thin_client::ClientError>(())
//! ```

pub mod admin;
mod cluster;
mod config;
mod connection;
pub mod consumer;
mod error;
pub mod fetch_session;
pub mod group;
pub mod producer;
mod security;

pub use cluster::{Client, Cluster, CoordinatorType, Node, Partition, Topic};
pub use config::{ClientConfig, ConfigError, Properties};
pub use connection::{Connection, ConnectionConfig, NodeVersions, Pending, Reply};
pub use error::{ApiError, ClientError, Peer};
pub use group::TopicPartition;
pub use security::Security;
