//! Task metadata version 4, as the agent of the task's instance serves it.
//!
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-metadata-endpoint-v4.html>. It is the agent's
//! own knowledge: ahead of ECS, and there also when ECS is not.

use super::World;
use crate::ecs::{Container, Task};
use crate::status::{ContainerStatus, DesiredStatus};
use crate::time::iso;
use serde_json::{Value, json};

impl World {
    /// Metadata of a task, by its id, as long as its instance is on.
    pub fn task_metadata(&self, task_id: &str) -> Option<Value> {
        self.task_on_a_running_host(task_id).map(task)
    }

    /// Metadata of one container of a task.
    pub fn container_metadata(&self, task_id: &str, name: &str) -> Option<Value> {
        let task = self.task_on_a_running_host(task_id)?;
        let place = task.definition.place(name)?;
        Some(container(task, place))
    }

    fn task_on_a_running_host(&self, task_id: &str) -> Option<&Task> {
        let task = self.ecs.task(task_id)?;
        self.instance_state(&task.host)
            .is_some_and(|instance| instance.running)
            .then_some(task)
    }
}

fn task(task: &Task) -> Value {
    let containers = (0..task.containers.len()).filter(|place| task.containers[*place].starts > 0);
    let mut json = json!({
        "Cluster": task.cluster,
        "TaskARN": task.arn,
        "Family": task.definition.family,
        "Revision": task.definition.revision.to_string(),
        "DesiredStatus": desired(task),
        "KnownStatus": known(task),
        "Limits": {"CPU": f64::from(task.definition.resources.cpu) / 1024.0, "Memory": task.definition.resources.memory},
        "AvailabilityZone": task.zone,
        "LaunchType": "EC2",
        "Containers": containers.map(|place| container(task, place)).collect::<Value>(),
    });
    if let Some((_, name)) = &task.origin.service {
        json["ServiceName"] = json!(name);
    }
    if task.containers.iter().all(Container::is_stopped)
        && let Some(end) = task
            .containers
            .iter()
            .filter_map(|container| container.finished_at)
            .max()
    {
        json["ExecutionStoppedAt"] = iso(end);
    }
    json
}

fn container(task: &Task, place: usize) -> Value {
    let (definition, container) = (&task.definition.containers[place], &task.containers[place]);
    let mut json = json!({
        "DockerId": container.id,
        "Name": definition.name,
        "DockerName": format!("ecs-{}-{}-{}", task.definition.family, task.definition.revision, definition.name),
        "Image": definition.image,
        "Labels": definition.docker_labels,
        "DesiredStatus": desired(task),
        "KnownStatus": container_status(container.status),
        "Limits": {"CPU": definition.cpu},
        "CreatedAt": iso(task.times.created),
        "Type": "NORMAL",
    });
    if let Some(started) = container.started_at {
        json["StartedAt"] = iso(started);
    }
    if let Some(finished) = container.finished_at {
        json["FinishedAt"] = iso(finished);
    }
    if let Some(code) = container.exit_code {
        json["ExitCode"] = json!(code);
    }
    json
}

/// The desired status that the agent knows: it may have given a task up before ECS knows.
fn desired(task: &Task) -> &'static str {
    task.agent.unwrap_or(DesiredStatus::Running).as_str()
}

fn known(task: &Task) -> &'static str {
    let all = |wanted: fn(&Container) -> bool| task.containers.iter().all(wanted);
    match (all(Container::is_stopped), all(Container::has_started)) {
        (true, _) => "STOPPED",
        (false, true) => "RUNNING",
        (false, false) => "NONE",
    }
}

fn container_status(status: ContainerStatus) -> &'static str {
    match status {
        ContainerStatus::Created => "NONE",
        ContainerStatus::Starting => "CREATED",
        ContainerStatus::Running | ContainerStatus::Terminating | ContainerStatus::Killing => "RUNNING",
        ContainerStatus::Stopped => "STOPPED",
    }
}
