//! A dump and a verification have one judgement of the bytes that both read.

use std::ops::Range;

use kafka_log::audit::{AuditOptions, Finding, Severity, verify_segment};
use kafka_log::fs::OsFs;
use serde_json::Value;

use crate::support::{json_of_any, logs};

/// What both say of bytes that are no good batch.
const OF_BYTES: &[&str] =
    &["batch-checksum", "batch-length", "unreadable-bytes", "torn-tail", "torn-segment", "preallocated-tail"];

/// Bytes that are no good batch, and what is said of them.
struct OfBytes {
    bytes: Range<u64>,
    code: String,
    severity: Severity,
}

fn verified(finding: &Finding) -> Option<OfBytes> {
    let (bytes, code) = (finding.bytes.clone()?, finding.code.id().to_owned());
    Some(OfBytes { bytes, code, severity: finding.severity })
}

fn dumped(object: &Value) -> Option<OfBytes> {
    let code = object["code"].as_str().filter(|code| OF_BYTES.contains(code))?.to_owned();
    let severity = [Severity::Note, Severity::Warning, Severity::Damage];
    let severity = severity.into_iter().find(|severity| object["severity"] == severity.name())?;
    let start = object["position"].as_u64()?;
    Some(OfBytes { bytes: start..start + object["bytes"].as_u64()?, code, severity })
}

#[test]
fn a_dump_finds_the_bytes_that_a_verification_finds_and_calls_them_the_same() {
    let (mut all, mut alike) = (0, 0);
    for scenario in ["damage-bit-flips", "damage-header-values", "damage-tails", "damage-truncated", "damage-payloads"]
    {
        for log in logs(scenario) {
            let report = verify_segment(&OsFs, &log, &AuditOptions::default()).unwrap();
            let of_log = report.findings.iter().filter(|finding| finding.path == log);
            let expected: Vec<OfBytes> = of_log.filter_map(verified).collect();
            let found: Vec<OfBytes> = json_of_any(&log, &["--resync"]).iter().filter_map(dumped).collect();
            let place = log.display();
            for OfBytes { bytes, code, .. } in expected.iter().filter(|e| OF_BYTES.contains(&e.code.as_str())) {
                assert!(found.iter().any(|f| f.bytes == *bytes), "{place}: a dump does not find {code} at {bytes:?}");
            }
            for OfBytes { bytes, code, severity } in &found {
                let same = expected.iter().find(|e| e.bytes.contains(&bytes.start));
                let same = same.unwrap_or_else(|| panic!("{place}: only a dump finds {code} at {bytes:?}"));
                // A verification may know more: that an index has batches there, which header field is wrong.
                assert!(same.severity >= *severity, "{place}: a dump says {code}, a verification {}", same.code);
                all += 1;
                alike += usize::from(same.code == *code && same.severity == *severity);
            }
        }
    }
    assert!(all > 80 && alike * 10 > all * 9, "{alike} of {all}");
}
