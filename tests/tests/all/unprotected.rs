//! A daemon whose sidecar does not protect it is reported: by a check before its drain, and by the drain itself.

use protector_tests::{CLUSTER, Daemon, Lab, LabConfig, SIDECAR, SidecarProgram, assert_has};
use serde_json::{Value, json};

use crate::log_schema::assert_documented;

/// A daemon `logs` whose sidecar has ended according to ECS; its task runs.
async fn bare(config: LabConfig) -> Lab {
    with_sidecar(config, SidecarProgram::EndsAtOnce, |sidecar| {
        sidecar["lastStatus"] == "STOPPED"
    })
    .await
}

/// A daemon `logs` with this sidecar, once `so` holds of what ECS says of the sidecar's container; its task runs.
async fn with_sidecar(config: LabConfig, sidecar: SidecarProgram, so: impl Fn(&Value) -> bool) -> Lab {
    let lab = Lab::start(config).await;
    let mut daemon = Daemon::new("logs");
    daemon.sidecar = sidecar;
    lab.daemon_that_fails_its_check(&daemon).await;
    let task = lab.tasks_of("logs")[0].clone();
    lab.until("ECS says so of the sidecar", || {
        let reported = lab.ecs("DescribeTasks", json!({"cluster": CLUSTER, "tasks": [task]}));
        let containers = reported["tasks"][0]["containers"].as_array();
        containers.is_some_and(|all| all.iter().any(|one| one["name"] == SIDECAR && so(one)))
    })
    .await;
    lab
}

/// Drains the instance. Its records and the receipt name `logs` for this reason.
async fn assert_named(lab: &Lab, reason: &str, sentence: &str) {
    lab.replicas("web", 2, 2).await;
    let instance = lab.instance().to_owned();
    lab.drained_with_ticks(&instance).await;
    let named = json!([{"service": "logs", "reason": reason}]);
    for (index, (_, record)) in lab.journal().records(&instance).into_iter().enumerate() {
        assert_has(&record, json!({ "unprotected": named }));
        // After SIGTERM UNHEALTHY says that its readings fail: then it holds, and counts.
        let holds = reason == "sidecar-unhealthy" && index > 0;
        assert_has(&record, json!({"sidecars": u32::from(holds)}));
    }
    let receipts = lab.said("receipt");
    let sentence = format!("daemon of service logs was not protected: {sentence}");
    assert_has(&receipts[0], json!({"unprotected": [sentence]}));
    assert_documented("Coordinator", &receipts);
}

/// The ticks of one check of this cluster: the first writes the beacon, and each other one makes a call of the check.
async fn check(lab: &Lab) {
    for _ in 0..4 {
        lab.tick().await;
    }
}

fn measured(lab: &Lab) -> Vec<Value> {
    let lines = lab.said("metrics");
    let values = lines.iter().map(|line| line["UnprotectedDaemons"].clone());
    values.filter(|value| !value.is_null()).collect()
}

fn calls_of(lab: &Lab, operation: &str) -> usize {
    let calls = lab.journal().coordinator_calls();
    calls.get(operation).copied().unwrap_or_default()
}

#[tokio::test]
async fn a_daemon_whose_sidecar_has_ended_is_reported_before_any_drain() {
    let lab = bare(LabConfig::default()).await;
    check(&lab).await;
    let lines = lab.said("unprotected");
    assert_eq!(lines.len(), 1, "{lines:?}");
    let expected = json!({"cluster": CLUSTER, "service": "logs", "reason": "sidecar-stopped", "tasks": 1});
    assert_has(&lines[0], expected);
    let (task, on) = (&lab.tasks_of("logs")[0], lab.container_instance(lab.instance()));
    let example = json!({"task": task, "containerInstance": on, "exitCode": 1});
    assert_has(&lines[0]["examples"][0], example);
    assert_documented("Coordinator", &lines);
    assert_eq!(measured(&lab), [json!(1)]);
    lab.tick().await;
    assert_eq!(lab.said("unprotected").len(), 1, "the next round is not due");
}

