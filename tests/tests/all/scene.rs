//! `protectorctl local-aws --scene stuck` and `demo --keep`, with the real coordinator and sidecars: the scenes that
//! operators practise on exist.

use protector_tests::protectorctl;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

const BOUND: Duration = Duration::from_secs(90);

/// A running protectorctl, killed at the latest when it is dropped.
pub(crate) struct Running(Child);

impl Running {
    pub(crate) fn start(arguments: &[&str]) -> (Running, BufReader<ChildStdout>) {
        let mut command = Command::new(protectorctl());
        command
            .args(arguments)
            .env_remove("ECS_CONTAINER_METADATA_URI_V4")
            .stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        (Running(child), output)
    }

    /// Ctrl-C ends it, and everything that it has started.
    pub(crate) fn stopped(mut self) -> Option<i32> {
        let pid = self.0.id().to_string();
        let sent = Command::new("kill").args(["-INT", &pid]).status().unwrap();
        assert!(sent.success());
        self.0.wait().unwrap().code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The first line of JSON that is this event.
pub(crate) fn event(output: &mut impl BufRead, name: &str) -> Value {
    for line in output.lines() {
        let said: Value = serde_json::from_str(&line.unwrap()).unwrap();
        if said["event"] == name {
            return said;
        }
    }
    panic!("it ended without {name}")
}

/// The answer of the local AWS to a signed call.
fn call(endpoint: &str, target: &str, body: &str) -> Value {
    let mut stream = TcpStream::connect(endpoint.strip_prefix("http://").unwrap()).unwrap();
    stream.set_read_timeout(Some(BOUND)).unwrap();
    let length = body.len();
    let request = format!(
        "POST / HTTP/1.1\r\nhost: local\r\nconnection: close\r\nx-amz-target: {target}\r\n\
         authorization: AWS4-HMAC-SHA256 Credential=me/20260101/us-east-1/ecs/aws4_request\r\n\
         content-length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
}

/// The record of an instance, if it has one.
fn record(endpoint: &str, cluster: &str, instance: &str) -> Option<Value> {
    let body = format!(r#"{{"Names":["/ecs-daemon-protector/{cluster}/{instance}"]}}"#);
    let found = call(endpoint, "AmazonSSM.GetParameters", &body)["Parameters"][0]["Value"].clone();
    found.as_str().map(|text| serde_json::from_str(text).unwrap())
}

/// The events of a service of the scene, the newest first.
fn events(endpoint: &str, service: &str) -> Vec<String> {
    let body = format!(r#"{{"cluster":"prod","services":["{service}"]}}"#);
    let answer = call(
        endpoint,
        "AmazonEC2ContainerServiceV20141113.DescribeServices",
        &body,
    );
    let events = answer["services"][0]["events"].as_array().unwrap();
    events.iter().map(|event| event["message"].to_string()).collect()
}

/// The newest of them.
fn reported(endpoint: &str, service: &str) -> String {
    events(endpoint, service).remove(0)
}

/// `lastStatus` of the tasks of a group on an instance that have not stopped.
fn statuses(endpoint: &str, instance: &str, group: &str) -> Vec<String> {
    let ecs = |operation: &str, body: &Value| {
        call(
            endpoint,
            &format!("AmazonEC2ContainerServiceV20141113.{operation}"),
            &body.to_string(),
        )
    };
    let arns = |status: &str| {
        let body = serde_json::json!({"cluster": "prod", "desiredStatus": status});
        ecs("ListTasks", &body)["taskArns"].as_array().unwrap().clone()
    };
    let all: Vec<Value> = ["RUNNING", "STOPPED"].into_iter().flat_map(arns).collect();
    let filter = format!("ec2InstanceId == {instance}");
    let mine = ecs(
        "ListContainerInstances",
        &serde_json::json!({"cluster": "prod", "filter": filter}),
    );
    let mine = &mine["containerInstanceArns"][0];
    let tasks = ecs(
        "DescribeTasks",
        &serde_json::json!({"cluster": "prod", "tasks": all}),
    )["tasks"]
        .clone();
    let here = tasks.as_array().unwrap().iter().filter(|task| {
        task["containerInstanceArn"] == *mine && task["group"] == group && task["lastStatus"] != "STOPPED"
    });
    here.map(|task| task["lastStatus"].as_str().unwrap().to_owned())
        .collect()
}

fn eventually(what: &str, mut so: impl FnMut() -> bool) {
    let end = Instant::now() + BOUND;
    while !so() {
        assert!(Instant::now() < end, "not within {BOUND:?}: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn the_stuck_scene_has_a_drain_for_each_reason() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("coordinator.log");
    let log_name = log.to_str().unwrap();
    let (running, mut output) = Running::start(&[
        "local-aws",
        "--json",
        "--scene",
        "stuck",
        "--coordinator-log",
        log_name,
    ]);
    let ready = event(&mut output, "ready");
    let endpoint = ready["endpoint"].as_str().unwrap();
    let mut cases = Vec::new();
    for one in ready["scene"].as_array().unwrap() {
        let text = |name: &str| one[name].as_str().unwrap().to_owned();
        let found = record(endpoint, &text("cluster"), &text("instance"));
        let state = found.as_ref().map(|record| record["state"].clone());
        assert!(text("wrong").len() > 10, "{one}");
        let expected = match text("case").as_str() {
            "no-record" => None,
            "flushing" => Some("released".into()),
            _ => Some("holding".into()),
        };
        assert_eq!(state, expected, "{one}: {found:?}");
        cases.push(text("case"));
    }
    assert_eq!(
        cases,
        [
            "healthy",
            "no-room",
            "deployment-configuration",
            "protected",
            "standalone",
            "agent-lost",
            "deregistering",
            "flushing",
            "short-hook",
            "no-record"
        ]
    );
    eventually("search says that it finds no room", || {
        reported(endpoint, "search").contains("has insufficient memory available.")
    });
    eventually("billing says that it is blocked", || {
        reported(endpoint, "billing").contains("because of the service deployment configuration.")
    });
    eventually("checkout drains its connections", || {
        // Its task moves again, to one instance after another, so the event is not the newest for long.
        let events = events(endpoint, "checkout");
        events
            .iter()
            .any(|event| event.contains("deregistered 1 targets in (target-group arn:"))
    });
    let of = |case: &str| {
        let all = ready["scene"].as_array().unwrap();
        all.iter().find(|one| one["case"] == case).unwrap()["instance"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    eventually("audit-log is stopping, and has not stopped", || {
        statuses(endpoint, &of("flushing"), "service:audit-log") == ["STOPPING"]
    });
    eventually("checkout is DEACTIVATING", || {
        statuses(endpoint, &of("deregistering"), "service:checkout") == ["DEACTIVATING"]
    });
    let lines = std::fs::read_to_string(&log).unwrap();
    let instance = |line: &str| line.contains(r#""event":"instance""#);
    assert!(lines.lines().any(instance), "{lines}");
    assert_eq!(running.stopped(), Some(0));
}

#[test]
fn a_demo_that_is_kept_leaves_a_drain_that_holds() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    let (running, mut output) = Running::start(&[
        "demo", "--keep", "--only", "with", "--window", "1s", "--json", "--out", out,
    ]);
    let kept = event(&mut output, "kept");
    let (endpoint, instance) = (
        kept["endpoint"].as_str().unwrap(),
        kept["instance"].as_str().unwrap(),
    );
    eventually("only the long job is left", || {
        let record = record(endpoint, "demo", instance).unwrap();
        assert_eq!(record["state"], "holding");
        record["remaining"] == 1 && record["heldBy"][0]["group"] == "family:long-job"
    });
    assert_eq!(running.stopped(), Some(0));
}
