//! What a test sees of the world, without a call.

use super::World;
use crate::ContainerStatus;
use crate::ecs::{Container, ContainerInstance, Task};
use crate::status::{DesiredStatus, InstanceStatus, StopCode, TaskStatus};
use jiff::Timestamp;

/// A task.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskView {
    /// Its ARN.
    pub task_arn: String,
    /// The last part of its ARN.
    pub task_id: String,
    /// The name of its cluster.
    pub cluster: String,
    /// Its group, for example `service:web`.
    pub group: String,
    /// Its service, if it has one.
    pub service: Option<String>,
    /// Whether that is a DAEMON service.
    pub daemon: bool,
    /// The family of its task definition.
    pub family: String,
    /// The EC2 id of its instance.
    pub instance: String,
    /// Where it is.
    pub last_status: TaskStatus,
    /// Where it is to be.
    pub desired_status: DesiredStatus,
    /// Why it was stopped.
    pub stop_code: Option<StopCode>,
    /// Its containers, in the order of the task definition.
    pub containers: Vec<ContainerView>,
}

/// A container of a task, as the agent knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerView {
    /// Its name.
    pub name: String,
    /// Where it is.
    pub status: ContainerStatus,
    /// How it ended, if it has.
    pub exit_code: Option<i32>,
    /// When it was started last.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
}

/// An EC2 instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstanceView {
    /// Its EC2 id.
    pub instance: String,
    /// Whether it is on.
    pub running: bool,
    /// Its availability zone.
    pub zone: String,
    /// The group that launched it.
    pub group: Option<String>,
    /// Its lifecycle state, as long as it is in its group.
    pub lifecycle_state: Option<String>,
    /// The ARN of its container instance, once it is registered.
    pub container_instance_arn: Option<String>,
    /// The status of its container instance.
    pub status: Option<InstanceStatus>,
    /// Whether ECS is connected to its agent.
    pub agent_connected: bool,
}

impl World {
    /// A task, by ARN or id.
    pub fn task(&self, task: &str) -> Option<TaskView> {
        self.ecs.task(task).map(view)
    }

    /// The tasks on an instance, those that have stopped lately among them.
    pub fn tasks_on(&self, instance: &str) -> Vec<TaskView> {
        self.ecs.tasks_on(instance).map(view).collect()
    }

    /// An instance, as long as the world remembers it: also when it is off.
    pub fn instance_state(&self, instance: &str) -> Option<InstanceView> {
        let host = self.hosts.get(instance)?;
        let registered = self.ecs.instance(instance);
        Some(InstanceView {
            instance: instance.to_owned(),
            running: host.running,
            zone: host.zone.clone(),
            group: host.group.clone(),
            lifecycle_state: self.auto_scaling.lifecycle_state(instance).map(str::to_owned),
            container_instance_arn: registered.map(|registered| registered.arn.clone()),
            status: registered.map(|registered| registered.status),
            agent_connected: registered.is_some_and(ContainerInstance::hears_from_agent),
        })
    }

    /// The EC2 ids of all instances that are on.
    pub fn running_instances(&self) -> Vec<String> {
        let running = self.hosts.iter().filter(|(_, host)| host.running);
        running.map(|(id, _)| id.clone()).collect()
    }
}

fn view(task: &Task) -> TaskView {
    TaskView {
        task_arn: task.arn.clone(),
        task_id: task.id.clone(),
        cluster: task.cluster.clone(),
        group: task.origin.group.clone(),
        service: task.origin.service.as_ref().map(|(_, name)| name.clone()),
        daemon: task.origin.daemon,
        family: task.definition.family.clone(),
        instance: task.host.clone(),
        last_status: task.last_status,
        desired_status: task.desired,
        stop_code: task.stop_code(),
        containers: containers(task),
    }
}

fn containers(task: &Task) -> Vec<ContainerView> {
    let pairs = task.definition.containers.iter().zip(&task.containers);
    let one = |(definition, container): (&crate::ecs::ContainerDefinition, &Container)| ContainerView {
        name: definition.name.clone(),
        status: container.status,
        exit_code: container.exit_code,
        started_at: container.started_at,
        finished_at: container.finished_at,
    };
    pairs.map(one).collect()
}
