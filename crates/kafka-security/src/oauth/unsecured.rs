//! Unsigned tokens, for development: `OAuthBearerUnsecuredValidatorCallbackHandler` and
//! `OAuthBearerUnsecuredLoginCallbackHandler`.

use data_encoding::BASE64URL_NOPAD;
use serde_json::{Map, Value, json};

use super::jwt::{Jwt, object};
use super::{LoginError, Token, TokenError};
use crate::Secret;
use crate::jaas::JaasConfig;

/// What is asked of an unsecured token: options of the login module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnsecuredValidator {
    /// `unsecuredValidatorPrincipalClaimName`
    principal_claim_name: String,
    /// `unsecuredValidatorScopeClaimName`
    scope_claim_name: String,
    /// `unsecuredValidatorRequiredScope`
    required_scope: Vec<String>,
    /// `unsecuredValidatorAllowableClockSkewMs`
    clock_skew_ms: i32,
}

/// A claim, as Kafka's reader of unsecured tokens sees it.
enum Claim {
    Text(String),
    Number(f64),
    List(Vec<String>),
}

impl Claim {
    fn of(value: &Value) -> Self {
        match value {
            Value::Array(elements) => Claim::List(elements.iter().map(as_text).collect()),
            Value::Number(number) => Claim::Number(number.as_f64().unwrap_or(f64::NAN)),
            other => Claim::Text(as_text(other)),
        }
    }
}

/// (`JsonNode.asText`)
fn as_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Object(_) | Value::Array(_) => String::new(),
        other => other.to_string(),
    }
}

impl UnsecuredValidator {
    /// What the options of a login module say.
    ///
    /// # Errors
    /// The name of an option that has a wrong value.
    pub fn read(jaas: &JaasConfig) -> Result<Self, &'static str> {
        const SKEW: &str = "unsecuredValidatorAllowableClockSkewMs";
        const SCOPE: &str = "unsecuredValidatorRequiredScope";
        let option = |name| option(jaas, name);
        let required: Vec<String> = option(SCOPE).unwrap_or_default().split_whitespace().map(str::to_owned).collect();
        let is_of_scope = |c: char| matches!(c, '\u{21}' | '\u{23}'..='\u{5b}' | '\u{5d}'..='\u{7e}');
        if !required.iter().all(|scope| scope.chars().all(is_of_scope)) {
            return Err(SCOPE);
        }
        let skew = option(SKEW).map_or(Ok(0), str::parse).ok().filter(|skew| *skew >= 0);
        Ok(UnsecuredValidator {
            principal_claim_name: option("unsecuredValidatorPrincipalClaimName").unwrap_or("sub").to_owned(),
            scope_claim_name: option("unsecuredValidatorScopeClaimName").unwrap_or("scope").to_owned(),
            required_scope: required,
            clock_skew_ms: skew.ok_or(SKEW)?,
        })
    }

    /// Who the bearer of a token says to be.
    ///
    /// # Errors
    /// For a token that is signed, whose time is over, or that lacks something.
    pub fn validate(&self, token: &str, now_ms: i64) -> Result<Token, TokenError> {
        let jwt = Jwt::split(token)?;
        let header = object(jwt.header, "header")?;
        let algorithm = header.get("alg").map(as_text).unwrap_or_default();
        if algorithm != "none" {
            return Err(TokenError::Algorithm(algorithm));
        }
        if !jwt.signature.is_empty() {
            return Err(TokenError::Signature);
        }
        let claims = object(jwt.payload, "payload")?;
        let (now_ms, skew) = (now_ms as f64, f64::from(self.clock_skew_ms));
        let ends = number(&claims, "exp")?.ok_or_else(|| TokenError::NoClaim("exp".to_owned()))?;
        let principal = match claims.get(&self.principal_claim_name).map(Claim::of) {
            None => return Err(TokenError::NoClaim(self.principal_claim_name.clone())),
            Some(Claim::Text(name)) if !name.trim().is_empty() => name,
            Some(_) => return Err(TokenError::Claim(self.principal_claim_name.clone())),
        };
        if let Some(issued) = number(&claims, "iat")? {
            if 1000.0 * issued > now_ms + skew {
                return Err(TokenError::NotYet { at: issued as i64 });
            }
            if ends <= issued {
                return Err(TokenError::Times);
            }
        }
        if now_ms - skew >= 1000.0 * ends {
            return Err(TokenError::Expired { at: ends as i64 });
        }
        self.check_scope(&claims)?;
        Ok(Token { principal, expires_ms: (ends * 1000.0).round() as i64 })
    }

    fn check_scope(&self, claims: &Map<String, Value>) -> Result<(), TokenError> {
        let scopes = match claims.get(&self.scope_claim_name).map(Claim::of) {
            None => Vec::new(),
            Some(Claim::Text(scope)) => vec![scope],
            Some(Claim::List(scopes)) => scopes,
            Some(Claim::Number(_)) => return Err(TokenError::Claim(self.scope_claim_name.clone())),
        };
        if self.required_scope.iter().all(|required| scopes.iter().any(|scope| scope.trim() == required)) {
            return Ok(());
        }
        Err(TokenError::Scope { required: self.required_scope.clone() })
    }
}

