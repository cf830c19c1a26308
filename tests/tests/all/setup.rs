//! `protectorctl local-aws --setup stuck` and `demo --keep`, with the real coordinator and sidecars: the setups that
//! operators practise on exist.

use crate::http::{self, BOUND};
use protector_tests::protectorctl;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

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

/// The setup of a bad night, with the real coordinator.
pub(crate) struct Stuck {
    running: Running,
    ready: Value,
}

impl Stuck {
    pub(crate) fn start(arguments: &[&str]) -> Stuck {
        let arguments = [&["local-aws", "--json", "--setup", "stuck"], arguments].concat();
        let (running, mut output) = Running::start(&arguments);
        let ready = event(&mut output, "ready");
        Stuck { running, ready }
    }

    pub(crate) fn endpoint(&self) -> &str {
        self.ready["endpoint"].as_str().unwrap()
    }

    pub(crate) fn cases(&self) -> &[Value] {
        self.ready["drains"].as_array().unwrap()
    }

    pub(crate) fn of(&self, case: &str) -> &str {
        let one = self.cases().iter().find(|one| one["case"] == case);
        one.unwrap()["instance"].as_str().unwrap()
    }

    pub(crate) fn stopped(self) {
        assert_eq!(self.running.stopped(), Some(0));
    }
}

/// The answer of the local AWS to a signed call of a service that speaks JSON.
fn call(endpoint: &str, target: &str, body: &Value) -> Value {
    let header = format!("x-amz-target: {target}\r\n");
    http::ask(endpoint, "ecs", "POST /", &header, &body.to_string()).body
}

fn ecs(endpoint: &str, operation: &str, body: &Value) -> Value {
    let target = format!("AmazonEC2ContainerServiceV20141113.{operation}");
    call(endpoint, &target, body)
}

/// The record of an instance, if it has one.
fn record(endpoint: &str, cluster: &str, instance: &str) -> Option<Value> {
    let names = json!({"Names": [format!("/ecs-daemon-protector/{cluster}/{instance}")]});
    let found = &call(endpoint, "AmazonSSM.GetParameters", &names)["Parameters"][0]["Value"];
    found.as_str().map(|text| serde_json::from_str(text).unwrap())
}

/// The events of a service of the setup, the newest first.
fn events(endpoint: &str, service: &str) -> Vec<String> {
    let body = json!({"cluster": "prod", "services": [service]});
    let answer = ecs(endpoint, "DescribeServices", &body);
    let events = answer["services"][0]["events"].as_array().unwrap();
    events.iter().map(|event| event["message"].to_string()).collect()
}

/// `lastStatus` of the tasks of a group on an instance that have not stopped.
fn statuses(endpoint: &str, instance: &str, group: &str) -> Vec<String> {
    let arns = |status| {
        let body = json!({"cluster": "prod", "desiredStatus": status});
        ecs(endpoint, "ListTasks", &body)["taskArns"]
            .as_array()
            .unwrap()
            .clone()
    };
    let all: Vec<Value> = ["RUNNING", "STOPPED"].into_iter().flat_map(arns).collect();
    let filter = json!({"cluster": "prod", "filter": format!("ec2InstanceId == {instance}")});
    let mine = &ecs(endpoint, "ListContainerInstances", &filter)["containerInstanceArns"][0];
    let tasks = &ecs(
        endpoint,
        "DescribeTasks",
        &json!({"cluster": "prod", "tasks": all}),
    )["tasks"];
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
fn the_stuck_setup_has_a_drain_for_each_reason() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("coordinator.log");
    let log_name = log.to_str().unwrap();
    let stuck = Stuck::start(&["--coordinator-log", log_name]);
    let endpoint = stuck.endpoint();
    let mut cases = Vec::new();
    for one in stuck.cases() {
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
    let expected = "healthy no-room deployment-configuration protected standalone agent-lost deregistering flushing \
                    short-hook no-record";
    assert_eq!(cases.join(" "), expected);
    let newest = |service, text| events(endpoint, service)[0].contains(text);
    eventually("search says that it finds no room", || {
        newest("search", "has insufficient memory available.")
    });
    eventually("billing says that it is blocked", || {
        newest("billing", "because of the service deployment configuration.")
    });
    // Its task moves again, to one instance after another, so the event is not the newest for long.
    let deregistered = |event: &String| event.contains("deregistered 1 targets in (target-group arn:");
    eventually("checkout drains its connections", || {
        events(endpoint, "checkout").iter().any(deregistered)
    });
    eventually("audit-log is stopping, and has not stopped", || {
        statuses(endpoint, stuck.of("flushing"), "service:audit-log") == ["STOPPING"]
    });
    eventually("checkout is DEACTIVATING", || {
        statuses(endpoint, stuck.of("deregistering"), "service:checkout") == ["DEACTIVATING"]
    });
    let lines = std::fs::read_to_string(&log).unwrap();
    let instance = |line: &str| line.contains(r#""event":"instance""#);
    assert!(lines.lines().any(instance), "{lines}");
    stuck.stopped();
}

#[test]
fn a_demo_that_is_kept_leaves_a_drain_that_holds() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    let (running, mut output) = Running::start(&[
        "demo", "--keep", "--only", "with", "--window", "1s", "--json", "--out", out,
    ]);
    let kept = event(&mut output, "kept");
    let [endpoint, instance] = ["endpoint", "instance"].map(|name| kept[name].as_str().unwrap());
    eventually("only the long job is left", || {
        let record = record(endpoint, "demo", instance).unwrap();
        assert_eq!(record["state"], "holding");
        record["remaining"] == 1 && record["heldBy"][0]["group"] == "family:long-job"
    });
    assert_eq!(running.stopped(), Some(0));
}
