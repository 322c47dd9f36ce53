//! What the follower of one partition does (`AbstractFetcherThread`, `ReplicaFetcherThread`): what it asks its leader for, and what
//! an answer means for its log.
//!
//! Nothing here waits, reads a clock or knows of a network: the time comes in, and the log is a [`Replica`].

use std::fmt;

use kafka_log::log::error::AppendError;
use kafka_rpc::ErrorCode;

use super::replica::{Offsets, Replica, ReplicaError};

/// The epoch of a request that has none.
pub(crate) const NO_EPOCH: i32 = -1;

/// What a follower asks for (`FetchRequest.PartitionData`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fetch {
    pub(crate) offset: i64,
    /// Epoch of the last record in the log: the leader compares it with its own.
    pub(crate) last_fetched_epoch: Option<i32>,
    pub(crate) leader_epoch: i32,
    pub(crate) log_start_offset: i64,
}

/// What the leader answers (`FetchResponse.PartitionData`).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fetched<'a> {
    pub(crate) error: ErrorCode,
    pub(crate) high_watermark: i64,
    pub(crate) log_start_offset: i64,
    /// The last epoch that both logs may share, and where it ends in the leader's.
    pub(crate) diverging: Option<(i32, i64)>,
    pub(crate) records: &'a [u8],
}

/// Which offset of the leader's log a follower asks for with ListOffsets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The log end.
    Latest,
    /// The log start.
    Earliest,
}

/// What a follower does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    Fetch(Fetch),
    /// The last fetch was out of range: the leader's offsets decide.
    List {
        end: End,
        leader_epoch: i32,
    },
    /// Nothing before this time.
    Wait {
        until_ms: i64,
    },
    /// Nothing until the metadata brings another epoch.
    Failed,
}

/// What has become of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The answer belongs to a request that counts no more.
    Stale,
    /// So many bytes were appended, perhaps none.
    Appended { bytes: usize },
    /// The log was cut at this offset, or begins again there.
    Truncated { to: i64 },
    /// The follower asks the leader for its offsets.
    OutOfRange,
    /// The follower tries again later.
    BackedOff,
    /// The follower has given up (`FailedPartitions`).
    Failed,
}

/// Where a follower stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Fetching,
    /// Waits for the leader's log end.
    Latest,
    /// Waits for the leader's log start. It has the leader's log end.
    Earliest {
        leader_end: i64,
    },
    Failed,
}

/// The follower of one partition (`PartitionFetchState`).
#[derive(Debug)]
pub(crate) struct Follower {
    name: Box<str>,
    leader_epoch: i32,
    back_off_ms: i64,
    offset: i64,
    last_fetched_epoch: Option<i32>,
    /// How many records the leader has that the follower lacks; `None` before the first answer.
    lag: Option<i64>,
    delayed_until_ms: Option<i64>,
    place: Place,
}

impl Follower {
    /// Begins to follow a leader. A log without epochs cannot be compared with the leader's, and is cut at its high watermark.
    ///
    /// # Errors
    /// If the log cannot be used.
    pub(crate) fn begin(
        name: impl fmt::Display,
        replica: &impl Replica,
        leader_epoch: i32,
        back_off_ms: i64,
        now_ms: i64,
    ) -> Result<Self, ReplicaError> {
        let name = name.to_string().into_boxed_str();
        let offsets = replica.offsets()?;
        let last_fetched_epoch = replica.latest_epoch()?;
        let mut offset = offsets.log_end;
        if last_fetched_epoch.is_none() && offsets.high_watermark < offsets.log_end {
            offset = offsets.high_watermark;
            tracing::info!(partition = name, offset, "truncating to the high watermark: the log has no leader epochs");
            replica.truncate_to(offset, now_ms)?;
        }
        Ok(Follower {
            name,
            leader_epoch,
            back_off_ms,
            offset,
            last_fetched_epoch,
            lag: None,
            delayed_until_ms: None,
            place: Place::Fetching,
        })
    }

