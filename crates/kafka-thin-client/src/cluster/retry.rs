//! Further attempts, as Kafka's clients make them.

use std::thread;
use std::time::{Duration, Instant};

use kafka_rpc::ErrorCode;

use super::Client;
use crate::error::ClientError;

/// Each pause is up to this part of it shorter or longer, so that clients do not come back all at once.
const JITTER: f64 = 0.2;

/// The longest time for a call, so that no deadline is too far away for the clock.
const TIMEOUT_MAX: Duration = Duration::from_secs(365 * 24 * 60 * 60);

impl Client {
    /// Makes attempts until one succeeds or fails for good, at most for `default.api.timeout.ms`, with growing pauses between
    /// them (`retry.backoff.ms`, `retry.backoff.max.ms`). What an error says of nodes, leaders and coordinators is forgotten.
    ///
    /// A call within a call shares the time of the outer one.
    ///
    /// # Errors
    /// The error of the last attempt if it is not retriable, else [`ClientError::TimedOut`].
    pub fn retry<T>(
        &mut self,
        mut attempt: impl FnMut(&mut Client) -> Result<T, ClientError>,
    ) -> Result<T, ClientError> {
        let outer = self.deadline;
        let deadline = outer.unwrap_or_else(|| Instant::now() + self.config.default_api_timeout.min(TIMEOUT_MAX));
        self.deadline = Some(deadline);
        let mut attempts = 0;
        let outcome = loop {
            attempts += 1;
            match attempt(self) {
                Err(error) if error.is_retriable() => {
                    self.forget_after(&error);
                    let pause = self.backoff(attempts);
                    if pause >= deadline.saturating_duration_since(Instant::now()) {
                        tracing::warn!("gave up after {attempts} attempt(s): {error}");
                        break Err(ClientError::TimedOut { attempts, last: Box::new(error) });
                    }
                    thread::sleep(pause);
                }
                outcome => break outcome,
            }
        };
        self.deadline = outer;
        outcome
    }

    fn forget_after(&mut self, error: &ClientError) {
        use ErrorCode::{
            CoordinatorLoadInProgress, CoordinatorNotAvailable, NotCoordinator, RequestTimedOut,
            ThrottlingQuotaExceeded,
        };
        match error.code() {
            Some(NotCoordinator | CoordinatorNotAvailable) => self.forget_coordinators(),
            Some(CoordinatorLoadInProgress | RequestTimedOut | ThrottlingQuotaExceeded) => {}
            Some(_) => self.forget_metadata(),
            None => {
                self.forget_metadata();
                self.forget_coordinators();
            }
        }
    }

    /// The pause after this many failed attempts (`ExponentialBackoff`).
    fn backoff(&self, attempts: u32) -> Duration {
        let doubled = self.config.retry_backoff.saturating_mul(1 << (attempts.max(1) - 1).min(16));
        let jitter = 1.0 - JITTER + 2.0 * JITTER * fastrand::f64();
        doubled.min(self.config.retry_backoff_max).mul_f64(jitter)
    }
}
