use super::*;
use proptest::prelude::*;
use serde_json::{Value, json};

const DEAD_LETTERS: &str = "https://sqs.eu-west-1.amazonaws.com/123456789012/drains-dead-letters";
const FAILED_EVENTS: &str = "https://sqs.eu-west-1.amazonaws.com/123456789012/drains-failed-events.fifo";
const PLACE: &str = "arn:aws:lambda:eu-west-1:123456789012:function:drains";

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

fn policy(settings: &[(&str, &str)]) -> Policy {
    crate::testing::read(settings, Policy::read).unwrap().unwrap()
}

fn deployment() -> Deployment {
    Deployment {
        version: "0.2.0".to_owned(),
        function_arn: Some(PLACE.to_owned()),
        log_group: Some("/aws/lambda/drains".to_owned()),
        dead_letter_queue_url: Some(DEAD_LETTERS.to_owned()),
        failed_event_queue_url: Some(FAILED_EVENTS.to_owned()),
    }
}

fn beacon(settings: &[(&str, &str)]) -> Beacon {
    Beacon::new(&deployment(), &policy(settings), Control::On, at(0))
}

#[test]
fn a_beacon_reads_as_documented() {
    let settings = [
        ("CLUSTERS", "prod,batch"),
        ("LIFECYCLE_HOOKS", "drain"),
        ("MAX_DRAIN", "1h30m"),
        ("DAEMON_TIERS", "xray, datadog | fluent-bit"),
    ];
    let text = beacon(&settings).encode().unwrap();
    let value: Value = serde_json::from_str(&text).unwrap();
    let expected = json!({
        "schema": 1,
        "version": "0.2.0",
        "functionArn": PLACE,
        "logGroup": "/aws/lambda/drains",
        "deadLetterQueueUrl": DEAD_LETTERS,
        "failedEventQueueUrl": FAILED_EVENTS,
        "clusters": ["prod", "batch"],
        "groups": [],
        "hooks": ["drain"],
        "maxDrain": "1h 30m",
        "daemonStop": "2m",
        "agentLost": "10m",
        "tiers": [["datadog", "xray"], ["fluent-bit"]],
        "control": "on",
        "tickAt": "2027-01-15T08:00:00Z",
    });
    assert_eq!(value, expected);
    assert_eq!(Beacon::decode(&text), Ok(beacon(&settings)));
}

#[test]
fn a_deployment_that_names_no_queue_leaves_the_field_out() {
    let bare = Deployment {
        dead_letter_queue_url: None,
        failed_event_queue_url: None,
        ..deployment()
    };
    let beacon = Beacon::new(&bare, &policy(&[]), Control::On, at(0));
    let text = beacon.encode().unwrap();
    assert!(!text.contains("QueueUrl"), "{text}");
    assert_eq!(Beacon::decode(&text), Ok(beacon));
}

