//! A broker: started, served, stopped.

mod apply;
mod coordinators;
pub(crate) mod directories;
mod follow;
mod group_glue;
mod group_metadata;
mod membership;
mod read_log;
mod settings;
mod shared;
mod start;
mod start_error;
#[cfg(test)]
mod tests;
mod transaction_glue;

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use kafka_log::manager::StdThreads;
use kafka_log::manager::background::Background;
use tempfile::TempDir;

pub(crate) use apply::apply;
pub(crate) use group_glue::{at_once, frame, write_reply};
pub(crate) use settings::Settings;
pub(crate) use shared::Shared;
pub use start_error::StartError;

use crate::controller_thread::Job;
use crate::faults::{self, Faults};
use crate::http::HttpServer;
use crate::mover::Order;
use crate::net::LoopEvent;

/// How long requests in progress may take when the broker stops.
const DRAIN_MAX: Duration = Duration::from_secs(5);

/// A broker, with its controller or as a member of a cluster. It stops when it is dropped.
pub struct Broker {
    shared: Arc<Shared>,
    has_ended: bool,
    /// Goes into the marker of a clean stop.
    broker_epoch: i64,
    addresses: Vec<SocketAddr>,
    loops: Vec<JoinHandle<()>>,
    /// Controller or membership, mover, and what works for groups.
    workers: Vec<JoinHandle<()>>,
    background: Option<Background>,
    metrics: Option<HttpServer>,
    /// Where tests order faults.
    control: Option<HttpServer>,
    /// The directory of an ephemeral broker, removed last.
    temporary: Option<TempDir>,
}

/// What became of a stop.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct StopReport {
    /// Whether every log was flushed and closed, and its directory marked as cleanly stopped.
    pub is_clean: bool,
}

impl Broker {
    /// Host and port for `bootstrap.servers`: the address of the first listener.
    pub fn bootstrap(&self) -> String {
        self.addresses.first().map(ToString::to_string).unwrap_or_default()
    }

    /// The id of the cluster.
    pub fn cluster_id(&self) -> &str {
        &self.shared.cluster_id
    }

    /// Whether the broker cannot serve any more: a thread has failed. It has to be stopped.
    pub fn has_failed(&self) -> bool {
        self.shared.has_failed.load(Ordering::Acquire)
    }

    /// Faults on demand, for tests of clients: requests that fail, come late or end the connection, and the time.
    pub fn faults(&self) -> Faults {
        Faults::new(Arc::clone(&self.shared))
    }

    /// Serves [`Broker::faults`] over HTTP, on a free port of 127.0.0.1, and returns the address. Every local process can use it.
    ///
    /// # Errors
    /// I/O errors, if no port is free or no thread can be started.
    pub fn serve_control(&mut self) -> Result<SocketAddr, StartError> {
        let address = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 0);
        let listener = TcpListener::bind(address).map_err(|source| StartError::Listen { address, source })?;
        let server = faults::serve(listener, self.faults()).map_err(StartError::Threads)?;
        let address = server.address();
        if let Some(before) = self.control.replace(server) {
            before.stop();
        }
        Ok(address)
    }

    /// Stops: takes no more requests, finishes those in progress, flushes and closes the logs. Groups stay as they are.
    pub fn stop(mut self) -> StopReport {
        self.end()
    }

    fn end(&mut self) -> StopReport {
        if std::mem::replace(&mut self.has_ended, true) {
            return StopReport::default();
        }
        let member = self.shared.member.as_ref();
        if let Some(member) =
            member.filter(|_| !self.has_failed() && self.shared.config.config.member.controlled_shutdown_enable)
        {
            // Clients are served until others lead.
            member.leave();
        }
        self.shared.loops.iter().for_each(|mailbox| mailbox.post(LoopEvent::Drain));
        let until = Instant::now() + DRAIN_MAX;
        // The loops of a broker that has failed have ended, and let go of nothing.
        while !self.has_failed() && self.shared.connections.open() > 0 && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(1));
        }
        if let Some(member) = member {
            // Without a registration that of the last start stays: nothing was written since.
            self.broker_epoch = self.broker_epoch.max(member.broker_epoch());
            member.stop();
        }
        self.shared.controller.send(Job::Stop);
        self.shared.fetchers.stop();
        self.shared.mover.send(Order::Stop);
        self.shared.replication.stop();
        self.shared.alarm.stop();
        self.shared.transactions.stop_markers();
        self.shared.loops.iter().for_each(|mailbox| mailbox.post(LoopEvent::Stop));
        self.metrics.take().into_iter().chain(self.control.take()).for_each(HttpServer::stop);
        let threads: Vec<_> = self.loops.drain(..).chain(self.workers.drain(..)).collect();
        let ended: Vec<_> = threads.into_iter().map(JoinHandle::join).collect();
        let mut is_clean = ended.iter().all(Result::is_ok) && !self.has_failed();
        if let Some(background) = self.background.take() {
            background.stop();
        }
        if self.temporary.is_some() {
            // The directory is about to be removed.
            return StopReport { is_clean };
        }
        let report = self.shared.manager.shutdown(&StdThreads, self.broker_epoch, self.shared.clock.now_ms());
        is_clean &= report.unclean_dirs.is_empty();
        StopReport { is_clean }
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.end();
    }
}
