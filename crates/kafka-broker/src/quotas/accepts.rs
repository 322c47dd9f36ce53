//! How fast connections may come: `max.connection.creation.rate`, of the broker and of its listeners (`ConnectionQuotas`, KIP-612).

use super::rate::{Rate, Windows};

/// The limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AcceptLimits {
    pub(crate) windows: Windows,
    /// `max.connection.creation.rate`
    pub(crate) of_broker: i32,
    /// The same with `listener.name.NAME.` in front, of the listeners in their order.
    pub(crate) of_listeners: Vec<Option<i32>>,
    /// The listener of other brokers, if there are others: those of clients cannot use its share up.
    pub(crate) exempt: Option<usize>,
}

/// Connections that came.
#[derive(Debug, Default)]
pub(crate) struct Accepts {
    of_broker: Rate,
    of_listeners: Vec<Rate>,
}

impl Accepts {
    /// Counts a connection at a listener; says for how many ms the listener must not take it, or another one: at most a window.
    pub(crate) fn record(&mut self, limits: &AcceptLimits, listener: usize, now_ms: i64) -> i64 {
        let windows = limits.windows;
        let count = |rate: &mut Rate, limit: i32| {
            rate.record(windows, 1.0, now_ms);
            rate.throttle_ms(windows, f64::from(limit), now_ms).min(windows.ms)
        };
        let mut throttle = 0;
        if limits.exempt != Some(listener) {
            throttle = count(&mut self.of_broker, limits.of_broker);
        }
        // As in Kafka, connections at a listener without a limit count for none.
        if let Some(limit) = limits.of_listeners.get(listener).copied().flatten() {
            if self.of_listeners.len() <= listener {
                self.of_listeners.resize_with(listener + 1, Rate::default);
            }
            if let Some(rate) = self.of_listeners.get_mut(listener) {
                throttle = throttle.max(count(rate, limit));
            }
        }
        throttle
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(of_broker: i32, of_listeners: &[Option<i32>]) -> AcceptLimits {
        let windows = Windows { count: 11, ms: 1000 };
        AcceptLimits { windows, of_broker, of_listeners: of_listeners.to_vec(), exempt: None }
    }

    #[test]
    fn a_burst_is_taken_and_then_the_listener_waits() {
        let limits = limits(10, &[None]);
        let mut accepts = Accepts::default();
        // Ten windows before the first one count as time without connections.
        let taken = (0..200).take_while(|_| accepts.record(&limits, 0, 5000) == 0).count();
        assert_eq!(taken, 100);
        assert_eq!(accepts.record(&limits, 0, 5000), 200, "two more than 100 in 10 s");
    }

    #[test]
    fn listeners_have_limits_of_their_own() {
        let mut limits = limits(1_000_000, &[Some(1), None]);
        let mut accepts = Accepts::default();
        let mut taken = |limits: &AcceptLimits, listener| {
            (0..50).take_while(|_| accepts.record(limits, listener, 5000) == 0).count()
        };
        assert_eq!(taken(&limits, 0), 10);
        assert_eq!(taken(&limits, 1), 50);
        // No more for the broker, except at the listener of brokers.
        limits.of_broker = 1;
        assert_eq!(taken(&limits, 1), 0);
        limits.exempt = Some(1);
        assert_eq!(taken(&limits, 1), 50);
    }

    #[test]
    fn the_wait_is_a_window_at_most() {
        let limits = limits(0, &[]);
        assert_eq!(Accepts::default().record(&limits, 0, 5000), 1000);
    }
}
