//! SASL OAUTHBEARER (RFC 7628, KIP-255, KIP-768): its messages, JSON Web Tokens, the keys that sign them, and where clients get them.
//!
//! Of a token nothing is believed before its signature is verified: RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384 and EdDSA
//! (Ed25519), by ring. `none` is an algorithm for [`UnsecuredValidator`] alone.

mod claims;
mod endpoint;
mod error;
mod http;
mod jwk;
mod jwt;
mod login;
mod message;
mod unsecured;
mod validator;

pub use claims::Token;
pub use endpoint::{Endpoint, EndpointError};
pub use error::TokenError;
pub use http::{FetchError, Http};
pub use jwk::{JwkSet, JwkSetError};
pub use login::{LoginError, TokenLogin};
pub use message::{InitialResponse, MessageError};
pub use unsecured::UnsecuredValidator;
pub use validator::Validator;
