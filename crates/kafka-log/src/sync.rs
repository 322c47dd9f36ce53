//! The locks and atomics of what threads share in a log, in one place: `shuttle` puts its own there to try out schedules
//! (feature `shuttle`, for tests alone: outside of its scheduler these panic).

#[cfg(not(feature = "shuttle"))]
mod real {
    pub(crate) use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU8};
    pub(crate) use std::thread::yield_now;

    pub(crate) use parking_lot::{Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard};
}

#[cfg(feature = "shuttle")]
mod scheduled {
    use std::sync::PoisonError;

    use shuttle::sync;
    pub(crate) use shuttle::sync::atomic::{AtomicBool, AtomicI64, AtomicU8};
    pub(crate) use shuttle::sync::{MutexGuard, RwLockReadGuard, RwLockWriteGuard};
    pub(crate) use shuttle::thread::yield_now;

    /// A mutex with the methods of `parking_lot`, which knows no poison.
    #[derive(Debug, Default)]
    pub(crate) struct Mutex<T>(sync::Mutex<T>);

    impl<T> Mutex<T> {
        pub(crate) fn new(value: T) -> Self {
            Mutex(sync::Mutex::new(value))
        }

        pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner)
        }

        pub(crate) fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
            self.0.try_lock().ok()
        }
    }

    /// A read-write lock with the methods of `parking_lot`.
    #[derive(Debug)]
    pub(crate) struct RwLock<T>(sync::RwLock<T>);

    impl<T> RwLock<T> {
        pub(crate) fn new(value: T) -> Self {
            RwLock(sync::RwLock::new(value))
        }

        pub(crate) fn read(&self) -> RwLockReadGuard<'_, T> {
            self.0.read().unwrap_or_else(PoisonError::into_inner)
        }

        pub(crate) fn write(&self) -> RwLockWriteGuard<'_, T> {
            self.0.write().unwrap_or_else(PoisonError::into_inner)
        }

        pub(crate) fn get_mut(&mut self) -> &mut T {
            self.0.get_mut().unwrap_or_else(PoisonError::into_inner)
        }
    }
}

#[cfg(not(feature = "shuttle"))]
pub(crate) use real::*;
#[cfg(feature = "shuttle")]
pub(crate) use scheduled::*;

#[cfg(feature = "shuttle")]
use shuttle::sync as waiting;
#[cfg(not(feature = "shuttle"))]
use std::sync as waiting;

/// A value whose changes threads wait for. All waiters are woken at once: `parking_lot` would hand its lock from one to
/// the next, which took a sixth of the appends that share a sync.
#[derive(Debug, Default)]
pub(crate) struct Monitor<T> {
    value: waiting::Mutex<T>,
    changed: waiting::Condvar,
}

impl<T> Monitor<T> {
    pub(crate) fn lock(&self) -> waiting::MutexGuard<'_, T> {
        self.value.lock().unwrap_or_else(waiting::PoisonError::into_inner)
    }

    /// Lets go of the lock until somebody tells of a change, or for no reason.
    pub(crate) fn wait<'g>(&self, guard: waiting::MutexGuard<'g, T>) -> waiting::MutexGuard<'g, T> {
        self.changed.wait(guard).unwrap_or_else(waiting::PoisonError::into_inner)
    }

    pub(crate) fn notify_all(&self) {
        self.changed.notify_all();
    }
}
