//! Holds our reader against what Kafka's made of the same streams: `compression-differential FILE...`, files as
//! `Mutants.java` writes them. Prints each difference and exits with 1 if there was one.
//!
//! `compression-differential --write FILE` writes streams of our own, in the same form, for Kafka to read.

use std::process::ExitCode;

use kafka_log::compression::{Codec, Compressor, Decompressor};

/// One stream and Kafka's answer.
struct Case<'a> {
    codec: Codec,
    magic: i8,
    stream: &'a [u8],
    refused: bool,
    len: usize,
    hash: u64,
    message: &'a str,
}

struct Cases<'a>(&'a [u8]);

impl<'a> Cases<'a> {
    fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(head)
    }

    fn number<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }
}

impl<'a> Iterator for Cases<'a> {
    type Item = Case<'a>;

    fn next(&mut self) -> Option<Case<'a>> {
        let [codec, magic] = self.number()?;
        let len = u32::from_be_bytes(self.number()?) as usize;
        let stream = self.take(len)?;
        let [refused] = self.number()?;
        let len = u32::from_be_bytes(self.number()?) as usize;
        let hash = u64::from_be_bytes(self.number()?);
        let message = u16::from_be_bytes(self.number()?);
        let message = std::str::from_utf8(self.take(message.into())?).unwrap_or_default();
        let (codec, magic) = (Codec::from_id(codec)?, magic as i8);
        Some(Case { codec, magic, stream, refused: refused == 1, len, hash, message })
    }
}

fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}

/// Streams of each codec, level, magic and size of interest, followed by what Kafka must find in them.
fn write_streams() -> Vec<u8> {
    let mut compressor = Compressor::new();
    let mut file = Vec::new();
    let noise = |at: usize| ((at as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8;
    for codec in Codec::ALL {
        let levels = codec.levels().map_or(vec![None], |levels| {
            [None].into_iter().chain((*levels.start().max(&-3)..=*levels.end()).map(Some)).collect()
        });
        for level in levels {
            for size in [0, 1, 12, 13, 1_000, 32_768, 32_769, 65_536, 65_537, 150_000] {
                for magic in [0, 1, 2] {
                    let period = 1 + size / 3 + usize::from(magic) * size;
                    let plain: Vec<u8> = (0..size).map(|at| noise(at % period) >> (magic + (at % 3) as u8)).collect();
                    let mut stream = Vec::new();
                    if let Err(error) = compressor.compress(codec, magic as i8, level, &plain, &mut stream) {
                        eprintln!("{codec} {level:?}: {error}");
                    }
                    file.extend([codec.id(), magic]);
                    file.extend((stream.len() as u32).to_be_bytes());
                    file.extend(stream);
                    file.push(0);
                    file.extend((plain.len() as u32).to_be_bytes());
                    file.extend(fnv1a(&plain).to_be_bytes());
                    file.extend(0u16.to_be_bytes());
                }
            }
        }
    }
    file
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [option, path] = &arguments[..]
        && option == "--write"
    {
        return match std::fs::write(path, write_streams()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("{path}: {error}");
                ExitCode::from(2)
            }
        };
    }
    compare(&arguments)
}

fn compare(paths: &[String]) -> ExitCode {
    let mut decompressor = Decompressor::new(64 * 1024 * 1024);
    let mut different = 0;
    for path in paths {
        let bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) => {
                eprintln!("{path}: {error}");
                return ExitCode::from(2);
            }
        };
        let (mut count, mut refused) = (0, 0);
        let mut cases = Cases(&bytes);
        for case in &mut cases {
            let error = decompressor.decompress(case.codec, case.magic, case.stream).err();
            let ours = decompressor.delivered();
            // Where zstd-jni runs out of room it gives nothing, and our newer library what it has: both refuse the stream.
            let is_room = case.refused && error.is_some() && case.message.contains("Destination buffer is too small");
            if !is_room && (error.is_some() != case.refused || ours.len() != case.len || fnv1a(ours) != case.hash) {
                different += 1;
                println!(
                    "{path} case {count}, {} magic {}, {} bytes\n  Kafka: {} bytes, {}\n  ours:  {} bytes of {}, {}",
                    case.codec,
                    case.magic,
                    case.stream.len(),
                    case.len,
                    if case.refused { case.message } else { "accepted" },
                    ours.len(),
                    decompressor.output().len(),
                    error.map_or("accepted".into(), |error| error.to_string()),
                );
                if case.stream.len() <= 200 {
                    println!("  {}", data_encoding::HEXLOWER.encode(case.stream));
                }
            }
            count += 1;
            refused += usize::from(case.refused);
        }
        if !cases.0.is_empty() || count == 0 {
            eprintln!("{path}: breaks off in case {count}");
            return ExitCode::from(2);
        }
        println!("{path}: {count} streams, {refused} refused by Kafka");
    }
    println!("{different} differences");
    ExitCode::from(u8::from(different > 0))
}
