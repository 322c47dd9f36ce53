//! Quotas: what clients are told, and that they have to wait.

use std::time::{Duration, Instant};

use kafka_rpc::messages::create_topics_request::CreatableTopic;
use kafka_rpc::messages::{CreateTopicsRequest, CreateTopicsResponse, MetadataRequest};
use kafka_rpc::{ErrorCode, Message as _};
use kafka_thin_client::admin::{self, QuotaEntity};

use crate::support::{FETCH_VERSION, broker, client, connection, create_topic, fetch, produce};

fn entity(kind: &str) -> QuotaEntity {
    QuotaEntity::from([(kind.to_owned(), None)])
}

#[test]
fn a_client_that_fetches_too_much_gets_nothing_for_a_while() {
    let broker = broker();
    let mut admin = client(&broker);
    create_topic(&mut admin, "t", 1);
    produce(&broker, "t", kafka_log::compression::Codec::None, &[vec![7; 100_000]]);
    admin::alter_client_quotas(&mut admin, &entity("user"), &[("consumer_byte_rate".into(), Some(1_000_000.0))])
        .unwrap();
    let mut connection = connection(&broker);
    let mut served = 0;
    for _ in 0..200 {
        let began = Instant::now();
        let pending = connection.send_at(&fetch("t", 0, 1, 1000), FETCH_VERSION).unwrap();
        let reply = connection.receive::<kafka_rpc::messages::FetchRequest<'_>>(pending).unwrap();
        let response = reply.message().unwrap();
        if response.throttle_time_ms == 0 {
            served += response.responses.len();
            continue;
        }
        assert!(response.responses.is_empty(), "nothing comes with the time");
        let told = Duration::from_millis(u64::try_from(response.throttle_time_ms).unwrap());
        connection.call(&MetadataRequest::default()).unwrap();
        assert!(began.elapsed() >= told, "the connection was left alone for {told:?}");
        assert!(served >= 50, "10 MB are within the quota, {served} fetches of 100 kB were answered");
        return;
    }
    panic!("20 MB are not within the quota");
}

#[test]
fn topics_beyond_the_quota_are_refused_one_by_one() {
    let broker = broker();
    let mut admin = client(&broker);
    admin::alter_client_quotas(&mut admin, &entity("user"), &[("controller_mutation_rate".into(), Some(1.0))]).unwrap();
    let topic = |name: &'static str, num_partitions| CreatableTopic {
        name: name.into(),
        num_partitions,
        replication_factor: 1,
        ..Default::default()
    };
    // Without an answer that is awaited: the pause would be.
    let request =
        CreateTopicsRequest { topics: vec![topic("a", 12), topic("b", 1)], timeout_ms: 1000, ..Default::default() };
    let reply = connection(&broker).call(&request).unwrap();
    let response: CreateTopicsResponse<'_> = reply.message().unwrap();
    let codes: Vec<i16> = response.topics.iter().map(|topic| topic.error_code).collect();
    assert_eq!(codes, [0, ErrorCode::ThrottlingQuotaExceeded.code()], "{}", CreateTopicsResponse::NAME);
    assert!((900..=1000).contains(&response.throttle_time_ms), "{}", response.throttle_time_ms);
}
