//! SASL: what comes before the first request that is handled (`SaslServerAuthenticator`).
//!
//! A client may ask for the versions once, names a mechanism, and exchanges tokens. Anything else ends the connection. With
//! `connections.max.reauth.ms` it does that again before its session ends (KIP-368).

mod error;
mod server;

use std::sync::Arc;
use std::time::{Duration, Instant};

use kafka_rpc::messages::{
    SaslAuthenticateRequest, SaslAuthenticateResponse, SaslHandshakeRequest, SaslHandshakeResponse,
};
use kafka_rpc::{ApiKey, ErrorCode, Message, RequestFrame};
use kafka_security::SaslMechanism;

pub(crate) use error::AuthenticationError;
use server::{Answer, Proven, Server};

use super::{ListenerSasl, Principal};
use crate::api::{self, At};
use crate::broker::Shared;
use crate::net::{Output, Peer};

/// How soon after an authentication the next one is taken for one, as in Kafka.
const REAUTHENTICATION_MIN: Duration = Duration::from_secs(1);
/// Memory for the arrays of a request, of which those of SASL have none.
const MEMORY_MAX: usize = 4096;

/// What a frame is handled with.
pub(crate) struct Exchange<'e> {
    pub(crate) shared: &'e Shared,
    pub(crate) peer: &'e Peer,
    pub(crate) at: At,
    pub(crate) now: Instant,
    pub(crate) out: &'e mut Output,
}

/// An authentication that has failed. The connection has to end, after the response if there is one.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) error: AuthenticationError,
    /// A whole frame, or nothing.
    pub(crate) response: Vec<u8>,
}

impl<E: Into<AuthenticationError>> From<E> for Failure {
    fn from(error: E) -> Self {
        Failure { error: error.into(), response: Vec::new() }
    }
}

/// The authentication of a connection.
pub(crate) struct Authenticator {
    listener: Arc<ListenerSasl>,
    state: State,
    /// The last authentication.
    session: Option<Session>,
}

enum State {
    /// A request for the versions, or the handshake.
    VersionsOrHandshake,
    Handshake,
    /// Tokens: each alone in a frame after a handshake of version 0, else in requests.
    Tokens {
        mechanism: SaslMechanism,
        server: Box<Server>,
        is_raw: bool,
    },
    Authenticated,
}

struct Session {
    mechanism: SaslMechanism,
    principal: Arc<Principal>,
    began: Instant,
    ends: Option<Instant>,
}

/// What comes of a token.
struct Settled {
    /// The token in return.
    token: Vec<u8>,
    /// For how long the session lasts; 0 without end.
    lifetime_ms: i64,
    /// Who the client has proven to be.
    principal: Option<Arc<Principal>>,
}

impl Authenticator {
    pub(crate) fn new(listener: Arc<ListenerSasl>) -> Self {
        Authenticator { listener, state: State::VersionsOrHandshake, session: None }
    }

    /// The longest frame that is taken; `None` after the authentication.
    pub(crate) fn frame_max(&self) -> Option<usize> {
        (!matches!(self.state, State::Authenticated)).then_some(self.listener.config.receive_max)
    }

    /// Whether this frame is a part of an authentication.
    pub(crate) fn takes(&mut self, frame: &[u8], now: Instant) -> bool {
        let State::Authenticated = self.state else { return true };
        let is_handshake = frame.first_chunk() == Some(&ApiKey::SaslHandshake.number().to_be_bytes());
        let is_due = |session: &Session| session.ends.is_some() && now >= session.began + REAUTHENTICATION_MIN;
        let is_again = is_handshake && self.session.as_ref().is_some_and(is_due);
        if is_again {
            self.state = State::Handshake;
        }
        is_again
    }

    /// Whether the client should have authenticated again before now.
    pub(crate) fn has_expired(&self, now: Instant) -> bool {
        self.session.as_ref().and_then(|session| session.ends).is_some_and(|ends| ends <= now)
    }

    /// Handles a frame; gives the principal when it is proven.
    pub(crate) fn receive(
        &mut self,
        frame: &[u8],
        exchange: &mut Exchange<'_>,
    ) -> Result<Option<Arc<Principal>>, Failure> {
        // What fails is not gone on with.
        match std::mem::replace(&mut self.state, State::VersionsOrHandshake) {
            State::Tokens { mechanism, server, is_raw: true } => {
                let answer = self.evaluate(mechanism, *server, frame, exchange)?;
                let Settled { token, principal, .. } = self.settle(mechanism, answer, true, exchange.now)?;
                exchange.out.push_frame(&u32::try_from(token.len()).unwrap_or(u32::MAX).to_be_bytes());
                exchange.out.push_frame(&token);
                Ok(principal)
            }
            State::Tokens { mechanism, server, is_raw: false } => self.token(mechanism, *server, frame, exchange),
            state => self.handshake(matches!(state, State::VersionsOrHandshake), frame, exchange).map(|()| None),
        }
    }

    /// A request before the tokens.
    fn handshake(&mut self, may_ask: bool, frame: &[u8], exchange: &mut Exchange<'_>) -> Result<(), Failure> {
        let request = RequestFrame::parse(frame)?;
        match request.api_key {
            ApiKey::ApiVersions if may_ask => {
                self.state = if request.is_supported() { State::Handshake } else { State::VersionsOrHandshake };
                api::handle_without_faults(exchange.shared, frame, exchange.peer, exchange.at, exchange.out)?;
                Ok(())
            }
            ApiKey::SaslHandshake => self.mechanism(&request, exchange),
            other => Err(AuthenticationError::BeforeHandshake(other).into()),
        }
    }

