use super::super::testing::{self, V0, V0_SNAPPY, V1, V1_SNAPPY, V1_SNAPPY_LOG_APPEND_TIME, flips};
use super::*;
use crate::compression::Compressor;

/// A message put together field by field; lengths as given, whatever the content is.
fn assemble(offset: i64, magic: u8, attributes: u8, lengths: [i32; 2], contents: [&[u8]; 2]) -> Vec<u8> {
    let mut covered = vec![magic, attributes];
    if magic > 0 {
        covered.extend_from_slice(&1_234i64.to_be_bytes());
    }
    for (length, content) in lengths.into_iter().zip(contents) {
        covered.extend_from_slice(&length.to_be_bytes());
        covered.extend_from_slice(content);
    }
    let mut message = offset.to_be_bytes().to_vec();
    message.extend_from_slice(&(covered.len() as i32 + 4).to_be_bytes());
    message.extend_from_slice(&crc32(&covered).to_be_bytes());
    message.extend_from_slice(&covered);
    message
}

fn wrapper(offset: i64, magic: u8, codec: Codec, inner: &[u8]) -> Vec<u8> {
    let mut value = Vec::new();
    Compressor::new().compress(codec, magic as i8, None, inner, &mut value).unwrap();
    assemble(offset, magic, codec.id(), [-1, value.len() as i32], [b"", &value])
}

fn plain(offset: i64, magic: u8) -> Vec<u8> {
    assemble(offset, magic, 0, [-1, 1], [b"", b"v"])
}

type Read = (i64, i64, Option<Vec<u8>>, Option<Vec<u8>>);

fn read(message: &[u8]) -> Result<Vec<Read>, FormatError> {
    let mut decompressor = Decompressor::new(1024 * 1024);
    let record = LegacyRecord::parse(message)?;
    let records = record.records(&mut decompressor)?.collect::<Result<Vec<_>, _>>()?;
    let own = |bytes: Option<&[u8]>| bytes.map(<[u8]>::to_vec);
    records.iter().map(|r| Ok((r.offset(), r.timestamp(), own(r.key()?), own(r.value()?)))).collect()
}

fn offsets(message: &[u8]) -> Result<Vec<i64>, FormatError> {
    Ok(read(message)?.into_iter().map(|(offset, ..)| offset).collect())
}

#[test]
fn messages_are_read_as_kafka_wrote_them() {
    for (hex, magic, times) in [(V0, 0, [-1, -1]), (V1, 1, [1_700_000_000_001, 1_700_000_000_002])] {
        let bytes = testing::bytes(hex);
        let (first, rest) = split_first(&bytes, 0).unwrap().unwrap();
        let (second, rest) = split_first(rest, first.size()).unwrap().unwrap();
        assert!(rest.is_empty() && first.is_valid() && second.is_valid());
        assert_eq!((first.magic(), first.offset(), second.offset()), (magic, 20, 23));
        assert_eq!([first.timestamp(), second.timestamp()], times);
        assert_eq!((first.key_size(), first.value_size(), second.key_size()), (Ok(3), Ok(5), Ok(-1)));
        assert_eq!((first.key(), first.value()), (Ok(Some(&b"key"[..])), Ok(Some(&b"value"[..]))));
        assert_eq!((second.key(), second.value()), (Ok(None), Ok(None)));
    }
}

#[test]
fn wrapped_messages_are_read_as_kafka_wrote_them() {
    for (hex, times) in [
        (V0_SNAPPY, [-1, -1]),
        (V1_SNAPPY, [1_700_000_000_001, 1_700_000_000_002]),
        (V1_SNAPPY_LOG_APPEND_TIME, [1_700_000_007_777; 2]),
    ] {
        let (key, value) = (Some(b"key".to_vec()), Some(b"value".to_vec()));
        let want = vec![(20, times[0], key, value), (23, times[1], None, None)];
        assert_eq!(read(&testing::bytes(hex)), Ok(want));
    }
}

#[test]
fn inside_of_a_wrapper_with_log_append_time_its_time_counts_but_only_for_magic_1() {
    let inner = [plain(0, 1), plain(7, 0)].concat();
    let mut value = Vec::new();
    Compressor::new().compress(Codec::Gzip, 1, None, &inner, &mut value).unwrap();
    let bytes = assemble(17, 1, 0x09, [-1, value.len() as i32], [b"", &value]);
    let mut decompressor = Decompressor::new(1024);
    let record = LegacyRecord::parse(&bytes).unwrap();
    let records: Vec<_> = record.records(&mut decompressor).unwrap().map(Result::unwrap).collect();
    assert_eq!(records[0].timestamp_type(), TimestampType::LogAppendTime);
    assert_eq!(records[1].timestamp_type(), TimestampType::NoTimestampType);
    assert_eq!((records[0].timestamp(), records[1].timestamp()), (1_234, -1));
}

