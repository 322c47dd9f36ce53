//! What a connection has received and not handled yet.

use std::io::{self, Read};

use kafka_rpc::{FRAME_LEN_BYTES, FrameError, first_frame};
use mio::net::TcpStream;

use super::transport::Transport;

/// Room for a part of a frame, at first. It doubles as bytes arrive, so that a peer cannot claim memory that it does not fill.
const FIRST_ROOM: usize = 4096;

/// Received bytes that are not a whole frame, or that have to wait until the request before them is answered.
#[derive(Default)]
pub(super) struct Input {
    /// As long as the room is; the first `filled` bytes are received.
    bytes: Vec<u8>,
    filled: usize,
}

/// What came of an attempt to receive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Received {
    /// So many bytes, and there may be more.
    Some(usize),
    /// So many bytes, and there are no more for now.
    Last(usize),
    /// The peer has closed its side.
    Closed,
}

impl Input {
    pub(super) const fn is_empty(&self) -> bool {
        self.filled == 0
    }

    #[cfg(test)]
    fn room(&self) -> usize {
        self.bytes.capacity()
    }

    pub(super) fn received(&self) -> &[u8] {
        self.bytes.get(..self.filled).unwrap_or_default()
    }

    /// Keeps bytes that were received elsewhere.
    pub(super) fn keep(&mut self, bytes: &[u8]) {
        self.make_room(bytes.len());
        if let Some(room) = self.bytes.get_mut(self.filled..self.filled + bytes.len()) {
            room.copy_from_slice(bytes);
            self.filled += bytes.len();
        }
    }

    /// Forgets the first bytes: they were handled.
    pub(super) fn consume(&mut self, count: usize) {
        self.bytes.copy_within(count.min(self.filled)..self.filled, 0);
        self.filled = self.filled.saturating_sub(count);
    }

    /// Gives the memory back, if nothing is in it and it is more than `max`.
    pub(super) fn shrink(&mut self, max: usize) {
        if self.is_empty() && self.bytes.capacity() > max {
            self.bytes = Vec::new();
        }
    }

    /// Length of the frame that has begun, if its first bytes are there.
    pub(super) fn frame_len(&self) -> Option<usize> {
        let length = self.received().first_chunk::<FRAME_LEN_BYTES>()?;
        Some(FRAME_LEN_BYTES + u32::from_be_bytes(*length) as usize)
    }

    /// Receives after what is there, at most up to the end of the frame that has begun.
    pub(super) fn receive(&mut self, transport: &mut Transport, frame_max: usize) -> Result<Received, ReceiveError> {
        let frame = match self.received().first_chunk::<FRAME_LEN_BYTES>() {
            None => FRAME_LEN_BYTES,
            Some(length) => {
                first_frame(length, frame_max)?;
                FRAME_LEN_BYTES + u32::from_be_bytes(*length) as usize
            }
        };
        self.make_room(frame.saturating_sub(self.filled).clamp(1, FIRST_ROOM.max(self.filled)));
        let end = self.bytes.len().min(frame.max(self.filled + FIRST_ROOM));
        let room = self.bytes.get_mut(self.filled..end).unwrap_or_default();
        let received = transport.receive(room)?;
        if let Received::Some(count) | Received::Last(count) = received {
            self.filled += count;
        }
        Ok(received)
    }

    fn make_room(&mut self, count: usize) {
        let needed = self.filled + count;
        if self.bytes.len() < needed {
            self.bytes.resize(needed.next_power_of_two().max(FIRST_ROOM), 0);
        }
    }
}

/// Why nothing can be received any more.
#[derive(Debug)]
pub(super) enum ReceiveError {
    Io(io::Error),
    Frame(FrameError),
    /// The peer does not speak TLS, or not as it has to.
    Tls(rustls::Error),
}

impl From<io::Error> for ReceiveError {
    fn from(error: io::Error) -> Self {
        ReceiveError::Io(error)
    }
}

impl From<FrameError> for ReceiveError {
    fn from(error: FrameError) -> Self {
        ReceiveError::Frame(error)
    }
}

/// One read. Fewer bytes than there is room for mean that the socket is empty, so that no second read has to find that out.
pub(super) fn receive(socket: &mut TcpStream, room: &mut [u8]) -> io::Result<Received> {
    loop {
        return match socket.read(room) {
            Ok(0) if !room.is_empty() => Ok(Received::Closed),
            Ok(count) if count < room.len() => Ok(Received::Last(count)),
            Ok(count) => Ok(Received::Some(count)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(Received::Last(0)),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => Err(error),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_follows_the_bytes_that_arrived_and_not_the_length_that_was_claimed() {
        let mut input = Input::default();
        input.keep(&100_000_000_i32.to_be_bytes());
        assert!(input.room() <= FIRST_ROOM);
        input.keep(&[7; 10_000]);
        assert!(input.room() <= 32_768);
        input.consume(10_003);
        assert_eq!(input.received(), [7]);
        input.consume(1);
        input.shrink(0);
        assert_eq!(input.room(), 0);
    }
}
