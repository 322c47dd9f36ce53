//! Writes random segments with all their files, and beside each what was meant by them: `write-differential FOLDER SEED
//! SEGMENTS`. `ReadSegments.java` reads them with Kafka's classes.

mod indexes;
mod plan;

use std::fs;
use std::io;
use std::path::Path;

use kafka_log::format::batch::TimestampType;
use kafka_log::format::batch_mut::BatchMut;
use tests::Random;

use indexes::SegmentFiles;
use plan::{Planned, Planner};

/// Batches of a segment.
const BATCHES: usize = 100;

fn main() -> io::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [folder, seed, segments] = &args[..] else { return Err(io::Error::other("FOLDER SEED SEGMENTS")) };
    let number = |text: &String| text.parse::<u64>().map_err(io::Error::other);
    let (mut random, segments) = (Random::new(number(seed)?), number(segments)?);
    let mut planner = Planner::default();
    for segment in 0..segments {
        let folder = Path::new(folder).join(format!("segment-{segment}"));
        fs::create_dir_all(&folder)?;
        write_segment(&folder, &mut planner, &mut random)?;
    }
    Ok(())
}

fn write_segment(folder: &Path, planner: &mut Planner, random: &mut Random) -> io::Result<()> {
    let base_offset = (random.number() >> (2 + random.below(60))) as i64;
    let mut files = SegmentFiles::new(base_offset);
    let (mut next_offset, mut log, mut changed, mut listing) = (base_offset, Vec::new(), Vec::new(), String::new());
    for _ in 0..BATCHES {
        let Planned { bytes, lines, last_offset, max_timestamp } = planner.plan(random, next_offset, log.len());
        files.appended(last_offset, max_timestamp, log.len(), bytes.len(), random);
        listing.push_str(&lines);
        listing.push_str(&change(&bytes, &mut changed, random));
        log.extend_from_slice(&bytes);
        next_offset = last_offset + 1 + (random.below(5) / 4 * random.below(100)) as i64;
    }
    listing.push_str(&files.write(folder, random)?);
    fs::write(folder.join(format!("{base_offset:020}.log")), log)?;
    fs::write(folder.join("changed"), changed)?;
    fs::write(folder.join("listing"), listing)
}

/// Changes a copy of the batch as a broker might; says how, and which changes its version refused.
fn change(bytes: &[u8], out: &mut Vec<u8>, random: &mut Random) -> String {
    let start = out.len();
    out.extend_from_slice(bytes);
    let mut batch = BatchMut::parse(&mut out[start..]).expect("a batch we wrote");
    let (offset, epoch) = ((random.number() >> 1) as i64, random.number() as i32);
    let kind = [TimestampType::CreateTime, TimestampType::LogAppendTime][random.below(2)];
    let time = (random.number() >> (1 + random.below(60))) as i64;
    batch.set_last_offset(offset);
    let with_epoch = batch.set_partition_leader_epoch(epoch).is_ok();
    let with_time = batch.set_max_timestamp(kind, time).is_ok();
    format!("M {offset} {epoch} {} {time} {with_epoch} {with_time}\n", kind.name())
}
