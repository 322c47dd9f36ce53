use super::super::legacy::LegacyRecord;
use super::super::testing::{self, V0, V0_SNAPPY, V1, V1_SNAPPY, V1_SNAPPY_LOG_APPEND_TIME};
use super::*;
use crate::compression::Decompressor;

const WRAPPERS: [Codec; 3] = [Codec::Gzip, Codec::Snappy, Codec::Lz4];

fn message(offset: i64, magic: i8, key: Option<&'static [u8]>, value: Option<&'static [u8]>) -> LegacyMessage<'static> {
    let timestamp = if offset == 20 { 1_700_000_000_001 } else { 1_700_000_000_002 };
    let timestamp_type = TimestampType::CreateTime;
    LegacyMessage { offset, magic, codec: Codec::None, timestamp_type, timestamp, key, value }
}

#[test]
fn messages_are_those_of_kafkas_builder_byte_for_byte() {
    for (magic, hex) in [(0, V0), (1, V1)] {
        let mut out = Vec::new();
        let first = message(20, magic, Some(b"key"), Some(b"value")).write(&mut out).unwrap();
        let second = message(23, magic, None, None).write(&mut out).unwrap();
        assert_eq!((first.start, first.end, second.end), (0, second.start, out.len()));
        assert_eq!(out, testing::bytes(hex));
    }
}

#[test]
fn wrappers_hold_the_messages_that_those_of_kafkas_builder_hold() {
    for (magic, time, hex) in
        [(0, None, V0_SNAPPY), (1, None, V1_SNAPPY), (1, Some(1_700_000_007_777), V1_SNAPPY_LOG_APPEND_TIME)]
    {
        let mut builder = LegacyWrapperBuilder::new(magic, Codec::Snappy, time).unwrap();
        builder.append(20, 1_700_000_000_001, Some(b"key"), Some(b"value")).unwrap();
        builder.append(23, 1_700_000_000_002, None, None).unwrap();
        let mut out = Vec::new();
        builder.finish(&mut Compressor::new(), &mut out).unwrap();
        let kafkas = testing::bytes(hex);
        let (ours, kafkas) = (LegacyRecord::parse(&out).unwrap(), LegacyRecord::parse(&kafkas).unwrap());
        assert!(ours.is_valid());
        assert_eq!((ours.offset(), ours.magic()), (kafkas.offset(), kafkas.magic()));
        assert_eq!((ours.attributes(), ours.timestamp()), (kafkas.attributes(), kafkas.timestamp()));
        let inner = |wrapper: LegacyRecord<'_>| {
            let value = wrapper.value().unwrap().unwrap().to_vec();
            Decompressor::new(4096).decompress(Codec::Snappy, magic, &value).unwrap().to_vec()
        };
        assert_eq!(inner(ours), inner(kafkas));
    }
}

#[test]
fn every_codec_gives_the_same_messages_back_gaps_between_them_kept() {
    for magic in [0, 1] {
        for codec in WRAPPERS {
            let mut builder = LegacyWrapperBuilder::new(magic, codec, None).unwrap();
            let (mut out, mut compressor) = (Vec::new(), Compressor::new());
            for base in [0, 1_000] {
                for delta in [0, 1, 5, 100] {
                    builder.append(base + delta, delta, None, Some(&base.to_be_bytes())).unwrap();
                }
                let written = builder.finish(&mut compressor, &mut out).unwrap();
                let record = LegacyRecord::parse(&out[written]).unwrap();
                let mut decompressor = Decompressor::new(4096);
                let read = record.records(&mut decompressor).unwrap();
                let offsets: Vec<_> = read.map(|r| r.unwrap().offset() - base).collect();
                assert_eq!((record.offset(), offsets), (base + 100, vec![0, 1, 5, 100]), "{magic} {codec}");
            }
        }
    }
}

#[test]
fn around_no_message_no_wrapper_is_written() {
    let mut builder = LegacyWrapperBuilder::new(1, Codec::Gzip, None).unwrap();
    let mut out = b"before".to_vec();
    assert_eq!(builder.finish(&mut Compressor::new(), &mut out), Ok(6..6));
    assert_eq!(out, b"before");
}

#[test]
fn what_the_old_versions_do_not_have_is_refused() {
    for codec in [Codec::None, Codec::Zstd] {
        assert_eq!(LegacyWrapperBuilder::new(1, codec, None).unwrap_err().field, "compression codec");
    }
    for magic in [-1, 2] {
        assert_eq!(LegacyWrapperBuilder::new(magic, Codec::Gzip, None).unwrap_err().field, "magic");
        let mut out = Vec::new();
        assert_eq!(message(0, magic, None, None).write(&mut out).unwrap_err().field, "magic");
        assert!(out.is_empty());
    }
}

#[test]
fn offsets_in_a_run_must_rise_from_zero_on() {
    let mut builder = LegacyWrapperBuilder::new(1, Codec::Gzip, None).unwrap();
    for (offset, fits) in [(-1, false), (5, true), (5, false), (4, false), (i64::MAX, true), (i64::MAX, false)] {
        assert_eq!(builder.append(offset, 0, None, None).is_ok(), fits, "{offset}");
    }
}
