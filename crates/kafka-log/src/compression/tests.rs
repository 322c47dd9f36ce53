//! What every codec owes its users. Streams in hexadecimal were written by Kafka 4.3's own classes.

use fastrand::Rng;

use super::output::Output;
use super::{Codec, CompressError, Compressor, DecompressError, Decompressor, Problem, StreamField};

const TEXT: &[u8] = b"one record, another record, and the third record";
const LIMIT: usize = 1 << 20;

const GZIP: &str =
    "1f8b08000000000000ffcbcf4b55284a4dce2f4ad15148cccb2fc9482d42e2a72800058038b328052a0a004417071c30000000";
const SNAPPY: &str = "82534e415050590000000001000000010000002a30486f6e65207265636f72642c20616e6f746865721d10446420746865207468697264207265636f7264";
const SNAPPY_RAW: &str = "30486f6e65207265636f72642c20616e6f746865721d10446420746865207468697264207265636f7264";
const LZ4: &str = "04224d186040822b000000f7046f6e65207265636f72642c20616e6f746865721000f0036420746865207468697264207265636f726400000000";
const LZ4_MAGIC_0: &str = "04224d1860401a2b000000f7046f6e65207265636f72642c20616e6f746865721000f0036420746865207468697264207265636f726400000000";
const LZ4_CHECKSUMS: &str = "04224d187070722b000000f7046f6e65207265636f72642c20616e6f746865721000f0036420746865207468697264207265636f72641f4d6ea700000000";
const ZSTD: &str =
    "28b52ffd005864010054026f6e65207265636f72642c20616e6f746865726420746865207468697264207265636f72640100c79861010000";

fn bytes(hex: &str) -> Vec<u8> {
    data_encoding::HEXLOWER.decode(hex.as_bytes()).unwrap()
}

fn read(codec: Codec, magic: i8, stream: &[u8]) -> Result<Vec<u8>, DecompressError> {
    Decompressor::new(LIMIT).decompress(codec, magic, stream).map(<[u8]>::to_vec)
}

fn problem(codec: Codec, magic: i8, stream: &[u8]) -> Problem {
    read(codec, magic, stream).unwrap_err().problem
}

fn write(codec: Codec, level: Option<i32>, plain: &[u8]) -> Vec<u8> {
    let mut stream = Vec::new();
    Compressor::new().compress(codec, 2, level, plain, &mut stream).unwrap();
    stream
}

fn codecs() -> Vec<Codec> {
    let built = [cfg!(feature = "gzip"), cfg!(feature = "snappy"), cfg!(feature = "lz4"), cfg!(feature = "zstd")];
    Codec::ALL.into_iter().skip(1).zip(built).filter_map(|(codec, built)| built.then_some(codec)).collect()
}

/// Bytes with repetitions of every distance, and stretches without any.
fn plain(random: &mut Rng, len: usize) -> Vec<u8> {
    let mut plain = Vec::with_capacity(len);
    while plain.len() < len {
        let run = random.usize(1..=300);
        if plain.is_empty() || random.usize(..3) == 0 {
            plain.extend((0..run).map(|_| random.u8(..)));
        } else {
            let distance = random.usize(1..=plain.len().min(70_000));
            (0..run).for_each(|_| plain.push(plain[plain.len() - distance]));
        }
    }
    plain.truncate(len);
    plain
}

#[test]
fn ids_and_names_are_those_of_kafka() {
    for codec in Codec::ALL {
        assert_eq!(Codec::from_id(codec.id()), Some(codec));
    }
    assert_eq!(Codec::ALL.map(Codec::name), ["none", "gzip", "snappy", "lz4", "zstd"]);
    assert_eq!(Codec::from_id(5), None);
}

#[test]
#[cfg(all(feature = "gzip", feature = "snappy", feature = "lz4", feature = "zstd"))]
fn streams_written_by_kafka_are_read() {
    for (codec, magic, hex) in [
        (Codec::Gzip, 2, GZIP),
        (Codec::Snappy, 2, SNAPPY),
        (Codec::Snappy, 1, SNAPPY_RAW),
        (Codec::Lz4, 2, LZ4),
        (Codec::Lz4, 0, LZ4),
        (Codec::Lz4, 0, LZ4_MAGIC_0),
        (Codec::Lz4, 2, LZ4_CHECKSUMS),
        (Codec::Zstd, 2, ZSTD),
    ] {
        assert_eq!(read(codec, magic, &bytes(hex)).as_deref(), Ok(TEXT), "{codec} of magic {magic}");
    }
}

