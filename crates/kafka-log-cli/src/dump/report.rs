//! The closing report on stderr: what Kafka's tool noticed along the way, file by file.

use std::io::{self, Write};
use std::path::PathBuf;

use super::gaps::Gaps;
use super::options::JavaFile;

/// Findings to be reported once all files are dumped.
#[derive(Default)]
pub(crate) struct Report {
    gaps: Vec<(String, Gaps)>,
}

impl Report {
    pub(crate) fn gaps(&mut self, file: &JavaFile, gaps: Gaps) {
        if !gaps.pairs().is_empty() {
            self.gaps.push((absolute(file), gaps));
        }
    }

    pub(crate) fn write(&self, err: &mut dyn Write) -> io::Result<()> {
        for (file, gaps) in &self.gaps {
            writeln!(err, "Non-consecutive offsets in {file}")?;
            for (offset, next) in gaps.pairs() {
                writeln!(err, "  {offset} is followed by {next}")?;
            }
        }
        Ok(())
    }
}

fn absolute(file: &JavaFile) -> String {
    std::path::absolute(file.path()).unwrap_or_else(|_| PathBuf::from(file.path())).to_string_lossy().into_owned()
}
