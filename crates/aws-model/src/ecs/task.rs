//! One task.

use super::agent::Container;
use super::definition::TaskDefinition;
use super::keys::ServiceKey;
use crate::status::{DesiredStatus, StopCode, TaskStatus};
use jiff::Timestamp;
use serde_json::Value;
use std::sync::Arc;

/// A task on a container instance: what ECS knows of it, and what the agent does with it.
#[derive(Clone, Debug)]
pub(crate) struct Task {
    pub(crate) arn: String,
    /// The last part of the ARN.
    pub(crate) id: String,
    pub(crate) cluster: String,
    /// The container instance's ARN.
    pub(crate) instance: String,
    /// The EC2 id of that instance.
    pub(crate) host: String,
    pub(crate) zone: String,
    pub(crate) definition: Arc<TaskDefinition>,
    pub(crate) origin: Origin,
    pub(crate) last_status: TaskStatus,
    pub(crate) desired: DesiredStatus,
    /// The agent's side: the desired status that it knows (none: it does not know the task yet), and the containers.
    pub(crate) agent: Option<DesiredStatus>,
    pub(crate) containers: Vec<Container>,
    pub(crate) times: Times,
    pub(crate) stop: Option<Stop>,
    /// Increases with every change that ECS reports.
    pub(crate) version: u64,
    /// When the API starts to show it.
    pub(crate) visible_from: Timestamp,
    /// Task scale-in protection, until when.
    pub(crate) protected_until: Option<Timestamp>,
}

/// Who requested a task, and how.
#[derive(Clone, Debug, Default)]
pub(crate) struct Origin {
    pub(crate) group: String,
    pub(crate) started_by: Option<String>,
    /// Its service, if the service scheduler started it.
    pub(crate) service: Option<ServiceKey>,
    /// Whether that is a DAEMON service.
    pub(crate) daemon: bool,
    /// `overrides` of RunTask.
    pub(crate) overrides: Value,
}

/// When a task got where.
#[derive(Clone, Debug)]
pub(crate) struct Times {
    pub(crate) created: Timestamp,
    pub(crate) updated: Timestamp,
    pub(crate) started: Option<Timestamp>,
    pub(crate) stopping: Option<Timestamp>,
    pub(crate) execution_stopped: Option<Timestamp>,
    pub(crate) stopped: Option<Timestamp>,
}

/// Why a task is to stop.
#[derive(Clone, Debug)]
pub(crate) struct Stop {
    pub(crate) code: StopCode,
    pub(crate) reason: String,
}

impl Times {
    /// The times of a task that has only been created.
    pub(super) fn new(now: Timestamp) -> Times {
        Times {
            created: now,
            updated: now,
            started: None,
            stopping: None,
            execution_stopped: None,
            stopped: None,
        }
    }
}

impl Task {
    /// Returns whether the task is not STOPPED.
    pub(crate) fn is_alive(&self) -> bool {
        self.last_status != TaskStatus::Stopped
    }

    /// Returns whether the task is to run.
    pub(crate) fn is_wanted(&self) -> bool {
        self.desired == DesiredStatus::Running
    }

    /// Returns whether the task is a replica of a service.
    pub(crate) fn is_replica(&self) -> bool {
        self.origin.service.is_some() && !self.origin.daemon
    }

    /// Why it is to stop, if it is.
    pub(crate) fn stop_code(&self) -> Option<StopCode> {
        self.stop.as_ref().map(|stop| stop.code)
    }

    /// Returns whether task protection keeps the service scheduler away.
    pub(crate) fn is_protected(&self, now: Timestamp) -> bool {
        self.protected_until.is_some_and(|until| until > now)
    }

    /// Why a container could not be started, if the agent has said it.
    pub(super) fn start_failure(&self) -> Option<&str> {
        self.containers.iter().find_map(|one| one.reason.as_deref())
    }

    /// Returns whether all containers have started, or never will: one that is not essential does not keep its task from
    /// RUNNING.
    pub(super) fn all_started(&self) -> bool {
        let mut containers = self.containers.iter();
        containers.all(|container| container.has_started() || container.is_stopped())
    }

    /// Returns whether all containers have stopped.
    pub(super) fn all_stopped(&self) -> bool {
        self.containers.iter().all(Container::is_stopped)
    }
}
