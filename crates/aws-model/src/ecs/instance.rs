//! One container instance.

use super::definition::Resources;
use crate::status::InstanceStatus;
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
    /// Increases with every change that ECS reports.
    pub(crate) version: u64,
    /// What it has, and what tasks that are not STOPPED leave of it.
    pub(crate) registered: Resources,
    pub(crate) remaining: Resources,
    /// How many tasks are on it that are not STOPPED.
    pub(crate) alive: usize,
    /// ARNs of its tasks, those that have stopped lately among them.
    pub(crate) tasks: BTreeSet<String>,
    /// Whether a look at its drain is already due.
    pub(super) drain_is_due: bool,
}

impl ContainerInstance {
    /// Returns whether the scheduler may place tasks on the instance.
    pub(crate) fn takes_tasks(&self) -> bool {
        self.status == InstanceStatus::Active && self.agent_connected
    }

    /// Returns whether its agent is connected.
    pub(crate) fn hears_from_agent(&self) -> bool {
        self.agent_connected
    }

    /// Returns whether the instance has room for a task of this size.
    pub(crate) fn fits(&self, task: Resources) -> bool {
        self.room_for(task) > 0
    }

    /// The number of tasks of this size for which the instance has room.
    pub(crate) fn room_for(&self, task: Resources) -> u32 {
        let times = |has: u32, takes: u32| has.checked_div(takes).unwrap_or(u32::MAX);
        times(self.remaining.cpu, task.cpu).min(times(self.remaining.memory, task.memory))
    }

    /// A task of this size was placed.
    pub(super) fn take(&mut self, task: Resources) {
        self.alive += 1;
        self.remaining.cpu = self.remaining.cpu.saturating_sub(task.cpu);
        self.remaining.memory = self.remaining.memory.saturating_sub(task.memory);
    }

    /// A task of this size has ended.
    pub(super) fn give_back(&mut self, task: Resources) {
        self.alive = self.alive.saturating_sub(1);
        self.remaining.cpu = (self.remaining.cpu + task.cpu).min(self.registered.cpu);
        self.remaining.memory = (self.remaining.memory + task.memory).min(self.registered.memory);
    }
}
