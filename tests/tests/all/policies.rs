//! What an operator can choose, through the real programs.

use protector_tests::{CLUSTER, Daemon, Lab, LabConfig};
use serde_json::{Value, json};

async fn tiered(middle_hangs: bool) -> (Lab, String) {
    let config = LabConfig::default().set("DAEMON_TIERS", "xray | mesh | logs");
    let lab = Lab::start(config.set("DAEMON_STOP", "5s")).await;
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
    lab.gone_with_ticks(&instance).await;
    let journal = lab.journal();
    journal.assert_protected(&instance, &["xray", "mesh", "logs"], &["service:web"]);
    for (first, then) in [("xray", "mesh"), ("mesh", "logs")] {
        let stopped = journal.stopped(&instance, &format!("service:{first}"))[0];
        let sigterm = journal.sigterm(&instance, then)[0];
        assert!(stopped < sigterm, "{first} is STOPPED before {then} gets SIGTERM");
    }
}

#[tokio::test]
async fn p3_a_tier_that_hangs_does_not_keep_the_next_indefinitely() {
    let (lab, instance) = tiered(true).await;
    lab.gone_with_ticks(&instance).await;
    let journal = lab.journal();
    let mesh = journal.sigterm(&instance, "mesh")[0];
    let logs = journal.sigterm(&instance, "logs")[0];
    assert!(journal.stopped(&instance, "service:xray")[0] < mesh && mesh < logs);
    let stopped = journal.stopped(&instance, "service:mesh");
    assert!(stopped.iter().all(|at| *at > logs), "mesh was still flushing");
}

#[tokio::test]
async fn task_scale_in_protection_is_shown_if_it_is_what_holds() {
    let lab = Lab::with_logs(LabConfig::default()).await;
    lab.replicas("web", 2, 1).await;
    let protected = lab.tasks_of("web")[0].clone();
    let protection = |on: bool| json!({"cluster": CLUSTER, "tasks": [protected], "protectionEnabled": on});
    lab.ecs("UpdateTaskProtection", protection(true));
    let instance = lab.instance().to_owned();
    lab.scale_in(&instance);
    lab.hook_dealt_with().await;
    let shown = |line: &Value| line["heldBy"].to_string().contains("\"protected\":1");
    let is_shown = || lab.said("instance").iter().any(shown);
    lab.tick_until("the protection is shown", is_shown).await;
    // Two hours, unless the call says otherwise.
    let until = |line: &Value| -> jiff::Timestamp {
        let text = line["heldBy"][0]["protectedUntil"].as_str();
        text.unwrap_or_else(|| panic!("{line}")).parse().unwrap()
    };
    let lines = lab.said("instance");
    let line = lines.iter().find(|line| shown(line)).unwrap();
    let left = until(line).duration_since(jiff::Timestamp::now()).as_mins();
    assert!((100..=120).contains(&left), "{line}");
    lab.ecs("UpdateTaskProtection", protection(false));
    lab.gone_with_ticks(&instance).await;
    lab.journal()
        .assert_daemons_outlive(&instance, &["logs"], &["service:web"]);
}

/// A drain of a standalone task that would run for ten minutes.
async fn drained_of_an_endless_task(setting: &'static str, value: &str) -> (Lab, String) {
    let lab = Lab::with_logs(LabConfig::default().set(setting, value)).await;
    lab.standalone("endless", 600).await;
    let instance = lab.instance().to_owned();
    lab.drained_with_ticks(&instance).await;
    (lab, instance)
}

#[tokio::test]
async fn standalone_tasks_are_ignored_if_the_operator_says_so() {
    let (lab, instance) = drained_of_an_endless_task("STANDALONE_TASKS", "ignore").await;
    assert_eq!(lab.last_record(&instance)["reason"], "drained");
}

#[tokio::test]
async fn standalone_tasks_are_stopped_with_a_reason_if_the_operator_says_so() {
    let (lab, instance) = drained_of_an_endless_task("STANDALONE_TASKS", "stop").await;
    let journal = lab.journal();
    let stops = journal.coordinator_called("StopTask", "STANDALONE_TASKS");
    assert_eq!(stops.len(), 1);
    journal.assert_daemons_outlive(&instance, &["logs"], &["family:endless"]);
}

