//! Our side: takes the steps and says after each what is known and what the files hold.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::io::{self, BufRead, Write};
use std::path::{Path, PathBuf};

use kafka_log::format::batch::RecordBatch;
use kafka_log::format::checksum::crc32c;
use kafka_log::format::file_name::FileState;
use kafka_log::format::producer_snapshot::{PRODUCER_ENTRY_LEN, ProducerSnapshot};
use kafka_log::fs::OsFs;
use kafka_log::internal::LeaderEpochCache;
use kafka_log::internal::{
    AppendTerms, Checked, CompletedTxn, EndTransaction, ProducerAppends, ProducerStateManager, snapshot_path,
};
use kafka_log::log::error::{AppendError, KafkaError, LogError, StorageError};
use kafka_log::log::types::{AppendOrigin, SegmentPlace};
use kafka_log::log::{ProducerStateConfig, VerificationGuard};
use kafka_log::segment::batch::Batches;

type Refused = &'static str;

pub(crate) fn answer(root: &Path, steps: impl BufRead, out: &mut impl Write) -> io::Result<()> {
    let mut case = Case::new(root, 0, ["", "1", "1", "true"]);
    let mut number = 0;
    for line in steps.lines() {
        let line = line?;
        let step: Vec<&str> = line.split('\t').collect();
        let said = if let ["new", ..] = step[..] {
            number += 1;
            case = Case::new(root, number, [step[0], step[1], step[2], step[3]]);
            "ok".to_owned()
        } else {
            case.step(&step).unwrap_or_else(str::to_owned)
        };
        writeln!(out, "{said}\t{}", case.state())?;
    }
    Ok(())
}

/// One after another, what the steps do it to.
struct Case {
    dir: PathBuf,
    config: ProducerStateConfig,
    producers: ProducerStateManager,
    appends: ProducerAppends,
    epochs: LeaderEpochCache,
    guards: Vec<VerificationGuard>,
    verified: BTreeSet<i64>,
    now_ms: i64,
}

fn number<T: std::str::FromStr>(text: &str) -> T {
    text.parse().ok().expect("a number")
}

fn of_append(error: AppendError) -> Refused {
    error.exception()
}

fn of_storage(error: StorageError) -> Refused {
    error.exception()
}

fn of_log(error: LogError) -> Refused {
    error.exception()
}

impl Case {
    fn new(root: &Path, number: u64, [_, expiration_ms, max_timeout, verification]: [&str; 4]) -> Self {
        let dir = root.join(number.to_string());
        fs::create_dir_all(&dir).expect("a folder");
        let config = ProducerStateConfig {
            expiration_ms: self::number(expiration_ms),
            max_transaction_timeout_ms: self::number(max_timeout),
            verification_enabled: verification == "true",
        };
        let producers = ProducerStateManager::open(&OsFs, &dir, config).expect("a manager");
        let epochs = LeaderEpochCache::open(&OsFs, &dir).expect("epochs");
        let (guards, verified) = (Vec::new(), BTreeSet::new());
        Case { dir, config, producers, appends: ProducerAppends::new(), epochs, guards, verified, now_ms: 0 }
    }

