//! What has happened, in order.

use super::api::{ApiError, Service};
use super::auto_scaling::HookStep;
use super::status::{ContainerStatus, DesiredStatus, InstanceStatus, TaskStatus};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Something that happened, and when.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Entry {
    /// The time of the event.
    pub at: Timestamp,
    /// The event.
    #[serde(flatten)]
    pub what: What,
}

/// What happened. Instances are EC2 ids.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum What {
    /// An API call was answered.
    Call {
        /// The caller.
        principal: String,
        /// The service.
        service: Service,
        /// The operation.
        operation: String,
        /// Its input.
        params: Value,
        /// How it ended for the caller.
        outcome: Outcome,
    },
    /// A task has a new status or desired status.
    TaskStatus {
        /// The task.
        task_arn: String,
        /// Its group.
        group: String,
        /// The instance it is on.
        instance: String,
        /// Its status.
        status: TaskStatus,
        /// Its desired status.
        desired: DesiredStatus,
    },
    /// A container has a new status. [`ContainerStatus::Terminating`] is the moment of its SIGTERM.
    ContainerStatus {
        /// The task that has the container.
        task_arn: String,
        /// The task's group.
        group: String,
        /// The instance it is on.
        instance: String,
        /// Its name.
        container: String,
        /// Its status.
        status: ContainerStatus,
        /// Its exit code, if it has exited.
        exit_code: Option<i32>,
    },
    /// A container instance has a new status, or its agent came or went.
    InstanceStatus {
        /// The instance.
        instance: String,
        /// Its ARN in ECS.
        container_instance_arn: String,
        /// Its status.
        status: InstanceStatus,
        /// Whether ECS is connected to its agent.
        agent_connected: bool,
    },
    /// An instance of a group is in a new lifecycle state.
    Lifecycle {
        /// The instance.
        instance: String,
        /// The group of the instance.
        group: String,
        /// For example `Terminating:Wait`.
        state: String,
    },
    /// Something happened to a lifecycle action.
    Hook {
        /// The instance.
        instance: String,
        /// The group of the instance.
        group: String,
        /// The hook's name.
        hook: String,
        /// What happened to the lifecycle action.
        what: HookStep,
    },
    /// An event was delivered.
    Event {
        /// The event.
        event: Value,
    },
    /// A parameter was written or deleted.
    Parameter {
        /// Its name.
        name: String,
        /// Its version, the last one if it was deleted.
        version: u64,
        /// Its value; none if it was deleted.
        value: Option<String>,
    },
}

impl What {
    /// The EC2 instance that it is about.
    #[must_use]
    pub fn instance(&self) -> Option<&str> {
        match self {
            What::TaskStatus { instance, .. }
            | What::ContainerStatus { instance, .. }
            | What::InstanceStatus { instance, .. }
            | What::Lifecycle { instance, .. }
            | What::Hook { instance, .. } => Some(instance),
            What::Call { .. } | What::Event { .. } | What::Parameter { .. } => None,
        }
    }
}

/// The tasks on `on` that the journal knows, each with its group and its last status.
#[must_use]
pub fn tasks_on<'a>(journal: &'a [Entry], on: &str) -> BTreeMap<&'a str, (&'a str, TaskStatus)> {
    let task = |entry: &'a Entry| match &entry.what {
        What::TaskStatus {
            task_arn,
            group,
            instance,
            status,
            ..
        } if instance == on => Some((task_arn.as_str(), (group.as_str(), *status))),
        _ => None,
    };
    journal.iter().filter_map(task).collect()
}

/// The ARNs of the tasks that have had a container of that name.
#[must_use]
pub fn tasks_with<'a>(journal: &'a [Entry], name: &str) -> BTreeSet<&'a str> {
    let task = |entry: &'a Entry| match &entry.what {
        What::ContainerStatus {
            task_arn, container, ..
        } if container == name => Some(task_arn.as_str()),
        _ => None,
    };
    journal.iter().filter_map(task).collect()
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// With a result.
    Ok,
    /// With an error.
    Error(ApiError),
}

impl Outcome {
    /// The outcome that an answer means.
    pub fn of(answer: &Result<Value, ApiError>) -> Outcome {
        match answer {
            Ok(_) => Outcome::Ok,
            Err(error) => Outcome::Error(error.clone()),
        }
    }
}
