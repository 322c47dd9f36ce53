//! `kafka-log compare`: whether replicas of a partition have the same batches.

mod replica;

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use kafka_log::format::partition_dir::{PartitionDirName, PartitionDirState};
use serde_json::{Value, json};

use self::replica::{Batch, Replica, ReplicaError};
use super::Out;
use crate::shared::{exit, json_lines};
use crate::visible::{self, write_json_line};

/// Options of `compare`.
#[derive(Args, Debug)]
pub(super) struct CompareOptions {
    /// Directories of the same partition on different brokers, or log directories, whose common partitions are compared
    #[arg(value_name = "PATH", required = true, num_args = 2..)]
    paths: Vec<PathBuf>,

    /// Print JSON Lines
    #[arg(long)]
    json: bool,
}

/// A range of offsets in which replicas differ.
struct Difference {
    first_offset: i64,
    last_offset: i64,
    reason: &'static str,
    /// What each replica has where the range begins; `None` for nothing.
    found: Vec<Option<Batch>>,
}

/// What was compared of a partition.
struct Compared {
    name: String,
    from: i64,
    to: i64,
    batches: u64,
    differences: Vec<Difference>,
}

/// Runs the verb; returns its exit code.
pub(super) fn run(options: &CompareOptions, to: &mut Out<'_>) -> io::Result<u8> {
    if options.json {
        let paths = options.paths.iter().map(PathBuf::as_path);
        write_json_line(to.out, &json_lines::run("kafka-log compare", paths, Value::Null))?;
    }
    let partitions = match partitions(&options.paths) {
        Ok(partitions) => partitions,
        Err(error) => {
            to.complain(error)?;
            return Ok(exit::COULD_NOT_RUN);
        }
    };
    let mut code = exit::CLEAN;
    for paths in &partitions {
        match compare(paths) {
            Ok((compared, broken)) => {
                for error in &broken {
                    to.complain(error)?;
                }
                if !broken.is_empty() || !compared.differences.is_empty() {
                    code = code.max(exit::DAMAGE);
                }
                if options.json { print_json(&compared, paths, to)? } else { print(&compared, paths, to)? }
            }
            Err(error) => {
                to.complain(error)?;
                code = exit::COULD_NOT_RUN;
            }
        }
    }
    Ok(code)
}

/// The paths of the replicas of each partition.
fn partitions(paths: &[PathBuf]) -> Result<Vec<Vec<PathBuf>>, ReplicaError> {
    let paths: Vec<_> = paths.iter().map(|path| std::path::absolute(path).unwrap_or_else(|_| path.clone())).collect();
    let is_partition = |path: &PathBuf| live(path).is_some();
    if paths.iter().all(is_partition) {
        return Ok(vec![paths]);
    }
    let mut common: Option<BTreeSet<String>> = None;
    for path in &paths {
        let entries = std::fs::read_dir(path).map_err(|source| ReplicaError::Io { path: path.clone(), source })?;
        let names = entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir());
        let names: BTreeSet<String> = names.filter_map(|path| live(&path).map(str::to_owned)).collect();
        common = Some(match common {
            Some(common) => &common & &names,
            None => names,
        });
    }
    let common = common.unwrap_or_default();
    if common.is_empty() {
        return Err(ReplicaError::NoSegments { path: paths.into_iter().next().unwrap_or_default() });
    }
    Ok(common.into_iter().map(|name| paths.iter().map(|path| path.join(&name)).collect()).collect())
}

/// The name of the directory of a partition in use.
fn live(path: &Path) -> Option<&str> {
    let name = path.file_name()?.to_str()?;
    PartitionDirName::parse(name).filter(|parsed| parsed.state == PartitionDirState::Live).map(|_| name)
}

