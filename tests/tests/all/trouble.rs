//! Things around the product are broken.

use std::time::{Duration, Instant};

use protector_aws_model::faults::{CallFilter, EventFilter, Limit, errors};
use protector_aws_model::{Faults, Service};
use protector_local_aws::HostEndpoint;
use protector_local_aws::principal::COORDINATOR;
use protector_tests::{CLUSTER, Daemon, JournalView, Lab, LabConfig, SIDECAR};
use serde_json::{Value, json};

use crate::log_schema::assert_documented;

async fn lab() -> Lab {
    let lab = Lab::with_logs(LabConfig::default()).await;
    lab.replicas("web", 2, 2).await;
    lab
}

async fn drained_with_ticks(lab: &Lab) {
    let instance = lab.instance();
    lab.gone_with_ticks_every(instance, Duration::from_secs(1)).await;
    lab.journal()
        .assert_protected(instance, &["logs"], &["service:web"]);
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
    lab.deny(CallFilter::operation(Service::Ssm, "PutParameter").by(COORDINATOR));
    lab.scale_in(&instance);
    lab.hook_dealt_with().await;
    let set = lab
        .journal()
        .coordinator_called("UpdateContainerInstancesState", "");
    assert!(set.is_empty(), "{set:?}");
    let said = lab.said("instance");
    let is_denied = |line: &Value| line["actions"].to_string().contains("AccessDenied");
    assert!(said.iter().any(is_denied), "{said:?}");
    lab.aws.faults(Faults::clear);
    drained_with_ticks(&lab).await;
}

/// The event of the hook has not come here either, so nothing but the group's activity says since when it waits.
#[tokio::test]
async fn p3_a_hook_without_a_record_is_bounded_in_a_new_environment_too() {
    let config = LabConfig {
        instances: 2,
        ..LabConfig::default().set("MAX_DRAIN", "2s")
    };
    let lab = Lab::without_coordinator(&config).await;
    lab.aws
        .faults(|faults| faults.drop_events(EventFilter::any(), Limit::Forever));
    lab.deny(CallFilter::operation(Service::Ssm, "PutParameter").by(COORDINATOR));
    for instance in &lab.instances {
        lab.scale_in(instance);
        lab.hook_waits(instance).await;
    }
    let began = Instant::now();
    lab.until("the longest drain would be over", || {
        began.elapsed() > Duration::from_secs(2)
    })
    .await;
    lab.start_coordinator(&config).await;
    lab.tick().await;
    let called = |operation| lab.journal().coordinator_called(operation, "").len();
    assert_eq!(called("CompleteLifecycleAction"), 2);
    assert_eq!(
        called("DescribeScalingActivities"),
        1,
        "the instances share an answer"
    );
    assert_eq!(called("UpdateContainerInstancesState"), 0);
}

#[tokio::test]
async fn p2_a_sidecar_without_permission_holds_and_says_what_is_missing() {
    let lab = Lab::start(LabConfig::default()).await;
    lab.deny(CallFilter::operation(Service::Ssm, "GetParameters").mentioning(lab.instance()));
    lab.daemon_that_fails_its_check(&Daemon::new("logs")).await;
    let said = |task: String| lab.aws.container_logs(&task, SIDECAR);
    let named = || {
        let mut lines = lab.tasks_with(SIDECAR).into_iter().flat_map(said);
        lines.any(|line| line.contains("ssm:GetParameter"))
    };
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
        let journal = JournalView::new(world.journal().to_vec());
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
    let params = json!({"cluster": CLUSTER, "containerInstance": arn, "force": true});
    lab.ecs("DeregisterContainerInstance", params);
    lab.drained(&instance).await;
    let journal = lab.journal();
    let looks = journal.coordinator_called("ListContainerInstances", &instance);
    assert!(looks.len() >= 2, "a second look");
    assert_eq!(journal.hook(&instance, "completed").len(), 1);
    assert_eq!(lab.record(&instance), None);
}

#[tokio::test]
async fn old_records_are_kept_for_late_readers_and_unreadable_ones_for_their_owner() {
    let lab = Lab::start(LabConfig::default()).await;
    let record = |instance: &str, updated: &str| {
        json!({"schema": 1, "state": "released", "remaining": 0, "reason": "drained",
            "ec2InstanceId": instance,
            "containerInstanceArn": "arn:aws:ecs:eu-west-1:123456789012:container-instance/prod/gone",
            "drainId": "old", "startedAt": updated, "updatedAt": updated, "deadlineAt": updated,
            "releasedAt": updated, "pollSeconds": 1})
        .to_string()
    };
    let now = jiff::Timestamp::now().to_string();
    let put = |instance: &str, text: &str| lab.put(&lab.parameter(instance), text);
    for number in 0..12 {
        let instance = format!("i-0000000000000{number:04x}");
        put(&instance, &record(&instance, "2026-01-01T00:00:00Z"));
    }
    put("i-000000000000fffe", &record("i-000000000000fffe", &now));
    put("i-000000000000ffff", "{\"schema\": 2}");
    lab.tick().await;
    // 12 old ones are gone, by tens.
    for (instance, left) in [
        ("i-00000000000000000", false),
        ("i-0000000000000000b", false),
        ("i-000000000000fffe", true),
        ("i-000000000000ffff", true),
    ] {
        assert_eq!(lab.text(&lab.parameter(instance)).is_some(), left, "{instance}");
    }
    assert_eq!(lab.journal().coordinator_calls()["DeleteParameters"], 2);
}

#[tokio::test]
async fn p7_events_that_fail_delay_no_others_and_are_made_up_for_by_the_tick() {
    let lab = lab().await;
    let instance = lab.instance().to_owned();
    let any = CallFilter::any().by(COORDINATOR);
    let throttled = errors::throttled(Service::Ecs);
    lab.aws
        .faults(|faults| faults.fail(any, throttled, Limit::Forever));
    lab.scale_in(&instance);
    lab.hook_dealt_with().await;
    let failed = lab.said("failed");
    assert!(!failed.is_empty());
    assert_documented("Coordinator", &failed);
    let dead = lab.aws.dead_letters();
    assert!(dead.is_empty(), "none came again before those behind it");
    lab.aws.faults(Faults::clear);
    drained_with_ticks(&lab).await;
}
