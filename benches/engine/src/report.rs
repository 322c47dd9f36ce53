//! Rounds, and the line about them.

use std::time::Instant;

use cpu_time::ProcessTime;
use serde_json::json;

use crate::Anyhow;
use crate::options::Options;

/// Seconds of a timed part: wall, and processor time of the whole process.
#[derive(Clone, Copy)]
pub(crate) struct Seconds {
    pub(crate) wall: f64,
    pub(crate) cpu: f64,
}

/// A running measurement.
pub(crate) struct Timer(Instant, ProcessTime);

impl Timer {
    pub(crate) fn start() -> Self {
        Timer(Instant::now(), ProcessTime::now())
    }

    pub(crate) fn stop(self) -> Seconds {
        Seconds { wall: self.0.elapsed().as_secs_f64(), cpu: self.1.elapsed().as_secs_f64() }
    }
}

/// Runs the rounds and prints a line.
pub(crate) fn bench(
    name: &str,
    options: &Options,
    bytes: u64,
    ops: u64,
    mut round: impl FnMut() -> Anyhow<Seconds>,
) -> Anyhow<()> {
    for _ in 0..options.number("warmup", 1)? {
        round()?;
    }
    let rounds = options.number("rounds", 5_usize)?.max(1);
    let mut all = (0..rounds).map(|_| round()).collect::<Anyhow<Vec<_>>>()?;
    all.sort_by(|a, b| a.cpu.total_cmp(&b.cpu));
    let cpu = all[rounds / 2].cpu;
    all.sort_by(|a, b| a.wall.total_cmp(&b.wall));
    let wall = all[rounds / 2].wall;
    let mut line = json!({ "impl": "kafka-log", "bench": name });
    for (key, value) in options.pairs().filter(|(key, _)| !["dir", "log", "warmup", "rounds"].contains(&key.as_str())) {
        line[key] = json!(value);
    }
    line["bytes"] = json!(bytes);
    line["ops"] = json!(ops);
    line["rounds"] = json!(rounds);
    line["median_s"] = json!((wall * 1e5).round() / 1e5);
    line["min_s"] = json!((all[0].wall * 1e5).round() / 1e5);
    line["max_s"] = json!((all[rounds - 1].wall * 1e5).round() / 1e5);
    line["cpu_median_s"] = json!((cpu * 1e5).round() / 1e5);
    line["mb_per_s"] = json!((bytes as f64 / 1e5 / wall).round() / 10.0);
    line["ops_per_s"] = json!((ops as f64 / wall).round());
    use std::io::Write as _;
    writeln!(std::io::stdout(), "{line}")?;
    Ok(())
}
