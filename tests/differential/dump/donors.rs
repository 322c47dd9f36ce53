//! The healthy files that mutants are made of: segments and other files of all packed scenarios.

use std::collections::BTreeMap;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use kafka_log::compression::Decompressor;
use kafka_log::segment::batch::Batch;
use tests::Random;
use tests::fixtures;
use tests::rewrite::{DECOMPRESSED_MAX, batches};

/// Larger logs are cut to as many whole batches as fit, so that a run makes many mutants.
const LOG_MAX: usize = 16 * 1024;
/// Of the keys and values of logs, those that are taken along: so many of each log.
const PAYLOADS_OF_LOG: usize = 40;

/// The files of one segment, or a file alone, by their endings.
pub(crate) struct Donor {
    /// Scenario and folder, for the report.
    pub(crate) from: String,
    /// Part of the name before the first dot.
    pub(crate) stem: String,
    /// Content by ending, which begins with the dot.
    pub(crate) files: BTreeMap<String, Vec<u8>>,
}

impl Donor {
    pub(crate) fn log(&self) -> Option<&Vec<u8>> {
        self.files.get(".log").or_else(|| self.files.get(".checkpoint"))
    }
}

/// All donors, and keys and values of their records.
pub(crate) struct Donors {
    pub(crate) segments: Vec<Donor>,
    /// Which of the segments are of the same scenario.
    scenarios: Vec<Range<usize>>,
    pub(crate) payloads: Vec<Vec<u8>>,
}

impl Donors {
    pub(crate) fn load() -> Self {
        let (mut segments, mut scenarios) = (Vec::new(), Vec::new());
        for name in fixtures::names() {
            let root = fixtures::scenario(&name);
            let mut parts: BTreeMap<(PathBuf, String), Donor> = BTreeMap::new();
            for path in fixtures::files(&root) {
                let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                let Some(dot) = file.find('.') else { continue };
                let (Ok(mut bytes), Some(parent)) = (fs::read(&path), path.parent()) else { continue };
                let ending = &file[dot..];
                if ending == ".log" || ending == ".checkpoint" {
                    bytes = cut(bytes);
                } else if bytes.len() > LOG_MAX {
                    bytes.truncate(LOG_MAX / 24 * 24);
                }
                let from = format!("{name}/{}", parent.strip_prefix(&root).unwrap_or(Path::new("")).display());
                let new = || Donor { from, stem: file[..dot].to_owned(), files: BTreeMap::new() };
                let donor = parts.entry((parent.to_owned(), file[..dot].to_owned())).or_insert_with(new);
                donor.files.insert(ending.to_owned(), bytes);
            }
            let first = segments.len();
            segments.extend(parts.into_values());
            scenarios.push(first..segments.len());
        }
        let payloads = payloads(&segments);
        Donors { segments, scenarios, payloads }
    }

    /// A donor that has a file with this ending: any, or, so that scenarios of few files are not rare, one of any scenario.
    pub(crate) fn with<'d>(&'d self, random: &mut Random, ending: &str) -> &'d Donor {
        loop {
            let all = 0..self.segments.len();
            let among =
                if random.below(2) == 0 { all } else { self.scenarios[random.below(self.scenarios.len())].clone() };
            let donor = &self.segments[among.start + random.below(among.len())];
            if donor.files.get(ending).is_some_and(|bytes| !bytes.is_empty() || random.below(20) == 0) {
                return donor;
            }
        }
    }
}

fn cut(mut log: Vec<u8>) -> Vec<u8> {
    if log.len() > LOG_MAX {
        let ends = batches(&log).map(|batch| batch.position as usize + batch.overhead.size());
        let whole = ends.take_while(|&end| end <= LOG_MAX).last().unwrap_or(LOG_MAX);
        log.truncate(whole);
    }
    log
}

fn payloads(segments: &[Donor]) -> Vec<Vec<u8>> {
    let mut found = vec![Vec::new()];
    let mut decompressor = Decompressor::new(DECOMPRESSED_MAX);
    for log in segments.iter().filter_map(Donor::log) {
        let from = found.len();
        for raw in batches(log) {
            let Ok(Batch::Default(batch)) = raw.parse() else { continue };
            let Ok(records) = batch.records(&mut decompressor) else { continue };
            for record in records.map_while(Result::ok) {
                found.extend([record.key, record.value].into_iter().flatten().map(<[u8]>::to_vec));
            }
            if found.len() > from + PAYLOADS_OF_LOG {
                break;
            }
        }
    }
    found.retain(|payload| payload.len() <= LOG_MAX);
    found.sort();
    found.dedup();
    found
}
