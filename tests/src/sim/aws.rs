//! The coordinator's way to AWS: the SDK with its own serializers and parsers, and an HTTP client that carries each
//! request no further than to the model of AWS in the same process.

use std::fmt;
use std::sync::Arc;

use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use protector_local_aws::message::{Reply, Request};
use protector_local_aws::wire;

use super::harness::Harness;

/// A client of `principal` whose requests are answered at once, in no time. Nothing is tried again: a journal is the
/// same in every run, and the SDK's pauses are random.
pub(crate) fn configuration(harness: &Arc<Harness>, principal: &str) -> SdkConfig {
    let credentials = Credentials::new(principal, "local", None, None, "transcript");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-west-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(InProcess(harness.clone()))
        .sleep_impl(TokioSleep::new())
        .retry_config(RetryConfig::disabled())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .build()
}

#[derive(Clone)]
struct InProcess(Arc<Harness>);

impl fmt::Debug for InProcess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InProcess")
    }
}

impl HttpClient for InProcess {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for InProcess {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::ready(self.answer(&request))
    }
}

impl InProcess {
    fn answer(&self, request: &HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let body = request.body().bytes();
        let body = body.ok_or_else(|| ConnectorError::user("a body that is not in memory".into()))?;
        let request = Request {
            target: request.headers().get("x-amz-target"),
            authorization: request.headers().get("authorization"),
            body,
        };
        let reply = self
            .0
            .with(|world, now| wire::answer(world, now, &request, "request"));
        response(reply)
    }
}

fn response(reply: Reply) -> Result<HttpResponse, ConnectorError> {
    let status = reply.status.as_u16().try_into();
    let status = status.map_err(|error| ConnectorError::other(Box::new(error), None))?;
    let mut response = HttpResponse::new(status, SdkBody::from(reply.body));
    response.headers_mut().insert("content-type", reply.content_type);
    Ok(response)
}
