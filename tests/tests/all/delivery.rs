//! One queue, one run at a time; heartbeats and operators do not wait in it.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use protector_aws_model::Service;
use protector_aws_model::faults::{CallFilter, Limit, errors};
use protector_local_aws::principal::{COORDINATOR, HEARTBEATS};
use protector_local_aws::{Invocation, Wiring};
use protector_tests::{HOOK, Lab, LabConfig, assert_has, order};
use serde_json::{Value, json};

/// The names of the functions of the stack.
const FUNCTION: &str = "ecs-daemon-protector";
const HEARTBEATS_FUNCTION: &str = "ecs-daemon-protector-heartbeats";

/// A lab whose coordinator has nothing to do, and how many runs it has had.
async fn idle_lab(config: LabConfig) -> (Lab, usize) {
    let lab = Lab::start(config).await;
    lab.idle().await;
    let before = runs(&lab, FUNCTION).len();
    (lab, before)
}

fn runs(lab: &Lab, function: &str) -> Vec<Invocation> {
    let mut runs = lab.aws.invocations();
    runs.retain(|run| run.function == function);
    runs
}

/// What a run did not do comes again after so many seconds.
fn again_after(seconds: u64) -> LabConfig {
    LabConfig {
        visibility_timeout: Duration::from_secs(seconds),
        ..LabConfig::default()
    }
}

/// The events that a run had.
fn events(run: &Invocation) -> Vec<Value> {
    let records = run.event["Records"].as_array().expect("a batch");
    let body = |record: &Value| serde_json::from_str(record["body"].as_str()?).ok();
    records.iter().filter_map(body).collect()
}

#[tokio::test]
async fn p7_events_come_in_order_by_ten_at_the_most_and_to_one_run_at_a_time() {
    let (lab, before) = idle_lab(LabConfig::default()).await;
    for number in 0..25 {
        let event = json!({"detail-type": "Unknown", "detail": {"number": number}});
        lab.aws.deliver(event);
    }
    lab.idle().await;
    let runs = &runs(&lab, FUNCTION)[before..];
    let events_had = runs.iter().flat_map(events);
    let numbers: Vec<Value> = events_had
        .map(|event| event["detail"]["number"].clone())
        .collect();
    assert_eq!(json!(numbers), json!((0..25).collect::<Vec<_>>()));
    assert!(runs.iter().all(|run| events(run).len() <= 10));
    for pair in runs.windows(2) {
        assert!(pair[0].started + pair[0].duration <= pair[1].started, "{pair:?}");
    }
}

#[tokio::test]
async fn p7_the_same_event_from_event_bridge_twice_is_one() {
    let (lab, before) = idle_lab(LabConfig::default()).await;
    let event = json!({"detail-type": "Unknown", "id": "same", "detail": {}});
    lab.aws.deliver(event.clone());
    lab.aws.deliver(event);
    lab.idle().await;
    let runs = &runs(&lab, FUNCTION)[before..];
    assert_eq!(runs.iter().flat_map(events).count(), 1);
}

#[tokio::test]
async fn p8_events_of_a_killed_run_come_again_and_are_given_up_after_three() {
    let (lab, before) = idle_lab(again_after(2)).await;
    lab.aws.crash_coordinator_before_call(1);
    lab.aws.tick();
    for run in 1..3 {
        lab.until("a run was killed", || runs(&lab, FUNCTION).len() == before + run)
            .await;
        lab.aws.crash_coordinator_before_call(1);
    }
    lab.idle().await;
    let runs = &runs(&lab, FUNCTION)[before..];
    let attempts: Vec<u32> = runs.iter().map(|run| run.attempt).collect();
    assert_eq!(attempts, [1, 2, 3]);
    let dead = lab.aws.dead_letters();
    assert_eq!(dead.len(), 1);
    assert_eq!(dead[0]["detail-type"], "Scheduled Event");
    lab.tick().await;
    assert_eq!(lab.aws.dead_letters().len(), 1, "the next tick does its work");
}

