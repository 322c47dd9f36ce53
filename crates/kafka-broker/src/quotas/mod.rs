//! Client quotas: what was used of them, and how long a client has to wait (`ClientQuotaManager`, `ConnectionQuotas`).
//!
//! Limits come from the metadata. Nothing here waits: the event loop leaves a connection alone for the time that it is told.

mod accepts;
mod bucket;
mod limits;
mod rate;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use parking_lot::{Mutex, RwLock};

use self::bucket::Bucket;
use self::limits::Limits;
use crate::metadata::Image;
use crate::net::java_address;

pub(crate) use accepts::{AcceptLimits, Accepts};
pub(crate) use limits::Kind;
pub(crate) use rate::{Rate, Windows};

/// Sensors that there are before the first search for idle ones.
const SENSORS_MIN: usize = 1024;

/// Whose use is counted.
type Key = (Kind, Box<str>, Box<str>);

/// What was used of a quota.
#[derive(Default)]
struct Sensor {
    rate: Rate,
    bucket: Bucket,
    used_ms: i64,
}

/// The sensors. One without events for all windows says nothing any more and goes.
struct Sensors {
    by_key: HashMap<Key, Sensor>,
    /// Search for idle ones when there are so many.
    search_at: usize,
}

/// The quotas of a broker.
pub(crate) struct Quotas {
    windows: Windows,
    mutation_windows: Windows,
    /// A bit for each kind that is limited: a look at it is all that requests cost without quotas.
    limited: AtomicU8,
    limits: RwLock<Limits>,
    sensors: Mutex<Sensors>,
}

impl Quotas {
    /// Quotas with the limits of an image.
    pub(crate) fn new(windows: Windows, mutation_windows: Windows, image: &Image) -> Self {
        let quotas = Quotas {
            windows,
            mutation_windows,
            limited: AtomicU8::new(0),
            limits: RwLock::default(),
            sensors: Mutex::new(Sensors { by_key: HashMap::new(), search_at: SENSORS_MIN }),
        };
        quotas.set_limits(image);
        quotas
    }

    /// Puts the limits of an image in force. What was used stays counted.
    pub(crate) fn set_limits(&self, image: &Image) {
        let limits = Limits::of(image);
        let kinds = [Kind::Produce, Kind::Fetch, Kind::Request, Kind::Mutation, Kind::Connection];
        let bits = kinds.into_iter().filter(|kind| limits.has(*kind)).fold(0, |bits, kind| bits | 1 << kind as u8);
        *self.limits.write() = limits;
        self.limited.store(bits, Ordering::Release);
    }

    /// Whether anybody's use is limited.
    pub(crate) fn limits(&self, kind: Kind) -> bool {
        self.limited.load(Ordering::Acquire) & 1 << kind as u8 != 0
    }

    /// Counts bytes; says for how many ms the client has to be left alone.
    pub(crate) fn bytes(&self, kind: Kind, user: &str, client_id: &str, count: usize, now_ms: i64) -> i32 {
        self.record(kind, user, client_id, count as f64, now_ms)
    }

    /// Takes bytes back that were counted and are not sent.
    pub(crate) fn forget_bytes(&self, kind: Kind, user: &str, client_id: &str, count: usize, now_ms: i64) {
        self.record(kind, user, client_id, -(count as f64), now_ms);
    }

    /// Most bytes that a client may have in one go (`getMaxValueInQuotaWindow`).
    pub(crate) fn bytes_max(&self, kind: Kind, user: &str, client_id: &str) -> Option<usize> {
        if !self.limits(kind) {
            return None;
        }
        let (limit, _) = self.limits.read().find(kind, user, client_id)?;
        Some((limit * ((self.windows.count - 1) * self.windows.ms) as f64 / 1000.0) as usize)
    }

    /// Counts the time that a request took; says for how many ms the client has to be left alone: at most a window.
    pub(crate) fn request(&self, user: &str, client_id: &str, spent: Duration, now_ms: i64) -> i32 {
        let percent = spent.as_nanos() as f64 * 100.0 / 1e9;
        let throttle = self.record(Kind::Request, user, client_id, percent, now_ms);
        throttle.min(i32::try_from(self.windows.ms).unwrap_or(i32::MAX))
    }

    fn record(&self, kind: Kind, user: &str, client_id: &str, value: f64, now_ms: i64) -> i32 {
        if !self.limits(kind) {
            return 0;
        }
        let Some((limit, (user, client_id))) = self.limits.read().find(kind, user, client_id) else { return 0 };
        let mut sensors = self.sensors.lock();
        let sensor = sensors.of((kind, user.into(), client_id.into()), self.windows, now_ms);
        sensor.rate.record(self.windows, value, now_ms);
        clamped(sensor.rate.throttle_ms(self.windows, limit, now_ms))
    }

    /// Counts partitions that are created or deleted. A strict quota counts nothing when it is used up.
    pub(crate) fn mutations(&self, user: &str, client_id: &str, count: usize, is_strict: bool, now_ms: i64) -> i32 {
        if !self.limits(Kind::Mutation) {
            return 0;
        }
        let found = self.limits.read().find(Kind::Mutation, user, client_id);
        let Some((limit, (user, client_id))) = found else { return 0 };
        let windows = self.mutation_windows;
        let mut sensors = self.sensors.lock();
        let bucket = &mut sensors.of((Kind::Mutation, user.into(), client_id.into()), windows, now_ms).bucket;
        if is_strict {
            let throttle = bucket.throttle_ms(windows, limit, now_ms);
            if throttle == 0 {
                bucket.take(windows, limit, count as f64, now_ms);
            }
            return clamped(throttle);
        }
        bucket.take(windows, limit, count as f64, now_ms);
        clamped(bucket.throttle_ms(windows, limit, now_ms))
    }

    /// Counts a connection; says after how many ms it is to be closed, 0 where it may stay. One that is closed does not count.
    pub(crate) fn connection(&self, from: IpAddr, now_ms: i64) -> i32 {
        if !self.limits(Kind::Connection) {
            return 0;
        }
        let address = java_address(from);
        let Some(limit) = self.limits.read().find_address(&address) else { return 0 };
        let mut sensors = self.sensors.lock();
        let sensor = sensors.of((Kind::Connection, address.into(), "".into()), self.windows, now_ms);
        sensor.rate.record(self.windows, 1.0, now_ms);
        let throttle = sensor.rate.throttle_ms(self.windows, limit, now_ms);
        if throttle > 0 {
            sensor.rate.record(self.windows, -1.0, now_ms);
        }
        clamped(throttle.min(self.windows.ms))
    }
}

impl Sensors {
    fn of(&mut self, key: Key, windows: Windows, now_ms: i64) -> &mut Sensor {
        if self.by_key.len() >= self.search_at && !self.by_key.contains_key(&key) {
            // Twice the windows: a bucket that was emptied in one go is full again.
            let idle_ms = 2 * windows.span_ms();
            self.by_key.retain(|_, sensor| now_ms - sensor.used_ms < idle_ms);
            self.search_at = SENSORS_MIN.max(2 * self.by_key.len());
        }
        let sensor = self.by_key.entry(key).or_default();
        sensor.used_ms = now_ms;
        sensor
    }
}

fn clamped(ms: i64) -> i32 {
    i32::try_from(ms).unwrap_or(i32::MAX)
}
