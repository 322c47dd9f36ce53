//! How fast something happens, over some windows of time (`Rate` over `WindowedSum`, `SampledStat`).

/// The windows over which a quota holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Windows {
    /// How many there are (`quota.window.num`).
    pub(crate) count: i64,
    /// How long each is (`quota.window.size.seconds`).
    pub(crate) ms: i64,
}

impl Windows {
    /// What is older than this is forgotten.
    pub(crate) const fn span_ms(self) -> i64 {
        self.count.saturating_mul(self.ms)
    }
}

/// What happened in one window.
#[derive(Clone, Copy, Debug)]
struct Sample {
    start_ms: i64,
    last_event_ms: i64,
    value: f64,
}

impl Sample {
    const fn new(now_ms: i64) -> Self {
        Sample { start_ms: now_ms, last_event_ms: now_ms, value: 0.0 }
    }
}

/// A rate per second. It has one sample more than there are windows, as Kafka's.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rate {
    samples: Vec<Sample>,
    current: usize,
}

impl Rate {
    /// Adds to what happens now.
    pub(crate) fn record(&mut self, windows: Windows, value: f64, now_ms: i64) {
        if self.samples.is_empty() {
            self.samples.push(Sample::new(now_ms));
        }
        if self.samples.get(self.current).is_some_and(|sample| now_ms - sample.start_ms >= windows.ms) {
            self.current = (self.current + 1) % (usize::try_from(windows.count).unwrap_or(1) + 1);
            match self.samples.get_mut(self.current) {
                Some(sample) => *sample = Sample::new(now_ms),
                None => self.samples.push(Sample::new(now_ms)),
            }
        }
        if let Some(sample) = self.samples.get_mut(self.current) {
            sample.value += value;
            sample.last_event_ms = now_ms;
        }
    }

    /// The rate, and the time in ms that it was measured over.
    pub(crate) fn measure(&mut self, windows: Windows, now_ms: i64) -> (f64, i64) {
        if self.samples.is_empty() {
            self.samples.push(Sample::new(now_ms));
        }
        let is_obsolete = |sample: &&mut Sample| now_ms - sample.last_event_ms >= windows.span_ms();
        self.samples.iter_mut().filter(is_obsolete).for_each(|sample| *sample = Sample::new(now_ms));
        let sum: f64 = self.samples.iter().map(|sample| sample.value).sum();
        let oldest = self.samples.iter().map(|sample| sample.start_ms).min().unwrap_or(now_ms);
        let mut elapsed = now_ms - oldest;
        // A burst in the first window must not look like a high rate over a short time.
        let missing = windows.count - 1 - elapsed / windows.ms.max(1);
        if missing > 0 {
            elapsed += missing * windows.ms;
        }
        let elapsed = elapsed.max(1);
        (sum / (elapsed as f64 / 1000.0), elapsed)
    }

    /// How long nothing may happen until the rate is `limit` again, 0 where it is not above that (`QuotaUtils.throttleTime`).
    pub(super) fn throttle_ms(&mut self, windows: Windows, limit: f64, now_ms: i64) -> i64 {
        let (rate, elapsed) = self.measure(windows, now_ms);
        if rate <= limit { 0 } else { rounded((rate - limit) / limit * elapsed as f64) }
    }
}

/// (`Math.round`)
pub(super) fn rounded(value: f64) -> i64 {
    let whole = value.floor();
    (if value - whole >= 0.5 { whole + 1.0 } else { whole }) as i64
}
