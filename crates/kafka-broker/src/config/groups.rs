//! How settings of groups bound each other, in settings of the broker and of single groups (`GroupCoordinatorConfig`, `GroupConfig`).

use std::fmt;

/// A setting that a broker bounds: its name without `group.`, and whether it counts only where it is set.
pub(super) struct Bounded {
    pub(super) name: &'static str,
    pub(super) only_where_set: bool,
}

const fn always(name: &'static str) -> Bounded {
    Bounded { name, only_where_set: false }
}

const fn where_set(name: &'static str) -> Bounded {
    Bounded { name, only_where_set: true }
}

/// In the order in which Kafka checks them.
pub(super) const BOUNDED: [Bounded; 13] = [
    always("consumer.heartbeat.interval.ms"),
    always("consumer.session.timeout.ms"),
    where_set("consumer.assignment.interval.ms"),
    always("share.heartbeat.interval.ms"),
    always("share.session.timeout.ms"),
    always("share.record.lock.duration.ms"),
    always("share.delivery.count.limit"),
    always("share.partition.max.record.locks"),
    where_set("share.assignment.interval.ms"),
    always("streams.heartbeat.interval.ms"),
    always("streams.session.timeout.ms"),
    always("streams.num.standby.replicas"),
    where_set("streams.assignment.interval.ms"),
];

impl Bounded {
    /// The broker's settings with its lowest and highest value, which need not exist.
    pub(super) fn bounds(&self) -> (String, String) {
        let (kind, what) = self.name.split_once('.').unwrap_or_default();
        (format!("group.{kind}.min.{what}"), format!("group.{kind}.max.{}", what.trim_start_matches("num.")))
    }
}

/// Kinds of groups whose session must last longer than the time between heartbeats.
pub(super) const KINDS: [&str; 3] = ["consumer", "share", "streams"];

/// How a setting must compare with another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Not less.
    AtLeast,
    /// Not more.
    AtMost,
    /// Less.
    Below,
    /// More.
    Above,
}

impl Order {
    pub(super) fn holds(self, one: i64, other: i64) -> bool {
        match self {
            Order::AtLeast => one >= other,
            Order::AtMost => one <= other,
            Order::Below => one < other,
            Order::Above => one > other,
        }
    }
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Order::AtLeast => "greater than or equal to",
            Order::AtMost => "less than or equal to",
            Order::Below => "less than",
            Order::Above => "greater than",
        })
    }
}