#[test]
fn offsets_in_a_wrapper_of_magic_1_count_back_from_its_own_those_of_magic_0_are_absolute() {
    let run = |magic| [plain(3, magic), plain(4, magic), plain(9, magic)].concat();
    assert_eq!(offsets(&wrapper(109, 1, Codec::Lz4, &run(1))), Ok(vec![103, 104, 109]));
    assert_eq!(offsets(&wrapper(109, 0, Codec::Lz4, &run(0))), Ok(vec![3, 4, 9]));
    // A wrapper that a producer wrote and no broker has given an offset to.
    assert_eq!(offsets(&wrapper(0, 1, Codec::Gzip, &run(1))), Ok(vec![3, 4, 9]));
    assert_eq!(offsets(&wrapper(8, 1, Codec::Gzip, &run(1))).unwrap_err().field, "wrapper offset");
}

#[test]
fn what_kafka_refuses_of_a_wrapper_is_refused() {
    let inner = plain(0, 1);
    let null = assemble(5, 1, 1, [-1, -1], [b"", b""]);
    assert_eq!(read(&null).unwrap_err().field, "wrapper value");
    let nothing = wrapper(5, 1, Codec::Gzip, &inner[..inner.len() - 1]);
    assert_eq!(read(&nothing).unwrap_err().field, "wrapper value");
    let zstd = wrapper(5, 1, Codec::Zstd, &inner);
    assert_eq!(read(&zstd).unwrap_err().field, "compression codec");
    for id in 5..8 {
        assert_eq!(read(&assemble(5, 1, id, [-1, 0], [b"", b""])).unwrap_err().field, "compression codec");
    }
    let nested = wrapper(5, 1, Codec::Gzip, &wrapper(0, 1, Codec::Gzip, &inner));
    assert_eq!(read(&nested).unwrap_err().field, "compression codec");
    let mut small = inner.clone();
    small[8..12].copy_from_slice(&13i32.to_be_bytes());
    let error = read(&wrapper(5, 1, Codec::Snappy, &[inner.clone(), small].concat())).unwrap_err();
    assert_eq!((error.at, error.field), (inner.len() as u64 + 8, "message size"));
    let other_magic = wrapper(5, 2, Codec::Gzip, &inner);
    assert_eq!(read(&other_magic).unwrap_err().field, "wrapper magic");
}

#[test]
fn a_run_that_breaks_off_inside_of_a_message_ends_before_it() {
    let run = [plain(0, 1), plain(1, 1)].concat();
    for cut in plain(0, 1).len()..run.len() {
        assert_eq!(offsets(&wrapper(50, 1, Codec::Gzip, &run[..cut])), Ok(vec![50]));
    }
}

#[test]
fn lengths_that_bytes_do_not_cover_are_errors_at_their_place() {
    // The key length of magic 1 lies at byte 26, the value length after the key.
    for (lengths, key, value) in [
        ([100, -1], Some(26), Some(130)),
        ([i32::MAX, -1], Some(26), Some(30 + i32::MAX as u64)),
        ([i32::MIN, -1], None, None),
        ([-1, 4], None, Some(30)),
    ] {
        let bytes = assemble(0, 1, 0, lengths, [b"", b"abc"]);
        let record = LegacyRecord::parse(&bytes).unwrap();
        assert_eq!(record.key().err().map(|e| e.at), key, "{lengths:?}");
        assert_eq!(record.value().err().map(|e| e.at), value, "{lengths:?}");
    }
    let cut = assemble(0, 1, 0, [-1, 0], [b"", b""]);
    let mut cut = cut[..cut.len() - 4].to_vec();
    cut[8..12].copy_from_slice(&18i32.to_be_bytes());
    let error = LegacyRecord::parse(&cut).unwrap().value().unwrap_err();
    assert_eq!((error.at, error.kind), (30, FormatErrorKind::Truncated { needed: 4, available: 0 }));
}

#[test]
fn a_message_cut_at_any_byte_is_an_error() {
    for hex in [V0_SNAPPY, V1_SNAPPY] {
        let bytes = testing::bytes(hex);
        for cut in 0..bytes.len() {
            let error = LegacyRecord::parse(&bytes[..cut]).map(|_| ()).unwrap_err();
            assert!(matches!(error.kind, FormatErrorKind::Truncated { .. }));
        }
        let longer = [&bytes[..], &[0]].concat();
        let error = LegacyRecord::parse(&longer).map(|_| ()).unwrap_err();
        assert_eq!(error.kind, FormatErrorKind::TrailingBytes { count: 1 });
    }
}

#[test]
fn every_flipped_bit_is_noticed_or_lies_in_the_offset() {
    let plain = [plain(20, 0), plain(20, 1)];
    let kafkas = [V0_SNAPPY, V1_SNAPPY, V1_SNAPPY_LOG_APPEND_TIME].map(testing::bytes);
    for bytes in plain.iter().chain(&kafkas) {
        for (at, flipped) in flips(bytes) {
            let noticed = LegacyRecord::parse(&flipped).map_or(true, |record| !record.is_valid());
            assert_eq!(noticed, at >= 8, "byte {at}");
            if let Ok(records) = read(&flipped) {
                assert!(!records.is_empty());
            }
        }
    }
}

#[test]
fn every_flipped_bit_inside_of_a_wrapper_gives_an_error_or_messages() {
    let run = [plain(0, 1), plain(1, 1), plain(2, 0)].concat();
    for (_, flipped) in flips(&run) {
        if let Ok(records) = read(&wrapper(9, 1, Codec::Gzip, &flipped)) {
            assert!((1..=3).contains(&records.len()));
        }
    }
}