    /// The epoch of the leader that is followed.
    pub(crate) fn leader_epoch(&self) -> i32 {
        self.leader_epoch
    }

    /// How many records the leader has that the follower lacks, as of the last answer (`FetcherLagMetrics`).
    pub(crate) fn lag(&self) -> Option<i64> {
        self.lag
    }

    /// Whether the follower has all that the leader had (`isReplicaInSync`).
    pub(crate) fn is_in_sync(&self) -> bool {
        self.lag.is_some_and(|lag| lag <= 0)
    }

    /// Whether the follower has given up.
    pub(crate) fn has_failed(&self) -> bool {
        self.place == Place::Failed
    }

    /// What to do now.
    pub(crate) fn next(&self, replica: &impl Replica, now_ms: i64) -> Result<Next, ReplicaError> {
        let leader_epoch = self.leader_epoch;
        if self.place == Place::Failed {
            return Ok(Next::Failed);
        }
        if let Some(until_ms) = self.delayed_until_ms.filter(|_| self.is_delayed(now_ms)) {
            return Ok(Next::Wait { until_ms });
        }
        Ok(match self.place {
            Place::Latest => Next::List { end: End::Latest, leader_epoch },
            Place::Earliest { .. } => Next::List { end: End::Earliest, leader_epoch },
            Place::Fetching | Place::Failed => Next::Fetch(Fetch {
                offset: self.offset,
                last_fetched_epoch: self.last_fetched_epoch,
                leader_epoch,
                log_start_offset: replica.offsets()?.log_start,
            }),
        })
    }

    /// Waits before the next attempt: the leader was not reached.
    pub(crate) fn back_off(&mut self, now_ms: i64) -> Outcome {
        if self.place == Place::Failed {
            return Outcome::Failed;
        }
        if !self.is_delayed(now_ms) {
            self.delayed_until_ms = Some(now_ms.saturating_add(self.back_off_ms));
        }
        Outcome::BackedOff
    }

    /// A follower never waits longer than a back-off, also where the clock was set back.
    fn is_delayed(&self, now_ms: i64) -> bool {
        let left = self.delayed_until_ms.map_or(0, |until| until.saturating_sub(now_ms));
        (1..=self.back_off_ms).contains(&left)
    }

    /// Gives up until the metadata brings another epoch.
    fn fail(&mut self, why: &dyn fmt::Display) -> Outcome {
        tracing::error!(partition = self.name, offset = self.offset, "the follower has failed: {why}");
        self.place = Place::Failed;
        Outcome::Failed
    }

    /// Takes the answer to a fetch.
    pub(crate) fn fetched(
        &mut self,
        sent: &Fetch,
        answer: &Fetched<'_>,
        replica: &impl Replica,
        now_ms: i64,
    ) -> Outcome {
        let is_current = sent.offset == self.offset && sent.leader_epoch == self.leader_epoch;
        if self.place != Place::Fetching || self.is_delayed(now_ms) || !is_current {
            return Outcome::Stale;
        }
        self.delayed_until_ms = None;
        if answer.error != ErrorCode::None {
            return self.refused(answer.error, now_ms);
        }
        let done = match answer.diverging {
            // Watermarks wait for the next answer: they are those of another log than the one that is here.
            Some((epoch, end_offset)) => self.diverged(epoch, end_offset, replica, now_ms),
            None => self.append(answer, replica, now_ms),
        };
        match done {
            Ok(outcome) => outcome,
            Err(error) if error.is_of_records() => {
                tracing::error!(partition = self.name, offset = self.offset, %error, "the leader's records cannot be appended");
                self.back_off(now_ms)
            }
            Err(ReplicaError::Superseded) => Outcome::Stale,
            Err(error) => self.fail(&error),
        }
    }

