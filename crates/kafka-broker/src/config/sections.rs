//! The settings that the parts of a broker use, each part its own.

#[cfg(test)]
use super::table::Kind;
use super::values::Values;

/// Makes a structure with a field for each setting, the function that reads it, and the list of their names.
macro_rules! section {
    ($(#[$about:meta])* $section:ident { $($field:ident: $type:ty = $name:literal,)* }) => {
        $(#[$about])*
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub struct $section {
            $(
                #[doc = concat!("`", $name, "`")]
                pub $field: $type,
            )*
        }

        impl $section {
            pub(super) const NAMES: &[&str] = &[$($name,)*];
            #[cfg(test)]
            pub(super) const KINDS: &[(&str, &[Kind])] = &[$(($name, <$type as super::values::Typed>::KINDS),)*];

            pub(super) fn read(values: &Values<'_>) -> Self {
                $section { $($field: values.get($name),)* }
            }
        }
    };
}

section! {
    /// Connections and requests.
    NetworkConfig {
        socket_send_buffer_bytes: i32 = "socket.send.buffer.bytes",
        socket_receive_buffer_bytes: i32 = "socket.receive.buffer.bytes",
        socket_request_max_bytes: i32 = "socket.request.max.bytes",
        socket_listen_backlog_size: i32 = "socket.listen.backlog.size",
        queued_max_request_bytes: i64 = "queued.max.request.bytes",
        max_connections: i32 = "max.connections",
        max_connections_per_ip: i32 = "max.connections.per.ip",
        max_connection_creation_rate: i32 = "max.connection.creation.rate",
        connections_max_idle_ms: i64 = "connections.max.idle.ms",
        request_timeout_ms: i32 = "request.timeout.ms",
    }
}

section! {
    /// Topics and their partitions.
    TopicsConfig {
        auto_create_topics_enable: bool = "auto.create.topics.enable",
        delete_topic_enable: bool = "delete.topic.enable",
        num_partitions: i32 = "num.partitions",
        default_replication_factor: i32 = "default.replication.factor",
        auto_leader_rebalance_enable: bool = "auto.leader.rebalance.enable",
    }
}

section! {
    /// Fetch requests.
    FetchConfig {
        fetch_max_bytes: i32 = "fetch.max.bytes",
        max_incremental_fetch_session_cache_slots: i32 = "max.incremental.fetch.session.cache.slots",
        max_request_partition_size_limit: i32 = "max.request.partition.size.limit",
    }
}

section! {
    /// Committed offsets and their topic.
    OffsetsConfig {
        offset_metadata_max_bytes: i32 = "offset.metadata.max.bytes",
        offsets_commit_timeout_ms: i32 = "offsets.commit.timeout.ms",
        offsets_load_buffer_size: i32 = "offsets.load.buffer.size",
        offsets_retention_minutes: i32 = "offsets.retention.minutes",
        offsets_retention_check_interval_ms: i64 = "offsets.retention.check.interval.ms",
        offsets_topic_compression_codec: i32 = "offsets.topic.compression.codec",
        offsets_topic_num_partitions: i32 = "offsets.topic.num.partitions",
        offsets_topic_replication_factor: i16 = "offsets.topic.replication.factor",
        offsets_topic_segment_bytes: i32 = "offsets.topic.segment.bytes",
    }
}

section! {
    /// Classic and consumer groups.
    GroupsConfig {
        group_coordinator_rebalance_protocols: Vec<String> = "group.coordinator.rebalance.protocols",
        group_initial_rebalance_delay_ms: i32 = "group.initial.rebalance.delay.ms",
        group_min_session_timeout_ms: i32 = "group.min.session.timeout.ms",
        group_max_session_timeout_ms: i32 = "group.max.session.timeout.ms",
        group_max_size: i32 = "group.max.size",
        group_consumer_session_timeout_ms: i32 = "group.consumer.session.timeout.ms",
        group_consumer_min_session_timeout_ms: i32 = "group.consumer.min.session.timeout.ms",
        group_consumer_max_session_timeout_ms: i32 = "group.consumer.max.session.timeout.ms",
        group_consumer_heartbeat_interval_ms: i32 = "group.consumer.heartbeat.interval.ms",
        group_consumer_min_heartbeat_interval_ms: i32 = "group.consumer.min.heartbeat.interval.ms",
        group_consumer_max_heartbeat_interval_ms: i32 = "group.consumer.max.heartbeat.interval.ms",
        group_consumer_assignment_interval_ms: i32 = "group.consumer.assignment.interval.ms",
        group_consumer_regex_refresh_interval_ms: i32 = "group.consumer.regex.refresh.interval.ms",
        group_consumer_max_size: i32 = "group.consumer.max.size",
        group_consumer_assignors: Vec<String> = "group.consumer.assignors",
        group_consumer_migration_policy: String = "group.consumer.migration.policy",
    }
}

section! {
    /// Transactions and their topic.
    TransactionsConfig {
        transaction_max_timeout_ms: i32 = "transaction.max.timeout.ms",
        transactional_id_expiration_ms: i32 = "transactional.id.expiration.ms",
        transaction_abort_timed_out_transaction_cleanup_interval_ms: i32 =
            "transaction.abort.timed.out.transaction.cleanup.interval.ms",
        transaction_remove_expired_transaction_cleanup_interval_ms: i32 =
            "transaction.remove.expired.transaction.cleanup.interval.ms",
        transaction_state_log_load_buffer_size: i32 = "transaction.state.log.load.buffer.size",
        transaction_state_log_min_isr: i32 = "transaction.state.log.min.isr",
        transaction_state_log_num_partitions: i32 = "transaction.state.log.num.partitions",
        transaction_state_log_replication_factor: i16 = "transaction.state.log.replication.factor",
        transaction_state_log_segment_bytes: i32 = "transaction.state.log.segment.bytes",
    }
}

section! {
    /// Over which time client quotas hold.
    QuotasConfig {
        quota_window_num: i32 = "quota.window.num",
        quota_window_size_seconds: i32 = "quota.window.size.seconds",
        controller_quota_window_num: i32 = "controller.quota.window.num",
        controller_quota_window_size_seconds: i32 = "controller.quota.window.size.seconds",
    }
}

section! {
    /// The metadata log and its snapshots.
    MetadataLogConfig {
        metadata_log_max_record_bytes_between_snapshots: i64 = "metadata.log.max.record.bytes.between.snapshots",
        metadata_log_max_snapshot_interval_ms: i64 = "metadata.log.max.snapshot.interval.ms",
        metadata_log_segment_bytes: i32 = "metadata.log.segment.bytes",
        metadata_log_segment_ms: i64 = "metadata.log.segment.ms",
        metadata_max_retention_bytes: i64 = "metadata.max.retention.bytes",
        metadata_max_retention_ms: i64 = "metadata.max.retention.ms",
        metadata_max_idle_interval_ms: i32 = "metadata.max.idle.interval.ms",
    }
}

section! {
    /// Membership of a cluster whose controllers are other nodes.
    MemberConfig {
        broker_heartbeat_interval_ms: i32 = "broker.heartbeat.interval.ms",
        initial_broker_registration_timeout_ms: i32 = "initial.broker.registration.timeout.ms",
        controlled_shutdown_enable: bool = "controlled.shutdown.enable",
        cordoned_log_dirs: Vec<String> = "cordoned.log.dirs",
        controller_quorum_request_timeout_ms: i32 = "controller.quorum.request.timeout.ms",
        controller_quorum_retry_backoff_ms: i32 = "controller.quorum.retry.backoff.ms",
        controller_quorum_fetch_max_bytes: i32 = "controller.quorum.fetch.max.bytes",
        controller_quorum_fetch_snapshot_max_bytes: i32 = "controller.quorum.fetch.snapshot.max.bytes",
    }
}

section! {
    /// Replicas of partitions.
    ReplicationConfig {
        replica_lag_time_max_ms: i64 = "replica.lag.time.max.ms",
    }
}

section! {
    /// Followers: fetches of partitions that other brokers lead.
    ReplicaFetchConfig {
        num_replica_fetchers: i32 = "num.replica.fetchers",
        replica_fetch_backoff_ms: i32 = "replica.fetch.backoff.ms",
        replica_fetch_max_bytes: i32 = "replica.fetch.max.bytes",
        replica_fetch_min_bytes: i32 = "replica.fetch.min.bytes",
        replica_fetch_response_max_bytes: i32 = "replica.fetch.response.max.bytes",
        replica_fetch_wait_max_ms: i32 = "replica.fetch.wait.max.ms",
        replica_socket_timeout_ms: i32 = "replica.socket.timeout.ms",
        replication_quota_window_num: i32 = "replication.quota.window.num",
        replication_quota_window_size_seconds: i32 = "replication.quota.window.size.seconds",
    }
}

/// Names of all settings that a section has.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    let sections = [
        NetworkConfig::NAMES,
        TopicsConfig::NAMES,
        FetchConfig::NAMES,
        OffsetsConfig::NAMES,
        GroupsConfig::NAMES,
        TransactionsConfig::NAMES,
        QuotasConfig::NAMES,
        MetadataLogConfig::NAMES,
        MemberConfig::NAMES,
        ReplicationConfig::NAMES,
        ReplicaFetchConfig::NAMES,
    ];
    sections.into_iter().flatten().copied()
}
