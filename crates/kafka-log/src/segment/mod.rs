//! One segment of a log: walking through the batches of a file.

pub mod batch;
pub mod chain;
pub(crate) mod error;
pub mod index_file;
pub(crate) mod log_segment;
pub mod resync;
pub mod scan;
