//! A report for people: the verdict on one screen, then the findings, the worst first.

use std::collections::BTreeMap;
use std::io;

use indicatif::HumanBytes;
use kafka_log::verify::predict::{Outcome, Stop, refusals, takes_offline};
use kafka_log::verify::{Class, Finding, Remedy, Severity, Verdict};

use super::super::Out;
use super::{Run, predictions};

/// Partitions whose prediction is told one by one.
const PREDICTIONS_MAX: usize = 200;

/// Prints the report.
pub(super) fn print(run: &Run<'_>, to: &mut Out<'_>) -> io::Result<()> {
    verdict(run, to)?;
    let mut findings: Vec<&Finding> = run.report.all_findings().collect();
    findings.retain(|finding| run.options.notes || finding.severity > Severity::Note);
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    for finding in findings {
        print_finding(finding, to)?;
    }
    for done in run.earlier.iter().filter(|done| done.verdict > Verdict::Clean) {
        let (path, count) = (done.path.display(), done.findings.len());
        writeln!(
            to.out,
            "{path}: {} before, with {count} findings",
            to.style.verdict(done.verdict, done.verdict.name())
        )?;
    }
    if run.options.predict {
        predicted(run, Stop::Clean, to)?;
        predicted(run, Stop::Unclean, to)?;
    }
    Ok(())
}

fn verdict(run: &Run<'_>, to: &mut Out<'_>) -> io::Result<()> {
    let style = to.style;
    let (report, verdict) = (&run.report, run.verdict());
    let words = match verdict {
        Verdict::Clean => "clean: nothing is wrong",
        Verdict::Tolerated => "tolerated: not all is in order, and Kafka copes with it",
        Verdict::Damaged => "damaged",
    };
    let paths: Vec<String> = run.options.paths.iter().map(|path| path.display().to_string()).collect();
    writeln!(to.out, "{}: {}", style.bold(paths.join(" ")), style.verdict(verdict, words))?;
    let partitions = report.all_partitions().count();
    let segments = report.all_segments().count();
    let size: u64 = report.all_segments().map(|segment| segment.size).sum();
    let seconds = run.elapsed.as_secs_f64();
    let rate = HumanBytes((run.bytes_read as f64 / seconds.max(0.001)) as u64);
    let level = kafka_log::verify::Level::from(run.options.level).name();
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
        let text = format!("unreadable: {offsets} offsets{more}, {} in {} places", HumanBytes(bytes), faults().count());
        writeln!(to.out, "  {}", style.damage(text))?;
    }
    classes(run, to)?;
    if verdict > Verdict::Clean && !run.options.predict {
        let hint = "--predict says what Kafka would do at its next start; kafka-log repair prints a plan";
        writeln!(to.out, "  {}", style.dim(hint))?;
    }
    writeln!(to.out)
}

/// How many findings there are of each class and severity.
fn classes(run: &Run<'_>, to: &mut Out<'_>) -> io::Result<()> {
    for class in Class::ALL {
        let count = |severity| {
            run.report.all_findings().filter(|finding| finding.class == class && finding.severity == severity).count()
        };
        let counts: Vec<String> = [Severity::Damage, Severity::Warning, Severity::Note]
            .into_iter()
            .map(|severity| (severity, count(severity)))
            .filter(|(_, count)| *count > 0)
            .map(|(severity, count)| to.style.of(severity, format!("{count} {}", severity.name())).to_string())
            .collect();
        if !counts.is_empty() {
            writeln!(to.out, "  {}: {}", class.name(), counts.join(", "))?;
        }
    }
    Ok(())
}

fn print_finding(finding: &Finding, to: &mut Out<'_>) -> io::Result<()> {
    let style = to.style;
    write!(to.out, "{} {}", style.of(finding.severity, finding.severity.name()), style.bold(finding.path.display()))?;
    if let Some(bytes) = &finding.bytes {
        match bytes.end - bytes.start {
            0 => write!(to.out, ", byte {}", bytes.start)?,
            len => write!(to.out, ", bytes {} to {} ({len})", bytes.start, bytes.end - 1)?,
        }
    }
    if let Some(offsets) = finding.offsets {
        let name = if offsets.count() == Some(1) { "offset" } else { "offsets" };
        write!(to.out, ", {name} {offsets}")?;
    }
    let (class, code) = (finding.class.name(), finding.code.id());
    writeln!(to.out, "\n  {}: expected {}, found {}", style.dim(code), finding.expected, finding.found)?;
    if finding.remedy == Remedy::Nothing {
        writeln!(to.out, "  {}", style.dim(class))
    } else {
        writeln!(to.out, "  {}", style.dim(format!("{class}; {}", finding.remedy.advice())))
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
    for finding in refusals(&run.report) {
        writeln!(to.out, "  {}: {finding}", style.damage("not start"))?;
    }
    for finding in takes_offline(&run.report) {
        let what = "take the log directory offline once it has started, and end without another";
        writeln!(to.out, "  {}: {finding}", style.damage(what))?;
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
            writeln!(to.out, "  {}", style.bold(prediction.path.display()))?;
            lines.iter().try_for_each(|line| writeln!(to.out, "    {line}"))?;
        }
    }
    if of_stop.len() > PREDICTIONS_MAX {
        let more = of_stop.len() - PREDICTIONS_MAX;
        writeln!(to.out, "  {}", style.dim(format!("{more} more partitions; --output json has them all")))?;
    }
    if is_quiet && refusals(&run.report).chain(takes_offline(&run.report)).next().is_none() {
        writeln!(to.out, "  {}", style.good("start, and change nothing in these logs"))?;
    }
    Ok(())
}
