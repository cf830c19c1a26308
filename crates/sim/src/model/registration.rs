//! A container instance as ECS knows it.

use super::ids::{HostId, TaskId};
use super::status::InstanceStatus;
use crate::scenario::Ms;

/// A machine in a cluster: a container instance.
#[derive(Debug, Clone)]
pub struct Registration {
    /// Its ARN.
    pub arn: String,
    /// Its cluster.
    pub cluster: usize,
    /// Its machine.
    pub host: HostId,
    /// Its status.
    pub status: InstanceStatus,
    /// Its status before, and since when it is past.
    pub before: (InstanceStatus, Ms),
    /// Whether ECS is connected to its agent.
    pub connected: bool,
    /// When its agent last connected or disconnected.
    pub connected_since: Ms,
    /// Its tasks, stopped ones among them.
    pub tasks: Vec<TaskId>,
    /// Whether its agent never comes back.
    pub leftover: bool,
}
