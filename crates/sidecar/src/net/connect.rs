//! A connection: resolve, connect, perhaps a tunnel, perhaps TLS, then HTTP/1.1.

use std::net::SocketAddr;
use std::sync::Arc;

use http::header::{HOST, PROXY_AUTHORIZATION};
use http::uri::{PathAndQuery, Scheme};
use http::{HeaderValue, Method, Request, StatusCode, Uri};
use http_body_util::{Empty, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use protector_core::limits::sidecar::CONNECT_STEP_TIMEOUT;
use protector_core::network::{Route, Unreachable};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::failed::Failed;
use super::route::{self, Proxies, Proxy};
use super::trust::Trust;

/// An open connection.
pub(super) type Sender = SendRequest<Full<Bytes>>;

/// Anything that carries bytes.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// The way to one address.
#[derive(Debug)]
pub(super) struct Way {
    /// The same for people and for comparison.
    pub(super) route: Route,
    target: Uri,
    proxy: Option<Proxy>,
}

impl Way {
    /// The way to `target`, through a proxy if one of `proxies` is for it.
    pub(super) fn of(target: &Uri, proxies: Option<&Proxies>) -> Result<Self, Failed> {
        let proxy = proxies.and_then(|proxies| proxies.of(target));
        let name = |uri: &Uri| route::authority(uri).unwrap_or_else(|| uri.to_string());
        let route = Route {
            endpoint: name(target),
            proxy: proxy.as_ref().map(|proxy| name(&proxy.address)),
        };
        let way = Self {
            route,
            target: target.clone(),
            proxy,
        };
        match way.first_hop() {
            Some(_) if route::host_and_port(target).is_some() => Ok(way),
            _ => Err(way.reported(Unreachable::Refused, "not an http:// or https:// address")),
        }
    }

    /// Returns whether a proxy gets the whole request, instead of opening a tunnel. This is the case without TLS.
    pub(super) fn forwards(&self) -> bool {
        self.proxy.is_some() && !is_tls(&self.target)
    }

    /// The request as it is sent on this way: the path alone, or the whole address to a proxy that forwards it.
    pub(super) fn request(&self, request: &Request<Bytes>) -> Result<Request<Bytes>, Failed> {
        let mut request = request.clone();
        let host = route::host_header(&self.target).and_then(|host| HeaderValue::try_from(host).ok());
        let host = host.ok_or_else(|| self.reported(Unreachable::Refused, "not a host"))?;
        request.headers_mut().insert(HOST, host);
        let authorization = self.proxy.as_ref().and_then(|proxy| proxy.authorization.clone());
        match authorization.filter(|_| self.forwards()) {
            Some(authorization) => drop(request.headers_mut().insert(PROXY_AUTHORIZATION, authorization)),
            None if self.forwards() => {}
            None => *request.uri_mut() = path_of(&self.target),
        }
        Ok(request)
    }

    fn first_hop(&self) -> Option<(&str, u16)> {
        let address = self.proxy.as_ref().map_or(&self.target, |proxy| &proxy.address);
        is_http(address).then(|| route::host_and_port(address)).flatten()
    }

    fn reported(&self, seen: Unreachable, detail: &str) -> Failed {
        Failed::reported(seen, &self.route, detail)
    }
}

fn is_tls(uri: &Uri) -> bool {
    uri.scheme() == Some(&Scheme::HTTPS)
}

fn is_http(uri: &Uri) -> bool {
    is_tls(uri) || uri.scheme() == Some(&Scheme::HTTP)
}

fn path_of(uri: &Uri) -> Uri {
    let path = uri.path_and_query().cloned();
    Uri::from(path.unwrap_or_else(|| PathAndQuery::from_static("/")))
}

/// Opens a connection. If the server's authority is not one of Amazon's, once more with those of the file system.
pub(super) async fn connect(way: &Way, trust: &Trust) -> Result<Sender, Failed> {
    match open(way, trust).await {
        Err(failed) if failed.seen == Unreachable::NotTrusted && trust.widen() => open(way, trust).await,
        opened => opened,
    }
}

async fn open(way: &Way, trust: &Trust) -> Result<Sender, Failed> {
    let mut stream = tcp(way).await?;
    if let Some(proxy) = &way.proxy {
        if is_tls(&proxy.address) {
            stream = tls(way, trust, stream, &proxy.address).await?;
        }
        if is_tls(&way.target) {
            stream = in_time(way, "tunnel", tunnel(way, proxy, stream)).await?;
        }
    }
    if is_tls(&way.target) {
        stream = tls(way, trust, stream, &way.target).await?;
    }
    let (sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|error| Failed::new(Unreachable::Cut, &way.route, &error))?;
    // What ends the connection is reported to the caller that waits for an answer.
    tokio::spawn(async move { drop(connection.await) });
    Ok(sender)
}

async fn tcp(way: &Way) -> Result<Box<dyn Stream>, Failed> {
    let place = way.first_hop();
    let place = place.ok_or_else(|| way.reported(Unreachable::Refused, "no address"))?;
    let late = || way.reported(Unreachable::NotResolved, "the resolver does not answer");
    let found = timeout(CONNECT_STEP_TIMEOUT, lookup_host(place))
        .await
        .map_err(|_| late())?;
    let found = found.map_err(|error| Failed::new(Unreachable::NotResolved, &way.route, &error))?;
    let addresses: Vec<SocketAddr> = found.collect();
    in_time(way, "connection", first_that_connects(way, &addresses)).await
}

/// One address after the other. Each but the last has half of the time that is left, so that one that is silent does
/// not take all of it.
async fn first_that_connects(way: &Way, addresses: &[SocketAddr]) -> Result<Box<dyn Stream>, Failed> {
    let mut limit = CONNECT_STEP_TIMEOUT;
    let mut failed = way.reported(Unreachable::NotResolved, "no address");
    for (place, address) in addresses.iter().enumerate() {
        let is_last = place.saturating_add(1) == addresses.len();
        limit = if is_last { limit } else { limit / 2 };
        match timeout(limit, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                // Small requests must not wait for the answer to the last packet; without it they only take longer.
                let _ = stream.set_nodelay(true);
                return Ok(Box::new(stream));
            }
            Ok(Err(error)) => failed = Failed::connecting(&way.route, &error),
            Err(_) => failed = way.reported(Unreachable::TimedOut, "no connection in time"),
        }
    }
    Err(failed)
}

