//! Damaged partitions in a directory, with what a repair promises, for a comparison with a real broker and a consumer.

use std::path::{Path, PathBuf};
use std::{env, fs};

use kafka_log::audit::predict::Stop;
use kafka_log::format::checksum::crc32;
use kafka_log::fs::OsFs;
use serde_json::{Map, Value, json};
use tests::Random;
use tests::sim::copy_tree;

use super::damage;
use super::folder::Folder;
use super::number;
use super::plan::{carry_out, judge, plan};
use super::served::{Content, open, served};

/// CRC-32 of key and value as the consumer of the comparison computes it.
fn checksum((key, value): &Content) -> String {
    let part = |bytes: &Option<Vec<u8>>| bytes.clone().unwrap_or_else(|| vec![0]);
    format!("{:08x}", crc32(&[part(key), vec![0xff], part(value)].concat()))
}

/// A damaged partition of its own, and offset and checksum of each record that is served after its repair; `None` where a
/// person has to do something.
fn draw(seed: u64) -> Option<(Folder, Vec<String>, Value)> {
    let mut random = Random::new(seed);
    let mut folder = Folder::partition(&mut random);
    let done = damage::damage(&mut folder, &mut random);
    judge(&folder).ok()?;
    let planned = plan(&folder).ok().filter(|planned| planned.remaining.is_empty())?;
    let (fs, path, partitions) = (folder.copy(), folder.path.clone(), folder.partitions.clone());
    let repaired = Folder { fs, target: folder.target, path, partitions };
    carry_out(&repaired, &planned).expect("files in memory can be written");
    let report = judge(&repaired).ok()?;
    let report = report.report.all_partitions().next()?;
    let copy = repaired.copy();
    let start = open(&copy, &repaired.path, report, Stop::Unclean).ok()?;
    let records = served(&copy, &repaired.path, start);
    let records = records.iter().map(|(offset, content)| json!([offset, checksum(content)])).collect();
    Some((folder, done, records))
}

/// Writes `AGREEMENT_RUNS` damaged partitions to `AGREEMENT_TO`, each in a directory of its own, and `promised.json`.
#[test]
#[ignore = "for tests/differential/agreement, which names the directory"]
fn damaged_partitions_are_written_to_a_directory() {
    let to = PathBuf::from(env::var_os("AGREEMENT_TO").expect("AGREEMENT_TO names a directory"));
    let (first, runs) = (number("AGREEMENT_SEED", 0), number("AGREEMENT_RUNS", 100));
    let mut promised = Map::new();
    for (seed, (folder, done, records)) in (first..).filter_map(|seed| Some((seed, draw(seed)?))).take(runs as usize) {
        let topic = format!("seed-{seed}");
        let dir = to.join(&topic).join(format!("{topic}-0"));
        copy_tree(&folder.fs, Path::new(&folder.path), &OsFs, &dir).expect("a directory to write to");
        promised.insert(topic, json!({"damage": done, "records": records}));
    }
    fs::write(to.join("promised.json"), Value::Object(promised).to_string()).expect("a directory to write to");
}