#[test]
#[cfg(all(feature = "snappy", feature = "lz4"))]
fn snappy_and_lz4_frames_are_written_like_those_of_kafka() {
    let mut stream = Vec::new();
    Compressor::new().compress(Codec::Lz4, 0, None, TEXT, &mut stream).unwrap();
    assert_eq!(stream[..7], bytes(LZ4_MAGIC_0)[..7]);
    assert_eq!(write(Codec::Lz4, None, TEXT)[..7], bytes(LZ4)[..7]);
    assert_eq!(write(Codec::Snappy, None, TEXT)[..16], bytes(SNAPPY)[..16]);
}

#[test]
fn what_is_compressed_comes_back_with_every_codec_size_and_level() {
    let mut random = Rng::with_seed(7);
    let (mut compressor, mut decompressor) = (Compressor::new(), Decompressor::new(LIMIT));
    let sizes = [0, 1, 2, 4, 5, 11, 12, 13, 100, 32_767, 32_768, 32_769, 65_535, 65_536, 65_537, 200_000];
    for codec in codecs() {
        for size in sizes.into_iter().chain((0..60).map(|_| random.usize(..90_000)).collect::<Vec<_>>()) {
            let plain = plain(&mut random, size);
            let level = codec.levels().map(|levels| levels.start().max(&-5) + random.usize(..9) as i32);
            let mut stream = b"kept".to_vec();
            compressor.compress(codec, 2, level, &plain, &mut stream).unwrap();
            assert_eq!(stream[..4], *b"kept");
            let read = decompressor.decompress(codec, 2, &stream[4..]);
            assert!(read == Ok(&plain), "{codec}, {size} bytes, level {level:?}");
        }
    }
}

#[test]
fn a_stream_cut_anywhere_gives_an_error_or_a_prefix() {
    let mut random = Rng::with_seed(11);
    let plain = plain(&mut random, 3_000);
    let mut decompressor = Decompressor::new(LIMIT);
    for codec in codecs() {
        let stream = write(codec, None, &plain);
        for end in 0..stream.len() {
            let ok = decompressor.decompress(codec, 2, &stream[..end]).is_ok();
            let output = decompressor.output();
            assert!(plain.starts_with(output), "{codec} cut at {end}");
            assert!(output.starts_with(decompressor.delivered()));
            // Snappy's frame has no end mark, and no bytes at all are an empty zstd stream.
            assert!(!ok || codec == Codec::Snappy || (codec == Codec::Zstd && end == 0), "{codec} cut at {end}");
        }
    }
}

#[test]
fn damaged_streams_give_an_answer_within_the_limit() {
    let mut random = Rng::with_seed(13);
    let mut decompressor = Decompressor::new(200_000);
    for codec in codecs() {
        for _ in 0..3_000 {
            let size = 1 + random.usize(..5_000);
            let mut stream = write(codec, None, &plain(&mut random, size));
            for _ in 0..=random.usize(..4) {
                let at = random.usize(..stream.len());
                stream[at] ^= 1 << random.usize(..8);
            }
            let _ = decompressor.decompress(codec, random.usize(..3) as i8, &stream);
            assert!(decompressor.output().len() <= 200_000);
        }
    }
}

#[test]
fn a_bomb_of_any_codec_ends_at_the_limit_and_in_bounded_memory() {
    let plain = vec![0; 50_000_000];
    for codec in codecs() {
        let stream = write(codec, None, &plain);
        let mut decompressor = Decompressor::new(100_000);
        let error = decompressor.decompress(codec, 2, &stream).unwrap_err();
        assert_eq!(error.problem, Problem::TooLarge { limit: 100_000 }, "{codec}");
        assert!(decompressor.buffer_capacity() <= 100_001, "{codec}: {}", decompressor.buffer_capacity());
        assert!(plain.starts_with(decompressor.output()));
    }
}

#[test]
fn the_limit_itself_is_permitted_and_one_byte_more_is_not() {
    for codec in codecs() {
        for size in [1_000, 16_384, 32_768, 100_000] {
            let plain = plain(&mut Rng::with_seed(3), size);
            let stream = write(codec, None, &plain);
            let exact = Decompressor::new(size).decompress(codec, 2, &stream).map(<[u8]>::len);
            assert_eq!(exact, Ok(size), "{codec}");
            let over = Decompressor::new(size - 1).decompress(codec, 2, &stream).map(<[u8]>::len);
            assert_eq!(over.unwrap_err().problem, Problem::TooLarge { limit: size - 1 }, "{codec}");
        }
    }
}

