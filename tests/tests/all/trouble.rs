//! Things around the product are broken.

use std::time::Duration;

use protector_aws_model::faults::{CallFilter, Limit};
use protector_aws_model::{Faults, Service};
use protector_local_aws::HostEndpoint;
use protector_local_aws::principal::COORDINATOR;
use protector_tests::{Daemon, Lab, LabConfig, SIDECAR};

use crate::log_schema::assert_documented;

async fn lab() -> Lab {
    let lab = Lab::start(LabConfig::default()).await;
    lab.daemon(&Daemon::new("logs")).await;
    lab.replicas("web", 2, 2).await;
    lab
}

async fn drained_with_ticks(lab: &Lab) {
    let instance = lab.instance().to_owned();
    lab.gone_with_ticks(&instance, Duration::from_secs(1)).await;
    let journal = lab.journal();
    journal.assert_daemons_outlive(&instance, &["logs"], &["service:web"]);
    journal.assert_completed_after(&instance, &["logs"]);
}

async fn throttled(service: Service) {
    let lab = lab().await;
    lab.scale_in(lab.instance());
    let until = jiff::Timestamp::now() + Duration::from_secs(5);
    lab.aws
        .faults(|faults| faults.throttle(CallFilter::service(service), Limit::Until(until)));
    drained_with_ticks(&lab).await;
}

#[tokio::test]
async fn p2_ssm_is_throttled_for_a_while() {
    throttled(Service::Ssm).await;
}

#[tokio::test]
async fn p2_ecs_is_throttled_for_a_while() {
    throttled(Service::Ecs).await;
}

#[tokio::test]
async fn p2_auto_scaling_is_throttled_for_a_while() {
    throttled(Service::AutoScaling).await;
}

#[tokio::test]
async fn p2_a_task_that_cannot_be_described_holds() {
    let lab = lab().await;
    let instance = lab.instance().to_owned();
    let task = lab.tasks_of("web")[0].clone();
    lab.aws.faults(|faults| faults.missing_in_describe(&task, 2));
    lab.scale_in(&instance);
    drained_with_ticks(&lab).await;
}

#[tokio::test]
async fn p2_a_coordinator_without_permission_to_write_drains_nothing() {
    let lab = lab().await;
    let instance = lab.instance().to_owned();
    let put = CallFilter::operation(Service::Ssm, "PutParameter").by(COORDINATOR);
    lab.aws.faults(|faults| faults.deny(put, Limit::Forever));
    lab.scale_in(&instance);
    lab.hook_dealt_with().await;
    assert!(
        lab.journal()
            .coordinator_called("UpdateContainerInstancesState", "")
            .is_empty()
    );
    let said = lab.said("instance");
    assert!(
        said.iter()
            .any(|line| line["actions"].to_string().contains("AccessDenied")),
        "{said:?}"
    );
    lab.aws.faults(Faults::clear);
    drained_with_ticks(&lab).await;
}

#[tokio::test]
async fn p2_a_sidecar_without_permission_holds_and_says_what_is_missing() {
    let lab = Lab::start(LabConfig::default()).await;
    let read = CallFilter::operation(Service::Ssm, "GetParameters").mentioning(lab.instance());
    lab.aws.faults(|faults| faults.deny(read, Limit::Forever));
    lab.daemon_that_fails_its_check(&Daemon::new("logs")).await;
    let said = || {
        let tasks = lab.tasks_with(SIDECAR).into_iter();
        tasks
            .flat_map(|task| lab.aws.container_logs(&task, SIDECAR))
            .collect::<Vec<_>>()
    };
    let named = || said().iter().any(|line| line.contains("ssm:GetParameter"));
    lab.until("the sidecar names the permission", named).await;
}

