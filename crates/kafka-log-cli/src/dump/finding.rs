//! Where the findings of a dump go: counted for `--strict`, objects of the JSON output, or lines on stderr.
//!
//! They are findings of the audit, with its codes and severities. What makes them is the dump itself, for it has read the
//! bytes: to have the audit read them again would double what a dump reads, and it would tell of batches that filters,
//! `--limit` or the first damage leave out.

use std::sync::atomic::{AtomicU8, Ordering};

use kafka_log::audit::{Finding, Verdict};

use super::output::LineSink;
use crate::shared::finding::Line;
use crate::shared::{exit, json_lines};

/// Where findings go, beside being counted.
#[derive(Clone, Copy)]
pub(crate) enum FindingsTo<'s> {
    /// Nowhere.
    Nobody,
    /// To stderr, a line each.
    Lines(&'s dyn LineSink),
    /// Into the JSON output, between the objects they are about.
    Objects,
}

/// Takes all findings of a run, from all threads.
pub(crate) struct Findings<'s> {
    to: FindingsTo<'s>,
    /// That of the worst finding.
    exit_code: AtomicU8,
}

impl<'s> Findings<'s> {
    pub(crate) fn new(to: FindingsTo<'s>) -> Self {
        Findings { to, exit_code: AtomicU8::new(exit::CLEAN) }
    }

    /// Counts a finding and reports it. An object goes to `out`, the output of the caller; a thread that takes part in
    /// a scan must have its turn.
    pub(crate) fn report(&self, finding: &Finding, out: &mut Vec<u8>) {
        self.exit_code.fetch_max(Verdict::of(finding.severity).exit_code(), Ordering::Relaxed);
        match self.to {
            FindingsTo::Nobody => {}
            FindingsTo::Lines(err) => err.line(format!("kafka-dump-log: {}\n", Line(finding)).as_bytes()),
            FindingsTo::Objects => json_lines::push_line(out, &json_lines::finding(finding)),
        }
    }

    /// Whether findings are shown.
    pub(crate) fn are_shown(&self) -> bool {
        !matches!(self.to, FindingsTo::Nobody)
    }

    /// The exit code of the verdict over the findings so far.
    pub(crate) fn exit_code(&self) -> u8 {
        self.exit_code.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use kafka_log::audit::Code;

    use super::*;

    #[test]
    fn findings_become_objects_and_the_worst_of_them_the_exit_code() {
        let findings = Findings::new(FindingsTo::Objects);
        let mut out = Vec::new();
        findings.report(&Finding::new(Code::UnknownFile, "f", "e", "f"), &mut out);
        assert_eq!(findings.exit_code(), exit::CLEAN);
        let damage = Finding::new(Code::BatchChecksum, "a \"b\".log", "1", "2").at(70..100).of(5, Some(9));
        findings.report(&damage, &mut out);
        findings.report(&Finding::new(Code::TornTail, "f", "e", "f"), &mut out);
        assert_eq!(findings.exit_code(), exit::DAMAGE);
        let lines: Vec<serde_json::Value> =
            out.split(|b| *b == b'\n').filter(|l| !l.is_empty()).map(|l| serde_json::from_slice(l).unwrap()).collect();
        assert_eq!(
            lines[1],
            serde_json::json!({
                "kind": "finding", "code": "batch-checksum", "severity": "damage", "class": "damage",
                "path": "a \"b\".log", "position": 70, "bytes": 30, "first_offset": 5, "last_offset": 9,
                "expected": "1", "found": "2", "remedy": "salvage"
            })
        );
    }
}
