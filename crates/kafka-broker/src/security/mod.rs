//! Who a client is, and how it proves that.

mod listeners;
mod principal;
mod sasl;

pub(crate) use listeners::{ListenerTls, Listeners};
pub(crate) use principal::Principal;
pub(crate) use sasl::{AuthenticationError, Authenticator, Exchange, Failure};
