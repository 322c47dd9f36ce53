//! What `kafka-dump-log` and `kafka-log` have in common: values of options, exit codes, findings and JSON, progress.

pub mod exit;
pub(crate) mod finding;
pub(crate) mod json_lines;
mod offsets;
pub(crate) mod progress;
mod size;
mod threads;
mod time;

pub use offsets::OffsetRange;
pub use progress::ProgressOption;
pub use size::ByteSize;
pub use threads::parse_threads;
pub use time::TimeBound;
