//! Where a client gets its token: `OAuthBearerLoginCallbackHandler` (KIP-768) and `OAuthBearerUnsecuredLoginCallbackHandler`.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use data_encoding::BASE64;
use serde_json::Value;

use super::claims::Token;
use super::jwt::{Jwt, object};
use super::unsecured::UnsecuredLogin;
use super::{Endpoint, EndpointError, FetchError, Http, InitialResponse, MessageError, TokenError};
use crate::Secret;
use crate::jaas::JaasConfig;
use crate::tls::{self, TlsError, TlsSettings};

/// The part of a token's time after which a client asks for another one (`sasl.login.refresh.window.factor`).
const FRESH_PART: f64 = 0.8;
/// Names of the classes that Kafka has for this.
const UNSECURED: &str =
    "org.apache.kafka.common.security.oauthbearer.internals.unsecured.OAuthBearerUnsecuredLoginCallbackHandler";
const SECURED: &str = "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginCallbackHandler";
const RETRIEVERS: [&str; 3] = ["DefaultJwtRetriever", "FileJwtRetriever", "ClientCredentialsJwtRetriever"];
const PACKAGE: &str = "org.apache.kafka.common.security.oauthbearer.";

/// Why there is no token. No secret is part of it.
#[derive(Debug)]
#[non_exhaustive]
pub enum LoginError {
    /// A setting that is missing.
    Missing(&'static str),
    /// A setting with a value that it cannot have.
    Value {
        /// The setting.
        setting: &'static str,
        /// The value.
        value: String,
    },
    /// An option of the login module with a value that it cannot have.
    Option(String),
    /// An option of the login module that is missing.
    NoOption(String),
    /// An extension that cannot be sent.
    Extension(MessageError),
    /// A setting that is no URL.
    Endpoint(&'static str, EndpointError),
    /// Stores of keys or certificates.
    Tls(TlsError),
    /// A file that cannot be read.
    File(PathBuf, std::io::Error),
    /// There is no answer.
    Fetch(FetchError),
    /// An answer without a token.
    NoToken,
    /// A token that cannot be used.
    Token(TokenError),
}

impl fmt::Display for LoginError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LoginError::Missing(setting) => write!(f, "The OAuth configuration option {setting} value is required"),
            LoginError::Value { setting, value } => write!(f, "Invalid value {value} for configuration {setting}"),
            LoginError::Option(name) => write!(f, "sasl.jaas.config: the option {name} has a wrong value"),
            LoginError::NoOption(name) => write!(f, "sasl.jaas.config: the option {name} is missing"),
            LoginError::Extension(error) => error.fmt(f),
            LoginError::Endpoint(setting, error) => write!(f, "{setting}: {error}"),
            LoginError::Tls(error) => error.fmt(f),
            LoginError::File(path, error) => write!(f, "{}: {error}", path.display()),
            LoginError::Fetch(error) => error.fmt(f),
            LoginError::NoToken => f.write_str("The token endpoint response did not contain an access_token value"),
            LoginError::Token(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for LoginError {}

/// Gets tokens. Clones share the one that was got last.
#[derive(Clone, Debug)]
pub struct TokenLogin {
    source: Arc<Source>,
    extensions: Vec<(String, String)>,
}

#[derive(Debug)]
enum Source {
    Unsecured(UnsecuredLogin),
    File { path: PathBuf, claims: ClaimNames },
    Credentials(Box<Credentials>),
}

#[derive(Debug)]
struct ClaimNames {
    scope: String,
    sub: String,
}

impl ClaimNames {
    /// Whether the broker can take a token; its signature is the broker's to verify (`ClientJwtValidator`).
    fn check(&self, token: &str) -> Result<Token, LoginError> {
        let jwt = Jwt::split(token).map_err(LoginError::Token)?;
        let claims = object(jwt.payload, "payload").map_err(LoginError::Token)?;
        Token::of(&claims, &self.scope, &self.sub).map_err(LoginError::Token)
    }
}

/// Client credentials (RFC 6749, 4.4).
#[derive(Debug)]
struct Credentials {
    http: Http,
    url: String,
    authorization: Secret,
    form: String,
    backoff: Duration,
    backoff_max: Duration,
    claims: ClaimNames,
    last: Mutex<Option<(Secret, Instant)>>,
}

impl TokenLogin {
    /// Settings that this reads.
    pub const KEYS: &'static [&'static str] = &[
        "sasl.login.callback.handler.class",
        "sasl.login.connect.timeout.ms",
        "sasl.login.read.timeout.ms",
        "sasl.login.retry.backoff.max.ms",
        "sasl.login.retry.backoff.ms",
        "sasl.oauthbearer.client.credentials.client.id",
        "sasl.oauthbearer.client.credentials.client.secret",
        "sasl.oauthbearer.header.urlencode",
        "sasl.oauthbearer.jwt.retriever.class",
        "sasl.oauthbearer.scope",
        "sasl.oauthbearer.scope.claim.name",
        "sasl.oauthbearer.sub.claim.name",
        "sasl.oauthbearer.token.endpoint.url",
    ];

    /// What the settings and the options of the login module say.
    ///
    /// # Errors
    /// For settings that do not go together.
    pub fn read<'s>(get: impl Fn(&str) -> Option<&'s str>, jaas: &JaasConfig) -> Result<Self, LoginError> {
        let (source, prefix) = match get("sasl.login.callback.handler.class").unwrap_or(UNSECURED) {
            UNSECURED => (Source::Unsecured(UnsecuredLogin::read(jaas)?), UnsecuredLogin::EXTENSION),
            SECURED => (secured(&get, jaas)?, "extension_"),
            other => return Err(wrong("sasl.login.callback.handler.class", other)),
        };
        let extension =
            |(name, value): (&str, &Secret)| Some((name.strip_prefix(prefix)?.to_owned(), value.expose().to_owned()));
        let extensions: Vec<_> = jaas.options().filter_map(extension).collect();
        InitialResponse::new(Secret::default(), extensions.clone()).map_err(LoginError::Extension)?;
        Ok(TokenLogin { source: Arc::new(source), extensions })
    }

    /// The first message of an exchange, with a token whose time is not over.
    ///
    /// # Errors
    /// If there is no token.
    pub fn message(&self, now_ms: i64) -> Result<InitialResponse, LoginError> {
        let token = match &*self.source {
            Source::Unsecured(login) => login.token(now_ms),
            Source::File { path, claims } => {
                let text = std::fs::read_to_string(path).map_err(|error| LoginError::File(path.clone(), error))?;
                let token = Secret::new(text.trim());
                claims.check(token.expose())?;
                token
            }
            Source::Credentials(credentials) => credentials.token(now_ms)?,
        };
        InitialResponse::new(token, self.extensions.clone()).map_err(LoginError::Extension)
    }
}

fn wrong(setting: &'static str, value: &str) -> LoginError {
    LoginError::Value { setting, value: value.to_owned() }
}

fn secured<'s>(get: &impl Fn(&str) -> Option<&'s str>, jaas: &JaasConfig) -> Result<Source, LoginError> {
    const URL: &str = "sasl.oauthbearer.token.endpoint.url";
    const RETRIEVER: &str = "sasl.oauthbearer.jwt.retriever.class";
    let claims = ClaimNames {
        scope: get("sasl.oauthbearer.scope.claim.name").unwrap_or("scope").to_owned(),
        sub: get("sasl.oauthbearer.sub.claim.name").unwrap_or("sub").to_owned(),
    };
    let url = get(URL).filter(|url| !url.is_empty()).ok_or(LoginError::Missing(URL))?;
    let endpoint = Endpoint::parse(url).map_err(|error| LoginError::Endpoint(URL, error))?;
    let class = get(RETRIEVER).map_or(Some(RETRIEVERS[0]), |class| class.strip_prefix(PACKAGE));
    let class = class.filter(|class| RETRIEVERS.contains(class));
    match (class, endpoint) {
        (Some("DefaultJwtRetriever" | "FileJwtRetriever"), Endpoint::File(path)) => Ok(Source::File { path, claims }),
        (Some("DefaultJwtRetriever" | "ClientCredentialsJwtRetriever"), Endpoint::Http(url)) => {
            Ok(Source::Credentials(Box::new(Credentials::read(get, jaas, url, claims)?)))
        }
        (None, _) => Err(wrong(RETRIEVER, get(RETRIEVER).unwrap_or_default())),
        _ => Err(wrong(URL, url)),
    }
}

