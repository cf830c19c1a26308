//! Control by an operator: dry-run, kill switch, orders; and the receipt that names them.

use std::time::Duration;

use protector_aws_model::Service;
use protector_aws_model::faults::{CallFilter, Limit};
use protector_local_aws::InvocationOutcome;
use protector_local_aws::principal::COORDINATOR;
use protector_tests::{Daemon, Lab, LabConfig, SIDECAR};
use serde_json::{Value, json};

use crate::log_schema::assert_documented;

/// How often a test ticks: the schedule does it once a minute.
const TICK: Duration = Duration::from_millis(500);

const MUTATING: [&str; 6] = [
    "PutParameter",
    "DeleteParameters",
    "UpdateContainerInstancesState",
    "StopTask",
    "RecordLifecycleActionHeartbeat",
    "CompleteLifecycleAction",
];

fn assert_nothing_changed(lab: &Lab) {
    let mut calls = lab.journal().coordinator_calls();
    assert!(calls.contains_key("ListTasks"), "it did look: {calls:?}");
    // The beacon is no part of a drain.
    if let Some(writes) = calls.get_mut("PutParameter") {
        *writes -= lab.journal().beacon_writes();
    }
    assert!(
        MUTATING
            .iter()
            .all(|operation| calls.get(*operation).is_none_or(|made| *made == 0)),
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
    let lines = lab.said("instance");
    let outcomes = lines.iter().flat_map(|line| line["actions"].as_array().unwrap());
    assert!(outcomes.clone().count() > 0 && outcomes.clone().all(|done| done["outcome"] == "skipped"));
    assert_documented("Coordinator", &lines);
}

/// A drain that only a person can end soon.
async fn held_by_an_endless_task() -> (Lab, String) {
    let lab = Lab::start(LabConfig::default()).await;
    lab.daemon(&Daemon::new("logs")).await;
    lab.standalone("endless", 600).await;
    let instance = lab.instance().to_owned();
    lab.scale_in(&instance);
    lab.hook_dealt_with().await;
    (lab, instance)
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
    let (lab, instance) = held_by_an_endless_task().await;
    assert_eq!(lab.record(&instance).unwrap()["state"], "holding");
    switch(&lab, r#"{"mode":"release-all","who":"ana","why":"ticket 7"}"#);
    let released = || {
        lab.record(&instance)
            .is_some_and(|record| record["state"] == "released")
    };
    lab.tick_until("the release", released).await;
    assert_eq!(lab.last_record(&instance)["reason"], "operator");
    let line = lab.said("control").pop().unwrap();
    assert_eq!(
        (&line["mode"], &line["who"], &line["why"]),
        (&json!("release-all"), &json!("ana"), &json!("ticket 7"))
    );
    lab.gone_with_ticks(&instance, TICK).await;
    let receipt = lab.said("receipt").pop().unwrap();
    let ordered = &receipt["order"];
    assert_eq!(
        (&ordered["command"], &ordered["who"], &ordered["why"]),
        (&json!("release-all"), &json!("ana"), &json!("ticket 7")),
        "{receipt}"
    );
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
            .any(|line| line["error"].to_string().contains("release-all"))
    );
    assert_documented("Coordinator", &lab.said("control"));
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
    let (lab, instance) = held_by_an_endless_task().await;
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
        (&receipts[0]["forced"], &receipts[0]["order"]["why"]),
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

/// The answer to an order, which must not look like a success.
async fn ignored(lab: &Lab, order: Value) -> String {
    let outcome = lab.aws.invoke(order).await.outcome;
    let InvocationOutcome::Returned(answer) = outcome else {
        panic!("{outcome:?}");
    };
    assert_eq!(answer["instances"], json!([]), "{answer}");
    let orders = answer["ignored"].as_array().unwrap();
    assert_eq!(orders.len(), 1, "{answer}");
    orders[0]["reason"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn an_order_that_changes_nothing_is_answered_with_why() {
    let lab = Lab::start(LabConfig::default().set("CLUSTERS", "prod")).await;
    let instance = lab.instance().to_owned();
    let release = |instance: &str| order(instance, "release", None);
    assert_eq!(
        ignored(&lab, release(&instance)).await,
        "the instance does not drain"
    );
    let mistyped = release("i-0badc0ffee0badc0f");
    assert_eq!(
        ignored(&lab, mistyped).await,
        "the cluster has no such container instance"
    );
    let mut elsewhere = release(&instance);
    elsewhere["cluster"] = json!("staging");
    assert_eq!(ignored(&lab, elsewhere).await, "the cluster is not watched");
    switch(&lab, r#"{"mode":"observe"}"#);
    lab.tick().await;
    let why = ignored(&lab, release(&instance)).await;
    assert_eq!(why, "the coordinator changes nothing in mode observe");
    let calls = lab.journal().coordinator_calls();
    assert!(!calls.contains_key("UpdateContainerInstancesState"), "{calls:?}");
}

#[tokio::test]
async fn an_order_that_is_obeyed_is_answered_with_its_instance() {
    let (lab, instance) = held_by_an_endless_task().await;
    let outcome = lab.aws.invoke(order(&instance, "release", None)).await.outcome;
    let InvocationOutcome::Returned(answer) = outcome else {
        panic!("{outcome:?}");
    };
    assert_eq!(answer["instances"][0]["order"], json!({"outcome": "done"}));
    assert_eq!(answer.get("ignored"), None);
    assert_eq!(
        ignored(&lab, order(&instance, "release", None)).await,
        "the daemons are released already"
    );
}

#[tokio::test]
async fn p2_an_order_about_which_too_little_is_known_is_no_success() {
    let (lab, instance) = held_by_an_endless_task().await;
    let read = CallFilter::service(Service::Ssm).by(COORDINATOR);
    lab.aws.faults(|faults| faults.deny(read, Limit::Forever));
    let outcome = lab.aws.invoke(order(&instance, "release", None)).await.outcome;
    assert!(matches!(outcome, InvocationOutcome::Failed(_)), "{outcome:?}");
}
