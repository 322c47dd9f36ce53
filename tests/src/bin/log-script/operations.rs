//! What a script does with an open log.

use std::path::Path;

use kafka_log::fs::ReadAt;
use kafka_log::internal::{Cleaner, CleanerConfig};
use kafka_log::log::VerificationGuard;
use kafka_log::log::error::{AppendError, KafkaError};
use kafka_log::log::types::{AppendOrigin, FetchIsolation};
use kafka_log::log::{LeaderAppend, LogStartOffsetReason, TimestampSpec};
use serde_json::{Value, json};

use crate::checkpoints::{self, CLEANER, RECOVERY_POINT};
use crate::partition::Partition;
use crate::script::{Failure, Op};
use crate::world::Answer;
use crate::{batches, observe};

fn failed(error: impl KafkaError) -> Failure {
    Failure::of(&error)
}

/// An answer out of a JSON object.
fn answer(value: Value) -> Answer {
    match value {
        Value::Object(answer) => answer,
        _ => Answer::new(),
    }
}

impl Partition {
    pub(crate) fn answer(&mut self, name: &str, op: &Op<'_>, root: &Path, now_ms: i64) -> Result<Answer, Failure> {
        let log = &self.log;
        let value = match name {
            "append" => return self.append(op, now_ms),
            "hw" => json!({ "hw": log.update_high_watermark(op.long("offset", 0)).map_err(failed)? }),
            "read" => return self.read(op),
            "lookup" => return self.lookup(op),
            "aborted" => {
                let found = log.collect_aborted_transactions(op.long("from", 0), op.long("to", 0)).map_err(failed)?;
                let shown = |t: &kafka_log::format::transaction_index::AbortedTxn| {
                    json!([t.producer_id, t.first_offset, t.last_offset, t.last_stable_offset])
                };
                json!({ "txns": found.iter().map(shown).collect::<Vec<_>>() })
            }
            "flush" => {
                log.flush(op.flag("force", false), now_ms).map_err(failed)?;
                Value::Null
            }
            "roll" => {
                let expected = op.has("offset").then(|| op.long("offset", 0));
                json!({ "base": log.roll(expected, now_ms).map_err(failed)? })
            }
            "truncate" => return self.truncate(op, root, now_ms),
            "truncate_full" => {
                let start = op.has("start").then(|| op.long("start", 0));
                log.truncate_fully_and_start_at(op.long("offset", 0), start, now_ms).map_err(failed)?;
                self.lower_cleaner_checkpoint(root)?;
                checkpoints::write(root, RECOVERY_POINT, Some(self.log.recovery_point()))?;
                Value::Null
            }
            "delete_records" => return self.delete_records(op, now_ms),
            "retention" => json!({ "deleted": log.delete_old_segments(now_ms).map_err(failed)? }),
            "clean" => return self.clean(op, root, now_ms),
            "epochs" => {
                json!({ "epochs": log.epochs().iter().map(|e| (e.epoch, e.start_offset)).collect::<Vec<_>>() })
            }
            "assign_epoch" => {
                log.assign_epoch_start_offset(op.int("epoch", 0), op.long("offset", 0)).map_err(failed)?;
                Value::Null
            }
            "epoch_end" => {
                let end = log.end_offset_for_epoch(op.int("epoch", 0));
                json!({ "epoch": end.map(|(epoch, _)| epoch), "offset": end.map(|(_, offset)| offset) })
            }
            "producers" => self.producers(),
            "expire" => {
                log.remove_expired_producers(now_ms);
                Value::Null
            }
            "snapshot" => {
                log.take_producer_snapshot().map_err(failed)?;
                Value::Null
            }
            "verify" => return self.verify(op, now_ms),
            "dump" => return self.dump(),
            other => return Err(Failure::BadScript(format!("unknown op {other:?}"))),
        };
        Ok(answer(value))
    }

