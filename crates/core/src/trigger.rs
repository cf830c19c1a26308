//! The coordinator gets events of many shapes, which are parsed into our own types.
//!
//! An [`Event`] is one of three: a [`Trigger`], something that does not concern this deployment, or [`Malformed`],
//! which names the field. Shapes: EventBridge, SNS, SQS (plain, and SNS inside SQS), Auto Scaling's direct message to a
//! Lambda function, and operator commands by direct invocation.

mod command;
mod ecs;
mod envelope;
mod field;
mod hook;
mod ignored;
mod spot;

use std::fmt;

use jiff::Timestamp;
use serde::Serialize;

use crate::aws::{InstanceStatus, TaskStatus};
use crate::ids::{
    AutoScalingGroupName, ClusterName, ContainerInstanceArn, ContainerName, InstanceId, LifecycleActionToken,
    LifecycleHookName, TaskArn,
};
use crate::limits::{MESSAGE_CHARS_MAX, QUOTED_CHARS_MAX, cut};

pub use command::{Command, Order};
pub use envelope::{Delivery, SqsMessage, parse};
pub use ignored::IgnoredEvent;

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
    /// The schedule has its minute: reconcile everything.
    Tick,
    /// The schedule of the heartbeats.
    Heartbeats,
    /// A person's order for one instance.
    Operator(Command),
}

impl Trigger {
    /// The kind of the trigger.
    #[must_use]
    pub fn kind(&self) -> TriggerKind {
        match self {
            Trigger::Hook(_) => TriggerKind::Hook,
            Trigger::Task(_) => TriggerKind::Task,
            Trigger::Instance(_) => TriggerKind::Instance,
            Trigger::Spot(_) => TriggerKind::Spot,
            Trigger::Tick => TriggerKind::Tick,
            Trigger::Heartbeats => TriggerKind::Heartbeats,
            Trigger::Operator(_) => TriggerKind::Operator,
        }
    }
}

/// What makes the coordinator look at an instance. Log lines have its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TriggerKind {
    /// [`Trigger::Hook`].
    Hook,
    /// [`Trigger::Task`].
    Task,
    /// [`Trigger::Instance`].
    Instance,
    /// [`Trigger::Spot`].
    Spot,
    /// [`Trigger::Tick`].
    Tick,
    /// [`Trigger::Heartbeats`].
    Heartbeats,
    /// [`Trigger::Operator`].
    Operator,
    /// No event: the coordinator itself scheduled this look earlier.
    Due,
}

impl fmt::Display for TriggerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
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
    /// When the wait began, if the message contains it.
    pub since: Option<Timestamp>,
}

/// ECS says that a task's status changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskChange {
    /// The cluster of the task.
    pub cluster: ClusterName,
    /// The container instance on which it runs.
    pub container_instance: ContainerInstanceArn,
    /// The task that has changed.
    pub task: TaskArn,
    /// Its status after the change.
    pub last_status: TaskStatus,
    /// Its containers that have ended, and their exit codes.
    pub exits: Vec<(ContainerName, i64)>,
    /// When its containers had ended, as far as [`execution_end`](crate::observation::execution_end) knows it.
    pub execution_stopped_at: Option<Timestamp>,
    /// When it was STOPPED, if the event says so.
    pub stopped_at: Option<Timestamp>,
}

/// ECS says that a container instance changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstanceChange {
    /// The cluster of the container instance.
    pub cluster: ClusterName,
    /// The registration that has changed.
    pub container_instance: ContainerInstanceArn,
    /// The EC2 instance under it.
    pub instance: InstanceId,
    /// Its status after the change.
    pub status: InstanceStatus,
}

/// EC2 says that it takes an instance back in two minutes: a Spot instance, or one of an interruptible capacity
/// reservation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpotNotice {
    /// The EC2 instance that is to be taken back.
    pub instance: InstanceId,
    /// When EC2 sent the notice, by the event's own time; if the event names the end, two minutes before it.
    pub at: Timestamp,
}

/// An event that is not what its shape promises. Trying it again would not fix it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("malformed event: {field}: {problem}")]
pub struct Malformed {
    /// Path of the offending field, for example `detail.EC2InstanceId`.
    pub field: String,
    /// What is wrong with it.
    pub problem: String,
    /// The sender of the event.
    pub sender: Sender,
}

/// The sender of an event: it decides who learns of a mistake in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sender {
    /// A service of AWS. An error would only make it send the same event again.
    Service,
    /// A person. An error says what they must correct.
    Operator,
}

impl Malformed {
    /// The field, and what is wrong with it, both cut to a length that is safe to log.
    fn new(field: &str, problem: &str) -> Self {
        Self {
            field: cut(field, QUOTED_CHARS_MAX),
            problem: cut(problem, MESSAGE_CHARS_MAX),
            sender: Sender::Service,
        }
    }
}

/// What one event is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Something to act on.
    Trigger(Trigger),
    /// The event does not concern this deployment. This is a success.
    Ignored(IgnoredEvent),
    /// The event does not have the shape that its type requires.
    Malformed(Malformed),
}

impl Event {
    /// Returns whether equal events cost one look. An event says that something may have changed, and a look sees what is;
    /// orders count in their sequence, and each message that is not ours has its line.
    #[must_use]
    pub fn is_idempotent(&self) -> bool {
        matches!(self, Event::Trigger(trigger) if !matches!(trigger, Trigger::Operator(_)))
    }

    /// What is wrong with the event, if it is malformed.
    #[must_use]
    pub fn malformed(&self) -> Option<&Malformed> {
        match self {
            Event::Malformed(malformed) => Some(malformed),
            Event::Trigger(_) | Event::Ignored(_) => None,
        }
    }
}

impl From<Parsed> for Event {
    fn from(parsed: Parsed) -> Event {
        parsed.unwrap_or_else(Event::Malformed)
    }
}

/// The result of a parser that ends at the first malformed field. It becomes an [`Event`].
type Parsed = Result<Event, Malformed>;

#[cfg(test)]
mod tests;
