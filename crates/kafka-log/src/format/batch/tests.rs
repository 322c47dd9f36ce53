use super::super::checksum::crc32c;
use super::super::testing::{self, COMMIT, DELETE_HORIZON, EMPTY, LOG_APPEND_TIME, V2, flips};
use super::*;

const KAFKAS: [&str; 5] = [V2, COMMIT, LOG_APPEND_TIME, DELETE_HORIZON, EMPTY];

/// A batch of magic 2 put together field by field; `records` as stored.
fn assemble(attributes: i16, record_count: i32, records: &[u8]) -> Vec<u8> {
    let mut covered = attributes.to_be_bytes().to_vec();
    covered.extend_from_slice(&9i32.to_be_bytes());
    covered.extend_from_slice(&1_000i64.to_be_bytes());
    covered.extend_from_slice(&2_000i64.to_be_bytes());
    covered.extend_from_slice(&(-1i64).to_be_bytes());
    covered.extend_from_slice(&(-1i16).to_be_bytes());
    covered.extend_from_slice(&(-1i32).to_be_bytes());
    covered.extend_from_slice(&record_count.to_be_bytes());
    covered.extend_from_slice(records);
    let mut batch = 100i64.to_be_bytes().to_vec();
    batch.extend_from_slice(&(covered.len() as i32 + 9).to_be_bytes());
    batch.extend_from_slice(&5i32.to_be_bytes());
    batch.push(2);
    batch.extend_from_slice(&crc32c(&covered).to_be_bytes());
    batch.extend_from_slice(&covered);
    batch
}

fn read(batch: &[u8]) -> Result<usize, FormatError> {
    let mut decompressor = Decompressor::new(1024 * 1024);
    let mut read = 0;
    for record in RecordBatch::parse(batch)?.records(&mut decompressor)? {
        let headers = record?.headers;
        let counted = headers.len();
        assert_eq!(headers.count(), counted);
        read += 1;
    }
    Ok(read)
}

#[test]
fn every_field_of_the_header_is_where_kafka_puts_it() {
    let bytes = testing::bytes(V2);
    let batch = RecordBatch::parse(&bytes).unwrap();
    let header = batch.header();
    assert_eq!((header.base_offset(), header.last_offset_delta(), header.last_offset()), (1000, 2, 1002));
    assert_eq!((header.length(), header.partition_leader_epoch(), header.magic()), (86, 7, 2));
    assert_eq!((header.base_timestamp(), header.max_timestamp()), (1_700_000_000_000, 1_700_000_000_300));
    assert_eq!((header.producer_id(), header.producer_epoch(), header.base_sequence()), (4711, 3, i32::MAX - 1));
    assert_eq!((header.record_count(), header.delete_horizon_ms()), (3, None));
    let attributes = header.attributes();
    assert!(attributes.is_transactional() && !attributes.is_control() && !attributes.has_delete_horizon());
    assert_eq!((attributes.codec().unwrap(), attributes.timestamp_type()), (Codec::None, TimestampType::CreateTime));
    assert_eq!((header.crc(), batch.computed_crc(), batch.is_valid()), (0x8d25_f8ea, 0x8d25_f8ea, true));
    assert_eq!(batch.stored_records().len(), bytes.len() - 61);
}

#[test]
fn flags_and_times_of_kafkas_special_batches_are_seen() {
    let header = |hex| testing::bytes(hex).first_chunk().copied().unwrap();
    let (commit, append, horizon, empty) =
        (header(COMMIT), header(LOG_APPEND_TIME), header(DELETE_HORIZON), header(EMPTY));
    assert!(BatchHeader(&commit).attributes().is_control());
    assert_eq!(BatchHeader(&commit).last_sequence(), NO_SEQUENCE);
    assert_eq!(BatchHeader(&append).attributes().timestamp_type(), TimestampType::LogAppendTime);
    assert_eq!(BatchHeader(&horizon).delete_horizon_ms(), Some(1_700_000_009_999));
    assert_eq!((BatchHeader(&empty).record_count(), BatchHeader(&empty).last_offset()), (0, 59));
    assert_eq!(BatchHeader(&empty).last_sequence(), 21);
}

#[test]
fn sequences_start_again_at_zero_behind_the_largest_integer() {
    assert_eq!(increment_sequence(i32::MAX - 1, 1), i32::MAX);
    assert_eq!(increment_sequence(i32::MAX - 1, 2), 0);
    assert_eq!(increment_sequence(i32::MAX, i32::MAX), i32::MAX - 1);
    // What Kafka's arithmetic makes of the numbers of damaged batches.
    assert_eq!(increment_sequence(0, i32::MIN), 0);
    assert_eq!(increment_sequence(-5, 3), -2);
    let bytes = testing::bytes(V2);
    assert_eq!(RecordBatch::parse(&bytes).unwrap().header().last_sequence(), 0);
}

#[test]
fn a_length_below_the_smallest_message_is_out_of_range() {
    let mut head = *testing::bytes(V2).first_chunk::<17>().unwrap();
    for (length, size) in [(i32::MIN, None), (-1, None), (13, None), (14, Some(26)), (i32::MAX, Some(2_147_483_659))] {
        head[8..12].copy_from_slice(&length.to_be_bytes());
        let parsed = BatchOverhead::parse(&head);
        assert_eq!(parsed.map(|overhead| overhead.size()).ok(), size, "{length}");
        if let Err(e) = parsed {
            assert_eq!((e.at, e.field), (8, "batch length"));
        }
    }
}

