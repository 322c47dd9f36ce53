//! `GET /metrics`, on a port and a thread of its own.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::page::page;
use crate::broker::Shared;

/// The longest request that is read.
const REQUEST_MAX: u64 = 8 * 1024;
/// How long one client may take: others wait for it.
const CLIENT_MAX: Duration = Duration::from_secs(2);

/// Serves until it is stopped.
pub(crate) struct MetricsServer {
    address: SocketAddr,
    is_stopped: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl MetricsServer {
    /// Serves the clients of a listener.
    pub(crate) fn start(listener: TcpListener, shared: Arc<Shared>) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let is_stopped = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&is_stopped);
        let thread = std::thread::Builder::new().name("metrics".to_owned()).spawn(move || {
            for client in listener.incoming() {
                if stopped.load(Ordering::Acquire) {
                    return;
                }
                match client {
                    Ok(client) => {
                        if let Err(error) = serve(&client, &shared) {
                            tracing::debug!(%error, "a request for metrics failed");
                        }
                    }
                    Err(error) => {
                        tracing::debug!(%error, "cannot accept a request for metrics");
                        std::thread::sleep(Duration::from_millis(100));
                    }
                }
            }
        })?;
        tracing::info!(%address, "metrics at /metrics");
        Ok(MetricsServer { address, is_stopped, thread })
    }

    pub(crate) fn stop(self) {
        self.is_stopped.store(true, Ordering::Release);
        // Wakes the thread, which waits for a client.
        if TcpStream::connect_timeout(&self.address, CLIENT_MAX).is_ok() {
            drop(self.thread.join());
        }
    }
}

fn serve(mut client: &TcpStream, shared: &Shared) -> io::Result<()> {
    client.set_read_timeout(Some(CLIENT_MAX))?;
    client.set_write_timeout(Some(CLIENT_MAX))?;
    let mut request = Vec::new();
    let mut limited = client.take(REQUEST_MAX);
    let mut byte = [0; 512];
    let until = Instant::now() + CLIENT_MAX;
    while !request.windows(4).any(|end| end == b"\r\n\r\n") && Instant::now() < until {
        match limited.read(&mut byte)? {
            0 => break,
            count => request.extend_from_slice(byte.get(..count).unwrap_or_default()),
        }
    }
    let is_metrics = request.starts_with(b"GET /metrics ") || request.starts_with(b"GET / ");
    let (status, body) = if is_metrics { ("200 OK", page(shared)) } else { ("404 Not Found", String::new()) };
    write!(
        client,
        "HTTP/1.1 {status}\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}
