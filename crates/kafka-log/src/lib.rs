//! Apache Kafka's log, byte for byte: reads and writes every file of a Kafka log directory.
//!
//! - [`format`](mod@format): bytes to views and back, without I/O and without a clock: record batches of every version, indexes, producer
//!   snapshots, checkpoints, records of the internal topics.
//! - [`compression`]: the codecs of record batches, each behind a Cargo feature of its own name.
//! - [`fs`]: positioned reads, and mappings of files at rest (feature `mmap`).
//! - [`verify`]: what is wrong with the files of a log, without writing to them.
//! - [`segment`]: walking through the batches of a file, on several threads, past headers alone, or to an offset.
//!
//! | to | start with |
//! | --- | --- |
//! | read a segment that is in memory | [`Batches`](segment::batch::Batches), then [`RawBatch::parse`](segment::batch::RawBatch::parse) |
//! | read a segment file, however large | [`scan`](segment::scan::scan); header by header with [`HeaderReader`](segment::chain::HeaderReader) |
//! | read on behind damage | [`Resync`](segment::resync::Resync) |
//! | look up an offset or a time | [`OffsetIndex::lookup`](format::offset_index::OffsetIndex::lookup), [`TimeIndex::lookup`](format::time_index::TimeIndex::lookup); in a file [`OffsetIndexFile`](segment::index_file::OffsetIndexFile) |
//! | write a batch | [`RecordBatchBuilder`](format::builder::RecordBatchBuilder); change one in place with [`BatchMut`](format::batch_mut::BatchMut) |
//! | write an index | [`OffsetIndexAppender`](format::offset_index::OffsetIndexAppender), [`TimeIndexAppender`](format::time_index::TimeIndexAppender) |
//! | tell what a file is by its name | [`FileName`](format::file_name::FileName) |
//! | decode the records of an internal topic | [`InternalTopic`](format::schema::InternalTopic) |
//!
//! Real Apache Kafka 4.3.0 decides what is right; each item names its counterpart there.
//!
//! ```
//! use kafka_log::compression::{Codec, Compressor, Decompressor};
//! use kafka_log::format::builder::{BatchFields, RecordBatchBuilder};
//! use kafka_log::segment::batch::{Batch, Batches};
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

pub mod compression;
pub mod format;
pub mod fs;
pub mod log;
pub mod manager;
pub mod repair;
pub mod segment;
pub mod verify;
