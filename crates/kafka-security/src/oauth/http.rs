//! Requests to issuers of tokens, over HTTP and HTTPS.

use std::fmt;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use data_encoding::BASE64;
use rustls::pki_types::PrivateKeyDer;
use ureq::Agent;
use ureq::tls::{Certificate, ClientCert, PrivateKey, RootCerts, TlsConfig};

use crate::tls::{TlsError, TlsSettings};

/// The longest answer that is read: a key takes some kilobytes at most.
const ANSWER_MAX: u64 = 1 << 20;
/// How much of a refusal is told.
const REFUSAL_MAX: usize = 500;

/// Asks issuers. A redirect is an error: a secret or a key must not go to an address that is not in the settings.
#[derive(Clone, Debug)]
pub struct Http {
    agent: Agent,
}

/// Why there is no answer.
#[derive(Debug)]
#[non_exhaustive]
pub enum FetchError {
    /// The peer cannot be reached, or does not speak HTTP.
    Transport {
        /// Where.
        url: String,
        /// Why.
        source: Box<ureq::Error>,
    },
    /// It refuses.
    Status {
        /// Where.
        url: String,
        /// The number.
        status: u16,
        /// What it says.
        text: String,
    },
}

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FetchError::Transport { url, source } => write!(f, "{url}: {source}"),
            FetchError::Status { url, status, text } => write!(f, "{url}: status {status}: {}", text.escape_debug()),
        }
    }
}

impl std::error::Error for FetchError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            FetchError::Transport { source, .. } => Some(source),
            FetchError::Status { .. } => None,
        }
    }
}

impl FetchError {
    /// Whether another attempt may do better: an answer that refuses for good is not asked for again.
    fn is_retriable(&self) -> bool {
        match self {
            FetchError::Transport { .. } => true,
            FetchError::Status { status, .. } => !matches!(status, 300..=407 | 409..=415 | 501 | 505),
        }
    }
}

impl Http {
    /// One that waits this long for a connection and for an answer.
    ///
    /// # Errors
    /// For stores of keys or certificates that cannot be used.
    pub fn new(tls: &TlsSettings, connect_timeout: Duration, read_timeout: Duration) -> Result<Self, TlsError> {
        let roots: Vec<_> = tls.trusted()?.iter().map(|root| Certificate::from_der(root).to_owned()).collect();
        let mut config = TlsConfig::builder()
            .root_certs(RootCerts::Specific(Arc::new(roots)))
            .unversioned_rustls_crypto_provider(tls.provider()?);
        if let Some(pair) = tls.key_pair()? {
            let chain: Vec<_> = pair.certificates.iter().map(|one| Certificate::from_der(one).to_owned()).collect();
            // This library takes a key of any kind as PEM alone.
            let kind = match &pair.key {
                PrivateKeyDer::Pkcs1(_) => "RSA PRIVATE KEY",
                PrivateKeyDer::Sec1(_) => "EC PRIVATE KEY",
                _ => "PRIVATE KEY",
            };
            let text = BASE64.encode(pair.key.secret_der());
            let pem = format!("-----BEGIN {kind}-----\n{text}\n-----END {kind}-----\n");
            let key = PrivateKey::from_pem(pem.as_bytes())
                .map_err(|_| TlsError::Settings("the key of a client for HTTPS"))?;
            config = config.client_cert(Some(ClientCert::new_with_certs(&chain, key)));
        }
        let agent = Agent::config_builder()
            .tls_config(config.build())
            .timeout_connect(Some(connect_timeout))
            .timeout_global(Some(connect_timeout.saturating_add(read_timeout)))
            .http_status_as_error(false)
            .max_redirects(0)
            .max_idle_connections(0)
            .proxy(None)
            .build();
        Ok(Http { agent: agent.into() })
    }

    /// Tries again, after pauses that double, until their sum is the longest one (`Retry`).
    ///
    /// # Errors
    /// The last one.
    pub fn retry<T>(
        backoff: Duration,
        backoff_max: Duration,
        attempt: impl Fn() -> Result<T, FetchError>,
    ) -> Result<T, FetchError> {
        let ends = Instant::now() + backoff_max;
        let mut pause = backoff.max(Duration::from_millis(1));
        loop {
            match attempt() {
                Err(error) if error.is_retriable() && Instant::now() < ends => {
                    thread::sleep(pause.min(ends.saturating_duration_since(Instant::now())));
                    pause *= 2;
                }
                outcome => return outcome,
            }
        }
    }

    /// What is there.
    ///
    /// # Errors
    /// If there is no answer, or another one than that.
    pub fn get(&self, url: &str) -> Result<Vec<u8>, FetchError> {
        answer(url, self.agent.get(url).header("Accept", "application/json").call())
    }

    /// Sends a form.
    ///
    /// # Errors
    /// If there is no answer, or another one than a success.
    pub fn post(&self, url: &str, authorization: &str, form: &str) -> Result<Vec<u8>, FetchError> {
        let request = self.agent.post(url).header("Accept", "application/json").header("Cache-Control", "no-cache");
        let request = request.header("Content-Type", "application/x-www-form-urlencoded");
        answer(url, request.header("Authorization", authorization).send(form))
    }
}

fn answer(url: &str, answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Result<Vec<u8>, FetchError> {
    let failed = |source| FetchError::Transport { url: url.to_owned(), source: Box::new(source) };
    let mut answer = answer.map_err(failed)?;
    let body = answer.body_mut().with_config().limit(ANSWER_MAX).read_to_vec();
    if answer.status().as_u16() == 200 || answer.status().as_u16() == 201 {
        return body.map_err(failed);
    }
    let text = body.unwrap_or_default();
    let text = String::from_utf8_lossy(text.get(..REFUSAL_MAX.min(text.len())).unwrap_or_default()).into_owned();
    Err(FetchError::Status { url: url.to_owned(), status: answer.status().as_u16(), text })
}
