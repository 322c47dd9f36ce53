//! `producers-differential generate SEED CASES` prints steps, one a line, that `producers-differential answer FOLDER` takes
//! from stdin; `ProducersOracle.java` takes the same with Kafka's classes.

mod answer;
mod generate;

use std::io::{self, BufWriter, Write as _};

fn main() -> io::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let mut out = BufWriter::new(io::stdout().lock());
    match args[..] {
        ["generate", seed, cases] => {
            let number = |text: &str| text.parse::<u64>().map_err(io::Error::other);
            generate::generate(number(seed)?, number(cases)?, &mut out)?;
        }
        ["answer", folder] => answer::answer(folder.as_ref(), io::stdin().lock(), &mut out)?,
        _ => return Err(io::Error::other("generate SEED CASES, or answer FOLDER")),
    }
    out.flush()
}
