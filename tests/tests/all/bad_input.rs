//! What is wrong is named, all at once, and loses nothing.

use std::process::{Command, Output};

use protector_aws_model::Service;
use protector_aws_model::faults::CallFilter;
use protector_tests::{Lab, LabConfig, order};
use serde_json::{Value, json};

use crate::log_schema::assert_documented;

fn run(program: std::path::PathBuf, variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(program);
    command.env_clear().envs(variables.iter().copied());
    command.output().unwrap()
}

fn assert_all_named(output: &Output, variables: &[(&str, &str)]) {
    let said = String::from_utf8([&*output.stdout, &output.stderr].concat()).unwrap();
    assert_eq!(output.status.code(), Some(64), "{said}");
    for (name, value) in variables {
        assert!(said.contains(name), "{name} is not named: {said}");
        assert!(said.contains(value), "{name}'s value is not shown: {said}");
    }
}

#[test]
fn every_wrong_setting_of_the_coordinator_is_reported_at_once() {
    let wrong = [
        ("PROTECTOR_CLUSTERS", "not a cluster"),
        ("PROTECTOR_LIFECYCLE_HOOKS", "not a hook"),
        ("PROTECTOR_PARAMETER_PREFIX", "aws/x"),
        ("PROTECTOR_MAX_DRAIN", "soon"),
        ("PROTECTOR_DAEMON_STOP", "0s"),
        ("PROTECTOR_SETTLE", "-1s"),
        ("PROTECTOR_ON_DEADLINE", "maybe"),
        ("PROTECTOR_SIDECAR_CONTAINER", "a b"),
        ("PROTECTOR_LOG", "loud"),
        ("PROTECTOR_MAX_DRIAN", "1h"),
    ];
    assert_all_named(&run(protector_tests::bootstrap(), &wrong), &wrong);
}

#[test]
fn every_wrong_setting_of_the_sidecar_is_reported_at_once() {
    let wrong = [
        ("PROTECTOR_PARAMETER_PREFIX", "aws/x"),
        ("PROTECTOR_CLUSTER", "not a cluster"),
        ("PROTECTOR_INSTANCE_ID", "i-wrong"),
        ("PROTECTOR_POLL_INTERVAL", "0s"),
        ("PROTECTOR_MAX_HOLD", "forever"),
        ("PROTECTOR_UNKNOWN_GRACE", "a bit"),
        ("PROTECTOR_TERMINATING_GRACE", "-5m"),
        ("PROTECTOR_PROTECTS", "a b"),
        ("PROTECTOR_ALLOW_ECS_LOOKUP", "perhaps"),
        ("PROTECTOR_DISABLED", "maybe"),
        ("PROTECTOR_LOG", "loud"),
        ("PROTECTOR_MAX_HODL", "1h"),
    ];
    assert_all_named(&run(protector_tests::sidecar(), &wrong), &wrong);
}

fn tick() -> Value {
    json!({"detail-type": "Scheduled Event", "detail": {}})
}

/// The function fails at this event, with these words.
async fn refused(lab: &Lab, event: Value, words: &[&str]) {
    let outcome = lab.aws.invoke(event).await.outcome;
    let said = format!("{outcome:?}");
    assert!(!outcome.is_success(), "{said}");
    assert!(words.iter().all(|word| said.contains(word)), "{said}");
}

#[tokio::test]
async fn wrong_settings_are_an_init_error_to_lambda() {
    let lab = Lab::start(LabConfig::default().set("SETTLE", "never")).await;
    refused(&lab, tick(), &["PROTECTOR_SETTLE", "Settings.Invalid"]).await;
    let lines = lab.said("invalid-setting");
    assert!(!lines.is_empty());
    assert_documented("Coordinator", &lines);
}

#[tokio::test]
async fn malformed_events_are_acknowledged_and_name_the_field() {
    let lab = Lab::start(LabConfig::default()).await;
    let task = json!({"detail-type": "ECS Task State Change", "detail": {}});
    let hook = json!({"LifecycleTransition": "autoscaling:EC2_INSTANCE_TERMINATING"});
    for (event, field) in [
        (task, "detail.clusterArn"),
        (json!({"detail-type": 7}), "detail-type"),
        (hook, "EC2InstanceId"),
        (json!({"Records": 1}), "Records"),
    ] {
        // Sent again it would be as malformed.
        let invocation = lab.aws.invoke(event).await;
        assert!(invocation.outcome.is_success(), "{invocation:?}");
        let said = lab.said("malformed");
        assert!(
            said.iter().any(|line| line["field"] == field),
            "{field}: {said:?}"
        );
        assert_documented("Coordinator", &said);
    }
}

#[tokio::test]
async fn an_operators_mistake_is_answered_with_an_error() {
    let lab = Lab::start(LabConfig::default()).await;
    refused(&lab, order("release", "i-wrong"), &["instance"]).await;
}

#[tokio::test]
async fn of_an_sqs_batch_only_what_a_retry_may_fix_comes_again() {
    let lab = Lab::start(LabConfig::default()).await;
    let record =
        |id: &str, body: Value| json!({"messageId": id, "eventSource": "aws:sqs", "body": body.to_string()});
    let spot = json!({"detail-type": "EC2 Spot Instance Interruption Warning", "time": jiff::Timestamp::now().to_string(),
        "detail": {"instance-id": "i-0123456789abcdef0"}});
    lab.deny(CallFilter::operation(Service::Ecs, "ListContainerInstances").mentioning("ec2InstanceId"));
    let torn = record("torn", json!({"a": 1}));
    let batch = json!({"Records": [record("good", tick()), torn, record("denied", spot)]});
    let invocation = lab.aws.invoke(batch).await;
    let answer = format!("{:?}", invocation.outcome);
    let again = ["denied", "torn", "good"].map(|id| answer.contains(id));
    assert_eq!(again, [true, false, false], "{answer}");
}
