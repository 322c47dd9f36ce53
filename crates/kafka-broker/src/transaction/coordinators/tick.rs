//! What time brings: transactions that take too long are aborted, ids that were silent for long are forgotten, markers that could
//! not be written are tried again.

use std::sync::Arc;

use super::super::record;
use super::super::{Host, TransactionConfig};
use super::{Coordinators, Led};

/// Stands for no time.
const NEVER: i64 = i64::MAX;
/// Bytes of a tombstone besides the id, and of a batch besides its records, at most.
const TOMBSTONE_OVERHEAD: usize = 32;
const BATCH_OVERHEAD: usize = 61;

/// When what is due next, in ms.
pub(super) struct Schedule {
    abort_at: i64,
    expire_at: i64,
    retry_at: i64,
}

impl Schedule {
    pub(super) fn new(config: &TransactionConfig, now_ms: i64) -> Self {
        Schedule {
            abort_at: now_ms.saturating_add(config.abort_interval_ms),
            expire_at: now_ms.saturating_add(config.expiration_interval_ms),
            retry_at: NEVER,
        }
    }

    /// Notes a time for markers; says whether it is the earliest.
    pub(super) fn retry_at(&mut self, at: i64) -> bool {
        let is_earlier = at < self.retry_at;
        self.retry_at = self.retry_at.min(at);
        is_earlier
    }
}

impl Coordinators {
    /// When [`Coordinators::tick`] has something to do.
    pub(crate) fn next_deadline(&self) -> i64 {
        let schedule = self.schedule.lock();
        schedule.abort_at.min(schedule.expire_at).min(schedule.retry_at)
    }

    /// Does what is due.
    pub(crate) fn tick(&self, host: &dyn Host, now_ms: i64) {
        let (aborts, expires, retries) = {
            let mut schedule = self.schedule.lock();
            let due = (schedule.abort_at <= now_ms, schedule.expire_at <= now_ms, schedule.retry_at <= now_ms);
            if due.0 {
                schedule.abort_at = now_ms.saturating_add(self.config.abort_interval_ms);
            }
            if due.1 {
                schedule.expire_at = now_ms.saturating_add(self.config.expiration_interval_ms);
            }
            if due.2 {
                schedule.retry_at = NEVER;
            }
            due
        };
        for partition in (0..).take(self.slots.len()) {
            // A partition that is led elsewhere is that broker's business.
            let _ = self.with_partition(host, partition, now_ms, |led| {
                if aborts {
                    led.abort_timed_out();
                }
                if retries {
                    led.retry();
                }
                if expires {
                    led.expire_ids();
                }
                Ok(())
            });
        }
    }
}

impl Led<'_> {
    fn abort_timed_out(&mut self) {
        let late = self.shard.transactions.iter().filter(|(_, of)| of.is_timed_out(self.now_ms));
        let late: Vec<Arc<str>> = late.map(|(id, _)| Arc::clone(id)).collect();
        for id in late {
            match self.abort(&id) {
                Ok(Some(producer)) => {
                    Coordinators::count(&self.coordinators.totals.timed_out, 1);
                    tracing::info!(
                        transactional_id = &*id,
                        producer_id = producer.id,
                        producer_epoch = producer.epoch,
                        "aborted a transaction that was open for longer than its timeout"
                    );
                }
                Ok(None) => {}
                Err(error) => {
                    let error = error.name();
                    tracing::warn!(
                        transactional_id = &*id,
                        error,
                        "a transaction that timed out cannot be aborted now"
                    );
                }
            }
        }
    }

    fn expire_ids(&mut self) {
        let expiration_ms = self.coordinators.config.id_expiration_ms;
        let old = self.shard.transactions.iter().filter(|(_, of)| of.is_expired(self.now_ms, expiration_ms));
        let old: Vec<Arc<str>> = old.map(|(id, _)| Arc::clone(id)).collect();
        let batch_len_max = self.host.batch_len_max(self.partition).saturating_sub(BATCH_OVERHEAD);
        let mut rest = old.as_slice();
        while !rest.is_empty() {
            let mut len = 0;
            let fits = rest.iter().take_while(|id| {
                len += id.len() + TOMBSTONE_OVERHEAD;
                len <= batch_len_max
            });
            let (part, after) = rest.split_at(fits.count().max(1));
            rest = after;
            let written = record::tombstones(part, self.now_ms).is_ok_and(|batch| self.append(&batch).is_ok());
            if !written {
                // The failure is logged; the ids are tried again at the next time.
                return;
            }
            part.iter().for_each(|id| drop(self.shard.transactions.remove(id)));
            Coordinators::count(&self.coordinators.totals.expired, part.len() as u64);
            let (partition, count) = (self.partition, part.len());
            tracing::info!(partition, count, "forgot transactional ids that were not used for long");
        }
    }
}
