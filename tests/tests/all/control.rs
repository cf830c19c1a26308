//! Control by an operator: dry-run, kill switch, orders; and the receipt that names them.

use protector_aws_model::Service;
use protector_aws_model::faults::CallFilter;
use protector_local_aws::InvocationOutcome;
use protector_local_aws::principal::COORDINATOR;
use protector_tests::{Lab, LabConfig, SIDECAR, assert_has, order};
use serde_json::{Value, json};

use crate::log_schema::assert_documented;

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
    calls.retain(|operation, made| *made > 0 && MUTATING.contains(&operation.as_str()));
    assert!(calls.is_empty(), "{calls:?}");
    let said = lab.said("instance");
    let planned = |line: &Value| line["actions"].to_string().contains("set-draining");
    assert!(said.iter().any(planned), "{said:?}");
}

#[tokio::test]
async fn a_dry_run_looks_plans_says_and_changes_nothing() {
    let config = LabConfig::default().set("DRY_RUN", "true");
    let lab = Lab::start(config.set("STANDALONE_TASKS", "stop")).await;
    lab.standalone("job", 600).await;
    lab.scale_in(lab.instance());
    lab.hook_dealt_with().await;
    lab.tick().await;
    assert_nothing_changed(&lab);
    let lines = lab.said("instance");
    let mut done = lines
        .iter()
        .flat_map(|line| line["actions"].as_array().unwrap())
        .peekable();
    assert!(done.peek().is_some() && done.all(|done| done["outcome"] == "skipped"));
    assert_documented("Coordinator", &lines);
}

/// A drain that only a person can end soon.
async fn held_by_an_endless_task() -> (Lab, String) {
    let lab = Lab::with_logs(LabConfig::default()).await;
    lab.standalone("endless", 600).await;
    let instance = lab.instance().to_owned();
    lab.scale_in(&instance);
    lab.hook_dealt_with().await;
    (lab, instance)
}

fn switch(lab: &Lab, text: &str) {
    lab.put("/ecs-daemon-protector/control", text);
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
    let is_released = |record: Value| record["state"] == "released";
    let released = || lab.record(&instance).is_some_and(is_released);
    lab.tick_until("the release", released).await;
    assert_eq!(lab.last_record(&instance)["reason"], "operator");
    let line = lab.said("control").pop().unwrap();
    assert_has(
        &line,
        json!({"mode": "release-all", "who": "ana", "why": "ticket 7"}),
    );
    lab.gone_with_ticks(&instance).await;
    let receipt = lab.said("receipt").pop().unwrap();
    let ordered = json!({"command": "release-all", "who": "ana", "why": "ticket 7"});
    assert_has(&receipt["order"], ordered);
}

