//! Plain ECS: what managed instance draining does. It sets DRAINING, waits until every task of the instance is
//! STOPPED, and completes its hook
//! (<https://docs.aws.amazon.com/AmazonECS/latest/developerguide/managed-instance-draining.html>).
//! When the daemon tasks are stopped is up to the ECS of the local AWS.

use super::scenario::{CLUSTER, GROUP, Kind};
use super::{DemoError, progress, setup};
use protector_local_aws::LocalAws;
use serde_json::json;
use std::time::Duration;

/// Drains `instance` once it waits at its hook, each wait bounded by `bound`.
pub(crate) async fn drain(aws: &LocalAws, instance: &str, bound: Duration) -> Result<(), DemoError> {
    let arn = aws.wait_until("the instance waits at its hook", bound, |world| {
        let arn = progress::container_instance_arn(world.journal(), instance)?;
        progress::waits_at_hook(world.journal(), instance).then_some(arn)
    });
    let arn = arn.await?;
    let draining = json!({"cluster": CLUSTER, "containerInstances": [arn], "status": "DRAINING"});
    setup::ecs(aws, "UpdateContainerInstancesState", draining)?;
    let stopped = aws.wait_until("every task of the instance is STOPPED", bound, |world| {
        progress::all_stopped_on(world.journal(), instance).then_some(())
    });
    stopped.await?;
    let complete = json!({"AutoScalingGroupName": GROUP, "LifecycleHookName": Kind::Without.hook(),
        "InstanceId": instance, "LifecycleActionResult": "CONTINUE"});
    setup::auto_scaling(aws, "CompleteLifecycleAction", complete)?;
    Ok(())
}
