//! From the socket to responses.

use std::io::{ErrorKind, Read};
use std::time::{Duration, Instant};

use kafka_rpc::{ApiKey, FRAME_LEN_BYTES, first_frame, parse_response};

use super::{Connection, InFlight};
use crate::error::ClientError;

/// The most that is read at once, and so the most memory that a length alone can claim.
const READ_BYTES: usize = 256 * 1024;
/// The least that is read at once: responses of everyday calls are shorter.
const READ_BYTES_MIN: usize = 8 * 1024;

impl Connection {
    /// Waits for one more response and puts it to the others; false if it does not come before the deadline.
    pub(super) fn arrive(&mut self, deadline: Instant) -> Result<bool, ClientError> {
        loop {
            if let Some(frame) = self.take_frame()? {
                self.assign(frame)?;
                return Ok(true);
            }
            if !self.read(deadline)? {
                return Ok(false);
            }
        }
    }

    /// The first frame in the inbox, with its length: without it, all bytes would have to be moved.
    fn take_frame(&mut self) -> Result<Option<Vec<u8>>, ClientError> {
        let frame = first_frame(&self.inbox, self.config.response_bytes_max);
        let frame = frame.map_err(|source| ClientError::Frame { peer: self.peer.clone(), source })?;
        let Some(length) = frame.map(<[u8]>::len) else { return Ok(None) };
        let rest = self.inbox.split_off(FRAME_LEN_BYTES + length);
        Ok(Some(std::mem::replace(&mut self.inbox, rest)))
    }

    /// Checks that a response is the one to the oldest request.
    fn assign(&mut self, frame: Vec<u8>) -> Result<(), ClientError> {
        let oldest = self.in_flight.front().copied();
        let (api, version) = oldest.map_or((ApiKey::ApiVersions, 0), |InFlight { api, version, .. }| (api, version));
        let content = frame.get(FRAME_LEN_BYTES..).unwrap_or_default();
        let (found, _) = parse_response(content, api, version).map_err(|source| ClientError::Response {
            peer: self.peer.clone(),
            api,
            source,
        })?;
        let expected = oldest.map(|request| request.correlation_id);
        if expected != Some(found) {
            return Err(ClientError::Correlation { peer: self.peer.clone(), expected, found });
        }
        self.in_flight.pop_front();
        self.arrived.push_back((found, frame));
        Ok(())
    }

    /// Reads once; false if nothing comes before the deadline.
    fn read(&mut self, deadline: Instant) -> Result<bool, ClientError> {
        let filled = self.inbox.len();
        let claimed = self.inbox.first_chunk::<FRAME_LEN_BYTES>().map_or(0, |length| i32::from_be_bytes(*length));
        let missing = usize::try_from(claimed).unwrap_or(0).saturating_sub(filled);
        self.inbox.resize(filled + missing.clamp(READ_BYTES_MIN, READ_BYTES), 0);
        let outcome = loop {
            let remaining = deadline.saturating_duration_since(Instant::now());
            // A timeout of zero would be none.
            let timeout = self.stream.socket().set_read_timeout(Some(remaining.max(Duration::from_millis(1))));
            match timeout.and_then(|()| self.stream.read(self.inbox.get_mut(filled..).unwrap_or_default())) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                outcome => break outcome,
            }
        };
        self.inbox.truncate(filled + outcome.as_ref().copied().unwrap_or(0));
        match outcome {
            Ok(0) => Err(ClientError::Disconnected { peer: self.peer.clone() }),
            Ok(_) => Ok(true),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => Ok(false),
            Err(error) => Err(self.broken(error)),
        }
    }
}