fn number(claims: &Map<String, Value>, name: &str) -> Result<Option<f64>, TokenError> {
    match claims.get(name).map(Claim::of) {
        None => Ok(None),
        Some(Claim::Number(number)) => Ok(Some(number)),
        Some(_) => Err(TokenError::Claim(name.to_owned())),
    }
}

/// An option that is not blank.
fn option<'j>(jaas: &'j JaasConfig, name: &str) -> Option<&'j str> {
    jaas.option(name).map(|value| value.expose().trim()).filter(|value| !value.is_empty())
}

/// Makes unsecured tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct UnsecuredLogin {
    lifetime_seconds: i64,
    claims: Map<String, Value>,
}

impl UnsecuredLogin {
    /// The prefix of options that are extensions.
    pub(super) const EXTENSION: &'static str = "unsecuredLoginExtension_";

    pub(super) fn read(jaas: &JaasConfig) -> Result<Self, LoginError> {
        let wrong = |option: &str| LoginError::Option(option.to_owned());
        let mut claims = Map::new();
        for (name, value) in jaas.options() {
            let value = value.expose();
            let (claim, value) = if let Some(claim) = name.strip_prefix("unsecuredLoginStringClaim_") {
                (claim, json!(value))
            } else if let Some(claim) = name.strip_prefix("unsecuredLoginNumberClaim_") {
                (claim, json!(value.trim().parse::<f64>().map_err(|_| wrong(name))?))
            } else if let Some(claim) = name.strip_prefix("unsecuredLoginListClaim_") {
                (claim, list(value))
            } else {
                continue;
            };
            // Times are those of the making.
            if claim == "iat" || claim == "exp" {
                return Err(wrong(name));
            }
            claims.insert(claim.to_owned(), value);
        }
        let principal = option(jaas, "unsecuredLoginPrincipalClaimName").unwrap_or("sub");
        let has_principal =
            claims.get(principal).and_then(|name| name.as_str()).is_some_and(|name| !name.trim().is_empty());
        if !has_principal {
            return Err(LoginError::NoOption(format!("unsecuredLoginStringClaim_{principal}")));
        }
        const LIFETIME: &str = "unsecuredLoginLifetimeSeconds";
        let lifetime = jaas.option(LIFETIME).map_or(Ok(3600), |text| text.expose().parse());
        Ok(UnsecuredLogin { lifetime_seconds: lifetime.map_err(|_| wrong(LIFETIME))?, claims })
    }

    pub(super) fn token(&self, now_ms: i64) -> Secret {
        let now = now_ms as f64 / 1000.0;
        let mut claims = Map::new();
        claims.insert("exp".to_owned(), json!(now + self.lifetime_seconds as f64));
        claims.insert("iat".to_owned(), json!(now));
        claims.extend(self.claims.clone());
        let encode = |value: Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
        Secret::new(format!("{}.{}.", encode(json!({"alg": "none"})), encode(Value::Object(claims))))
    }
}

/// A list after the character that separates its elements: `,a,b`.
fn list(text: &str) -> Value {
    let mut chars = text.chars();
    match chars.next() {
        Some(separator) if !chars.as_str().is_empty() => json!(chars.as_str().split(separator).collect::<Vec<_>>()),
        _ => json!([]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jaas(options: &str) -> JaasConfig {
        JaasConfig::parse(&format!("a.OAuthBearerLoginModule required {options};")).unwrap()
    }

    #[test]
    fn tokens_are_made_and_believed_for_their_time() {
        let options = "unsecuredLoginStringClaim_sub=alice unsecuredLoginListClaim_scope=',a,b' unsecuredLoginLifetimeSeconds='10'";
        let token = UnsecuredLogin::read(&jaas(options)).unwrap().token(1_000_500);
        let validator = UnsecuredValidator::read(&jaas("unsecuredValidatorRequiredScope='a b'")).unwrap();
        let believed = Token { principal: "alice".into(), expires_ms: 1_010_500 };
        assert_eq!(validator.validate(token.expose(), 1_000_500), Ok(believed));
        let late = validator.validate(token.expose(), 1_010_500);
        assert_eq!(late, Err(TokenError::Expired { at: 1010 }));
        let early = validator.validate(token.expose(), 1_000_499);
        assert_eq!(early, Err(TokenError::NotYet { at: 1000 }));
        let other = UnsecuredValidator::read(&jaas("unsecuredValidatorRequiredScope='c'")).unwrap();
        let refused = other.validate(token.expose(), 1_000_500);
        assert_eq!(refused, Err(TokenError::Scope { required: vec!["c".into()] }));
        let signed = validator.validate(&format!("{}AAAA", token.expose()), 1_000_500);
        assert_eq!(signed, Err(TokenError::Signature));
    }

    #[test]
    fn options_that_cannot_be_used_are_named() {
        let login = |options| UnsecuredLogin::read(&jaas(options)).unwrap_err().to_string();
        assert!(login("unsecuredLoginStringClaim_iat=1").contains("unsecuredLoginStringClaim_iat"));
        assert!(login("unsecuredLoginNumberClaim_x=y").contains("unsecuredLoginNumberClaim_x"));
        assert!(login("unsecuredLoginStringClaim_x=y").contains("unsecuredLoginStringClaim_sub"));
        let skew = UnsecuredValidator::read(&jaas("unsecuredValidatorAllowableClockSkewMs='-1'"));
        assert_eq!(skew, Err("unsecuredValidatorAllowableClockSkewMs"));
    }
}
