//! What the tests of Auto Scaling share.

mod actions;
mod capacity;
mod groups;
mod hooks;
mod input;

use super::*;
use serde_json::json;

const HOOK: &str = "drain";

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

impl AutoScaling {
    /// The answer to a call at this second.
    fn answers(&mut self, seconds: i64, operation: &str, params: Value) -> Value {
        self.call(at(seconds), operation, &params).unwrap()
    }

    /// The error that a call gets at this second.
    fn refuses(&mut self, seconds: i64, operation: &str, params: Value) -> ApiError {
        self.call(at(seconds), operation, &params).unwrap_err()
    }

    /// The group `g` is to have so many instances.
    fn set_size(&mut self, seconds: i64, instances: u32) {
        let params = json!({"AutoScalingGroupName": "g", "DesiredCapacity": instances});
        self.answers(seconds, "SetDesiredCapacity", params);
    }

    /// The lifecycle action of a hook ends so.
    fn end_action(&mut self, seconds: i64, hook: &str, instance: &str, result: &str) {
        let params = completion(hook, instance, result);
        self.answers(seconds, "CompleteLifecycleAction", params);
    }

    /// The lifecycle action of [`HOOK`] goes on.
    fn send_heartbeat(&mut self, seconds: i64, instance: &str) {
        self.answers(seconds, "RecordLifecycleActionHeartbeat", action(HOOK, instance));
    }
}

/// A group `g` of `size` instances and 10 at most, in cluster `c`.
fn world(size: i64) -> AutoScaling {
    let mut world = AutoScaling::new("us-east-1", "123456789012", 30);
    let tags = json!([{"Key": CLUSTER_TAG, "Value": "c", "PropagateAtLaunch": true}]);
    let params = json!({"AutoScalingGroupName": "g", "MinSize": 0, "MaxSize": 10, "DesiredCapacity": size, "Tags": tags});
    world.answers(0, "CreateAutoScalingGroup", params);
    world
}

fn put_hook(world: &mut AutoScaling, hook: &str, transition: &str, default_result: &str) {
    let params = json!({"AutoScalingGroupName": "g", "LifecycleHookName": hook, "HeartbeatTimeout": 60,
        "LifecycleTransition": format!("autoscaling:EC2_INSTANCE_{transition}"), "DefaultResult": default_result});
    world.answers(0, "PutLifecycleHook", params);
}

fn instances(world: &AutoScaling) -> Vec<String> {
    let staying = world.groups["g"].staying().into_iter();
    staying.map(|instance| instance.id.clone()).collect()
}

/// A group of one instance that waits in Terminating:Wait since 0 for these hooks; its id.
fn draining(hooks: &[&str], default_result: &str) -> (AutoScaling, String) {
    let mut world = world(1);
    for hook in hooks {
        put_hook(&mut world, hook, "TERMINATING", default_result);
    }
    let instance = instances(&world).remove(0);
    world.set_size(0, 0);
    assert_eq!(world.lifecycle_state(&instance), Some("Terminating:Wait"));
    world.take_events();
    (world, instance)
}

fn action(hook: &str, instance: &str) -> Value {
    json!({"AutoScalingGroupName": "g", "LifecycleHookName": hook, "InstanceId": instance})
}

fn completion(hook: &str, instance: &str, result: &str) -> Value {
    let mut params = action(hook, instance);
    params["LifecycleActionResult"] = result.into();
    params
}

fn steps(world: &mut AutoScaling) -> Vec<String> {
    let events = world.take_events().into_iter();
    events
        .map(|event| match event {
            GroupEvent::Launch { .. } => "launch".to_owned(),
            GroupEvent::Terminate { .. } => "terminate".to_owned(),
            GroupEvent::LifecycleState { state, .. } => state.to_string(),
            GroupEvent::Hook { hook, what, .. } => format!("{hook} {what}"),
            GroupEvent::Event(event) => event["detail-type"].as_str().unwrap().to_owned(),
        })
        .collect()
}
