//! What a broker tells the controller of itself, and when (`BrokerLifecycleManager`). No I/O.

use kafka_rpc::ErrorCode;

/// The first pause after a request that failed; it doubles with each further one.
const BACKOFF_MS: i64 = 100;
/// The longest such pause: shorter than a session.
const BACKOFF_MAX_MS: i64 = 2_000;

/// Where a broker is in its life (`BrokerState`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// It is not registered.
    Registering,
    /// It is registered and fenced, and has to catch up with the metadata.
    Starting,
    /// It has caught up.
    Recovery,
    /// It is unfenced.
    Running,
    /// It has asked the controller to move leadership elsewhere.
    Leaving,
    /// The controller has agreed that it stops.
    Left,
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Register,
    Heartbeat {
        want_fence: bool,
        want_shut_down: bool,
    },
    /// Nothing before this time.
    WaitUntil(i64),
    /// The controllers have not let the broker register in time.
    GiveUp,
    Done,
}

/// The answer to a heartbeat.
#[derive(Clone, Copy, Debug)]
pub(super) struct Beat {
    pub(super) is_caught_up: bool,
    pub(super) is_fenced: bool,
    pub(super) should_shut_down: bool,
}

/// The life of a broker.
#[derive(Debug)]
pub(super) struct Life {
    state: State,
    interval_ms: i64,
    /// When the first registration is to be done; `None` once it is.
    register_by_ms: Option<i64>,
    is_ready: bool,
    next_ms: i64,
    failures: u32,
}

impl Life {
    pub(super) fn new(interval_ms: i64, registration_timeout_ms: i64, now_ms: i64) -> Self {
        Life {
            state: State::Registering,
            interval_ms,
            register_by_ms: Some(now_ms.saturating_add(registration_timeout_ms)),
            is_ready: false,
            next_ms: now_ms,
            failures: 0,
        }
    }

    pub(super) fn state(&self) -> State {
        self.state
    }

    pub(super) fn next(&self, now_ms: i64) -> Action {
        if self.register_by_ms.is_some_and(|by| by <= now_ms) {
            return Action::GiveUp;
        }
        if self.state == State::Left {
            return Action::Done;
        }
        if now_ms < self.next_ms {
            let until = self.register_by_ms.map_or(self.next_ms, |by| by.min(self.next_ms));
            return Action::WaitUntil(until);
        }
        match self.state {
            State::Registering => Action::Register,
            // With both the controller would let the broker stop at once, and its partitions without a leader for a moment.
            state => Action::Heartbeat { want_fence: !self.is_ready, want_shut_down: state == State::Leaving },
        }
    }

    /// The broker is registered.
    pub(super) fn registered(&mut self, now_ms: i64) {
        self.register_by_ms = None;
        self.failures = 0;
        self.next_ms = now_ms;
        if self.state == State::Registering {
            self.state = State::Starting;
        }
    }

    /// A heartbeat was answered.
    pub(super) fn beaten(&mut self, beat: Beat, now_ms: i64) {
        self.failures = 0;
        self.next_ms = now_ms.saturating_add(self.interval_ms);
        let before = self.state;
        self.state = match before {
            State::Starting if beat.is_caught_up => State::Recovery,
            State::Recovery if !beat.is_fenced => State::Running,
            State::Leaving if beat.should_shut_down => State::Left,
            other => other,
        };
        let is_waiting = self.state == State::Recovery && !self.is_ready;
        match self.state {
            // Soon: no client is served meanwhile.
            State::Starting => self.next_ms = now_ms.saturating_add(self.interval_ms.min(50)),
            State::Recovery if !is_waiting && before == State::Starting => self.next_ms = now_ms,
            State::Recovery if !is_waiting => self.next_ms = now_ms.saturating_add(self.interval_ms.min(50)),
            State::Leaving => self.next_ms = now_ms.saturating_add(self.interval_ms.min(50)),
            _ => {}
        }
    }

    /// A request has failed or was refused.
    pub(super) fn failed(&mut self, code: Option<ErrorCode>, now_ms: i64) {
        let pause =
            BACKOFF_MS.saturating_mul(1 << self.failures.min(10)).min(BACKOFF_MAX_MS).min(self.interval_ms.max(1));
        self.failures = self.failures.saturating_add(1);
        self.next_ms = now_ms.saturating_add(pause);
        // The controllers do not know this broker any more, or not under this epoch.
        if matches!(code, Some(ErrorCode::BrokerIdNotRegistered | ErrorCode::StaleBrokerEpoch)) {
            match self.state {
                State::Leaving => self.state = State::Left,
                State::Left => {}
                _ => self.state = State::Registering,
            }
        }
    }

