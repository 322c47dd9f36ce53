//! What a script runs in: a log directory with one partition, a clock that only the script moves, and work that waits.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use kafka_log::format::uuid::Uuid;
use kafka_log::log::ProducerStateConfig;
use serde_json::{Map, Value, json};

use crate::checkpoints::{self, HIGH_WATERMARK, LOG_START, RECOVERY_POINT};
use crate::mangle::mangle;
use crate::observe;
use crate::partition::{OpenWith, Partition};
use crate::script::{Failure, Op};

const STARTS_AT_MS: i64 = 1_700_000_000_000;
/// How often producers past their age are dropped.
const EXPIRY_CHECK_MS: i64 = 600_000;
/// What a file system may be off the clock, and more.
const JUST_NOW: Duration = Duration::from_secs(5);

/// What an operation answers.
pub(crate) type Answer = Map<String, Value>;

pub(crate) struct World {
    root: PathBuf,
    began: SystemTime,
    now_ms: i64,
    config: BTreeMap<String, String>,
    topic_id: Option<Uuid>,
    producers: ProducerStateConfig,
    partition: Option<Partition>,
    next_expiry_check_ms: i64,
}

impl World {
    pub(crate) fn new(root: &Path) -> io::Result<Self> {
        fs::create_dir_all(root)?;
        Ok(World {
            root: root.to_owned(),
            began: SystemTime::now(),
            now_ms: STARTS_AT_MS,
            config: BTreeMap::new(),
            topic_id: None,
            producers: ProducerStateConfig { verification_enabled: false, ..ProducerStateConfig::default() },
            partition: None,
            next_expiry_check_ms: 0,
        })
    }

    fn folder(&self) -> PathBuf {
        self.root.join("t-0")
    }

    /// Does one operation and says what came of it.
    pub(crate) fn execute(&mut self, line: usize, op: &Op<'_>) -> Result<Value, Failure> {
        let name = op.name();
        let mut out = json!({ "i": line, "op": name });
        match self.answer(name, op) {
            Ok(answer) => {
                out["ok"] = true.into();
                if !answer.is_empty() {
                    out["r"] = answer.into();
                }
            }
            Err(Failure::Kafka { exception, code, records }) => {
                out["ok"] = false.into();
                out["error"] = exception.into();
                out["code"] = code.into();
                if !records.is_empty() {
                    out["records"] = records.into();
                }
            }
            Err(bad) => return Err(bad),
        }
        self.stamp()?;
        if let Some(partition) = &self.partition {
            out["s"] = partition.state();
        }
        let failed_open = name == "open" && self.partition.is_none();
        if op.flag("files", false) && !failed_open {
            out["files"] = self.files()?;
        }
        Ok(out)
    }

    fn answer(&mut self, name: &str, op: &Op<'_>) -> Result<Answer, Failure> {
        match name {
            "open" => self.open(op),
            "sleep" => self.sleep(op),
            "mangle" if self.partition.is_some() => Err(Failure::BadScript("mangle needs a closed log".into())),
            "mangle" => mangle(&self.folder(), op).map(|()| Answer::new()),
            "files" => Ok(Answer::from_iter([("files".to_owned(), self.files()?)])),
            _ => self.answer_open(name, op),
        }
    }

    fn answer_open(&mut self, name: &str, op: &Op<'_>) -> Result<Answer, Failure> {
        if self.partition.is_none() {
            return Err(Failure::unknown("NotOpen"));
        }
        match name {
            "close" => self.close().map(|()| Answer::new()),
            "crash" => self.crash().map(|()| Answer::new()),
            "checkpoint" => {
                let partition = self.open_partition()?;
                checkpoints::write(&self.root, RECOVERY_POINT, Some(partition.log.recovery_point()))?;
                checkpoints::write(&self.root, LOG_START, partition.start_to_checkpoint())?;
                checkpoints::write(&self.root, HIGH_WATERMARK, Some(partition.log.high_watermark()))?;
                Ok(Answer::new())
            }
            "config" => {
                let changes = op.get("set").as_object().cloned().unwrap_or_default();
                for (name, value) in changes {
                    match value {
                        Value::Null => self.config.remove(&name),
                        value => self.config.insert(name, text(&value)),
                    };
                }
                self.open_partition()?.update_config(&self.config)?;
                Ok(Answer::new())
            }
            _ => {
                let (root, now_ms) = (self.root.clone(), self.now_ms);
                let partition = self.partition.as_mut().ok_or_else(not_open)?;
                let answer = partition.answer(name, op, &root, now_ms);
                // What Kafka hands to its scheduler without a delay.
                partition.run_due(now_ms)?;
                answer
            }
        }
    }

