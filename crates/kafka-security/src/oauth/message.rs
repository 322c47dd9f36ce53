//! The messages of OAUTHBEARER (`OAuthBearerClientInitialResponse`):
//! `n,[a=AUTHORIZATION_ID],^Aauth=Bearer TOKEN^A[KEY=VALUE^A]...^A`.

use std::fmt;

use crate::Secret;

const SEPARATOR: char = '\u{1}';

/// What a client says first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InitialResponse {
    /// The token.
    pub token: Secret,
    /// Who the client wants to act for; empty for the user of the token.
    pub authorization_id: String,
    /// Other pairs (KIP-342). Nothing here looks at them.
    pub extensions: Vec<(String, String)>,
}

/// Why bytes are no message.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MessageError {
    /// They have another form.
    Form,
    /// There is no token.
    NoAuth,
    /// What stands for the token is no token.
    Auth,
    /// A token of another kind than `Bearer`.
    Scheme,
    /// An extension has a name or a value that it may not have.
    Extension(String),
}

impl fmt::Display for MessageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MessageError::Form => f.write_str("Invalid OAUTHBEARER client first message"),
            MessageError::NoAuth => f.write_str("Invalid OAUTHBEARER client first message: 'auth' not specified"),
            MessageError::Auth => f.write_str("Invalid OAUTHBEARER client first message: invalid 'auth' format"),
            MessageError::Scheme => f.write_str("Invalid scheme in OAUTHBEARER client first message"),
            MessageError::Extension(name) => write!(f, "Extension {} is invalid", name.escape_debug()),
        }
    }
}

impl std::error::Error for MessageError {}

impl InitialResponse {
    /// What a client answers to a refusal before the broker ends the exchange.
    pub const AFTER_REFUSAL: &'static [u8] = b"\x01";

    /// A message with extensions that its user has chosen.
    ///
    /// # Errors
    /// For an extension that cannot be sent.
    pub fn new(token: Secret, extensions: Vec<(String, String)>) -> Result<Self, MessageError> {
        if let Some((name, _)) = extensions.iter().find(|(name, value)| name == "auth" || !is_pair(name, value)) {
            return Err(MessageError::Extension(name.clone()));
        }
        Ok(InitialResponse { token, authorization_id: String::new(), extensions })
    }

    /// Reads a message.
    ///
    /// # Errors
    /// For bytes that are none.
    pub fn parse(bytes: &[u8]) -> Result<Self, MessageError> {
        let text = std::str::from_utf8(bytes).map_err(|_| MessageError::Form)?;
        let rest = text.strip_prefix("n,").ok_or(MessageError::Form)?;
        let (id, rest) = rest.split_once(',').ok_or(MessageError::Form)?;
        let authorization_id = match id.strip_prefix("a=") {
            Some(id) if is_sasl_name(id) => id,
            None if id.is_empty() => id,
            _ => return Err(MessageError::Form),
        };
        let pairs = rest.strip_prefix(SEPARATOR).and_then(|rest| rest.strip_suffix(SEPARATOR));
        let (mut auth, mut extensions) = (None, Vec::new());
        for pair in pairs.ok_or(MessageError::Form)?.split_terminator(SEPARATOR) {
            match pair.split_once('=').filter(|(name, value)| is_pair(name, value)) {
                Some(("auth", value)) => auth = Some(value),
                Some((name, value)) => extensions.push((name.to_owned(), value.to_owned())),
                None => return Err(MessageError::Form),
            }
        }
        if pairs.is_some_and(|pairs| !pairs.is_empty() && !pairs.ends_with(SEPARATOR)) {
            return Err(MessageError::Form);
        }
        let token = token_of(auth.ok_or(MessageError::NoAuth)?)?;
        Ok(InitialResponse { token, authorization_id: authorization_id.to_owned(), extensions })
    }

    /// The bytes of a message.
    pub fn to_bytes(&self) -> Vec<u8> {
        let id = if self.authorization_id.is_empty() { "" } else { "a=" };
        let mut text = format!("n,{id}{},{SEPARATOR}auth=Bearer {}", self.authorization_id, self.token.expose());
        for (name, value) in &self.extensions {
            text.push(SEPARATOR);
            text.push_str(name);
            text.push('=');
            text.push_str(value);
        }
        text.push(SEPARATOR);
        text.push(SEPARATOR);
        text.into_bytes()
    }
}

