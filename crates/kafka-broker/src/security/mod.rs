//! Who a client is, how it proves that, and what it may do.

pub(crate) mod authorizer;
mod principal;

pub(crate) use principal::Principal;
