//! What an operator can choose, through the real programs.

use std::time::Duration;

use protector_tests::{CLUSTER, Daemon, Lab, LabConfig, SIDECAR};
use serde_json::{Value, json};

/// How often a test ticks: the schedule does it once a minute.
const TICK: Duration = Duration::from_millis(500);

async fn tiered(middle_hangs: bool) -> (Lab, String) {
    let config = LabConfig::default()
        .set("DAEMON_TIERS", "xray | mesh | logs")
        .set("DAEMON_STOP", "5s");
    let lab = Lab::start(config).await;
    for name in ["logs", "mesh", "xray"] {
        let mut daemon = Daemon::new(name);
        daemon.flush_seconds = if name == "mesh" && middle_hangs { 60 } else { 1 };
        lab.daemon(&daemon).await;
    }
    lab.replicas("web", 2, 1).await;
    let instance = lab.instance().to_owned();
    lab.scale_in(&instance);
    (lab, instance)
}

#[tokio::test]
async fn three_daemons_stop_in_the_order_of_their_tiers() {
    let (lab, instance) = tiered(false).await;
    lab.gone_with_ticks(&instance, TICK).await;
    let story = lab.story();
    story.assert_daemons_outlive(&instance, &["xray", "mesh", "logs"], &["service:web"]);
    for (first, then) in [("xray", "mesh"), ("mesh", "logs")] {
        let stopped = story.stopped(&instance, &format!("service:{first}"))[0];
        assert!(
            stopped < story.sigterm(&instance, then)[0],
            "{first} is STOPPED before {then} gets SIGTERM"
        );
    }
    story.assert_completed_after(&instance, &["xray", "mesh", "logs"]);
}

#[tokio::test]
async fn p3_a_tier_that_hangs_does_not_keep_the_next_for_ever() {
    let (lab, instance) = tiered(true).await;
    lab.gone_with_ticks(&instance, TICK).await;
    let story = lab.story();
    let mesh = story.sigterm(&instance, "mesh")[0];
    let logs = story.sigterm(&instance, "logs")[0];
    assert!(story.stopped(&instance, "service:xray")[0] < mesh && mesh < logs);
    assert!(
        story
            .stopped(&instance, "service:mesh")
            .iter()
            .all(|at| *at > logs),
        "mesh was still flushing"
    );
}

#[tokio::test]
async fn task_scale_in_protection_is_shown_if_it_is_what_holds() {
    let lab = Lab::start(LabConfig::default()).await;
    lab.daemon(&Daemon::new("logs")).await;
    lab.replicas("web", 2, 1).await;
    let protected = lab.tasks_of("web")[0].clone();
    let protection = |on: bool| json!({"cluster": CLUSTER, "tasks": [protected], "protectionEnabled": on});
    lab.ecs("UpdateTaskProtection", protection(true));
    let instance = lab.instance().to_owned();
    lab.scale_in(&instance);
    lab.hook_dealt_with().await;
    let shown = |line: &Value| line["heldBy"].to_string().contains("\"protected\":1");
    tick_until(&lab, "the protection is shown", || {
        lab.said("instance").iter().any(shown)
    })
    .await;
    lab.ecs("UpdateTaskProtection", protection(false));
    lab.gone_with_ticks(&instance, TICK).await;
    lab.story()
        .assert_daemons_outlive(&instance, &["logs"], &["service:web"]);
}

async fn tick_until(lab: &Lab, what: &str, so: impl Fn() -> bool) {
    for _ in 0..60 {
        lab.tick().await;
        if so() {
            return;
        }
        tokio::time::sleep(TICK).await;
    }
    panic!("it did not come to be: {what}");
}

/// A drain of a standalone task that would run for ten minutes.
async fn drained_of_an_endless_task(setting: &'static str, value: &str) -> (Lab, String) {
    let lab = Lab::start(LabConfig::default().set(setting, value)).await;
    lab.daemon(&Daemon::new("logs")).await;
    lab.standalone("endless", 600).await;
    let instance = lab.instance().to_owned();
    lab.scale_in(&instance);
    lab.gone_with_ticks(&instance, TICK).await;
    (lab, instance)
}

#[tokio::test]
async fn standalone_tasks_are_ignored_if_the_operator_says_so() {
    let (lab, instance) = drained_of_an_endless_task("STANDALONE_TASKS", "ignore").await;
    assert_eq!(lab.record(&instance).unwrap()["reason"], "drained");
}

#[tokio::test]
async fn standalone_tasks_are_stopped_with_a_reason_if_the_operator_says_so() {
    let (lab, instance) = drained_of_an_endless_task("STANDALONE_TASKS", "stop").await;
    let story = lab.story();
    assert_eq!(story.coordinator_called("StopTask", "STANDALONE_TASKS").len(), 1);
    story.assert_daemons_outlive(&instance, &["logs"], &["family:endless"]);
}

