//! The messages of the protocol, one file per API.
//!
//! Written by `tests/differential/rpc/make_tables.py` from the definitions of Kafka 4.3.0.

use kafka_schema::table::*;
use kafka_schema::tables::consumer_protocol;

pub mod add_offsets_to_txn;
pub mod add_partitions_to_txn;
pub mod add_raft_voter;
pub mod allocate_producer_ids;
pub mod alter_client_quotas;
pub mod alter_configs;
pub mod alter_partition;
pub mod alter_partition_reassignments;
pub mod alter_replica_log_dirs;
pub mod alter_user_scram_credentials;
pub mod api_versions;
pub mod assign_replicas_to_dirs;
pub mod broker_heartbeat;
pub mod broker_registration;
pub mod consumer_group_describe;
pub mod consumer_group_heartbeat;
pub mod create_acls;
pub mod create_partitions;
pub mod create_topics;
pub mod delete_acls;
pub mod delete_groups;
pub mod delete_records;
pub mod delete_topics;
pub mod describe_acls;
pub mod describe_client_quotas;
pub mod describe_cluster;
pub mod describe_configs;
pub mod describe_groups;
pub mod describe_log_dirs;
pub mod describe_producers;
pub mod describe_quorum;
pub mod describe_topic_partitions;
pub mod describe_transactions;
pub mod describe_user_scram_credentials;
pub mod elect_leaders;
pub mod end_txn;
pub mod envelope;
pub mod fetch;
pub mod fetch_snapshot;
pub mod find_coordinator;
pub mod header;
pub mod heartbeat;
pub mod incremental_alter_configs;
pub mod init_producer_id;
pub mod join_group;
pub mod leave_group;
pub mod list_config_resources;
pub mod list_groups;
pub mod list_offsets;
pub mod list_partition_reassignments;
pub mod list_transactions;
pub mod metadata;
pub mod offset_commit;
pub mod offset_delete;
pub mod offset_fetch;
pub mod offset_for_leader_epoch;
pub mod principal;
pub mod produce;
pub mod remove_raft_voter;
pub mod sasl_authenticate;
pub mod sasl_handshake;
pub mod sync_group;
pub mod txn_offset_commit;
pub mod unregister_broker;
pub mod update_features;
pub mod write_txn_markers;

/// All APIs, by key.
pub static APIS: &[&Api] = &[
    &produce::PRODUCE,
    &fetch::FETCH,
    &list_offsets::LIST_OFFSETS,
    &metadata::METADATA,
    &offset_commit::OFFSET_COMMIT,
    &offset_fetch::OFFSET_FETCH,
    &find_coordinator::FIND_COORDINATOR,
    &join_group::JOIN_GROUP,
    &heartbeat::HEARTBEAT,
    &leave_group::LEAVE_GROUP,
    &sync_group::SYNC_GROUP,
    &describe_groups::DESCRIBE_GROUPS,
    &list_groups::LIST_GROUPS,
    &sasl_handshake::SASL_HANDSHAKE,
    &api_versions::API_VERSIONS,
    &create_topics::CREATE_TOPICS,
    &delete_topics::DELETE_TOPICS,
    &delete_records::DELETE_RECORDS,
    &init_producer_id::INIT_PRODUCER_ID,
    &offset_for_leader_epoch::OFFSET_FOR_LEADER_EPOCH,
    &add_partitions_to_txn::ADD_PARTITIONS_TO_TXN,
    &add_offsets_to_txn::ADD_OFFSETS_TO_TXN,
    &end_txn::END_TXN,
    &write_txn_markers::WRITE_TXN_MARKERS,
    &txn_offset_commit::TXN_OFFSET_COMMIT,
    &describe_acls::DESCRIBE_ACLS,
    &create_acls::CREATE_ACLS,
    &delete_acls::DELETE_ACLS,
    &describe_configs::DESCRIBE_CONFIGS,
    &alter_configs::ALTER_CONFIGS,
    &alter_replica_log_dirs::ALTER_REPLICA_LOG_DIRS,
    &describe_log_dirs::DESCRIBE_LOG_DIRS,
    &sasl_authenticate::SASL_AUTHENTICATE,
    &create_partitions::CREATE_PARTITIONS,
    &delete_groups::DELETE_GROUPS,
    &elect_leaders::ELECT_LEADERS,
    &incremental_alter_configs::INCREMENTAL_ALTER_CONFIGS,
    &alter_partition_reassignments::ALTER_PARTITION_REASSIGNMENTS,
    &list_partition_reassignments::LIST_PARTITION_REASSIGNMENTS,
    &offset_delete::OFFSET_DELETE,
    &describe_client_quotas::DESCRIBE_CLIENT_QUOTAS,
    &alter_client_quotas::ALTER_CLIENT_QUOTAS,
    &describe_user_scram_credentials::DESCRIBE_USER_SCRAM_CREDENTIALS,
    &alter_user_scram_credentials::ALTER_USER_SCRAM_CREDENTIALS,
    &describe_quorum::DESCRIBE_QUORUM,
    &alter_partition::ALTER_PARTITION,
    &update_features::UPDATE_FEATURES,
    &envelope::ENVELOPE,
    &fetch_snapshot::FETCH_SNAPSHOT,
    &describe_cluster::DESCRIBE_CLUSTER,
    &describe_producers::DESCRIBE_PRODUCERS,
    &broker_registration::BROKER_REGISTRATION,
    &broker_heartbeat::BROKER_HEARTBEAT,
    &unregister_broker::UNREGISTER_BROKER,
    &describe_transactions::DESCRIBE_TRANSACTIONS,
    &list_transactions::LIST_TRANSACTIONS,
    &allocate_producer_ids::ALLOCATE_PRODUCER_IDS,
    &consumer_group_heartbeat::CONSUMER_GROUP_HEARTBEAT,
    &consumer_group_describe::CONSUMER_GROUP_DESCRIBE,
    &assign_replicas_to_dirs::ASSIGN_REPLICAS_TO_DIRS,
    &list_config_resources::LIST_CONFIG_RESOURCES,
    &describe_topic_partitions::DESCRIBE_TOPIC_PARTITIONS,
    &add_raft_voter::ADD_RAFT_VOTER,
    &remove_raft_voter::REMOVE_RAFT_VOTER,
];
/// Messages that are no requests or responses.
pub static OTHERS: &[&Message] = &[
    &header::REQUEST_HEADER,
    &header::RESPONSE_HEADER,
    &principal::DEFAULT_PRINCIPAL_DATA,
    &consumer_protocol::CONSUMER_PROTOCOL_ASSIGNMENT,
    &consumer_protocol::CONSUMER_PROTOCOL_SUBSCRIPTION,
];
