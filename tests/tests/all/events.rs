//! Events get lost, come twice, come late, come in another order (P7), and others drain too (P9).

use std::time::Duration;

use protector_aws_model::faults::{EventFilter, Limit};
use protector_tests::{Daemon, GROUP, HOOK, Lab, LabConfig};
use serde_json::{Value, json};

/// How often a test ticks: the schedule does it once a minute.
const TICK: Duration = Duration::from_millis(500);

const HOOK_EVENT: &str = "EC2 Instance-terminate Lifecycle Action";
const TASK_EVENT: &str = "ECS Task State Change";
const INSTANCE_EVENT: &str = "ECS Container Instance State Change";

async fn lab() -> Lab {
    let lab = Lab::start(LabConfig::default()).await;
    lab.daemon(&Daemon::new("logs")).await;
    lab.replicas("web", 3, 2).await;
    lab
}

fn assert_protected(lab: &Lab) {
    let journal = lab.journal();
    journal.assert_daemons_outlive(lab.instance(), &["logs"], &["service:web"]);
    journal.assert_completed_after(lab.instance(), &["logs"]);
}

#[tokio::test]
async fn p7_every_event_is_lost_and_the_tick_does_it_all() {
    let lab = lab().await;
    lab.aws
        .faults(|faults| faults.drop_events(EventFilter::any(), Limit::Forever));
    let instance = lab.instance().to_owned();
    lab.scale_in(&instance);
    lab.gone_with_ticks(&instance, TICK).await;
    assert_protected(&lab);
}

#[tokio::test]
async fn p7_the_hook_event_is_lost_and_the_tick_adopts_the_instance() {
    let lab = lab().await;
    lab.aws
        .faults(|faults| faults.drop_events(EventFilter::detail_type(HOOK_EVENT), Limit::Forever));
    let instance = lab.instance().to_owned();
    lab.scale_in(&instance);
    lab.hook_waits(&instance).await;
    assert_eq!(lab.record(&instance), None);
    lab.tick().await;
    let record = lab.record(&instance).unwrap();
    assert_eq!(record["lifecycle"]["lifecycleHookName"], HOOK);
    assert_eq!(
        record["lifecycle"]["lifecycleActionToken"],
        Value::Null,
        "only the event knows the token"
    );
    lab.gone(&instance).await;
    assert_protected(&lab);
}

#[tokio::test]
async fn p7_every_event_comes_twice() {
    let lab = lab().await;
    lab.aws
        .faults(|faults| faults.duplicate_events(EventFilter::any(), Limit::Forever));
    let instance = lab.instance().to_owned();
    lab.scale_in(&instance);
    lab.gone(&instance).await;
    lab.idle().await;
    assert_protected(&lab);
    let started: std::collections::BTreeSet<String> = lab
        .journal()
        .records(&instance)
        .into_iter()
        .map(|(_, record)| record["drainId"].to_string())
        .collect();
    assert_eq!(
        started.len(),
        1,
        "one drain, whatever came how often: {started:?}"
    );
}

#[tokio::test]
async fn p7_the_first_events_come_in_reverse_order() {
    let lab = lab().await;
    lab.aws.faults(|faults| faults.reorder(5));
    let instance = lab.instance().to_owned();
    lab.set_status(&instance, "DRAINING");
    lab.scale_in(&instance);
    lab.gone_with_ticks(&instance, TICK).await;
    assert_protected(&lab);
}

#[tokio::test]
async fn p7_the_hook_event_comes_late_and_again_after_the_end() {
    let lab = lab().await;
    let late = EventFilter::detail_type(HOOK_EVENT);
    lab.aws
        .faults(|faults| faults.delay_events(late, Duration::from_secs(3), 1));
    let instance = lab.instance().to_owned();
    lab.scale_in(&instance);
    lab.gone(&instance).await;
    lab.idle().await;
    assert_protected(&lab);
    let writes = lab.journal().records(&instance).len();
    let mut event = hook_event(&instance);
    event["time"] = json!("2026-01-01T00:00:00Z");
    lab.aws.invoke(event).await;
    assert_eq!(
        lab.journal().records(&instance).len(),
        writes,
        "a dead instance is not drained again"
    );
}

fn hook_event(instance: &str) -> Value {
    json!({"version": "0", "id": "1", "detail-type": HOOK_EVENT, "source": "aws.autoscaling",
        "account": "123456789012", "time": jiff::Timestamp::now().to_string(), "region": "eu-west-1", "resources": [],
        "detail": {"LifecycleActionToken": "630aa23f-48eb-45e7-aba6-799ea6093a0f", "AutoScalingGroupName": GROUP,
            "LifecycleHookName": HOOK, "EC2InstanceId": instance,
            "LifecycleTransition": "autoscaling:EC2_INSTANCE_TERMINATING"}})
}

#[tokio::test]
async fn p7_a_late_copy_of_an_old_event_does_not_drain_a_live_instance() {
    let lab = lab().await;
    let instance = lab.instance().to_owned();
    let mut event = hook_event(&instance);
    event["time"] = json!("2026-01-01T00:00:00Z");
    lab.aws.invoke(event).await;
    assert_eq!(lab.record(&instance), None);
    assert!(
        lab.journal()
            .coordinator_called("UpdateContainerInstancesState", "")
            .is_empty()
    );
    assert!(
        lab.said("ignored")
            .iter()
            .any(|line| line["message"].to_string().contains("no hook waits"))
    );
}

