//! Our side of `tests/differential/files`: makes cases, and answers them as `FilesOracle.java` does with Kafka's classes.
//!
//! `generate SEED COUNT` prints cases, one a line; `answer` reads cases on stdin and prints an answer for each.

mod answer;
mod generate;

use data_encoding::HEXLOWER;
use std::io::{self, BufWriter, Write as _};

fn main() -> io::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let mut out = BufWriter::new(io::stdout().lock());
    match args[..] {
        ["generate", seed, count] => {
            let number = |text: &str| text.parse().expect("SEED and COUNT are numbers");
            for case in generate::cases(number(seed), number(count)) {
                writeln!(out, "{case}")?;
            }
        }
        ["answer"] => {
            for case in io::stdin().lines() {
                let case = case?;
                let fields: Vec<&str> = case.split('\t').collect();
                writeln!(out, "{}", answer::answer(&fields).unwrap_or_else(|| "error".into()))?;
            }
        }
        _ => return Err(io::Error::other("usage: files_differential generate SEED COUNT | answer")),
    }
    out.flush()
}

fn to_hex(bytes: impl AsRef<[u8]>) -> String {
    HEXLOWER.encode(bytes.as_ref())
}

fn from_hex(hex: &str) -> Vec<u8> {
    HEXLOWER.decode(hex.as_bytes()).expect("cases hold hexadecimal digits")
}
