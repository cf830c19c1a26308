//! One listener and its connections.

use axum::Router;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// A server on 127.0.0.1. Dropping it closes the listener and every connection that waits for a request.
pub(crate) struct Server {
    address: SocketAddr,
    // Its end is the signal.
    _stop: oneshot::Sender<()>,
}

impl Server {
    /// Serves `router` on a port; 0 takes a free one.
    ///
    /// # Errors
    /// The port cannot be bound.
    pub(crate) async fn start(port: u16, router: Router) -> io::Result<Server> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let address = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = axum::serve(listener, router).with_graceful_shutdown(async {
            let _ = stopped.await;
        });
        tokio::spawn(async { serving.await });
        Ok(Server { address, _stop: stop })
    }

    /// `127.0.0.1:<port>`.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://127.0.0.1:<port>`.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}
