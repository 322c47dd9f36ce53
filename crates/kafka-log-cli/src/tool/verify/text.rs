//! A report for people: the verdict on one screen, then the findings, the worst first.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

use indicatif::HumanBytes;
use kafka_log::audit::predict::{Outcome, Stop};
use kafka_log::audit::{Finding, NodeStart, Refusal, Remedy, Severity, Verdict};

use super::super::Out;
use super::{Run, predictions};
use crate::shared::finding::Place;
use crate::visible::{self, Visible};

/// Partitions whose prediction is told one by one.
const PREDICTIONS_MAX: usize = 200;

/// Findings of one kind in one directory from which on they are folded into one line.
const FOLDED_FROM: usize = 3;

/// Prints the report.
pub(super) fn print(run: &Run<'_>, to: &mut Out<'_>) -> io::Result<()> {
    verdict(run, to)?;
    let mut findings: Vec<&Finding> = run.report.all_findings().collect();
    findings.retain(|finding| run.options.notes || finding.severity > Severity::Note);
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    print_findings(&findings, run.options.all, to)?;
    for left in &run.report.remaining {
        let (what, advice) = (Visible(&left.what), Visible(&left.advice));
        writeln!(to.out, "{} {}: {what}; {advice}", to.style.damage("no repair helps"), visible::path(&left.path))?;
        if let Some(command) = &left.command {
            writeln!(to.out, "  {}", Visible(command))?;
        }
    }
    for done in run.earlier.iter().filter(|done| done.verdict > Verdict::Clean) {
        let (path, count) = (visible::path(&done.path), done.findings.len());
        writeln!(
            to.out,
            "{path}: {} before, with {count} findings",
            to.style.verdict(done.verdict, done.verdict.name())
        )?;
    }
    open_transactions(run, to)?;
    if run.options.predict {
        predicted(run, Stop::Clean, to)?;
        predicted(run, Stop::Unclean, to)?;
    }
    Ok(())
}

/// Prints findings; many of one kind in one directory are one line unless all are requested.
fn print_findings(findings: &[&Finding], all: bool, to: &mut Out<'_>) -> io::Result<()> {
    let kind = |finding: &Finding| {
        let dir = finding.path.parent().map(Path::to_owned).unwrap_or_default();
        (finding.severity, finding.code.id(), dir)
    };
    let mut counts: BTreeMap<_, usize> = BTreeMap::new();
    findings.iter().for_each(|finding| *counts.entry(kind(finding)).or_default() += 1);
    let mut told = BTreeSet::new();
    for finding in findings {
        let kind = kind(finding);
        let count = counts.get(&kind).copied().unwrap_or(1);
        if all || count < FOLDED_FROM {
            print_finding(finding, to)?;
        } else if told.insert(kind) {
            print_finding(finding, to)?;
            writeln!(to.out, "  {}", to.style.dim(format!("and {} more like it here; --all lists them", count - 1)))?;
        }
    }
    Ok(())
}

/// Prints the transactions that have not ended: consumers that read committed data wait for them.
fn open_transactions(run: &Run<'_>, to: &mut Out<'_>) -> io::Result<()> {
    let with_open = || run.report.all_partitions().filter(|partition| !partition.open_transactions.is_empty());
    if with_open().next().is_none() {
        return Ok(());
    }
    writeln!(to.out, "\n{}", to.style.bold("Open transactions: readers of committed data wait at the first offset"))?;
    for partition in with_open() {
        for open in &partition.open_transactions {
            let since = jiff::Timestamp::from_millisecond(open.since_ms).map_or(String::new(), |t| format!(", {t}"));
            writeln!(
                to.out,
                "  {}: producer {} epoch {} from offset {} on; its newest record is of {}{since}",
                visible::path(&partition.path),
                open.producer_id,
                open.producer_epoch,
                open.first_offset,
                open.since_ms
            )?;
            let topic = Visible(&partition.topic);
            let number = partition.partition.unwrap_or_default();
            writeln!(
                to.out,
                "    kafka-transactions.sh --bootstrap-server HOST:PORT abort --topic {topic} --partition {number} --start-offset {}",
                open.first_offset
            )?;
        }
    }
    Ok(())
}

