//! What must be true of every pair of versions of coordinator and sidecar. Here both are new; `scripts/skew-test` runs
//! the same tests with one of them old.

mod in_flight;

use protector_tests::{Daemon, Lab, LabConfig, assert_has, order};
use serde_json::{Value, json};

/// Daemons that take a while to flush, two replica tasks that take a while to stop, a job that does not end by itself.
async fn lab(config: LabConfig, daemons: &[&str]) -> (Lab, String) {
    let lab = Lab::start(config).await;
    for name in daemons {
        let mut daemon = Daemon::new(name);
        daemon.flush_seconds = 1;
        lab.daemon(&daemon).await;
    }
    lab.replicas("web", 2, 2).await;
    lab.standalone("job", 600).await;
    let instance = lab.instance().to_owned();
    lab.scale_in(&instance);
    lab.hook_dealt_with().await;
    assert_eq!(lab.record(&instance).unwrap()["state"], "holding");
    (lab, instance)
}

/// The job ends: nothing holds any more.
fn end_job(lab: &Lab, instance: &str) {
    let tasks = lab.aws.world(|world, _| world.tasks_on(instance));
    let job = tasks.iter().find(|task| task.group == "family:job").unwrap();
    lab.stop_task(&job.task_arn);
}

/// P1: no daemon got SIGTERM before the last task was STOPPED; and the drain ended as it should.
fn assert_drained(lab: &Lab, instance: &str, daemons: &[&str]) {
    let holding = ["service:web", "family:job"];
    lab.journal().assert_daemons_outlive(instance, daemons, &holding);
    assert_ended(lab, instance, daemons, "drained");
}

/// P4; the sidecars ended because they read the release, and the record has the reason.
fn assert_ended(lab: &Lab, instance: &str, daemons: &[&str], reason: &str) {
    lab.journal().assert_completed_after(instance, daemons);
    let record = lab.last_record(instance);
    assert_has(&record, json!({"state": "released", "reason": reason}));
    for daemon in daemons {
        let exits = lab.sidecar_said(daemon, "exit");
        let codes: Vec<&Value> = exits.iter().map(|exit| &exit["code"]).collect();
        assert_eq!(codes, [&json!(0)], "the sidecar of {daemon}: {exits:?}");
    }
}

#[tokio::test]
async fn p1_p4_a_drain_with_any_pair_of_versions() {
    let (lab, instance) = lab(LabConfig::default(), &["logs"]).await;
    end_job(&lab, &instance);
    lab.gone_with_ticks(&instance).await;
    assert_drained(&lab, &instance, &["logs"]);
}

#[tokio::test]
async fn p1_p4_tiers_with_any_pair_of_versions() {
    let config = LabConfig::default().set("DAEMON_TIERS", "xray | logs");
    let (lab, instance) = lab(config, &["xray", "logs"]).await;
    end_job(&lab, &instance);
    lab.gone_with_ticks(&instance).await;
    assert_drained(&lab, &instance, &["xray", "logs"]);
    let journal = lab.journal();
    assert!(journal.stopped(&instance, "service:xray")[0] < journal.sigterm(&instance, "logs")[0]);
}

#[tokio::test]
async fn p4_an_operator_releases_with_any_pair_of_versions() {
    let (lab, instance) = lab(LabConfig::default(), &["logs"]).await;
    let before = lab.journal().len();
    let release = order("release", &instance);
    assert!(lab.aws.invoke(release).await.outcome.is_success());
    lab.gone_with_ticks(&instance).await;
    let sigterm = lab.journal().sigterm(&instance, "logs");
    assert!(sigterm.iter().all(|at| *at > before), "not before the order");
    assert_ended(&lab, &instance, &["logs"], "operator");
}

/// Another version continues the drain of the record `before`.
async fn assert_goes_on(lab: &Lab, instance: &str, before: &Value) {
    lab.tick().await;
    let after = lab.record(instance).unwrap();
    for field in ["state", "drainId", "startedAt", "deadlineAt"] {
        assert_eq!(before[field], after[field], "{field}: it is the same drain");
    }
}

#[tokio::test]
async fn p1_p4_the_coordinator_is_updated_and_rolled_back_during_a_drain() {
    let (lab, instance) = lab(LabConfig::default(), &["logs"]).await;
    let before = lab.record(&instance).unwrap();
    let config = LabConfig::default();
    lab.update_coordinator(&config).await;
    assert_goes_on(&lab, &instance, &before).await;
    lab.start_coordinator(&config).await;
    assert_goes_on(&lab, &instance, &before).await;
    lab.update_coordinator(&config).await;
    end_job(&lab, &instance);
    lab.gone_with_ticks(&instance).await;
    assert_drained(&lab, &instance, &["logs"]);
    assert_eq!(lab.said("receipt").len(), 1);
}
