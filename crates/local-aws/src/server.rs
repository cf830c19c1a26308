//! One listener and its connections.

use crate::requests::Requests;
use axum::Router;
use axum::body::Body;
use axum::http::header::DATE;
use axum::http::{HeaderValue, Response};
use hyper::body::Incoming;
use hyper::rt::{Read, Write};
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use jiff::Timestamp;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;

/// How long the listener rests when no connection can be accepted, for want of file descriptors.
const ACCEPT_RETRY: Duration = Duration::from_millis(10);

/// A server on 127.0.0.1. Dropping it closes the listener and every connection that waits for a request.
pub(crate) struct Server {
    address: SocketAddr,
    scheme: &'static str,
    // Its end is the signal.
    _stop: oneshot::Sender<()>,
}

/// How a server treats its connections.
#[derive(Clone, Default)]
pub(crate) struct Serving {
    /// The certificate, if it speaks TLS.
    pub(crate) tls: Option<TlsAcceptor>,
    /// Each connection is closed after one request.
    pub(crate) one_request: bool,
    /// Where the requests of containers are noted.
    pub(crate) requests: Option<Arc<Requests>>,
}

/// In the extensions of a response: it is not sent, and its connection ends.
#[derive(Clone, Copy)]
struct HangUp;

/// In the extensions of a response: it has no `Date`.
#[derive(Clone, Copy)]
pub(crate) struct Undated;

/// The response of an endpoint that closes its connection without an answer.
pub(crate) fn hang_up() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    response.extensions_mut().insert(HangUp);
    response
}

/// A moment in the form of the header `Date`.
pub(crate) fn http_date(at: Timestamp) -> Option<HeaderValue> {
    HeaderValue::from_str(&at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()).ok()
}

/// TLS with this certificate and its key, in PEM.
pub(crate) fn tls(certificate: &[u8], key: &[u8]) -> io::Result<TlsAcceptor> {
    let certificate = CertificateDer::from_pem_slice(certificate).map_err(io::Error::other)?;
    let key = PrivateKeyDer::from_pem_slice(key).map_err(io::Error::other)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|config| {
            config
                .with_no_client_auth()
                .with_single_cert(vec![certificate], key)
        })
        .map_err(io::Error::other)?;
    Ok(Arc::new(config).into())
}

impl Server {
    /// Serves `router` on a port; 0 takes a free one.
    pub(crate) async fn start(port: u16, router: Router, serving: Serving) -> io::Result<Server> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let address = listener.local_addr()?;
        let scheme = if serving.tls.is_some() { "https" } else { "http" };
        let (stop, stopped) = oneshot::channel::<()>();
        tokio::spawn(accept(listener, router, serving, stopped));
        Ok(Server {
            address,
            scheme,
            _stop: stop,
        })
    }

    /// `127.0.0.1:<port>`.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://127.0.0.1:<port>`, or the same with `https`.
    pub(crate) fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }
}

async fn accept(listener: TcpListener, router: Router, serving: Serving, mut stopped: oneshot::Receiver<()>) {
    let graceful = GracefulShutdown::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = &mut stopped => break,
        };
        match accepted {
            Ok((stream, _)) => {
                tokio::spawn(connection(
                    stream,
                    router.clone(),
                    serving.clone(),
                    graceful.watcher(),
                ));
            }
            Err(_) => tokio::time::sleep(ACCEPT_RETRY).await,
        }
    }
    drop(listener);
    graceful.shutdown().await;
}

/// One connection, to its end. An error is the client's, or a planned one.
async fn connection(stream: TcpStream, router: Router, serving: Serving, watcher: Watcher) {
    let _ = stream.set_nodelay(true);
    match &serving.tls {
        None => serve(TokioIo::new(stream), router, &serving, watcher).await,
        Some(tls) => {
            if let Ok(stream) = tls.accept(stream).await {
                serve(TokioIo::new(stream), router, &serving, watcher).await;
            }
        }
    }
}

async fn serve(
    stream: impl Read + Write + Unpin + Send + 'static,
    router: Router,
    serving: &Serving,
    watcher: Watcher,
) {
    let router = TowerToHyperService::new(router);
    let requests = serving.requests.clone();
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        if let Some(requests) = &requests {
            requests.note(request.method(), request.uri().path());
        }
        let response = router.call(request);
        async move { finish(response.await) }
    });
    // The date is written here, since one response may have none.
    let connection = http1::Builder::new()
        .auto_date_header(false)
        .header_read_timeout(None)
        .keep_alive(!serving.one_request)
        .serve_connection(stream, service);
    let _ = watcher.watch(connection).await;
}

fn finish(response: Result<Response<Body>, Infallible>) -> io::Result<Response<Body>> {
    let mut response = response.unwrap_or_else(|never| match never {});
    if response.extensions().get::<HangUp>().is_some() {
        return Err(io::ErrorKind::ConnectionReset.into());
    }
    let dated = response.headers().contains_key(DATE) || response.extensions().get::<Undated>().is_some();
    if !dated && let Some(date) = http_date(Timestamp::now()) {
        response.headers_mut().insert(DATE, date);
    }
    Ok(response)
}
