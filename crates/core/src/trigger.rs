//! What wakes the coordinator: every event shape it is sent, parsed into our own types.
//!
//! An event is one of three: a [`Trigger`], something that is none of our business ([`Ignored`], with the reason),
//! or [`Malformed`], which names the field. Shapes: EventBridge, SNS, SQS (plain, and SNS inside SQS), Auto Scaling's
//! direct message to a Lambda function, and operator commands by direct invocation.

mod command;
mod ecs;
mod envelope;
mod field;
mod hook;
mod spot;

use jiff::Timestamp;

use crate::aws::{InstanceStatus, TaskStatus};
use crate::ids::{
    AutoScalingGroupName, ClusterName, ContainerInstanceArn, ContainerName, InstanceId, LifecycleActionToken,
    LifecycleHookName, TaskArn,
};
use crate::limits::{MESSAGE_CHARS_MAX, QUOTED_CHARS_MAX, cut};

pub use command::{Command, Order};
pub use envelope::{Delivery, SqsMessage, is_order, parse};

/// Something to act on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trigger {
    /// A lifecycle hook waits for an instance that Auto Scaling takes away.
    Hook(HookNotice),
    /// A task on a container instance changed.
    Task(TaskChange),
    /// A container instance changed.
    Instance(InstanceChange),
    /// EC2 takes a Spot instance back.
    Spot(SpotNotice),
    /// The schedule.
    Tick,
    /// The schedule of the heartbeats.
    Heartbeats,
    /// A person's order for one instance.
    Operator(Command),
}

impl Trigger {
    /// The trigger's kind, as logs and metrics name it.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Trigger::Hook(_) => "hook",
            Trigger::Task(_) => "task",
            Trigger::Instance(_) => "instance",
            Trigger::Spot(_) => "spot",
            Trigger::Tick => "tick",
            Trigger::Heartbeats => "heartbeats",
            Trigger::Operator(_) => "operator",
        }
    }
}

/// Auto Scaling says that a hook waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookNotice {
    /// The instance that is taken away.
    pub instance: InstanceId,
    /// Its Auto Scaling group.
    pub group: AutoScalingGroupName,
    /// The hook that waits.
    pub hook: LifecycleHookName,
    /// Names this waiting.
    pub token: LifecycleActionToken,
    /// When the wait began, if the message says so.
    pub since: Option<Timestamp>,
}

/// ECS says that a task's status changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskChange {
    /// The cluster of the task.
    pub cluster: ClusterName,
    /// The container instance on which it runs.
    pub container_instance: ContainerInstanceArn,
    /// The task.
    pub task: TaskArn,
    /// Its status now.
    pub last_status: TaskStatus,
    /// Its containers that have ended, and their exit codes.
    pub exits: Vec<(ContainerName, i64)>,
}

/// ECS says that a container instance changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstanceChange {
    /// The cluster of the container instance.
    pub cluster: ClusterName,
    /// The container instance.
    pub container_instance: ContainerInstanceArn,
    /// The EC2 instance under it.
    pub instance: InstanceId,
    /// Its status now.
    pub status: InstanceStatus,
}

/// EC2 says that it takes an instance back in two minutes: a Spot instance, or one of an interruptible capacity
/// reservation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpotNotice {
    /// The instance.
    pub instance: InstanceId,
    /// When EC2 said so, by the event's own time; if the event names the end, two minutes before it.
    pub at: Timestamp,
}

/// An event that is no business of ours, and why. It is a success: one log line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ignored(pub String);

/// An event that is not what its shape promises. Trying it again would not fix it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("malformed event: {field}: {problem}")]
pub struct Malformed {
    /// Path of the offending field, for example `detail.EC2InstanceId`.
    pub field: String,
    /// What is wrong with it.
    pub problem: String,
}

impl Malformed {
    /// The field, and what is wrong with it, both cut to a length that is safe to log.
    fn new(field: &str, problem: &str) -> Self {
        Self {
            field: cut(field, QUOTED_CHARS_MAX),
            problem: cut(problem, MESSAGE_CHARS_MAX),
        }
    }
}

/// What one event is.
pub type Parsed = Result<Result<Trigger, Ignored>, Malformed>;

#[cfg(test)]
mod tests;