#[tokio::test]
async fn what_is_left_is_stopped_after_a_while() {
    let (lab, instance) = drained_of_an_endless_task("STOP_TASKS_AFTER", "3s").await;
    let story = lab.story();
    assert_eq!(story.coordinator_called("StopTask", "STOP_TASKS_AFTER").len(), 1);
    story.assert_daemons_outlive(&instance, &["logs"], &["family:endless"]);
}

#[tokio::test]
async fn the_tasks_of_a_lost_agent_are_phantoms() {
    let lab = Lab::start(
        LabConfig::default()
            .set("AGENT_LOST", "3s")
            .set("DAEMON_STOP", "2s"),
    )
    .await;
    lab.standalone("phantom", 600).await;
    let instance = lab.instance().to_owned();
    lab.scale_in(&instance);
    lab.hook_dealt_with().await;
    lab.aws
        .world(|world, now| world.agent_connected(now, &instance, false));
    lab.gone_with_ticks(&instance, TICK).await;
    assert_eq!(lab.record(&instance).unwrap()["reason"], "agent-lost");
}

#[tokio::test]
async fn a_spot_notice_is_recorded_drained_and_shortens_the_deadline() {
    let lab = Lab::start(LabConfig::default()).await;
    lab.daemon(&Daemon::new("logs")).await;
    lab.replicas("web", 2, 2).await;
    let instance = lab.instance().to_owned();
    lab.aws
        .world(|world, now| world.spot_notice(now, &instance, "terminate"));
    lab.wait("the daemon is STOPPED", |world| {
        let tasks = world.tasks_on(&instance);
        let mut daemons = tasks.iter().filter(|task| task.group == "service:logs");
        daemons
            .all(|task| task.last_status.as_str() == "STOPPED")
            .then_some(())
    })
    .await;
    let story = lab.story();
    story.assert_daemons_outlive(&instance, &["logs"], &["service:web"]);
    assert_eq!(
        story
            .coordinator_called("UpdateContainerInstancesState", "DRAINING")
            .len(),
        1
    );
    let record = lab.record(&instance).unwrap();
    assert!(
        record["spotNoticeAt"].is_string() && record["reason"] == "drained",
        "{record}"
    );
}

const MUTATING: [&str; 6] = [
    "PutParameter",
    "DeleteParameters",
    "UpdateContainerInstancesState",
    "StopTask",
    "RecordLifecycleActionHeartbeat",
    "CompleteLifecycleAction",
];

fn assert_nothing_changed(lab: &Lab) {
    let calls = lab.story().coordinator_calls();
    assert!(calls.contains_key("ListTasks"), "it did look: {calls:?}");
    assert!(
        MUTATING.iter().all(|operation| !calls.contains_key(*operation)),
        "{calls:?}"
    );
    let said = lab.said("instance");
    assert!(
        said.iter()
            .any(|line| line["actions"].to_string().contains("set-draining")),
        "{said:?}"
    );
}

#[tokio::test]
async fn a_dry_run_looks_plans_says_and_changes_nothing() {
    let lab = Lab::start(
        LabConfig::default()
            .set("DRY_RUN", "true")
            .set("STANDALONE_TASKS", "stop"),
    )
    .await;
    lab.standalone("job", 600).await;
    lab.scale_in(lab.instance());
    lab.hook_dealt_with().await;
    lab.tick().await;
    assert_nothing_changed(&lab);
}

fn switch(lab: &Lab, text: &str) {
    let name = "/ecs-daemon-protector/control";
    lab.ssm(
        "PutParameter",
        json!({"Name": name, "Type": "String", "Value": text, "Overwrite": true}),
    );
}

