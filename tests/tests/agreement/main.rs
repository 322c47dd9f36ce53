//! One judgement: whatever happens to the files of a partition or of a node, what `verify` finds is what `repair` changes,
//! calls lost or leaves to a person; a repair leaves what it said it would; `--predict` is what the engine does; and no
//! repair leaves fewer records than Kafka alone would serve.
//!
//! `AGREEMENT_RUNS` sets the number of damaged folders, `AGREEMENT_SEED` the first seed. Every message has its seed.

mod damage;
mod export;
mod folder;
mod plan;
mod promises;
mod rules;
mod served;

use std::panic::{AssertUnwindSafe, catch_unwind};

use tests::Random;

use folder::Folder;

/// Seeds of folders that were once judged in two ways.
const KEPT: [u64; 44] = [
    47, 109, 184, 238, 307, 460, 497, 635, 1241, 1419, 1764, 1835, 1902, 2294, 2533, 2584, 2628, 2678, 2709, 2740,
    3081, 3486, 3825, 3884, 4632, 5423, 5547, 6234, 6608, 6734, 6934, 6987, 7142, 8288, 8440, 8555, 8707, 9313, 9778,
    9854, 10257, 10476, 12505, 14189,
];

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|number| number.parse().ok()).unwrap_or(default)
}

/// What is wrong with one damaged folder.
fn run(seed: u64) -> Result<(), String> {
    let mut random = Random::new(seed);
    let mut folder = Folder::draw(&mut random);
    let done = damage::damage(&mut folder, &mut random);
    let about = format!("seed {seed}: {:?} {}: {done:?}", folder.target, folder.path.display());
    match catch_unwind(AssertUnwindSafe(|| promises::check(&folder))) {
        Ok(Ok(())) => Ok(()),
        Ok(Err(broken)) => Err(format!("{about}\n    {broken}")),
        Err(_) => Err(format!("{about}\n    panics")),
    }
}

#[test]
fn verify_repair_and_predict_agree_on_every_damaged_folder() {
    let (first, runs) = (number("AGREEMENT_SEED", 0), number("AGREEMENT_RUNS", 300));
    let seeds = first..first + runs;
    println!("seeds {seeds:?}");
    let broken: Vec<String> = seeds.filter_map(|seed| run(seed).err()).collect();
    assert!(broken.is_empty(), "{} of {runs} disagree\n{}", broken.len(), broken.join("\n"));
}

#[test]
fn folders_that_were_once_judged_in_two_ways_are_not_any_more() {
    let broken: Vec<String> = KEPT.into_iter().filter_map(|seed| run(seed).err()).collect();
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn a_healthy_folder_is_left_alone() {
    for seed in 0..60 {
        let folder = Folder::draw(&mut Random::new(seed));
        let judged = plan::judge(&folder).expect("a folder to verify");
        let damage: Vec<String> = judged.damage().map(ToString::to_string).collect();
        assert_eq!(damage, [""; 0], "{}", folder.path.display());
        let planned = plan::plan(&folder).expect("a folder to repair");
        assert_eq!((&planned.changes, &planned.remaining), (&Vec::new(), &Vec::new()), "{}", folder.path.display());
        promises::check(&folder).unwrap_or_else(|broken| panic!("{}: {broken}", folder.path.display()));
    }
}
