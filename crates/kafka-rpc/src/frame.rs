//! Frames: a length of four bytes, a header, a message.

use std::borrow::Cow;
use std::fmt;

use kafka_schema::{Reader, SchemaError, SchemaErrorKind};

use crate::messages::{RequestHeader, ResponseHeader};
use crate::{ApiKey, Message, Parts, Request};

/// Bytes of the length in front of each frame.
pub const FRAME_LEN_BYTES: usize = 4;

/// A frame that cannot be read. Kafka closes the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FrameError {
    /// A negative length (`InvalidReceiveException`).
    NegativeLength {
        /// What the peer sent.
        claimed: i32,
    },
    /// A length above the limit, such as `socket.request.max.bytes` (`InvalidReceiveException`).
    TooLong {
        /// What the peer sent.
        claimed: i32,
        /// The limit.
        max: usize,
    },
    /// A request of an API that this crate does not have (`InvalidRequestException`).
    UnknownApi {
        /// The number.
        number: i16,
    },
    /// A header or message that cannot be read; positions are those in the header, or in the message after it.
    Message(SchemaError),
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FrameError::NegativeLength { claimed } => write!(f, "frame length: expected 0 or more, found {claimed}"),
            FrameError::TooLong { claimed, max } => write!(f, "frame length: expected at most {max}, found {claimed}"),
            FrameError::UnknownApi { number } => write!(f, "API key: expected a known one, found {number}"),
            FrameError::Message(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for FrameError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            FrameError::Message(error) => Some(error),
            _ => None,
        }
    }
}

impl From<SchemaError> for FrameError {
    fn from(error: SchemaError) -> Self {
        FrameError::Message(error)
    }
}

/// The first frame in `bytes`, without its length; `None` while there is less than a frame (`NetworkReceive`).
///
/// What follows the frame starts [`FRAME_LEN_BYTES`] and the frame's length further on.
///
/// # Errors
/// For a length that is negative or above `max`: before the frame has arrived, so that no room is made for it.
pub fn first_frame(bytes: &[u8], max: usize) -> Result<Option<&[u8]>, FrameError> {
    let Some((length, rest)) = bytes.split_first_chunk::<FRAME_LEN_BYTES>() else { return Ok(None) };
    let claimed = i32::from_be_bytes(*length);
    match usize::try_from(claimed) {
        Err(_) => Err(FrameError::NegativeLength { claimed }),
        Ok(length) if length > max => Err(FrameError::TooLong { claimed, max }),
        Ok(length) => Ok(rest.get(..length)),
    }
}

/// A request whose header has been read (`RequestHeader`, `RequestContext`).
#[derive(Clone, Debug, PartialEq)]
pub struct RequestFrame<'a> {
    /// The API.
    pub api_key: ApiKey,
    /// The version of the message, which need not exist; see [`RequestFrame::is_supported`].
    pub version: i16,
    /// Comes back in the response.
    pub correlation_id: i32,
    /// What the client calls itself; null is empty, as in Kafka.
    pub client_id: Cow<'a, str>,
    /// The message.
    pub body: &'a [u8],
}

impl<'a> RequestFrame<'a> {
    /// Reads the header of a request (`RequestHeader.parse`).
    ///
    /// # Errors
    /// For an unknown API, and bytes that are no header.
    pub fn parse(frame: &'a [u8]) -> Result<Self, FrameError> {
        let mut reader = Reader::new(frame);
        let number = reader.i16("requestApiKey")?;
        let version = reader.i16("requestApiVersion")?;
        let api_key = ApiKey::from_number(number).ok_or(FrameError::UnknownApi { number })?;
        let (header, body) = RequestHeader::decode(frame, api_key.request_header_version(version))?;
        let client_id = header.client_id.unwrap_or_default();
        Ok(RequestFrame { api_key, version, correlation_id: header.correlation_id, client_id, body })
    }

    /// Whether Kafka serves the version. If not, the answer to ApiVersions is one of version 0 with error code 35
    /// (UNSUPPORTED_VERSION), and every other request ends the connection.
    pub fn is_supported(&self) -> bool {
        self.api_key.versions().contains(&self.version)
    }

    /// Reads the message, with at most `memory_max` bytes of memory for arrays. Bytes after it are ignored, as in Kafka.
    ///
    /// # Errors
    /// As [`Message::decode_within`].
    pub fn message<M: Request<'a>>(&self, memory_max: usize) -> Result<M, SchemaError> {
        Ok(M::decode_within(self.body, self.version, memory_max)?.0)
    }
}

/// Reads the header of a response to a request of this version; returns the correlation id and the message's bytes.
///
/// # Errors
/// For bytes that are no header.
pub fn parse_response(frame: &[u8], api_key: ApiKey, version: i16) -> Result<(i32, &[u8]), SchemaError> {
    let (header, body) = ResponseHeader::decode(frame, api_key.response_header_version(version))?;
    Ok((header.correlation_id, body))
}

/// Appends a request with its length and header to `parts`.
///
/// # Errors
/// As [`Message::encode_parts`]. `parts` is then as it was.
pub fn write_request<'r, 'a, M: Request<'a>>(
    parts: &mut Parts<'r>,
    message: &'r M,
    version: i16,
    correlation_id: i32,
    client_id: Option<&str>,
) -> Result<(), SchemaError> {
    let client_id = client_id.map(Cow::Borrowed);
    let (request_api_key, request_api_version) = (M::API_KEY.number(), version);
    let header =
        RequestHeader { request_api_key, request_api_version, correlation_id, client_id, ..RequestHeader::default() };
    write_frame(parts, |out| header.encode(M::API_KEY.request_header_version(version), out), message, version)
}

/// Appends a response to a request of this version, with its length and header, to `parts`.
///
/// # Errors
/// As [`Message::encode_parts`]. `parts` is then as it was.
pub fn write_response<'r, 'a>(
    parts: &mut Parts<'r>,
    message: &'r impl Message<'a>,
    api_key: ApiKey,
    version: i16,
    correlation_id: i32,
) -> Result<(), SchemaError> {
    let header = ResponseHeader { correlation_id, ..ResponseHeader::default() };
    write_frame(parts, |out| header.encode(api_key.response_header_version(version), out), message, version)
}

fn write_frame<'r, 'a>(
    parts: &mut Parts<'r>,
    header: impl FnOnce(&mut Vec<u8>) -> Result<(), SchemaError>,
    message: &'r impl Message<'a>,
    version: i16,
) -> Result<(), SchemaError> {
    let (start, records, before) = (parts.bytes.len(), parts.records.len(), parts.len());
    parts.bytes.extend([0; FRAME_LEN_BYTES]);
    let written = header(&mut parts.bytes).and_then(|()| message.encode_parts(version, parts)).and_then(|()| {
        let length = parts.len() - before - FRAME_LEN_BYTES;
        let kind = SchemaErrorKind::TooLong { len: length };
        i32::try_from(length).map_err(|_| SchemaError { at: start, field: "frame length", kind })
    });
    match written {
        Ok(length) => {
            if let Some(at) = parts.bytes.get_mut(start..start + FRAME_LEN_BYTES) {
                at.copy_from_slice(&length.to_be_bytes());
            }
            Ok(())
        }
        Err(error) => {
            parts.bytes.truncate(start);
            parts.records.truncate(records);
            Err(error)
        }
    }
}
