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

fn call(world: &mut AutoScaling, seconds: i64, operation: &str, params: Value) -> Result<Value, ApiError> {
    world.call(at(seconds), operation, &params)
}

fn do_it(world: &mut AutoScaling, seconds: i64, operation: &str, params: Value) -> Value {
    call(world, seconds, operation, params).unwrap()
}

/// The group `g` is to have so many instances.
fn set_size(world: &mut AutoScaling, seconds: i64, instances: u32) {
    let params = json!({"AutoScalingGroupName": "g", "DesiredCapacity": instances});
    do_it(world, seconds, "SetDesiredCapacity", params);
}

/// The lifecycle action of [`HOOK`] ends so.
fn complete(world: &mut AutoScaling, seconds: i64, instance: &str, result: &str) {
    do_it(
        world,
        seconds,
        "CompleteLifecycleAction",
        completion(HOOK, instance, result),
    );
}

/// A group `g` of `size` instances and 10 at most, in cluster `c`.
fn world(size: i64) -> AutoScaling {
    let mut world = AutoScaling::new("us-east-1", "123456789012", 30);
    let tags = json!([{"Key": CLUSTER_TAG, "Value": "c", "PropagateAtLaunch": true}]);
    let params = json!({"AutoScalingGroupName": "g", "MinSize": 0, "MaxSize": 10, "DesiredCapacity": size, "Tags": tags});
    do_it(&mut world, 0, "CreateAutoScalingGroup", params);
    world
}

fn put_hook(world: &mut AutoScaling, hook: &str, transition: &str, default_result: &str) {
    let params = json!({"AutoScalingGroupName": "g", "LifecycleHookName": hook, "HeartbeatTimeout": 60,
        "LifecycleTransition": format!("autoscaling:EC2_INSTANCE_{transition}"), "DefaultResult": default_result});
    do_it(world, 0, "PutLifecycleHook", params);
}

fn instances(world: &AutoScaling) -> Vec<String> {
    world.groups["g"]
        .staying()
        .into_iter()
        .map(|instance| instance.id.clone())
        .collect()
}

/// A group of one instance that waits in Terminating:Wait since 0 for these hooks; its id.
fn draining(hooks: &[&str], default_result: &str) -> (AutoScaling, String) {
    let mut world = world(1);
    for hook in hooks {
        put_hook(&mut world, hook, "TERMINATING", default_result);
    }
    let instance = instances(&world).remove(0);
    do_it(
        &mut world,
        0,
        "SetDesiredCapacity",
        json!({"AutoScalingGroupName": "g", "DesiredCapacity": 0}),
    );
    assert_eq!(world.lifecycle_state(&instance), Some("Terminating:Wait"));
    world.take_happenings();
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
    let happenings = world.take_happenings().into_iter();
    happenings
        .map(|happening| match happening {
            GroupEvent::Launch { .. } => "launch".to_owned(),
            GroupEvent::Terminate { .. } => "terminate".to_owned(),
            GroupEvent::LifecycleState { state, .. } => state.to_string(),
            GroupEvent::Hook { hook, what, .. } => format!("{hook} {what}"),
            GroupEvent::Event(event) => event["detail-type"].as_str().unwrap().to_owned(),
        })
        .collect()
}
