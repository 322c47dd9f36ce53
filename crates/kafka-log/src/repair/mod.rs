//! Putting right what is wrong with the files of a log, and losing only what is lost.
//!
//! A repair is a plan first: what becomes of each file, what is lost with it, and why. Nothing is written until
//! [`apply`] is told to, and then nothing is deleted: what is replaced goes to a quarantine beside the partition,
//! from where [`undo`] brings it back byte for byte. A repair that was interrupted at any moment is finished by
//! [`finish`], or taken back by [`undo`].
//!
//! What survives is decided batch by batch: a batch whose checksum holds, and whose records can be read, is kept byte for
//! byte. The fields that the checksum does not cover are put right where the neighbours prove them. What is unreadable
//! leaves a gap in the offsets, which is legal and which consumers and followers step over.

mod apply;
mod checkpoints;
mod content;
mod donor;
mod epochs;
mod error;
mod extract;
mod files;
mod fill;
mod holes;
mod indexes;
mod journal;
mod layout;
mod like_kafka;
mod log_dir;
mod partition;
mod plan;
mod producers;
mod runs;
mod scan;
mod segment;
mod settle;
mod survivor;
mod transactions;

pub use apply::{Change, Finished, apply, finish, is_interrupted, undo};
pub use checkpoints::{DirCheckpoints, read_checkpoints};
pub use content::{Content, Piece};
pub use error::RepairError;
pub use extract::{ExtractOptions, Extracted, extract};
pub use like_kafka::plan_like_kafka;
pub use log_dir::{LogDirLock, LogDirPlan, Place, checkpoints_around, place, plan_log_dir};
pub use partition::plan_partition;
pub use plan::{Checkpoints, Lost, Options, PartitionPlan};
pub use settle::Restored;
