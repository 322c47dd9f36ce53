//! Putting right what is wrong with the files of a log, and losing only what is lost.
//!
//! A repair is a plan first: what becomes of each file, what is lost with it, and why. Nothing is written until
//! [`apply`] is told to, and then nothing is deleted: what is replaced goes to a quarantine beside the partition,
//! from where [`undo`] brings it back byte for byte. A repair that was interrupted at any moment is finished by
//! [`finish`], or taken back by [`undo`].

mod apply;
mod content;
mod error;
mod journal;

pub use apply::{Change, Finished, apply, finish, is_interrupted, undo};
pub use content::{Content, Piece};
pub use error::RepairError;
