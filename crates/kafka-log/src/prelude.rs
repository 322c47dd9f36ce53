//! The names that a program needs to keep logs, to read and write their records, or to look into their files:
//! `use kafka_log::prelude::*;`.

pub use crate::audit::{AuditOptions, Checkpoints, Finding, PartitionReport, Verdict, verify_partition};
pub use crate::compression::{Codec, Compressor, Decompressor};
pub use crate::format::FormatError;
pub use crate::format::batch::{RecordBatch, TimestampType};
pub use crate::format::builder::{BatchFields, RecordBatchBuilder};
pub use crate::format::file_name::{FileKind, FileName};
pub use crate::format::record::{Header, Record};
pub use crate::format::uuid::Uuid;
pub use crate::fs::{Fs, OsFs};
pub use crate::log::config::LogConfig;
pub use crate::log::error::{AppendError, ErrorCode, KafkaError, LogError, StorageError};
pub use crate::log::types::{AppendOrigin, FetchIsolation, LogAppendInfo, Watermarks};
pub use crate::log::{
    FetchDataInfo, FileSlice, LeaderAppend, Log, LogObserver, LogOptions, OpenError, OpenReport, TimestampSpec,
    TopicPartition,
};
pub use crate::manager::background::{Background, SystemClock};
pub use crate::manager::{
    CreateLog, LogManager, LogManagerConfig, ManagerError, NewTopic, Startup, StdThreads, Unloaded,
};
pub use crate::segment::batch::{Batch, Batches, RawBatch};
