//! Requests that the lab makes over HTTP, and the scripts on their virtual clock.

use serde_json::{Value, json};

use crate::names::{CLUSTER, GROUP};

/// `CreateAutoScalingGroup`: a group whose instances join the cluster.
pub(crate) fn group(instances: usize) -> Value {
    let tag = json!({"Key": "local-aws.cluster", "Value": CLUSTER, "PropagateAtLaunch": true});
    json!({"AutoScalingGroupName": GROUP, "MinSize": 0, "MaxSize": instances, "DesiredCapacity": instances, "Tags": [tag]})
}

/// `PutLifecycleHook`: a terminate hook of the group.
pub(crate) fn hook(name: &str, heartbeat_seconds: i64) -> Value {
    json!({"AutoScalingGroupName": GROUP, "LifecycleHookName": name, "DefaultResult": "CONTINUE",
        "HeartbeatTimeout": heartbeat_seconds, "LifecycleTransition": "autoscaling:EC2_INSTANCE_TERMINATING"})
}

/// `CompleteLifecycleAction`.
pub fn complete(hook: &str, instance: &str) -> Value {
    json!({"AutoScalingGroupName": GROUP, "LifecycleHookName": hook, "InstanceId": instance,
        "LifecycleActionResult": "CONTINUE"})
}

/// `TerminateInstanceInAutoScalingGroup`.
pub(crate) fn terminate(instance: &str) -> Value {
    json!({"InstanceId": instance, "ShouldDecrementDesiredCapacity": true})
}

/// `UpdateContainerInstancesState`.
pub(crate) fn status(container_instance: &str, status: &str) -> Value {
    json!({"cluster": CLUSTER, "containerInstances": [container_instance], "status": status})
}

/// `RegisterTaskDefinition`.
pub(crate) fn definition(family: &str, containers: Value) -> Value {
    json!({"family": family, "networkMode": "host", "requiresCompatibilities": ["EC2"],
        "taskRoleArn": "arn:aws:iam::123456789012:role/task", "containerDefinitions": containers})
}

/// `CreateService`, one task on each instance.
pub(crate) fn daemon_service(name: &str) -> Value {
    json!({"cluster": CLUSTER, "serviceName": name, "taskDefinition": name, "schedulingStrategy": "DAEMON"})
}

/// `CreateService`, so many tasks.
pub(crate) fn replica_service(name: &str, count: usize) -> Value {
    json!({"cluster": CLUSTER, "serviceName": name, "taskDefinition": name, "desiredCount": count})
}

/// A container that the world simulates, and that takes so long from SIGTERM to its end.
pub(crate) fn simulated(name: &str, stop_seconds: u32) -> Value {
    json!({"name": name, "memory": 16, "stopTimeout": 3600, "dockerLabels":
        {"local-aws.simulated": "true", "local-aws.stop-seconds": stop_seconds.to_string()}})
}

/// An order of a person, for the coordinator.
pub fn order(command: &str, instance: &str) -> Value {
    json!({"command": command, "cluster": CLUSTER, "instance": instance, "who": "ana", "why": "ticket 7"})
}