    /// The leader has answered with an error.
    fn refused(&mut self, code: ErrorCode, now_ms: i64) -> Outcome {
        let (partition, offset, error) = (&*self.name, self.offset, code.name());
        match code {
            ErrorCode::OffsetOutOfRange => {
                self.place = Place::Latest;
                return Outcome::OutOfRange;
            }
            // The metadata has a newer epoch, which is on its way to this broker.
            ErrorCode::FencedLeaderEpoch => return self.fail(&code.message()),
            // The leader learns its epoch, or this broker learns who leads.
            ErrorCode::UnknownLeaderEpoch | ErrorCode::NotLeaderOrFollower => {
                tracing::debug!(partition, offset, error, "the leader refuses a fetch");
            }
            // While a topic is created or deleted.
            ErrorCode::UnknownTopicOrPartition | ErrorCode::UnknownTopicId | ErrorCode::InconsistentTopicId => {
                tracing::warn!(partition, offset, error, "the leader refuses a fetch");
            }
            // Kafka without tiered storage fails to build its state from it, each time that it tries.
            ErrorCode::OffsetMovedToTieredStorage => {
                tracing::error!(
                    partition,
                    offset,
                    error,
                    "the leader has moved records to tiered storage, which this broker lacks"
                );
            }
            _ => tracing::error!(partition, offset, error, "the leader refuses a fetch"),
        }
        self.back_off(now_ms)
    }

    /// The records at the fetched offset are of another epoch than the leader's: cut what the leader does not have
    /// (`getOffsetTruncationState`, KIP-101, KIP-279).
    fn diverged(
        &mut self,
        epoch: i32,
        end_offset: i64,
        replica: &impl Replica,
        now_ms: i64,
    ) -> Result<Outcome, ReplicaError> {
        if end_offset < 0 {
            tracing::error!(partition = self.name, epoch, end_offset, "the leader's end of an epoch is no offset");
            return Ok(self.back_off(now_ms));
        }
        let offsets = replica.offsets()?;
        let target = match replica.end_offset_for_epoch(epoch)? {
            // The end of the largest epoch that is known here and is not above. The next fetch compares that one.
            Some((found, own_end)) if found != epoch => own_end,
            Some((_, own_end)) => own_end.min(end_offset),
            None => end_offset,
        };
        let before = (self.offset, self.last_fetched_epoch);
        self.truncate(target.min(offsets.log_end), offsets, replica, now_ms)?;
        if (self.offset, self.last_fetched_epoch) == before {
            tracing::error!(
                partition = self.name,
                epoch,
                end_offset,
                "the leader finds a difference where there is none"
            );
            return Ok(self.back_off(now_ms));
        }
        Ok(Outcome::Truncated { to: self.offset })
    }

    fn truncate(&mut self, to: i64, offsets: Offsets, replica: &impl Replica, now_ms: i64) -> Result<(), ReplicaError> {
        let high_watermark = offsets.high_watermark;
        if to < high_watermark {
            tracing::warn!(partition = self.name, to, high_watermark, "truncating below the high watermark");
        }
        replica.truncate_to(to, now_ms)?;
        self.offset = to;
        self.last_fetched_epoch = replica.latest_epoch()?;
        Ok(())
    }

    fn append(&mut self, answer: &Fetched<'_>, replica: &impl Replica, now_ms: i64) -> Result<Outcome, ReplicaError> {
        let Offsets { log_start, log_end, .. } = replica.offsets()?;
        if log_end != self.offset {
            let why = format!("expected the log end at the fetched offset, found {log_end}");
            return Ok(self.fail(&why));
        }
        let mut bytes = 0;
        if !answer.records.is_empty() {
            let mut appended = replica.append(answer.records, now_ms);
            // The leader's log starts in the middle of a batch, after a deletion of records: the first batch comes as a whole. Kafka fails
            // with a log that is not empty; here it may be, if the leader has deleted all of it.
            if let Err(ReplicaError::Append(AppendError::UnexpectedAppendOffset { first_offset, last_offset, .. })) =
                appended
                && (log_start == log_end || answer.log_start_offset >= log_end)
                && (first_offset..=last_offset).contains(&log_end)
            {
                tracing::info!(partition = self.name, first_offset, "the log begins with a whole batch");
                replica.truncate_fully_and_start_at(first_offset, now_ms)?;
                appended = replica.append(answer.records, now_ms);
            }
            let appended = appended?;
            bytes = appended.bytes;
            self.offset = appended.last_offset.saturating_add(1);
            self.last_fetched_epoch = appended.last_epoch.or(self.last_fetched_epoch);
        }
        self.lag = Some(answer.high_watermark.saturating_sub(self.offset).max(0));
        replica.take_over(answer.high_watermark, answer.log_start_offset, now_ms)?;
        Ok(Outcome::Appended { bytes })
    }

