//! Builds the account of a run: cluster, group with its hook, services and tasks.

use super::scenario::{CLUSTER, GROUP, JOB, LONG_JOB, REPLICAS, ROUTER, Scenario, WEB};
use super::{DemoError, progress};
use protector_aws_model::Service;
use protector_local_aws::LocalAws;
use serde_json::{Value, json};
use std::time::Duration;

/// How long an instance and its tasks may take to run.
const READY: Duration = Duration::from_secs(20);

/// Builds all of it and waits until it runs. Returns the instance.
pub(crate) async fn build(aws: &LocalAws, scenario: &Scenario) -> Result<String, DemoError> {
    ecs(aws, "CreateCluster", json!({"clusterName": CLUSTER}))?;
    for definition in scenario.task_definitions() {
        ecs(aws, "RegisterTaskDefinition", definition)?;
    }
    group(aws, scenario.kind.hook())?;
    let instance = instance(aws).await?;
    ecs(
        aws,
        "CreateService",
        service(ROUTER, json!({"schedulingStrategy": "DAEMON"})),
    )?;
    running(aws, &instance, 1).await?;
    ecs(
        aws,
        "CreateService",
        service(WEB, json!({"desiredCount": REPLICAS})),
    )?;
    running(aws, &instance, 1 + REPLICAS).await?;
    ecs(
        aws,
        "RunTask",
        json!({"cluster": CLUSTER, "taskDefinition": JOB, "launchType": "EC2"}),
    )?;
    running(aws, &instance, 2 + REPLICAS).await?;
    Ok(instance)
}

/// After a run: another instance with all its tasks, and a drain of it that a standalone task holds. Returns the
/// instance once its drain is recorded.
pub(crate) async fn hold(aws: &LocalAws, scenario: &Scenario) -> Result<String, DemoError> {
    ecs(aws, "RegisterTaskDefinition", scenario.long_job())?;
    let before = aws.journal().len();
    resize(aws, 1)?;
    let active = aws.wait_until("another instance is ACTIVE", READY, |world| {
        progress::active_instance(world.journal().get(before..)?)
    });
    let instance = active.await?;
    running(aws, &instance, 1 + REPLICAS).await?;
    ecs(
        aws,
        "RunTask",
        json!({"cluster": CLUSTER, "taskDefinition": LONG_JOB, "launchType": "EC2"}),
    )?;
    running(aws, &instance, 2 + REPLICAS).await?;
    resize(aws, 0)?;
    let name = format!("/ecs-daemon-protector/{CLUSTER}/{instance}");
    let recorded = aws.wait_until("the drain is recorded", READY, |world| {
        world.parameter(&name).map(drop)
    });
    recorded.await?;
    Ok(instance)
}

fn resize(aws: &LocalAws, capacity: u32) -> Result<(), DemoError> {
    let size = json!({"AutoScalingGroupName": GROUP, "DesiredCapacity": capacity});
    auto_scaling(aws, "SetDesiredCapacity", size).map(drop)
}

/// One call of ECS by the operator.
pub(crate) fn ecs(aws: &LocalAws, operation: &str, params: Value) -> Result<Value, DemoError> {
    call(aws, Service::Ecs, operation, params)
}

/// One call of Auto Scaling by the operator.
pub(crate) fn auto_scaling(aws: &LocalAws, operation: &str, params: Value) -> Result<Value, DemoError> {
    call(aws, Service::AutoScaling, operation, params)
}

fn call(aws: &LocalAws, service: Service, operation: &str, params: Value) -> Result<Value, DemoError> {
    let answer = aws.call(service, operation, params);
    answer.map_err(|source| DemoError::Call {
        operation: operation.to_owned(),
        source,
    })
}

fn group(aws: &LocalAws, hook: &str) -> Result<(), DemoError> {
    let tag = json!({"Key": "local-aws.cluster", "Value": CLUSTER, "PropagateAtLaunch": true});
    auto_scaling(
        aws,
        "CreateAutoScalingGroup",
        json!({"AutoScalingGroupName": GROUP, "MinSize": 0, "MaxSize": 2, "DesiredCapacity": 1, "Tags": [tag]}),
    )?;
    auto_scaling(
        aws,
        "PutLifecycleHook",
        json!({"AutoScalingGroupName": GROUP, "LifecycleHookName": hook, "HeartbeatTimeout": 120,
            "LifecycleTransition": "autoscaling:EC2_INSTANCE_TERMINATING", "DefaultResult": "CONTINUE"}),
    )?;
    Ok(())
}

fn service(name: &str, with: Value) -> Value {
    let mut service = json!({"cluster": CLUSTER, "serviceName": name, "taskDefinition": name});
    if let (Some(service), Value::Object(with)) = (service.as_object_mut(), with) {
        service.extend(with);
    }
    service
}

async fn instance(aws: &LocalAws) -> Result<String, DemoError> {
    let active = aws.wait_until("an instance is ACTIVE in the cluster", READY, |world| {
        progress::active_instance(world.journal())
    });
    Ok(active.await?)
}

async fn running(aws: &LocalAws, instance: &str, count: usize) -> Result<(), DemoError> {
    let what = format!("{count} tasks are RUNNING");
    let running = aws.wait_until(&what, READY, |world| {
        (progress::running_on(world.journal(), instance) == count).then_some(())
    });
    Ok(running.await?)
}
