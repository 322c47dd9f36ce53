//! Connections to peers that follow a script: what the client sends, and what it makes of bytes that no node of Kafka sends.

#![expect(clippy::unwrap_used, reason = "a peer that breaks fails the test")]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use kafka_rpc::messages::api_versions_response::ApiVersion;
use kafka_rpc::messages::{ApiVersionsResponse, DescribeClusterRequest, MetadataRequest, MetadataResponse};
use kafka_rpc::{ApiKey, ErrorCode, Message, Parts, RequestFrame, write_response};
use kafka_thin_client::{ClientError, Connection, ConnectionConfig, Peer};

/// A request as the peer sees it: API, version, correlation id.
type Seen = (ApiKey, i16, i32);

/// Runs a peer that answers each request with the bytes that `answer` makes, and ends the connection with `None`. Gives its
/// address, and when it has ended what it was sent.
fn peer(mut answer: impl FnMut(Seen) -> Option<Vec<u8>> + Send + 'static) -> (Peer, JoinHandle<Vec<Seen>>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let run = move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut seen = Vec::new();
        while let Some(request) = read(&mut stream) {
            seen.push(request);
            match answer(request) {
                Some(bytes) => stream.write_all(&bytes).unwrap(),
                None => break,
            }
        }
        seen
    };
    (Peer { host: "127.0.0.1".into(), port }, thread::spawn(run))
}

fn read(stream: &mut TcpStream) -> Option<Seen> {
    let mut length = [0; 4];
    stream.read_exact(&mut length).ok()?;
    let mut frame = vec![0; usize::try_from(i32::from_be_bytes(length)).unwrap()];
    stream.read_exact(&mut frame).ok()?;
    let request = RequestFrame::parse(&frame).unwrap();
    Some((request.api_key, request.version, request.correlation_id))
}

fn response<'a>(message: &impl Message<'a>, (api, _, correlation_id): Seen, version: i16) -> Option<Vec<u8>> {
    let mut parts = Parts::default();
    write_response(&mut parts, message, api, version, correlation_id).unwrap();
    parts.to_bytes()
}

fn versions(error: ErrorCode, ranges: &[(ApiKey, i16, i16)]) -> ApiVersionsResponse<'static> {
    let range = |(api, min_version, max_version): &(ApiKey, i16, i16)| ApiVersion {
        api_key: api.number(),
        min_version: *min_version,
        max_version: *max_version,
        ..Default::default()
    };
    let api_keys = ranges.iter().map(range).collect();
    ApiVersionsResponse { error_code: error.code(), api_keys, ..Default::default() }
}

fn config() -> ConnectionConfig {
    ConnectionConfig { client_id: "test".into(), request_timeout: Duration::from_secs(5), ..Default::default() }
}

/// A peer of these versions that answers every other request with `answer`.
fn serving(
    ranges: &'static [(ApiKey, i16, i16)],
    mut answer: impl FnMut(Seen) -> Option<Vec<u8>> + Send + 'static,
) -> (Connection, JoinHandle<Vec<Seen>>) {
    let (peer, seen) = peer(move |request| match request.0 {
        ApiKey::ApiVersions => response(&versions(ErrorCode::None, ranges), request, request.1),
        _ => answer(request),
    });
    (Connection::connect(peer, config()).unwrap(), seen)
}

#[test]
fn a_node_that_refuses_the_version_of_api_versions_is_asked_again_in_its_own() {
    for (told, asked) in [(&[(ApiKey::ApiVersions, 0, 2)][..], 2), (&[], 0)] {
        let (peer, seen) = peer(move |request| match request.1 {
            4 => response(&versions(ErrorCode::UnsupportedVersion, told), request, 0),
            version => response(&versions(ErrorCode::None, &[(ApiKey::Metadata, 0, 5)]), request, version),
        });
        let connection = Connection::connect(peer, config()).unwrap();
        assert_eq!(connection.versions().latest(ApiKey::Metadata), Some(5));
        drop(connection);
        let asked_versions: Vec<i16> = seen.join().unwrap().into_iter().map(|(_, version, _)| version).collect();
        assert_eq!(asked_versions, [4, asked]);
    }
}

