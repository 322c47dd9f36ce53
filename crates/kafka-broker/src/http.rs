//! A small HTTP server on a thread of its own: one request after the other, each on its own connection.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// The longest request that is read.
const REQUEST_MAX: u64 = 64 * 1024;
/// How long one client may take: others wait for it.
const CLIENT_MAX: Duration = Duration::from_secs(2);

/// What a client asks for.
pub(crate) struct Request<'r> {
    pub(crate) method: &'r str,
    pub(crate) path: &'r str,
    pub(crate) body: &'r [u8],
}

/// What it gets.
pub(crate) struct Response {
    /// Number and text.
    pub(crate) status: &'static str,
    pub(crate) content_type: &'static str,
    pub(crate) body: String,
}

/// Serves until it is stopped.
pub(crate) struct HttpServer {
    address: SocketAddr,
    is_stopped: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl HttpServer {
    /// Serves the clients of a listener on a thread of this name.
    pub(crate) fn start(
        listener: TcpListener,
        name: &'static str,
        handle: impl Fn(&Request<'_>) -> Response + Send + 'static,
    ) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let is_stopped = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&is_stopped);
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(move || {
            for client in listener.incoming() {
                if stopped.load(Ordering::Acquire) {
                    return;
                }
                match client {
                    Ok(client) => {
                        if let Err(error) = serve(&client, &handle) {
                            tracing::debug!(server = name, %error, "a request failed");
                        }
                    }
                    Err(error) => {
                        tracing::debug!(server = name, %error, "cannot accept a request");
                        std::thread::sleep(Duration::from_millis(100));
                    }
                }
            }
        })?;
        Ok(HttpServer { address, is_stopped, thread })
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn stop(self) {
        self.is_stopped.store(true, Ordering::Release);
        // Wakes the thread, which waits for a client.
        if TcpStream::connect_timeout(&self.address, CLIENT_MAX).is_ok() {
            drop(self.thread.join());
        }
    }
}

fn serve(mut client: &TcpStream, handle: &impl Fn(&Request<'_>) -> Response) -> io::Result<()> {
    client.set_read_timeout(Some(CLIENT_MAX))?;
    client.set_write_timeout(Some(CLIENT_MAX))?;
    let until = Instant::now() + CLIENT_MAX;
    let (mut limited, mut bytes, mut piece) = (client.take(REQUEST_MAX), Vec::new(), [0; 512]);
    while !is_whole(&bytes) && Instant::now() < until {
        match limited.read(&mut piece)? {
            0 => break,
            count => bytes.extend_from_slice(piece.get(..count).unwrap_or_default()),
        }
    }
    let (head, body) = split(&bytes).unwrap_or_default();
    let mut words = head.split(' ');
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let Response { status, content_type, body } = handle(&Request { method, path, body });
    write!(
        client,
        "HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

/// The head of a request, and what has arrived of its body; `None` before the head is there, or where it is not text.
fn split(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let (head, body) = bytes.split_at_checked(end)?;
    Some((std::str::from_utf8(head).ok()?, body.get(4..)?))
}

fn is_whole(bytes: &[u8]) -> bool {
    let Some((head, body)) = split(bytes) else { return false };
    let lengths = head.lines().filter_map(|line| line.split_once(':'));
    let length = lengths
        .filter(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .find_map(|(_, value)| value.trim().parse().ok());
    body.len() >= length.unwrap_or(0)
}
