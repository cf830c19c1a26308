//! What operators read, over the wire, in each protocol.

use super::{BOUND, address, request, started};
use crate::lambda::CoordinatorSpec;
use crate::{LocalAws, principal};
use ciborium::Value as Cbor;
use protector_aws_model::faults::{CallFilter, Limit};
use protector_aws_model::{Cut, Service};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const STACK: &str = "ecs-daemon-protector";

pub(super) fn signed(caller: &str, service: &str) -> String {
    format!(
        "authorization: AWS4-HMAC-SHA256 Credential={caller}/20260101/eu-west-1/{service}/aws4_request\r\n"
    )
}

/// Asserts that a call in JSON fails with this code.
#[track_caller]
fn assert_refused((status, error): (u16, Value), code: &str) {
    assert_eq!((status, error["__type"].as_str()), (400, Some(code)), "{error}");
}

/// The text of the first element of this name.
fn element<'a>(xml: &'a str, name: &str) -> &'a str {
    let (_, rest) = xml.split_once(&format!("<{name}>")).unwrap();
    rest.split_once('<').unwrap().0
}

/// The status line's number, and the body.
pub(super) fn parts(answer: &str) -> (u16, String) {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head[9..12].parse().unwrap(), body.to_owned())
}

pub(super) async fn json_of(
    aws: &LocalAws,
    caller: &str,
    service: &str,
    target: &str,
    params: Value,
) -> (u16, Value) {
    let head = format!(
        "POST / HTTP/1.1\r\nx-amz-target: {target}\r\n{}",
        signed(caller, service)
    );
    let (status, body) = parts(&request(aws, &head, &params.to_string()).await);
    (status, serde_json::from_str(&body).unwrap())
}

async fn get(aws: &LocalAws, path: &str) -> (u16, Value) {
    let head = format!("GET {path} HTTP/1.1\r\n{}", signed("ana", "lambda"));
    let (status, body) = parts(&request(aws, &head, "").await);
    (status, serde_json::from_str(&body).unwrap_or_default())
}

async fn query(aws: &LocalAws, service: &str, body: &str) -> (u16, String) {
    let head = format!("POST / HTTP/1.1\r\n{}", signed("ana", service));
    parts(&request(aws, &head, body).await)
}

