//! Settings of a group (`GroupConfig`), each with the setting of a broker that gives its default.
//!
//! Written by `tests/differential/config_table/make` from Kafka 4.3.0, in the order in which Kafka checks them.

use super::*;

/// All of them.
pub(super) static KEYS: &[ConfigKey] = &[
    key("consumer.session.timeout.ms", Int).default("45000").from(1).of_broker("group.consumer.session.timeout.ms"),
    key("consumer.heartbeat.interval.ms", Int)
        .default("5000")
        .from(1)
        .of_broker("group.consumer.heartbeat.interval.ms"),
    key("consumer.assignment.interval.ms", Int)
        .default("1000")
        .from(0)
        .of_broker("group.consumer.assignment.interval.ms"),
    key("share.session.timeout.ms", Int).default("45000").from(1).of_broker("group.share.session.timeout.ms"),
    key("share.heartbeat.interval.ms", Int).default("5000").from(1).of_broker("group.share.heartbeat.interval.ms"),
    key("share.record.lock.duration.ms", Int)
        .default("30000")
        .from(1_000)
        .of_broker("group.share.record.lock.duration.ms"),
    key("share.delivery.count.limit", Int).default("5").from(2).of_broker("group.share.delivery.count.limit"),
    key("share.partition.max.record.locks", Int)
        .default("2000")
        .from(100)
        .of_broker("group.share.partition.max.record.locks"),
    key("share.auto.offset.reset", String).default("latest").check(ShareOffsetReset),
    key("share.isolation.level", String).default("read_uncommitted").one_of(&["read_committed", "read_uncommitted"]),
    key("share.renew.acknowledge.enable", Boolean).default("true"),
    key("share.assignment.interval.ms", Int).default("1000").from(0).of_broker("group.share.assignment.interval.ms"),
    key("streams.session.timeout.ms", Int).default("45000").from(1).of_broker("group.streams.session.timeout.ms"),
    key("streams.heartbeat.interval.ms", Int).default("5000").from(1).of_broker("group.streams.heartbeat.interval.ms"),
    key("streams.num.standby.replicas", Int).default("0").from(0).of_broker("group.streams.num.standby.replicas"),
    key("streams.initial.rebalance.delay.ms", Int)
        .default("3000")
        .from(0)
        .of_broker("group.streams.initial.rebalance.delay.ms"),
    key("streams.assignment.interval.ms", Int)
        .default("1000")
        .from(0)
        .of_broker("group.streams.assignment.interval.ms"),
];
