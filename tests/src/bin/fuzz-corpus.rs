//! Writes the healthy inputs of each fuzz target into its folder below `fuzz/corpus`, where `cargo fuzz` starts from.

use std::{fs, io};

use tests::fixtures::root;
use tests::hostile::TARGETS;
use tests::hostile::seeds::{files, seeds};

/// More of them only make the start of a run slow.
const SEEDS_MAX: usize = 400;

fn main() -> io::Result<()> {
    let files = files();
    for target in TARGETS {
        let folder = root().join("fuzz/corpus").join(target.name);
        fs::create_dir_all(&folder)?;
        let seeds = seeds(target.name, &files);
        for (number, seed) in seeds.iter().enumerate().step_by(seeds.len().div_ceil(SEEDS_MAX)) {
            fs::write(folder.join(format!("kafka-{number}")), seed)?;
        }
    }
    Ok(())
}
