//! The closing report on stderr: what Kafka's tool noticed along the way, kind by kind and file by file.

use std::collections::HashMap;
use std::io::{self, Write};

use super::gap_lines::{FirstReading, write_again};
use super::gaps::{Gaps, Pairs};
use super::index::Mismatch;
use super::options::JavaFile;
use super::time_index::TimeIndexError;
use crate::visible::Visible;

/// Findings to be reported once all files are dumped.
#[derive(Default)]
pub(crate) struct Report {
    mismatches: ByFile<Vec<Mismatch>>,
    /// Timestamp of the index, largest of the batch.
    time_mismatches: ByFile<Vec<(i64, i64)>>,
    /// Timestamp of the index, the one before it.
    out_of_order: ByFile<Vec<(i64, i64)>>,
    /// Offset of the index, offset of the log.
    not_found: ByFile<Vec<(i64, i64)>>,
    gaps: ByFile<Option<(Pairs, FirstReading)>>,
}

impl Report {
    /// Notes the gaps that were found when the file was read; the same file read twice has the same.
    pub(crate) fn gaps(&mut self, gaps: Gaps, first: FirstReading) {
        let pairs = gaps.into_pairs();
        if !pairs.is_empty() {
            let entry = self.gaps.entry(&first.file, pairs.len());
            *entry = Some((pairs, first));
        }
    }

    pub(crate) fn mismatches(&mut self, file: &JavaFile, mut mismatches: Vec<Mismatch>) {
        if !mismatches.is_empty() {
            self.mismatches.entry(file, mismatches.len()).append(&mut mismatches);
        }
    }

    pub(crate) fn time_index(&mut self, file: &JavaFile, errors: &[TimeIndexError]) {
        for error in errors {
            match *error {
                TimeIndexError::Mismatch { index_timestamp, log_timestamp, .. } => {
                    self.time_mismatches.entry(file, 1).push((index_timestamp, log_timestamp));
                }
                TimeIndexError::OutOfOrder { index_timestamp, previous } => {
                    self.out_of_order.entry(file, 1).push((index_timestamp, previous));
                }
                TimeIndexError::NotFound { index_offset, log_offset } => {
                    self.not_found.entry(file, 1).push((index_offset, log_offset));
                }
            }
        }
    }

    /// Writes the report, the names in it with escapes if `escape` says so; `err` may be slow, so give it a buffer.
    pub(crate) fn write(&mut self, err: &mut (dyn Write + Send), escape: bool) -> io::Result<()> {
        let shown = |file: &str| if escape { Visible(file).to_string() } else { file.to_owned() };
        for (_, mismatches) in &mut self.mismatches.files {
            // Kafka keeps them by offset, the largest first; of entries with one offset the last.
            mismatches.reverse();
            mismatches.sort_by_key(|mismatch| std::cmp::Reverse(mismatch.index_offset));
            mismatches.dedup_by_key(|mismatch| mismatch.index_offset);
        }
        for (file, mismatches) in self.mismatches.in_java_order() {
            writeln!(err, "Mismatches in :{}", shown(file))?;
            for Mismatch { index_offset, log_offset, .. } in mismatches {
                writeln!(err, "  Index offset: {index_offset}, log offset: {log_offset}")?;
            }
        }
        for (file, timestamps) in self.time_mismatches.in_java_order() {
            writeln!(err, "Found timestamp mismatch in :{}", shown(file))?;
            for (index, log) in timestamps {
                writeln!(err, "  Index timestamp: {index}, log timestamp: {log}")?;
            }
        }
        for (file, timestamps) in self.out_of_order.in_java_order() {
            writeln!(err, "Found out of order timestamp in :{}", shown(file))?;
            for (index, previous) in timestamps {
                writeln!(err, "  Index timestamp: {index}, Previously indexed timestamp: {previous}")?;
            }
        }
        for (file, offsets) in self.not_found.in_java_order() {
            writeln!(err, "The following indexed offsets are not found in :{}", shown(file))?;
            for (index, log) in offsets {
                writeln!(err, "Indexed offset: {index}, found log offset: {log}")?;
            }
        }
        for (file, gaps) in self.gaps.in_java_order() {
            writeln!(err, "Non-consecutive offsets in {}", shown(file))?;
            match gaps {
                Some((Pairs::TooMany, first)) => write_again(first, err)?,
                Some((pairs, _)) => {
                    let mut written = Ok(());
                    pairs.for_each(|offset, next| {
                        if written.is_ok() {
                            written = writeln!(err, "  {offset} is followed by {next}");
                        }
                    });
                    written?;
                }
                None => {}
            }
        }
        Ok(())
    }
}

