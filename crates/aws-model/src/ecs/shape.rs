//! Tasks, container instances and services as the API and the events write them.

use super::definition::Resources;
use super::health;
use super::instance::ContainerInstance;
use super::percents;
use super::service::{Deployment, EcsService, Strategy};
use super::targets::LoadBalancer;
use super::task::Task;
use crate::scope::Scope;
use crate::status::TaskStatus;
use crate::time::seconds;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// A task. `time` writes its moments.
pub(crate) fn task(scope: &Scope, task: &Task, connected: bool, time: fn(Timestamp) -> Value) -> Value {
    let mut json = json!({
        "taskArn": task.arn,
        "clusterArn": scope.cluster(&task.cluster),
        "containerInstanceArn": task.instance,
        "taskDefinitionArn": task.definition.arn,
        "availabilityZone": task.zone,
        "group": task.origin.group,
        "lastStatus": task.last_status,
        "healthStatus": if connected { health::of_task(task) } else { "UNKNOWN" },
        "desiredStatus": task.desired,
        "containers": containers(scope, task, connected),
        "connectivity": if connected { "CONNECTED" } else { "DISCONNECTED" },
        "cpu": task.definition.resources.cpu.to_string(),
        "memory": task.definition.resources.memory.to_string(),
        "launchType": "EC2",
        "attachments": [],
        "attributes": [{"name": "ecs.cpu-architecture", "value": "x86_64"}],
        "enableExecuteCommand": false,
        "overrides": overrides(task),
        "createdAt": time(task.times.created),
        "version": task.version,
    });
    add(
        &mut json,
        "startedBy",
        task.origin.started_by.clone().map(Value::from),
    );
    add(&mut json, "startedAt", task.times.started.map(time));
    add(&mut json, "stoppingAt", task.times.stopping.map(time));
    add(
        &mut json,
        "executionStoppedAt",
        task.times.execution_stopped.map(time),
    );
    add(&mut json, "stoppedAt", task.times.stopped.map(time));
    add(&mut json, "stopCode", task.stop_code().map(|code| json!(code)));
    add(
        &mut json,
        "stoppedReason",
        task.stop.as_ref().map(|stop| Value::from(stop.reason.clone())),
    );
    json
}

/// A member that is left out if there is none.
fn add(json: &mut Value, name: &str, value: Option<Value>) {
    if let Some(value) = value {
        json[name] = value;
    }
}

fn overrides(task: &Task) -> Value {
    match &task.origin.overrides {
        Value::Object(own) => Value::Object(own.clone()),
        _ => Value::Object(Map::new()),
    }
}

/// If the agent is silent, ECS knows no more of the containers than of the task.
fn containers(scope: &Scope, task: &Task, connected: bool) -> Value {
    let pairs = task.definition.containers.iter().zip(&task.containers);
    let one = |(definition, container): (
        &super::definition::ContainerDefinition,
        &super::agent::Container,
    )| {
        let known = connected || !task.is_alive();
        let silent = if task.last_status < TaskStatus::Activating {
            "PENDING"
        } else {
            "RUNNING"
        };
        let mut json = json!({
            "containerArn": scope.ecs(&format!("container/{}/{}/{}", task.cluster, task.id, definition.name)),
            "taskArn": task.arn,
            "name": definition.name,
            "image": definition.image,
            "runtimeId": container.id,
            "lastStatus": if known { container.status.known() } else { silent },
            "networkInterfaces": [],
            "healthStatus": if known { health::of_container(definition, container) } else { "UNKNOWN" },
            "cpu": definition.cpu.to_string(),
        });
        add(
            &mut json,
            "exitCode",
            container.exit_code.filter(|_| known).map(Value::from),
        );
        add(
            &mut json,
            "reason",
            container.reason.clone().filter(|_| known).map(Value::from),
        );
        json
    };
    pairs.map(one).collect()
}

