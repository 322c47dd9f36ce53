//! Message definitions that the log and the network share: records of internal topics, control records and the consumer
//! protocol, one file per topic or kind of group.

pub mod classic_group;
pub mod cluster_metadata;
pub mod consumer_group;
pub mod consumer_protocol;
pub mod control;
pub mod remote_log;
pub mod share_group;
pub mod share_state;
pub mod streams_group;
pub mod transaction;
