//! Connections, dates, TLS, the endpoints of a host, and the paths by which other programs set all this.

use super::reads::{json_of, parts, raw, signed};
use super::{BOUND, address, protected, request, started};
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
    let address = address(&aws);
    let head = format!("{}host: x\r\ncontent-length: 2\r\n\r\n", list_clusters());
    let silent = tokio::time::timeout(Duration::from_millis(300), raw(&address, head.as_bytes(), b"{}"));
    assert!(silent.await.is_err());
    assert_eq!(json_of(&aws, "ana", "ecs", LIST_CLUSTERS, json!({})).await.0, 200);
    aws.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_serves_one_request_if_that_is_set() {
    let twice = |aws: &LocalAws| {
        let address = address(aws);
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
    let name = json!({"clusterName": "demo"});
    aws.call(Service::Ecs, "CreateCluster", name).unwrap();
    let authority = CertificateDer::from_pem_slice(AUTHORITY).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(authority).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(url.replace("https://", "")).await.unwrap();
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let connector = TlsConnector::from(Arc::new(config));
    let mut stream = connector.connect(name, stream).await.unwrap();
    let head = list_clusters() + "host: x\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    let read = stream.read_to_string(&mut answer);
    let _ = tokio::time::timeout(BOUND, read).await.unwrap();
    assert!(answer.contains("cluster/demo"), "{answer}");
    aws.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_endpoint_of_a_host_can_refuse_close_and_be_silent() {
    let aws = started().await;
    let (instance, task) = protected(&aws).await;
    let id = task.rsplit('/').next().unwrap().to_owned();
    let front = address(&aws);
    let imds = aws.imds_url(&instance).unwrap().replace("http://", "");
    let get = async |address: &str, path: &str| {
        let head = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        let answer = raw(address, head.as_bytes(), b"");
        let answer = tokio::time::timeout(Duration::from_millis(500), answer).await?;
        let status = answer.into_iter().skip(9).take(3).collect();
        Ok::<_, tokio::time::error::Elapsed>(String::from_utf8(status).unwrap())
    };
    let (metadata, credentials) = (format!("/v4/{id}-daemon/task"), format!("/credentials/{id}"));
    type Set = fn(&LocalAws, &str, HostEndpoint);
    let (id_path, agent) = ("/latest/meta-data/instance-id", "/v1/metadata");
    let endpoints: [(&str, &str, &str, Set, &str); 4] = [
        (&front, &metadata, &task, LocalAws::set_task_metadata, "200"),
        (&front, &credentials, &task, LocalAws::set_credentials, "200"),
        (&imds, id_path, &instance, LocalAws::set_imds, "401"),
        (&imds, agent, &instance, LocalAws::set_introspection, "200"),
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
    for path in [&metadata, &credentials, agent, id_path] {
        let line = format!("GET {path}");
        let of_path = requests.iter().filter(|request| **request == line);
        assert_eq!(of_path.count(), 4, "{path}");
    }
    aws.set_credentials_life(&task, SignedDuration::from_secs(2));
    let answer = request(&aws, &format!("GET {credentials} HTTP/1.1\r\n"), "").await;
    let body: Value = serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap();
    let end: Timestamp = body["Expiration"].as_str().unwrap().parse().unwrap();
    let left = end.duration_since(Timestamp::now());
    assert!(left < SignedDuration::from_mins(1), "{end}");
    aws.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_program_sets_faults_and_asks_for_the_requests() {
    let aws = started().await;
    let (instance, _) = protected(&aws).await;
    let ask = async |request_line: &str, body: Value| {
        let (method, path) = request_line.split_once(' ').unwrap();
        let head = format!("{method} /_local/{path} HTTP/1.1\r\n");
        parts(&request(&aws, &head, &body.to_string()).await)
    };
    let with = |mut plan: Value| {
        plan["service"] = json!("ecs");
        plan["operation"] = json!("ListClusters");
        plan["principal"] = json!("ana");
        plan
    };
    let plans = json!([
        with(json!({"times": 2, "fault": {"answer": {"clusterArns": ["first"]}}})),
        with(json!({"fault": {"answer": {"clusterArns": ["later"]}}})),
        with(json!({"times": 1, "fault": {"date": null}})),
        with(json!({"times": 1, "fault": {"date": -900}})),
    ]);
    assert_eq!(ask("PUT faults", plans).await.0, 200);
    for expected in ["first", "first", "later", "later"] {
        let answer = json_of(&aws, "ana", "ecs", LIST_CLUSTERS, json!({})).await.1;
        assert_eq!(answer["clusterArns"][0], expected);
    }
    let deny = with(json!({"times": 1, "fault": "deny"}));
    ask("PUT faults", json!([deny])).await;
    let denied = json_of(&aws, "ana", "ecs", LIST_CLUSTERS, json!({})).await.1;
    assert_eq!(denied["__type"], "AccessDeniedException");
    let cut = with(json!({"fault": {"cut": "before-the-head"}}));
    ask("PUT faults", json!([cut])).await;
    let now = Timestamp::now();
    aws.faults(|faults| assert_eq!(faults.take_cut(now, &call("ana")), Some(Cut::BeforeTheHead)));
    let (status, wrong) = ask("PUT faults", json!([{"fault": "dance"}])).await;
    assert_eq!(status, 400);
    assert!(wrong.contains("dance"), "{wrong}");

    let get = async |path: &str| {
        let (status, body) = ask(&format!("GET {path}"), json!(null)).await;
        (status, serde_json::from_str::<Value>(&body).unwrap())
    };
    let (_, requests) = get("requests").await;
    let calls = requests["calls"].as_array().unwrap().iter();
    assert_eq!(calls.filter(|call| call["principal"] == "ana").count(), 5);
    assert!(requests["host"].is_array());
    let (_, host) = get(&format!("instances/{instance}")).await;
    assert_eq!(host["imds"].as_str(), aws.imds_url(&instance).as_deref());
    assert_eq!(get("instances/i-0").await.0, 404);
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
