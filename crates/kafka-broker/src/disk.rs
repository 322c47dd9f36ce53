//! The file system that the broker keeps its data on: the operating system's, or with the feature `any-fs` one that a test brings.

#[cfg(feature = "any-fs")]
mod any;

use std::io;

use kafka_log::log::FileSlice;
use mio::net::TcpStream;

#[cfg(feature = "any-fs")]
pub use any::AnyFs as Disk;
#[cfg(not(feature = "any-fs"))]
pub(crate) use kafka_log::fs::OsFs as Disk;

pub(crate) type Log = kafka_log::log::Log<Disk>;
pub(crate) type LogManager = kafka_log::manager::LogManager<Disk>;
pub(crate) type Controller = crate::controller::Controller<Disk>;

/// A slice of a segment file that is to be sent.
pub(crate) type Slice = FileSlice<Disk>;

/// Sends bytes of a slice, as many as the socket takes at once ([`FileSlice::send_to`]).
#[cfg(not(feature = "any-fs"))]
pub(crate) fn send(slice: &mut Slice, socket: &TcpStream) -> io::Result<usize> {
    slice.send_to(socket)
}

/// The same for files that the kernel does not know.
#[cfg(feature = "any-fs")]
pub(crate) fn send(slice: &mut Slice, socket: &TcpStream) -> io::Result<usize> {
    let mut bytes = [0; 16 * 1024];
    let len = slice.len().min(bytes.len());
    let Some(part) = bytes.get_mut(..len).filter(|part| !part.is_empty()) else { return Ok(0) };
    if slice.read_into(part)? < len {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let sent = rustix::net::send(socket, part, rustix::net::SendFlags::NOSIGNAL)?;
    slice.advance(sent);
    Ok(sent)
}