fn verdict(run: &Run<'_>, to: &mut Out<'_>) -> io::Result<()> {
    let style = to.style;
    let (report, verdict) = (&run.report, run.verdict());
    let words = match verdict {
        Verdict::Clean => "clean: nothing is wrong",
        Verdict::Tolerated => "tolerated: Kafka serves every record, and some files are not in order",
        Verdict::Damaged => "damaged",
    };
    writeln!(to.out, "{}: {}", style.bold(visible::paths(&run.options.paths)), style.verdict(verdict, words))?;
    if verdict > Verdict::Clean {
        let more = if run.options.predict { "" } else { "; verify --predict says what the next start of Kafka does" };
        let hint = format!(
            "next: kafka-log repair {} prints a plan and changes nothing{more}",
            visible::paths(&run.options.paths)
        );
        writeln!(to.out, "  {hint}")?;
    }
    let partitions = report.all_partitions().count();
    let segments = report.all_segments().count();
    let size: u64 = report.all_segments().map(|segment| segment.size).sum();
    let seconds = run.elapsed.as_secs_f64();
    let rate = HumanBytes((run.bytes_read as f64 / seconds.max(0.001)) as u64);
    let level = kafka_log::audit::Level::from(run.options.level).name();
    let (size, read) = (HumanBytes(size), HumanBytes(run.bytes_read));
    let looked = format!(
        "{partitions} partitions, {segments} segments, {size}; read {read} in {seconds:.1} s, {rate}/s, level {level}"
    );
    writeln!(to.out, "  {}", style.dim(looked))?;
    if !run.earlier.is_empty() {
        writeln!(to.out, "  {}", style.dim(format!("{} partitions were verified before", run.earlier.len())))?;
    }
    if run.is_paused {
        writeln!(to.out, "  {}", style.warning("paused; run it again with the same --state to go on"))?;
    }
    let verdicts = report.all_partitions().map(|partition| partition.verdict());
    let mut by_verdict: BTreeMap<Verdict, u64> = BTreeMap::new();
    verdicts.for_each(|verdict| *by_verdict.entry(verdict).or_default() += 1);
    if partitions > 1 {
        let shown: Vec<String> = by_verdict
            .iter()
            .rev()
            .map(|(&verdict, count)| style.verdict(verdict, format!("{count} {}", verdict.name())).to_string())
            .collect();
        writeln!(to.out, "  partitions: {}", shown.join(", "))?;
    }
    let faults = || report.all_segments().flat_map(|segment| &segment.faults).filter(|fault| fault.is_loss());
    if faults().next().is_some() {
        let bytes: u64 = faults().map(|fault| fault.bytes.end - fault.bytes.start).sum();
        let offsets: u64 = faults().filter_map(|fault| fault.offsets?.count()).sum();
        let has_unknown = faults().any(|fault| fault.offsets.is_some_and(|offsets| offsets.last.is_none()));
        let more = if has_unknown { " or more" } else { "" };
        let places = faults().count();
        let place = if places == 1 { "place" } else { "places" };
        let text = format!("unreadable: {offsets} offsets{more}, {} in {places} {place}", HumanBytes(bytes));
        writeln!(to.out, "  {}", style.damage(text))?;
    }
    counts(run, to)?;
    writeln!(to.out)
}

/// How many findings there are of each severity.
fn counts(run: &Run<'_>, to: &mut Out<'_>) -> io::Result<()> {
    let count = |severity| run.report.all_findings().filter(|finding| finding.severity == severity).count();
    let counts: Vec<String> = [Severity::Damage, Severity::Warning, Severity::Note]
        .into_iter()
        .map(|severity| (severity, count(severity)))
        .filter(|(_, count)| *count > 0)
        .map(|(severity, count)| {
            let s = if count > 1 && severity != Severity::Damage { "s" } else { "" };
            to.style.of(severity, format!("{count} {}{s}", severity.name())).to_string()
        })
        .collect();
    if counts.is_empty() {
        return Ok(());
    }
    let hint = if run.options.notes || count(Severity::Note) == 0 { "" } else { " (--notes lists them)" };
    writeln!(to.out, "  findings: {}{hint}", counts.join(", "))
}

