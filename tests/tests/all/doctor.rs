//! `protectorctl doctor` against the local AWS: what it finds in the scene of a bad night, what it does not know if a
//! read is denied, and its exit codes.

use crate::scene::{Running, event};
use protector_aws_model::faults::{CallFilter, Limit};
use protector_aws_model::{Faults, Service};
use protector_tests::{Lab, LabConfig, protectorctl};
use serde_json::Value;
use std::process::{Command, Output};

/// Who asks in these tests; the coordinator is another caller.
const CALLER: &str = "ana";

fn doctor(endpoint: &str, region: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new(protectorctl());
    command
        .arg("doctor")
        .args(arguments)
        .env("AWS_ENDPOINT_URL", endpoint)
        .env("AWS_REGION", region)
        .env("AWS_ACCESS_KEY_ID", CALLER)
        .env("AWS_SECRET_ACCESS_KEY", CALLER)
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_CONFIG_FILE", "/dev/null")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        .env_remove("AWS_PROFILE")
        .env_remove("AWS_SESSION_TOKEN");
    command.output().unwrap()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        panic!("{error}: {}", String::from_utf8_lossy(&output.stderr));
    })
}

/// A check: the name of its category's part, its result, and all of it.
type Found = (String, String, Value);

/// The findings of a check.
fn findings(answer: &Value, id: &str) -> Vec<Found> {
    let categories = answer["categories"].as_array().unwrap().iter();
    let checks = categories.flat_map(|category| {
        let checks = category["checks"].as_array().unwrap().iter();
        checks.map(move |check| (category["name"].as_str().unwrap(), check))
    });
    let of_id = checks.filter(|(_, check)| check["id"] == id);
    of_id
        .map(|(name, check)| {
            let result = check["result"].as_str().unwrap();
            (name.to_owned(), result.to_owned(), check.clone())
        })
        .collect()
}