/// Compares replicas from the highest log start up to what all have, or should have: the lowest high watermark or log end.
fn compare(paths: &[PathBuf]) -> Result<(Compared, Vec<ReplicaError>), ReplicaError> {
    let mut replicas = paths.iter().map(|path| Replica::open(path)).collect::<Result<Vec<_>, _>>()?;
    let from = replicas.iter().map(|replica| replica.log_start).max().unwrap_or(0);
    let committed = replicas.iter().filter_map(|replica| replica.high_watermark).min().unwrap_or(i64::MAX);
    for replica in &mut replicas {
        while replica.next.is_some_and(|batch| batch.last_offset < from) {
            replica.advance();
        }
    }
    let name = paths.first().and_then(|path| live(path)).unwrap_or_default().to_owned();
    let mut compared = Compared { name, from, to: from, batches: 0, differences: Vec::new() };
    // Without a checkpoint a replica may lack what was not committed: the shortest decides.
    let has_checkpoint = committed < i64::MAX;
    let mut is_in_difference = false;
    loop {
        let found: Vec<Option<Batch>> =
            replicas.iter().map(|replica| replica.next.filter(|batch| batch.base_offset < committed)).collect();
        let Some(base) = found.iter().flatten().map(|batch| batch.base_offset).min() else { break };
        if found.iter().any(Option::is_none) && !has_checkpoint {
            break;
        }
        let at = |batch: &Option<Batch>| batch.filter(|batch| batch.base_offset == base);
        let here: Vec<Option<Batch>> = found.iter().map(at).collect();
        let end = here.iter().flatten().map(|batch| batch.last_offset).max().unwrap_or(base);
        match difference(&here) {
            None => {
                compared.batches += 1;
                is_in_difference = false;
            }
            Some(reason) => {
                match compared.differences.last_mut().filter(|last| is_in_difference && last.reason == reason) {
                    Some(last) => last.last_offset = last.last_offset.max(end),
                    None => compared.differences.push(Difference {
                        first_offset: base,
                        last_offset: end,
                        reason,
                        found: here.clone(),
                    }),
                }
                is_in_difference = true;
            }
        }
        compared.to = end.saturating_add(1);
        for (replica, batch) in replicas.iter_mut().zip(&here) {
            if batch.is_some() {
                replica.advance();
            }
        }
    }
    let broken = replicas.iter_mut().filter_map(|replica| replica.broken.take()).collect();
    Ok((compared, broken))
}

/// In what batches at one offset differ, the most telling first.
fn difference(here: &[Option<Batch>]) -> Option<&'static str> {
    let present: Vec<Batch> = here.iter().flatten().copied().collect();
    let differ = |of: &dyn Fn(&Batch) -> i64| present.windows(2).any(|pair| of(&pair[0]) != of(&pair[1]));
    if present.iter().any(|batch| !batch.is_valid) {
        Some("wrong checksum")
    } else if present.len() < here.len() {
        Some("missing")
    } else if differ(&|batch| batch.leader_epoch.into()) {
        Some("leader epoch")
    } else if differ(&|batch| batch.last_offset) {
        Some("last offset")
    } else if differ(&|batch| batch.crc.into()) {
        Some("contents")
    } else {
        None
    }
}

fn print(compared: &Compared, paths: &[PathBuf], to: &mut Out<'_>) -> io::Result<()> {
    let Compared { name, from, to: end, batches, differences } = compared;
    if differences.is_empty() {
        return writeln!(to.out, "{name}: {batches} batches are equal, offsets {from} to {end}, exclusive");
    }
    writeln!(to.out, "{name}: replicas differ, offsets {from} to {end}, exclusive, {batches} batches are equal")?;
    for difference in differences {
        let Difference { first_offset, last_offset, reason, found } = difference;
        writeln!(to.out, "  offsets {first_offset}-{last_offset}: {reason}")?;
        for (path, batch) in paths.iter().zip(found) {
            let path = visible::path(path);
            match batch {
                Some(Batch { base_offset, last_offset, leader_epoch, crc, is_valid }) => writeln!(
                    to.out,
                    "    {path}: batch {base_offset}-{last_offset}, leader epoch {leader_epoch}, crc {crc:08x}{}",
                    if *is_valid { "" } else { ", not that of its bytes" }
                )?,
                None => writeln!(to.out, "    {path}: no batch")?,
            }
        }
    }
    Ok(())
}

fn print_json(compared: &Compared, paths: &[PathBuf], to: &mut Out<'_>) -> io::Result<()> {
    for Difference { first_offset, last_offset, reason, found } in &compared.differences {
        let replicas: Vec<Value> = paths
            .iter()
            .zip(found)
            .map(|(path, batch)| {
                let path = path.to_string_lossy();
                match batch {
                    Some(batch) => json!({
                        "path": path, "base_offset": batch.base_offset, "last_offset": batch.last_offset,
                        "leader_epoch": batch.leader_epoch, "crc": batch.crc, "is_valid": batch.is_valid,
                    }),
                    None => json!({"path": path, "base_offset": null}),
                }
            })
            .collect();
        let line = json!({
            "kind": "difference", "partition": compared.name, "reason": reason.replace(' ', "-"),
            "first_offset": first_offset, "last_offset": last_offset, "replicas": replicas,
        });
        write_json_line(to.out, &line)?;
    }
    let line = json!({
        "kind": "comparison", "partition": compared.name, "from": compared.from, "to": compared.to,
        "equal_batches": compared.batches, "differences": compared.differences.len(),
    });
    write_json_line(to.out, &line)
}
