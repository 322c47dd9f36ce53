//! OAUTHBEARER: signed and unsigned tokens.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use data_encoding::BASE64URL_NOPAD;
use kafka_broker::Broker;
use kafka_rpc::ErrorCode;
use kafka_rpc::messages::{MetadataRequest, SaslAuthenticateRequest, SaslHandshakeRequest};
use kafka_thin_client::{ClientError, Connection};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};

use super::{broker, client, connect, logs, peer, plain, serves};

const HANDLER: &str = "listener.name.sasl_plaintext.oauthbearer.sasl.server.callback.handler.class";
const SECURED: &str = "org.apache.kafka.common.security.oauthbearer.OAuthBearerValidatorCallbackHandler";
const UNSECURED: &str =
    "org.apache.kafka.common.security.oauthbearer.internals.unsecured.OAuthBearerUnsecuredValidatorCallbackHandler";
const MODULE: &str = "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required";

/// Who issues tokens: a key with an id.
struct Issuer {
    id: &'static str,
    key: EcdsaKeyPair,
}

impl Issuer {
    fn new(id: &'static str) -> Self {
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &random).unwrap();
        Issuer { id, key }
    }

    fn jwk(&self) -> String {
        let (x, y) = self.key.public_key().as_ref().split_at(1).1.split_at(32);
        let (x, y) = (BASE64URL_NOPAD.encode(x), BASE64URL_NOPAD.encode(y));
        format!(r#"{{"kty":"EC","crv":"P-256","kid":"{}","x":"{x}","y":"{y}"}}"#, self.id)
    }

    fn token(&self, sub: &str, seconds: i64) -> String {
        let now = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap();
        let header = format!(r#"{{"alg":"ES256","kid":"{}"}}"#, self.id);
        let claims = format!(r#"{{"sub":"{sub}","iat":{},"exp":{}}}"#, now - 60, now + seconds);
        let signed =
            format!("{}.{}", BASE64URL_NOPAD.encode(header.as_bytes()), BASE64URL_NOPAD.encode(claims.as_bytes()));
        let signature = self.key.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
        format!("{signed}.{}", BASE64URL_NOPAD.encode(signature.as_ref()))
    }
}

fn write_keys(path: &Path, issuers: &[&Issuer]) {
    let keys: Vec<String> = issuers.iter().map(|issuer| issuer.jwk()).collect();
    fs::write(path, format!(r#"{{"keys":[{}]}}"#, keys.join(","))).unwrap();
}

fn signed_broker(keys: &Path) -> Broker {
    broker(&[
        ("listeners", "SASL_PLAINTEXT://127.0.0.1:0"),
        ("security.inter.broker.protocol", "SASL_PLAINTEXT"),
        ("sasl.enabled.mechanisms", "OAUTHBEARER"),
        (HANDLER, SECURED),
        ("sasl.oauthbearer.jwks.endpoint.url", &format!("file://{}", keys.display())),
        ("connection.failed.authentication.delay.ms", "20"),
    ])
}

/// Settings of a client whose token is in a file.
fn login(file: &Path, token: &str) -> [(&'static str, String); 5] {
    fs::write(file, token).unwrap();
    [
        ("security.protocol", "SASL_PLAINTEXT".to_owned()),
        ("sasl.mechanism", "OAUTHBEARER".to_owned()),
        ("sasl.jaas.config", format!("{MODULE};")),
        (
            "sasl.login.callback.handler.class",
            "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginCallbackHandler".to_owned(),
        ),
        ("sasl.oauthbearer.token.endpoint.url", format!("file://{}", file.display())),
    ]
}

fn attempt(broker: &Broker, settings: &[(&str, String)]) -> Result<Connection, ClientError> {
    let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    connect(broker, &settings)
}

fn refusal(outcome: Result<Connection, ClientError>) -> (Option<ErrorCode>, String) {
    let error = outcome.map(drop).unwrap_err();
    (error.code(), error.to_string())
}

#[test]
fn tokens_of_the_issuer_are_believed_and_no_others() {
    let dir = tempfile::tempdir().unwrap();
    let (keys, file) = (dir.path().join("keys.json"), dir.path().join("token"));
    let (first, second, stranger) = (Issuer::new("first"), Issuer::new("second"), Issuer::new("first"));
    write_keys(&keys, &[&first]);
    let broker = signed_broker(&keys);
    assert!(attempt(&broker, &login(&file, &first.token("alice", 600))).is_ok());
    let invalid = (Some(ErrorCode::SaslAuthenticationFailed), "{\"status\":\"invalid_token\"}".to_owned());
    let tokens = [first.token("alice", -40), stranger.token("alice", 600), second.token("alice", 600)];
    for token in &tokens {
        assert_eq!(refusal(attempt(&broker, &login(&file, token))), invalid);
    }
    let unsecured = [
        ("security.protocol", "SASL_PLAINTEXT".to_owned()),
        ("sasl.mechanism", "OAUTHBEARER".to_owned()),
        ("sasl.jaas.config", format!("{MODULE} unsecuredLoginStringClaim_sub=alice;")),
    ];
    assert_eq!(refusal(attempt(&broker, &unsecured)), invalid);
    // A key is added to the file.
    write_keys(&keys, &[&first, &second]);
    let added = (0..100).any(|_| {
        std::thread::sleep(Duration::from_millis(100));
        attempt(&broker, &login(&file, &second.token("alice", 600))).is_ok()
    });
    assert!(added, "the file of keys is read again");
    drop(broker);
    let written = logs::written();
    let shown = tokens.iter().any(|token| written.contains(token.rsplit('.').next().unwrap()));
    assert!(!shown, "a token is in the log");
}

#[test]
fn a_session_ends_with_its_token() {
    let dir = tempfile::tempdir().unwrap();
    let keys = dir.path().join("keys.json");
    let issuer = Issuer::new("first");
    write_keys(&keys, &[&issuer]);
    let broker = signed_broker(&keys);
    let mut connection = Connection::connect(peer(&broker), plain()).unwrap();
    connection.call(&SaslHandshakeRequest { mechanism: "OAUTHBEARER".into() }).unwrap();
    let token = format!("n,,\u{1}auth=Bearer {}\u{1}\u{1}", issuer.token("alice", 3)).into_bytes();
    let request = SaslAuthenticateRequest { auth_bytes: token.into(), ..Default::default() };
    let reply = connection.call(&request).unwrap();
    let lifetime_ms = reply.message().unwrap().session_lifetime_ms;
    assert!((1..=3000).contains(&lifetime_ms), "{lifetime_ms}");
    assert!(connection.call(&MetadataRequest::default()).is_ok());
    std::thread::sleep(Duration::from_millis(3100));
    let error = connection.call(&MetadataRequest::default()).map(drop).unwrap_err();
    assert!(matches!(error, ClientError::Disconnected { .. } | ClientError::Io { .. }), "{error}");
}

#[test]
fn unsecured_tokens_are_believed_where_that_is_asked_for() {
    let broker = broker(&[
        ("listeners", "SASL_PLAINTEXT://127.0.0.1:0"),
        ("security.inter.broker.protocol", "SASL_PLAINTEXT"),
        ("sasl.enabled.mechanisms", "OAUTHBEARER"),
        (HANDLER, UNSECURED),
        ("listener.name.sasl_plaintext.oauthbearer.sasl.jaas.config", &format!("{MODULE};")),
    ]);
    let jaas = format!("{MODULE} unsecuredLoginStringClaim_sub=alice;");
    let settings = [
        ("security.protocol", "SASL_PLAINTEXT"),
        ("sasl.mechanism", "OAUTHBEARER"),
        ("sasl.jaas.config", jaas.as_str()),
    ];
    assert!(serves(&mut client(&broker, &settings)));
    let dir = tempfile::tempdir().unwrap();
    let signed = login(&dir.path().join("token"), &Issuer::new("first").token("alice", 600));
    assert!(attempt(&broker, &signed).is_err());
}

#[test]
fn a_listener_has_to_say_which_tokens_it_believes() {
    let settings = [
        ("listeners", "SASL_PLAINTEXT://127.0.0.1:0"),
        ("security.inter.broker.protocol", "SASL_PLAINTEXT"),
        ("sasl.enabled.mechanisms", "OAUTHBEARER"),
    ];
    let settings: Vec<_> = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let error = Broker::ephemeral_with(&settings).map(drop).unwrap_err().to_string();
    assert!(error.contains("sasl.server.callback.handler.class") && error.contains(UNSECURED), "{error}");
}