    fn step(&mut self, step: &[&str]) -> Result<String, Refused> {
        let n = |at: usize| number::<i64>(step[at]);
        let (fs, dir) = (&OsFs, self.dir.as_path());
        match step[0] {
            "time" => self.now_ms = n(1),
            "append" => return self.append(step),
            "replay" => return self.replay(step[1]),
            "verify" => {
                self.verified.insert(n(1));
                let (sequence, epoch, is_v2) = (number(step[2]), number(step[3]), step[4] == "true");
                let manager = &mut self.producers;
                let guard = manager.maybe_start_transaction_verification(n(1), sequence, epoch, is_v2, self.now_ms);
                let guard = guard.map_err(of_append)?;
                if guard != VerificationGuard::SENTINEL && !self.guards.contains(&guard) {
                    self.guards.push(guard);
                }
                return Ok(self.index_of(guard).to_string());
            }
            "unverify" => self.producers.clear_verification(n(1)),
            "hw" => self.producers.on_high_watermark_updated(n(1)),
            "start" => self.producers.on_log_start_offset_incremented(n(1)),
            "expire" => self.producers.remove_expired(n(1)),
            "late" => return Ok(self.producers.has_late_transaction(n(1)).to_string()),
            "mapend" => self.producers.update_map_end_offset(n(1)),
            "snapshot" => {
                let taken = self.producers.take_snapshot(fs, dir, true).map_err(of_storage)?;
                return Ok(taken.is_some().to_string());
            }
            "reload" => self.producers.truncate_and_reload(fs, dir, n(1), n(2), n(3)).map_err(of_storage)?,
            "restart" => {
                self.producers = ProducerStateManager::open(fs, dir, self.config).map_err(of_storage)?;
                self.producers.truncate_and_reload(fs, dir, n(1), n(2), n(3)).map_err(of_storage)?;
            }
            "damage" => {
                let path = snapshot_path(dir, n(1), FileState::Live);
                let Ok(mut bytes) = fs::read(&path) else { return Ok("none".into()) };
                *bytes.last_mut().expect("a snapshot has bytes") ^= 1;
                fs::write(&path, bytes).expect("a file that was read");
            }
            "fully" => self.producers.truncate_fully_and_start_at(fs, dir, n(1)).map_err(of_storage)?,
            "strays" => {
                let bases: Vec<i64> = step[1].split(',').filter(|base| !base.is_empty()).map(number).collect();
                self.producers.remove_stray_snapshots(fs, dir, &bases, true).map_err(of_storage)?;
            }
            "mark" => {
                let marked = self.producers.mark_snapshot_for_deletion(fs, dir, n(1)).map_err(of_storage)?;
                return Ok(marked.is_some().to_string());
            }
            "before" => self.producers.delete_snapshots_before(fs, dir, n(1)).map_err(of_storage)?,
            "assign" => {
                self.epochs.assign(fs, dir, number(step[1]), n(2)).map_err(of_log)?;
            }
            "cutend" => {
                self.epochs.truncate_from_end(n(1));
                self.epochs.flush(fs, dir).map_err(of_storage)?;
            }
            "cutstart" => {
                self.epochs.truncate_from_start(n(1));
                self.epochs.flush(fs, dir).map_err(of_storage)?;
            }
            "clear" => self.epochs.clear_and_flush(fs, dir).map_err(of_storage)?,
            "reopen" => self.epochs = LeaderEpochCache::open(fs, dir).map_err(of_log)?,
            "endoffset" => {
                let end = self.epochs.end_offset_for(number(step[1]), n(2));
                return Ok(end.map_or("none".into(), |(epoch, offset)| format!("{epoch} {offset}")));
            }
            "epochs" => {
                let epoch = number(step[1]);
                let or_none = |epoch: Option<i32>| epoch.map_or("none".into(), |epoch| epoch.to_string());
                let of_offset = or_none(self.epochs.epoch_for_offset(n(2)));
                let (previous, next) = (self.epochs.previous_epoch(epoch), self.epochs.next_epoch(epoch));
                return Ok(format!("{of_offset} {} {}", or_none(previous), or_none(next)));
            }
            _ => return Err("no such step"),
        }
        Ok("ok".into())
    }

    fn append(&mut self, step: &[&str]) -> Result<String, Refused> {
        let origin = match step[1] {
            "REPLICATION" => AppendOrigin::Replication,
            "COORDINATOR" => AppendOrigin::Coordinator,
            "CLIENT" => AppendOrigin::Client,
            _ => AppendOrigin::RaftLeader,
        };
        let guard: i64 = number(step[3]);
        let verification_guard = usize::try_from(guard).ok().and_then(|at| self.guards.get(at).copied());
        let terms = AppendTerms {
            origin,
            verification_guard: verification_guard.unwrap_or(VerificationGuard::SENTINEL),
            transaction_version: number(step[2]),
        };
        self.appends.clear();
        let (bytes, mut end) = (bytes(step[4]), 0);
        let mut position = 7;
        for batch in batches(&bytes) {
            let header = batch.header();
            let marker = EndTransaction::read(&batch).map_err(of_append)?;
            let place = SegmentPlace { segment_base_offset: 0, position };
            let checked = self.producers.check(&header, marker, Some(place), &terms, &mut self.appends);
            if let Checked::Duplicate(batch) = checked.map_err(of_append)? {
                let (first, last) = (batch.first_sequence, batch.last_sequence);
                let (from, to, timestamp) = (batch.first_offset(), batch.last_offset, batch.timestamp);
                return Ok(format!("duplicate {first} {last} {from} {to} {timestamp}"));
            }
            position += batch.as_bytes().len() as u32;
            end = header.last_offset() + 1;
        }
        self.producers.apply(&self.appends);
        let mut said = "ok".to_owned();
        for txn in self.appends.completed() {
            let stable = self.producers.last_stable_offset(txn);
            self.producers.complete_txn(txn).map_err(of_append)?;
            said.push_str(&completed(txn, stable));
        }
        self.producers.update_map_end_offset(end);
        Ok(said)
    }

