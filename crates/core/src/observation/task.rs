//! A task is seen with its containers, and with when it ended.

use jiff::Timestamp;

use crate::aws::{ContainerHealth, ContainerStatus, Scheduling, TaskGroup, TaskStatus};
use crate::ids::{ContainerName, ServiceName, TaskArn};
use crate::unprotected::UnprotectedReason;

/// One task on the instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// The ARN that names it.
    pub arn: TaskArn,
    /// Its group; ECS leaves it out in no documented case, but it is optional in the API.
    pub group: Option<TaskGroup>,
    /// The last status that ECS has recorded of it.
    pub last_status: TaskStatus,
    /// Whether ECS has ordered it to stop.
    pub stopping: bool,
    /// Whether the agent of its registration is connected to ECS. If not, its status may be of long ago.
    pub agent_connected: bool,
    /// How its service schedules it.
    pub scheduling: Scheduling,
    /// Its containers, as ECS knows them.
    pub containers: Vec<Container>,
    /// Why it was known not to be protected when it was last seen, before ECS ordered it to stop.
    pub unprotected_before: Option<UnprotectedReason>,
    /// When its containers had ended, by the clock of its agent, as far as [`execution_end`] knows it.
    pub execution_stopped_at: Option<Timestamp>,
    /// When it was STOPPED, if it is.
    pub stopped_at: Option<Timestamp>,
    /// How long task scale-in protection keeps the service scheduler from stopping it, if that was asked for.
    pub protected_until: Option<Timestamp>,
}

/// Returns when the containers of a task had ended, by its `executionStoppedAt` and the number of them. The agent notes that
/// time when the first essential container ends (`RecordExecutionStoppedAt` in its `task.go`), and others may still write
/// until their stop time-outs: it is the end of all of them only if there is one.
#[must_use]
pub fn execution_end(execution_stopped_at: Option<Timestamp>, containers: usize) -> Option<Timestamp> {
    execution_stopped_at.filter(|_| containers == 1)
}

/// Returns when the containers of a task ended, or no later than when: it is STOPPED only after what it had, as a network
/// interface, was taken back. The clock of an agent may be ahead of that of ECS.
#[must_use]
pub fn containers_ended_at(
    execution_stopped_at: Option<Timestamp>,
    stopped_at: Option<Timestamp>,
) -> Option<Timestamp> {
    let known = [execution_stopped_at, stopped_at];
    known.into_iter().flatten().min()
}

impl Task {
    /// The name under which it is counted.
    #[must_use]
    pub fn group_name(&self) -> String {
        let group = self.group.as_ref();
        group.map_or_else(|| "(no group)".to_owned(), TaskGroup::to_string)
    }

    /// Its service, if it is of one.
    #[must_use]
    pub fn service(&self) -> Option<&ServiceName> {
        self.group.as_ref()?.service()
    }

    /// Its container of this name.
    #[must_use]
    pub fn container(&self, name: &ContainerName) -> Option<&Container> {
        self.containers.iter().find(|container| container.name == *name)
    }

    /// Returns whether it has a container of this name, whatever has become of that.
    #[must_use]
    pub fn has_container(&self, name: &ContainerName) -> bool {
        self.container(name).is_some()
    }
}

/// One container of a task (`DescribeTasks`, `containers[]`). ECS leaves out what it does not know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Container {
    /// Its name in the task definition.
    pub name: ContainerName,
    /// Its status. The agent reports a container that has stopped up to some 20 s later, and a restart by
    /// `restartPolicy` not at all.
    pub last_status: Option<ContainerStatus>,
    /// What its health check says.
    pub health: Option<ContainerHealth>,
    /// Its exit code, if it has run and ended.
    pub exit_code: Option<i64>,
    /// Why it was stopped or never started, for example `CannotPullContainerError: …`.
    pub reason: Option<String>,
}

impl Container {
    /// A container of which nothing but its name is known.
    #[must_use]
    pub fn named(name: ContainerName) -> Self {
        Self {
            name,
            last_status: None,
            health: None,
            exit_code: None,
            reason: None,
        }
    }
}
