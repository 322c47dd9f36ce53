//! SASL on plain sockets.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use kafka_broker::Broker;
use kafka_broker::metadata::{FormatOptions, InitialVoters, format_directories, random_uuid};
use kafka_log::fs::OsFs;
use kafka_rpc::ErrorCode;
use kafka_rpc::messages::{MetadataRequest, SaslAuthenticateRequest, SaslHandshakeRequest};
use kafka_security::scram::{ScramCredentialData, ScramMechanism};
use kafka_thin_client::admin::{self, ScramUpsertion};
use kafka_thin_client::{ClientError, Connection};

use super::{broker, client, connect, logs, peer, plain, serves};

const USERS: &str = "org.apache.kafka.common.security.plain.PlainLoginModule required \
                     user_admin=\"admin=;-swordfish\" user_alice='alice-swordfish';";
const SETTINGS: [(&str, &str); 5] = [
    ("listeners", "SASL_PLAINTEXT://127.0.0.1:0"),
    ("security.inter.broker.protocol", "SASL_PLAINTEXT"),
    ("sasl.enabled.mechanisms", "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512"),
    ("listener.name.sasl_plaintext.plain.sasl.jaas.config", USERS),
    ("connection.failed.authentication.delay.ms", "20"),
];

fn login<'l>(mechanism: &'l str, jaas: &'l str) -> [(&'l str, &'l str); 3] {
    [("security.protocol", "SASL_PLAINTEXT"), ("sasl.mechanism", mechanism), ("sasl.jaas.config", jaas)]
}

const ADMIN: &str = "a.PlainLoginModule required username=admin password=\"admin=;-swordfish\";";

fn with_scram_user(broker: &Broker, password: &str) {
    let mut admin = client(broker, &login("PLAIN", ADMIN));
    for mechanism in ScramMechanism::ALL {
        let upsertion = ScramUpsertion::new(mechanism, password, 4096);
        admin::alter_user_scram_credentials(&mut admin, "bob", &[upsertion], &[]).unwrap();
    }
}

fn code(outcome: Result<Connection, ClientError>) -> (Option<ErrorCode>, String) {
    let error = outcome.map(drop).unwrap_err();
    (error.code(), error.to_string())
}

#[test]
fn who_knows_the_password_is_served() {
    let broker = broker(&SETTINGS);
    with_scram_user(&broker, "bob-swordfish");
    assert!(serves(&mut client(&broker, &login("PLAIN", ADMIN))));
    let bob = "a.ScramLoginModule required username=bob password=bob-swordfish;";
    for mechanism in ["SCRAM-SHA-256", "SCRAM-SHA-512"] {
        assert!(serves(&mut client(&broker, &login(mechanism, bob))), "{mechanism}");
    }
}

#[test]
fn who_does_not_is_told_so_and_nothing_of_the_passwords_is_logged() {
    let broker = broker(&SETTINGS);
    with_scram_user(&broker, "bob-swordfish");
    for (user, password) in [("admin", "wrong-swordfish"), ("nobody", "wrong-swordfish"), ("admin", "alice-swordfish")]
    {
        let jaas = format!("a.PlainLoginModule required username={user} password={password};");
        let expected = "Authentication failed: Invalid username or password".to_owned();
        let found = code(connect(&broker, &login("PLAIN", &jaas)));
        assert_eq!(found, (Some(ErrorCode::SaslAuthenticationFailed), expected), "{user}");
    }
    for (user, password) in [("bob", "wrong-swordfish"), ("nobody", "bob-swordfish")] {
        let jaas = format!("a.ScramLoginModule required username={user} password={password};");
        let expected = "Authentication failed during authentication due to invalid credentials with SASL mechanism \
                        SCRAM-SHA-256";
        let found = code(connect(&broker, &login("SCRAM-SHA-256", &jaas)));
        assert_eq!(found, (Some(ErrorCode::SaslAuthenticationFailed), expected.to_owned()), "{user}");
    }
    drop(broker);
    let written = logs::written();
    assert!(written.contains("authentication failed"), "{written}");
    assert!(!written.contains("swordfish"), "a password is in the log");
}

#[test]
fn a_mechanism_that_is_not_enabled_is_refused() {
    let mut settings = SETTINGS;
    settings[2].1 = "PLAIN";
    let broker = broker(&settings);
    let jaas = "a.ScramLoginModule required username=bob password=x;";
    let expected = "Client SASL mechanism 'SCRAM-SHA-256' not enabled in the server, enabled mechanisms are [PLAIN]";
    let found = code(connect(&broker, &login("SCRAM-SHA-256", jaas)));
    assert_eq!(found, (Some(ErrorCode::UnsupportedSaslMechanism), expected.to_owned()));
}

#[test]
fn nothing_else_is_answered_before_the_authentication() {
    let broker = broker(&SETTINGS);
    // Versions, and then a request.
    let mut connection = Connection::connect(peer(&broker), plain()).unwrap();
    let error = connection.call(&MetadataRequest::default()).map(drop).unwrap_err();
    assert!(matches!(error, ClientError::Disconnected { .. } | ClientError::Io { .. }), "{error}");
    // A request between handshake and tokens.
    let mut connection = Connection::connect(peer(&broker), plain()).unwrap();
    let handshake = SaslHandshakeRequest { mechanism: "PLAIN".into() };
    assert_eq!(connection.call(&handshake).unwrap().message().unwrap().error_code, 0);
    let error = connection.call(&MetadataRequest::default()).map(drop).unwrap_err();
    assert!(matches!(error, ClientError::Disconnected { .. } | ClientError::Io { .. }), "{error}");
    // Tokens without a handshake.
    let mut connection = Connection::connect(peer(&broker), plain()).unwrap();
    let token = SaslAuthenticateRequest { auth_bytes: b"\0admin\0x".as_slice().into(), ..Default::default() };
    let error = connection.call(&token).map(drop).unwrap_err();
    assert!(matches!(error, ClientError::Disconnected { .. } | ClientError::Io { .. }), "{error}");
}