#[test]
fn claimed_sizes_reserve_nothing() {
    // A raw snappy block, a zstd frame and an lz4 block of 4 MiB frames that claim far more than they hold.
    let claims = [
        (Codec::Snappy, "ffffffff07000000"),
        (Codec::Zstd, "28b52ffde0ffffff0f00000000010000"),
        (Codec::Lz4, "04224d1860707302000000f00000000000"),
    ];
    for (codec, hex) in claims.into_iter().filter(|(codec, _)| codecs().contains(codec)) {
        let mut decompressor = Decompressor::new(1 << 30);
        assert!(decompressor.decompress(codec, 2, &bytes(hex)).is_err(), "{codec}");
        assert!(decompressor.buffer_capacity() <= 16 * 1024, "{codec}: {}", decompressor.buffer_capacity());
    }
}

#[test]
fn a_warm_decompressor_keeps_its_buffer() {
    for codec in codecs() {
        let plain = plain(&mut Rng::with_seed(5), 150_000);
        let stream = write(codec, None, &plain);
        let mut decompressor = Decompressor::new(LIMIT);
        let first = decompressor.decompress(codec, 2, &stream).unwrap().as_ptr();
        assert_eq!(decompressor.decompress(codec, 2, &stream).unwrap().as_ptr(), first, "{codec}");
    }
}

#[test]
#[cfg(feature = "gzip")]
fn gzip_members_follow_each_other_and_rubbish_behind_them_is_ignored() {
    let one = bytes(GZIP);
    assert_eq!(read(Codec::Gzip, 2, &[&one[..], &one].concat()), Ok([TEXT, TEXT].concat()));
    assert_eq!(read(Codec::Gzip, 2, &[&one[..], &[0; 100]].concat()).as_deref(), Ok(TEXT));
    assert_eq!(read(Codec::Gzip, 2, &[&one[..], &one[..18]].concat()).as_deref(), Ok(TEXT));
    assert_eq!(problem(Codec::Gzip, 2, &[&one[..], &one[..19]].concat()), Problem::Truncated);
    assert_eq!(problem(Codec::Gzip, 2, b""), Problem::Truncated);
}

#[test]
#[cfg(feature = "snappy")]
fn snappy_headers_may_stand_in_mid_stream() {
    let one = bytes(SNAPPY);
    assert_eq!(read(Codec::Snappy, 2, &[&one[..], &one].concat()), Ok([TEXT, TEXT].concat()));
    assert_eq!(read(Codec::Snappy, 2, &[&one[..], &[1, 2, 3]].concat()).as_deref(), Ok(TEXT));
    assert_eq!(read(Codec::Snappy, 2, &one[..16]), Ok(vec![]));
    assert_eq!(problem(Codec::Snappy, 2, b""), Problem::Truncated);
}

#[test]
#[cfg(feature = "lz4")]
fn lz4_checksums_of_header_and_blocks_are_verified_but_not_the_header_of_magic_0() {
    let with = |hex, at: usize| {
        let mut stream = bytes(hex);
        stream[at] ^= 1;
        stream
    };
    assert!(matches!(problem(Codec::Lz4, 1, &bytes(LZ4_MAGIC_0)), Problem::Mismatch { .. }));
    assert_eq!(read(Codec::Lz4, 0, &with(LZ4, 6)).as_deref(), Ok(TEXT));
    assert!(matches!(problem(Codec::Lz4, 2, &with(LZ4_CHECKSUMS, 15)), Problem::Mismatch { .. }));
    let mut small = bytes(LZ4);
    small[5] = 3 << 4;
    let too_small = Problem::OutOfRange { field: StreamField::Lz4BlockSize, min: 4, max: 7, found: 3 };
    assert_eq!(problem(Codec::Lz4, 2, &small), too_small);
    small[5] = 4 << 4 | 1;
    assert!(matches!(problem(Codec::Lz4, 2, &small), Problem::Corrupt(what) if what.contains("reserved bits")));
    assert!(matches!(problem(Codec::Lz4, 2, &with(LZ4, 4)), Problem::Corrupt(_)), "reserved flag");
    assert_eq!(read(Codec::Lz4, 2, &[&bytes(LZ4)[..], b"ignored"].concat()).as_deref(), Ok(TEXT));
}

