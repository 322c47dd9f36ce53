//! Checking what a leader appends allocates nothing once the buffers have met such a batch, whatever becomes of it.
#![expect(clippy::unwrap_used, reason = "a batch that is refused fails the test")]

use kafka_log::compression::{Codec, Compressor};
use kafka_log::format::builder::{BatchFields, RecordBatchBuilder};
use kafka_log::internal::{AnalyzeParams, analyze};
use kafka_log::internal::{ValidationParams, ValidationScratch, validate};
use kafka_log::log::config::{CompressionType, LogConfig};
use kafka_log::log::types::AppendOrigin;
use tests::allocations::{Counting, allocations};

#[global_allocator]
static COUNTING: Counting = Counting;

const NOW: i64 = 1_700_000_000_000;

fn batch(codec: Codec) -> Vec<u8> {
    let mut builder = RecordBatchBuilder::new(BatchFields { codec, ..BatchFields::default() });
    for offset in 0..100 {
        builder.append(offset, NOW + offset, Some(b"key"), Some(&[offset as u8; 100]), &[]).unwrap();
    }
    let mut out = Vec::new();
    builder.finish(&mut Compressor::new(), &mut out).unwrap();
    out
}

fn append(records: &mut [u8], config: &LogConfig, scratch: &mut ValidationScratch) {
    let params = AnalyzeParams {
        origin: AppendOrigin::Client,
        leader_epoch: 3,
        max_message_bytes: Some(config.max_message_bytes),
        offsets_must_grow: false,
    };
    let found = analyze(records, &params).unwrap();
    let params = ValidationParams::new(config, found.source_codec, AppendOrigin::Client, NOW);
    let validated = validate(records, &params, scratch).unwrap();
    let batch = if validated.rebuilt { scratch.rebuilt_mut() } else { records };
    assert_eq!(validated.assign_offsets(batch, 7, 3), 106);
}

#[test]
fn appends_are_checked_and_built_anew_without_an_allocation() {
    for source in Codec::ALL {
        for target in Codec::ALL {
            let config = LogConfig { compression_type: CompressionType::Always(target), ..LogConfig::default() };
            let (sent, mut records) = (batch(source), batch(source));
            let mut scratch = ValidationScratch::default();
            append(&mut records, &config, &mut scratch);
            records.copy_from_slice(&sent);
            let (count, ()) = allocations(|| append(&mut records, &config, &mut scratch));
            assert_eq!(count, 0, "from {source} to {target}");
        }
    }
}
