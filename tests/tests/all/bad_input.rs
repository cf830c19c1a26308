//! What is wrong is named, all at once, and loses nothing.

use std::process::{Command, Output};

use protector_tests::{Lab, LabConfig};
use serde_json::{Value, json};

use crate::log_schema::assert_documented;

fn run(program: std::path::PathBuf, variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(program);
    command.env_clear().envs(variables.iter().copied());
    command.output().unwrap()
}

fn assert_all_named(output: &Output, variables: &[(&str, &str)]) {
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
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

#[tokio::test]
async fn wrong_settings_are_an_init_error_to_lambda() {
    let lab = Lab::start(LabConfig::default().set("SETTLE", "never")).await;
    let invocation = lab
        .aws
        .invoke(json!({"detail-type": "Scheduled Event", "detail": {}}))
        .await;
    let said = format!("{:?}", invocation.outcome);
    assert!(
        !invocation.outcome.is_success()
            && said.contains("PROTECTOR_SETTLE")
            && said.contains("Settings.Invalid"),
        "{said}"
    );
    let lines = lab.said("invalid-setting");
    assert!(!lines.is_empty());
    assert_documented("Coordinator", &lines);
}

#[tokio::test]
async fn malformed_events_are_acknowledged_and_name_the_field() {
    let lab = Lab::start(LabConfig::default()).await;
    let cases = [
        (
            json!({"detail-type": "ECS Task State Change", "detail": {}}),
            "detail.clusterArn",
        ),
        (json!({"detail-type": 7}), "detail-type"),
        (
            json!({"LifecycleTransition": "autoscaling:EC2_INSTANCE_TERMINATING"}),
            "EC2InstanceId",
        ),
        (json!({"Records": 1}), "Records"),
    ];
    for (event, field) in cases {
        let invocation = lab.aws.invoke(event).await;
        assert!(
            invocation.outcome.is_success(),
            "sent again it would be as malformed: {invocation:?}"
        );
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
    let order =
        json!({"command": "release", "cluster": "prod", "instance": "i-wrong", "who": "ana", "why": "test"});
    let invocation = lab.aws.invoke(order).await;
    let said = format!("{:?}", invocation.outcome);
    assert!(
        !invocation.outcome.is_success() && said.contains("instance"),
        "{said}"
    );
}

#[tokio::test]
async fn of_an_sqs_batch_only_what_a_retry_may_fix_comes_again() {
    let lab = Lab::start(LabConfig::default()).await;
    let record =
        |id: &str, body: Value| json!({"messageId": id, "eventSource": "aws:sqs", "body": body.to_string()});
    let tick = json!({"detail-type": "Scheduled Event", "detail": {}});
    let spot = json!({"detail-type": "EC2 Spot Instance Interruption Warning", "time": jiff::Timestamp::now().to_string(),
        "detail": {"instance-id": "i-0123456789abcdef0"}});
    lab.aws.faults(|faults| {
        use protector_aws_model::{
            Service,
            faults::{CallFilter, Limit},
        };
        faults.deny(
            CallFilter::operation(Service::Ecs, "ListContainerInstances").mentioning("ec2InstanceId"),
            Limit::Forever,
        );
    });
    let batch =
        json!({"Records": [record("good", tick), record("torn", json!({"a": 1})), record("denied", spot)]});
    let invocation = lab.aws.invoke(batch).await;
    let answer = format!("{:?}", invocation.outcome);
    assert!(
        answer.contains("denied") && !answer.contains("torn") && !answer.contains("good"),
        "{answer}"
    );
}
