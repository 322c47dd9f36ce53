//! What Kafka alone would make of a partition, to be held against the plan.

use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use kafka_log::fs::OsFs;
use kafka_log::log::config::LogConfig;
use kafka_log::repair::checkpoints_around;
use kafka_log::verify::predict::{Outcome, PredictOptions, Stop, predict_partition};
use kafka_log::verify::{VerifyOptions, verify_partition};

/// What the next start of Kafka would do without a repair.
pub(super) struct Alone {
    /// Why it would not start, if it would not.
    pub(super) refusal: Option<String>,
    /// Good records that it would take away.
    pub(super) records_lost: u64,
    /// Findings of damage that it would leave.
    pub(super) remaining: usize,
}

/// Finds it out; `None` where even that cannot be read.
pub(super) fn kafka_alone(dir: &Path) -> Option<Alone> {
    let before = verify_partition(&OsFs, dir, &VerifyOptions::default()).ok()?;
    let checkpoints = checkpoints_around(&OsFs, dir).ok()?;
    let now_ms = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let options = PredictOptions {
        stop: if checkpoints.is_clean_stop { Stop::Clean } else { Stop::Unclean },
        config: Arc::new(LogConfig::default()),
        log_start_offset: checkpoints.log_start_offset.unwrap_or(0),
        recovery_point: checkpoints.recovery_point.unwrap_or(0),
        now_ms: i64::try_from(now_ms).unwrap_or(i64::MAX),
        and_close: false,
    };
    let prediction = predict_partition(&OsFs, dir, &before, &options).ok()?;
    let refusal = match &prediction.outcome {
        Outcome::Opens(_) => None,
        Outcome::Refuses { exception, message } => Some(format!("{exception}: {message}")),
    };
    let (records_lost, remaining) = (prediction.records_lost(), prediction.remaining.len());
    Some(Alone { refusal, records_lost, remaining })
}

impl std::fmt::Display for Alone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (&self.refusal, self.records_lost) {
            (Some(refusal), _) => write!(f, "would not start: {refusal}"),
            (None, 0) => f.write_str("would lose no good record at its next start"),
            (None, 1) => f.write_str("would lose 1 good record at its next start"),
            (None, lost) => write!(f, "would lose {lost} good records at its next start"),
        }?;
        match self.remaining {
            0 => Ok(()),
            _ if self.refusal.is_some() => Ok(()),
            _ => f.write_str(", and leave damage that readers run into"),
        }
    }
}
