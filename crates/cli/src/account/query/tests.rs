use super::*;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// An answer of the server of these tests: the status, and the body.
type Canned = (u16, &'static str);

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "PascalCase")]
struct Names {
    names_result: NamesResult,
}

#[derive(Debug, Deserialize, PartialEq)]
struct NamesResult {
    #[serde(rename = "Names", default)]
    names: Members,
}

#[derive(Debug, Default, Deserialize, PartialEq)]
struct Members {
    #[serde(default)]
    member: Vec<String>,
}

const GOOD: &str = "<NamesResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><NamesResult><Names>\
    <member>a&amp;b</member><member>c</member></Names></NamesResult></NamesResponse>";

/// Answers one connection after the other, and gives back what was asked.
async fn served(answers: Vec<Canned>) -> (String, tokio::task::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let served = tokio::spawn(async move {
        let mut asked = Vec::new();
        for (status, body) in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            asked.push(read_request(&mut stream).await);
            let head = format!(
                "HTTP/1.1 {status} x\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
                body.len()
            );
            stream
                .write_all(format!("{head}{body}").as_bytes())
                .await
                .unwrap();
        }
        asked
    });
    (url, served)
}

async fn read_request(stream: &mut tokio::net::TcpStream) -> String {
    let mut text = String::new();
    let mut buffer = [0; 4096];
    loop {
        let read = stream.read(&mut buffer).await.unwrap();
        text.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "));
        if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
            return text;
        }
    }
}

fn client(url: &str) -> QueryClient {
    let credentials = Credentials::new("AKID", "secret", Some("token".to_owned()), None, "test");
    let timeouts = TimeoutConfig::builder()
        .operation_attempt_timeout(Duration::from_secs(5))
        .build();
    let retries = RetryConfig::standard()
        .with_max_attempts(3)
        .with_initial_backoff(Duration::from_millis(1));
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-west-1"))
        .endpoint_url(url)
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
        .retry_config(retries)
        .timeout_config(timeouts);
    QueryClient::new(&config.build())
}

async fn names(url: &str, service: QueryService) -> Result<Names, QueryError> {
    let form = QueryForm::default()
        .with("Of", "a b&c")
        .list("In.member", &["x", "y"]);
    client(url).call(service, "Names", &form).await
}

fn kind(error: &QueryError) -> GapKind {
    super::super::gap::gap("iam:Names", error).kind
}

use protector_diagnosis::read::GapKind;

#[tokio::test]
async fn a_call_is_a_signed_form_and_its_answer_is_read() {
    let (url, served) = served(vec![(200, GOOD)]).await;
    let read = names(&url, QueryService::Iam).await.unwrap();
    assert_eq!(read.names_result.names.member, ["a&b", "c"]);
    let asked = served.await.unwrap().remove(0);
    let (head, body) = asked.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("POST / HTTP/1.1"), "{head}");
    for part in [
        "content-type: application/x-www-form-urlencoded",
        "x-amz-security-token: token",
        "/us-east-1/iam/aws4_request",
        "user-agent: aws-sdk-rust",
    ] {
        assert!(head.to_lowercase().contains(part), "{part}: {head}");
    }
    assert!(head.contains("Credential=AKID/"), "{head}");
    assert_eq!(
        body,
        "Action=Names&Version=2010-05-08&Of=a+b%26c&In.member.1=x&In.member.2=y"
    );
}

#[tokio::test]
async fn throttling_and_broken_services_are_asked_again() {
    const BUSY: &str = "<ErrorResponse><Error><Type>Sender</Type><Code>Throttling</Code><Message>Rate exceeded</Message>\
        </Error><RequestId>r</RequestId></ErrorResponse>";
    let (url, served) = served(vec![(400, BUSY), (503, ""), (200, GOOD)]).await;
    assert!(names(&url, QueryService::Iam).await.is_ok());
    assert_eq!(served.await.unwrap().len(), 3);
    let (url, _served) = self::served(vec![(400, BUSY); 3]).await;
    let error = names(&url, QueryService::Iam).await.unwrap_err();
    assert_eq!(
        (error.code(), kind(&error)),
        (Some("Throttling"), GapKind::Throttled)
    );
}

#[tokio::test]
async fn a_refusal_is_read_in_both_forms_and_asked_once() {
    const OF_IAM: &str = "<ErrorResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><Error><Type>Sender</Type>\
        <Code>AccessDenied</Code><Message>User: ana is not authorized</Message></Error></ErrorResponse>";
    const OF_EC2: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Errors><Error>\
        <Code>UnauthorizedOperation</Code><Message>You are not authorized</Message></Error></Errors>\
        <RequestID>r</RequestID></Response>";
    for (service, body, code) in [
        (QueryService::Iam, OF_IAM, "AccessDenied"),
        (QueryService::Ec2, OF_EC2, "UnauthorizedOperation"),
    ] {
        let (url, served) = served(vec![(403, body)]).await;
        let error = names(&url, service).await.unwrap_err();
        assert_eq!((error.code(), kind(&error)), (Some(code), GapKind::Denied));
        assert!(error.message().unwrap().contains("not authorized"));
        assert_eq!(served.await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn what_is_cut_short_or_no_answer_is_an_error_and_never_less() {
    for cut in (1..GOOD.len() - 1).step_by(7) {
        let (url, _served) = served(vec![(200, &GOOD[..cut]); 3]).await;
        let error = names(&url, QueryService::Iam).await.unwrap_err();
        assert_eq!(kind(&error), GapKind::Unreachable, "{}", &GOOD[..cut]);
    }
    let (url, _served) = served(vec![(200, "<html>Sign in</html>"); 3]).await;
    assert!(names(&url, QueryService::Iam).await.is_err());
    let error = names("http://127.0.0.1:1", QueryService::Ec2).await.unwrap_err();
    assert_eq!(kind(&error), GapKind::Unreachable);
}

#[tokio::test]
async fn a_list_may_be_empty_or_left_out() {
    for body in [
        "<NamesResponse><NamesResult><Names/></NamesResult></NamesResponse>",
        "<NamesResponse><NamesResult><Names></Names></NamesResult></NamesResponse>",
        "<NamesResponse><NamesResult></NamesResult></NamesResponse>",
    ] {
        let (url, _served) = served(vec![(200, body)]).await;
        let read = names(&url, QueryService::Iam).await.unwrap();
        assert!(read.names_result.names.member.is_empty(), "{body}");
    }
}
