//! Connections, dates, TLS, the endpoints of a host, and the paths by which other programs set all this.

use super::reads::{json_of, raw, signed};
use super::{BOUND, protected, request, started};
use crate::{HostEndpoint, LocalAws, LocalAwsConfig};
use jiff::fmt::rfc2822::DateTimeParser;
use jiff::{SignedDuration, Timestamp};
use protector_aws_model::faults::CallFilter;
use protector_aws_model::{Cut, DateHeader, Service};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

const AUTHORITY: &[u8] = include_bytes!("../../../sidecar/tests/tls/authority.pem");
const CERTIFICATE: &[u8] = include_bytes!("../../../sidecar/tests/tls/server.pem");
const KEY: &[u8] = include_bytes!("../../../sidecar/tests/tls/server.key");

const LIST_CLUSTERS: &str = "AmazonEC2ContainerServiceV20141113.ListClusters";

fn list_clusters() -> String {
    format!(
        "POST / HTTP/1.1\r\nx-amz-target: {LIST_CLUSTERS}\r\n{}",
        signed("ana", "ecs")
    )
}

/// The header `Date` of an answer.
fn date(answer: &str) -> Option<Timestamp> {
    let value = answer.lines().find_map(|line| line.strip_prefix("date: "))?;
    Some(DateTimeParser::new().parse_timestamp(value).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn each_answer_has_the_time_unless_a_fault_says_otherwise() {
    let aws = started().await;
    let ahead = SignedDuration::from_secs(-900);
    aws.faults(|faults| {
        faults.date(CallFilter::any(), DateHeader::Ahead(ahead), 1);
        faults.date(CallFilter::any(), DateHeader::Absent, 1);
    });
    let off = |answer: &str| date(answer).map(|date| date.duration_since(Timestamp::now()).abs());
    let minute = SignedDuration::from_mins(1);
    let skewed = off(&request(&aws, &list_clusters(), "{}").await).unwrap();
    assert!((skewed - ahead.abs()).abs() < minute, "{skewed}");
    assert_eq!(off(&request(&aws, &list_clusters(), "{}").await), None);
    assert!(off(&request(&aws, &list_clusters(), "{}").await).unwrap() < minute);
    aws.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_never_comes_keeps_its_connection_open() {
    let aws = started().await;
    aws.faults(|faults| faults.cut(CallFilter::service(Service::Ecs), Cut::Never, 1));
    let address = aws.endpoint_url().replace("http://", "");
    let head = format!("{}host: x\r\ncontent-length: 2\r\n\r\n", list_clusters());
    let silent = tokio::time::timeout(Duration::from_millis(300), raw(&address, head.as_bytes(), b"{}"));
    assert!(silent.await.is_err());
    assert_eq!(json_of(&aws, "ana", "ecs", LIST_CLUSTERS, json!({})).await.0, 200);
    aws.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_serves_one_request_if_that_is_set() {
    let twice = |aws: &LocalAws| {
        let address = aws.endpoint_url().replace("http://", "");
        let one = format!("{}host: x\r\ncontent-length: 2\r\n", list_clusters());
        let both = format!("{one}\r\n{{}}{one}connection: close\r\n\r\n{{}}");
        async move {
            let answer = raw(&address, both.as_bytes(), b"").await;
            String::from_utf8(answer).unwrap().matches("HTTP/1.1 200").count()
        }
    };
    for (keep_alive, answers) in [(true, 2), (false, 1)] {
        let config = LocalAwsConfig {
            keep_alive,
            tick_every: None,
            ..LocalAwsConfig::default()
        };
        let aws = LocalAws::start(config).await.unwrap();
        assert_eq!(twice(&aws).await, answers);
        aws.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_account_answers_by_tls() {
    let aws = started().await;
    let url = aws.listen_with_tls(CERTIFICATE, KEY).await.unwrap();
    assert!(aws.listen_with_tls(CERTIFICATE, b"no key").await.is_err());
    aws.call(Service::Ecs, "CreateCluster", json!({"clusterName": "demo"}))
        .unwrap();
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(AUTHORITY).unwrap())
        .unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(url.replace("https://", "")).await.unwrap();
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let mut stream = TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
        .unwrap();
    let head = format!(
        "{}host: x\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{{}}",
        list_clusters()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    let _ = tokio::time::timeout(BOUND, stream.read_to_string(&mut answer))
        .await
        .unwrap();
    assert!(answer.contains("cluster/demo"), "{answer}");
    aws.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_endpoint_of_a_host_can_refuse_close_and_be_silent() {
    let aws = started().await;
    let (instance, task) = protected(&aws).await;
    let id = task.rsplit('/').next().unwrap().to_owned();
    let front = aws.endpoint_url().replace("http://", "");
    let imds = aws.imds_url(&instance).unwrap().replace("http://", "");
    let get = |address: &str, path: &str| {
        let (address, head) = (
            address.to_owned(),
            format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"),
        );
        async move {
            let answer =
                tokio::time::timeout(Duration::from_millis(500), raw(&address, head.as_bytes(), b"")).await;
            answer.map(|answer| {
                String::from_utf8(answer)
                    .unwrap()
                    .chars()
                    .skip(9)
                    .take(3)
                    .collect::<String>()
            })
        }
    };
    let (metadata, credentials) = (format!("/v4/{id}-daemon/task"), format!("/credentials/{id}"));
    type Set = fn(&LocalAws, &str, HostEndpoint);
    let endpoints: [(&str, &str, &str, Set, &str); 4] = [
        (&front, &metadata, &task, LocalAws::set_task_metadata, "200"),
        (&front, &credentials, &task, LocalAws::set_credentials, "200"),
        (
            &imds,
            "/latest/meta-data/instance-id",
            &instance,
            LocalAws::set_imds,
            "401",
        ),
        (
            &imds,
            "/v1/metadata",
            &instance,
            LocalAws::set_introspection,
            "200",
        ),
    ];
    for (address, path, name, set, usual) in endpoints {
        for (how, status) in [
            (HostEndpoint::Refuses(429), Ok("429")),
            (HostEndpoint::Closes, Ok("")),
            (HostEndpoint::Silent, Err(())),
            (HostEndpoint::Answers, Ok(usual)),
        ] {
            set(&aws, name, how);
            let answer = get(address, path).await;
            assert_eq!(answer.as_deref().map_err(|_| ()), status, "{path} {how:?}");
        }
    }
    let requests = aws.host_requests();
    for path in [
        &metadata,
        &credentials,
        "/v1/metadata",
        "/latest/meta-data/instance-id",
    ] {
        let line = format!("GET {path}");
        assert_eq!(
            requests.iter().filter(|request| **request == line).count(),
            4,
            "{path}"
        );
    }
    aws.set_credentials_life(&task, SignedDuration::from_secs(2));
    let answer = request(&aws, &format!("GET {credentials} HTTP/1.1\r\n"), "").await;
    let body: Value = serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap();
    let end: Timestamp = body["Expiration"].as_str().unwrap().parse().unwrap();
    assert!(
        end.duration_since(Timestamp::now()) < SignedDuration::from_mins(1),
        "{end}"
    );
    aws.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_program_sets_faults_and_asks_for_the_requests() {
    let aws = started().await;
    let (instance, _) = protected(&aws).await;
    let ask = |method: &'static str, path: String, body: Value| {
        let aws = &aws;
        async move {
            let answer = request(
                aws,
                &format!("{method} /_local/{path} HTTP/1.1\r\n"),
                &body.to_string(),
            )
            .await;
            let (head, body) = answer.split_once("\r\n\r\n").unwrap();
            (
                head[9..12].to_owned(),
                serde_json::from_str::<Value>(body).unwrap(),
            )
        }
    };
    let plan = json!({"service": "ecs", "operation": "ListClusters", "principal": "ana"});
    let with = |fields: Value| {
        let mut plan = plan.clone();
        plan.as_object_mut()
            .unwrap()
            .extend(fields.as_object().unwrap().clone());
        plan
    };
    let plans = json!([
        with(json!({"times": 2, "fault": {"answer": {"clusterArns": ["first"]}}})),
        with(json!({"fault": {"answer": {"clusterArns": ["later"]}}})),
        with(json!({"times": 1, "fault": {"date": null}})),
        with(json!({"times": 1, "fault": {"date": -900}})),
    ]);
    assert_eq!(ask("PUT", "faults".to_owned(), plans).await.0, "200");
    for expected in ["first", "first", "later", "later"] {
        let answer = json_of(&aws, "ana", "ecs", LIST_CLUSTERS, json!({})).await.1;
        assert_eq!(answer["clusterArns"][0], expected);
    }
    ask(
        "PUT",
        "faults".to_owned(),
        json!([with(json!({"times": 1, "fault": "deny"}))]),
    )
    .await;
    let denied = json_of(&aws, "ana", "ecs", LIST_CLUSTERS, json!({})).await.1;
    assert_eq!(denied["__type"], "AccessDeniedException");
    let cut = with(json!({"fault": {"cut": "before-the-head"}}));
    ask("PUT", "faults".to_owned(), json!([cut])).await;
    aws.faults(|faults| {
        assert_eq!(
            faults.take_cut(Timestamp::now(), &call("ana")),
            Some(Cut::BeforeTheHead)
        )
    });
    let (status, wrong) = ask("PUT", "faults".to_owned(), json!([{"fault": "dance"}])).await;
    assert!(
        status == "400" && wrong["error"].as_str().unwrap().contains("dance"),
        "{wrong}"
    );

    let (_, requests) = ask("GET", "requests".to_owned(), json!(null)).await;
    let of_ana = requests["calls"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|call| call["principal"] == "ana");
    assert_eq!(of_ana.count(), 5);
    assert!(requests["host"].is_array());
    let (_, host) = ask("GET", format!("instances/{instance}"), json!(null)).await;
    assert_eq!(host["imds"].as_str(), aws.imds_url(&instance).as_deref());
    assert_eq!(ask("GET", "instances/i-0".to_owned(), json!(null)).await.0, "404");
    aws.shutdown().await;
}

fn call(principal: &str) -> protector_aws_model::Call {
    protector_aws_model::Call {
        service: Service::Ecs,
        operation: "ListClusters".to_owned(),
        params: json!({}),
        principal: principal.to_owned(),
    }
}