#[test]
fn the_best_common_version_is_sent_and_a_field_that_it_lacks_is_an_error() {
    let (mut connection, seen) = serving(&[(ApiKey::Metadata, 0, 3)], |request| {
        response(&MetadataResponse { controller_id: 7, ..Default::default() }, request, request.1)
    });
    let reply = connection.call(&MetadataRequest::default()).unwrap();
    assert_eq!((reply.version(), reply.message().unwrap().controller_id), (3, 7));
    let request = MetadataRequest { allow_auto_topic_creation: false, ..Default::default() };
    let error = connection.call(&request).unwrap_err();
    assert!(
        matches!(error, ClientError::UnsupportedVersion { version: 3, field: "allowAutoTopicCreation", .. }),
        "{error}"
    );
    let error = connection.call(&DescribeClusterRequest::default()).unwrap_err();
    assert!(matches!(error, ClientError::UnsupportedApi { theirs: None, .. }), "{error}");
    // Both errors came before anything was sent: the connection is as good as before.
    assert_eq!(connection.call(&MetadataRequest::default()).unwrap().version(), 3);
    drop(connection);
    assert_eq!(seen.join().unwrap().len(), 3);
}

#[test]
fn requests_in_flight_get_their_responses_in_any_order_of_asking() {
    let (mut connection, _seen) = serving(&[(ApiKey::Metadata, 0, 13)], |request| {
        response(&MetadataResponse { controller_id: request.2, ..Default::default() }, request, request.1)
    });
    let sent: Vec<_> = (0..3).map(|_| connection.send(&MetadataRequest::default()).unwrap()).collect();
    assert_eq!(connection.in_flight(), 3);
    for (pending, expected) in [(sent[2], 3), (sent[0], 1), (sent[1], 2)] {
        let reply = connection.receive::<MetadataRequest<'_>>(pending).unwrap();
        assert_eq!(reply.message().unwrap().controller_id, expected);
    }
    let error = connection.receive::<MetadataRequest<'_>>(sent[0]).unwrap_err();
    assert!(matches!(error, ClientError::Correlation { expected: None, .. }), "{error}");
}

#[test]
fn bytes_that_no_node_sends_are_errors_that_name_the_peer() {
    type Answer = fn(Seen) -> Option<Vec<u8>>;
    type Expected = fn(&ClientError) -> bool;
    let cases: [(&str, Answer, Expected); 5] = [
        ("end", |_| None, |error| matches!(error, ClientError::Disconnected { .. })),
        (
            "negative length",
            |_| Some((-1i32).to_be_bytes().to_vec()),
            |error| matches!(error, ClientError::Frame { .. }),
        ),
        (
            "huge length, before any byte of it",
            |_| Some(i32::MAX.to_be_bytes().to_vec()),
            |error| matches!(error, ClientError::Frame { .. }),
        ),
        (
            "another request's id",
            |request| response(&MetadataResponse::default(), (request.0, request.1, 99), request.1),
            |error| matches!(error, ClientError::Correlation { expected: Some(1), found: 99, .. }),
        ),
        (
            "a cut message",
            |(.., id)| Some([&6i32.to_be_bytes()[..], &id.to_be_bytes(), &[0, 0]].concat()),
            |error| matches!(error, ClientError::Response { .. }),
        ),
    ];
    for (name, answer, expected) in cases {
        let (mut connection, _seen) = serving(&[(ApiKey::Metadata, 0, 13)], answer);
        let outcome = connection.call(&MetadataRequest::default());
        let error = outcome.and_then(|reply| reply.message().map(|_| ())).unwrap_err();
        assert!(expected(&error), "{name}: {error}");
        assert!(error.to_string().contains("127.0.0.1:"), "{name}: {error}");
    }
}

#[test]
fn a_response_that_does_not_come_is_not_waited_for_longer_than_allowed() {
    let (mut connection, _seen) = serving(&[(ApiKey::Metadata, 0, 13)], |_| Some(Vec::new()));
    let pending = connection.send(&MetadataRequest::default()).unwrap();
    let wait = Duration::from_millis(20);
    assert!(connection.poll::<MetadataRequest<'_>>(pending, wait).unwrap().is_none());
    let error = connection.receive_within::<MetadataRequest<'_>>(pending, wait).unwrap_err();
    assert!(matches!(error, ClientError::RequestTimedOut { api: ApiKey::Metadata, .. }), "{error}");
}