/// The token of `Bearer TOKEN`.
fn token_of(auth: &str) -> Result<Secret, MessageError> {
    let (scheme, token) = auth.split_once(' ').ok_or(MessageError::Auth)?;
    let token = token.trim_start_matches(' ');
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let is_of_token = |c: char| c.is_ascii_alphanumeric() || "-_~+/.".contains(c);
    let text = token.trim_end_matches('=');
    if scheme.is_empty() || !scheme.chars().all(is_word) || text.is_empty() || !text.chars().all(is_of_token) {
        return Err(MessageError::Auth);
    }
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(MessageError::Scheme);
    }
    Ok(Secret::new(token))
}

fn is_pair(name: &str, value: &str) -> bool {
    let is_of_value = |c: char| matches!(c, '\u{20}'..='\u{7e}' | '\t' | '\r' | '\n');
    !name.is_empty()
        && name.chars().all(|c| c.is_ascii_alphabetic())
        && !value.is_empty()
        && value.chars().all(is_of_value)
}

/// Whether commas and equal signs are escaped, as they have to be.
fn is_sasl_name(id: &str) -> bool {
    let plain = id.replace("=2C", "").replace("=3D", "");
    !id.is_empty() && plain.chars().all(|c| matches!(c, '\u{1}'..='\u{7f}') && c != '=')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_read_and_written() {
        let message = InitialResponse::new(Secret::new("a.b.c"), vec![("traceId".into(), "1 =2".into())]).unwrap();
        assert_eq!(message.to_bytes(), b"n,,\x01auth=Bearer a.b.c\x01traceId=1 =2\x01\x01");
        assert_eq!(InitialResponse::parse(&message.to_bytes()), Ok(message));
        let message = InitialResponse::parse(b"n,a=me=2Cyou,\x01auth=bEaReR   ab==\x01\x01").unwrap();
        assert_eq!((message.authorization_id.as_str(), message.token.expose()), ("me=2Cyou", "ab=="));
        for (bytes, expected) in [
            (&b""[..], MessageError::Form),
            (b"n,,\x01auth=Bearer a.b.c\x01", MessageError::Form),
            (b"n,,\x01auth=Bearer a.b.c", MessageError::Form),
            (b"y,,\x01auth=Bearer a.b.c\x01\x01", MessageError::Form),
            (b"n,b=x,\x01auth=Bearer a.b.c\x01\x01", MessageError::Form),
            (b"n,a=,\x01auth=Bearer a.b.c\x01\x01", MessageError::Form),
            (b"n,a=x=y,\x01auth=Bearer a.b.c\x01\x01", MessageError::Form),
            (b"n,,\x01auth=Bearer a.b.c\x01x1=2\x01\x01", MessageError::Form),
            (b"n,,\x01auth=Bearer a.b.c\x01\x01\x01", MessageError::Form),
            (b"n,,\x01x=y\x01\x01", MessageError::NoAuth),
            (b"n,,\x01\x01", MessageError::NoAuth),
            (b"n,,\x01auth=Bearer\x01\x01", MessageError::Auth),
            (b"n,,\x01auth=Bearer a=b\x01\x01", MessageError::Auth),
            (b"n,,\x01auth=Basic a.b.c\x01\x01", MessageError::Scheme),
            (b"n,,\x01auth=Bearer \xff\x01\x01", MessageError::Form),
        ] {
            assert_eq!(InitialResponse::parse(bytes), Err(expected), "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn extensions_cannot_smuggle_other_pairs_in() {
        for (name, value) in [("auth", "x"), ("a", "x\u{1}auth=Bearer y"), ("a b", "x"), ("a", "")] {
            let made = InitialResponse::new(Secret::new("a"), vec![(name.into(), value.into())]);
            assert_eq!(made, Err(MessageError::Extension(name.into())));
        }
    }
}
