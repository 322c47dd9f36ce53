//! What clients may do, and what they are told where they may not.

use std::time::{Duration, Instant};

use kafka_broker::Broker;
use kafka_rpc::acl::{AclOperation, AclPermissionType, CLUSTER_NAME, PatternType, ResourceType};
use kafka_rpc::messages::create_acls_request::AclCreation;
use kafka_rpc::messages::delete_acls_request::DeleteAclsFilter;
use kafka_rpc::messages::delete_topics_request::DeleteTopicState;
use kafka_rpc::messages::metadata_request::MetadataRequestTopic;
use kafka_rpc::messages::offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
use kafka_rpc::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_rpc::messages::{
    ConsumerGroupHeartbeatRequest, CreateAclsRequest, DeleteAclsRequest, DeleteTopicsRequest, DescribeAclsRequest,
    DescribeClusterRequest, DescribeGroupsRequest, DescribeLogDirsRequest, FindCoordinatorRequest,
    InitProducerIdRequest, JoinGroupRequest, ListGroupsRequest, MetadataRequest, OffsetCommitRequest, ProduceRequest,
};
use kafka_rpc::{ErrorCode, Request, Uuid};
use kafka_thin_client::{Connection, Reply};

use crate::support::{FETCH_VERSION, broker_with, client, connection, create_topic, fetch};

const ME: &str = "User:ANONYMOUS";

/// A broker that forbids what somebody has said something of.
fn broker() -> Broker {
    broker_with(&[
        ("authorizer.class.name", "org.apache.kafka.metadata.authorizer.StandardAuthorizer"),
        ("allow.everyone.if.no.acl.found", "true"),
    ])
}

fn acl(kind: ResourceType, name: &str, who: &str, operation: AclOperation, allows: bool) -> AclCreation<'static> {
    let permission = if allows { AclPermissionType::Allow } else { AclPermissionType::Deny };
    AclCreation {
        resource_type: kind.code(),
        resource_name: name.to_owned().into(),
        resource_pattern_type: PatternType::Literal.code(),
        principal: who.to_owned().into(),
        host: "*".into(),
        operation: operation.code(),
        permission_type: permission.code(),
        ..Default::default()
    }
}

fn ask<'a, R: Request<'a>>(connection: &mut Connection, request: &R, version: i16) -> Reply<R> {
    let pending = connection.send_at(request, version).unwrap();
    connection.receive(pending).unwrap()
}

fn create(connection: &mut Connection, creations: Vec<AclCreation<'static>>) -> Vec<(i16, String)> {
    let request = CreateAclsRequest { creations, ..Default::default() };
    let reply = ask(connection, &request, 3);
    let response = reply.message().unwrap();
    let results = response.results.iter();
    results.map(|result| (result.error_code, result.error_message.as_deref().unwrap_or_default().to_owned())).collect()
}

fn code(error: ErrorCode) -> i16 {
    error.code()
}

/// Codes of topics by name, or by id where there is no name.
fn metadata(
    connection: &mut Connection,
    topics: Option<Vec<MetadataRequestTopic<'static>>>,
) -> Vec<(Option<String>, i16)> {
    let request = MetadataRequest { topics, allow_auto_topic_creation: false, ..Default::default() };
    let reply = ask(connection, &request, 12);
    let response = reply.message().unwrap();
    let topics = response.topics.iter();
    topics.map(|topic| (topic.name.as_deref().map(str::to_owned), topic.error_code)).collect()
}

#[test]
fn a_hidden_topic_is_nowhere_to_be_seen() {
    let broker = broker();
    let mut admin = client(&broker);
    create_topic(&mut admin, "secret", 1);
    create_topic(&mut admin, "open", 1);
    let mut me = connection(&broker);
    let named = |name: &'static str| MetadataRequestTopic { name: Some(name.into()), ..Default::default() };
    let by_id = |topic_id| MetadataRequestTopic { topic_id, name: None, ..Default::default() };
    let reply = ask(&mut me, &MetadataRequest { topics: Some(vec![named("secret")]), ..Default::default() }, 12);
    let known = reply.message().unwrap();
    let id = known.topics[0].topic_id;
    assert_ne!(id, Uuid::ZERO);
    let other = acl(ResourceType::Topic, "secret", "User:alice", AclOperation::Read, true);
    let cluster = acl(ResourceType::Cluster, CLUSTER_NAME, ME, AclOperation::Describe, true);
    assert_eq!(create(&mut me, vec![other, cluster]), [(0, String::new()), (0, String::new())]);

    let denied = code(ErrorCode::TopicAuthorizationFailed);
    assert_eq!(metadata(&mut me, None), [(Some("open".to_owned()), 0)]);
    assert_eq!(metadata(&mut me, Some(vec![named("secret")])), [(Some("secret".to_owned()), denied)]);
    assert_eq!(metadata(&mut me, Some(vec![by_id(id)])), [(None, denied)]);
    let reply = ask(&mut me, &fetch("secret", 0, 0, 0), FETCH_VERSION);
    let response = reply.message().unwrap();
    assert_eq!(response.responses[0].partitions[0].error_code, denied);
    let data = PartitionProduceData { index: 0, records: Some(Default::default()), ..Default::default() };
    let topic = TopicProduceData { name: "secret".into(), partition_data: vec![data], ..Default::default() };
    let request = ProduceRequest { acks: 1, timeout_ms: 1000, topic_data: vec![topic], ..Default::default() };
    let reply = ask(&mut me, &request, 9);
    let response = reply.message().unwrap();
    assert_eq!(response.responses[0].partition_responses[0].error_code, denied);
    let topics = vec![DeleteTopicState { name: None, topic_id: id, ..Default::default() }];
    let reply = ask(&mut me, &DeleteTopicsRequest { topics, ..Default::default() }, 6);
    let response = reply.message().unwrap();
    let deleted = &response.responses[0];
    assert_eq!((deleted.name.as_deref(), deleted.topic_id, deleted.error_code), (None, id, denied));
}

