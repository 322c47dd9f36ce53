//! A finding of the audit as text.

use std::fmt;

use kafka_log::audit::Finding;

use crate::visible::{self, Visible};

/// Which bytes and offsets a finding is about: nothing, or `, bytes 70 to 99 (30), offsets 5-9`.
pub(crate) struct Place<'f>(pub(crate) &'f Finding);

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(bytes) = &self.0.bytes {
            match bytes.end - bytes.start {
                0 => write!(f, ", byte {}", bytes.start)?,
                len => write!(f, ", bytes {} to {} ({len})", bytes.start, bytes.end - 1)?,
            }
        }
        match self.0.offsets {
            Some(offsets) if offsets.count() == Some(1) => write!(f, ", offset {offsets}"),
            Some(offsets) => write!(f, ", offsets {offsets}"),
            None => Ok(()),
        }
    }
}

/// A finding in one line, with display controls as escapes.
pub(crate) struct Line<'f>(pub(crate) &'f Finding);

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Finding { code, severity, path, expected, found, .. } = self.0;
        let (severity, path, place, code) = (severity.name(), visible::path(path), Place(self.0), code.id());
        let (expected, found) = (Visible(expected), Visible(found));
        write!(f, "{severity} {path}{place}: {code}: expected {expected}, found {found}")
    }
}

#[cfg(test)]
mod tests {
    use kafka_log::audit::{Code, Severity};

    use super::*;

    #[test]
    fn a_line_says_how_bad_it_is_where_it_is_and_what_it_is() {
        let finding = Finding::new(Code::BatchChecksum, "a\n.log", "checksum 1, as computed", "2");
        let line = |finding: &Finding| Line(finding).to_string();
        assert_eq!(
            line(&finding.clone().at(70..100).of(5, Some(9))),
            "damage a\\n.log, bytes 70 to 99 (30), offsets 5-9: batch-checksum: expected checksum 1, as computed, found 2"
        );
        assert_eq!(
            line(&finding.clone().at(3..3).of(5, Some(5)).graded(Severity::Note)),
            "note a\\n.log, byte 3, offset 5: batch-checksum: expected checksum 1, as computed, found 2"
        );
        assert!(line(&finding.of(5, None)).contains(", offsets 5-?: "));
    }
}