    fn mechanism(&mut self, request: &RequestFrame<'_>, exchange: &mut Exchange<'_>) -> Result<(), Failure> {
        if !request.is_supported() {
            return Err(api::Refusal::Unsupported(request.api_key, request.version).into());
        }
        let asked: SaslHandshakeRequest<'_> = request.message(MEMORY_MAX).map_err(api::Refusal::from)?;
        let known =
            self.listener.config.mechanisms.iter().find(|mechanism| mechanism.name() == asked.mechanism).copied();
        let mechanisms = self.listener.config.mechanisms.iter().map(|mechanism| mechanism.name().into());
        let code = if known.is_some() { ErrorCode::None } else { ErrorCode::UnsupportedSaslMechanism };
        let response = SaslHandshakeResponse { error_code: code.code(), mechanisms: mechanisms.collect() };
        let Some(mechanism) = known else {
            let response = written(request, &response)?;
            let error = AuthenticationError::Mechanism(asked.mechanism.chars().take(64).collect());
            return Err(Failure { error, response });
        };
        respond(request, &response, exchange.out)?;
        let server = Box::new(Server::new(mechanism));
        self.state = State::Tokens { mechanism, server, is_raw: request.version == 0 };
        Ok(())
    }

    /// A request with a token.
    fn token(
        &mut self,
        mechanism: SaslMechanism,
        server: Server,
        frame: &[u8],
        exchange: &mut Exchange<'_>,
    ) -> Result<Option<Arc<Principal>>, Failure> {
        let request = RequestFrame::parse(frame)?;
        if request.api_key != ApiKey::SaslAuthenticate {
            return Err(AuthenticationError::BeforeTokens(request.api_key).into());
        }
        if !request.is_supported() {
            return Err(api::Refusal::Unsupported(request.api_key, request.version).into());
        }
        let asked: SaslAuthenticateRequest<'_> = request.message(MEMORY_MAX).map_err(api::Refusal::from)?;
        let outcome = self
            .evaluate(mechanism, server, &asked.auth_bytes, exchange)
            .and_then(|answer| self.settle(mechanism, answer, false, exchange.now));
        match outcome {
            Ok(Settled { token, lifetime_ms, principal }) => {
                let response = SaslAuthenticateResponse {
                    auth_bytes: token.into(),
                    session_lifetime_ms: lifetime_ms,
                    ..Default::default()
                };
                respond(&request, &response, exchange.out)?;
                Ok(principal)
            }
            Err(error) => {
                let response = SaslAuthenticateResponse {
                    error_code: ErrorCode::SaslAuthenticationFailed.code(),
                    error_message: Some(error.told(mechanism, self.session.is_some()).into()),
                    ..Default::default()
                };
                Err(Failure { error, response: written(&request, &response)? })
            }
        }
    }

    fn evaluate(
        &self,
        mechanism: SaslMechanism,
        server: Server,
        token: &[u8],
        exchange: &Exchange<'_>,
    ) -> Result<Answer, AuthenticationError> {
        // The same way has to lead to the same principal.
        if let Some(session) = self.session.as_ref().filter(|session| session.mechanism != mechanism) {
            let asked = mechanism.name().to_owned();
            return Err(AuthenticationError::OtherMechanism { first: session.mechanism, asked });
        }
        let with = server::With {
            listener: &self.listener,
            image: &exchange.shared.image,
            now: exchange.now,
            now_ms: exchange.shared.clock.now_ms(),
        };
        server.evaluate(token, &with)
    }

    /// Takes over what came of a token.
    fn settle(
        &mut self,
        mechanism: SaslMechanism,
        answer: Answer,
        is_raw: bool,
        now: Instant,
    ) -> Result<Settled, AuthenticationError> {
        let Proven { name, token, lifetime_ms: of_credential } = match answer {
            Answer::Challenge(server, token) => {
                self.state = State::Tokens { mechanism, server: Box::new(server), is_raw };
                return Ok(Settled { token, lifetime_ms: 0, principal: None });
            }
            Answer::Proven(proven) => proven,
        };
        let principal = Arc::new(Principal::user(name));
        if let Some(session) = self.session.as_ref().filter(|session| session.principal != principal) {
            return Err(AuthenticationError::other_principal(&session.principal, &principal));
        }
        let lifetime_ms = self.listener.config.max_reauth_ms.get(&mechanism).copied().filter(|millis| *millis > 0);
        let lifetime_ms = lifetime_ms.into_iter().chain(of_credential).min();
        let ends = lifetime_ms.and_then(|millis| now.checked_add(Duration::from_millis(millis)));
        self.session = Some(Session { mechanism, principal: Arc::clone(&principal), began: now, ends });
        self.state = State::Authenticated;
        let lifetime_ms = lifetime_ms.map_or(0, |millis| i64::try_from(millis).unwrap_or(i64::MAX));
        Ok(Settled { token, lifetime_ms, principal: Some(principal) })
    }
}

fn respond<'r>(
    request: &RequestFrame<'_>,
    response: &impl Message<'r>,
    out: &mut Output,
) -> Result<(), AuthenticationError> {
    let header = (request.api_key, request.version, request.correlation_id);
    Ok(out.respond(response, header).map_err(|error| api::Refusal::Response(request.api_key, error))?)
}

fn written<'r>(request: &RequestFrame<'_>, response: &impl Message<'r>) -> Result<Vec<u8>, AuthenticationError> {
    let mut out = Output::default();
    respond(request, response, &mut out)?;
    Ok(out.into_bytes())
}
