//! Settings of a topic (`LogConfig`), each with the setting of a broker that gives its default.
//!
//! Written by `tests/differential/config_table/make` from Kafka 4.3.0, in the order in which Kafka checks them.

use super::*;

/// All of them.
pub(super) static KEYS: &[ConfigKey] = &[
    key("segment.bytes", Int).default("1073741824").from(1_048_576).of_broker("log.segment.bytes"),
    key("segment.ms", Long).default("604800000").from(1).of_broker("log.roll.ms"),
    key("segment.jitter.ms", Long).default("0").from(0).of_broker("log.roll.jitter.ms"),
    key("segment.index.bytes", Int).default("10485760").from(4).of_broker("log.index.size.max.bytes"),
    key("flush.messages", Long).default("9223372036854775807").from(1).of_broker("log.flush.interval.messages"),
    key("flush.ms", Long).default("9223372036854775807").from(0).of_broker("log.flush.interval.ms"),
    key("retention.bytes", Long).default("-1").of_broker("log.retention.bytes"),
    key("retention.ms", Long).default("604800000").from(-1).of_broker("log.retention.ms"),
    key("max.message.bytes", Int).default("1048588").from(0).of_broker("message.max.bytes"),
    key("index.interval.bytes", Int).default("4096").from(0).of_broker("log.index.interval.bytes"),
    key("delete.retention.ms", Long).default("86400000").from(0).of_broker("log.cleaner.delete.retention.ms"),
    key("min.compaction.lag.ms", Long).default("0").from(0).of_broker("log.cleaner.min.compaction.lag.ms"),
    key("max.compaction.lag.ms", Long)
        .default("9223372036854775807")
        .from(1)
        .of_broker("log.cleaner.max.compaction.lag.ms"),
    key("file.delete.delay.ms", Long).default("60000").from(0).of_broker("log.segment.delete.delay.ms"),
    key("min.cleanable.dirty.ratio", Double).default("0.5").real(0.0, 1.0).of_broker("log.cleaner.min.cleanable.ratio"),
    key("cleanup.policy", List).default("delete").list(&["compact", "delete"], true).of_broker("log.cleanup.policy"),
    key("unclean.leader.election.enable", Boolean).default("false").of_broker("unclean.leader.election.enable"),
    key("min.insync.replicas", Int).default("1").from(1).of_broker("min.insync.replicas"),
    key("compression.type", String)
        .default("producer")
        .one_of(&["uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"])
        .of_broker("compression.type"),
    key("compression.gzip.level", Int).default("-1").check(GzipLevel).of_broker("compression.gzip.level"),
    key("compression.lz4.level", Int).default("9").range(1, 17).of_broker("compression.lz4.level"),
    key("compression.zstd.level", Int).default("3").range(-131_072, 22).of_broker("compression.zstd.level"),
    key("preallocate", Boolean).default("false").of_broker("log.preallocate"),
    key("message.timestamp.type", String)
        .default("CreateTime")
        .one_of(&["CreateTime", "LogAppendTime"])
        .of_broker("log.message.timestamp.type"),
    key("message.timestamp.before.max.ms", Long)
        .default("9223372036854775807")
        .from(0)
        .of_broker("log.message.timestamp.before.max.ms"),
    key("message.timestamp.after.max.ms", Long)
        .default("3600000")
        .from(0)
        .of_broker("log.message.timestamp.after.max.ms"),
    key("leader.replication.throttled.replicas", List).default("").check(ThrottledReplicas),
    key("follower.replication.throttled.replicas", List).default("").check(ThrottledReplicas),
    key("remote.storage.enable", Boolean).default("false"),
    key("local.retention.ms", Long).default("-2").from(-2).of_broker("log.local.retention.ms"),
    key("local.retention.bytes", Long).default("-2").from(-2).of_broker("log.local.retention.bytes"),
    key("remote.log.copy.disable", Boolean).default("false"),
    key("remote.log.delete.on.disable", Boolean).default("false"),
    key("internal.segment.bytes", Int).internal(),
];