#[tokio::test]
async fn p9_an_instance_that_is_draining_already_is_held_and_the_hook_joins() {
    let lab = lab().await;
    let instance = lab.instance().to_owned();
    lab.set_status(&instance, "DRAINING");
    lab.wait("the record", |world| {
        world.parameter(&lab.parameter(&instance)).map(drop)
    })
    .await;
    lab.scale_in(&instance);
    lab.gone(&instance).await;
    assert_protected(&lab);
    let drains: std::collections::BTreeSet<String> = lab
        .journal()
        .records(&instance)
        .iter()
        .map(|(_, record)| record["drainId"].to_string())
        .collect();
    assert!(drains.len() <= 2, "{drains:?}");
}

#[tokio::test]
async fn p9_a_drain_from_the_console_is_held_without_a_hook() {
    let lab = lab().await;
    let instance = lab.instance().to_owned();
    lab.set_status(&instance, "DRAINING");
    lab.wait("the daemon has stopped", |world| {
        let tasks = world.tasks_on(&instance);
        let stopped = |group: &str| {
            tasks
                .iter()
                .filter(|task| task.group == group)
                .all(|task| task.last_status.as_str() == "STOPPED")
        };
        (stopped("service:logs") && stopped("service:web")).then_some(())
    })
    .await;
    lab.idle().await;
    lab.journal()
        .assert_daemons_outlive(&instance, &["logs"], &["service:web"]);
    let record = lab.record(&instance).unwrap();
    assert_eq!(
        (&record["reason"], &record["lifecycle"]),
        (&json!("drained"), &Value::Null)
    );
}

#[tokio::test]
async fn p1_a_hook_that_comes_while_a_drain_is_being_undone_begins_its_own() {
    let lab = Lab::start(LabConfig::default()).await;
    lab.daemon(&Daemon::new("logs")).await;
    lab.standalone("job", 600).await;
    let instance = lab.instance().to_owned();
    lab.set_status(&instance, "DRAINING");
    lab.until("a record", || lab.record(&instance).is_some()).await;
    lab.idle().await;
    lab.set_status(&instance, "ACTIVE");
    lab.aws.tick();
    let seen_active = || {
        lab.record(&instance)
            .is_some_and(|record| record["activeSince"].is_string())
    };
    lab.until("the first look at it", seen_active).await;
    lab.scale_in(&instance);
    lab.hook_dealt_with().await;
    lab.tick().await;
    lab.tick().await;
    let journal = lab.journal();
    assert!(journal.hook(&instance, "completed").is_empty(), "the job runs");
    assert_eq!(lab.record(&instance).unwrap()["state"], "holding");
    assert_eq!(
        journal
            .coordinator_called("UpdateContainerInstancesState", "DRAINING")
            .len(),
        1
    );
}

#[tokio::test]
async fn p9_an_instance_that_is_set_active_again_is_released_as_cancelled() {
    let lab = Lab::start(LabConfig::default()).await;
    lab.standalone("job", 600).await;
    let instance = lab.instance().to_owned();
    lab.set_status(&instance, "DRAINING");
    lab.wait("the record", |world| {
        world.parameter(&lab.parameter(&instance)).map(drop)
    })
    .await;
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
    let cases = [
        (
            foreign("AutoScalingGroupName", "somebody-elses"),
            "somebody-elses is not served",
        ),
        (
            foreign("LifecycleHookName", "ecs-managed-draining-termination-hook"),
            "is not served",
        ),
        (
            foreign("LifecycleTransition", "autoscaling:EC2_INSTANCE_LAUNCHING"),
            "does not terminate an instance",
        ),
        (
            json!({"Event": "autoscaling:TEST_NOTIFICATION", "Service": "AWS Auto Scaling"}),
            "test notification",
        ),
        (
            json!({"detail-type": "EC2 Instance Rebalance Recommendation", "detail": {}}),
            "is not handled",
        ),
    ];
    let before = lab.journal().coordinator_calls();
    for (event, reason) in cases {
        let invocation = lab.aws.invoke(event).await;
        assert!(invocation.outcome.is_success(), "{invocation:?}");
        let said = lab.said("ignored");
        assert!(
            said.iter()
                .any(|line| line["message"].to_string().contains(reason)),
            "{reason}: {said:?}"
        );
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
        lab.ecs(
            "StopTask",
            json!({"cluster": protector_tests::CLUSTER, "task": task}),
        );
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
    let before: usize = lab.journal().coordinator_calls().values().sum();
    lab.tick().await;
    let after: usize = lab.journal().coordinator_calls().values().sum();
    assert!((1..=4).contains(&(after - before)), "{} calls", after - before);
}

#[tokio::test]
async fn an_instance_event_of_an_untracked_instance_starts_a_hold() {
    let lab = lab().await;
    let instance = lab.instance().to_owned();
    lab.aws
        .faults(|faults| faults.drop_events(EventFilter::detail_type(INSTANCE_EVENT), Limit::Forever));
    lab.set_status(&instance, "DRAINING");
    let event = json!({"version": "0", "id": "1", "detail-type": INSTANCE_EVENT, "source": "aws.ecs",
        "time": jiff::Timestamp::now().to_string(),
        "detail": {"clusterArn": "arn:aws:ecs:eu-west-1:123456789012:cluster/prod",
            "containerInstanceArn": lab.container_instance(&instance), "ec2InstanceId": instance, "status": "DRAINING"}});
    assert!(lab.aws.invoke(event).await.outcome.is_success());
    assert!(lab.record(&instance).is_some());
}
