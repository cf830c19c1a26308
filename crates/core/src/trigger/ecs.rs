//! ECS reports state changes of tasks and container instances.
//!
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_task_events.html>,
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_container_instance_events.html>

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::field::{members, read};
use super::{Event, IgnoredEvent, InstanceChange, Malformed, Parsed, TaskChange, Trigger};
use crate::aws::{InstanceStatus, TaskStatus};
use crate::ids::{ClusterArn, ClusterName, ContainerInstanceArn, ContainerName, InstanceId, TaskArn};
use crate::observation::execution_end;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TaskDetail {
    cluster_arn: ClusterArn,
    container_instance_arn: Option<ContainerInstanceArn>,
    task_arn: TaskArn,
    last_status: TaskStatus,
    #[serde(default)]
    containers: Vec<ContainerDetail>,
    #[serde(default)]
    execution_stopped_at: Option<Value>,
    #[serde(default)]
    stopped_at: Option<Value>,
}

/// A time that cannot be read is not worth losing the event for.
fn moment(value: Option<Value>) -> Option<Timestamp> {
    value?.as_str()?.parse().ok()
}

/// What is wrong with a container's name or code is not worth losing the event for.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ContainerDetail {
    name: Option<Value>,
    exit_code: Option<Value>,
}

impl ContainerDetail {
    fn exit(&self) -> Option<(ContainerName, i64)> {
        let name = self.name.as_ref()?.as_str()?;
        Some((name.parse().ok()?, self.exit_code.as_ref()?.as_i64()?))
    }
}

/// A task. On Fargate it has no container instance.
pub(super) fn task(event: &Value) -> Parsed {
    let detail: TaskDetail = members("detail", detail(event))?;
    let cluster = cluster(&detail.cluster_arn)?;
    Ok(match detail.container_instance_arn {
        None => Event::Ignored(IgnoredEvent::NoContainerInstance),
        Some(container_instance) => Event::Trigger(Trigger::Task(TaskChange {
            cluster,
            container_instance,
            task: detail.task_arn,
            last_status: detail.last_status,
            exits: detail
                .containers
                .iter()
                .filter_map(ContainerDetail::exit)
                .collect(),
            execution_stopped_at: execution_end(moment(detail.execution_stopped_at), detail.containers.len()),
            stopped_at: moment(detail.stopped_at),
        })),
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct InstanceDetail {
    cluster_arn: ClusterArn,
    container_instance_arn: ContainerInstanceArn,
    #[serde(default)]
    ec2_instance_id: Option<String>,
    status: InstanceStatus,
}

/// A container instance. An external one (ECS Anywhere) is no EC2 instance.
pub(super) fn instance(event: &Value) -> Parsed {
    let fields: InstanceDetail = members("detail", detail(event))?;
    let cluster = cluster(&fields.cluster_arn)?;
    let id = fields.ec2_instance_id.unwrap_or_default();
    if id.is_empty() || id.starts_with("mi-") {
        return Ok(Event::Ignored(IgnoredEvent::NotOfAGroup));
    }
    let instance: InstanceId = read("detail.ec2InstanceId", &Value::String(id))?;
    Ok(Event::Trigger(Trigger::Instance(InstanceChange {
        cluster,
        container_instance: fields.container_instance_arn,
        instance,
        status: fields.status,
    })))
}

fn detail(event: &Value) -> &Value {
    event.get("detail").unwrap_or(&Value::Null)
}

fn cluster(arn: &ClusterArn) -> Result<ClusterName, Malformed> {
    arn.cluster_name()
        .map_err(|error| Malformed::new("detail.clusterArn", &error.to_string()))
}