#[tokio::test]
async fn p2_imds_and_credentials_go_away_during_the_drain() {
    let lab = lab().await;
    let instance = lab.instance().to_owned();
    let task = lab.tasks_of("logs")[0].clone();
    lab.aws.set_imds(&instance, HostEndpoint::Silent);
    lab.aws.set_credentials(&task, HostEndpoint::Refuses(503));
    lab.scale_in(&instance);
    lab.wait("the sidecar got SIGTERM", |world| {
        let journal = protector_tests::JournalView::new(world.journal().to_vec());
        journal.sigterm(&instance, SIDECAR).first().copied()
    })
    .await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    lab.aws.set_credentials(&task, HostEndpoint::Answers);
    drained_with_ticks(&lab).await;
}

#[tokio::test]
async fn an_instance_in_no_cluster_is_let_go_after_a_second_look() {
    let lab = Lab::start(LabConfig::default()).await;
    let instance = lab.instance().to_owned();
    let arn = lab.container_instance(&instance);
    lab.ecs(
        "DeregisterContainerInstance",
        serde_json::json!({"cluster": protector_tests::CLUSTER,
        "containerInstance": arn, "force": true}),
    );
    lab.scale_in(&instance);
    lab.gone(&instance).await;
    let journal = lab.journal();
    assert!(
        journal
            .coordinator_called("ListContainerInstances", &instance)
            .len()
            >= 2,
        "a second look"
    );
    assert_eq!(journal.hook(&instance, "completed").len(), 1);
    assert_eq!(lab.record(&instance), None);
}

#[tokio::test]
async fn old_records_are_kept_for_late_readers_and_unreadable_ones_for_their_owner() {
    let lab = Lab::start(LabConfig::default()).await;
    let record = |instance: &str, updated: &str| {
        serde_json::json!({"schema": 1, "state": "released", "remaining": 0, "reason": "drained",
            "ec2InstanceId": instance,
            "containerInstanceArn": "arn:aws:ecs:eu-west-1:123456789012:container-instance/prod/gone",
            "drainId": "old", "startedAt": updated, "updatedAt": updated, "deadlineAt": updated,
            "releasedAt": updated, "pollSeconds": 1})
        .to_string()
    };
    let now = jiff::Timestamp::now().to_string();
    let put = |instance: &str, text: String| {
        let name = lab.parameter(instance);
        lab.ssm(
            "PutParameter",
            serde_json::json!({"Name": name, "Type": "String", "Value": text}),
        );
    };
    for number in 0..12 {
        let instance = format!("i-0000000000000{number:04x}");
        put(&instance, record(&instance, "2026-01-01T00:00:00Z"));
    }
    put("i-000000000000fffe", record("i-000000000000fffe", &now));
    put("i-000000000000ffff", "{\"schema\": 2}".to_owned());
    lab.tick().await;
    let left = |instance: &str| {
        lab.aws
            .world(|world, _| world.parameter(&lab.parameter(instance)).is_some())
    };
    assert!(
        !left("i-00000000000000000") && !left("i-0000000000000000b"),
        "12 old ones are gone"
    );
    assert_eq!(
        lab.journal().coordinator_calls()["DeleteParameters"],
        2,
        "by tens"
    );
    assert!(left("i-000000000000fffe") && left("i-000000000000ffff"));
}

#[tokio::test]
async fn p7_events_that_fail_stand_in_nobodys_way_and_are_made_up_for_by_the_tick() {
    let lab = lab().await;
    let instance = lab.instance().to_owned();
    let any = CallFilter::any().by(COORDINATOR);
    lab.aws.faults(|faults| {
        faults.fail(
            any,
            protector_aws_model::faults::errors::throttled(Service::Ecs),
            Limit::Forever,
        )
    });
    lab.scale_in(&instance);
    lab.hook_dealt_with().await;
    let failed = lab.said("failed");
    assert!(!failed.is_empty());
    assert_documented("Coordinator", &failed);
    assert!(
        lab.aws.dead_letters().is_empty(),
        "none came again before those behind it"
    );
    lab.aws.faults(Faults::clear);
    drained_with_ticks(&lab).await;
}