    fn append(&mut self, op: &Op<'_>, now_ms: i64) -> Result<Answer, Failure> {
        let bytes = batches::all(op)?;
        let epoch = op.int("epoch", 0);
        let appended = if op.text("as", "leader") == "follower" {
            self.log.append_as_follower(&bytes, epoch, now_ms)
        } else {
            let guard = op.has("guard").then(|| self.guards.get(&op.long("guard", 0)).copied()).flatten();
            let how = LeaderAppend {
                leader_epoch: epoch,
                origin: match op.text("origin", "client") {
                    "coordinator" => AppendOrigin::Coordinator,
                    "raft_leader" => AppendOrigin::RaftLeader,
                    "replication" => AppendOrigin::Replication,
                    _ => AppendOrigin::Client,
                },
                verification_guard: guard.unwrap_or(VerificationGuard::SENTINEL),
                transaction_version: op.int("tv", -1) as i16,
                // Kafka's log leaves that to its caller.
                is_fenced: false,
            };
            self.log.append_as_leader(&bytes, how, now_ms)
        };
        // Kafka's log answers with offsets of -1.
        if let Err(AppendError::NothingToAppend) = appended {
            let none = json!({ "first": -1, "last": -1, "max_ts": -1, "append_time": -1, "bytes": 0 });
            return Ok(answer(none));
        }
        let info = appended.map_err(|e| Failure::of_append(&e))?;
        Ok(answer(json!({
            "first": info.first_offset,
            "last": info.last_offset,
            "max_ts": info.max_timestamp,
            "append_time": info.log_append_time,
            "bytes": info.valid_bytes,
        })))
    }

    fn read(&self, op: &Op<'_>) -> Result<Answer, Failure> {
        let isolation = match op.text("isolation", "log_end") {
            "high_watermark" => FetchIsolation::HighWatermark,
            "txn_committed" => FetchIsolation::TxnCommitted,
            _ => FetchIsolation::LogEnd,
        };
        let max = op.int("max", 1 << 20).max(0) as usize;
        let read = self.log.read(op.long("offset", 0), max, isolation, op.flag("min_one", true)).map_err(failed)?;
        let bytes = read.records.read()?;
        let place = read.offset_metadata.place;
        let mut shown = answer(json!({
            "at": [
                read.offset_metadata.message_offset,
                place.map_or(-1, |place| place.segment_base_offset),
                place.map_or(-1, |place| i64::from(place.position)),
            ],
            "bytes": bytes.len(),
            "partial": read.first_entry_incomplete,
            "batches": observe::ranges(&bytes).map_err(|e| Failure::BadScript(e.to_string()))?,
            "sha": observe::sha(&bytes),
        }));
        if let Some(aborted) = read.aborted_transactions {
            let aborted: Vec<_> = aborted.iter().map(|txn| (txn.producer_id, txn.first_offset)).collect();
            shown.insert("aborted".into(), json!(aborted));
        }
        Ok(shown)
    }

    fn lookup(&self, op: &Op<'_>) -> Result<Answer, Failure> {
        let what = match op.get("ts") {
            Value::String(name) => match name.as_str() {
                "earliest" => TimestampSpec::Earliest,
                "latest" => TimestampSpec::Latest,
                "max" => TimestampSpec::Max,
                "earliest_local" => TimestampSpec::EarliestLocal,
                "latest_tiered" => TimestampSpec::LatestTiered,
                "earliest_pending_upload" => TimestampSpec::EarliestPendingUpload,
                other => return Err(Failure::BadScript(format!("cannot look up {other:?}"))),
            },
            _ => TimestampSpec::At(op.long("ts", 0)),
        };
        Ok(answer(match self.log.offset_for_timestamp(what, FetchIsolation::LogEnd).map_err(failed)? {
            None => json!({ "offset": null }),
            Some(found) => json!({ "ts": found.timestamp, "offset": found.offset, "epoch": found.leader_epoch }),
        }))
    }

    fn truncate(&self, op: &Op<'_>, root: &Path, now_ms: i64) -> Result<Answer, Failure> {
        let target = op.long("offset", 0);
        let takes_segments = target < self.active_base();
        let truncated = self.log.truncate_to(target, now_ms).map_err(failed)?;
        if takes_segments {
            self.lower_cleaner_checkpoint(root)?;
        }
        if truncated {
            checkpoints::write(root, RECOVERY_POINT, Some(self.log.recovery_point()))?;
        }
        Ok(answer(json!({ "truncated": truncated })))
    }

    /// (`LogCleanerManager.maybeTruncateCheckpoint`)
    fn lower_cleaner_checkpoint(&self, root: &Path) -> Result<(), Failure> {
        let base = self.active_base();
        if self.log.config().compact && checkpoints::read(root, CLEANER)?.unwrap_or(0) > base {
            checkpoints::write(root, CLEANER, Some(base))?;
        }
        Ok(())
    }