fn print_finding(finding: &Finding, to: &mut Out<'_>) -> io::Result<()> {
    let style = to.style;
    write!(
        to.out,
        "{} {}{}",
        style.of(finding.severity, finding.severity.name()),
        style.bold(visible::path(&finding.path)),
        Place(finding)
    )?;
    let (code, expected, found) = (finding.code.id(), Visible(&finding.expected), Visible(&finding.found));
    writeln!(to.out, "\n  {}: expected {expected}, found {found}", style.dim(code))?;
    match finding.remedy {
        Remedy::Nothing => Ok(()),
        remedy => writeln!(to.out, "  {}", style.dim(remedy.advice())),
    }
}

fn predicted(run: &Run<'_>, stop: Stop, to: &mut Out<'_>) -> io::Result<()> {
    let style = to.style;
    let title = match stop {
        Stop::Clean => "After a clean stop Kafka 4.3 would",
        Stop::Unclean => "After an unclean stop Kafka 4.3 would",
    };
    writeln!(to.out, "\n{}", style.bold(title))?;
    let of_stop: Vec<_> = run.predictions.iter().filter(|prediction| prediction.stop == stop).collect();
    let refused = of_stop.iter().filter(|prediction| matches!(prediction.outcome, Outcome::Refuses { .. })).count();
    let start = run.report.start.as_ref();
    match start {
        Some(NodeStart::Refuses(refusal)) => {
            writeln!(to.out, "  {}: {}", style.damage("not start"), said(refusal))?;
        }
        Some(NodeStart::Starts { set_aside, unserved }) => {
            for refusal in unserved {
                writeln!(to.out, "  {}: {}", style.damage("start, and not serve what this is about"), said(refusal))?;
            }
            let records: u64 = of_stop
                .iter()
                .filter(|prediction| matches!(prediction.outcome, Outcome::SetAside { .. }))
                .map(|prediction| prediction.records_lost())
                .sum();
            if !set_aside.is_empty() {
                let what = format!(
                    "set {} partitions aside as stray, {records} records in them, and begin empty ones",
                    set_aside.len()
                );
                writeln!(to.out, "  {}", style.damage(what))?;
            }
        }
        None => {}
    }
    if refused > 0 {
        writeln!(
            to.out,
            "  {}",
            style.damage(format!("refuse {refused} partitions, each with its whole log directory"))
        )?;
    }
    let lost: u64 = of_stop.iter().map(|prediction| prediction.records_lost()).sum();
    if lost > 0 {
        writeln!(to.out, "  {}", style.damage(format!("lose {lost} good records")))?;
    }
    let mut is_quiet = true;
    for prediction in of_stop.iter().take(PREDICTIONS_MAX) {
        let lines = predictions::lines(prediction);
        if !lines.is_empty() {
            is_quiet = false;
            writeln!(to.out, "  {}", style.bold(visible::path(&prediction.path)))?;
            lines.iter().try_for_each(|line| writeln!(to.out, "    {}", Visible(line)))?;
        }
    }
    if of_stop.len() > PREDICTIONS_MAX {
        let more = of_stop.len() - PREDICTIONS_MAX;
        writeln!(to.out, "  {}", style.dim(format!("{more} more partitions; --output json has them all")))?;
    }
    let is_plain = match start {
        Some(NodeStart::Starts { set_aside, unserved }) => set_aside.is_empty() && unserved.is_empty(),
        Some(NodeStart::Refuses(_)) => false,
        None => true,
    };
    if is_quiet && is_plain {
        writeln!(to.out, "  {}", style.good("start, and change nothing in these logs"))?;
    }
    Ok(())
}

fn said(refusal: &Refusal) -> String {
    format!("{}: {}: {}", visible::path(&refusal.path), refusal.exception, Visible(&refusal.message))
}
