//! HTTP/1.1 for everything that the sidecar asks: hyper over TCP, or over rustls.
//!
//! ```text
//!  task metadata, IMDS, introspection, credentials ─► direct ──────────────────► host
//!  SSM (through the SDK)                           ─► HTTPS_PROXY and its kind ─► AWS
//! ```
//!
//! Each answer is read to its end, and is bounded: nothing that the sidecar asks for is long. A failure has a type
//! ([`Failed`]) that says what happened on the way.

mod connect;
mod crypto;
mod failed;
mod route;
mod trust;

use std::sync::Arc;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use http::{Request, Response};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use protector_core::limits::sidecar::ANSWER_BYTES_MAX;
use protector_core::network::{Route, Unreachable};
use protector_runtime::guarded::Guarded;

pub(crate) use failed::Failed;

use connect::{Sender, Way};
use trust::Trust;

/// An HTTP client. Clones share its connection.
#[derive(Debug, Clone)]
pub(crate) struct Http {
    proxies: Option<Arc<route::Proxies>>,
    trust: Arc<Trust>,
    kept: Arc<Guarded<Kept>>,
}

/// What is kept from one call to the next.
#[derive(Debug, Default)]
struct Kept {
    /// A connection that is open, and where it leads.
    open: Option<(Route, Sender)>,
    /// The route of the last call.
    last: Option<Route>,
}

impl Http {
    /// For what is on the same host: never through a proxy.
    pub(crate) fn direct() -> Self {
        Self::new(None)
    }

    /// For AWS: `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` are obeyed, in upper and lower case.
    pub(crate) fn through_proxy() -> Self {
        Self::new(Some(Arc::new(route::Proxies::from_environment())))
    }

    fn new(proxies: Option<Arc<route::Proxies>>) -> Self {
        Self {
            proxies,
            trust: Arc::new(Trust::from_environment()),
            kept: Arc::default(),
        }
    }

    /// How the last call travelled.
    pub(crate) fn last_route(&self) -> Option<Route> {
        self.kept.lock().last.clone()
    }

    /// Sends one request, and reads the whole answer. A connection that was kept open and has meanwhile been closed is
    /// replaced once: all that the sidecar asks for are readings, which can be repeated.
    pub(crate) async fn call(&self, request: Request<Bytes>) -> Result<Response<Bytes>, Failed> {
        let way = Way::of(request.uri(), self.proxies.as_deref())?;
        if let Some(sender) = self.take_open(&way.route)
            && let Ok(answer) = self.exchange(&way, sender, &request).await
        {
            return Ok(answer);
        }
        let sender = connect::connect(&way, &self.trust).await?;
        self.exchange(&way, sender, &request).await
    }

    /// The open connection, if it leads there and is still open.
    fn take_open(&self, route: &Route) -> Option<Sender> {
        let mut kept = self.kept.lock();
        kept.last = Some(route.clone());
        let (open, sender) = kept.open.take()?;
        (open == *route && sender.is_ready()).then_some(sender)
    }

    async fn exchange(
        &self,
        way: &Way,
        mut sender: Sender,
        request: &Request<Bytes>,
    ) -> Result<Response<Bytes>, Failed> {
        let cut =
            |error: &(dyn std::error::Error + 'static)| Failed::new(Unreachable::Cut, &way.route, error);
        let sent = way.request(request)?.map(Full::new);
        let answer = sender.send_request(sent).await.map_err(|error| cut(&error))?;
        if way.forwards() && answer.status() == http::StatusCode::PROXY_AUTHENTICATION_REQUIRED {
            return Err(Failed::reported(
                Unreachable::ProxyRefused,
                &way.route,
                "status 407",
            ));
        }
        let (parts, body) = answer.into_parts();
        let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await;
        let body = body.map_err(|error| cut(&*error))?.to_bytes();
        if sender.is_ready() {
            self.kept.lock().open = Some((way.route.clone(), sender));
        }
        Ok(Response::from_parts(parts, body))
    }

    /// The same for the SDK.
    async fn sdk_call(&self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let request = request
            .try_into_http1x()
            .map_err(|error| ConnectorError::user(error.into()))?;
        // Requests of the SDK that are no streams have their bytes in memory.
        let request = request.map(|body| Bytes::copy_from_slice(body.bytes().unwrap_or_default()));
        let answer = self.call(request).await.map_err(ConnectorError::from)?;
        HttpResponse::try_from(answer.map(SdkBody::from))
            .map_err(|error| ConnectorError::other(error.into(), None))
    }
}

impl HttpConnector for Http {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let client = self.clone();
        HttpConnectorFuture::new(async move { client.sdk_call(request).await })
    }
}

/// The SDK's timeouts are not needed: each caller bounds its call as a whole.
impl HttpClient for Http {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

#[cfg(test)]
mod tests;
