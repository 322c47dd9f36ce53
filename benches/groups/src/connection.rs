//! A connection that sends many requests before it reads their answers.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use kafka_rpc::{Message as _, Parts, Request, parse_response, write_request};

use crate::Anyhow;

/// A connection to the broker.
pub(crate) struct Connection {
    socket: TcpStream,
}

/// Reads an answer.
pub(crate) fn message<'a, R: Request<'a>>(frame: &'a [u8], version: i16) -> Anyhow<R::Response<'a>> {
    let (_, body) = parse_response(frame, R::API_KEY, version)?;
    Ok(R::Response::decode(body, version)?.0)
}

impl Connection {
    pub(crate) fn open(bootstrap: &str) -> Anyhow<Self> {
        let socket = TcpStream::connect(bootstrap)?;
        socket.set_nodelay(true)?;
        Ok(Connection { socket })
    }

    /// Sends requests, with one write.
    pub(crate) fn send_all<'a, R: Request<'a> + 'a>(&mut self, requests: &[R], version: i16) -> Anyhow<()> {
        let mut bytes = Vec::new();
        for request in requests {
            let mut parts = Parts::default();
            write_request(&mut parts, request, version, 1, Some("bench"))?;
            bytes.extend(parts.to_bytes().ok_or("a request has records")?);
        }
        self.socket.write_all(&bytes)?;
        Ok(())
    }

    /// The next answer.
    pub(crate) fn receive(&mut self) -> Anyhow<Vec<u8>> {
        let mut length = [0; 4];
        self.socket.read_exact(&mut length)?;
        let mut frame = vec![0; usize::try_from(i32::from_be_bytes(length))?];
        self.socket.read_exact(&mut frame)?;
        Ok(frame)
    }

    /// Sends a request and waits for its answer.
    pub(crate) fn call<'a, R: Request<'a> + Clone + 'a>(&mut self, request: &R, version: i16) -> Anyhow<Vec<u8>> {
        self.send_all(std::slice::from_ref(request), version)?;
        self.receive()
    }
}
