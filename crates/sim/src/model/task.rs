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
    /// Whether its service was a daemon service when the task was started.
    pub daemon_task: bool,
    /// Its group.
    pub group: String,
    /// When it was placed.
    pub created: Ms,
    /// Where it is.
    pub status: TaskStatus,
    /// When its status last changed.
    pub since: Ms,
    /// When its containers had ended, as the agent reports it; none if no agent has seen that.
    pub execution_stopped: Option<Ms>,
    /// When its desired status became STOPPED, and why; none if it is to run.
    pub notified: Option<(Ms, Cause)>,
    /// Whether any of it is left on the machine.
    pub process: Process,
    /// How it behaves.
    pub plan: scenario::TaskSpec,
    /// What runs in it, if it is a daemon's.
    pub daemon: Option<Box<DaemonState>>,
    /// It is a managed daemon's, or another task of a Managed Instance.
    pub managed: bool,
}

impl Task {
    /// When its containers had ended, if ECS has learned it.
    #[must_use]
    pub fn reported_end(&self) -> Option<Ms> {
        let reported = matches!(self.status, TaskStatus::Deprovisioning | TaskStatus::Stopped);
        self.execution_stopped.filter(|_| reported)
    }

    /// Returns whether its `lastStatus` is not STOPPED.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        self.status != TaskStatus::Stopped
    }

    /// Returns whether it is a daemon's that has ended, and the agent could report it.
    #[must_use]
    pub fn has_reported_its_end(&self) -> bool {
        let ended = self.daemon.as_ref().and_then(|daemon| daemon.daemon_end);
        !self.is_alive() && ended.is_some_and(|at| at > 0)
    }

    /// What runs in it, if that is a daemon with a sidecar of the product.
    #[must_use]
    pub fn with_sidecar(&self) -> Option<&DaemonState> {
        self.daemon.as_deref().filter(|daemon| daemon.has_sidecar())
    }
}