#[tokio::test]
async fn what_is_left_is_stopped_after_a_while() {
    let (lab, instance) = drained_of_an_endless_task("STOP_TASKS_AFTER", "3s").await;
    let journal = lab.journal();
    let stops = journal.coordinator_called("StopTask", "STOP_TASKS_AFTER");
    assert_eq!(stops.len(), 1);
    journal.assert_daemons_outlive(&instance, &["logs"], &["family:endless"]);
}

#[tokio::test]
async fn the_tasks_of_a_lost_agent_are_phantoms() {
    let config = LabConfig::default().set("AGENT_LOST", "3s");
    let lab = Lab::start(config.set("DAEMON_STOP", "2s")).await;
    lab.standalone("phantom", 600).await;
    let instance = lab.instance().to_owned();
    lab.scale_in(&instance);
    lab.hook_dealt_with().await;
    lab.agent_connected(&instance, false);
    lab.gone_with_ticks(&instance).await;
    assert_eq!(lab.last_record(&instance)["reason"], "agent-lost");
}

/// A drain that lasts until a person ends it, past the longest drain.
#[tokio::test]
async fn at_the_deadline_daemons_are_kept_if_the_operator_says_so() {
    let config = LabConfig::default().set("MAX_DRAIN", "2s");
    let lab = Lab::with_logs(config.set("ON_DEADLINE", "hold")).await;
    lab.standalone("job", 8).await;
    let instance = lab.instance().to_owned();
    lab.drained_with_ticks(&instance).await;
    lab.journal()
        .assert_daemons_outlive(&instance, &["logs"], &["family:job"]);
    assert_eq!(lab.last_record(&instance)["reason"], "drained");
}

#[tokio::test]
async fn tasks_of_an_ignored_group_hold_no_daemon() {
    let lab = Lab::with_logs(LabConfig::default().set("IGNORE_GROUPS", "family:endless")).await;
    lab.standalone("endless", 600).await;
    lab.replicas("web", 1, 1).await;
    let instance = lab.instance().to_owned();
    lab.drained_with_ticks(&instance).await;
    lab.journal()
        .assert_daemons_outlive(&instance, &["logs"], &["service:web"]);
    assert_eq!(lab.last_record(&instance)["reason"], "drained");
}

#[tokio::test]
async fn an_agent_that_is_lost_for_a_moment_changes_nothing() {
    let lab = Lab::with_logs(LabConfig::default().set("AGENT_LOST", "1h")).await;
    lab.standalone("job", 6).await;
    let instance = lab.instance().to_owned();
    lab.scale_in(&instance);
    lab.hook_dealt_with().await;
    let is_lost = |record: Value| record["agentLostAt"].is_string();
    let lost_at = || lab.record(&instance).is_some_and(is_lost);
    lab.agent_connected(&instance, false);
    lab.tick_until("the record has its clock", lost_at).await;
    lab.agent_connected(&instance, true);
    lab.tick_until("and stops it", || !lost_at()).await;
    lab.gone_with_ticks(&instance).await;
    lab.journal()
        .assert_daemons_outlive(&instance, &["logs"], &["family:job"]);
    assert_eq!(lab.last_record(&instance)["reason"], "drained");
}

#[tokio::test]
async fn a_spot_notice_is_recorded_drained_and_shortens_the_deadline() {
    let lab = Lab::with_logs(LabConfig::default()).await;
    lab.replicas("web", 2, 2).await;
    let instance = lab.instance().to_owned();
    lab.spot_notice(&instance);
    lab.services_stopped(&instance, &["logs"]).await;
    let journal = lab.journal();
    journal.assert_daemons_outlive(&instance, &["logs"], &["service:web"]);
    let draining = journal.coordinator_called("UpdateContainerInstancesState", "DRAINING");
    assert_eq!(draining.len(), 1);
    let record = lab.record(&instance).unwrap();
    assert!(record["spotNoticeAt"].is_string(), "{record}");
    assert_eq!(record["reason"], "drained", "{record}");
}