    fn delete_records(&self, op: &Op<'_>, now_ms: i64) -> Result<Answer, Failure> {
        let offset = match op.long("offset", 0) {
            -1 => self.log.high_watermark(),
            offset if offset < 0 => {
                return Err(Failure::Kafka {
                    exception: "OffsetOutOfRangeException".into(),
                    code: "OFFSET_OUT_OF_RANGE",
                    records: Vec::new(),
                });
            }
            offset => offset,
        };
        let moved =
            self.log.maybe_increment_log_start_offset(offset, LogStartOffsetReason::ClientRecordDeletion, now_ms);
        Ok(answer(json!({ "moved": moved.map_err(failed)? })))
    }

    /// One turn of the cleaner, if the log is dirty enough (`grabFilthiestCompactedLog`, `doneCleaning`).
    fn clean(&self, op: &Op<'_>, root: &Path, now_ms: i64) -> Result<Answer, Failure> {
        let config = self.log.config();
        let nothing = || Ok(answer(json!({ "cleaned": false })));
        if !config.compact {
            return nothing();
        }
        let dirty = self.log.log_to_clean(checkpoints::read(root, CLEANER)?, now_ms).map_err(failed)?;
        if dirty.force_update_checkpoint {
            checkpoints::write(root, CLEANER, Some(dirty.first_dirty_offset))?;
        }
        if !dirty.needs_cleaning(config.min_cleanable_dirty_ratio) {
            return nothing();
        }
        let io_buffer_bytes = op.int("io_buffer", 1 << 16) as usize;
        let mut cleaner = Cleaner::new(CleanerConfig {
            dedupe_buffer_bytes: op.int("map_bytes", 1 << 18) as usize,
            dedupe_buffer_load_factor: op.get("load_factor").as_f64().unwrap_or(0.9),
            io_buffer_bytes,
            io_buffer_bytes_max: io_buffer_bytes,
        });
        let cleaned = cleaner.clean(&self.log, &dirty, &(), now_ms);
        // Whatever came of it.
        let end = cleaned.as_ref().map_or(dirty.first_dirty_offset, |cleaned| cleaned.end_offset);
        checkpoints::write(root, CLEANER, Some(end))?;
        cleaned.map_err(failed)?;
        Ok(answer(json!({
            "cleaned": true,
            "from": dirty.first_dirty_offset,
            "uncleanable": dirty.first_uncleanable_offset,
            "clean_bytes": dirty.clean_bytes,
            "dirty_bytes": dirty.cleanable_bytes,
            "to": end,
        })))
    }

    fn producers(&self) -> Value {
        let mut producers = Vec::new();
        self.log.for_each_producer(|id, state| {
            producers.push((
                id,
                state.producer_epoch(),
                state.last_sequence(),
                state.last_timestamp(),
                state.coordinator_epoch(),
                state.current_txn_first_offset().unwrap_or(-1),
            ));
        });
        producers.sort_unstable();
        json!({
            "producers": producers,
            "map_end": self.log.producer_state_end_offset(),
            "first_unstable": self.log.first_unstable_offset(),
        })
    }

    fn verify(&mut self, op: &Op<'_>, now_ms: i64) -> Result<Answer, Failure> {
        let pid = op.long("pid", 0);
        let before = self.log.verification_guard(pid);
        let (sequence, epoch) = (op.int("seq", 0), op.int("pepoch", 0) as i16);
        let guard = self
            .log
            .maybe_start_transaction_verification(pid, sequence, epoch, op.flag("epoch_bump", false), now_ms)
            .map_err(|e| Failure::of_append(&e))?;
        self.guards.insert(pid, guard);
        let shown = if guard == VerificationGuard::SENTINEL {
            "none"
        } else if guard == before {
            "kept"
        } else {
            "new"
        };
        Ok(answer(json!({ "guard": shown })))
    }

    fn dump(&self) -> Result<Answer, Failure> {
        let mut shown = Vec::new();
        for segment in self.log.segments() {
            let file = segment.file(self.log.home()).map_err(failed)?;
            let mut bytes = vec![0; segment.size() as usize];
            file.read_full_at(&mut bytes, 0)?;
            let batches = observe::dump(&bytes).map_err(|e| Failure::BadScript(e.to_string()))?;
            shown.push(json!({ "base": segment.base_offset(), "batches": batches }));
        }
        Ok(answer(json!({ "segments": shown })))
    }
}
