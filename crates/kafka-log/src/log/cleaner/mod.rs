//! Compaction: keeps the last record of each key (`Cleaner`).
//!
//! A round reads the dirty part of a log and notes the last offset of each key in an [`OffsetMap`](offset_map::OffsetMap);
//! then it reads the log from its start and writes what stays into new segments, which take the places of the old ones.
//! Appends and reads go on meanwhile.
//!
//! | module | what it decides | Kafka |
//! | --- | --- | --- |
//! | [`offset_map`] | last offset of a key | `SkimpyOffsetMap` |
//! | [`transactions`] | what is aborted, which markers are still needed | `CleanedTransactionMetadata` |
//! | [`retention`] | which batches and records stay | the filter in `Cleaner.cleanInto` |
//! | [`filter`] | bytes of the batches that stay | `MemoryRecords.filterTo` |
//! | [`group`] | which segments become one | `Cleaner.groupSegmentsBySize` |
//! | [`LogToClean`] | whether a log is dirty enough | `LogToClean`, `LogCleanerManager` |
//! | [`Cleaner`] | the two passes | `Cleaner` |

mod build_map;
mod candidate;
mod clean_into;
mod copy_records;
mod error;
mod filter;
mod group;
mod hooks;
mod io_buffer;
mod lanes;
mod offset_map;
mod retention;
mod round;
mod source;
mod stats;
mod transactions;

pub(crate) use candidate::LogToClean;
pub use hooks::CleanerHooks;
pub use round::{Cleaned, Cleaner, CleanerConfig};
pub use stats::CleanerStats;
