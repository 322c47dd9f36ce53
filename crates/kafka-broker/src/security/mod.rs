//! Who a client is, and how it proves that.

mod principal;

pub(crate) use principal::Principal;
