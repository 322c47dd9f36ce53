//! Apache Kafka's log: every file of a log directory, read and written byte for byte, and the storage engine on top.
//!
//! # A log to build a broker on
//!
//! [`Log`](log::Log) is the log of one partition: it makes the same decisions as Kafka's log and writes the same files.
//! [`LogManager`](manager::LogManager) keeps many of them in several directories. Neither has a runtime, a network or a clock:
//! the caller passes the time, and background work runs on the caller's threads.
//!
//! ```
//! use kafka_log::prelude::*;
//!
//! # let dir = std::env::temp_dir().join(format!("kafka-log-front-page-{}", std::process::id()));
//! let now_ms = 1_700_000_000_000;
//! let (log, report) = Log::open(OsFs, &dir.join("orders-0"), LogOptions { now_ms, ..LogOptions::default() })?;
//! assert!(report.recovered_segments.is_empty());
//!
//! // What a producer sends is one batch with base offset 0. The log checks it and writes it with its offsets.
//! let mut builder = RecordBatchBuilder::new(BatchFields::default());
//! builder.append(0, now_ms, Some(b"Ada"), Some(b"first"), &[])?;
//! let mut records = Vec::new();
//! builder.finish(&mut Compressor::new(), &mut records)?;
//! match log.append_as_leader(&records, LeaderAppend::from_client(0), now_ms) {
//!     Ok(info) => assert_eq!(info.last_offset, 0),
//!     // The protocol's error code for the producer.
//!     Err(refused) => panic!("{}: {refused}", refused.code().name()),
//! }
//!
//! // Consumers see what is below the high watermark: here there are no other replicas to wait for.
//! log.set_sole_replica(true)?;
//!
//! // A fetch returns a part of a file, for `sendfile` or for reading.
//! let fetched = log.read(0, 1024 * 1024, FetchIsolation::HighWatermark, true)?;
//! let bytes = fetched.records.read()?;
//! for batch in Batches::new(&bytes) {
//!     let Batch::Default(batch) = batch?.parse()? else { continue };
//!     assert_eq!(batch.header().base_offset(), 0);
//! }
//!
//! log.flush(false, now_ms)?; // on disk
//! log.run_due(now_ms)?; // deferred tasks
//! log.close()?;
//! # std::fs::remove_dir_all(dir)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The modules
//!
//! [`prelude`] has the names that nearly every program needs, in one import. What is public here, and what is promised of it, is
//! in `docs/stability.md`.
//!
//!
//! - [`log`](mod@log): the log of a partition; [`manager`]: many logs in several directories.
//! - [`audit`]: finds what is wrong with the files of a log, read-only; [`repair`]: plans, executes and undoes repairs.
//! - [`format`](mod@format): bytes to views and back, without I/O and without a clock: record batches of every version, indexes, producer
//!   snapshots, checkpoints, records of the internal topics.
//! - [`compression`]: the codecs of record batches, each behind a Cargo feature of its own name.
//! - [`segment`]: readers for the batches of any segment file: on several threads, headers only, from an offset, or past damage.
//! - [`fs`]: files behind two traits, [`Fs`](fs::Fs) and [`FsFile`](fs::FsFile), with the real file system, and one that keeps all
//!   changes in memory ([`OverlayFs`](fs::overlay::OverlayFs)): on it a [`Log`](log::Log) opens a foreign or live directory without writing
//!   to it.
//!
//! | to | start with |
//! | --- | --- |
//! | append, as a leader or a follower | [`Log::append_as_leader`](log::Log::append_as_leader), [`Log::append_group_as_leader`](log::Log::append_group_as_leader), [`Log::append_as_follower`](log::Log::append_as_follower) |
//! | answer a fetch, a list-offsets | [`Log::read`](log::Log::read), [`Log::offset_for_timestamp`](log::Log::offset_for_timestamp) |
//! | read a segment that is in memory | [`Batches`](segment::batch::Batches), then [`RawBatch::parse`](segment::batch::RawBatch::parse) |
//! | read a segment file, however large | [`scan`](segment::scan::scan); header by header with [`HeaderReader`](segment::chain::HeaderReader) |
//! | continue after damage | [`Resync`](segment::resync::Resync) |
//! | look up an offset or a time | [`OffsetIndex::lookup`](format::offset_index::OffsetIndex::lookup), [`TimeIndex::lookup`](format::time_index::TimeIndex::lookup); in a file [`OffsetIndexFile`](segment::index_file::OffsetIndexFile) |
//! | write a batch | [`RecordBatchBuilder`](format::builder::RecordBatchBuilder); change one in place with [`BatchMut`](format::batch_mut::BatchMut) |
//! | write an index | [`OffsetIndexAppender`](format::offset_index::OffsetIndexAppender), [`TimeIndexAppender`](format::time_index::TimeIndexAppender) |
//! | tell what a file is by its name | [`FileName`](format::file_name::FileName) |
//! | decode the records of an internal topic | [`InternalTopic`](format::schema::InternalTopic) |
//!
//! Apache Kafka 4.3.0 is the reference; items name their counterparts there.
//!
//! # Bytes alone
//!
//! ```
//! use kafka_log::prelude::*;
//!
//! // A batch as a broker writes it ...
//! let fields = BatchFields { base_offset: 42, codec: Codec::Zstd, ..BatchFields::default() };
//! let mut builder = RecordBatchBuilder::new(fields);
//! builder.append(42, 1_700_000_000_000, Some(b"Ada"), Some(b"first"), &[])?;
//! builder.append(43, 1_700_000_000_001, Some(b"Grace"), None, &[])?;
//! let mut segment = Vec::new();
//! builder.finish(&mut Compressor::new(), &mut segment)?;
//!
//! // ... and what is in it. Keys and values are slices of the segment or of the decompressor's buffer.
//! let mut decompressor = Decompressor::new(16 * 1024 * 1024);
//! let mut keys = Vec::new();
//! for batch in Batches::new(&segment) {
//!     if let Batch::Default(batch) = batch?.parse()? {
//!         assert!(batch.is_valid());
//!         for record in batch.records(&mut decompressor)? {
//!             let record = record?;
//!             keys.push((record.offset, record.key.unwrap_or_default().to_vec()));
//!         }
//!     }
//! }
//! assert_eq!(keys, [(42, b"Ada".to_vec()), (43, b"Grace".to_vec())]);
//! # Ok::<(), kafka_log::format::FormatError>(())
//! ```

pub mod audit;
pub mod compression;
pub mod format;
pub mod fs;
pub mod log;
pub mod manager;
pub mod prelude;
pub mod repair;
pub mod segment;

#[doc(hidden)]
pub mod internal;

mod sync;

/// Runs the examples of the README as documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
