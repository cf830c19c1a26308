//! `protectorctl doctor` against the local AWS: what it finds in the scene of a bad night, what it does not know if a
//! read is denied, and its exit codes.

use crate::scene::{Running, event};
use protector_aws_model::faults::{CallFilter, Limit};
use protector_aws_model::{Cut, Faults, Service};
use protector_tests::{CLUSTER, Lab, LabConfig, protectorctl};
use serde_json::{Value, json};
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

fn json_of(output: &Output) -> Value {
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
    let answer = json_of(&output);
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
        (&["--only", "hop-limit"], 0),
        // audit-log-task has no policy.
        (&["--only", "policy"], 1),
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

/// The one finding of a check that is about this service.
fn of_service(answer: &Value, id: &str, service: &str) -> Value {
    let found = findings(answer, id);
    let mut about = found.iter().filter(|(name, ..)| name.contains(service));
    let (_, _, check) = about
        .next()
        .unwrap_or_else(|| panic!("{id} of {service}: {found:?}"));
    check.clone()
}

#[test]
fn deeper_checks_judge_the_roles_and_hosts_of_the_stuck_scene() {
    let (running, mut output) = Running::start(&["local-aws", "--json", "--scene", "stuck"]);
    let ready = event(&mut output, "ready");
    let endpoint = ready["endpoint"].as_str().unwrap();
    let answer = json_of(&doctor(
        endpoint,
        "us-east-1",
        &["--json", "--deep", "--only", "daemons"],
    ));
    assert_eq!(
        of_service(&answer, "policy", "fluent-bit")["result"],
        "pass",
        "{answer}"
    );
    let without = of_service(&answer, "policy", "audit-log");
    let error = without["error"].as_str().unwrap();
    assert!(
        error.starts_with(
            "the task role audit-log-task may not ssm:GetParameter and ssm:GetParameters /ecs-daemon-protector/prod/i-"
        ),
        "{error}"
    );
    assert!(
        without["fix"]
            .as_str()
            .unwrap()
            .contains("--role-name audit-log-task"),
        "{without}"
    );
    let hops = of_service(&answer, "hop-limit", "fluent-bit");
    let description = hops["description"].as_str().unwrap();
    assert!(
        description.starts_with("the metadata service answers host mode on "),
        "{hops}"
    );
    assert_eq!(running.stopped(), Some(0));
}

const ROLE: &str = "logs-task";

/// A daemon in bridge mode runs, and has a task role.
async fn with_a_daemon_in_bridge_mode() -> Lab {
    let lab = Lab::start(LabConfig::default()).await;
    lab.tick().await;
    daemon_with_a_role(&lab, "bridge");
    lab.wait("the daemon runs", |world| {
        (!world.tasks_on(&world.running_instances()[0]).is_empty()).then_some(())
    })
    .await;
    lab
}

/// A daemon with a sidecar, whose containers are simulated, and with a task role.
fn daemon_with_a_role(lab: &Lab, network: &str) {
    let container = |name: &str| {
        json!({"name": name, "image": format!("example.com/{name}:0.1.0"), "memory": 16,
            "essential": name == "logs", "dockerLabels": {"local-aws.simulated": "true"}})
    };
    let definition = json!({"family": "logs", "networkMode": network,
        "taskRoleArn": format!("arn:aws:iam::123456789012:role/{ROLE}"),
        "containerDefinitions": [container("logs"), container("ecs-daemon-protector")]});
    lab.ecs("RegisterTaskDefinition", definition);
    lab.ecs(
        "CreateService",
        json!({"cluster": CLUSTER, "serviceName": "logs", "taskDefinition": "logs", "schedulingStrategy": "DAEMON"}),
    );
}

fn iam(lab: &Lab, operation: &str, params: Value) {
    lab.aws.call(Service::Iam, operation, params).unwrap();
}

/// Gives the role this policy in the place of the one that it had.
fn allow(lab: &Lab, actions: &[&str], resources: &[&str]) {
    let arns: Vec<String> = resources
        .iter()
        .map(|name| format!("arn:aws:ssm:eu-west-1:123456789012:parameter/{name}"))
        .collect();
    let statement = json!({"Effect": "Allow", "Action": actions, "Resource": arns});
    let document = json!({"Version": "2012-10-17", "Statement": [statement]}).to_string();
    let params = json!({"RoleName": ROLE, "PolicyName": "parameters", "PolicyDocument": document});
    iam(lab, "PutRolePolicy", params);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_role_may_too_little_or_too_much() {
    let lab = with_a_daemon_in_bridge_mode().await;
    let endpoint = lab.aws.endpoint_url();
    let ask = async || {
        let endpoint = endpoint.clone();
        let arguments = ["--json", "--only", "policy"];
        let asked = tokio::task::spawn_blocking(move || doctor(&endpoint, "eu-west-1", &arguments));
        let output = asked.await.unwrap();
        (
            output.status.code(),
            findings(&json_of(&output), "policy")[0].clone(),
        )
    };
    let judged = async |code: i32, result: &str, text: &str| {
        let (exit, (_, found, check)) = ask().await;
        assert_eq!((exit, found.as_str()), (Some(code), result), "{check}");
        let shown = check["error"].as_str().or(check["description"].as_str()).unwrap();
        assert!(shown.contains(text), "{text}: {check}");
    };
    judged(1, "fail", "the task role logs-task does not exist").await;
    iam(
        &lab,
        "CreateRole",
        json!({"RoleName": ROLE, "AssumeRolePolicyDocument": "{}"}),
    );
    judged(
        1,
        "fail",
        "may not ssm:GetParameter and ssm:GetParameters /ecs-daemon-protector/",
    )
    .await;
    let ours = ["ecs-daemon-protector/control", "ecs-daemon-protector/*/*"];
    let reads = ["ssm:GetParameter", "ssm:GetParameters"];
    allow(&lab, &reads[..1], &ours);
    judged(1, "fail", "may not ssm:GetParameters /ecs-daemon-protector/").await;
    allow(&lab, &reads, &ours[1..]);
    judged(
        1,
        "fail",
        "may not ssm:GetParameter and ssm:GetParameters /ecs-daemon-protector/control",
    )
    .await;
    allow(&lab, &reads, &ours);
    judged(0, "pass", "may read its records and the kill switch").await;
    allow(&lab, &reads, &["ecs-daemon-protector/*"]);
    judged(
        0,
        "warn",
        "may also ssm:GetParameter and ssm:GetParameters /ecs-daemon-protector/coordinator",
    )
    .await;
    allow(&lab, &["ssm:*"], &["*"]);
    judged(
        0,
        "warn",
        "ssm:GetParameter and ssm:GetParameters /ecs-daemon-protector/coordinator, any other parameter",
    )
    .await;
    judged(
        0,
        "warn",
        "ssm:DeleteParameter and ssm:PutParameter /ecs-daemon-protector/",
    )
    .await;
    let denied = CallFilter::operation(Service::Iam, "SimulatePrincipalPolicy").by(CALLER);
    lab.aws
        .faults(|faults| faults.deny(denied.clone(), Limit::Forever));
    judged(2, "not-known", "not known: needs iam:SimulatePrincipalPolicy").await;
    lab.aws.faults(|faults| {
        faults.clear();
        faults.cut(denied.clone(), Cut::HalfOfTheBody, Limit::Forever);
    });
    judged(2, "not-known", "iam:SimulatePrincipalPolicy did not answer").await;
    lab.aws.faults(|faults| {
        faults.clear();
        faults.throttle(denied, 1);
    });
    judged(0, "warn", "may also").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bridge_mode_needs_two_hops_and_a_service_that_answers() {
    let lab = with_a_daemon_in_bridge_mode().await;
    let endpoint = lab.aws.endpoint_url();
    let judged = async |code: i32, result: &str, text: &str| {
        let endpoint = endpoint.clone();
        let arguments = ["--json", "--only", "hop-limit"];
        let asked = tokio::task::spawn_blocking(move || doctor(&endpoint, "eu-west-1", &arguments));
        let output = asked.await.unwrap();
        let (_, found, check) = findings(&json_of(&output), "hop-limit")[0].clone();
        assert_eq!(
            (output.status.code(), found.as_str()),
            (Some(code), result),
            "{check}"
        );
        let shown = check["error"].as_str().or(check["description"].as_str()).unwrap();
        assert!(shown.contains(text), "{text}: {check}");
    };
    let options = |changes: Value| {
        let mut params = json!({"InstanceId": lab.instance()});
        let members = changes.as_object().unwrap().clone();
        params.as_object_mut().unwrap().extend(members);
        let changed = lab
            .aws
            .call(Service::Ec2, "ModifyInstanceMetadataOptions", params);
        changed.unwrap();
    };
    judged(0, "pass", "answers bridge mode on 1 host").await;
    options(json!({"HttpPutResponseHopLimit": 1}));
    judged(
        1,
        "fail",
        &format!("hop limit 1 on 1 of 1 ({}): bridge mode needs 2", lab.instance()),
    )
    .await;
    options(json!({"HttpPutResponseHopLimit": 2, "HttpEndpoint": "disabled"}));
    judged(1, "fail", "the metadata service is off on 1 of 1").await;
    let denied = CallFilter::operation(Service::Ec2, "DescribeInstances").by(CALLER);
    lab.aws.faults(|faults| faults.deny(denied, Limit::Forever));
    judged(2, "not-known", "not known: needs ec2:DescribeInstances").await;
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
        let answer = json_of(&ask(&["--json"]).await);
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
    let (_, _, alarms) = &findings(&json_of(&ringing), "alarms")[0];
    assert_eq!(alarms["error"], "in alarm: ecs-daemon-protector-drain-stuck");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_coordinator_its_category_ends_and_hooks_are_checked() {
    let lab = Lab::without_coordinator(&LabConfig::default()).await;
    let endpoint = lab.aws.endpoint_url();
    let asked = tokio::task::spawn_blocking(move || doctor(&endpoint, "eu-west-1", &["--json"]));
    let output = asked.await.unwrap();
    let answer = json_of(&output);
    assert_eq!(output.status.code(), Some(1), "{answer}");
    assert_eq!(findings(&answer, "beacon")[0].1, "fail");
    for id in ["tick", "mode", "rules"] {
        assert_eq!(findings(&answer, id)[0].1, "skipped", "{id}");
    }
    assert_eq!(findings(&answer, "hook-result")[0].1, "pass");
}