#[test]
fn codecs_five_to_seven_are_named_as_what_is_wrong() {
    for id in 0..8 {
        let attributes = Attributes(id | !0x7);
        assert_eq!(i16::from(attributes.codec_id()), id);
        assert_eq!(attributes.codec().is_ok(), id < 5);
        let error = read(&assemble(id, 1, &[])).unwrap_err();
        assert_eq!(error.field == "compression codec", id >= 5, "{error}");
    }
}

#[test]
fn a_batch_of_another_size_than_its_length_says_is_refused() {
    let mut bytes = testing::bytes(EMPTY);
    bytes.push(0);
    let error = RecordBatch::parse(&bytes).unwrap_err();
    assert_eq!(error.kind, FormatErrorKind::Mismatch { expected: 50, found: 49 });
    bytes.truncate(60);
    let error = RecordBatch::parse(&bytes).unwrap_err();
    assert_eq!(error.kind, FormatErrorKind::Truncated { needed: 61, available: 60 });
}

#[test]
fn a_negative_record_count_is_out_of_range_whatever_the_codec() {
    let stream = {
        let mut stream = Vec::new();
        crate::compression::Compressor::new().compress(Codec::Zstd, 2, None, &[], &mut stream).unwrap();
        stream
    };
    for (codec, records) in [(0, &[][..]), (4, &stream)] {
        for count in [-1, i32::MIN] {
            let error = read(&assemble(codec, count, records)).unwrap_err();
            assert_eq!((error.at, error.field), (57, "record count"));
        }
    }
}

#[test]
fn without_records_the_stream_of_a_batch_is_not_looked_at() {
    for codec in 0..5 {
        assert_eq!(read(&assemble(codec, 0, b"no stream")), Ok(0));
    }
}

#[test]
fn a_decompressed_size_beyond_the_limit_is_an_error() {
    let mut stream = Vec::new();
    crate::compression::Compressor::new().compress(Codec::Zstd, 2, None, &[0; 200_000], &mut stream).unwrap();
    let batch = assemble(4, 1, &stream);
    let mut decompressor = Decompressor::new(100_000);
    let error = RecordBatch::parse(&batch).unwrap().records(&mut decompressor).map(|_| ()).unwrap_err();
    assert!(matches!(error.kind, FormatErrorKind::Compression(_)));
    assert!(error.at == 61 && decompressor.output().len() <= 100_000);
}

#[test]
fn a_batch_cut_at_any_byte_is_an_error() {
    for hex in KAFKAS {
        let bytes = testing::bytes(hex);
        for cut in 0..bytes.len() {
            let error = RecordBatch::parse(&bytes[..cut]).map(|_| ()).unwrap_err();
            assert!(error.at <= cut as u64, "{error}");
        }
    }
}

#[test]
fn a_batch_whose_end_is_cut_and_length_adjusted_is_an_error_unless_a_record_was_not_counted() {
    for hex in KAFKAS {
        let bytes = testing::bytes(hex);
        for cut in RECORD_BATCH_OVERHEAD..bytes.len() {
            let mut cut = bytes[..cut].to_vec();
            let length = cut.len() as i32 - 12;
            cut[LENGTH..LENGTH + 4].copy_from_slice(&length.to_be_bytes());
            assert!(!RecordBatch::parse(&cut).unwrap().is_valid());
            let error = read(&cut).unwrap_err();
            assert!(error.at <= cut.len() as u64, "{error}");
        }
    }
}

#[test]
fn every_flipped_bit_is_noticed_or_lies_outside_of_the_checksum() {
    for hex in KAFKAS {
        let bytes = testing::bytes(hex);
        for (at, flipped) in flips(&bytes) {
            let noticed = RecordBatch::parse(&flipped).map_or(true, |batch| !batch.is_valid());
            let unprotected = at < LENGTH || (PARTITION_LEADER_EPOCH..CRC).contains(&at);
            assert_eq!(noticed, !unprotected, "byte {at} of {hex}");
            if let Ok(records) = read(&flipped) {
                let count = RecordBatch::parse(&flipped).unwrap().header().record_count();
                assert_eq!(records, usize::try_from(count).unwrap(), "byte {at} of {hex}");
            }
        }
    }
}

#[test]
fn every_flipped_bit_of_a_compressed_batch_gives_an_error_or_all_the_records_it_counts() {
    for codec in [Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd] {
        let mut stream = Vec::new();
        let plain = testing::bytes(V2);
        let records = &plain[RECORD_BATCH_OVERHEAD..];
        crate::compression::Compressor::new().compress(codec, 2, None, records, &mut stream).unwrap();
        let batch = assemble(codec.id().into(), 3, &stream);
        assert_eq!(read(&batch), Ok(3));
        for (at, flipped) in flips(&batch) {
            if let Ok(records) = read(&flipped) {
                let count = RecordBatch::parse(&flipped).unwrap().header().record_count();
                assert_eq!(records, usize::try_from(count).unwrap(), "{codec} byte {at}");
            }
        }
    }
}
