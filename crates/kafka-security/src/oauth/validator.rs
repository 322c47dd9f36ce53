//! Tokens that an issuer has signed (`BrokerJwtValidator`).

use serde_json::{Map, Value};

use super::claims::seconds;
use super::jwt::{Jwt, object};
use super::{JwkSet, Token, TokenError};

/// What is asked of a token besides its signature. The names of the fields are those of the settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Validator {
    /// `sasl.oauthbearer.clock.skew.seconds`
    pub clock_skew_seconds: i64,
    /// `sasl.oauthbearer.expected.audience`: one of these. Without them a token must not name any.
    pub expected_audience: Vec<String>,
    /// `sasl.oauthbearer.expected.issuer`
    pub expected_issuer: Option<String>,
    /// `sasl.oauthbearer.scope.claim.name`
    pub scope_claim_name: String,
    /// `sasl.oauthbearer.sub.claim.name`
    pub sub_claim_name: String,
}

impl Validator {
    /// Whom to believe the bearer of a token to be.
    ///
    /// # Errors
    /// For a token that is not believed.
    pub fn validate(&self, token: &str, keys: &JwkSet, now_ms: i64) -> Result<Token, TokenError> {
        let jwt = Jwt::split(token)?;
        keys.verify(&jwt)?;
        let claims = object(jwt.payload, "payload")?;
        self.check_times(&claims, now_ms.div_euclid(1000))?;
        self.check_parties(&claims)?;
        Token::of(&claims, &self.scope_claim_name, &self.sub_claim_name)
    }

    fn check_times(&self, claims: &Map<String, Value>, now: i64) -> Result<(), TokenError> {
        let missing = |name: &str| TokenError::NoClaim(name.to_owned());
        let ends = seconds(claims, "exp")?.ok_or_else(|| missing("exp"))?;
        let issued = seconds(claims, "iat")?.ok_or_else(|| missing("iat"))?;
        let begins = seconds(claims, "nbf")?;
        if now.saturating_sub(self.clock_skew_seconds) >= ends {
            return Err(TokenError::Expired { at: ends });
        }
        if ends < issued || begins.is_some_and(|begins| ends < begins) {
            return Err(TokenError::Times);
        }
        match begins {
            Some(at) if now.saturating_add(self.clock_skew_seconds) < at => Err(TokenError::NotYet { at }),
            _ => Ok(()),
        }
    }

    fn check_parties(&self, claims: &Map<String, Value>) -> Result<(), TokenError> {
        for name in ["iss", "sub", "jti"] {
            if claims.get(name).is_some_and(|claim| !claim.is_string() && !claim.is_null()) {
                return Err(TokenError::Claim(name.to_owned()));
            }
        }
        let audience = match claims.get("aud") {
            None | Some(Value::Null) => None,
            Some(Value::String(audience)) => Some(vec![audience.as_str()]),
            Some(Value::Array(audiences)) => {
                let texts: Option<Vec<&str>> = audiences.iter().map(Value::as_str).collect();
                Some(texts.ok_or_else(|| TokenError::Claim("aud".to_owned()))?)
            }
            Some(_) => return Err(TokenError::Claim("aud".to_owned())),
        };
        let is_expected = |audience: &&str| self.expected_audience.iter().any(|expected| expected == audience);
        match audience {
            None if self.expected_audience.is_empty() => {}
            Some(audience) if audience.iter().any(is_expected) => {}
            _ => return Err(TokenError::Audience),
        }
        match &self.expected_issuer {
            Some(expected) if claims.get("iss").and_then(Value::as_str) != Some(expected) => Err(TokenError::Issuer),
            _ => Ok(()),
        }
    }
}