#[test]
fn a_token_that_is_too_large_ends_the_connection() {
    let broker = broker(&SETTINGS);
    let mut connection = Connection::connect(peer(&broker), plain()).unwrap();
    let handshake = SaslHandshakeRequest { mechanism: "PLAIN".into() };
    connection.call(&handshake).unwrap();
    let token = SaslAuthenticateRequest { auth_bytes: vec![b'a'; 600_000].into(), ..Default::default() };
    let error = connection.call(&token).map(drop).unwrap_err();
    assert!(matches!(error, ClientError::Disconnected { .. } | ClientError::Io { .. }), "{error}");
}

#[test]
fn a_session_ends_unless_the_client_authenticates_again() {
    let mut settings = SETTINGS.to_vec();
    settings.push(("connections.max.reauth.ms", "1500"));
    let broker = broker(&settings);
    // A client that logs in by hand, and knows nothing of sessions.
    let mut connection = Connection::connect(peer(&broker), plain()).unwrap();
    let handshake = SaslHandshakeRequest { mechanism: "PLAIN".into() };
    connection.call(&handshake).unwrap();
    let token = b"\0admin\0admin=;-swordfish".as_slice();
    let token = SaslAuthenticateRequest { auth_bytes: token.into(), ..Default::default() };
    let reply = connection.call(&token).unwrap();
    assert_eq!(reply.message().unwrap().session_lifetime_ms, 1500);
    assert!(connection.call(&MetadataRequest::default()).is_ok());
    // One that does.
    let mut other = connect(&broker, &login("PLAIN", ADMIN)).unwrap();
    std::thread::sleep(Duration::from_millis(1600));
    let error = connection.call(&MetadataRequest::default()).map(drop).unwrap_err();
    assert!(matches!(error, ClientError::Disconnected { .. } | ClientError::Io { .. }), "{error}");
    assert!(other.call(&MetadataRequest::default()).is_ok());
}

#[test]
fn an_authenticated_client_that_sends_tokens_again_is_told_that_it_may_not() {
    let broker = broker(&SETTINGS);
    let mut connection = connect(&broker, &login("PLAIN", ADMIN)).unwrap();
    let handshake = SaslHandshakeRequest { mechanism: "PLAIN".into() };
    let reply = connection.call(&handshake).unwrap();
    assert_eq!(reply.message().unwrap().error_code, ErrorCode::IllegalSaslState.code());
    assert!(connection.call(&MetadataRequest::default()).is_ok());
}

#[test]
fn credentials_of_the_format_log_in_after_the_first_start() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let mechanism = ScramMechanism::Sha512;
    let credential = ScramCredentialData::new(mechanism, "format-swordfish", b"salt".to_vec(), 4096);
    let options = FormatOptions {
        scram: vec![(mechanism, "first".into(), credential)],
        initial_voters: InitialVoters::Standalone {
            listener: "CONTROLLER".into(),
            host: "localhost".into(),
            port: 9093,
        },
        ..FormatOptions::new(vec![data.clone()], random_uuid().to_string(), 1)
    };
    format_directories(&OsFs, &options, 0).unwrap();
    let mut settings = SETTINGS.to_vec();
    let data = data.display().to_string();
    settings.push(("log.dirs", &data));
    let broker = broker(&settings);
    let jaas = "a.ScramLoginModule required username=first password=format-swordfish;";
    assert!(serves(&mut client(&broker, &login("SCRAM-SHA-512", jaas))));
}

/// After a handshake of version 0 tokens are in no request, each behind its length.
#[test]
fn tokens_of_old_clients_come_without_headers() {
    let broker = broker(&SETTINGS);
    let mut socket = TcpStream::connect(broker.bootstrap()).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let mut ask = |bytes: &[u8]| {
        socket.write_all(&u32::try_from(bytes.len()).unwrap().to_be_bytes()).unwrap();
        socket.write_all(bytes).unwrap();
        let mut length = [0; 4];
        socket.read_exact(&mut length).unwrap();
        let mut answer = vec![0; usize::try_from(u32::from_be_bytes(length)).unwrap()];
        socket.read_exact(&mut answer).unwrap();
        answer
    };
    // API 17, version 0, correlation id 1, no client id.
    let answer = ask(b"\0\x11\0\0\0\0\0\x01\xff\xff\0\x05PLAIN");
    assert!(answer.starts_with(b"\0\0\0\x01\0\0\0\0\0\x03\0\x05PLAIN"), "{}", answer.escape_ascii());
    assert_eq!(ask(b"\0admin\0admin=;-swordfish"), b"");
    // Metadata, version 0, of no topics in particular.
    let answer = ask(b"\0\x03\0\0\0\0\0\x02\xff\xff\0\0\0\0");
    assert!(answer.starts_with(b"\0\0\0\x02\0\0\0\x01"), "{}", answer.escape_ascii());
}
