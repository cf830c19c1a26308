//! Where tasks, their containers and container instances are.

use serde::Serialize;
use std::fmt;

/// `lastStatus` of a task, in the order in which a task goes through them.
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html>
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum TaskStatus {
    /// An instance was chosen; its network is being made.
    Provisioning,
    /// The agent has it; its containers start.
    Pending,
    /// Its containers run; it is being registered with load balancers.
    Activating,
    /// It runs.
    Running,
    /// It is to stop; it is being deregistered from load balancers.
    Deactivating,
    /// The agent stops its containers.
    Stopping,
    /// Its containers are gone; its network goes.
    Deprovisioning,
    /// It is over.
    Stopped,
}

impl fmt::Display for TaskStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

/// `desiredStatus` of a task. ECS never sets PENDING.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum DesiredStatus {
    /// It is to run.
    Running,
    /// It is to stop, or has stopped.
    Stopped,
}

impl DesiredStatus {
    /// As the API writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            DesiredStatus::Running => "RUNNING",
            DesiredStatus::Stopped => "STOPPED",
        }
    }
}

/// `status` of a container instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum InstanceStatus {
    /// Tasks are placed on it.
    Active,
    /// No more tasks are placed on it, and its service tasks are stopped.
    Draining,
    /// Deregistered.
    Inactive,
}

impl fmt::Display for InstanceStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

/// Why a task was stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum StopCode {
    /// It never ran.
    TaskFailedToStart,
    /// A container exited without which it makes no sense.
    EssentialContainerExited,
    /// `StopTask`.
    UserInitiated,
    /// The service scheduler: drain, deployment, scaling.
    ServiceSchedulerInitiated,
    /// Its instance is gone.
    TerminationNotice,
}

/// Where a container is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ContainerStatus {
    /// Not started yet.
    Created,
    /// The agent has asked the runtime to start it.
    Starting,
    /// Started.
    Running,
    /// SIGTERM was sent.
    Terminating,
    /// SIGKILL was sent.
    Killing,
    /// Exited, or never started and never will.
    Stopped,
}

impl ContainerStatus {
    /// The status as the agent reports it in task metadata and to the ECS API.
    pub(crate) fn known(self) -> &'static str {
        match self {
            ContainerStatus::Created | ContainerStatus::Starting => "PENDING",
            ContainerStatus::Running | ContainerStatus::Terminating | ContainerStatus::Killing => "RUNNING",
            ContainerStatus::Stopped => "STOPPED",
        }
    }
}