    fn open_partition(&self) -> Result<&Partition, Failure> {
        self.partition.as_ref().ok_or_else(not_open)
    }

    fn open(&mut self, op: &Op<'_>) -> Result<Answer, Failure> {
        if self.partition.is_some() {
            return Err(Failure::BadScript("already open".into()));
        }
        self.now_ms = op.long("now", self.now_ms);
        if let Some(config) = op.get("config").as_object() {
            self.config = config.iter().map(|(name, value)| (name.clone(), text(value))).collect();
        }
        if op.has("topic_id") {
            self.topic_id = Uuid::parse(op.text("topic_id", ""));
        }
        let producers = self.producers;
        self.producers = ProducerStateConfig {
            expiration_ms: op.long("pid_expiry_ms", producers.expiration_ms),
            max_transaction_timeout_ms: op.long("max_txn_timeout_ms", producers.max_transaction_timeout_ms),
            verification_enabled: op.flag("verification", producers.verification_enabled),
        };

        let is_new = !self.folder().is_dir();
        let clean = checkpoints::take_clean(&self.root)? || is_new;
        let read = |name| if is_new { Ok(None) } else { checkpoints::read(&self.root, name) };
        let recovery_point = read(RECOVERY_POINT)?.unwrap_or(0);
        let log_start = read(LOG_START)?.unwrap_or(0);
        let partition = Partition::open(&OpenWith {
            folder: &self.folder(),
            config: &self.config,
            log_start,
            recovery_point,
            clean,
            topic_id: self.topic_id,
            producers: self.producers,
            now_ms: self.now_ms,
        })?;
        partition.run_due(self.now_ms)?;
        let high_watermark = checkpoints::read(&self.root, HIGH_WATERMARK)?.unwrap_or(0);
        partition.log.update_high_watermark(high_watermark).map_err(|e| Failure::of(&e))?;
        self.partition = Some(partition);
        self.next_expiry_check_ms = self.now_ms + EXPIRY_CHECK_MS;
        let answer =
            json!({"clean": clean, "recovery_point": recovery_point, "start": log_start, "hw": high_watermark});
        Ok(answer.as_object().cloned().unwrap_or_default())
    }

    fn sleep(&mut self, op: &Op<'_>) -> Result<Answer, Failure> {
        self.now_ms += op.long("ms", 0);
        if let Some(partition) = &mut self.partition {
            partition.run_due(self.now_ms)?;
            if self.now_ms >= self.next_expiry_check_ms {
                partition.log.remove_expired_producers(self.now_ms);
                let missed = (self.now_ms - self.next_expiry_check_ms) / EXPIRY_CHECK_MS;
                self.next_expiry_check_ms += (missed + 1) * EXPIRY_CHECK_MS;
            }
        }
        Ok(Answer::from_iter([("now".to_owned(), self.now_ms.into())]))
    }

    fn close(&mut self) -> Result<(), Failure> {
        let Some(partition) = &self.partition else { return Err(not_open()) };
        checkpoints::write(&self.root, HIGH_WATERMARK, Some(partition.log.high_watermark()))?;
        partition.flush(self.now_ms)?;
        let (recovery_point, log_start) = (partition.log.recovery_point(), partition.start_to_checkpoint());
        self.partition.take().ok_or_else(not_open)?.close()?;
        checkpoints::write(&self.root, RECOVERY_POINT, Some(recovery_point))?;
        checkpoints::write(&self.root, LOG_START, log_start)?;
        checkpoints::mark_clean(&self.root)?;
        Ok(())
    }

    fn crash(&mut self) -> Result<(), Failure> {
        self.partition.take().ok_or_else(not_open)?.crash()
    }

    fn files(&self) -> Result<Value, Failure> {
        if let Some(partition) = &self.partition {
            partition.write_indexes()?;
        }
        self.stamp()?;
        Ok(observe::files(&self.root, &self.folder(), self.partition.is_some())?)
    }

    /// Gives each file that was really written in this operation the script's time.
    fn stamp(&self) -> Result<(), Failure> {
        let script_time = UNIX_EPOCH + Duration::from_millis(self.now_ms.max(0) as u64);
        for name in observe::files_in(&self.folder())? {
            let path = self.folder().join(name);
            if fs::metadata(&path)?.modified()? + JUST_NOW >= self.began {
                fs::File::options().write(true).open(&path)?.set_modified(script_time)?;
            }
        }
        Ok(())
    }
}

pub(crate) fn not_open() -> Failure {
    Failure::unknown("NotOpen")
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
