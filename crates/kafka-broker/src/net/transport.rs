//! A socket, plain or under TLS. rustls does no I/O of its own: it is given what arrives, and gives what is to be sent.

use std::io::{self, Read as _, Write as _};
use std::sync::Arc;

use kafka_security::tls::principal_name;
use mio::net::TcpStream;
use rustls::ServerConnection;

use super::input::{ReceiveError, Received, receive};
use super::output::Sent;
use crate::security::{ListenerTls, Principal};

/// Plaintext that is encrypted before the socket has taken what was encrypted before.
const UNSENT_MAX: usize = 128 * 1024;

/// A socket of a client.
pub(super) enum Transport {
    Plain(TcpStream),
    Tls(Box<Tls>),
}

/// TLS on a socket.
pub(super) struct Tls {
    socket: TcpStream,
    session: ServerConnection,
    of_listener: Arc<ListenerTls>,
    /// Whether the principal was asked for since the handshake is over.
    is_known: bool,
    /// Plaintext that was encrypted since the socket had taken all.
    unsent: usize,
}

/// A certificate whose name no rule maps to a user.
#[derive(Debug)]
pub(super) struct Unmapped(pub(super) String);

impl Transport {
    pub(super) fn new(socket: TcpStream, tls: Option<&Arc<ListenerTls>>) -> Result<Self, rustls::Error> {
        let Some(of_listener) = tls else { return Ok(Transport::Plain(socket)) };
        let mut session = ServerConnection::new(Arc::clone(&of_listener.server))?;
        // What is encrypted is bounded by `UNSENT_MAX`.
        session.set_buffer_limit(None);
        let of_listener = Arc::clone(of_listener);
        Ok(Transport::Tls(Box::new(Tls { socket, session, of_listener, is_known: false, unsent: 0 })))
    }

    pub(super) fn socket(&mut self) -> &mut TcpStream {
        match self {
            Transport::Plain(socket) => socket,
            Transport::Tls(tls) => &mut tls.socket,
        }
    }

    /// One read of what the peer has sent.
    pub(super) fn receive(&mut self, room: &mut [u8]) -> Result<Received, ReceiveError> {
        match self {
            Transport::Plain(socket) => Ok(receive(socket, room)?),
            Transport::Tls(tls) => tls.receive(room),
        }
    }

    /// Whether something is to be sent that is not in the output: a part of a handshake, or what is encrypted already.
    pub(super) fn has_unsent(&self) -> bool {
        matches!(self, Transport::Tls(tls) if tls.session.wants_write())
    }

    /// The principal of the peer's certificate, once after the handshake; `None` if it has no certificate.
    pub(super) fn proven(&mut self) -> Result<Option<Principal>, Unmapped> {
        match self {
            Transport::Tls(tls) if !tls.is_known && !tls.session.is_handshaking() => tls.proven(),
            _ => Ok(None),
        }
    }

    /// Tells the peer that nothing follows; what the socket does not take is lost.
    pub(super) fn close(&mut self) {
        if let Transport::Tls(tls) = self {
            tls.session.send_close_notify();
            // The peer learns of it by the end of the connection.
            let _ = tls.flush();
        }
    }
}

impl Tls {
    fn receive(&mut self, room: &mut [u8]) -> Result<Received, ReceiveError> {
        loop {
            match self.session.reader().read(room) {
                Ok(0) => return Ok(Received::Closed),
                Ok(count) => return Ok(Received::Some(count)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                // The peer has ended without saying so.
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(Received::Closed),
                Err(error) => return Err(error.into()),
            }
            match self.session.read_tls(&mut self.socket) {
                Ok(0) => return Ok(Received::Closed),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(Received::Last(0)),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error.into()),
            }
            if let Err(error) = self.session.process_new_packets() {
                // With the alert that says why.
                let _ = self.flush();
                return Err(ReceiveError::Tls(error));
            }
        }
    }

    /// Encrypts bytes, as many as there is room for; 0 if the socket has to take some first.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = UNSENT_MAX.saturating_sub(self.unsent);
        let written = self.session.writer().write(bytes.get(..room.min(bytes.len())).unwrap_or_default())?;
        self.unsent += written;
        Ok(written)
    }

    /// Room for plaintext.
    pub(super) fn room(&self) -> usize {
        UNSENT_MAX.saturating_sub(self.unsent)
    }

    /// Sends what is encrypted.
    pub(super) fn flush(&mut self) -> io::Result<Sent> {
        while self.session.wants_write() {
            match self.session.write_tls(&mut self.socket) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(Sent::Blocked),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.unsent = 0;
        Ok(Sent::All)
    }

    fn proven(&mut self) -> Result<Option<Principal>, Unmapped> {
        self.is_known = true;
        let Some(certificate) = self.session.peer_certificates().and_then(|chain| chain.first()) else {
            return Ok(None);
        };
        let unreadable = || Unmapped("a name that cannot be read".to_owned());
        let name = principal_name(certificate).ok_or_else(unreadable)?;
        match self.of_listener.rules.user_of(&name) {
            Some(user) => Ok(Some(Principal::user(user))),
            None => Err(Unmapped(name)),
        }
    }
}