#[tokio::test]
async fn a_drain_names_the_daemon_that_its_sidecar_did_not_protect() {
    let lab = bare(LabConfig::default().set("UNPROTECTED_CHECK", "0s")).await;
    assert_named(&lab, "sidecar-stopped", "its sidecar had stopped").await;
    assert_eq!(measured(&lab), [json!(1)], "the drain counts it once");
}

#[tokio::test]
async fn a_drain_names_the_daemon_whose_sidecar_is_unhealthy() {
    let config = LabConfig::default().set("UNPROTECTED_CHECK", "0s");
    let unhealthy =
        |sidecar: &Value| sidecar["lastStatus"] == "RUNNING" && sidecar["healthStatus"] == "UNHEALTHY";
    let lab = with_sidecar(config, SidecarProgram::Unhealthy, unhealthy).await;
    let sentence = "its sidecar ran but was unhealthy, and would have held without reading its record";
    assert_named(&lab, "sidecar-unhealthy", sentence).await;
}

#[tokio::test]
async fn a_drain_names_the_daemon_whose_sidecar_never_started() {
    let config = LabConfig::default().set("UNPROTECTED_CHECK", "0s");
    let reason = "CannotPullContainerError: pull access denied for ecs-daemon-protector";
    let refused = move |sidecar: &Value| sidecar["reason"] == reason;
    let lab = with_sidecar(config, SidecarProgram::NeverStarts(reason), refused).await;
    assert_named(&lab, "sidecar-never-started", "its sidecar had never started").await;
}

/// It waits for a minute before it ends, so that the agent starts it again. After SIGTERM it ends at once.
#[tokio::test]
async fn a_sidecar_with_a_wrong_setting_is_measured_when_its_task_ends() {
    let lab = Lab::start(LabConfig::default().set("UNPROTECTED_CHECK", "0s")).await;
    let daemon = Daemon::new("logs").set("MAX_HOLD", "for ever");
    lab.daemon_that_fails_its_check(&daemon).await;
    // A signal before the first instruction of the program would end it without an exit code of its own.
    lab.until("it waits", || {
        !lab.sidecar_said("logs", "exit-delayed").is_empty()
    })
    .await;
    let task = lab.tasks_of("logs")[0].clone();
    lab.stop_task(&task);
    lab.until("its end is measured", || measured(&lab) == [json!(1)])
        .await;
}

#[tokio::test]
async fn p10_a_check_costs_three_calls_in_as_many_ticks_of_four() {
    let lab = Lab::with_logs(LabConfig::default()).await;
    let counts = |lab: &Lab| ["ListServices", "ListTasks", "DescribeTasks"].map(|name| calls_of(lab, name));
    let all = |lab: &Lab| -> usize { lab.journal().coordinator_calls().values().sum() };
    let before = counts(&lab);
    let mut course = Vec::new();
    for _ in 0..5 {
        let calls = all(&lab);
        lab.tick().await;
        let now = counts(&lab);
        let of_check: usize = now.iter().zip(before).map(|(now, before)| now - before).sum();
        course.push((all(&lab) - calls, of_check));
    }
    // The beacon, and then a call of the check in each tick. The next check is due a quarter of an hour later.
    assert_eq!(course, [(4, 0), (4, 1), (4, 2), (4, 3), (3, 3)]);
    assert_eq!(lab.said("unprotected"), [Value::Null; 0]);
}

#[tokio::test]
async fn p10_a_check_that_is_turned_off_makes_no_call() {
    let lab = bare(LabConfig::default().set("UNPROTECTED_CHECK", "0s")).await;
    lab.tick().await;
    assert_eq!(calls_of(&lab, "ListServices"), 0);
    assert!(lab.said("unprotected").is_empty());
}
