//! The time, as a broker sees it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use kafka_log::manager::background;
use parking_lot::Mutex;

/// Now, in ms since 1970.
pub(crate) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// The clock of a broker: the time of day, and a time for timers that does not follow when the time of day is set
/// (`Time.milliseconds`, `Time.hiResClockMs`). Tests can stop and move both.
pub(crate) struct Clock {
    began: Instant,
    began_ms: i64,
    /// Whether a test has touched it.
    is_moved: AtomicBool,
    moved: Mutex<Moved>,
}

/// What a test has made of the time.
#[derive(Default)]
struct Moved {
    /// What is added to the time of day and to that of timers.
    ahead: Reading,
    /// Where both stand still.
    frozen: Option<Reading>,
}

/// Both times, in ms.
#[derive(Clone, Copy, Default)]
struct Reading {
    day: i64,
    steady: i64,
}

impl Reading {
    const fn plus(self, other: Reading) -> Self {
        Reading { day: self.day.saturating_add(other.day), steady: self.steady.saturating_add(other.steady) }
    }
}

impl Clock {
    pub(crate) fn new() -> Self {
        let (began, began_ms) = (Instant::now(), now_ms());
        Clock { began, began_ms, is_moved: AtomicBool::new(false), moved: Mutex::default() }
    }

    /// The time of day, in ms since 1970.
    pub(crate) fn now_ms(&self) -> i64 {
        if self.is_moved.load(Ordering::Relaxed) { self.read_moved().day } else { now_ms() }
    }

    /// What to add to a time of day for the time of timers.
    pub(crate) fn skew_ms(&self) -> i64 {
        let Reading { day, steady } = self.read();
        steady.saturating_sub(day)
    }

    /// The time of timers, in ms since some time.
    pub(crate) fn steady_ms(&self) -> i64 {
        self.read().steady
    }

    /// Whether the time stands still.
    pub(crate) fn is_frozen(&self) -> bool {
        self.is_moved.load(Ordering::Relaxed) && self.moved.lock().frozen.is_some()
    }

    fn read(&self) -> Reading {
        if self.is_moved.load(Ordering::Relaxed) { self.read_moved() } else { self.real() }
    }

    fn read_moved(&self) -> Reading {
        let moved = self.moved.lock();
        moved.frozen.unwrap_or_else(|| self.real().plus(moved.ahead))
    }

    fn real(&self) -> Reading {
        let elapsed = i64::try_from(self.began.elapsed().as_millis()).unwrap_or(i64::MAX);
        Reading { day: now_ms(), steady: self.began_ms.saturating_add(elapsed) }
    }

    /// Has the time stand still.
    pub(crate) fn freeze(&self) {
        let mut moved = self.moved.lock();
        let now = self.real().plus(moved.ahead);
        moved.frozen.get_or_insert(now);
        self.is_moved.store(true, Ordering::Relaxed);
    }

    /// Lets the time go on from where it stands.
    pub(crate) fn resume(&self) {
        let mut moved = self.moved.lock();
        if let Some(frozen) = moved.frozen.take() {
            let real = self.real();
            moved.ahead =
                Reading { day: frozen.day.saturating_sub(real.day), steady: frozen.steady.saturating_sub(real.steady) };
        }
    }

    /// Moves the time forward, whether or not it stands still.
    pub(crate) fn advance(&self, by: Duration) {
        let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        let mut moved = self.moved.lock();
        let by = Reading { day: by, steady: by };
        match &mut moved.frozen {
            Some(frozen) => *frozen = frozen.plus(by),
            None => moved.ahead = moved.ahead.plus(by),
        }
        self.is_moved.store(true, Ordering::Relaxed);
    }

    /// Sets the time of day, as an operator or a time server does.
    #[cfg(test)]
    pub(crate) fn set_day(&self, by_ms: i64) {
        self.moved.lock().ahead.day += by_ms;
        self.is_moved.store(true, Ordering::Relaxed);
    }
}

impl background::Clock for Clock {
    fn now_ms(&self) -> i64 {
        self.now_ms()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_stands_still_and_goes_on_from_there() {
        let clock = Clock::new();
        clock.freeze();
        let (day, steady) = (clock.now_ms(), clock.steady_ms());
        clock.advance(Duration::from_secs(3600));
        clock.freeze();
        assert_eq!((clock.now_ms() - day, clock.steady_ms() - steady, clock.is_frozen()), (3_600_000, 3_600_000, true));
        clock.resume();
        assert!(clock.now_ms() >= day + 3_600_000 && clock.steady_ms() >= steady + 3_600_000 && !clock.is_frozen());
        clock.advance(Duration::from_secs(3600));
        assert!(clock.now_ms() >= day + 7_200_000 && clock.steady_ms() >= steady + 7_200_000);
    }

    #[test]
    fn timers_do_not_follow_when_the_time_of_day_is_set() {
        let clock = Clock::new();
        let (day, steady) = (clock.now_ms(), clock.steady_ms());
        clock.set_day(86_400_000);
        assert!(clock.now_ms() >= day + 86_400_000);
        assert!((steady..steady + 60_000).contains(&clock.steady_ms()));
    }
}
