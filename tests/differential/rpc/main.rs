//! Our side of the comparison of messages with Kafka's generated classes; `run` drives it.
//!
//!     list                   all messages with their lowest and highest version
//!     generate SEED COUNT    COUNT random messages for each version, as lines NAME VERSION HEX JSON
//!     check                  reads such lines of Kafka's and says which we read or write otherwise

#[path = "../../../crates/kafka-rpc/tests/rpc/support/mod.rs"]
mod support;

use std::error::Error;
use std::io::{self, BufRead, BufWriter, Write};

use support::random::{self, Pool};

const SHOWN_MAX: usize = 20;

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let mut out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
    match words.as_slice() {
        ["list"] => {
            for table in support::tables() {
                writeln!(out, "{} {} {}", table.name, table.versions.0, table.versions.1)?;
            }
        }
        ["generate", seed, count] => generate(seed.parse()?, count.parse()?, &mut out)?,
        ["check"] => check(&mut out)?,
        _ => return Err("list, generate SEED COUNT, or check".into()),
    }
    Ok(out.flush()?)
}

/// Messages made by the tables, written by the generated codec.
fn generate(seed: u64, count: usize, out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    let mut random = fastrand::Rng::with_seed(seed);
    let pool = Pool::new(&mut random);
    for table in support::tables() {
        for version in table.versions.0..=table.versions.1 {
            for _ in 0..count {
                let message = random::message(table, version, &pool, &mut random);
                let (mut bytes, mut json) = (Vec::new(), Vec::new());
                message.write(&mut bytes)?;
                message.push_json(&mut json);
                let name = table.name;
                let encoded = support::decode(name, version, &bytes)?.encoded?;
                let hex = data_encoding::HEXLOWER.encode(&encoded);
                let hex = if hex.is_empty() { "-" } else { &hex };
                writeln!(out, "{name} {version} {hex} {}", std::str::from_utf8(&json)?)?;
            }
        }
    }
    Ok(())
}

fn check(out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    let (mut messages, mut differences) = (0u64, 0usize);
    for line in io::stdin().lock().lines() {
        let line = line?;
        let case = support::parse(&line).ok_or_else(|| format!("no message: {line}"))?;
        messages += 1;
        if let Err(why) = support::compare(&case) {
            differences += 1;
            if differences <= SHOWN_MAX {
                writeln!(out, "Kafka {line}\nours  {why}")?;
            }
        }
    }
    writeln!(out, "{messages} messages of Kafka's, {differences} differences")?;
    out.flush()?;
    if differences > 0 || messages == 0 { Err("different from Kafka".into()) } else { Ok(()) }
}
