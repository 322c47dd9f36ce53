//! What is wrong with a file, as a value: counted for `--strict`, an object of the JSON output, or a line on stderr.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use super::error::{DumpError, Place};
use super::json::Object;
use super::output::LineSink;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Severity {
    /// Something is lost or wrong.
    Error,
    /// Nothing is lost, but something is not as it should be.
    Warning,
}

/// Something that is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding<'f> {
    pub(crate) severity: Severity,
    /// A name that stays the same from release to release: `checksum-mismatch`.
    pub(crate) kind: &'static str,
    /// The file as it was named on the command line.
    pub(crate) file: &'f str,
    /// Where in the file, in bytes.
    pub(crate) position: Option<u64>,
    /// First and last offset concerned.
    pub(crate) offsets: Option<(i64, i64)>,
    /// Number of bytes concerned, from `position` on.
    pub(crate) bytes: Option<u64>,
    /// What was expected and what was found, in one line. Never says what is in keys and values.
    pub(crate) message: String,
}

impl<'f> Finding<'f> {
    /// An error about a file, nowhere in particular yet.
    pub(crate) fn error(kind: &'static str, file: &'f str, message: impl Into<String>) -> Self {
        let message = message.into();
        Finding { severity: Severity::Error, kind, file, position: None, offsets: None, bytes: None, message }
    }

    /// A warning about a file, nowhere in particular yet.
    pub(crate) fn warning(kind: &'static str, file: &'f str, message: impl Into<String>) -> Self {
        Finding { severity: Severity::Warning, ..Finding::error(kind, file, message) }
    }

    /// The error that ended the dump of `file`.
    pub(crate) fn fatal(file: &'f str, error: &DumpError) -> Self {
        let (kind, position, message) = match error {
            DumpError::Damaged { place: Place::File, error } => ("damaged", Some(error.at), error.to_string()),
            DumpError::Damaged { place: Place::Batch { position, .. }, error } => {
                ("damaged-batch", Some(*position), error.to_string())
            }
            DumpError::Io(error) => ("unreadable", None, error.to_string()),
            other => ("unreadable", None, other.to_string()),
        };
        Finding { position, ..Finding::error(kind, file, message) }
    }

    #[must_use]
    pub(crate) fn at(self, position: u64) -> Self {
        Finding { position: Some(position), ..self }
    }

    #[must_use]
    pub(crate) fn bytes(self, bytes: u64) -> Self {
        Finding { bytes: Some(bytes), ..self }
    }

    #[must_use]
    pub(crate) fn offsets(self, offsets: Option<(i64, i64)>) -> Self {
        Finding { offsets, ..self }
    }

    /// Appends the finding as an object of the JSON output, with its line end.
    pub(crate) fn push_json(&self, out: &mut Vec<u8>) {
        let mut object = Object::new(out, "finding", self.file);
        object.text("severity", self.severity.name());
        object.text("kind", self.kind);
        object.optional("position", self.position);
        object.optional("bytes", self.bytes);
        object.optional("firstOffset", self.offsets.map(|(first, _)| first));
        object.optional("lastOffset", self.offsets.map(|(_, last)| last));
        object.text("message", &self.message);
        object.end();
    }
}

impl Severity {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
        }
    }
}

/// One line, without the name of the program.
impl fmt::Display for Finding<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.file, self.severity.name())?;
        write!(f, " {}", self.kind)?;
        match (self.position, self.bytes) {
            (Some(from), Some(bytes)) => write!(f, " in bytes {from} to {}", from.saturating_add(bytes))?,
            (Some(at), None) => write!(f, " at byte {at}")?,
            _ => {}
        }
        match self.offsets {
            Some((first, last)) if first == last => write!(f, " offset {first}")?,
            Some((first, last)) => write!(f, " offsets {first} to {last}")?,
            None => {}
        }
        write!(f, ": {}", self.message)
    }
}

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
    errors: AtomicU64,
    warnings: AtomicU64,
}

impl<'s> Findings<'s> {
    pub(crate) fn new(to: FindingsTo<'s>) -> Self {
        Findings { to, errors: AtomicU64::new(0), warnings: AtomicU64::new(0) }
    }

    /// Counts a finding and reports it. An object goes to `out`, the output of the caller; a thread that takes part in
    /// a scan must have its turn.
    pub(crate) fn report(&self, finding: &Finding<'_>, out: &mut Vec<u8>) {
        let count = match finding.severity {
            Severity::Error => &self.errors,
            Severity::Warning => &self.warnings,
        };
        count.fetch_add(1, Ordering::Relaxed);
        match self.to {
            FindingsTo::Nobody => {}
            FindingsTo::Lines(err) => {
                err.line(format!("kafka-dump-log: {finding}\n").as_bytes());
            }
            FindingsTo::Objects => finding.push_json(out),
        }
    }

    /// Does anybody get to see them?
    pub(crate) fn are_shown(&self) -> bool {
        !matches!(self.to, FindingsTo::Nobody)
    }

    /// Number of errors and warnings so far.
    pub(crate) fn counts(&self) -> (u64, u64) {
        (self.errors.load(Ordering::Relaxed), self.warnings.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding() -> Finding<'static> {
        let message = "expected checksum 1 (computed), found 2";
        Finding::error("checksum-mismatch", "a \"b\".log", message).at(70).bytes(30).offsets(Some((5, 9)))
    }

    #[test]
    fn a_line_says_where_and_what() {
        assert_eq!(
            finding().to_string(),
            "a \"b\".log: error checksum-mismatch in bytes 70 to 100 offsets 5 to 9: expected checksum 1 (computed), \
             found 2"
        );
        assert_eq!(
            Finding::warning("index-unused", "f", "w").at(3).to_string(),
            "f: warning index-unused at byte 3: w"
        );
    }

    #[test]
    fn findings_are_counted_by_severity_and_become_objects() {
        let findings = Findings::new(FindingsTo::Objects);
        let mut out = Vec::new();
        findings.report(&finding(), &mut out);
        findings.report(&Finding::warning("zero-padding", "f", "w"), &mut out);
        assert_eq!(findings.counts(), (1, 1));
        let lines: Vec<serde_json::Value> =
            out.split(|b| *b == b'\n').filter(|l| !l.is_empty()).map(|l| serde_json::from_slice(l).unwrap()).collect();
        assert_eq!(
            lines[0],
            serde_json::json!({
                "schema_version": 1, "type": "finding", "file": "a \"b\".log", "severity": "error",
                "kind": "checksum-mismatch", "position": 70, "bytes": 30, "firstOffset": 5, "lastOffset": 9,
                "message": "expected checksum 1 (computed), found 2"
            })
        );
        assert_eq!(lines[1]["position"], serde_json::Value::Null);
    }
}