    fn replay(&mut self, hex: &str) -> Result<String, Refused> {
        let mut said = "ok".to_owned();
        for batch in batches(&bytes(hex)) {
            let marker = EndTransaction::read(&batch).map_err(of_append)?;
            let ended = self.producers.replay(&batch.header(), marker, &mut self.appends).map_err(of_append)?;
            if let Some((txn, stable)) = ended {
                said.push_str(&completed(&txn, stable));
            }
        }
        Ok(said)
    }

    fn index_of(&self, guard: VerificationGuard) -> i64 {
        self.guards.iter().position(|known| *known == guard).map_or(-1, |at| at as i64)
    }

    fn state(&self) -> String {
        let manager = &self.producers;
        let unstable = manager.first_unstable_offset().map_or("none".into(), |offset| {
            let (base, position) = offset.place.map_or((-1, -1), |p| (p.segment_base_offset, i64::from(p.position)));
            format!("{}@{base}+{position}", offset.message_offset)
        });
        let (end, undecided) = (manager.map_end_offset(), manager.first_undecided_offset().unwrap_or(-1));
        let oldest = manager.oldest_snapshot_offset().unwrap_or(-1);
        let latest = manager.latest_snapshot_offset().unwrap_or(-1);
        let mut out = format!(
            "end {end} unstable {unstable} undecided {undecided} snapshots {oldest}..{latest} empty {}",
            manager.is_empty()
        );
        let mut producers: Vec<_> = manager.active_producers().collect();
        producers.sort_by_key(|(id, _)| *id);
        for (id, p) in producers {
            let (epoch, coordinator, timestamp) = (p.producer_epoch(), p.coordinator_epoch(), p.last_timestamp());
            let (txn, last) = (p.current_txn_first_offset().unwrap_or(-1), p.last_sequence());
            let _ = write!(out, " [{id} {epoch} {coordinator} {timestamp} {txn} {last}");
            for b in p.batches() {
                let (first, last) = (b.first_sequence, b.last_sequence);
                let _ = write!(out, " {first}-{last}@{}-{}/{}", b.first_offset(), b.last_offset, b.timestamp);
            }
            out.push(']');
        }
        out.push_str(" guards");
        for &id in &self.verified {
            let _ = write!(out, " {id}={}", self.index_of(manager.verification_guard(id)));
        }
        let entries = self.epochs.entries().iter().map(|entry| format!("{}:{}", entry.epoch, entry.start_offset));
        let _ = write!(out, " epochs {}", entries.collect::<Vec<_>>().join(","));
        let mut files: Vec<_> =
            fs::read_dir(&self.dir).expect("the folder").map(|e| e.expect("a file").path()).collect();
        files.sort();
        for file in files {
            let bytes = fs::read(&file).expect("a file");
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            let content = if name.contains(".snapshot") { producers_of(&bytes) } else { crc32c(&bytes).to_string() };
            let _ = write!(out, " {name}:{}:{content}", bytes.len());
        }
        out
    }
}

/// The checksum of the entries, sorted: their order means nothing.
fn producers_of(snapshot: &[u8]) -> String {
    let Ok(read) = ProducerSnapshot::read(snapshot) else { return "corrupt".to_owned() };
    let entries = &snapshot[snapshot.len() - read.len() * PRODUCER_ENTRY_LEN..];
    let mut entries: Vec<_> = entries.chunks(PRODUCER_ENTRY_LEN).collect();
    entries.sort_unstable();
    crc32c(&entries.concat()).to_string()
}

fn completed(txn: &CompletedTxn, stable: i64) -> String {
    let CompletedTxn { producer_id, first_offset, last_offset, is_aborted } = txn;
    format!(" {producer_id} {first_offset} {last_offset} {is_aborted} {stable}")
}

fn bytes(hex: &str) -> Vec<u8> {
    data_encoding::HEXLOWER.decode(hex.as_bytes()).expect("hexadecimal digits")
}

fn batches(bytes: &[u8]) -> impl Iterator<Item = RecordBatch<'_>> {
    Batches::new(bytes).map(|batch| RecordBatch::parse(batch.expect("a batch").as_bytes()).expect("of magic 2"))
}
