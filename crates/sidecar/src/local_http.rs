//! The services of the host: task metadata, the agent's introspection, IMDS. Never through a proxy.
//!
//! Each is asked once in the sidecar's life, or once every few seconds, so no connection is kept.

use std::time::Duration;

use http::header::{ACCEPT, CONNECTION};
use http::{HeaderName, HeaderValue, Method, Request};
use hyper::body::Bytes;
use tokio::time::timeout;

use crate::net::Http;

/// An answer, whatever its status.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The whole body, 1 MiB at the most.
    pub(crate) body: Bytes,
}

/// Gets the body of `url`, an `http://` address. A status other than 200 is an error, and so is no response within
/// `limit`; the error is a phrase.
pub(crate) async fn get(url: &str, limit: Duration) -> Result<Bytes, String> {
    match ask(Method::GET, url, json(), limit).await? {
        Answer { status: 200, body } => Ok(body),
        Answer { status, .. } => Err(format!("{url}: status {status}")),
    }
}

/// The header that asks for JSON.
pub(crate) fn json() -> (HeaderName, HeaderValue) {
    (ACCEPT, HeaderValue::from_static("application/json"))
}

/// Asks with one header of the caller's. The error is a phrase: no connection, or no whole answer within `limit`.
pub(crate) async fn ask(
    method: Method,
    url: &str,
    (name, value): (HeaderName, HeaderValue),
    limit: Duration,
) -> Result<Answer, String> {
    let request = Request::builder()
        .method(method)
        .uri(url)
        .header(CONNECTION, "close")
        .header(name, value)
        .body(Bytes::new())
        .map_err(|error| format!("{url}: {error}"))?;
    let answer = timeout(limit, Http::direct().call(request))
        .await
        .map_err(|_| format!("{url}: no response within {} s", limit.as_secs()))?
        .map_err(|failed| format!("{url}: {failed}"))?;
    Ok(Answer {
        status: answer.status().as_u16(),
        body: answer.into_body(),
    })
}
