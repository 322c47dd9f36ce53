//! The findings as a table, the worst first.

use std::io::{self, Write};

use kafka_log::audit::{Finding, Severity};
use serde_json::Value;

use super::super::Run;
use super::Escaped;
use crate::visible;

/// Rows of the table.
const ROWS_MAX: usize = 5000;

/// Prints the table.
pub(super) fn print(run: &Run<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut findings: Vec<&Finding> = run.report.all_findings().collect();
    findings.retain(|finding| run.options.notes || finding.severity > Severity::Note);
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    writeln!(out, "<section>\n<h2>Findings</h2>")?;
    let earlier: Vec<&Value> =
        run.earlier.iter().flat_map(|done| &done.findings).map(|finding| &finding.json).collect();
    if findings.is_empty() && earlier.is_empty() {
        return writeln!(out, "<p>None.</p>\n</section>");
    }
    writeln!(
        out,
        "<table>\n<thead><tr><th>Severity</th><th>What</th><th>Where</th><th>Offsets</th><th>Expected and found</th>\
         <th>Remedy</th></tr></thead>\n<tbody>"
    )?;
    for finding in findings.iter().take(ROWS_MAX) {
        row(finding, out)?;
    }
    writeln!(out, "</tbody>\n</table>")?;
    if findings.len() > ROWS_MAX {
        writeln!(out, "<p class=\"dim\">{} more; --output json has them all.</p>", findings.len() - ROWS_MAX)?;
    }
    if !earlier.is_empty() {
        writeln!(out, "<p class=\"dim\">{} findings of the run before this one:</p><ul>", earlier.len())?;
        for finding in earlier.iter().take(ROWS_MAX) {
            writeln!(out, "<li>{}</li>", Escaped(*finding))?;
        }
        writeln!(out, "</ul>")?;
    }
    writeln!(out, "</section>")
}

fn row(finding: &Finding, out: &mut dyn Write) -> io::Result<()> {
    let severity = finding.severity.name();
    let bytes = match &finding.bytes {
        Some(bytes) if bytes.is_empty() => format!("byte {}", bytes.start),
        Some(bytes) => format!("bytes {}–{}", bytes.start, bytes.end - 1),
        None => String::new(),
    };
    let offsets = finding.offsets.map(|offsets| offsets.to_string()).unwrap_or_default();
    writeln!(
        out,
        "<tr class=\"{severity}\"><td><b>{severity}</b><br><span class=\"dim\">{}</span></td><td>{}</td>\
         <td class=\"where\">{}<br><span class=\"dim\">{bytes}</span></td><td>{}</td>\
         <td>expected {}<br>found {}</td><td>{}</td></tr>",
        finding.class.name(),
        finding.code.id(),
        Escaped(&visible::path(&finding.path)),
        Escaped(&offsets),
        Escaped(&finding.expected),
        Escaped(&finding.found),
        Escaped(finding.remedy.advice()),
    )
}