#[tokio::test]
async fn p4_a_hook_gets_its_heartbeat_while_the_coordinator_fails() {
    let lab = Lab::start(LabConfig::default()).await;
    let any = CallFilter::any().by(COORDINATOR);
    let throttled = errors::throttled(Service::Ecs);
    lab.aws
        .faults(|faults| faults.fail(any, throttled, Limit::Forever));
    let instance = lab.instance().to_owned();
    lab.scale_in(&instance);
    lab.hook_waits(&instance).await;
    lab.heartbeats().await;
    let calls = lab.journal().calls_by(HEARTBEATS);
    assert_eq!(
        calls,
        [
            "DescribeAutoScalingGroups",
            "DescribeLifecycleHooks",
            "GetParameter",
            "RecordLifecycleActionHeartbeat",
            "PutParameter",
        ],
        "what the role of the heartbeats may do"
    );
    let beats = lab.journal().hook(&instance, "heartbeat");
    assert!(!beats.is_empty(), "{HOOK} was kept alive");
    let runs = runs(&lab, HEARTBEATS_FUNCTION);
    assert!(runs.iter().all(|run| run.outcome.is_success()), "{runs:?}");
}

#[tokio::test]
async fn an_order_does_not_wait_for_events_that_wait() {
    let lab = Lab::start(again_after(3600)).await;
    lab.aws.crash_coordinator_before_call(1);
    lab.aws.tick();
    lab.until("the run was killed", || !runs(&lab, FUNCTION).is_empty())
        .await;
    let invocation = lab.aws.invoke(order("hold", lab.instance())).await;
    assert!(invocation.outcome.is_success(), "{invocation:?}");
    let held_up = lab.aws.wait_idle(Duration::from_millis(1)).await;
    assert!(held_up.is_err(), "the tick still waits for its next run");
    lab.aws.shutdown().await;
}

/// The drain of an instance that is gone: held by its own record, released 20 s later in a shared one.
fn put_release_in_a_shared_record(lab: &Lab, begun: Timestamp) {
    let deadline = begun + SignedDuration::from_hours(1);
    let own = json!({"schema": 1, "state": "holding", "remaining": 9, "ec2InstanceId": "i-0123456789abcdef0",
        "containerInstanceArn": "arn:aws:ecs:eu-west-1:123456789012:container-instance/prod/1a2b3c4d",
        "drainId": "d", "startedAt": begun, "updatedAt": begun, "deadlineAt": deadline, "pollSeconds": 1});
    let drains = json!({"drained": "0123456789abcdef0/1a2b+20"});
    let shared = json!({"schema": 1, "updatedAt": begun + SignedDuration::from_secs(20), "pollSeconds": 1,
        "waves": [{"startedAt": begun, "deadlineAt": deadline, "drains": drains}]});
    lab.put(&lab.parameter("i-0123456789abcdef0"), &own.to_string());
    lab.put(&lab.parameter("shared-0"), &shared.to_string());
}

/// A stack that is rolled back to one without the queue has ticks that do not come through it.
#[tokio::test]
async fn p8_a_release_that_only_a_shared_record_has_is_heard_by_a_tick_on_any_way() {
    for wiring in [Wiring::Queue, Wiring::Direct] {
        let lab = Lab::start(LabConfig {
            wiring,
            ..LabConfig::default()
        })
        .await;
        let a_minute_ago = Timestamp::now().as_second() - 60;
        let begun = Timestamp::from_second(a_minute_ago).expect("a time");
        put_release_in_a_shared_record(&lab, begun);
        lab.tick().await;
        let receipts = lab.said("receipt");
        assert_eq!(receipts.len(), 1, "{wiring:?}");
        assert_has(&receipts[0], json!({"reason": "drained", "heldSeconds": 20}));
    }
}
