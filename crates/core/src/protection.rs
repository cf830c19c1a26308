//! A daemon task may be unprotected although it has a sidecar.
//!
//! A sidecar protects its daemon only while its container runs. The ECS agent restarts one that ends only if it has run
//! for `restartAttemptPeriod`, and takes no second try at an image that cannot be pulled; the daemon and its service
//! look well all the same. `DescribeTasks` shows it, some 3 to 21 s later.
//!
//! Only a task that is to run is judged. After the stop order a sidecar that has STOPPED is the normal end of a hold,
//! so what counts then is how the task was last seen before.

pub mod check;

use crate::aws::{ContainerHealth, ContainerStatus, TaskStatus};
use crate::limits::{QUOTED_CHARS_MAX, cut};
use crate::observation::{Container, Task};
use crate::policy::Policy;
use crate::unprotected::{UnprotectedDaemon, UnprotectedReason};

/// The unprotected daemon of a task.
#[must_use]
pub fn unprotected_daemon(task: &Task, reason: UnprotectedReason) -> UnprotectedDaemon {
    let service = task
        .service()
        .map_or_else(|| task.group_name(), ToString::to_string);
    UnprotectedDaemon {
        service: cut(&service, QUOTED_CHARS_MAX),
        reason,
    }
}

/// Why a task that has a sidecar is not protected by it; none if it is, or if that is not known.
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
        .filter_map(|task| Some(unprotected_daemon(task, unprotected_because(task, policy)?)));
    let mut found: Vec<UnprotectedDaemon> = judged.collect();
    found.sort();
    found.dedup();
    found
}

/// What is wrong with the sidecar of a task that runs. A status that ECS does not report, or that is new, is no fault.
fn fault_of(sidecar: &Container) -> Option<UnprotectedReason> {
    match (&sidecar.last_status, &sidecar.health) {
        _ if is_refused(sidecar) => Some(UnprotectedReason::SidecarNeverStarted),
        (Some(ContainerStatus::Stopped), _) => Some(UnprotectedReason::SidecarStopped),
        (Some(ContainerStatus::Running), Some(ContainerHealth::Unhealthy)) => {
            Some(UnprotectedReason::SidecarUnhealthy)
        }
        _ => None,
    }
}

/// Returns whether the agent could not get the sidecar's container to run.
pub(crate) fn is_refused(sidecar: &Container) -> bool {
    let started = match sidecar.last_status {
        None | Some(ContainerStatus::Pending | ContainerStatus::Stopped) => false,
        Some(_) => true,
    };
    !started && sidecar.reason.as_deref().is_some_and(is_refusal_to_start)
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
