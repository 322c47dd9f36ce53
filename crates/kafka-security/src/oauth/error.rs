//! Why a token is not believed.

use std::fmt;

/// Why a token is not believed. No part of the token stands in it but names, algorithms and times.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenError {
    /// It does not have three parts.
    Parts(usize),
    /// A part is not base64 of JSON.
    Part(&'static str),
    /// An algorithm that is not taken, `none` among them.
    Algorithm(String),
    /// The header demands what is not understood (`crit`).
    Critical,
    /// There is no key for it.
    NoKey {
        /// The key that the header names.
        id: Option<String>,
    },
    /// The signature is not that of the key.
    Signature,
    /// A claim is missing.
    NoClaim(String),
    /// A claim has another type than it must have, or an impossible value.
    Claim(String),
    /// Its time is over.
    Expired {
        /// When, in seconds.
        at: i64,
    },
    /// Its time has not come.
    NotYet {
        /// When it comes, in seconds.
        at: i64,
    },
    /// It ends before it begins.
    Times,
    /// It is for others.
    Audience,
    /// It is by others.
    Issuer,
    /// It lacks a scope.
    Scope {
        /// Those that it must have.
        required: Vec<String>,
    },
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TokenError::Parts(found) => write!(f, "the token has {found} parts, expected 3"),
            TokenError::Part(part) => write!(f, "the {part} of the token cannot be read"),
            TokenError::Algorithm(name) => {
                write!(f, "the algorithm {} of the token is not taken", name.escape_debug())
            }
            TokenError::Critical => f.write_str("the header of the token demands extensions"),
            TokenError::NoKey { id: Some(id) } => write!(f, "no key {} for the token", id.escape_debug()),
            TokenError::NoKey { id: None } => f.write_str("no key for the token"),
            TokenError::Signature => f.write_str("the signature of the token is wrong"),
            TokenError::NoClaim(name) => write!(f, "the claim {} is missing", name.escape_debug()),
            TokenError::Claim(name) => write!(f, "the claim {} has a wrong value", name.escape_debug()),
            TokenError::Expired { at } => write!(f, "the token expired at {at} s"),
            TokenError::NotYet { at } => write!(f, "the token is not valid before {at} s"),
            TokenError::Times => f.write_str("the token ends before it begins"),
            TokenError::Audience => f.write_str("the token is for another audience"),
            TokenError::Issuer => f.write_str("the token has another issuer"),
            TokenError::Scope { required } => write!(f, "the token lacks a scope of {}", required.join(", ")),
        }
    }
}

impl std::error::Error for TokenError {}
