//! Responses, from their frames to their messages.

use std::marker::PhantomData;

use kafka_rpc::{ApiKey, FRAME_LEN_BYTES, Message, Request, parse_response};

use crate::error::{ClientError, Peer};

/// The most memory that arrays of a response may take.
const MEMORY_MAX: usize = 1024 * 1024 * 1024;

/// A request that was sent and has a response to wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pending {
    pub(super) correlation_id: i32,
    pub(super) api: ApiKey,
    pub(super) version: i16,
}

impl Pending {
    /// The version in which the request was sent.
    pub fn version(&self) -> i16 {
        self.version
    }
}

/// The response to a request `R`: its bytes, from which [`Reply::message`] borrows.
#[derive(Debug)]
pub struct Reply<R> {
    peer: Peer,
    frame: Vec<u8>,
    body: usize,
    version: i16,
    request: PhantomData<fn() -> R>,
}

impl<'a, R: Request<'a>> Reply<R> {
    pub(super) fn new(peer: Peer, frame: Vec<u8>, version: i16) -> Result<Self, ClientError> {
        let content = frame.get(FRAME_LEN_BYTES..).unwrap_or_default();
        let body = match parse_response(content, R::API_KEY, version) {
            Ok((_, body)) => frame.len() - body.len(),
            Err(source) => return Err(ClientError::Response { peer, api: R::API_KEY, source }),
        };
        Ok(Reply { peer, frame, body, version, request: PhantomData })
    }

    /// The version of the request, and of the response.
    pub fn version(&self) -> i16 {
        self.version
    }

    /// Who sent it.
    pub fn peer(&self) -> &Peer {
        &self.peer
    }

    /// The message's bytes.
    pub(super) fn body(&self) -> &[u8] {
        self.frame.get(self.body..).unwrap_or_default()
    }

    /// Reads the message.
    ///
    /// # Errors
    /// For bytes that are none.
    pub fn message(&self) -> Result<R::Response<'_>, ClientError> {
        self.message_at(self.version)
    }

    pub(super) fn message_at(&self, version: i16) -> Result<R::Response<'_>, ClientError> {
        match R::Response::decode_within(self.body(), version, MEMORY_MAX) {
            Ok((message, _)) => Ok(message),
            Err(source) => Err(ClientError::Response { peer: self.peer.clone(), api: R::API_KEY, source }),
        }
    }
}
