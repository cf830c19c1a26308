//! Which daemon tasks are not protected although they have a sidecar, and why.
//!
//! A sidecar protects its daemon only while its container runs. The ECS agent restarts one that ends only if it has run
//! for `restartAttemptPeriod`, and takes no second try at an image that cannot be pulled; the daemon and its service look
//! well all the same. `DescribeTasks` tells, some 3 to 21 s later.
//!
//! Only a task that is to run is judged. After the stop order a sidecar that has STOPPED is the normal end of a hold, so
//! what counts then is how the task was last seen before.

pub mod check;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::holding::group_of;
use crate::limits::{QUOTED_CHARS_MAX, cut};
use crate::observation::{Container, ContainerHealth, ContainerStatus, Task, TaskGroup, TaskStatus};
use crate::policy::Policy;

/// Why a daemon is not protected by its sidecar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UnprotectedReason {
    /// The sidecar's container has ended, and was not started again: nothing holds the daemon.
    SidecarStopped,
    /// The sidecar's container never started, mostly because its image cannot be pulled: nothing holds the daemon.
    SidecarNeverStarted,
    /// The sidecar runs, and its self-check has not passed: it would hold blindly, up to its `MAX_HOLD`.
    SidecarUnhealthy,
    /// A reason of a later version.
    #[serde(other)]
    Other,
}

impl fmt::Display for UnprotectedReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SidecarStopped => "its sidecar had stopped",
            Self::SidecarNeverStarted => "its sidecar had never started",
            Self::SidecarUnhealthy => {
                "its sidecar ran but was unhealthy, and would have held without reading its record"
            }
            Self::Other => "its sidecar did not protect it",
        })
    }
}

impl UnprotectedReason {
    /// What a person can do about it.
    #[must_use]
    pub fn hint(self) -> &'static str {
        match self {
            Self::SidecarStopped => {
                "nothing holds this daemon, and the agent does not start its sidecar again: read the exit code, then replace the task (stop-task, or update-service --force-new-deployment)"
            }
            Self::SidecarNeverStarted => {
                "nothing holds this daemon: correct what the detail says, then replace the task (stop-task, or update-service --force-new-deployment)"
            }
            Self::SidecarUnhealthy => {
                "this daemon would be held blindly, up to PROTECTOR_MAX_HOLD: the sidecar's self-check-failed line says which permission, endpoint or hop limit is missing"
            }
            Self::Other => "see the documentation of the version that has found it",
        }
    }
}

/// A daemon that was seen unprotected.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UnprotectedDaemon {
    /// Its service, or its task group if it is of none; cut to [`QUOTED_CHARS_MAX`] characters.
    pub service: String,
    /// Why it was not protected.
    pub reason: UnprotectedReason,
}

impl fmt::Display for UnprotectedDaemon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "daemon of service {} was not protected: {}",
            self.service, self.reason
        )
    }
}

impl UnprotectedDaemon {
    /// The daemon of a task.
    #[must_use]
    pub fn of(task: &Task, reason: UnprotectedReason) -> Self {
        let service = match &task.group {
            Some(TaskGroup::Service(name)) => name.to_string(),
            Some(TaskGroup::Other(_)) | None => group_of(task),
        };
        Self {
            service: cut(&service, QUOTED_CHARS_MAX),
            reason,
        }
    }
}

/// Why a task that has a sidecar is not protected by it; none if it is, or if nobody can tell.
///
/// A task without a container of the sidecar's name is not judged: not every daemon is to be protected.
#[must_use]
pub fn unprotected_because(task: &Task, policy: &Policy) -> Option<UnprotectedReason> {
    let sidecar = task.container(&policy.sidecar_container)?;
    match (&task.last_status, task.stopping) {
        (status, _) if status.is_final() => None,
        (_, true) => task.unprotected_before,
        (TaskStatus::Running, false) => fault_of(sidecar),
        (_, false) => None,
    }
}

/// The daemons among these tasks that are not protected: each service once for each reason, in their order.
#[must_use]
pub fn unprotected(tasks: &[Task], policy: &Policy) -> Vec<UnprotectedDaemon> {
    let judged = tasks
        .iter()
        .filter_map(|task| Some(UnprotectedDaemon::of(task, unprotected_because(task, policy)?)));
    let mut found: Vec<UnprotectedDaemon> = judged.collect();
    found.sort();
    found.dedup();
    found
}

/// What is wrong with the sidecar of a task that runs. A status that ECS does not tell, or that is new, is no fault.
fn fault_of(sidecar: &Container) -> Option<UnprotectedReason> {
    let refused = sidecar.reason.as_deref().is_some_and(is_refusal_to_start);
    match (&sidecar.last_status, &sidecar.health) {
        (None | Some(ContainerStatus::Pending | ContainerStatus::Stopped), _) if refused => {
            Some(UnprotectedReason::SidecarNeverStarted)
        }
        (Some(ContainerStatus::Stopped), _) => Some(UnprotectedReason::SidecarStopped),
        (Some(ContainerStatus::Running), Some(ContainerHealth::Unhealthy)) => {
            Some(UnprotectedReason::SidecarUnhealthy)
        }
        _ => None,
    }
}

/// The agent's errors for a container that it could not get to run, by their beginnings
/// (<https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html>); among them are
/// `CannotPullContainerError` and `CannotPullImageManifestError`.
fn is_refusal_to_start(reason: &str) -> bool {
    const ERRORS: [&str; 3] = ["CannotPull", "CannotCreate", "CannotStart"];
    ERRORS.iter().any(|error| reason.starts_with(error))
}

#[cfg(test)]
mod tests;
