//! The partitions with a replica on this broker: by name and by id, with their logs and the fetches that wait for them.

mod follower;
mod leader;
mod partition;
mod role;
mod table;
mod watch;

pub(crate) use partition::{AppendRefused, Hosted, Partition, Submission};
pub(crate) use role::Assumed;
pub(crate) use table::{Topic, Topics};
pub(crate) use watch::Watch;
