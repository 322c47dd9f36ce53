//! Sockets that accept connections, and how many connections there may be.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use mio::net::{TcpListener, TcpStream};
use parking_lot::Mutex;

use crate::broker::Shared;
use crate::quotas::{AcceptLimits, Accepts};

/// A socket that clients connect to.
pub(crate) struct Listener {
    socket: TcpListener,
}

/// What came of an attempt to accept.
pub(super) enum Accepted {
    Client(TcpStream, SocketAddr),
    /// Connections come too fast at the listener: this one has to wait, and those after it with it.
    Later(TcpStream, SocketAddr, Duration),
    /// There were too many.
    Refused,
    /// They come too fast: it is closed after a pause, which keeps the client from the next attempt.
    Throttled(TcpStream, SocketAddr, Duration),
    None,
}

impl Listener {
    /// Binds to an address.
    pub(crate) fn bind(address: SocketAddr) -> io::Result<Self> {
        Ok(Listener { socket: TcpListener::bind(address)? })
    }

    /// The address, with the port that was given for port 0.
    pub(crate) fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    pub(super) fn socket(&mut self) -> &mut TcpListener {
        &mut self.socket
    }

    /// Takes the next connection; `listener` is the position of this one.
    pub(super) fn accept(&self, listener: usize, shared: &Shared) -> io::Result<Accepted> {
        loop {
            let (socket, from) = match self.socket.accept() {
                Ok(accepted) => accepted,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(Accepted::None),
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => continue,
                Err(error) => return Err(error),
            };
            let throttle_ms = shared.connections.came(listener, shared.clock.now_ms());
            if throttle_ms > 0 {
                tracing::debug!(peer = %from, throttle_ms, "connections come too fast: this one waits");
                let pause = Duration::from_millis(u64::try_from(throttle_ms).unwrap_or(0));
                return Ok(Accepted::Later(socket, from, pause));
            }
            return Ok(admit(socket, from, shared));
        }
    }
}

/// Whether a connection may be there.
pub(super) fn admit(socket: TcpStream, from: SocketAddr, shared: &Shared) -> Accepted {
    if !shared.connections.enter(from.ip()) {
        tracing::info!(peer = %from, "too many connections: closed");
        return Accepted::Refused;
    }
    let throttle_ms = shared.quotas.connection(from.ip(), shared.clock.now_ms());
    if throttle_ms > 0 {
        tracing::info!(peer = %from, throttle_ms, "connections come too fast: closed");
        let pause = Duration::from_millis(u64::try_from(throttle_ms).unwrap_or(0));
        return Accepted::Throttled(socket, from, pause);
    }
    if let Err(error) = socket.set_nodelay(true) {
        tracing::debug!(peer = %from, %error, "small responses may be delayed");
    }
    Accepted::Client(socket, from)
}

/// How many connections there may be.
#[derive(Clone, Debug)]
pub(crate) struct ConnectionLimits {
    /// `max.connections`
    pub(crate) max: usize,
    /// `max.connections.per.ip`
    pub(crate) max_per_ip: usize,
    /// `max.connections.per.ip.overrides`
    pub(crate) max_of: HashMap<IpAddr, usize>,
    /// How fast they may come.
    pub(crate) accepts: AcceptLimits,
}

/// Connections that there are, in all and by address (`ConnectionQuotas`).
pub(crate) struct Connections {
    open: AtomicUsize,
    counts: Mutex<Counts>,
}

struct Counts {
    limits: ConnectionLimits,
    by_ip: HashMap<IpAddr, usize>,
    accepts: Accepts,
}

impl Connections {
    pub(crate) fn new(limits: ConnectionLimits) -> Self {
        let counts = Counts { limits, by_ip: HashMap::new(), accepts: Accepts::default() };
        Connections { open: AtomicUsize::new(0), counts: Mutex::new(counts) }
    }

    /// Puts other limits in force. Connections that there are stay.
    pub(crate) fn set_limits(&self, limits: ConnectionLimits) {
        self.counts.lock().limits = limits;
    }

    /// How many there are.
    pub(crate) fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    /// Counts a connection that came; says for how many ms it has to wait.
    fn came(&self, listener: usize, now_ms: i64) -> i64 {
        let mut counts = self.counts.lock();
        let Counts { limits, accepts, .. } = &mut *counts;
        accepts.record(&limits.accepts, listener, now_ms)
    }

    /// Counts a connection, if it may be there.
    fn enter(&self, ip: IpAddr) -> bool {
        let mut counts = self.counts.lock();
        let Counts { limits, by_ip, .. } = &mut *counts;
        let max = limits.max_of.get(&ip).copied().unwrap_or(limits.max_per_ip);
        let of_ip = by_ip.get(&ip).copied().unwrap_or(0);
        if of_ip >= max || self.open() >= limits.max {
            return false;
        }
        by_ip.insert(ip, of_ip + 1);
        self.open.fetch_add(1, Ordering::Relaxed);
        true
    }

    pub(super) fn left(&self, ip: IpAddr) {
        let by_ip = &mut self.counts.lock().by_ip;
        self.open.fetch_sub(1, Ordering::Relaxed);
        match by_ip.get_mut(&ip) {
            Some(count) if *count > 1 => *count -= 1,
            _ => {
                by_ip.remove(&ip);
            }
        }
    }
}