/// The ids of the checks that ended so.
fn ended(answer: &Value, result: &str) -> Vec<String> {
    let categories = answer["categories"].as_array().unwrap().iter();
    let checks = categories.flat_map(|category| category["checks"].as_array().unwrap());
    let of_it = checks.filter(|check| check["result"] == result);
    of_it
        .map(|check| check["id"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn the_faults_of_the_stuck_scene_are_found() {
    let (running, mut output) = Running::start(&["local-aws", "--json", "--scene", "stuck"]);
    let ready = event(&mut output, "ready");
    let endpoint = ready["endpoint"].as_str().unwrap();
    let asked = |arguments: &[&str]| doctor(endpoint, "us-east-1", arguments);
    let output = asked(&["--json"]);
    let answer = json(&output);
    assert_eq!(output.status.code(), Some(1), "{answer}");
    assert_eq!(answer["success"], false);
    assert_eq!(
        (&answer["kind"], &answer["account"]),
        (&"doctor".into(), &"123456789012".into())
    );
    assert!(ended(&answer, "not-known").is_empty(), "{answer}");
    assert!(ended(&answer, "skipped").is_empty(), "{answer}");
    let heartbeat = findings(&answer, "hook-heartbeat");
    let heartbeat: Vec<(&str, &str)> = heartbeat
        .iter()
        .map(|(name, result, _)| (name.as_str(), result.as_str()))
        .collect();
    assert_eq!(
        heartbeat,
        [("hooks: prod-ecs", "pass"), ("hooks: prod-short", "warn")]
    );
    let (_, result, drainable) = &findings(&answer, "services-drainable")[0];
    assert_eq!(result, "warn");
    assert!(
        drainable["error"].as_str().unwrap().ends_with(": billing"),
        "{drainable}"
    );
    assert!(
        drainable["fix"].as_str().unwrap().contains("--service billing"),
        "{drainable}"
    );
    // The sidecar of the scene's definitions has no health check, and its image no version.
    let definitions = findings(&answer, "definition");
    assert!(
        definitions.iter().all(|(_, result, _)| result == "fail"),
        "{definitions:?}"
    );
    let hint = definitions[0].2["hint"].as_str().unwrap();
    assert!(hint.contains("PL022: "), "{hint}");
    let rules = &findings(&answer, "rules")[0].2;
    assert_eq!(rules["description"], "5 rules are enabled and send to the queue");
    for (arguments, code) in [
        (&["--only", "account,events"][..], 0),
        (&["--only", "hook-heartbeat"], 0),
        (&["--only", "hook-heartbeat", "--fail-on", "warn"], 1),
        (
            &["--only", "hook-heartbeat", "--fail-on", "warn", "--wait", "1s"],
            3,
        ),
        (&["--only", "tick", "--wait", "1m"], 0),
        (&["--only", "hop-limit", "--deep"], 2),
        (&["--only", "hook-heartbeats"], 2),
    ] {
        let output = asked(arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}");
        let with_json: Vec<&str> = arguments.iter().copied().chain(["--json"]).collect();
        assert_eq!(asked(&with_json).status.code(), Some(code), "{with_json:?}");
        assert!(!output.stdout.contains(&0x1b), "piped output has no escape");
    }
    assert_eq!(running.stopped(), Some(0));
}

/// For each read: the operation, the action that it needs, and a check that is not known without it.
const READS: &[(Service, &str, &str, &str)] = &[
    (
        Service::Ssm,
        "GetParametersByPath",
        "ssm:GetParametersByPath",
        "beacon",
    ),
    (
        Service::Lambda,
        "GetFunctionConfiguration",
        "lambda:GetFunctionConfiguration",
        "dry-run",
    ),
    (
        Service::Lambda,
        "GetFunctionConcurrency",
        "lambda:GetFunctionConcurrency",
        "concurrency",
    ),
    (
        Service::Lambda,
        "ListEventSourceMappings",
        "lambda:ListEventSourceMappings",
        "event-source",
    ),
    (
        Service::Events,
        "ListRuleNamesByTarget",
        "events:ListRuleNamesByTarget",
        "rules",
    ),
    (Service::Events, "DescribeRule", "events:DescribeRule", "rules"),
    (
        Service::Sqs,
        "GetQueueAttributes",
        "sqs:GetQueueAttributes",
        "dead-letters",
    ),
    (
        Service::CloudWatch,
        "GetMetricData",
        "cloudwatch:GetMetricData",
        "errors",
    ),
    (
        Service::CloudWatch,
        "DescribeAlarms",
        "cloudwatch:DescribeAlarms",
        "alarms",
    ),
    (
        Service::AutoScaling,
        "DescribeAutoScalingGroups",
        "autoscaling:DescribeAutoScalingGroups",
        "hook-present",
    ),
    (
        Service::AutoScaling,
        "DescribeLifecycleHooks",
        "autoscaling:DescribeLifecycleHooks",
        "hook-present",
    ),
    (
        Service::Ecs,
        "ListContainerInstances",
        "ecs:ListContainerInstances",
        "agents",
    ),
    (
        Service::Ecs,
        "DescribeCapacityProviders",
        "ecs:DescribeCapacityProviders",
        "managed-draining",
    ),
    (
        Service::Ecs,
        "ListServices",
        "ecs:ListServices",
        "sidecar-present",
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn what_is_denied_is_not_known_and_named() {
    let lab = Lab::start(LabConfig::default()).await;
    lab.tick().await;
    let endpoint = lab.aws.endpoint_url();
    let ask = async |arguments: &'static [&'static str]| {
        let endpoint = endpoint.clone();
        let asked = tokio::task::spawn_blocking(move || doctor(&endpoint, "eu-west-1", arguments));
        asked.await.unwrap()
    };
    for (service, operation, action, id) in READS {
        let denied = CallFilter::operation(*service, operation).by(CALLER);
        lab.aws.faults(|faults| faults.deny(denied, Limit::Forever));
        let answer = json(&ask(&["--json"]).await);
        let found = findings(&answer, id);
        let known = found.iter().find(|(_, result, _)| result == "not-known");
        let (_, _, check) = known.unwrap_or_else(|| panic!("{action}: {found:?}"));
        let error = check["error"].as_str().unwrap();
        assert!(error.contains(&format!("not known: needs {action}")), "{error}");
        let (_, result, permissions) = &findings(&answer, "permissions")[0];
        assert_eq!(result, "warn", "{action}");
        assert!(
            permissions["error"].as_str().unwrap().contains(action),
            "{permissions}"
        );
        lab.aws.faults(Faults::clear);
    }
    let denied = CallFilter::operation(Service::CloudWatch, "DescribeAlarms").by(CALLER);
    lab.aws.faults(|faults| faults.deny(denied, Limit::Forever));
    assert_eq!(ask(&["--only", "alarms"]).await.status.code(), Some(2));
    lab.aws.set_alarm("ecs-daemon-protector-drain-stuck", "ALARM");
    lab.aws.faults(Faults::clear);
    let ringing = ask(&["--only", "alarms", "--json"]).await;
    assert_eq!(ringing.status.code(), Some(1));
    let (_, _, alarms) = &findings(&json(&ringing), "alarms")[0];
    assert_eq!(alarms["error"], "in alarm: ecs-daemon-protector-drain-stuck");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_coordinator_its_category_ends_and_hooks_are_checked() {
    let lab = Lab::without_coordinator(&LabConfig::default()).await;
    let endpoint = lab.aws.endpoint_url();
    let asked = tokio::task::spawn_blocking(move || doctor(&endpoint, "eu-west-1", &["--json"]));
    let output = asked.await.unwrap();
    let answer = json(&output);
    assert_eq!(output.status.code(), Some(1), "{answer}");
    assert_eq!(findings(&answer, "beacon")[0].1, "fail");
    for id in ["tick", "mode", "rules"] {
        assert_eq!(findings(&answer, id)[0].1, "skipped", "{id}");
    }
    assert_eq!(findings(&answer, "hook-result")[0].1, "pass");
}
