//! Who a client is, how it proves that, and what it may do.

pub(crate) mod authorizer;
mod jwks;
mod listeners;
mod principal;
mod sasl;

pub(crate) use listeners::{ListenerSasl, ListenerTls, Listeners, LoadError};
pub(crate) use principal::Principal;
pub(crate) use sasl::{AuthenticationError, Authenticator, Exchange, Failure};
