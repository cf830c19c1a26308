//! One instance is drained from hook to completion.

use std::time::Duration;

use protector_tests::{Daemon, Lab, LabConfig};
use serde_json::json;

/// How often a test ticks: the schedule does it once a minute.
const TICK: Duration = Duration::from_millis(500);

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
    lab.scale_in(&instance);
    lab.gone(&instance).await;
    lab.idle().await;
    let journal = lab.journal();
    journal.assert_daemons_outlive(&instance, &["logs"], &["service:web", "family:job"]);
    journal.assert_completed_after(&instance, &["logs"]);
    let record = lab.record(&instance).unwrap();
    assert_eq!(
        (&record["state"], &record["reason"]),
        (&json!("released"), &json!("drained"))
    );
    let exits = lab.sidecar_said("logs", "exit");
    assert_eq!(exits.len(), 1, "{exits:?}");
    assert_eq!(exits[0]["code"], 0);
}

#[tokio::test]
async fn p1_a_count_of_running_tasks_would_release_too_early() {
    let lab = Lab::start(LabConfig::default()).await;
    lab.daemon(&Daemon::new("logs")).await;
    lab.replicas("web", 3, 3).await;
    let instance = lab.instance().to_owned();
    lab.scale_in(&instance);
    lab.gone(&instance).await;
    let journal = lab.journal();
    let asked = journal.sigterm(&instance, "ecs-daemon-protector")[0];
    let then = journal.in_status(&instance, "service:web", asked);
    assert_eq!(
        then.get("RUNNING"),
        None,
        "a rival sees no RUNNING task here: {then:?}"
    );
    assert!(
        then.get("STOPPED").copied().unwrap_or_default() < 3,
        "and yet tasks are alive: {then:?}"
    );
    let released = journal.written(&instance, "released")[0];
    let then = journal.in_status(&instance, "service:web", released);
    assert_eq!(
        then.get("STOPPED"),
        Some(&3),
        "we release when all are STOPPED: {then:?}"
    );
    journal.assert_daemons_outlive(&instance, &["logs"], &["service:web"]);
}

#[tokio::test]
async fn p1_the_record_is_there_before_draining_is_set() {
    let lab = usual(LabConfig::default()).await;
    let instance = lab.instance().to_owned();
    lab.scale_in(&instance);
    lab.gone(&instance).await;
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
    lab.scale_in(&instance);
    lab.gone(&instance).await;
    let journal = lab.journal();
    journal.assert_daemons_outlive(&instance, &["slow", "quick"], &["service:web"]);
    journal.assert_completed_after(&instance, &["slow", "quick"]);
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
    lab.gone_with_ticks(&instance, TICK).await;
    assert_eq!(lab.journal().hook(&instance, "completed").len(), 1);
}

#[tokio::test]
async fn p3_the_deadline_releases_daemons_from_a_task_that_does_not_end() {
    let lab = Lab::start(
        LabConfig::default()
            .set("MAX_DRAIN", "4s")
            .set("DAEMON_STOP", "2s"),
    )
    .await;
    lab.daemon(&Daemon::new("logs")).await;
    lab.standalone("endless", 600).await;
    let instance = lab.instance().to_owned();
    lab.scale_in(&instance);
    lab.gone_with_ticks(&instance, TICK).await;
    assert_eq!(lab.last_record(&instance)["reason"], "deadline");
    assert!(
        lab.journal().stopped(&instance, "service:logs")[0] < lab.journal().hook(&instance, "completed")[0]
    );
}

#[tokio::test]
async fn an_instance_without_any_task_is_drained_too() {
    let lab = Lab::start(LabConfig::default()).await;
    let instance = lab.instance().to_owned();
    lab.scale_in(&instance);
    lab.gone(&instance).await;
    let journal = lab.journal();
    assert_eq!(
        journal
            .coordinator_called("UpdateContainerInstancesState", "DRAINING")
            .len(),
        1
    );
    assert_eq!(journal.hook(&instance, "completed").len(), 1);
}

#[tokio::test]
async fn p4_heartbeats_keep_a_short_hook_alive() {
    let lab = Lab::start(LabConfig {
        heartbeat_seconds: 30,
        ..LabConfig::default()
    })
    .await;
    lab.daemon(&Daemon::new("logs")).await;
    lab.standalone("job", 40).await;
    let instance = lab.instance().to_owned();
    lab.scale_in(&instance);
    lab.gone_with_ticks(&instance, TICK).await;
    let journal = lab.journal();
    assert!(!journal.heartbeats(&instance).is_empty());
    assert!(journal.hook(&instance, "timed out").is_empty());
    journal.assert_daemons_outlive(&instance, &["logs"], &["family:job"]);
    journal.assert_completed_after(&instance, &["logs"]);
}
