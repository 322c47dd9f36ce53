//! Errors of requests, and of the controller itself.

use std::borrow::Cow;
use std::fmt;

use kafka_rpc::ErrorCode;

use crate::metadata::{ApplyError, MetadataLogError, ReplayError};

/// Why a request, or a part of it, is refused (`ApiError`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    /// The error.
    pub code: ErrorCode,
    /// The message for the client; none where Kafka's exception has none of its own.
    pub message: Option<Cow<'static, str>>,
}

impl ApiError {
    /// An error with a message.
    pub fn new(code: ErrorCode, message: impl Into<Cow<'static, str>>) -> Self {
        ApiError { code, message: Some(message.into()) }
    }

    /// An error without a message.
    pub fn bare(code: ErrorCode) -> Self {
        ApiError { code, message: None }
    }

    /// Code and message as responses have them.
    pub fn parts(verdict: &Result<(), ApiError>) -> (i16, Option<Cow<'static, str>>) {
        match verdict {
            Ok(()) => (ErrorCode::None.code(), None),
            Err(error) => (error.code.code(), error.message.clone()),
        }
    }
}

impl From<ErrorCode> for ApiError {
    /// The error with Kafka's text for it.
    fn from(code: ErrorCode) -> Self {
        ApiError::new(code, code.message())
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.name(), self.message.as_deref().unwrap_or(self.code.message()))
    }
}

impl std::error::Error for ApiError {}

/// Why the controller cannot go on.
#[derive(Debug)]
#[non_exhaustive]
pub enum ControllerError {
    /// The log of the metadata cannot be read or written.
    Log(MetadataLogError),
    /// A record of its own does not go with the image.
    Apply(ApplyError),
    /// A record of `bootstrap.checkpoint` cannot be used.
    Bootstrap(ReplayError),
    /// The broker cannot register.
    Registration(ApiError),
    /// A transaction has not ended, and the `metadata.version` has no record that aborts it.
    UnfinishedTransaction,
    /// An earlier append has failed. What is on disk is unknown.
    Failed,
}

impl fmt::Display for ControllerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ControllerError::Log(error) => error.fmt(f),
            ControllerError::Apply(error) => error.fmt(f),
            ControllerError::Bootstrap(error) => write!(f, "bootstrap.checkpoint: {error}"),
            ControllerError::Registration(error) => write!(f, "the broker cannot register: {error}"),
            ControllerError::UnfinishedTransaction => {
                f.write_str("the metadata log ends within a transaction that cannot be aborted")
            }
            ControllerError::Failed => f.write_str("the metadata log has failed"),
        }
    }
}

impl std::error::Error for ControllerError {}

impl From<MetadataLogError> for ControllerError {
    fn from(error: MetadataLogError) -> Self {
        ControllerError::Log(error)
    }
}

impl From<ApplyError> for ControllerError {
    fn from(error: ApplyError) -> Self {
        ControllerError::Apply(error)
    }
}
