//! A task as ECS knows it, with what of it runs on its machine.

use super::daemon::DaemonState;
use super::facts::Cause;
use super::ids::{HostId, RegistrationId};
use super::status::{Process, TaskStatus};
use crate::scenario::{self, Ms};

/// A task.
#[derive(Debug)]
pub struct Task {
    /// Its ARN.
    pub arn: String,
    /// Where it was placed.
    pub registration: RegistrationId,
    /// On which machine.
    pub host: HostId,
    /// Its service.
    pub service: Option<usize>,
    /// Was its service a daemon service when it was started?
    pub daemon_task: bool,
    /// Its group.
    pub group: String,
    /// Where it is.
    pub status: TaskStatus,
    /// Since when.
    pub since: Ms,
    /// Is it to be STOPPED?
    pub told: Option<(Ms, Cause)>,
    /// Is anything of it left on the machine?
    pub process: Process,
    /// How it behaves.
    pub plan: scenario::TaskSpec,
    /// What runs in it, if it is a daemon's.
    pub daemon: Option<Box<DaemonState>>,
    /// It is a managed daemon's, or another task of a Managed Instance.
    pub managed: bool,
}

impl Task {
    /// Is it on the way, or there: `lastStatus` is not STOPPED?
    #[must_use]
    pub fn is_alive(&self) -> bool {
        self.status != TaskStatus::Stopped
    }
}
