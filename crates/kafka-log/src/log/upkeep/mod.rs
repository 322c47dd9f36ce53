//! What keeps the files of a log up to date between appends: syncs, work that was put off, the metadata file, the end of a log.

mod close;
mod flush;
mod metadata;
mod tasks;

pub(in crate::log) use flush::Syncs;
pub(in crate::log) use tasks::{Task, Work, remove_file};
