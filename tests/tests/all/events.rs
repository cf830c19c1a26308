//! Events get lost, come twice, come late, come in another order (P7), and others drain too (P9).

use std::collections::BTreeSet;
use std::time::Duration;

use protector_aws_model::faults::{EventFilter, Limit};
use protector_tests::{GROUP, HOOK, Lab, LabConfig, assert_has};
use serde_json::{Value, json};

const HOOK_EVENT: &str = "EC2 Instance-terminate Lifecycle Action";
const TASK_EVENT: &str = "ECS Task State Change";
const INSTANCE_EVENT: &str = "ECS Container Instance State Change";

async fn lab() -> Lab {
    let lab = Lab::with_logs(LabConfig::default()).await;
    lab.replicas("web", 3, 2).await;
    lab
}

fn assert_protected(lab: &Lab) {
    lab.journal()
        .assert_protected(lab.instance(), &["logs"], &["service:web"]);
}

fn drop_events(lab: &Lab, events: EventFilter) {
    lab.aws
        .faults(|faults| faults.drop_events(events, Limit::Forever));
}

/// The calls of the coordinator that set an instance to DRAINING.
fn drainings(lab: &Lab) -> usize {
    lab.journal()
        .coordinator_called("UpdateContainerInstancesState", "")
        .len()
}

/// The ids of the drains that were recorded.
fn drains(lab: &Lab) -> BTreeSet<String> {
    let records = lab.journal().records(lab.instance()).into_iter();
    records.map(|(_, record)| record["drainId"].to_string()).collect()
}

#[tokio::test]
async fn p7_every_event_is_lost_and_the_tick_does_it_all() {
    let lab = lab().await;
    drop_events(&lab, EventFilter::any());
    let instance = lab.instance().to_owned();
    lab.drained_with_ticks(&instance).await;
    assert_protected(&lab);
}

#[tokio::test]
async fn p7_the_hook_event_is_lost_and_the_tick_adopts_the_instance() {
    let lab = lab().await;
    drop_events(&lab, EventFilter::detail_type(HOOK_EVENT));
    let instance = lab.instance().to_owned();
    lab.scale_in(&instance);
    lab.hook_waits(&instance).await;
    assert_eq!(lab.record(&instance), None);
    lab.tick().await;
    let lifecycle = &lab.record(&instance).unwrap()["lifecycle"];
    assert_eq!(lifecycle["lifecycleHookName"], HOOK);
    // Only the event knows the token.
    assert_eq!(lifecycle["lifecycleActionToken"], Value::Null);
    lab.gone(&instance).await;
    assert_protected(&lab);
}

#[tokio::test]
async fn p7_every_event_comes_twice() {
    let lab = lab().await;
    lab.aws
        .faults(|faults| faults.duplicate_events(EventFilter::any(), Limit::Forever));
    let instance = lab.instance().to_owned();
    lab.drained(&instance).await;
    lab.idle().await;
    assert_protected(&lab);
    assert_eq!(drains(&lab).len(), 1, "one drain, whatever came how often");
}

#[tokio::test]
async fn p7_the_first_events_come_in_reverse_order() {
    let lab = lab().await;
    lab.aws.faults(|faults| faults.reorder(5));
    let instance = lab.instance().to_owned();
    lab.set_status(&instance, "DRAINING");
    lab.drained_with_ticks(&instance).await;
    assert_protected(&lab);
}

#[tokio::test]
async fn p7_the_hook_event_comes_late_and_again_after_the_end() {
    let lab = lab().await;
    let late = EventFilter::detail_type(HOOK_EVENT);
    lab.aws
        .faults(|faults| faults.delay_events(late, Duration::from_secs(3), 1));
    let instance = lab.instance().to_owned();
    lab.drained(&instance).await;
    lab.idle().await;
    assert_protected(&lab);
    let writes = lab.journal().records(&instance).len();
    lab.aws.invoke(old_hook_event(&instance)).await;
    let again = lab.journal().records(&instance).len();
    assert_eq!(again, writes, "a dead instance is not drained again");
}

fn hook_event(instance: &str) -> Value {
    json!({"version": "0", "id": "1", "detail-type": HOOK_EVENT, "source": "aws.autoscaling",
        "account": "123456789012", "time": jiff::Timestamp::now().to_string(), "region": "eu-west-1", "resources": [],
        "detail": {"LifecycleActionToken": "630aa23f-48eb-45e7-aba6-799ea6093a0f", "AutoScalingGroupName": GROUP,
            "LifecycleHookName": HOOK, "EC2InstanceId": instance,
            "LifecycleTransition": "autoscaling:EC2_INSTANCE_TERMINATING"}})
}

/// The same, of a wait that is long over.
fn old_hook_event(instance: &str) -> Value {
    let mut event = hook_event(instance);
    event["time"] = json!("2026-01-01T00:00:00Z");
    event
}

/// Some event was ignored for this reason.
fn assert_ignored(lab: &Lab, reason: &str) {
    let said = lab.said("ignored");
    let fits = |line: &Value| line["message"].to_string().contains(reason);
    assert!(said.iter().any(fits), "{reason}: {said:?}");
}

#[tokio::test]
async fn p7_a_late_copy_of_an_old_event_does_not_drain_a_live_instance() {
    let lab = lab().await;
    let instance = lab.instance().to_owned();
    lab.aws.invoke(old_hook_event(&instance)).await;
    assert_eq!((lab.record(&instance), drainings(&lab)), (None, 0));
    assert_ignored(&lab, "no hook waits");
}

