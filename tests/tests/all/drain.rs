//! One instance is drained from hook to completion.

use protector_tests::{Daemon, Lab, LabConfig, assert_has};
use serde_json::json;

/// Three replica tasks that take a while to stop, a standalone task, a daemon that takes a while to flush.
async fn usual(config: LabConfig) -> Lab {
    let lab = Lab::start(config).await;
    let mut logs = Daemon::new("logs");
    logs.flush_seconds = 1;
    lab.daemon(&logs).await;
    lab.replicas("web", 3, 3).await;
    lab.standalone("job", 5).await;
    lab
}

#[tokio::test]
async fn p1_the_daemon_outlives_every_task_that_holds() {
    let lab = usual(LabConfig::default()).await;
    let instance = lab.instance().to_owned();
    lab.drained(&instance).await;
    lab.idle().await;
    lab.journal()
        .assert_protected(&instance, &["logs"], &["service:web", "family:job"]);
    let record = lab.record(&instance).unwrap();
    assert_has(&record, json!({"state": "released", "reason": "drained"}));
    let exits = lab.sidecar_said("logs", "exit");
    assert_eq!(exits.len(), 1, "{exits:?}");
    assert_eq!(exits[0]["code"], 0);
}

#[tokio::test]
async fn p1_a_count_of_running_tasks_would_release_too_early() {
    let lab = Lab::with_logs(LabConfig::default()).await;
    lab.replicas("web", 3, 3).await;
    let instance = lab.instance().to_owned();
    lab.drained(&instance).await;
    let journal = lab.journal();
    let asked = journal.sigterm(&instance, "ecs-daemon-protector")[0];
    // A rival sees no RUNNING task here, and yet tasks are alive.
    let then = journal.in_status(&instance, "service:web", asked);
    assert_eq!(then.get("RUNNING"), None, "{then:?}");
    assert!(then.get("STOPPED") < Some(&3), "{then:?}");
    // We release when all are STOPPED.
    let released = journal.written(&instance, "released")[0];
    let then = journal.in_status(&instance, "service:web", released);
    assert_eq!(then.get("STOPPED"), Some(&3), "{then:?}");
    journal.assert_daemons_outlive(&instance, &["logs"], &["service:web"]);
}

#[tokio::test]
async fn p1_the_record_is_there_before_draining_is_set() {
    let lab = usual(LabConfig::default()).await;
    let instance = lab.instance().to_owned();
    lab.drained(&instance).await;
    let journal = lab.journal();
    let draining = journal.coordinator_called("UpdateContainerInstancesState", "DRAINING");
    assert_eq!(draining.len(), 1);
    assert!(journal.written(&instance, "holding")[0] < draining[0]);
}

#[tokio::test]
async fn p4_the_hook_waits_for_a_daemon_that_is_slow_to_flush() {
    let lab = Lab::start(LabConfig::default()).await;
    let mut slow = Daemon::new("slow");
    slow.flush_seconds = 6;
    lab.daemon(&slow).await;
    lab.daemon(&Daemon::new("quick")).await;
    lab.replicas("web", 1, 1).await;
    let instance = lab.instance().to_owned();
    lab.drained(&instance).await;
    let journal = lab.journal();
    journal.assert_protected(&instance, &["slow", "quick"], &["service:web"]);
}

#[tokio::test]
async fn p4_a_daemon_that_never_flushes_does_not_keep_the_hook_indefinitely() {
    let lab = Lab::start(LabConfig::default().set("DAEMON_STOP", "3s")).await;
    let mut stuck = Daemon::new("stuck");
    stuck.flush_seconds = 60;
    lab.daemon(&stuck).await;
    let instance = lab.instance().to_owned();
    lab.scale_in(&instance);
    lab.wait("the flush window opens", |world| {
        let journal = protector_tests::JournalView::new(world.journal().to_vec());
        journal.sigterm(&instance, "stuck").first().copied()
    })
    .await;
    lab.gone_with_ticks(&instance).await;
    assert_eq!(lab.journal().hook(&instance, "completed").len(), 1);
}

#[tokio::test]
async fn p3_the_deadline_releases_daemons_from_a_task_that_does_not_end() {
    let config = LabConfig::default().set("MAX_DRAIN", "4s");
    let lab = Lab::with_logs(config.set("DAEMON_STOP", "2s")).await;
    lab.standalone("endless", 600).await;
    let instance = lab.instance().to_owned();
    lab.drained_with_ticks(&instance).await;
    assert_eq!(lab.last_record(&instance)["reason"], "deadline");
    let journal = lab.journal();
    assert!(journal.stopped(&instance, "service:logs")[0] < journal.hook(&instance, "completed")[0]);
}

#[tokio::test]
async fn an_instance_without_any_task_is_drained_too() {
    let lab = Lab::start(LabConfig::default()).await;
    let instance = lab.instance().to_owned();
    lab.drained(&instance).await;
    let journal = lab.journal();
    let draining = journal.coordinator_called("UpdateContainerInstancesState", "DRAINING");
    assert_eq!(draining.len(), 1);
    assert_eq!(journal.hook(&instance, "completed").len(), 1);
}

#[tokio::test]
async fn p4_heartbeats_keep_a_short_hook_alive() {
    let config = LabConfig {
        heartbeat_seconds: 30,
        ..LabConfig::default()
    };
    let lab = Lab::with_logs(config).await;
    lab.standalone("job", 40).await;
    let instance = lab.instance().to_owned();
    lab.drained_with_ticks(&instance).await;
    let journal = lab.journal();
    assert!(!journal.heartbeats(&instance).is_empty());
    assert!(journal.hook(&instance, "timed out").is_empty());
    journal.assert_protected(&instance, &["logs"], &["family:job"]);
}
