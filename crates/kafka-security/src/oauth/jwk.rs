//! Keys of an issuer: a JSON Web Key Set (RFC 7517), and signatures by them.

use std::fmt;

use ring::signature::{self, RsaParameters, RsaPublicKeyComponents, UnparsedPublicKey, VerificationAlgorithm};
use serde_json::{Map, Value};

use super::TokenError;
use super::jwt::{Jwt, Object, decode, object, text};

/// Keys that verify signatures. Keys of kinds that are not used here are left out.
#[derive(Clone, Debug, Default)]
pub struct JwkSet(Vec<Jwk>);

#[derive(Clone, Debug)]
struct Jwk {
    id: Option<String>,
    /// The algorithm that it is for, if it is for one alone.
    algorithm: Option<String>,
    key: Key,
}

#[derive(Clone, Debug)]
enum Key {
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
    },
    /// A point of a curve, not compressed.
    Ec {
        curve: &'static str,
        point: Vec<u8>,
    },
    Ed25519(Vec<u8>),
}

/// Why bytes are no key set.
#[derive(Debug)]
#[non_exhaustive]
pub enum JwkSetError {
    /// They are not JSON.
    Json(serde_json::Error),
    /// There is no array `keys`.
    NoKeys,
}

impl fmt::Display for JwkSetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            JwkSetError::Json(error) => write!(f, "not a JSON Web Key Set: {error}"),
            JwkSetError::NoKeys => f.write_str("not a JSON Web Key Set: no array keys"),
        }
    }
}

impl std::error::Error for JwkSetError {}

/// An algorithm of signatures.
enum Algorithm {
    Rsa(&'static RsaParameters),
    Ec(&'static str, &'static dyn VerificationAlgorithm),
    EdDsa,
}

impl Algorithm {
    fn of(name: &str) -> Option<Self> {
        Some(match name {
            "RS256" => Algorithm::Rsa(&signature::RSA_PKCS1_2048_8192_SHA256),
            "RS384" => Algorithm::Rsa(&signature::RSA_PKCS1_2048_8192_SHA384),
            "RS512" => Algorithm::Rsa(&signature::RSA_PKCS1_2048_8192_SHA512),
            "PS256" => Algorithm::Rsa(&signature::RSA_PSS_2048_8192_SHA256),
            "PS384" => Algorithm::Rsa(&signature::RSA_PSS_2048_8192_SHA384),
            "PS512" => Algorithm::Rsa(&signature::RSA_PSS_2048_8192_SHA512),
            "ES256" => Algorithm::Ec("P-256", &signature::ECDSA_P256_SHA256_FIXED),
            "ES384" => Algorithm::Ec("P-384", &signature::ECDSA_P384_SHA384_FIXED),
            "EdDSA" => Algorithm::EdDsa,
            _ => return None,
        })
    }

    /// Whether the key is of this algorithm's kind.
    fn suits(&self, key: &Key) -> bool {
        match (self, key) {
            (Algorithm::Rsa(_), Key::Rsa { .. }) | (Algorithm::EdDsa, Key::Ed25519(_)) => true,
            (Algorithm::Ec(curve, _), Key::Ec { curve: of_key, .. }) => curve == of_key,
            _ => false,
        }
    }

    fn verifies(&self, key: &Key, message: &[u8], signature: &[u8]) -> bool {
        let verified = match (self, key) {
            (Algorithm::Rsa(parameters), Key::Rsa { n, e }) => {
                RsaPublicKeyComponents { n, e }.verify(parameters, message, signature)
            }
            (Algorithm::Ec(_, algorithm), Key::Ec { point, .. }) => {
                UnparsedPublicKey::new(*algorithm, point).verify(message, signature)
            }
            (Algorithm::EdDsa, Key::Ed25519(key)) => {
                UnparsedPublicKey::new(&signature::ED25519, key).verify(message, signature)
            }
            _ => return false,
        };
        verified.is_ok()
    }
}

impl JwkSet {
    /// Reads a key set.
    ///
    /// # Errors
    /// For bytes that are none. A key that cannot be used is no error: sets have keys for other uses, and of kinds to come.
    pub fn parse(bytes: &[u8]) -> Result<Self, JwkSetError> {
        let Object(members) = serde_json::from_slice(bytes).map_err(JwkSetError::Json)?;
        let Some(Value::Array(keys)) = members.get("keys") else { return Err(JwkSetError::NoKeys) };
        Ok(JwkSet(keys.iter().filter_map(|key| Jwk::read(key.as_object()?)).collect()))
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Verifies the signature of a token.
    pub(super) fn verify(&self, jwt: &Jwt<'_>) -> Result<(), TokenError> {
        let header = object(jwt.header, "header")?;
        let name = text(&header, "alg").unwrap_or_default();
        let algorithm = Algorithm::of(name).ok_or_else(|| TokenError::Algorithm(name.to_owned()))?;
        if header.contains_key("crit") {
            return Err(TokenError::Critical);
        }
        let id = text(&header, "kid");
        let key = self.select(id, name, &algorithm);
        let key = key.ok_or_else(|| TokenError::NoKey { id: id.map(str::to_owned) })?;
        let signature = decode(jwt.signature).ok_or(TokenError::Part("signature"))?;
        if algorithm.verifies(&key.key, jwt.signed.as_bytes(), &signature) {
            Ok(())
        } else {
            Err(TokenError::Signature)
        }
    }

    /// The key for a token (`VerificationJwkSelector`): the one of its id; of several, the first that names its algorithm or none.
    fn select(&self, id: Option<&str>, name: &str, algorithm: &Algorithm) -> Option<&Jwk> {
        let fits = |key: &&Jwk| (id.is_none() || key.id.as_deref() == id) && algorithm.suits(&key.key);
        let mut several = self.0.iter().filter(fits);
        let first = several.next()?;
        if several.next().is_none() {
            return Some(first);
        }
        self.0.iter().filter(fits).find(|key| key.algorithm.as_deref().is_none_or(|of_key| of_key == name))
    }
}

impl Jwk {
    fn read(members: &Map<String, Value>) -> Option<Self> {
        if text(members, "use").is_some_and(|for_what| for_what != "sig") {
            return None;
        }
        let operations = members.get("key_ops").and_then(Value::as_array);
        if operations.is_some_and(|operations| !operations.iter().any(|operation| operation == "verify")) {
            return None;
        }
        let number = |name: &str| decode(text(members, name)?);
        let key = match (text(members, "kty")?, text(members, "crv")) {
            ("RSA", _) => Key::Rsa { n: without_zeros(number("n")?), e: without_zeros(number("e")?) },
            ("EC", Some("P-256")) => Key::Ec { curve: "P-256", point: point(&number("x")?, &number("y")?, 32)? },
            ("EC", Some("P-384")) => Key::Ec { curve: "P-384", point: point(&number("x")?, &number("y")?, 48)? },
            ("OKP", Some("Ed25519")) => Key::Ed25519(number("x")?),
            _ => return None,
        };
        let of = |name: &str| text(members, name).map(str::to_owned);
        Some(Jwk { id: of("kid"), algorithm: of("alg"), key })
    }
}

/// A number as ring takes it: some issuers write a zero before it.
fn without_zeros(mut number: Vec<u8>) -> Vec<u8> {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.drain(..zeros);
    number
}

fn point(x: &[u8], y: &[u8], length: usize) -> Option<Vec<u8>> {
    (x.len() == length && y.len() == length).then(|| [&[4], x, y].concat())
}