#[tokio::test]
async fn p2_a_malformed_kill_switch_leaves_everything_on_and_is_said() {
    let lab = Lab::start(LabConfig::default()).await;
    lab.standalone("job", 600).await;
    switch(&lab, r#"{"mode":"of"}"#);
    lab.scale_in(lab.instance());
    lab.hook_dealt_with().await;
    assert_eq!(lab.record(lab.instance()).unwrap()["state"], "holding");
    let said = lab.said("control");
    let hints = |line: &Value| line["error"].to_string().contains("release-all");
    assert!(said.iter().any(hints), "{said:?}");
    assert_documented("Coordinator", &said);
}

/// The order is carried out.
async fn obeyed(lab: &Lab, order: Value) {
    let invocation = lab.aws.invoke(order).await;
    assert!(invocation.outcome.is_success(), "{invocation:?}");
}

#[tokio::test]
async fn orders_of_an_operator_are_obeyed_and_remembered() {
    let (lab, instance) = held_by_an_endless_task().await;
    let deadline = || -> jiff::Timestamp {
        let record = lab.record(&instance).unwrap();
        record["deadlineAt"].as_str().unwrap().parse().unwrap()
    };
    let first = deadline();
    let mut extend = order("extend", &instance);
    extend["by"] = json!("30m");
    obeyed(&lab, extend).await;
    assert_eq!(deadline().duration_since(first).as_secs(), 1800);
    obeyed(&lab, order("hold", &instance)).await;
    assert!(deadline().duration_since(first).as_secs() > 1800);
    obeyed(&lab, order("release", &instance)).await;
    let record = lab.record(&instance).unwrap();
    assert_has(&record, json!({"reason": "operator", "ordered": {"who": "ana"}}));
    lab.gone_with_ticks(&instance).await;
    let receipts = lab.said("receipt");
    assert_eq!(receipts.len(), 1, "{receipts:?}");
    assert_has(
        &receipts[0],
        json!({"forced": true, "order": {"why": "ticket 7"}}),
    );
}

#[tokio::test]
async fn the_receipt_tells_the_whole_drain_once_and_no_token() {
    let lab = Lab::with_logs(LabConfig::default()).await;
    lab.replicas("web", 3, 2).await;
    lab.standalone("job", 3).await;
    let instance = lab.instance().to_owned();
    lab.drained_with_ticks(&instance).await;
    let receipts = lab.said("receipt");
    assert_eq!(receipts.len(), 1, "{receipts:?}");
    let receipt = &receipts[0];
    assert_has(receipt, json!({"reason": "drained", "forced": false}));
    let waited = receipt["waitedFor"].as_array().unwrap();
    let groups: Vec<&Value> = waited.iter().map(|waited| &waited["group"]).collect();
    assert_eq!(groups, ["service:web", "family:job"]);
    assert!(receipt["calls"].as_u64() > Some(10), "{receipt}");
    // A token entitles its bearer to end the hook. A tick may have deleted the record by now.
    let record = lab.last_record(&instance);
    let token = record["lifecycle"]["lifecycleActionToken"].as_str().unwrap();
    let task = lab.tasks_with(SIDECAR).remove(0);
    for said in [lab.aws.coordinator_logs(), lab.aws.container_logs(&task, SIDECAR)] {
        assert!(!said.is_empty() && !said.join("\n").contains(token));
    }
}

async fn answer(lab: &Lab, order: Value) -> Value {
    match lab.aws.invoke(order).await.outcome {
        InvocationOutcome::Returned(answer) => answer,
        failed => panic!("{failed:?}"),
    }
}

/// The answer to an order, which must not look like a success.
async fn ignored(lab: &Lab, order: Value) -> String {
    let answer = answer(lab, order).await;
    assert_eq!(answer["instances"], json!([]), "{answer}");
    let orders = answer["ignored"].as_array().unwrap();
    assert_eq!(orders.len(), 1, "{answer}");
    orders[0]["reason"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn an_order_that_changes_nothing_is_answered_with_why() {
    let lab = Lab::start(LabConfig::default().set("CLUSTERS", "prod")).await;
    let instance = lab.instance().to_owned();
    let mut elsewhere = order("release", &instance);
    elsewhere["cluster"] = json!("staging");
    for (release, why) in [
        (order("release", &instance), "the instance does not drain"),
        (
            order("release", "i-0badc0ffee0badc0f"),
            "the cluster has no such container instance",
        ),
        (elsewhere, "the cluster is not watched"),
    ] {
        assert_eq!(ignored(&lab, release).await, why);
    }
    switch(&lab, r#"{"mode":"observe"}"#);
    lab.tick().await;
    let why = ignored(&lab, order("release", &instance)).await;
    assert_eq!(why, "the coordinator changes nothing in mode observe");
    let calls = lab.journal().coordinator_calls();
    assert!(!calls.contains_key("UpdateContainerInstancesState"), "{calls:?}");
}

#[tokio::test]
async fn an_order_that_is_obeyed_is_answered_with_its_instance() {
    let (lab, instance) = held_by_an_endless_task().await;
    let answer = answer(&lab, order("release", &instance)).await;
    assert_eq!(answer["instances"][0]["order"], json!({"outcome": "done"}));
    assert_eq!(answer.get("ignored"), None);
    let again = ignored(&lab, order("release", &instance)).await;
    assert_eq!(again, "the daemons are released already");
}

#[tokio::test]
async fn p2_an_order_about_which_too_little_is_known_is_no_success() {
    let (lab, instance) = held_by_an_endless_task().await;
    lab.deny(CallFilter::service(Service::Ssm).by(COORDINATOR));
    let outcome = lab.aws.invoke(order("release", &instance)).await.outcome;
    assert!(matches!(outcome, InvocationOutcome::Failed(_)), "{outcome:?}");
}
