//! Holds our reader against what Kafka's made of the same streams: `compression-differential FILE...`, files as
//! `Mutants.java` writes them. Prints each difference and exits with 1 if there was one.

use std::process::ExitCode;

use kafka_log::compression::{Codec, Decompressor};

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

fn main() -> ExitCode {
    let mut decompressor = Decompressor::new(64 * 1024 * 1024);
    let mut different = 0;
    for path in std::env::args().skip(1) {
        let bytes = match std::fs::read(&path) {
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
            if error.is_some() != case.refused || ours.len() != case.len || fnv1a(ours) != case.hash {
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
                    let hex: String = case.stream.iter().map(|byte| format!("{byte:02x}")).collect();
                    println!("  {hex}");
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
