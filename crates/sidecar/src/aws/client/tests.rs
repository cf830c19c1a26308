//! What the client sends and understands is what the SDK's own client of SSM sends and understands.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use aws_sdk_ssm::config::RuntimeComponents;
use aws_sdk_ssm::error::ProvideErrorMetadata;
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_async::time::SharedTimeSource;
use aws_smithy_async::time::StaticTimeSource;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;

use super::*;

/// Answers every request in the same way, and keeps them.
#[derive(Debug, Clone)]
struct Server {
    status: u16,
    header: Option<(&'static str, &'static str)>,
    body: &'static str,
    requests: Arc<Mutex<Vec<HttpRequest>>>,
}

impl Server {
    fn answering(status: u16, body: &'static str) -> Self {
        Self {
            status,
            header: None,
            body,
            requests: Arc::default(),
        }
    }

    /// The only request, without what differs in each: its ID, and so its signature.
    fn request(&self) -> (String, Vec<(String, String)>, String) {
        let [request] = std::mem::take(&mut *self.requests.lock().unwrap())
            .try_into()
            .unwrap();
        let body = String::from_utf8(request.body().bytes().unwrap().to_vec()).unwrap();
        let same = |name: &str, value: &str| match name {
            "authorization" => value.split("Signature=").next().unwrap().to_owned(),
            "amz-sdk-invocation-id" => value.len().to_string(),
            // "m/" lists features of the SDK for its statistics.
            "user-agent" | "x-amz-user-agent" => {
                let words = value.split(' ').filter(|word| !word.starts_with("m/"));
                words.collect::<Vec<_>>().join(" ")
            }
            _ => value.to_owned(),
        };
        let headers = request.headers().iter();
        let mut headers: Vec<_> = headers
            .map(|(name, value)| (name.to_owned(), same(name, value)))
            .collect();
        headers.sort();
        (request.uri().to_owned(), headers, body)
    }
}

impl HttpConnector for Server {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        self.requests.lock().unwrap().push(request);
        let status = StatusCode::try_from(self.status).unwrap();
        let mut response = HttpResponse::new(status, SdkBody::from(self.body));
        if let Some((name, value)) = self.header {
            response.headers_mut().insert(name, value);
        }
        HttpConnectorFuture::ready(Ok(response))
    }
}

impl HttpClient for Server {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

fn now() -> StaticTimeSource {
    StaticTimeSource::new(SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_507_200))
}

fn credentials() -> Credentials {
    Credentials::new("AKID", "secret", Some("session".to_owned()), None, "tests")
}

fn ours(wanted: &EndpointSettings, server: &Server) -> Client {
    let components = RuntimeComponentsBuilder::new("tests")
        .with_http_client(Some(server.clone()))
        .with_sleep_impl(Some(TokioSleep::new()))
        .with_time_source(Some(now()));
    Client::new(wanted, credentials(), components).unwrap()
}

fn theirs(wanted: &EndpointSettings, server: &Server) -> aws_sdk_ssm::Client {
    let mut config = aws_sdk_ssm::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(wanted.region.clone()))
        .use_fips(wanted.fips)
        .use_dual_stack(wanted.dual_stack)
        .credentials_provider(credentials())
        .identity_cache(IdentityCache::no_cache())
        .retry_config(RetryConfig::disabled())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .http_client(server.clone())
        .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
        .time_source(SharedTimeSource::new(now()));
    config.set_endpoint_url(wanted.endpoint.clone());
    aws_sdk_ssm::Client::from_conf(config.build())
}

fn of_region(region: &str) -> EndpointSettings {
    EndpointSettings {
        region: region.to_owned(),
        endpoint: None,
        fips: false,
        dual_stack: false,
    }
}

fn several() -> GetParametersInput {
    let input = GetParametersInput::builder()
        .names("/p/control")
        .names("/p/prod/i-1");
    input.build().unwrap()
}

fn one() -> GetParameterInput {
    GetParameterInput::builder().name("/p/ü").build().unwrap()
}

