//! What a token says of its bearer.

use serde_json::{Map, Value};

use super::TokenError;

/// A token that is believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Who the bearer is.
    pub principal: String,
    /// When its time is over, in ms.
    pub expires_ms: i64,
}

impl Token {
    /// What the claims of a token say (`ClaimValidationUtils`).
    pub(super) fn of(claims: &Map<String, Value>, scope_name: &str, sub_name: &str) -> Result<Self, TokenError> {
        let wrong = |name: &str| TokenError::Claim(name.to_owned());
        let mut seen = Vec::new();
        for scope in scopes(claims.get(scope_name)).ok_or_else(|| wrong(scope_name))? {
            let scope = scope.trim();
            if scope.is_empty() || seen.contains(&scope) {
                return Err(wrong(scope_name));
            }
            seen.push(scope);
        }
        let expires = seconds(claims, "exp")?.ok_or_else(|| TokenError::NoClaim("exp".into()))?;
        let principal = match claims.get(sub_name) {
            Some(Value::String(name)) if !name.trim().is_empty() => name.trim().to_owned(),
            None | Some(Value::Null) => return Err(TokenError::NoClaim(sub_name.to_owned())),
            Some(_) => return Err(wrong(sub_name)),
        };
        if seconds(claims, "iat")?.is_some_and(|issued| issued < 0) {
            return Err(wrong("iat"));
        }
        let expires_ms = expires.checked_mul(1000).filter(|millis| *millis >= 0).ok_or_else(|| wrong("exp"))?;
        Ok(Token { principal, expires_ms })
    }
}

/// Scopes: a text is one. What is neither a text nor an array stands for none.
fn scopes(claim: Option<&Value>) -> Option<Vec<&str>> {
    match claim {
        Some(Value::String(scope)) => Some(vec![scope]),
        Some(Value::Array(scopes)) => scopes.iter().map(Value::as_str).collect(),
        _ => Some(Vec::new()),
    }
}

/// A claim that is a time, without parts of seconds.
pub(super) fn seconds(claims: &Map<String, Value>, name: &str) -> Result<Option<i64>, TokenError> {
    match claims.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Number(number)) => {
            let whole = number.as_i64().or_else(|| number.is_f64().then(|| number.as_f64().map(|real| real as i64))?);
            whole.map(Some).ok_or_else(|| TokenError::Claim(name.to_owned()))
        }
        Some(_) => Err(TokenError::Claim(name.to_owned())),
    }
}