/// Findings of one kind by file. Kafka keeps them in a `HashMap` keyed by absolute path.
#[derive(Default)]
struct ByFile<T> {
    slots: HashMap<String, usize>,
    files: Vec<(String, T)>,
    /// How often Java would have doubled its table of 16 buckets.
    doublings: u32,
}

impl<T: Default> ByFile<T> {
    /// What is noted about a file, to which `more` findings are about to be added: Kafka's tool looks the file up for
    /// each of them, and `HashMap.computeIfAbsent` looks whether the table is too full before anything else.
    fn entry(&mut self, file: &JavaFile, more: usize) -> &mut T {
        let path = absolute(file);
        let mut slot = 0;
        for _ in 0..more.clamp(1, 2) {
            if self.files.len() > (12 << self.doublings) {
                self.doublings += 1;
            }
            let next = self.files.len();
            slot = *self.slots.entry(path.clone()).or_insert(next);
            if slot == next {
                self.files.push((path.clone(), T::default()));
            }
        }
        &mut self.files[slot].1
    }

    /// The files in the order in which Java gives them: by bucket, and in a bucket the last first, for that is where
    /// `computeIfAbsent` puts it.
    fn in_java_order(&self) -> impl Iterator<Item = (&str, &T)> {
        let mask = (16 << self.doublings) - 1;
        let mut order: Vec<_> = self.files.iter().rev().map(|(path, found)| (path.as_str(), found)).collect();
        order.sort_by_key(|(path, _)| {
            let hash = java_hash(path);
            (hash ^ hash >> 16) & mask
        });
        order.into_iter()
    }
}

/// `String.hashCode`.
fn java_hash(text: &str) -> u32 {
    text.encode_utf16().fold(0, |hash: u32, unit| hash.wrapping_mul(31).wrapping_add(unit.into()))
}

/// `File.getAbsolutePath`: the working directory in front, nothing resolved.
fn absolute(file: &JavaFile) -> String {
    let path = file.to_string();
    if path.starts_with('/') {
        return path;
    }
    let here = std::env::current_dir().map(|dir| dir.to_string_lossy().into_owned()).unwrap_or_default();
    match (here.as_str(), path.as_str()) {
        (_, "") => here,
        ("/", _) => format!("/{path}"),
        _ => format!("{here}/{path}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(names: &[String], errors_of_last: usize) -> String {
        let mut files = ByFile::<()>::default();
        for (i, name) in names.iter().enumerate() {
            files.entry(&JavaFile::new(name.as_ref()), if i + 1 == names.len() { errors_of_last } else { 2 });
        }
        let order: Vec<_> = files.in_java_order().map(|(path, ())| path).collect();
        order.join(" ")
    }

    /// Orders that `HashMap.computeIfAbsent` of Java 17 gave.
    #[test]
    fn files_come_in_the_order_of_a_java_hash_map() {
        let names = ["/b/1.log", "/a/00000000000000000000.index", "/ž/x.index", "/kafka/p-0/7.log", "/kafka/p-1/7.log"];
        let expected = "/a/00000000000000000000.index /kafka/p-0/7.log /ž/x.index /kafka/p-1/7.log /b/1.log";
        assert_eq!(order(&names.map(str::to_owned), 1), expected);
    }

    #[test]
    fn names_with_the_same_hash_come_the_last_first() {
        let names = ["/Aa", "/BB", "/AaAa", "/BBBB", "/AaBB", "/x", "/BBAa"].map(str::to_owned);
        assert_eq!(order(&names, 1), "/x /BBAa /AaBB /BBBB /AaAa /BB /Aa");
    }

    #[test]
    fn the_thirteenth_file_makes_the_table_grow_with_its_second_error_only() {
        let names: Vec<_> = (0..13).map(|i| format!("/p-{i}/0.log")).collect();
        let numbers = |errors| order(&names, errors).replace("/p-", "").replace("/0.log", "");
        assert_eq!(numbers(1), "0 12 6 3 7 9 5 2 10 11 4 1 8");
        assert_eq!(numbers(2), "0 12 6 7 4 8 3 9 5 2 10 11 1");
    }
}