#[tokio::test]
async fn the_kill_switch_at_observe_changes_nothing() {
    let lab = Lab::start(LabConfig::default()).await;
    lab.standalone("job", 600).await;
    switch(&lab, r#"{"mode":"observe"}"#);
    lab.scale_in(lab.instance());
    lab.hook_dealt_with().await;
    lab.tick().await;
    assert_nothing_changed(&lab);
}

#[tokio::test]
async fn the_kill_switch_at_release_all_lets_everything_go() {
    let lab = Lab::start(LabConfig {
        concurrency: 1,
        ..LabConfig::default()
    })
    .await;
    lab.daemon(&Daemon::new("logs")).await;
    lab.standalone("endless", 600).await;
    let instance = lab.instance().to_owned();
    lab.scale_in(&instance);
    lab.hook_dealt_with().await;
    assert_eq!(lab.record(&instance).unwrap()["state"], "holding");
    switch(&lab, r#"{"mode":"release-all"}"#);
    tick_until_gone_or_released(&lab, &instance).await;
    assert_eq!(lab.record(&instance).unwrap()["reason"], "operator");
}

async fn tick_until_gone_or_released(lab: &Lab, instance: &str) {
    lab.tick().await;
    lab.until("the release", || {
        lab.record(instance)
            .is_some_and(|record| record["state"] == "released")
    })
    .await;
}

#[tokio::test]
async fn p2_a_malformed_kill_switch_leaves_everything_on_and_is_said() {
    let lab = Lab::start(LabConfig::default()).await;
    lab.standalone("job", 600).await;
    switch(&lab, r#"{"mode":"of"}"#);
    lab.scale_in(lab.instance());
    lab.hook_dealt_with().await;
    assert_eq!(lab.record(lab.instance()).unwrap()["state"], "holding");
    assert!(
        lab.said("control")
            .iter()
            .any(|line| line["problem"].to_string().contains("release-all"))
    );
}

fn order(instance: &str, command: &str, by: Option<&str>) -> Value {
    let mut order =
        json!({"command": command, "cluster": "prod", "instance": instance, "who": "ana", "why": "ticket 7"});
    if let Some(by) = by {
        order["by"] = json!(by);
    }
    order
}

#[tokio::test]
async fn orders_of_an_operator_are_obeyed_and_remembered() {
    let lab = Lab::start(LabConfig {
        concurrency: 1,
        ..LabConfig::default()
    })
    .await;
    lab.daemon(&Daemon::new("logs")).await;
    lab.standalone("endless", 600).await;
    let instance = lab.instance().to_owned();
    lab.scale_in(&instance);
    lab.hook_dealt_with().await;
    let deadline = |lab: &Lab| -> jiff::Timestamp {
        lab.record(&instance).unwrap()["deadlineAt"]
            .as_str()
            .unwrap()
            .parse()
            .unwrap()
    };
    let first = deadline(&lab);
    assert!(
        lab.aws
            .invoke(order(&instance, "extend", Some("30m")))
            .await
            .outcome
            .is_success()
    );
    assert_eq!(deadline(&lab).duration_since(first).as_secs(), 1800);
    assert!(
        lab.aws
            .invoke(order(&instance, "hold", None))
            .await
            .outcome
            .is_success()
    );
    assert!(deadline(&lab).duration_since(first).as_secs() > 1800);
    assert!(
        lab.aws
            .invoke(order(&instance, "release", None))
            .await
            .outcome
            .is_success()
    );
    let record = lab.record(&instance).unwrap();
    assert_eq!(
        (&record["reason"], &record["ordered"]["who"]),
        (&json!("operator"), &json!("ana"))
    );
    lab.gone_with_ticks(&instance, TICK).await;
    let receipts = lab.said("receipt");
    assert_eq!(receipts.len(), 1, "{receipts:?}");
    assert_eq!(
        (&receipts[0]["forced"], &receipts[0]["ordered"]["why"]),
        (&json!(true), &json!("ticket 7"))
    );
}

#[tokio::test]
async fn the_receipt_tells_the_whole_drain_once_and_no_token() {
    let lab = Lab::start(LabConfig::default()).await;
    lab.daemon(&Daemon::new("logs")).await;
    lab.replicas("web", 3, 2).await;
    lab.standalone("job", 3).await;
    let instance = lab.instance().to_owned();
    lab.scale_in(&instance);
    lab.gone_with_ticks(&instance, TICK).await;
    let receipts = lab.said("receipt");
    assert_eq!(receipts.len(), 1, "{receipts:?}");
    let receipt = &receipts[0];
    assert_eq!(
        (&receipt["reason"], &receipt["forced"]),
        (&json!("drained"), &json!(false))
    );
    let groups: Vec<&Value> = receipt["waitedFor"]
        .as_array()
        .unwrap()
        .iter()
        .map(|waited| &waited["group"])
        .collect();
    assert_eq!(groups, ["service:web", "family:job"]);
    assert!(
        receipt["calls"].as_u64().is_some_and(|calls| calls > 10),
        "{receipt}"
    );
    let token = lab.record(&instance).unwrap()["lifecycle"]["lifecycleActionToken"]
        .as_str()
        .unwrap()
        .to_owned();
    let said = lab.aws.coordinator_logs().join("\n");
    assert!(
        !said.contains(&token),
        "a token entitles its bearer to end the hook"
    );
    let task = lab.tasks_with(SIDECAR).remove(0);
    assert!(!lab.aws.container_logs(&task, SIDECAR).join("\n").contains(&token));
}
