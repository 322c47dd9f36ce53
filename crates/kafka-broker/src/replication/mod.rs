//! Replication between brokers: what a follower of a partition does. State machines without I/O, and the threads around them.

pub(crate) mod fetcher;
mod follower;
mod quota;
mod replica;
#[cfg(test)]
mod tests;

pub(crate) use replica::{Appended, Offsets, Replica, ReplicaError};
