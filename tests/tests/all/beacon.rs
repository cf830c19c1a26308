//! The beacon, by which operators' tools find the coordinator and see that it runs.

use protector_aws_model::Service;
use protector_aws_model::faults::CallFilter;
use protector_core::beacon::HeartbeatsBeacon;
use protector_tests::{Lab, LabConfig, assert_has};
use serde_json::{Value, json};

const NAME: &str = "/ecs-daemon-protector/coordinator";

fn beacon(lab: &Lab) -> Option<Value> {
    let text = lab.text(NAME);
    text.map(|text| serde_json::from_str(&text).unwrap())
}

fn calls(lab: &Lab) -> usize {
    lab.journal().coordinator_calls().values().sum()
}

#[tokio::test]
async fn a_tick_tells_where_the_coordinator_is_what_it_does_and_that_it_runs() {
    let config = LabConfig::default()
        .set("CLUSTERS", "prod")
        .set("MAX_DRAIN", "2h");
    let lab = Lab::start(config).await;
    assert_eq!(beacon(&lab), None);
    let before = jiff::Timestamp::now();
    lab.tick().await;
    let said = beacon(&lab).expect("the first tick writes it");
    let queues = "https://sqs.eu-west-1.amazonaws.com/123456789012/ecs-daemon-protector";
    let expected = json!({
        "functionArn": "arn:aws:lambda:eu-west-1:123456789012:function:ecs-daemon-protector",
        "logGroup": "/aws/lambda/ecs-daemon-protector",
        "deadLetterQueueUrl": format!("{queues}-dead-letters"),
        "failedEventQueueUrl": format!("{queues}-failed-events.fifo"),
        "version": env!("CARGO_PKG_VERSION"),
        "clusters": ["prod"],
        "maxDrain": "2h",
        "control": "on",
    });
    assert_has(&said, expected);
    let at: jiff::Timestamp = said["tickAt"].as_str().unwrap().parse().unwrap();
    assert!((before..=jiff::Timestamp::now()).contains(&at), "{at}");
}

#[tokio::test]
async fn p10_a_tick_that_comes_again_writes_no_second_beacon_unless_more_than_the_time_has_changed() {
    // A check of the daemons would have its turns.
    let lab = Lab::start(LabConfig::default().set("UNPROTECTED_CHECK", "0s")).await;
    lab.tick().await;
    lab.tick().await;
    assert_eq!(lab.journal().beacon_writes(), 1);
    lab.put("/ecs-daemon-protector/control", r#"{"mode":"release-all"}"#);
    lab.tick().await;
    assert_eq!(beacon(&lab).unwrap()["control"], "release-all");
    assert_eq!(lab.journal().beacon_writes(), 2);
    // The test makes the beacon one minute old.
    let minute = jiff::SignedDuration::from_secs(60);
    let mut old = beacon(&lab).unwrap();
    let at: jiff::Timestamp = old["tickAt"].as_str().unwrap().parse().unwrap();
    old["tickAt"] = json!(at.checked_sub(minute).unwrap().to_string());
    lab.put(NAME, &old.to_string());
    lab.tick().await;
    assert_eq!(lab.journal().beacon_writes(), 3);
    assert!(beacon(&lab).unwrap()["tickAt"].as_str() > old["tickAt"].as_str());
}

#[tokio::test]
async fn p10_an_idle_tick_with_its_beacon_makes_four_calls() {
    let lab = Lab::start(LabConfig::default()).await;
    lab.tick().await;
    lab.call(Service::Ssm, "DeleteParameter", json!({"Name": NAME}));
    let before = calls(&lab);
    // A beacon that is missing goes before the check of the daemons.
    lab.tick().await;
    assert_eq!((calls(&lab) - before, lab.journal().beacon_writes()), (4, 2));
}

#[tokio::test]
async fn the_beacon_is_no_record_and_is_kept() {
    let lab = Lab::start(LabConfig::default().set("LOG", "debug")).await;
    lab.tick().await;
    lab.tick().await;
    for line in lab.said("tick") {
        assert_has(&line, json!({"instances": 0, "deletedRecords": 0, "errors": []}));
    }
    assert!(beacon(&lab).is_some());
}

#[tokio::test]
async fn a_dry_run_writes_no_beacon() {
    let lab = Lab::start(LabConfig::default().set("DRY_RUN", "true")).await;
    lab.tick().await;
    assert_eq!((beacon(&lab), lab.journal().beacon_writes()), (None, 0));
}

#[tokio::test]
async fn a_beacon_that_may_not_be_written_is_reported_and_fails_no_tick() {
    let lab = Lab::start(LabConfig::default().set("LOG", "debug")).await;
    let put = CallFilter::operation(Service::Ssm, "PutParameter").mentioning(NAME);
    lab.deny(put);
    lab.tick().await;
    let lines = lab.said("beacon");
    assert_eq!(lines.len(), 1, "{lines:?}");
    let error = lines[0]["error"].to_string();
    assert!(error.contains("AccessDenied"), "{error}");
    assert!(lab.said("failed").is_empty());
    let ticks = lab.said("tick");
    assert_eq!((ticks.len(), &ticks[0]["errors"]), (1, &json!([])));
}

#[tokio::test]
async fn the_heartbeats_say_how_their_run_went_while_a_hook_waits() {
    const HEARTBEATS: &str = "/ecs-daemon-protector/heartbeats";
    let lab = Lab::start(LabConfig::default()).await;
    let read = |lab: &Lab| {
        let text = lab.text(HEARTBEATS);
        text.map(|text| HeartbeatsBeacon::decode(&text).unwrap())
    };
    lab.heartbeats().await;
    assert_eq!(read(&lab), None, "no hook waits");
    lab.standalone("job", 600).await;
    lab.scale_in(lab.instance());
    lab.hook_waits(lab.instance()).await;
    let refused = CallFilter::operation(Service::AutoScaling, "RecordLifecycleActionHeartbeat");
    lab.deny(refused);
    lab.heartbeats().await;
    let late = read(&lab).unwrap();
    assert_eq!((late.waiting, late.late), (1, 1));
    lab.aws.faults(protector_aws_model::Faults::clear);
    lab.heartbeats().await;
    let well = read(&lab).unwrap();
    assert_eq!((well.waiting, well.late), (1, 0));
    assert!(well.run_at > late.run_at);
}
