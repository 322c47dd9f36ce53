//! The controller of a cluster of one node (`QuorumController`): requests to records.
//!
//! Each request has a function `plan` that takes the image, a [`Context`] and the request, and gives an [`Outcome`]: the
//! records to append and the response for when they are on disk. Plans do no I/O. [`Controller`] executes them.

pub mod acls;
pub mod allocate_producer_ids;
pub mod alter_client_quotas;
pub mod alter_configs;
pub mod alter_partition_reassignments;
pub mod alter_user_scram_credentials;
pub mod create_partitions;
pub mod create_topics;
pub mod delete_topics;
pub mod describe_client_quotas;
pub mod describe_quorum;
pub mod describe_user_scram_credentials;
pub mod elect_leaders;
pub mod incremental_alter_configs;
pub mod list_partition_reassignments;
pub mod unregister_broker;
pub mod update_features;

mod activation;
mod configs;
mod elections;
mod error;
mod outcome;
mod partition_change;
mod placement;
mod registration;
mod rules;
mod runtime;
#[cfg(test)]
mod tests;
mod topic_name;

pub use error::{ApiError, ControllerError};
pub(crate) use outcome::free_of_charge;
pub use outcome::{Context, Outcome, RECORDS_MAX, Settings};
pub(crate) use registration::supported_features;
pub use registration::{BrokerRegistration, ControllerRegistration, Listener};
pub use rules::ConfigRules;
pub use runtime::{Controller, ControllerOptions};
pub(crate) use topic_name::check as check_topic_name;
