//! Segments made in memory, for tests that need many records rather than Kafka's own.

use std::fs;
use std::io;
use std::path::Path;

use kafka_log::compression::Compressor;
use kafka_log::format::FormatError;
use kafka_log::format::builder::{BatchFields, RecordBatchBuilder};
use kafka_log::format::record::Header;

/// Uncompressed batches one after the other, with offsets from 0 on, of keyed text records of about 100 bytes with two
/// headers each.
///
/// # Errors
/// Where the records do not fit into a batch.
pub fn batches(count: usize, records_each: usize) -> Result<Vec<u8>, FormatError> {
    let (mut out, mut compressor) = (Vec::new(), Compressor::new());
    let mut builder = RecordBatchBuilder::new(BatchFields::default());
    let headers = [Header { key: b"trace", value: Some(b"8d2f") }, Header { key: b"none", value: None }];
    let mut offset = 0;
    for batch in 0..count {
        builder.reset(BatchFields { base_offset: offset, ..BatchFields::default() });
        for _ in 0..records_each {
            let key = format!("key-{offset:08}");
            let value = format!("{{\"order\":{offset},\"city\":\"Zürich\",\"note\":\"{:>30}\"}}", "");
            let timestamp = 1_700_000_000_000 + batch as i64;
            builder.append(offset, timestamp, Some(key.as_bytes()), Some(value.as_bytes()), &headers)?;
            offset += 1;
        }
        builder.finish(&mut compressor, &mut out)?;
    }
    Ok(out)
}

/// A batch of one uncompressed record at `base_offset`, of leader epoch 0.
///
/// # Errors
/// A record that does not fit into a batch.
pub fn single(base_offset: i64, value: &[u8]) -> Result<Vec<u8>, FormatError> {
    let fields = BatchFields { base_offset, partition_leader_epoch: 0, ..BatchFields::default() };
    let (mut builder, mut out) = (RecordBatchBuilder::new(fields), Vec::new());
    builder.append(base_offset, 1_700_000_000_000 + base_offset, Some(b"key"), Some(value), &[])?;
    builder.finish(&mut Compressor::new(), &mut out)?;
    Ok(out)
}

/// Makes a partition of `count` segments of one batch each, without indexes.
///
/// # Errors
/// I/O errors.
pub fn write_tiny(dir: &Path, count: u32) -> io::Result<()> {
    fs::create_dir_all(dir)?;
    for base_offset in 0..i64::from(count) {
        let batch = single(base_offset, b"a short value").map_err(io::Error::other)?;
        fs::write(dir.join(format!("{base_offset:020}.log")), batch)?;
    }
    Ok(())
}
