//! The EventBridge events of ECS in their real shapes.

use super::instance::ContainerInstance;
use super::shape;
use super::task::Task;
use crate::events::envelope;
use crate::ids::Ids;
use crate::scope::Scope;
use crate::time::iso;
use jiff::Timestamp;
use serde_json::{Value, json};

/// `ECS Task State Change`.
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_task_events.html>
pub(super) fn task(scope: &Scope, ids: &mut Ids, now: Timestamp, task: &Task, connected: bool) -> Value {
    let mut detail = shape::task(scope, task, connected, iso);
    detail["updatedAt"] = iso(task.times.updated);
    envelope(
        scope,
        ids,
        now,
        "aws.ecs",
        "ECS Task State Change",
        &task.arn,
        detail,
    )
}

/// `ECS Container Instance State Change`.
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_container_instance_events.html>
pub(super) fn container_instance(
    scope: &Scope,
    ids: &mut Ids,
    now: Timestamp,
    instance: &ContainerInstance,
) -> Value {
    let mut detail = shape::container_instance(instance, iso);
    detail["clusterArn"] = json!(scope.cluster(&instance.cluster));
    detail["accountType"] = json!("");
    detail["updatedAt"] = iso(now);
    envelope(
        scope,
        ids,
        now,
        "aws.ecs",
        "ECS Container Instance State Change",
        &instance.arn,
        detail,
    )
}
