//! The group coordinator: classic groups, consumer groups and committed offsets, kept in `__consumer_offsets` as Kafka keeps them.
//!
//! `Coordinators` is the part that the broker talks to. It picks the partition of `__consumer_offsets` that a group
//! belongs to and locks its `Shard`, a state machine without I/O: a request and the time go in, records to append
//! and replies come out. See `docs/broker-groups.md`.

mod api;
mod assign;
mod classic;
mod consumer;
mod coordinators;
mod encode;
mod java;
mod modern;
mod offsets;
mod outcome;
mod reply;
mod resolve;
mod shard;
#[cfg(test)]
mod tests;
mod timers;

pub(crate) use api::{
    Appended, Client, GroupConfig, GroupCounts, Journal, Metadata, Migration, Replies, Reply, TopicInfo, Topics,
};
pub(crate) use assign::Assignor;
pub(crate) use coordinators::{Coordinators, Load};
pub(crate) use encode::EncodeError;
pub(crate) use java::partition_for;
pub(crate) use outcome::append_error;
pub(crate) use resolve::{refuse_offset_commit, refuse_txn_offset_commit};
