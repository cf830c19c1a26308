//! `protectorctl local-aws`.

use crate::process::Running;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

fn first_line(running: &mut Running) -> String {
    let mut line = String::new();
    BufReader::new(running.0.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    line
}

/// The answer to a ListClusters call, as the AWS CLI would make it.
fn list_clusters(endpoint: &str) -> String {
    let mut stream = TcpStream::connect(endpoint.strip_prefix("http://").unwrap()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let request = "POST / HTTP/1.1\r\nhost: local\r\nconnection: close\r\ncontent-type: application/x-amz-json-1.1\r\n\
        x-amz-target: AmazonEC2ContainerServiceV20141113.ListClusters\r\n\
        authorization: AWS4-HMAC-SHA256 Credential=me/20260101/us-east-1/ecs/aws4_request\r\n\
        content-length: 2\r\n\r\n{}";
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn it_says_where_it_listens_answers_and_ends_at_sigterm() {
    let mut running = Running::start(&["local-aws", "--json"]);
    let ready: Value = serde_json::from_str(&first_line(&mut running)).unwrap();
    assert_eq!(ready["event"], "ready");
    assert_eq!(ready["region"], "us-east-1");
    let answer = list_clusters(ready["endpoint"].as_str().unwrap());
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.contains("clusterArns"),
        "{answer}"
    );
    running.terminate();
    assert_eq!(running.end().code(), Some(0));
}

#[test]
fn people_are_reported_what_to_type() {
    let mut running = Running::start(&["local-aws"]);
    let line = first_line(&mut running);
    assert!(line.starts_with("Local AWS at http://127.0.0.1:"), "{line}");
}