#[test]
fn readers_ignore_what_is_new_and_refuse_another_schema() {
    let text = beacon(&[]).encode().unwrap();
    let newer = text.replacen('{', r#"{"moreToCome":[1],"#, 1);
    assert_eq!(Beacon::decode(&newer), Ok(beacon(&[])));
    let other = text.replace(r#""schema":1"#, r#""schema":2"#);
    assert_eq!(Beacon::decode(&other), Err(DecodeError::UnknownSchema(2)));
    assert!(matches!(Beacon::decode("on"), Err(DecodeError::Unreadable(_))));
}

#[test]
fn each_mode_of_the_kill_switch_is_reported_by_its_name() {
    for control in [Control::On, Control::Observe, Control::ReleaseAll] {
        let text = Beacon::new(&deployment(), &policy(&[]), control, at(0))
            .encode()
            .unwrap();
        let named = format!(r#""control":"{}""#, control.name());
        assert!(text.contains(&named), "{text}");
        assert_eq!(Beacon::decode(&text).unwrap().control, control);
    }
}

#[test]
fn p10_it_is_written_once_a_minute_or_when_more_than_the_time_has_changed() {
    let interval = BEACON_INTERVAL.as_secs();
    let known = beacon(&[]).encode().unwrap();
    let known = Some(known.as_str());
    let tick = |seconds| Beacon {
        tick_at: at(seconds),
        ..beacon(&[])
    };
    let another_mode = Beacon {
        control: Control::Observe,
        ..tick(1)
    };
    let another_version = Beacon {
        version: "0.2.1".into(),
        ..tick(1)
    };
    let another_setting = Beacon {
        tick_at: at(1),
        ..beacon(&[("CLUSTERS", "prod")])
    };
    let oldest = BEACON_AGE_MAX.as_secs();
    let cases = [
        ("no parameter", tick(0), None, BeaconNeed::Urgent),
        (
            "a text that is no beacon",
            tick(0),
            Some("{}"),
            BeaconNeed::Urgent,
        ),
        ("the same tick a second time", tick(0), known, BeaconNeed::None),
        ("a moment later", tick(interval - 1), known, BeaconNeed::None),
        ("the next tick", tick(interval), known, BeaconNeed::Usual),
        ("the next tick, late", tick(oldest - 1), known, BeaconNeed::Usual),
        ("the tick after that", tick(oldest), known, BeaconNeed::Urgent),
        (
            "by a clock that is ahead",
            tick(-interval),
            known,
            BeaconNeed::Usual,
        ),
        ("a little ahead", tick(-1), known, BeaconNeed::None),
        ("another mode", another_mode, known, BeaconNeed::Urgent),
        ("another version", another_version, known, BeaconNeed::Urgent),
        ("another setting", another_setting, known, BeaconNeed::Urgent),
    ];
    for (what, beacon, known, need) in cases {
        assert_eq!(beacon.need(known), need, "{what}");
    }
}

#[test]
fn a_list_that_does_not_fit_is_absent_and_not_empty() {
    let names: Vec<String> = (0..400).map(|number| format!("cluster-{number}")).collect();
    let cut = beacon(&[("CLUSTERS", &names.join(",")), ("LIFECYCLE_HOOKS", "drain")]);
    assert_eq!(cut.clusters, None);
    assert_eq!(cut.groups, Some(Vec::new()));
    assert_eq!(cut.hooks, Some(vec!["drain".parse().unwrap()]));
    assert_eq!(Beacon::decode(&cut.encode().unwrap()), Ok(cut.clone()));
    // What was left out is no change.
    let again = Beacon {
        tick_at: at(1),
        ..cut.clone()
    };
    assert_eq!(again.need(Some(&cut.encode().unwrap())), BeaconNeed::None);
}

proptest! {
    /// Whatever is named, the text fits into a standard parameter, holds no braces that SSM takes for a reference, and
    /// reads as what was meant.
    #[test]
    fn p10_every_beacon_fits_and_reads_as_it_was_meant(
        clusters in prop::collection::vec("[a-z]{1,60}", 0..60),
        groups in prop::collection::vec("[a-zA-Z{}\"\\\\ é]{1,60}", 0..60),
    ) {
        let clusters = clusters.join(",");
        let policy = Policy {
            auto_scaling_groups: groups.iter().filter_map(|name| name.parse().ok()).collect(),
            ..policy(&[("CLUSTERS", &clusters)])
        };
        let beacon = Beacon::new(&deployment(), &policy, Control::On, at(0));
        let text = beacon.encode().unwrap();
        prop_assert!(text.len() <= RECORD_BYTES_MAX);
        prop_assert!(!text.contains("{{") && !text.contains("}}"));
        prop_assert_eq!(Beacon::decode(&text), Ok(beacon));
    }
}

#[test]
fn the_beacon_of_the_heartbeats_reads_as_documented() {
    let beacon = HeartbeatsBeacon::new(at(0), 3, 1);
    let value: Value = serde_json::from_str(&beacon.encode()).unwrap();
    let expected = json!({"schema": 1, "runAt": "2027-01-15T08:00:00Z", "waiting": 3, "late": 1});
    assert_eq!(value, expected);
    assert_eq!(HeartbeatsBeacon::decode(&beacon.encode()), Ok(beacon));
    let later = r#"{"schema":2,"runAt":"2027-01-15T08:00:00Z","waiting":3,"late":1}"#;
    assert!(HeartbeatsBeacon::decode(later).is_err());
}