/// Asks the proxy for a tunnel to the target.
async fn tunnel(way: &Way, proxy: &Proxy, stream: Box<dyn Stream>) -> Result<Box<dyn Stream>, Failed> {
    let cut = |error: hyper::Error| Failed::new(Unreachable::Cut, &way.route, &error);
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(cut)?;
    tokio::spawn(async move { drop(connection.with_upgrades().await) });
    let answer = sender
        .send_request(connect_request(way, proxy)?)
        .await
        .map_err(cut)?;
    if answer.status() != StatusCode::OK {
        let status = format!("CONNECT: status {}", answer.status().as_u16());
        return Err(way.reported(Unreachable::ProxyRefused, &status));
    }
    let upgraded = hyper::upgrade::on(answer).await.map_err(cut)?;
    Ok(Box::new(TokioIo::new(upgraded)))
}

fn connect_request(way: &Way, proxy: &Proxy) -> Result<Request<Empty<Bytes>>, Failed> {
    let endpoint = way.route.endpoint.as_str();
    let mut request = Request::builder()
        .method(Method::CONNECT)
        .uri(endpoint)
        .header(HOST, endpoint);
    if let Some(authorization) = &proxy.authorization {
        request = request.header(PROXY_AUTHORIZATION, authorization);
    }
    let built = request.body(Empty::new());
    built.map_err(|error| Failed::new(Unreachable::Refused, &way.route, &error))
}

async fn tls(
    way: &Way,
    trust: &Trust,
    stream: Box<dyn Stream>,
    server: &Uri,
) -> Result<Box<dyn Stream>, Failed> {
    let wrong =
        |error: &(dyn std::error::Error + 'static)| Failed::new(Unreachable::TlsFailed, &way.route, error);
    let config: Arc<ClientConfig> = trust.config().map_err(|error| wrong(&error))?;
    let host = route::host_and_port(server).map(|(host, _)| host.to_owned());
    let name = ServerName::try_from(host.unwrap_or_default()).map_err(|error| wrong(&error))?;
    let handshake = async {
        let connected = TlsConnector::from(config).connect(name, stream).await;
        connected.map_err(|error| Failed::handshake(&way.route, &error))
    };
    Ok(Box::new(in_time(way, "TLS handshake", handshake).await?))
}

async fn in_time<T>(
    way: &Way,
    step: &str,
    work: impl Future<Output = Result<T, Failed>>,
) -> Result<T, Failed> {
    let late = || {
        way.reported(
            Unreachable::TimedOut,
            &format!("no {step} within {} s", CONNECT_STEP_TIMEOUT.as_secs()),
        )
    };
    timeout(CONNECT_STEP_TIMEOUT, work)
        .await
        .unwrap_or_else(|_| Err(late()))
}
