//! Who a client is, how it proves that, and what it may do.

pub(crate) mod authorizer;
mod listeners;
mod principal;
mod sasl;

pub(crate) use listeners::{ListenerTls, Listeners};
pub(crate) use principal::Principal;
pub(crate) use sasl::{AuthenticationError, Authenticator, Exchange, Failure};
