//! Segments made in memory, for tests that need many records rather than Kafka's own.

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