impl Credentials {
    fn read<'s>(
        get: &impl Fn(&str) -> Option<&'s str>,
        jaas: &JaasConfig,
        url: String,
        claims: ClaimNames,
    ) -> Result<Self, LoginError> {
        let millis = |setting: &'static str, default: u64| {
            let millis = get(setting).map_or(Ok(default), |text| text.parse().map_err(|_| wrong(setting, text)));
            millis.map(Duration::from_millis)
        };
        // Options of the login module are the older way.
        let either = |setting: &'static str, option: &str| {
            let text = get(setting).or_else(|| jaas.option(option).map(Secret::expose));
            text.map(str::trim).filter(|text| !text.is_empty())
        };
        let needed = |setting: &'static str, option: &str| either(setting, option).ok_or(LoginError::Missing(setting));
        let id = needed("sasl.oauthbearer.client.credentials.client.id", "clientId")?;
        let secret = needed("sasl.oauthbearer.client.credentials.client.secret", "clientSecret")?;
        let is_encoded = get("sasl.oauthbearer.header.urlencode").is_some_and(|text| text.eq_ignore_ascii_case("true"));
        let pair = if is_encoded { format!("{}:{}", encoded(id), encoded(secret)) } else { format!("{id}:{secret}") };
        let scope = either("sasl.oauthbearer.scope", "scope").map(|scope| format!("&scope={}", encoded(scope)));
        let tls = TlsSettings::read(|name| {
            let option = jaas.option(name).filter(|_| tls::KEYS.contains(&name));
            option.map(|value| value.expose().to_owned())
        });
        let (connect, read) =
            (millis("sasl.login.connect.timeout.ms", 10_000)?, millis("sasl.login.read.timeout.ms", 10_000)?);
        Ok(Credentials {
            http: Http::new(&tls.map_err(LoginError::Tls)?, connect, read).map_err(LoginError::Tls)?,
            url,
            authorization: Secret::new(format!("Basic {}", BASE64.encode(pair.as_bytes()))),
            form: format!("grant_type=client_credentials{}", scope.unwrap_or_default()),
            backoff: millis("sasl.login.retry.backoff.ms", 100)?,
            backoff_max: millis("sasl.login.retry.backoff.max.ms", 10_000)?,
            claims,
            last: Mutex::new(None),
        })
    }

    fn token(&self, now_ms: i64) -> Result<Secret, LoginError> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((token, _)) = last.as_ref().filter(|(_, until)| Instant::now() < *until) {
            return Ok(token.clone());
        }
        let answer = Http::retry(self.backoff, self.backoff_max, || {
            self.http.post(&self.url, self.authorization.expose(), &self.form)
        });
        let answer = answer.map_err(LoginError::Fetch)?;
        let answer: Value = serde_json::from_slice(&answer).map_err(|_| LoginError::NoToken)?;
        let token = answer.get("access_token").and_then(Value::as_str).map(str::trim);
        let token = token.filter(|token| !token.is_empty()).ok_or(LoginError::NoToken)?;
        let lifetime = self.claims.check(token)?.expires_ms.saturating_sub(now_ms);
        let fresh = Duration::from_millis(u64::try_from(lifetime).unwrap_or(0)).mul_f64(FRESH_PART);
        let token = Secret::new(token);
        *last = Instant::now().checked_add(fresh).map(|until| (token.clone(), until));
        Ok(token)
    }
}

/// (`URLEncoder`)
fn encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'*' | b'_' => out.push(char::from(byte)),
            b' ' => out.push('+'),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}
