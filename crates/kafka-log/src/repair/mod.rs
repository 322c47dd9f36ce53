//! Putting right what is wrong with the files of a log, and losing only what is lost.
//!
//! A repair is a plan first: what becomes of each file, what is lost with it, and why. Nothing is written until
//! [`apply`] is told to, and then nothing is deleted: what is replaced goes to a quarantine beside the partition,
//! from where [`undo`] brings it back byte for byte. A repair that was interrupted at any moment is finished by
//! [`finish`], or undone by [`undo`]. All three take locks ([`LockedDir`]) that a broker and other repairs respect.
//!
//! What survives is decided batch by batch: a batch whose checksum holds, and whose records can be read, is kept byte for
//! byte. The fields that the checksum does not cover are corrected where the neighbours prove them. What is unreadable
//! leaves a gap in the offsets, which is legal and which consumers and followers step over.

mod apply;
mod content;
mod donor;
mod error;
mod extract;
mod fill;
mod finish;
mod home;
mod indexes;
mod journal;
mod layout;
mod like_kafka;
mod lock;
mod log_dir;
mod lost;
mod partition;
mod plan;
mod rebuild;
mod room;
mod txn_indexes;
mod undo;

pub use crate::audit::{Change, Content, Piece};
pub use apply::apply;
pub use error::RepairError;
pub use extract::{ExtractOptions, Extracted, extract};
pub use finish::{Finished, finish, is_interrupted};
pub use home::{Home, check_target, home};
pub use like_kafka::plan_like_kafka;
pub use lock::LockedDir;
pub use log_dir::{LogDirPlan, Place, place, plan_log_dir, plan_partition_alone};
#[cfg(test)]
pub(crate) use partition::plan_audited;
pub use partition::plan_partition;
pub use plan::{Lost, Options, PartitionPlan, Superseded};
pub use undo::undo;