    /// Takes the leader's answer to [`Next::List`] (`fetchOffsetAndTruncate`).
    pub(crate) fn listed(
        &mut self,
        end: End,
        leader_epoch: i32,
        answer: Result<i64, ErrorCode>,
        replica: &impl Replica,
        now_ms: i64,
    ) -> Outcome {
        let leader_end = match (self.place, end) {
            _ if leader_epoch != self.leader_epoch => return Outcome::Stale,
            (Place::Latest, End::Latest) => None,
            (Place::Earliest { leader_end }, End::Earliest) => Some(leader_end),
            _ => return Outcome::Stale,
        };
        let offset = match answer {
            Ok(offset) if offset >= 0 => offset,
            Ok(offset) => {
                tracing::error!(partition = self.name, offset, "the leader's offset is none");
                return self.start_over(now_ms);
            }
            Err(ErrorCode::FencedLeaderEpoch) => return self.fail(&ErrorCode::FencedLeaderEpoch.message()),
            Err(code) => {
                tracing::info!(partition = self.name, error = code.name(), "the leader does not tell its offsets");
                return self.start_over(now_ms);
            }
        };
        let done = match leader_end {
            None => self.compare_ends(offset, replica, now_ms),
            Some(leader_end) => self.compare_starts(offset, leader_end, replica, now_ms),
        };
        match done {
            Ok(outcome) => outcome,
            Err(ReplicaError::Superseded) => Outcome::Stale,
            Err(error) => self.fail(&error),
        }
    }

    /// The next attempt begins with a fetch, as in Kafka.
    fn start_over(&mut self, now_ms: i64) -> Outcome {
        self.place = Place::Fetching;
        self.back_off(now_ms)
    }

    /// A leader with less than this replica has lost records, or an unclean election has made it the leader.
    fn compare_ends(&mut self, leader_end: i64, replica: &impl Replica, now_ms: i64) -> Result<Outcome, ReplicaError> {
        let offsets = replica.offsets()?;
        if leader_end >= offsets.log_end {
            self.place = Place::Earliest { leader_end };
            return Ok(Outcome::OutOfRange);
        }
        tracing::warn!(
            partition = self.name,
            from = offsets.log_end,
            to = leader_end,
            "truncating to the leader's log end"
        );
        self.place = Place::Fetching;
        self.truncate(leader_end, offsets, replica, now_ms)?;
        self.lag = Some(0);
        Ok(Outcome::Truncated { to: leader_end })
    }

    /// A leader that has deleted all that this replica has: nothing of it counts any more. Otherwise the leader has grown since.
    fn compare_starts(
        &mut self,
        leader_start: i64,
        leader_end: i64,
        replica: &impl Replica,
        now_ms: i64,
    ) -> Result<Outcome, ReplicaError> {
        let log_end = replica.offsets()?.log_end;
        self.place = Place::Fetching;
        let outcome = if leader_start > log_end {
            tracing::warn!(
                partition = self.name,
                from = log_end,
                to = leader_start,
                "deleting the log: it ends below the leader's log start"
            );
            replica.truncate_fully_and_start_at(leader_start, now_ms)?;
            self.offset = leader_start;
            self.last_fetched_epoch = replica.latest_epoch()?;
            Outcome::Truncated { to: leader_start }
        } else {
            self.offset = log_end;
            // The same fetch may be out of range again.
            self.back_off(now_ms)
        };
        self.lag = Some(leader_end.saturating_sub(self.offset).max(0));
        Ok(outcome)
    }
}
