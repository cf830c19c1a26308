//! DRAINING.

use super::lab::Lab;
use crate::{DaemonStop, DesiredStatus, StopCode, TaskStatus, What};
use serde_json::json;
use std::time::Duration;

/// One instance with a daemon, a replica that takes 5 s to stop, and a standalone task.
fn full(daemon_stop: DaemonStop) -> (Lab, String, String) {
    let (mut lab, hosts) = Lab::with(1, |config| config.daemon_stop = daemon_stop);
    lab.define("agent", "0");
    lab.define("web", "5");
    lab.define("job", "0");
    lab.daemon("router", "agent");
    lab.replica("web", "web", 1);
    let job = lab.standalone("job");
    lab.run(200);
    (lab, hosts[0].clone(), job)
}

#[test]
fn replicas_are_stopped_and_standalone_tasks_are_left_alone() {
    let (mut lab, host, job) = full(DaemonStop::WhenReplicasNotRunning);
    lab.set_state(&host, "DRAINING");
    lab.run(10_000);
    assert!(lab.alive(&host, "service:web").is_empty());
    assert_eq!(lab.status(&job), TaskStatus::Running);
    let mut tasks = lab.world.tasks_on(&host).into_iter();
    let web = tasks.find(|task| task.group == "service:web").unwrap();
    assert_eq!(web.stop_code, Some(StopCode::ServiceSchedulerInitiated));
}

#[test]
fn daemons_go_while_replicas_are_still_stopping() {
    let (mut lab, host, _) = full(DaemonStop::WhenReplicasNotRunning);
    lab.set_state(&host, "DRAINING");
    lab.run(1_000);
    assert!(lab.alive(&host, "service:router").is_empty());
    let web = &lab.alive(&host, "service:web")[0];
    assert_eq!(web.last_status, TaskStatus::Stopping);
}

#[test]
fn or_daemons_wait_until_replicas_are_stopped_but_not_for_standalone_tasks() {
    let (mut lab, host, job) = full(DaemonStop::WhenReplicasStopped);
    lab.set_state(&host, "DRAINING");
    lab.run(4_000);
    let router = &lab.alive(&host, "service:router")[0];
    assert_eq!(router.desired_status, DesiredStatus::Running);
    lab.run(2_000);
    assert!(lab.alive(&host, "service:router").is_empty());
    assert_eq!(lab.status(&job), TaskStatus::Running);
}

#[test]
fn replicas_are_replaced_where_there_is_a_place() {
    let (mut lab, hosts) = Lab::new(2);
    lab.define("web", "0");
    lab.replica("web", "web", 4);
    lab.run(200);
    assert_eq!(lab.counts(&hosts, "service:web"), [2, 2]);
    lab.set_state(&hosts[0], "DRAINING");
    lab.run(1_000);
    assert_eq!(lab.counts(&hosts, "service:web"), [0, 4]);
}

#[test]
fn a_successor_does_not_wait_until_its_predecessor_is_gone() {
    let (mut lab, hosts) = Lab::new(2);
    lab.define("web", "20");
    lab.replica("web", "web", 2);
    lab.run(200);
    lab.set_state(&hosts[0], "DRAINING");
    lab.run(1_000);
    let predecessor = &lab.alive(&hosts[0], "service:web")[0];
    assert_eq!(predecessor.last_status, TaskStatus::Stopping);
    assert_eq!(lab.alive(&hosts[1], "service:web").len(), 2);
}

#[test]
fn draining_twice_changes_nothing_and_active_brings_services_back() {
    let (mut lab, host, _) = full(DaemonStop::WhenReplicasNotRunning);
    lab.set_state(&host, "DRAINING");
    lab.run(10_000);
    let changes = |lab: &Lab| {
        let is_change = |entry: &&crate::Entry| matches!(entry.what, What::InstanceStatus { .. });
        lab.world.journal().iter().filter(is_change).count()
    };
    let before = changes(&lab);
    lab.set_state(&host, "DRAINING");
    assert_eq!(changes(&lab), before);
    lab.set_state(&host, "ACTIVE");
    lab.run(1_000);
    assert_eq!(lab.alive(&host, "service:router").len(), 1);
    assert_eq!(lab.alive(&host, "service:web").len(), 1);
}

#[test]
fn a_protected_replica_stays_until_its_protection_ends() {
    let (mut lab, host, _) = full(DaemonStop::WhenReplicasNotRunning);
    let web = lab.alive(&host, "service:web")[0].task_arn.clone();
    let params = json!({"tasks": [web], "protectionEnabled": true, "expiresInMinutes": 1});
    let answer = lab.ecs("UpdateTaskProtection", params);
    assert_eq!(answer["protectedTasks"][0]["protectionEnabled"], true);
    lab.set_state(&host, "DRAINING");
    lab.run(59_000);
    assert_eq!(lab.status(&web), TaskStatus::Running);
    assert_eq!(lab.alive(&host, "service:router").len(), 1);
    lab.run(10_000);
    assert_eq!(lab.status(&web), TaskStatus::Stopped);
    assert!(lab.alive(&host, "service:router").is_empty());
}

#[test]
fn a_task_may_show_up_after_draining_was_set() {
    let (mut lab, hosts) = Lab::with(1, |config| config.timings.placement = Duration::from_secs(2));
    lab.define("job", "0");
    let job = lab.standalone("job");
    lab.set_state(&hosts[0], "DRAINING");
    let listed = |lab: &mut Lab| lab.ecs("ListTasks", json!({}))["taskArns"].clone();
    assert_eq!(listed(&mut lab), json!([]));
    lab.run(2_000);
    assert_eq!(listed(&mut lab), json!([job]));
}

#[test]
fn nothing_is_placed_on_a_draining_instance() {
    let (mut lab, hosts) = Lab::new(1);
    lab.define("web", "0");
    lab.set_state(&hosts[0], "DRAINING");
    lab.replica("web", "web", 1);
    lab.daemon("router", "web");
    lab.run(1_000);
    assert!(lab.world.tasks_on(&hosts[0]).is_empty());
    let answer = lab.ecs("RunTask", json!({"taskDefinition": "web"}));
    assert_eq!(answer["tasks"], json!([]));
    assert_eq!(answer["failures"].as_array().unwrap().len(), 1);
}
