//! `kafka-log verify`.

use std::io;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use kafka_log::fs::OsFs;
use kafka_log::verify::{self, Level, Silent};

use super::{Out, exit};

/// What to verify, and how.
#[derive(Args, Debug)]
pub(super) struct VerifyOptions {
    /// Segments, partition directories, log directories
    #[arg(value_name = "PATH", required = true)]
    pub(super) paths: Vec<PathBuf>,

    /// How thoroughly to look
    #[arg(long, value_name = "LEVEL", default_value = "default")]
    level: LevelOption,
}

/// How thoroughly to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum LevelOption {
    /// Names, sizes, index structure, checkpoints
    Quick,
    /// Every batch and every index entry
    Default,
    /// Every record, too
    Deep,
}

/// Runs the verb; gives its exit code.
pub(super) fn run(options: &VerifyOptions, to: &mut Out<'_>) -> io::Result<u8> {
    let level = match options.level {
        LevelOption::Quick => Level::Quick,
        LevelOption::Default => Level::Default,
        LevelOption::Deep => Level::Deep,
    };
    let verify_options = verify::VerifyOptions { level, ..verify::VerifyOptions::default() };
    match verify::verify(&OsFs, &options.paths, &verify_options, &Silent) {
        Ok(report) => {
            for finding in report.all_findings() {
                writeln!(to.out, "{finding}")?;
            }
            let verdict = report.verdict();
            writeln!(to.out, "{}", to.style.verdict(verdict, verdict.name()))?;
            Ok(verdict.exit_code())
        }
        Err(error) => {
            writeln!(to.err, "kafka-log: {error}")?;
            Ok(exit::COULD_NOT_RUN)
        }
    }
}
