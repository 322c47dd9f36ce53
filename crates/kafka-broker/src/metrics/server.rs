//! `GET /metrics`, on a port and a thread of its own.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;

use super::page::page;
use crate::broker::Shared;
use crate::http::{HttpServer, Response};

/// Serves the clients of a listener until it is stopped.
pub(crate) fn serve(listener: TcpListener, shared: Arc<Shared>) -> io::Result<HttpServer> {
    let server = HttpServer::start(listener, "metrics", move |request| {
        let is_metrics = request.method == "GET" && matches!(request.path, "/metrics" | "/");
        let (status, body) = if is_metrics { ("200 OK", page(&shared)) } else { ("404 Not Found", String::new()) };
        Response { status, content_type: "text/plain; version=0.0.4", body }
    })?;
    tracing::info!(address = %server.address(), "metrics at /metrics");
    Ok(server)
}