/// A program that writes two lines and is no function.
async fn with_function() -> (LocalAws, std::path::PathBuf) {
    let aws = started().await;
    let (process, thread) = (std::process::id(), std::thread::current().id());
    let path = std::env::temp_dir().join(format!("local-aws-{process}-{thread:?}"));
    let script = r#"#!/bin/sh
echo '{"event":"receipt","instance":"i-1"}'
echo '{"event":"tick"}'
"#;
    std::fs::write(&path, script).unwrap();
    let mut mode = std::fs::metadata(&path).unwrap().permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut mode, 0o755);
    std::fs::set_permissions(&path, mode).unwrap();
    let mut spec = CoordinatorSpec::new(&path).env("PROTECTOR_CLUSTERS", "prod");
    spec.reserved_concurrency = Some(2);
    aws.start_coordinator(spec).await.unwrap();
    (aws, path)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_lines_of_the_coordinator_are_filtered() {
    let (aws, path) = with_function().await;
    aws.invoke(json!({})).await;
    let ask = |pattern: &str| {
        let params = json!({"logGroupName": "/aws/lambda/ecs-daemon-protector", "filterPattern": pattern});
        json_of(&aws, "ana", "logs", "Logs_20140328.FilterLogEvents", params)
    };
    let (status, answer) = ask(r#"{ $.event = "receipt" }"#).await;
    assert_eq!(status, 200, "{answer}");
    let events = answer["events"].as_array().unwrap();
    assert_eq!(events.len(), 1, "{answer}");
    assert!(events[0]["message"].as_str().unwrap().contains("i-1"));
    let age = jiff::Timestamp::now().as_millisecond() - events[0]["timestamp"].as_i64().unwrap();
    assert!((0..60_000).contains(&age), "{age}");
    assert_refused(ask("-x").await, "InvalidParameterException");
    aws.shutdown().await;
    std::fs::remove_file(path).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_is_shown_as_it_is_deployed_and_without_credentials() {
    let (aws, file) = with_function().await;
    let path = |name: &str| format!("/2015-03-31/functions/{name}/configuration");
    let (status, shown) = get(&aws, &path(STACK)).await;
    assert_eq!(status, 200);
    assert_eq!(shown["Timeout"], 60);
    assert_eq!(shown["FunctionName"], STACK);
    let variables = shown["Environment"]["Variables"].as_object().unwrap();
    assert_eq!(variables["PROTECTOR_CLUSTERS"], "prod");
    let is_own = |name: &String| name.starts_with("AWS_");
    assert!(!variables.keys().any(is_own), "{variables:?}");
    let arn = "arn%3Aaws%3Alambda%3Aeu-west-1%3A123456789012%3Afunction%3Aecs-daemon-protector-heartbeats";
    let (status, heartbeats) = get(&aws, &path(arn)).await;
    assert_eq!((status, &heartbeats["Timeout"]), (200, &json!(55)));
    let reserved = |name: &str| format!("/2019-09-30/functions/{name}/concurrency");
    let answer = get(&aws, &reserved(STACK)).await;
    assert_eq!(answer, (200, json!({"ReservedConcurrentExecutions": 2})));
    let beats = "ecs-daemon-protector-heartbeats";
    assert_eq!(get(&aws, &reserved(beats)).await, (200, json!({})));
    let sources = |name: &str| format!("/2015-03-31/event-source-mappings/?FunctionName={name}");
    let (status, mappings) = get(&aws, &sources(STACK)).await;
    let mapping = &mappings["EventSourceMappings"][0];
    assert_eq!((status, &mapping["State"]), (200, &json!("Enabled")));
    let queue = mapping["EventSourceArn"].as_str().unwrap();
    assert!(queue.ends_with("-events.fifo"), "{queue}");
    let none = json!({"EventSourceMappings": []});
    assert_eq!(get(&aws, &sources(beats)).await, (200, none));
    assert_eq!(get(&aws, &path("other")).await.0, 404);
    aws.stop_coordinator();
    assert_eq!(get(&aws, &path(STACK)).await.0, 404, "it is gone");
    let aliases = get(&aws, "/2015-03-31/functions/x/aliases").await;
    assert_eq!(aliases.0, 403, "denied, and not missing");
    assert_eq!(get(&aws, "/2020-05-31/distribution").await.0, 403);
    aws.shutdown().await;
    std::fs::remove_file(file).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rules_are_those_by_which_events_are_delivered() {
    let aws = started().await;
    let ask = |operation: &str, params: Value| {
        let target = format!("AWSEvents.{operation}");
        let aws = aws.clone();
        async move { json_of(&aws, "ana", "events", &target, params).await }
    };
    let queue = "arn:aws:sqs:eu-west-1:123456789012:ecs-daemon-protector-events.fifo";
    let (_, names) = ask("ListRuleNamesByTarget", json!({"TargetArn": queue})).await;
    let named = |name: &str| format!("{STACK}-{name}");
    let expected = [
        "terminate",
        "task-stopped",
        "instance-draining",
        "spot-notice",
        "tick",
    ];
    assert_eq!(names["RuleNames"], json!(expected.map(named)));
    let draining = json!({"Name": named("instance-draining")});
    let (_, rule) = ask("DescribeRule", draining).await;
    let pattern: Value = serde_json::from_str(rule["EventPattern"].as_str().unwrap()).unwrap();
    assert_eq!(pattern, crate::rules::product_rules()[2]);
    assert_eq!(rule["State"], "ENABLED");
    let (_, tick) = ask("DescribeRule", json!({"Name": named("tick")})).await;
    assert_eq!(tick["ScheduleExpression"], "rate(1 minute)");
    let (_, targets) = ask("ListTargetsByRule", json!({"Rule": named("tick")})).await;
    assert_eq!(targets["Targets"][0]["Arn"], queue);
    let heartbeats = json!({"Rule": named("heartbeats")});
    let (_, targets) = ask("ListTargetsByRule", heartbeats).await;
    let function = targets["Targets"][0]["Arn"].as_str().unwrap();
    assert!(
        function.ends_with(":function:ecs-daemon-protector-heartbeats"),
        "{function}"
    );
    let unknown = ask("DescribeRule", json!({"Name": "x"})).await;
    assert_refused(unknown, "ResourceNotFoundException");
    aws.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_queues_count_what_was_not_processed() {
    let aws = started().await;
    let url = "https://sqs.eu-west-1.amazonaws.com/123456789012/ecs-daemon-protector-dead-letters";
    let ask = |url: &str, names: Value| {
        let params = json!({"QueueUrl": url, "AttributeNames": names});
        json_of(&aws, "ana", "sqs", "AmazonSQS.GetQueueAttributes", params)
    };
    let count = json!(["ApproximateNumberOfMessages"]);
    let reported = |count: &str| json!({"Attributes": {"ApproximateNumberOfMessages": count}});
    assert_eq!(ask(url, count.clone()).await, (200, reported("0")));
    aws.lose(json!({"detail-type": "EC2 Instance-terminate Lifecycle Action"}));
    assert_eq!(ask(url, count).await, (200, reported("1")));
    let (_, all) = ask(url, json!(["All"])).await;
    assert_eq!(all["Attributes"]["MessageRetentionPeriod"], "1209600");
    let unknown = ask("https://x/1/other", json!(["All"])).await;
    assert_refused(unknown, "QueueDoesNotExist");
    aws.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn alarms_and_metrics_are_reported_in_three_protocols() {
    let aws = started().await;
    let name = "ecs-daemon-protector-drain-stuck";
    aws.set_alarm(name, "ALARM");
    aws.set_metric("AWS/Lambda", "Errors", &[3.0, 0.0]);
    let ringing = json!({"StateValue": "ALARM"});
    let target = "GraniteServiceVersion20100801.DescribeAlarms";
    let (_, by_json) = json_of(&aws, "ana", "monitoring", target, ringing.clone()).await;
    let alarms = by_json["MetricAlarms"].as_array().unwrap();
    assert_eq!((alarms.len(), &alarms[0]["AlarmName"]), (1, &json!(name)));
    let describe = "Action=DescribeAlarms&StateValue=ALARM&Version=2010-08-01";
    let (status, xml) = query(&aws, "monitoring", describe).await;
    assert_eq!(status, 200);
    assert_eq!(xml.matches("<AlarmName>").count(), 1);
    let moment = element(&xml, "StateUpdatedTimestamp");
    assert!(moment.parse::<jiff::Timestamp>().is_ok(), "{moment}");
    let (status, by_cbor) = cbor(&aws, "DescribeAlarms", ringing).await;
    assert_eq!(status, 200);
    let text = format!("{by_cbor:?}");
    assert!(text.contains(name) && text.contains("Tag(1, Float("), "{text}");
    let stat =
        json!({"Metric": {"Namespace": "AWS/Lambda", "MetricName": "Errors"}, "Period": 300, "Stat": "Sum"});
    let params =
        json!({"MetricDataQueries": [{"Id": "e", "MetricStat": stat}], "StartTime": 0, "EndTime": 1});
    let (_, data) = cbor(&aws, "GetMetricData", params).await;
    let text = format!("{data:?}");
    assert!(text.contains("Float(3.0)") && text.contains("Complete"), "{text}");
    let (status, denied) = cbor(&aws, "PutMetricAlarm", json!({})).await;
    assert_eq!(status, 403);
    assert!(format!("{denied:?}").contains("AccessDenied"), "{denied:?}");
    aws.shutdown().await;
}

async fn cbor(aws: &LocalAws, operation: &str, params: Value) -> (u16, Cbor) {
    let mut body = Vec::new();
    ciborium::into_writer(&Cbor::serialized(&params).unwrap(), &mut body).unwrap();
    let address = address(aws);
    let head = format!(
        "POST /service/GraniteServiceVersion20100801/operation/{operation} HTTP/1.1\r\nhost: {address}\r\n\
         smithy-protocol: rpc-v2-cbor\r\n{}connection: close\r\ncontent-length: {}\r\n\r\n",
        signed("ana", "monitoring"),
        body.len()
    );
    let answer = raw(&address, head.as_bytes(), &body).await;
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    let head = String::from_utf8_lossy(&answer[..end]).into_owned();
    assert!(head.contains("smithy-protocol: rpc-v2-cbor"), "{head}");
    let value = ciborium::from_reader(&answer[end + 4..]).unwrap();
    (head[9..12].parse().unwrap(), value)
}

pub(super) async fn raw(address: &str, head: &[u8], body: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(head).await.unwrap();
    stream.write_all(body).await.unwrap();
    let mut answer = Vec::new();
    // A connection that is cut may end with an error; what has come is what counts.
    let read = stream.read_to_end(&mut answer);
    let _ = tokio::time::timeout(BOUND, read).await.unwrap();
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn target_groups_are_reported_in_xml() {
    let aws = started().await;
    let ask = async |body: &str| query(&aws, "elasticloadbalancing", body).await;
    let create = "Action=CreateTargetGroup&Version=2015-12-01&Name=web&Port=80&Protocol=HTTP";
    let (status, made) = ask(create).await;
    assert_eq!(status, 200, "{made}");
    let arn = element(&made, "TargetGroupArn");
    let modify = format!(
        "Action=ModifyTargetGroupAttributes&Version=2015-12-01&TargetGroupArn={arn}\
         &Attributes.member.1.Key=deregistration_delay.timeout_seconds&Attributes.member.1.Value=20"
    );
    assert_eq!(ask(&modify).await.0, 200);
    let read = |action: &str| format!("Action={action}&Version=2015-12-01&TargetGroupArn={arn}");
    let (_, attributes) = ask(&read("DescribeTargetGroupAttributes")).await;
    let delay = "<member><Key>deregistration_delay.timeout_seconds</Key><Value>20</Value></member>";
    assert!(attributes.contains(delay), "{attributes}");
    let (status, health) = ask(&read("DescribeTargetHealth")).await;
    assert_eq!(status, 200);
    let none = "<TargetHealthDescriptions></TargetHealthDescriptions>";
    assert!(health.contains(none), "{health}");
    let (status, unknown) = ask(&read("DeleteTargetGroup")).await;
    assert_eq!(status, 403);
    assert!(unknown.contains("<Code>AccessDenied</Code>"), "{unknown}");
    aws.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_fails_for_one_caller_in_each_way() {
    let aws = started().await;
    let target = "AmazonEC2ContainerServiceV20141113.ListClusters";
    let of_ana = || CallFilter::operation(Service::Ecs, "ListClusters").by("ana");
    let coordinator = || json_of(&aws, principal::COORDINATOR, "ecs", target, json!({}));
    aws.faults(|faults| faults.deny(of_ana(), 1));
    let ana = || json_of(&aws, "ana", "ecs", target, json!({}));
    assert_refused(ana().await, "AccessDeniedException");
    aws.faults(|faults| faults.throttle(of_ana(), Limit::Forever));
    assert_eq!(coordinator().await.0, 200);
    assert_refused(ana().await, "ThrottlingException");
    aws.faults(|faults| faults.clear());
    for (cut, sent) in [
        (Cut::HalfOfTheBody, 8),
        (Cut::BeforeTheBody, 0),
        (Cut::BeforeTheHead, 0),
    ] {
        aws.faults(|faults| faults.cut(of_ana(), cut, 1));
        assert_eq!(coordinator().await, (200, json!({"clusterArns": []})));
        let address = address(&aws);
        let head = format!(
            "POST / HTTP/1.1\r\nhost: {address}\r\nx-amz-target: {target}\r\n{}content-length: 2\r\n\r\n",
            signed("ana", "ecs")
        );
        // The connection is not asked to be closed: it ends because it is cut.
        let answer = raw(&address, head.as_bytes(), b"{}").await;
        let text = String::from_utf8_lossy(&answer).into_owned();
        let body = text.split_once("\r\n\r\n").map_or(0, |(_, body)| body.len());
        assert!(body <= sent, "{cut:?}: {text}");
        assert!(text.is_empty() || text.contains("content-length: 18"), "{text}");
        assert!(cut != Cut::BeforeTheHead || text.is_empty(), "{text}");
        assert_eq!(ana().await.0, 200, "once only");
    }
    aws.shutdown().await;
}