#[test]
fn an_expression_of_a_consumer_does_not_stand_for_hidden_topics() {
    let broker = broker();
    let mut admin = client(&broker);
    create_topic(&mut admin, "secret", 1);
    create_topic(&mut admin, "open", 1);
    let mut me = connection(&broker);
    let named = |name: &'static str| MetadataRequestTopic { name: Some(name.into()), ..Default::default() };
    let reply = ask(&mut me, &MetadataRequest { topics: Some(vec![named("open")]), ..Default::default() }, 12);
    let open = reply.message().unwrap().topics[0].topic_id;
    let other = acl(ResourceType::Topic, "secret", "User:alice", AclOperation::Read, true);
    assert_eq!(create(&mut me, vec![other]), [(0, String::new())]);

    // Makes the topic of the coordinator.
    let find = FindCoordinatorRequest { coordinator_keys: vec!["g".into()], ..Default::default() };
    ask(&mut me, &find, 4);
    let mut heartbeat = ConsumerGroupHeartbeatRequest {
        group_id: "g".into(),
        member_id: "m".into(),
        rebalance_timeout_ms: 60_000,
        subscribed_topic_regex: Some("secret|open".into()),
        topic_partitions: Some(Vec::new()),
        ..Default::default()
    };
    let deadline = Instant::now() + Duration::from_secs(30);
    let assigned = loop {
        let reply = ask(&mut me, &heartbeat, 1);
        let response = reply.message().unwrap();
        let told = response.assignment.map(|assignment| assignment.topic_partitions).unwrap_or_default();
        // The coordinator moves in at its own pace; topics are known some heartbeats later.
        if response.error_code == 0 {
            heartbeat.member_epoch = response.member_epoch;
        }
        if !told.is_empty() {
            break told;
        }
        assert!(Instant::now() < deadline, "no topic is assigned: error {}", response.error_code);
        std::thread::sleep(Duration::from_millis(50));
    };
    assert_eq!(assigned.iter().map(|topic| topic.topic_id).collect::<Vec<_>>(), [open]);
}