    /// The broker can serve clients.
    pub(super) fn ready(&mut self, now_ms: i64) {
        self.is_ready = true;
        self.nudge(now_ms);
    }

    /// There is something to say.
    pub(super) fn nudge(&mut self, now_ms: i64) {
        if self.failures == 0 {
            self.next_ms = now_ms;
        }
    }

    /// The broker is to stop. One that is fenced leads nothing and may stop at once.
    pub(super) fn leave(&mut self, now_ms: i64) {
        self.register_by_ms = None;
        self.state = match self.state {
            State::Registering => State::Left,
            State::Left => State::Left,
            _ => State::Leaving,
        };
        self.nudge(now_ms);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FENCED: Beat = Beat { is_caught_up: false, is_fenced: true, should_shut_down: false };
    const CAUGHT_UP: Beat = Beat { is_caught_up: true, ..FENCED };
    const UNFENCED: Beat = Beat { is_fenced: false, ..CAUGHT_UP };

    fn registered() -> Life {
        let mut life = Life::new(2_000, 60_000, 0);
        assert_eq!(life.next(0), Action::Register);
        life.registered(0);
        life
    }

    fn running() -> Life {
        let mut life = registered();
        life.ready(0);
        life.beaten(CAUGHT_UP, 0);
        life.beaten(UNFENCED, 0);
        assert_eq!(life.state(), State::Running);
        life
    }

    #[test]
    fn a_broker_asks_to_be_unfenced_once_it_has_caught_up_and_can_serve() {
        let mut life = registered();
        let fenced = Action::Heartbeat { want_fence: true, want_shut_down: false };
        assert_eq!(life.next(0), fenced);
        life.beaten(FENCED, 0);
        assert_eq!((life.state(), life.next(50)), (State::Starting, fenced));
        life.beaten(CAUGHT_UP, 50);
        assert_eq!((life.state(), life.next(50)), (State::Recovery, Action::WaitUntil(2_050)));
        life.ready(60);
        assert_eq!(life.next(60), Action::Heartbeat { want_fence: false, want_shut_down: false });
        life.beaten(UNFENCED, 60);
        assert_eq!((life.state(), life.next(60)), (State::Running, Action::WaitUntil(2_060)));
    }

    #[test]
    fn a_registration_is_tried_again_until_its_time_is_over() {
        let mut life = Life::new(2_000, 60_000, 0);
        let (mut now, mut tries) = (0, 0);
        loop {
            match life.next(now) {
                Action::Register => {
                    tries += 1;
                    life.failed(Some(ErrorCode::DuplicateBrokerRegistration), now);
                }
                Action::WaitUntil(until) => now = until,
                Action::GiveUp => break,
                other => panic!("{other:?}"),
            }
        }
        assert_eq!((now, tries), (60_000, 34));
    }

    #[test]
    fn a_broker_that_the_controllers_have_lost_registers_again_without_a_time_limit() {
        let mut life = running();
        life.failed(None, 100);
        assert_eq!(life.next(200), Action::Heartbeat { want_fence: false, want_shut_down: false });
        life.failed(Some(ErrorCode::StaleBrokerEpoch), 200);
        assert_eq!(life.next(400_000), Action::Register);
        life.registered(400_000);
        life.beaten(CAUGHT_UP, 400_000);
        assert_eq!(life.next(400_000), Action::Heartbeat { want_fence: false, want_shut_down: false });
    }

    #[test]
    fn the_controller_says_when_a_broker_may_stop() {
        let mut life = running();
        life.leave(100);
        assert_eq!(life.next(100), Action::Heartbeat { want_fence: false, want_shut_down: true });
        life.beaten(UNFENCED, 100);
        assert_eq!(life.state(), State::Leaving);
        life.beaten(Beat { should_shut_down: true, ..UNFENCED }, 150);
        assert_eq!(life.next(150), Action::Done);
        let mut unregistered = Life::new(2_000, 60_000, 0);
        unregistered.leave(1);
        assert_eq!(unregistered.next(1), Action::Done);
    }
}