#[tokio::test]
async fn p9_an_instance_that_is_draining_already_is_held_and_the_hook_joins() {
    let lab = lab().await;
    let instance = lab.instance().to_owned();
    lab.set_status(&instance, "DRAINING");
    lab.until("the record", || lab.record(&instance).is_some()).await;
    lab.drained(&instance).await;
    assert_protected(&lab);
    assert!(drains(&lab).len() <= 2, "{:?}", drains(&lab));
}

#[tokio::test]
async fn p9_a_drain_from_the_console_is_held_without_a_hook() {
    let lab = lab().await;
    let instance = lab.instance().to_owned();
    lab.set_status(&instance, "DRAINING");
    lab.services_stopped(&instance, &["logs", "web"]).await;
    lab.idle().await;
    lab.journal()
        .assert_daemons_outlive(&instance, &["logs"], &["service:web"]);
    let record = lab.record(&instance).unwrap();
    assert_has(&record, json!({"reason": "drained", "lifecycle": null}));
}

#[tokio::test]
async fn p1_a_hook_that_comes_while_a_drain_is_being_undone_begins_its_own() {
    let lab = Lab::with_logs(LabConfig::default()).await;
    lab.standalone("job", 600).await;
    let instance = lab.instance().to_owned();
    lab.set_status(&instance, "DRAINING");
    lab.until("a record", || lab.record(&instance).is_some()).await;
    lab.idle().await;
    lab.set_status(&instance, "ACTIVE");
    lab.aws.tick();
    let is_seen_active = |record: Value| record["activeSince"].is_string();
    let seen_active = || lab.record(&instance).is_some_and(is_seen_active);
    lab.until("the first look at it", seen_active).await;
    lab.scale_in(&instance);
    lab.hook_dealt_with().await;
    lab.tick().await;
    lab.tick().await;
    let completed = lab.journal().hook(&instance, "completed");
    assert!(completed.is_empty(), "the job runs");
    assert_eq!(lab.record(&instance).unwrap()["state"], "holding");
    assert_eq!(drainings(&lab), 1);
}

#[tokio::test]
async fn p9_an_instance_that_is_set_active_again_is_released_as_cancelled() {
    let lab = Lab::start(LabConfig::default()).await;
    lab.standalone("job", 600).await;
    let instance = lab.instance().to_owned();
    lab.set_status(&instance, "DRAINING");
    lab.until("the record", || lab.record(&instance).is_some()).await;
    lab.idle().await;
    lab.set_status(&instance, "ACTIVE");
    lab.tick().await;
    assert_eq!(lab.last_record(&instance)["reason"], "cancelled");
}

#[tokio::test]
async fn p7_ignored_events_are_ignored_with_a_reason_and_without_a_call() {
    let lab = lab().await;
    let foreign = |field: &str, value: &str| {
        let mut event = hook_event("i-0123456789abcdef0");
        event["detail"][field] = json!(value);
        event
    };
    let managed = "ecs-managed-draining-termination-hook";
    let launch = foreign("LifecycleTransition", "autoscaling:EC2_INSTANCE_LAUNCHING");
    let test = json!({"Event": "autoscaling:TEST_NOTIFICATION", "Service": "AWS Auto Scaling"});
    let rebalance = json!({"detail-type": "EC2 Instance Rebalance Recommendation", "detail": {}});
    let cases = [
        (foreign("AutoScalingGroupName", "theirs"), "theirs is not served"),
        (foreign("LifecycleHookName", managed), "is not served"),
        (launch, "does not terminate an instance"),
        (test, "test notification"),
        (rebalance, "is not handled"),
    ];
    let before = lab.journal().coordinator_calls();
    for (event, reason) in cases {
        let invocation = lab.aws.invoke(event).await;
        assert!(invocation.outcome.is_success(), "{invocation:?}");
        assert_ignored(&lab, reason);
    }
    assert_eq!(lab.journal().coordinator_calls(), before);
}

#[tokio::test]
async fn p10_events_of_tasks_on_other_instances_cost_nothing_on_a_warm_function() {
    let lab = Lab::start(LabConfig::default()).await;
    lab.replicas("web", 4, 0).await;
    lab.tick().await;
    let before = lab.journal().coordinator_calls();
    for task in lab.tasks_of("web") {
        lab.stop_task(&task);
    }
    lab.wait("the tasks' events", |world| {
        let events = world.journal().iter().filter(|entry| {
            let entry = serde_json::to_value(entry).unwrap_or_default();
            entry["event"]["detail-type"] == TASK_EVENT && entry["event"]["detail"]["lastStatus"] == "STOPPED"
        });
        (events.count() >= 4).then_some(())
    })
    .await;
    lab.idle().await;
    assert_eq!(lab.journal().coordinator_calls(), before);
}

#[tokio::test]
async fn p10_an_idle_tick_makes_at_most_four_calls() {
    let lab = lab().await;
    lab.tick().await;
    let calls = || -> usize { lab.journal().coordinator_calls().values().sum() };
    let before = calls();
    lab.tick().await;
    let made = calls() - before;
    assert!((1..=4).contains(&made), "{made} calls");
}

#[tokio::test]
async fn an_instance_event_of_an_untracked_instance_starts_a_hold() {
    let lab = lab().await;
    let instance = lab.instance().to_owned();
    drop_events(&lab, EventFilter::detail_type(INSTANCE_EVENT));
    lab.set_status(&instance, "DRAINING");
    let event = json!({"version": "0", "id": "1", "detail-type": INSTANCE_EVENT, "source": "aws.ecs",
        "time": jiff::Timestamp::now().to_string(),
        "detail": {"clusterArn": "arn:aws:ecs:eu-west-1:123456789012:cluster/prod",
            "containerInstanceArn": lab.container_instance(&instance), "ec2InstanceId": instance, "status": "DRAINING"}});
    assert!(lab.aws.invoke(event).await.outcome.is_success());
    assert!(lab.record(&instance).is_some());
}