#[test]
fn groups_ids_and_the_cluster_have_their_own_rights() {
    let broker = broker();
    let mut me = connection(&broker);
    let closed = [
        acl(ResourceType::Group, "g", "User:alice", AclOperation::Read, true),
        acl(ResourceType::Topic, "*", "User:alice", AclOperation::Write, true),
        acl(ResourceType::TransactionalId, "t", "User:alice", AclOperation::Write, true),
        // The last one: it takes the right to make more.
        acl(ResourceType::Cluster, CLUSTER_NAME, ME, AclOperation::Describe, true),
    ];
    assert!(create(&mut me, closed.to_vec()).iter().all(|(error, _)| *error == 0));

    let no_group = code(ErrorCode::GroupAuthorizationFailed);
    let join = JoinGroupRequest { group_id: "g".into(), session_timeout_ms: 10_000, ..Default::default() };
    assert_eq!(ask(&mut me, &join, 5).message().unwrap().error_code, no_group);
    let partition = OffsetCommitRequestPartition { committed_offset: 1, ..Default::default() };
    let topic = OffsetCommitRequestTopic { name: "x".into(), partitions: vec![partition], ..Default::default() };
    let commit = OffsetCommitRequest { group_id: "g".into(), topics: vec![topic.clone()], ..Default::default() };
    assert_eq!(ask(&mut me, &commit, 8).message().unwrap().topics[0].partitions[0].error_code, no_group);
    // The group is open, the topic is not; whether it exists is not told.
    let commit = OffsetCommitRequest { group_id: "h".into(), topics: vec![topic], ..Default::default() };
    let no_topic = code(ErrorCode::TopicAuthorizationFailed);
    assert_eq!(ask(&mut me, &commit, 8).message().unwrap().topics[0].partitions[0].error_code, no_topic);
    let describe = DescribeGroupsRequest { groups: vec!["g".into()], ..Default::default() };
    assert_eq!(ask(&mut me, &describe, 5).message().unwrap().groups[0].error_code, no_group);
    assert_eq!(ask(&mut me, &ListGroupsRequest::default(), 4).message().unwrap().error_code, 0);
    for (key_type, key, expected) in [(0, "g", no_group), (1, "t", code(ErrorCode::TransactionalIdAuthorizationFailed))]
    {
        let find = FindCoordinatorRequest { key_type, coordinator_keys: vec![key.into()], ..Default::default() };
        assert_eq!(ask(&mut me, &find, 4).message().unwrap().coordinators[0].error_code, expected, "{key}");
    }
    let no_cluster = code(ErrorCode::ClusterAuthorizationFailed);
    let init =
        InitProducerIdRequest { transactional_id: None, producer_id: -1, producer_epoch: -1, ..Default::default() };
    assert_eq!(
        ask(&mut me, &init, 4).message().unwrap().error_code,
        no_cluster,
        "neither IDEMPOTENT_WRITE nor any topic to write to"
    );
    let more = acl(ResourceType::Cluster, CLUSTER_NAME, ME, AclOperation::All, true);
    assert_eq!(create(&mut me, vec![more]), [(no_cluster, "Cluster authorization failed.".to_owned())]);
    assert_eq!(
        ask(&mut me, &DescribeLogDirsRequest::default(), 4).message().unwrap().error_code,
        0,
        "DESCRIBE is allowed"
    );
    let cluster = DescribeClusterRequest { include_cluster_authorized_operations: true, ..Default::default() };
    let operations = ask(&mut me, &cluster, 1).message().unwrap().cluster_authorized_operations;
    assert_eq!(operations, 1 << AclOperation::Describe.code());
}

#[test]
fn entries_are_described_and_deleted_by_filters() {
    let broker = broker();
    let mut me = connection(&broker);
    let bad = [
        acl(ResourceType::Cluster, "other", ME, AclOperation::Read, true),
        acl(ResourceType::Topic, "", ME, AclOperation::Read, true),
        acl(ResourceType::Topic, "t", "alice", AclOperation::Read, true),
        acl(ResourceType::Topic, "t", ME, AclOperation::Any, true),
        acl(ResourceType::Topic, "t", ME, AclOperation::Read, true),
        acl(ResourceType::Topic, "t", ME, AclOperation::Read, true),
    ];
    let messages: Vec<_> = create(&mut me, bad.to_vec()).into_iter().map(|(_, message)| message).collect();
    let expected = [
        "The only valid name for the CLUSTER resource is kafka-cluster",
        "Invalid empty resource name",
        "Could not parse principal from `alice` (no colon is present separating the principal type from the principal name)",
        "Invalid operation ANY",
        "",
        "",
    ];
    assert_eq!(messages, expected);
    let (any, describe) = (AclOperation::Any.code(), |pattern: PatternType, name: &'static str| DescribeAclsRequest {
        resource_type_filter: ResourceType::Any.code(),
        resource_name_filter: Some(name.into()),
        pattern_type_filter: pattern.code(),
        principal_filter: None,
        host_filter: None,
        operation: AclOperation::Any.code(),
        permission_type: AclPermissionType::Any.code(),
        ..Default::default()
    });
    let reply = ask(&mut me, &describe(PatternType::Match, "t"), 3);
    let response = reply.message().unwrap();
    assert_eq!(response.resources.iter().map(|resource| resource.acls.len()).collect::<Vec<_>>(), [1]);
    assert!(ask(&mut me, &describe(PatternType::Prefixed, "t"), 3).message().unwrap().resources.is_empty());
    let filter = DeleteAclsFilter {
        resource_type_filter: ResourceType::Topic.code(),
        resource_name_filter: None,
        pattern_type_filter: PatternType::Any.code(),
        principal_filter: None,
        host_filter: None,
        operation: any,
        permission_type: AclPermissionType::Any.code(),
        ..Default::default()
    };
    let unknown = DeleteAclsFilter { operation: 99, ..filter.clone() };
    let reply = ask(&mut me, &DeleteAclsRequest { filters: vec![filter, unknown], ..Default::default() }, 3);
    let response = reply.message().unwrap();
    let found: Vec<_> =
        response.filter_results.iter().map(|result| (result.error_code, result.matching_acls.len())).collect();
    assert_eq!(found, [(0, 1), (code(ErrorCode::InvalidRequest), 0)]);
    assert!(ask(&mut me, &describe(PatternType::Any, "t"), 3).message().unwrap().resources.is_empty());
}
