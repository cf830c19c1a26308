//! Tasks that have ended show when a drain last held, and which daemons it did not protect.

use jiff::Timestamp;

use crate::aws::TaskStatus;
use crate::observation::{Task, containers_ended_at};
use crate::policy::Policy;
use crate::protection::{is_refused, unprotected_daemon};
use crate::unprotected::{UnprotectedDaemon, UnprotectedReason};

use super::{Judgement, judge};

/// When the last of the tasks that would hold was STOPPED, as far as ECS still reports it.
#[must_use]
pub fn last_stopped(tasks: &[Task], policy: &Policy) -> Option<Timestamp> {
    let stopped = would_have_held(tasks, policy);
    stopped.filter_map(|task| task.stopped_at).max()
}

/// When the last containers of the tasks that would hold had ended, as far as ECS still reports it, of those that were
/// STOPPED at `since` or later: until then they held.
#[must_use]
pub fn last_ended(tasks: &[Task], policy: &Policy, since: Timestamp) -> Option<Timestamp> {
    let stopped = would_have_held(tasks, policy);
    let held = stopped.filter(|task| task.stopped_at.is_some_and(|at| at >= since));
    held.filter_map(|task| containers_ended_at(task.execution_stopped_at, task.stopped_at))
        .max()
}

/// The tasks that are STOPPED and would hold if they were not.
fn would_have_held<'a>(tasks: &'a [Task], policy: &'a Policy) -> impl Iterator<Item = &'a Task> {
    let alive = |task: &Task| Task {
        last_status: TaskStatus::Running,
        ..task.clone()
    };
    let would_hold = move |task: &&Task| matches!(judge(&alive(task), policy), Judgement::Holds(_));
    let stopped = tasks.iter().filter(|task| task.last_status.is_final());
    stopped.filter(would_hold)
}

/// When a protected daemon first ended after `since` while a task held: tasks hold still, or the last of them ended
/// later. A daemon whose place another one has taken, as after a deployment, is not gone.
#[must_use]
pub fn daemon_gone(tasks: &[Task], policy: &Policy, since: Timestamp) -> Option<Timestamp> {
    let gone = irreplaceable(tasks, policy).filter(|task| task.last_status.is_final());
    let ends = gone.filter_map(|task| task.stopped_at);
    let first = ends.filter(|at| *at >= since).min()?;
    let holds = tasks
        .iter()
        .any(|task| matches!(judge(task, policy), Judgement::Holds(_)));
    let later = last_stopped(tasks, policy).is_some_and(|last| last > first);
    (holds || later).then_some(first)
}

/// The daemons that ECS has ordered to stop, or that have stopped since `since`, and whose sidecar ended with an error,
/// or had never started. While the drain holds, no sidecar ends otherwise than by leaving its daemon unprotected, and a
/// daemon that goes within seconds of the last task may be seen only when both have stopped.
#[must_use]
pub fn failed_sidecars(tasks: &[Task], policy: &Policy, since: Timestamp) -> Vec<UnprotectedDaemon> {
    let leaves = |task: &&Task| match task.stopped_at {
        Some(at) => at >= since,
        None => task.stopping,
    };
    let fault = |task: &Task| {
        let sidecar = task.container(&policy.sidecar_container)?;
        // A container without an exit code has never run, if the agent could report those of the task, or says why.
        let ran = task.containers.iter().any(|one| one.exit_code.is_some());
        let never = (task.last_status.is_final() && ran) || is_refused(sidecar);
        match sidecar.exit_code {
            Some(0) => None,
            Some(_) => Some(UnprotectedReason::SidecarFailed),
            None => never.then_some(UnprotectedReason::SidecarNeverStarted),
        }
    };
    let found = irreplaceable(tasks, policy).filter(leaves);
    found
        .filter_map(|task| Some(unprotected_daemon(task, fault(task)?)))
        .collect()
}

/// The protected tasks but those that have ended and whose place another one has taken.
fn irreplaceable<'a>(tasks: &'a [Task], policy: &'a Policy) -> impl Iterator<Item = &'a Task> {
    let protected = |task: &&Task| task.has_container(&policy.sidecar_container);
    let lives = |task: &Task| !task.last_status.is_final();
    let replaced = move |task: &Task| {
        let others = tasks.iter().filter(protected).filter(|other| lives(other));
        !lives(task) && others.clone().any(|other| other.group == task.group)
    };
    tasks.iter().filter(protected).filter(move |task| !replaced(task))
}
