//! What a connection still has to send: bytes, and parts of segment files between them.

use std::collections::VecDeque;
use std::io;

use kafka_rpc::{ApiKey, Message, Part, Parts, Records, SchemaError, write_response};
use mio::net::TcpStream;
use rustix::net::SendFlags;

use super::transport::{Tls, Transport};
use crate::disk::{self, Slice};

/// Records shorter than this are copied after the bytes before them: one call sends both.
const COPIED_BELOW: usize = 4096;

/// Sent bytes that are worth a move of those after them.
const FORGOTTEN_FROM: usize = 64 * 1024;

/// Plaintext of a record of TLS.
const TLS_RECORD: usize = 16 * 1024;

/// Bytes and file slices in the order in which they are sent.
#[derive(Default)]
pub(crate) struct Output {
    bytes: Vec<u8>,
    sent: usize,
    /// Each slice follows the bytes before its position.
    files: VecDeque<(usize, Slice)>,
}

/// What came of an attempt to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sent {
    All,
    /// The socket takes no more for now.
    Blocked,
}

impl Output {
    /// Adds a response without records in files.
    pub(crate) fn respond<'a>(
        &mut self,
        message: &impl Message<'a>,
        (api_key, version, correlation_id): (ApiKey, i16, i32),
    ) -> Result<(), SchemaError> {
        self.respond_with_files(message, (api_key, version, correlation_id), &mut [])
    }

    /// Adds a response; `Records::File { token, .. }` stands for the slice at `files[token]`, which is taken out of there.
    pub(crate) fn respond_with_files<'a>(
        &mut self,
        message: &impl Message<'a>,
        (api_key, version, correlation_id): (ApiKey, i16, i32),
        files: &mut [Option<Slice>],
    ) -> Result<(), SchemaError> {
        let mut parts = Parts::default();
        write_response(&mut parts, message, api_key, version, correlation_id)?;
        for part in parts.iter() {
            match part {
                Part::Encoded(bytes) => self.bytes.extend_from_slice(bytes),
                Part::Records(Records::Bytes(bytes)) => self.bytes.extend_from_slice(bytes),
                Part::Records(Records::File { token, .. }) => {
                    if let Some(slice) = files.get_mut(*token).and_then(Option::take) {
                        self.push_file(slice);
                    }
                }
            }
        }
        Ok(())
    }

    /// The position after all that is to be sent.
    pub(super) fn position(&self) -> usize {
        self.bytes.len()
    }

    /// The bytes in memory that were added after a position, which has to be of the same turn.
    pub(super) fn added_mut(&mut self, position: usize) -> &mut [u8] {
        self.bytes.get_mut(position..).unwrap_or_default()
    }

    /// What was added, if none of it is in a file.
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Adds a whole frame that is already encoded.
    pub(crate) fn push_frame(&mut self, frame: &[u8]) {
        self.bytes.extend_from_slice(frame);
    }

    fn push_file(&mut self, slice: Slice) {
        let start = self.bytes.len();
        if slice.len() < COPIED_BELOW {
            self.bytes.resize(start + slice.len(), 0);
            if slice.read_into(self.bytes.get_mut(start..).unwrap_or_default()).is_ok_and(|read| read == slice.len()) {
                return;
            }
            // The log was cut meanwhile. Sending the slice meets the same error and ends the connection.
            self.bytes.truncate(start);
        }
        self.files.push_back((start, slice));
    }

    /// Whether everything is sent.
    pub(super) fn is_empty(&self) -> bool {
        self.sent == self.bytes.len() && self.files.is_empty()
    }

    /// Bytes in memory and in files that are still to be sent.
    pub(super) fn len(&self) -> usize {
        self.bytes.len() - self.sent + self.files.iter().map(|(_, slice)| slice.len()).sum::<usize>()
    }

    /// Sends as much as the socket takes. Counts in `sent_bytes` what it took, before it is encrypted.
    pub(super) fn send(&mut self, transport: &mut Transport, sent_bytes: &mut u64) -> io::Result<Sent> {
        match transport {
            Transport::Plain(socket) => self.send_plain(socket, sent_bytes),
            Transport::Tls(tls) => self.send_encrypted(tls, sent_bytes),
        }
    }

    fn send_encrypted(&mut self, tls: &mut Tls, sent_bytes: &mut u64) -> io::Result<Sent> {
        loop {
            self.encrypt(tls, sent_bytes)?;
            if tls.flush()? == Sent::Blocked {
                self.forget_sent();
                return Ok(Sent::Blocked);
            }
            if self.is_empty() {
                self.bytes.clear();
                self.sent = 0;
                return Ok(Sent::All);
            }
        }
    }

    /// Encrypts as much as there is room for. Slices of files are read for it, a record of TLS at a time.
    fn encrypt(&mut self, tls: &mut Tls, sent_bytes: &mut u64) -> io::Result<()> {
        while tls.room() > 0 {
            let end = self.files.front().map_or(self.bytes.len(), |(at, _)| *at);
            let written = if let Some(pending) = self.bytes.get(self.sent..end).filter(|pending| !pending.is_empty()) {
                let written = tls.write(pending)?;
                self.sent += written;
                written
            } else {
                let Some((_, slice)) = self.files.front_mut() else { break };
                let mut record = [0; TLS_RECORD];
                let len = TLS_RECORD.min(tls.room()).min(slice.len());
                let read = slice.read_into(record.get_mut(..len).unwrap_or_default())?;
                if read < len {
                    // The log was cut meanwhile.
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                let written = tls.write(record.get(..read).unwrap_or_default())?;
                slice.advance(written);
                if slice.is_empty() {
                    self.files.pop_front();
                }
                written
            };
            *sent_bytes += written as u64;
        }
        Ok(())
    }

    fn send_plain(&mut self, socket: &TcpStream, sent_bytes: &mut u64) -> io::Result<Sent> {
        loop {
            let (end, has_file) = self.files.front().map_or((self.bytes.len(), false), |(at, _)| (*at, true));
            if let Some(pending) = self.bytes.get(self.sent..end).filter(|pending| !pending.is_empty()) {
                // With a slice after them the bytes go into the same packet.
                let more = if has_file { SendFlags::MORE } else { SendFlags::empty() };
                match rustix::net::send(socket, pending, SendFlags::NOSIGNAL | more) {
                    Ok(sent) => {
                        self.sent += sent;
                        *sent_bytes += sent as u64;
                    }
                    Err(rustix::io::Errno::INTR) => {}
                    Err(rustix::io::Errno::AGAIN) => {
                        self.forget_sent();
                        return Ok(Sent::Blocked);
                    }
                    Err(error) => return Err(error.into()),
                }
                continue;
            }
            let Some((_, slice)) = self.files.front_mut() else { break };
            match disk::send(slice, socket) {
                Ok(sent) => *sent_bytes += sent as u64,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(Sent::Blocked),
                Err(error) => return Err(error),
            }
            if slice.is_empty() {
                self.files.pop_front();
            }
        }
        self.bytes.clear();
        self.sent = 0;
        Ok(Sent::All)
    }

    /// Gives up the bytes that were sent once they are the larger part. A peer that reads slowly and asks on would otherwise see to it
    /// that they are kept for ever.
    fn forget_sent(&mut self) {
        if self.sent < FORGOTTEN_FROM || self.sent * 2 < self.bytes.len() {
            return;
        }
        self.bytes.drain(..self.sent);
        for (at, _) in &mut self.files {
            *at -= self.sent;
        }
        self.sent = 0;
    }

    /// Gives memory back that a large response needed.
    pub(super) fn shrink(&mut self, max: usize) {
        if self.is_empty() && self.bytes.capacity() > max {
            self.bytes = Vec::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn a_peer_that_always_leaves_something_unread_does_not_make_the_bytes_grow() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let mut peer = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let socket = TcpStream::from_std(listener.accept().unwrap().0);
        rustix::io::ioctl_fionbio(&socket, true).unwrap();
        let mut socket = Transport::Plain(socket);
        let (mut output, mut read) = (Output::default(), vec![0; 128 * 1024]);
        let (mut expected, mut found) = (0_u8, 0_u8);
        let mut sent = 0;
        while output.send(&mut socket, &mut sent).unwrap() == Sent::All || output.len() < 512 * 1024 {
            expected = expected.wrapping_add(1);
            output.push_frame(&vec![expected; read.len()]);
        }
        for _ in 0..200 {
            found = found.wrapping_add(1);
            peer.read_exact(&mut read).unwrap();
            assert!(read.iter().all(|byte| *byte == found));
            expected = expected.wrapping_add(1);
            output.push_frame(&vec![expected; read.len()]);
            output.send(&mut socket, &mut sent).unwrap();
        }
        assert!(output.bytes.len() < 4 * 1024 * 1024, "{} bytes are kept", output.bytes.len());
    }
}
