//! What our side makes of appends: `validate-differential generate SEED CASES` writes one append a line,
//! `validate-differential answer` answers the lines of standard input as `ValidateOracle.java` does.

mod answer;
mod generate;
mod old;

use std::io::{self, BufWriter, Write};

fn main() -> io::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let mut out = BufWriter::new(io::stdout().lock());
    match args[..] {
        ["generate", seed, cases] => {
            let number = |text: &str| text.parse::<u64>().map_err(io::Error::other);
            generate::generate(number(seed)?, number(cases)?, &mut out)?;
        }
        ["answer"] => {
            for line in io::stdin().lines() {
                writeln!(out, "{}", answer::answer(&line?))?;
            }
        }
        _ => return Err(io::Error::other("generate SEED CASES | answer")),
    }
    out.flush()
}
