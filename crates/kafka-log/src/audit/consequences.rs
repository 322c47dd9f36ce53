//! What the next start does about what is wrong with a partition: a part of the verdict.
//!
//! A partition without findings opens, and loses nothing. Any other is opened by the engine on an overlay, as the broker was
//! stopped, or both ways where that is not known.

use super::code::Code;
use super::finding::{Finding, Severity};
use super::node::NodeStart;
use super::options::AuditOptions;
use super::partition::Checkpoints;
use super::predict::{self, Outcome, PredictOptions, Prediction, Stop};
use super::report::{Level, PartitionReport};
use crate::fs::Fs;

/// Adds what a start would do with the partition, where it is not what it was.
pub(super) fn of_partition<F: Fs>(
    fs: &F,
    report: &mut PartitionReport,
    checkpoints: &Checkpoints,
    start: &NodeStart,
    options: &AuditOptions,
) {
    let is_in_order = report.all_findings().all(|finding| finding.severity == Severity::Note);
    if options.level == Level::Quick || is_in_order {
        return;
    }
    let stops: &[Stop] = match checkpoints.is_clean_stop {
        Some(true) => &[Stop::Clean],
        Some(false) => &[Stop::Unclean],
        None if was_open(report) => &[Stop::Unclean],
        None => &[Stop::Clean, Stop::Unclean],
    };
    for &stop in stops {
        let how = PredictOptions::of(checkpoints, stop, report, options);
        let Ok(prediction) = predict::of_partition(fs, report, start, &how) else { continue };
        report.findings.extend(finding(&prediction));
        report.predictions.push(prediction);
    }
}

/// Whether the last segment ends in zeros, or its indexes do, which a clean stop would have cut.
fn was_open(report: &PartitionReport) -> bool {
    let is_zeros = |finding: &Finding| {
        matches!(finding.code, Code::PreallocatedTail | Code::OffsetIndexZeros | Code::TimeIndexZeros)
    };
    report.segments.last().is_some_and(|last| last.findings.iter().any(is_zeros))
}

/// What a start takes away, as a finding.
fn finding(prediction: &Prediction) -> Option<Finding> {
    let stop = prediction.stop.name();
    match &prediction.outcome {
        Outcome::Refuses { exception, message } => {
            let expected = format!("a log that opens after {stop} stop");
            let found = format!("{exception}: {message}");
            Some(Finding::new(Code::StartRefuses, &prediction.path, expected, found))
        }
        Outcome::SetAside { .. } => None,
        Outcome::Opens(_) => {
            let loss = prediction.lost.iter().find(|loss| loss.records > 0)?;
            let expected = format!("a start after {stop} stop that keeps every good record");
            let found = format!("one that takes {} good records away", prediction.records_lost());
            let finding = Finding::new(Code::StartLosesRecords, &prediction.path, expected, found);
            Some(finding.of(loss.offsets.first, loss.offsets.last))
        }
    }
}
