//! One container instance.

use super::definition::Resources;
use super::status::InstanceStatus;
use jiff::Timestamp;
use std::collections::BTreeSet;

/// An EC2 instance as ECS knows it.
#[derive(Clone, Debug)]
pub(crate) struct ContainerInstance {
    pub(crate) arn: String,
    /// The EC2 id.
    pub(crate) host: String,
    pub(crate) cluster: String,
    pub(crate) zone: String,
    pub(crate) status: InstanceStatus,
    pub(crate) agent_connected: bool,
    pub(crate) registered_at: Timestamp,
    /// Grows with every change that ECS tells.
    pub(crate) version: u64,
    /// What it has, and what tasks that are not STOPPED leave of it.
    pub(crate) registered: Resources,
    pub(crate) remaining: Resources,
    /// ARNs of its tasks, those that have stopped lately among them.
    pub(crate) tasks: BTreeSet<String>,
    /// Is a look at its drain already due?
    pub(super) drain_is_due: bool,
}

impl ContainerInstance {
    /// May the scheduler place tasks on it?
    pub(crate) fn takes_tasks(&self) -> bool {
        self.status == InstanceStatus::Active && self.agent_connected
    }

    /// Is its agent connected?
    pub(crate) fn hears_from_agent(&self) -> bool {
        self.agent_connected
    }

    /// Has it room for a task of this size?
    pub(crate) fn fits(&self, task: Resources) -> bool {
        task.cpu <= self.remaining.cpu && task.memory <= self.remaining.memory
    }

    /// A task of this size came.
    pub(super) fn take(&mut self, task: Resources) {
        self.remaining.cpu = self.remaining.cpu.saturating_sub(task.cpu);
        self.remaining.memory = self.remaining.memory.saturating_sub(task.memory);
    }

    /// A task of this size went.
    pub(super) fn give_back(&mut self, task: Resources) {
        self.remaining.cpu = (self.remaining.cpu + task.cpu).min(self.registered.cpu);
        self.remaining.memory = (self.remaining.memory + task.memory).min(self.registered.memory);
    }
}
