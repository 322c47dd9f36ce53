//! The state of a transaction (`TransactionState`).

/// What became of the last transaction of a transactional id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// There was none.
    Empty,
    /// It is open.
    Ongoing,
    /// It will be committed: its markers are being written.
    PrepareCommit,
    /// It will be aborted: its markers are being written.
    PrepareAbort,
    /// It is committed everywhere.
    CompleteCommit,
    /// It is aborted everywhere.
    CompleteAbort,
}

/// Names of states that Kafka passes through and never stores.
const TRANSIENT: [&str; 2] = ["Dead", "PrepareEpochFence"];

impl State {
    const ALL: [State; 6] = [
        State::Empty,
        State::Ongoing,
        State::PrepareCommit,
        State::PrepareAbort,
        State::CompleteCommit,
        State::CompleteAbort,
    ];

    /// The number in records.
    pub(super) const fn id(self) -> i8 {
        match self {
            State::Empty => 0,
            State::Ongoing => 1,
            State::PrepareCommit => 2,
            State::PrepareAbort => 3,
            State::CompleteCommit => 4,
            State::CompleteAbort => 5,
        }
    }

    /// The state with this number.
    pub(super) fn from_id(id: i8) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.id() == id)
    }

    /// The name in answers to tools.
    pub(super) const fn name(self) -> &'static str {
        match self {
            State::Empty => "Empty",
            State::Ongoing => "Ongoing",
            State::PrepareCommit => "PrepareCommit",
            State::PrepareAbort => "PrepareAbort",
            State::CompleteCommit => "CompleteCommit",
            State::CompleteAbort => "CompleteAbort",
        }
    }

    /// Whether Kafka knows a state of this name, in which transactions can be or not.
    pub(super) fn is_known(name: &str) -> bool {
        TRANSIENT.contains(&name) || Self::ALL.iter().any(|state| state.name() == name)
    }

    /// The outcome is decided and not everywhere known.
    pub(super) const fn is_prepared(self) -> bool {
        matches!(self, State::PrepareCommit | State::PrepareAbort)
    }

    /// Nothing is open: the id may be forgotten, and the next transaction may begin.
    pub(super) const fn is_at_rest(self) -> bool {
        matches!(self, State::Empty | State::CompleteCommit | State::CompleteAbort)
    }
}