#[tokio::test]
async fn requests_are_those_of_the_sdk() {
    let own = |url: &str| Some(url.to_owned());
    for (wanted, endpoint) in [
        (of_region("eu-west-1"), "https://ssm.eu-west-1.amazonaws.com/"),
        (
            of_region("cn-north-1"),
            "https://ssm.cn-north-1.amazonaws.com.cn/",
        ),
        (
            EndpointSettings {
                fips: true,
                ..of_region("us-gov-west-1")
            },
            "https://ssm.us-gov-west-1.amazonaws.com/",
        ),
        (
            EndpointSettings {
                fips: true,
                dual_stack: true,
                ..of_region("us-east-1")
            },
            "https://ssm-fips.us-east-1.api.aws/",
        ),
        (
            EndpointSettings {
                endpoint: own("http://localhost:4566/base"),
                ..of_region("us-east-1")
            },
            "http://localhost:4566/base/",
        ),
    ] {
        let server = Server::answering(200, "{}");
        ours(&wanted, &server)
            .call::<GetParameters>(several())
            .await
            .unwrap();
        let request = server.request();
        assert_eq!(request.0, endpoint);
        let client = theirs(&wanted, &server);
        let call = client.get_parameters().names("/p/control").names("/p/prod/i-1");
        call.send().await.unwrap();
        assert_eq!(request, server.request(), "{wanted:?}");

        ours(&wanted, &server).call::<GetParameter>(one()).await.unwrap();
        let request = server.request();
        client.get_parameter().name("/p/ü").send().await.unwrap();
        assert_eq!(request, server.request(), "{wanted:?}");
    }
}

#[tokio::test]
async fn responses_are_read_as_by_the_sdk() {
    let text = r#"{"Parameters":[{"Name":"/p/prod/i-1","Type":"String","Value":"{\"a\":\"\u00fc\"}","Version":3,
        "LastModifiedDate":1795507200.123,"Other":{"new":[1]}}],"InvalidParameters":["/p/control"]}"#;
    let (server, wanted) = (Server::answering(200, text), of_region("eu-west-1"));
    let read = ours(&wanted, &server)
        .call::<GetParameters>(several())
        .await
        .unwrap();
    let expected = theirs(&wanted, &server).get_parameters().send().await.unwrap();
    assert_eq!(read, expected);
    assert_eq!(read.parameters()[0].value(), Some(r#"{"a":"ü"}"#));
    assert_eq!(read.invalid_parameters(), ["/p/control"]);

    let text = r#"{"Parameter":{"Name":"/p/prod/i-1","Value":"{}"}}"#;
    let server = Server::answering(200, text);
    let read = ours(&wanted, &server).call::<GetParameter>(one()).await.unwrap();
    let expected = theirs(&wanted, &server).get_parameter().send().await.unwrap();
    assert_eq!(read, expected);
    assert_eq!(read.parameter().unwrap().value(), Some("{}"));
}

/// What steers: whether AWS has said what is wrong, and its words.
fn said<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> Option<(Option<String>, Option<String>)> {
    let error = error.as_service_error()?;
    Some((
        error.code().map(str::to_owned),
        error.message().map(str::to_owned),
    ))
}

#[tokio::test]
async fn errors_are_read_as_by_the_sdk() {
    let refused = Some(("x-amzn-errortype", "AccessDeniedException:http://internal/"));
    for (status, header, body, code) in [
        (
            400,
            None,
            r#"{"__type":"com.amazonaws.ssm#ParameterNotFound","message":"gone"}"#,
            Some("ParameterNotFound"),
        ),
        (
            400,
            None,
            r#"{"__type":"ThrottlingException","Message":"Rate exceeded"}"#,
            Some("ThrottlingException"),
        ),
        (
            400,
            None,
            r#"{"__type":"InternalServerError"}"#,
            Some("InternalServerError"),
        ),
        (
            400,
            None,
            r#"{"__type":"UnheardOf","message":"new"}"#,
            Some("UnheardOf"),
        ),
        (403, refused, r#"{"message":"no"}"#, Some("AccessDeniedException")),
        (500, refused, "", Some("AccessDeniedException")),
        (503, None, "{}", None),
        (502, None, "<html>Bad Gateway</html>", None),
        (302, None, "", None),
        (200, None, "<html>Log in</html>", None),
    ] {
        let server = Server {
            header,
            ..Server::answering(status, body)
        };
        let wanted = of_region("eu-west-1");
        let error = ours(&wanted, &server)
            .call::<GetParameter>(one())
            .await
            .unwrap_err();
        let expected = theirs(&wanted, &server).get_parameter().send().await.unwrap_err();
        assert_eq!(said(&error), said(&expected), "{status} {body}");
        assert_eq!(said(&error).and_then(|said| said.0).as_deref(), code);
    }
}

#[tokio::test]
async fn each_call_is_made_once() {
    let server = Server::answering(503, r#"{"__type":"ServiceUnavailable"}"#);
    let client = ours(&of_region("eu-west-1"), &server);
    assert!(client.call::<GetParameter>(one()).await.is_err());
    assert_eq!(server.requests.lock().unwrap().len(), 1);
}