/// A container instance without its counts, which the events do not have.
pub(crate) fn container_instance(instance: &ContainerInstance, time: fn(Timestamp) -> Value) -> Value {
    json!({
        "containerInstanceArn": instance.arn,
        "ec2InstanceId": instance.host,
        "version": instance.version,
        "versionInfo": {"agentVersion": "1.105.1", "agentHash": "0000000", "dockerVersion": "DockerVersion: 25.0.14"},
        "registeredResources": resources(instance.registered),
        "remainingResources": resources(instance.remaining),
        "status": instance.status,
        "agentConnected": instance.agent_connected,
        "attributes": [
            {"name": "ecs.availability-zone", "value": instance.zone},
            {"name": "ecs.os-type", "value": "linux"},
        ],
        "registeredAt": time(instance.registered_at),
    })
}

fn resources(resources: Resources) -> Value {
    let one = |name: &str, value: u32| json!({"name": name, "type": "INTEGER", "integerValue": value, "doubleValue": 0.0, "longValue": 0});
    json!([one("CPU", resources.cpu), one("MEMORY", resources.memory)])
}

/// How many tasks run and how many are about to. Those that are to stop count in neither.
pub(super) struct Counts {
    pub(super) running: usize,
    pub(super) pending: usize,
}

/// Counts tasks as container instances, services and deployments do.
pub(super) fn count<'a>(tasks: impl Iterator<Item = &'a Task>) -> Counts {
    let (running, pending): (Vec<&Task>, Vec<&Task>) = tasks
        .filter(|task| task.is_wanted())
        .partition(|task| task.last_status == TaskStatus::Running);
    Counts {
        running: running.len(),
        pending: pending.len(),
    }
}

/// A service that wants so many tasks.
pub(super) fn service(scope: &Scope, service: &EcsService, desired: usize) -> Value {
    let tallies = || service.deployments.iter().map(|deployment| deployment.tally);
    let newest = service.deployments.first();
    let mut json = json!({
        "serviceArn": service.arn,
        "serviceName": service.key.1,
        "clusterArn": scope.cluster(&service.key.0),
        "status": service_status(service),
        "schedulingStrategy": service.strategy.as_str(),
        "desiredCount": desired,
        "runningCount": tallies().map(|tally| tally.running).sum::<usize>(),
        "pendingCount": tallies().map(|tally| tally.wanted - tally.running).sum::<usize>(),
        "launchType": "EC2",
        "taskDefinition": newest.map(|deployment| deployment.definition.arn.clone()),
        "deployments": service.deployments.iter().enumerate().map(|(index, one)| {
            deployment(one, index == 0, desired)
        }).collect::<Value>(),
        "deploymentConfiguration": percents::described(service.percents, service.strategy == Strategy::Daemon),
        "deploymentController": {"type": "ECS"},
        "loadBalancers": service.balancers.iter().map(LoadBalancer::described).collect::<Value>(),
        "serviceRegistries": [],
        "events": service.events.described(&service.arn),
        "placementConstraints": service.place_rules.described(),
        "placementStrategy": [],
        "propagateTags": "NONE",
        "enableECSManagedTags": false,
        "enableExecuteCommand": false,
        "createdAt": seconds(service.created_at),
    });
    add(
        &mut json,
        "healthCheckGracePeriodSeconds",
        service.grace_seconds.map(Value::from),
    );
    json
}

fn service_status(service: &EcsService) -> &'static str {
    match (service.deleted, service.tasks.is_empty()) {
        (false, _) => "ACTIVE",
        (true, false) => "DRAINING",
        (true, true) => "INACTIVE",
    }
}

fn deployment(deployment: &Deployment, newest: bool, desired: usize) -> Value {
    let tally = deployment.tally;
    let (state, reason) = deployment.rollout(newest);
    json!({
        "id": deployment.id,
        "status": if newest { "PRIMARY" } else { "ACTIVE" },
        "taskDefinition": deployment.definition.arn,
        "desiredCount": if newest { desired } else { 0 },
        "runningCount": tally.running,
        "pendingCount": tally.wanted - tally.running,
        "failedTasks": deployment.failed,
        "launchType": "EC2",
        "createdAt": seconds(deployment.created_at),
        "updatedAt": seconds(deployment.completed_at.unwrap_or(deployment.created_at)),
        "rolloutState": state,
        "rolloutStateReason": reason,
    })
}
