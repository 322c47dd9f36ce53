//! SASL: what a client does before its first request (`SaslClientAuthenticator`), and again before its session ends (KIP-368).

use std::time::{Duration, Instant};

use kafka_rpc::messages::{SaslAuthenticateRequest, SaslHandshakeRequest};
use kafka_rpc::{ErrorCode, Request};

use super::{Connection, InFlight, Pending, Reply};
use crate::error::{ApiError, ClientError};
use crate::security::ExchangeError;

/// The part of a session after which the client authenticates again.
const SESSION_PART: f64 = 0.85;

impl Connection {
    /// Proves who the client is, where it has to.
    pub(super) fn authenticate(&mut self) -> Result<(), ClientError> {
        self.reauthenticate_at = None;
        let Some(login) = self.config.security.login().cloned() else { return Ok(()) };
        let request = SaslHandshakeRequest { mechanism: login.mechanism.name().into() };
        let reply = self.exchange(&request, 1)?;
        let response = reply.message()?;
        if response.error_code == ErrorCode::UnsupportedSaslMechanism.code() {
            let enabled = response.mechanisms.join(", ");
            let message = format!(
                "Client SASL mechanism '{}' not enabled in the server, enabled mechanisms are [{enabled}]",
                login.mechanism
            );
            return Err(ApiError { code: ErrorCode::UnsupportedSaslMechanism, message: Some(message) }.into());
        }
        ApiError::check(response.error_code, None)?;
        let begun = login.begin();
        let (mut exchange, mut token) =
            begun.map_err(|source| ClientError::Token { peer: self.peer.clone(), source: Box::new(source) })?;
        loop {
            let request = SaslAuthenticateRequest { auth_bytes: token.into(), ..Default::default() };
            let version = self.latest::<SaslAuthenticateRequest<'_>>().unwrap_or(0);
            let reply = self.exchange(&request, version)?;
            let response = reply.message()?;
            ApiError::check(response.error_code, response.error_message.as_deref())?;
            let next = exchange.next(&response.auth_bytes);
            let next = next.map_err(|error| match error {
                ExchangeError::Scram(source) => ClientError::Sasl { peer: self.peer.clone(), source },
                ExchangeError::Refused(why) => {
                    ApiError { code: ErrorCode::SaslAuthenticationFailed, message: Some(why) }.into()
                }
            });
            match next? {
                Some(next) => token = next,
                None => {
                    let lifetime = u64::try_from(response.session_lifetime_ms).unwrap_or(0);
                    let after = Duration::from_millis(lifetime).mul_f64(SESSION_PART);
                    self.reauthenticate_at = (lifetime > 0).then(|| Instant::now().checked_add(after)).flatten();
                    return Ok(());
                }
            }
        }
    }

    /// Sends a request of the authentication, and waits for its answer.
    fn exchange<'a, R: Request<'a>>(&mut self, request: &R, version: i16) -> Result<Reply<R>, ClientError> {
        let correlation_id = self.write(request, version)?;
        self.in_flight.push_back(InFlight { correlation_id, api: R::API_KEY, version });
        self.receive(Pending { correlation_id, api: R::API_KEY, version })
    }

    /// Authenticates again if the session is about to end.
    pub(super) fn keep_session(&mut self) -> Result<(), ClientError> {
        match self.reauthenticate_at {
            Some(at) if at <= Instant::now() => self.authenticate(),
            _ => Ok(()),
        }
    }
}