#[test]
#[cfg(feature = "zstd")]
fn zstd_frames_follow_each_other_and_other_bytes_behind_one_are_refused() {
    let one = bytes(ZSTD);
    let skippable = bytes("502a4d1803000000010203");
    assert_eq!(read(Codec::Zstd, 2, &[&one[..], &skippable, &one].concat()), Ok([TEXT, TEXT].concat()));
    assert!(matches!(problem(Codec::Zstd, 2, &[&one[..], b"other"].concat()), Problem::Corrupt(_)));
    assert_eq!(read(Codec::Zstd, 2, &[&one[..], &one[..20]].concat()).as_deref(), Ok(TEXT));
    assert_eq!(read(Codec::Zstd, 2, b""), Ok(vec![]));
}

#[test]
#[cfg(feature = "zstd")]
fn zstd_windows_may_be_of_128_mib_and_no_larger() {
    assert_eq!(read(Codec::Zstd, 2, &bytes("28b52ffd0088010000")), Ok(vec![]));
    assert!(matches!(problem(Codec::Zstd, 2, &bytes("28b52ffd0089010000")), Problem::Corrupt(_)));
}

#[test]
fn codecs_left_out_of_the_build_are_refused_by_name() {
    for codec in Codec::ALL.into_iter().skip(1).filter(|codec| !codecs().contains(codec)) {
        assert_eq!(problem(codec, 2, b"anything"), Problem::Unsupported);
        let error = Compressor::new().compress(codec, 2, None, TEXT, &mut Vec::new());
        assert_eq!(error, Err(CompressError::Unsupported { codec }));
    }
}

#[test]
fn levels_outside_of_those_kafka_permits_are_refused() {
    let mut out = Vec::new();
    for (codec, level) in
        [(Codec::Gzip, 0), (Codec::Gzip, 10), (Codec::Lz4, 0), (Codec::Lz4, 18), (Codec::Zstd, 23), (Codec::Snappy, 1)]
    {
        let error = Compressor::new().compress(codec, 2, Some(level), TEXT, &mut out);
        assert_eq!(error, Err(CompressError::Level { codec, level }));
    }
    assert!(out.is_empty());
}

#[test]
fn errors_say_codec_position_and_reason_in_one_line() {
    let error = DecompressError { codec: Codec::Lz4, position: Some(7), problem: Problem::Truncated };
    assert_eq!(error.to_string(), "lz4 stream: expected more than its 7 bytes");
    let error = DecompressError { codec: Codec::Zstd, position: None, problem: Problem::TooLarge { limit: 9 } };
    assert_eq!(error.to_string(), "zstd stream: expected at most 9 decompressed bytes, found more");
    let problem = Problem::SnappyBlockLength { max: 536_870_912, found: -2 };
    let error = DecompressError { codec: Codec::Snappy, position: Some(16), problem };
    let text = "snappy stream at byte 16: block length: expected 0 to 536870912, found -2";
    assert_eq!((error.to_string().as_str(), error.exception()), (text, "SnappyError"));
    let problem = Problem::Mismatch { field: StreamField::GzipContentChecksum, computed: 1, stored: 2 };
    let error = DecompressError { codec: Codec::Gzip, position: Some(9), problem };
    let text = "gzip stream at byte 9: checksum of the content: expected 1 (computed), found 2";
    assert_eq!((error.to_string().as_str(), error.exception()), (text, "KafkaException"));
    let error = DecompressError { codec: Codec::Gzip, position: None, problem: Problem::Unsupported };
    assert_eq!(error.to_string(), "gzip stream: this build has no gzip (Cargo feature `gzip`)");
    let error = CompressError::Level { codec: Codec::Gzip, level: 10 };
    assert_eq!(error.to_string(), "gzip level: expected 1 to 9 or -1, found 10");
}

#[test]
fn an_output_never_grows_beyond_one_byte_over_its_limit() {
    let mut output = Output::new(10);
    assert_eq!(output.spare(1 << 40).len(), 11);
    assert!(output.push(&[1; 10]).is_ok());
    assert_eq!(output.push(&[1]), Err(Problem::TooLarge { limit: 10 }));
    assert_eq!((output.filled().len(), output.capacity()), (10, 11));
}
