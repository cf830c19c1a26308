//! Records, as a coordinator writes them.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

pub(crate) const CLUSTER: &str = "prod";
pub(crate) const INSTANCE: &str = "i-0ec4c5bee627011b3";
pub(crate) const CONTAINER_INSTANCE: &str =
    "arn:aws:ecs:eu-west-1:123456789012:container-instance/prod/e9fd6049d65af21e5775264a9a7e1b09";

/// The first part of the container instance's id, which names a registration in a shared record.
pub(crate) const REGISTRATION: &str = "e9fd";

/// The lifecycle action token, which also names the drain. No sidecar may ever say it.
pub(crate) const TOKEN: &str = "71514b9d-6a40-4b26-8523-05e7ee35fa40";

/// RFC 3339, so many seconds from now.
pub(crate) fn in_seconds(seconds: i64) -> String {
    let time = Timestamp::now() + SignedDuration::from_secs(seconds);
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn common() -> Value {
    json!({
        "schema": 1, "ec2InstanceId": INSTANCE, "containerInstanceArn": CONTAINER_INSTANCE, "drainId": TOKEN,
        "startedAt": in_seconds(-5), "updatedAt": in_seconds(0), "deadlineAt": in_seconds(3600), "pollSeconds": 1,
        "releasedServices": [],
        "lifecycle": {"autoScalingGroupName": "blue", "lifecycleHookName": "drain", "lifecycleActionToken": TOKEN,
            "heartbeatSeconds": 900, "heartbeatAt": in_seconds(-5), "globalDeadlineAt": in_seconds(7200)},
    })
}

/// A record with other values of some fields.
pub(crate) fn changed(mut record: Value, fields: Value) -> Value {
    for (name, value) in fields.as_object().unwrap() {
        record[name] = value.clone();
    }
    record
}

fn with(fields: Value) -> Value {
    changed(common(), fields)
}

/// Four tasks are left.
pub(crate) fn holding() -> Value {
    with(json!({"state": "holding", "remaining": 4,
        "heldBy": [{"group": "service:web", "count": 4, "lastStatus": "STOPPING"}]}))
}

/// None was left in a drain that is over: it has its receipt.
pub(crate) fn ended() -> Value {
    let times = json!({"releasedAt": in_seconds(-20), "receiptAt": in_seconds(-10)});
    changed(released(), times)
}

/// None is left.
pub(crate) fn released() -> Value {
    with(
        json!({"state": "released", "remaining": 0, "reason": "drained", "releasedAt": in_seconds(0), "heldBy": []}),
    )
}

/// A shared record that names this instance and another one: each is held, or released.
pub(crate) fn shared(standing: &str, registration: &str) -> Value {
    let id = INSTANCE.trim_start_matches("i-");
    let released = if standing == "holding" { "" } else { "+4" };
    let wave = json!({"startedAt": in_seconds(-5), "deadlineAt": in_seconds(3600),
        "drains": {standing: format!("00000000000000001/ffff{released} +1 {id}/{registration}{released}")}});
    json!({"schema": 1, "updatedAt": in_seconds(0), "pollSeconds": 1, "waves": [wave]})
}
