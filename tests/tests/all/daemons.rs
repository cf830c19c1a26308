//! What a sidecar does when there is no drain, or an unusual one.

use protector_aws_model::{TaskStatus, TaskView};
use protector_tests::{Daemon, Lab, LabConfig};
use serde_json::{Value, json};

async fn stopped(lab: &Lab, task: &str) {
    let is_stopped = |task: TaskView| (task.last_status == TaskStatus::Stopped).then_some(());
    lab.wait("the task is STOPPED", |world| {
        world.task(task).and_then(is_stopped)
    })
    .await;
}

/// A record of the lab's instance, as the coordinator writes it, with these fields.
fn put_record(lab: &Lab, fields: Value) {
    let instance = lab.instance();
    let mut record = json!({"schema": 1, "ec2InstanceId": instance, "drainId": "a-drain", "pollSeconds": 1,
        "containerInstanceArn": lab.container_instance(instance), "startedAt": "2026-01-01T00:00:00Z"});
    record
        .as_object_mut()
        .unwrap()
        .extend(fields.as_object().unwrap().clone());
    lab.put(&lab.parameter(instance), &record.to_string());
}

#[tokio::test]
async fn p5_a_deployment_is_delayed_by_the_unknown_grace_only() {
    let lab = Lab::start(LabConfig::default()).await;
    lab.daemon(&Daemon::new("logs").set("UNKNOWN_GRACE", "2s")).await;
    let task = lab.tasks_of("logs")[0].clone();
    lab.stop_task(&task);
    stopped(&lab, &task).await;
    let exits = lab.sidecar_said("logs", "exit");
    assert_eq!(exits[0]["code"], 0, "{exits:?}");
    assert_eq!(lab.record(lab.instance()), None);
}

#[tokio::test]
async fn p5_a_daemon_that_has_crashed_is_not_waited_for() {
    let lab = Lab::start(LabConfig::default()).await;
    let mut daemon = Daemon::new("logs")
        .set("UNKNOWN_GRACE", "1h")
        .set("MAX_HOLD", "2h");
    daemon.crashes_after = Some(4);
    lab.daemon(&daemon).await;
    let task = lab.tasks_of("logs")[0].clone();
    stopped(&lab, &task).await;
}

#[tokio::test]
async fn p6_a_sidecar_reads_once_at_start_and_then_nothing_until_sigterm() {
    let lab = Lab::with_logs(LabConfig::default()).await;
    lab.replicas("web", 2, 2).await;
    let instance = lab.instance().to_owned();
    let task = lab.tasks_of("logs")[0].clone();
    lab.drained(&instance).await;
    let journal = lab.journal();
    let (before, after) = journal.reads_around_sigterm(&task);
    assert_eq!(before, 1);
    assert!(after >= 1);
    let only: Vec<String> = journal.sidecar_operations().into_iter().collect();
    assert_eq!(only, ["GetParameters"]);
}

#[tokio::test]
async fn a_leftover_release_of_an_earlier_life_releases_no_daemon() {
    let lab = Lab::without_coordinator(&LabConfig::default()).await;
    let instance = lab.instance().to_owned();
    let leftover = json!({"state": "released", "remaining": 0, "reason": "drained", "deadlineAt": "2026-01-01T01:00:00Z",
        "updatedAt": "2026-01-01T00:05:00Z", "releasedAt": "2026-01-01T00:05:00Z"});
    put_record(&lab, leftover);
    lab.daemon(&Daemon::new("logs").set("UNKNOWN_GRACE", "30s")).await;
    lab.replicas("web", 2, 3).await;
    lab.start_coordinator(&LabConfig::default()).await;
    lab.drained(&instance).await;
    let journal = lab.journal();
    journal.assert_protected(&instance, &["logs"], &["service:web"]);
}

#[tokio::test]
async fn p3_without_a_coordinator_the_sidecar_leaves_at_its_maximum_hold() {
    let lab = Lab::without_coordinator(&LabConfig::default()).await;
    lab.daemon(&Daemon::new("logs").set("MAX_HOLD", "3s")).await;
    let holding = json!({"state": "holding", "remaining": 1, "updatedAt": "2026-01-01T00:00:00Z",
        "deadlineAt": "2099-01-01T00:00:00Z"});
    put_record(&lab, holding);
    let task = lab.tasks_of("logs")[0].clone();
    lab.stop_task(&task);
    stopped(&lab, &task).await;
    assert_eq!(lab.sidecar_said("logs", "exit")[0]["code"], 10);
}
