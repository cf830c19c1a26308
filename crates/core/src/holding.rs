//! Tasks hold an instance, each for a reason.
//!
//! A task holds unless one of a few reasons says that it does not. Whatever is not understood holds (P2).

mod ended;

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;

use crate::aws::Scheduling;
use crate::ids::{ServiceName, TaskArn};
use crate::limits::HELD_BY_MAX;
use crate::observation::{SeenTasks, Task};
use crate::policy::{Policy, StandaloneTasks};
use crate::protection::{unprotected, unprotected_because};
use crate::record::HeldBy;
use crate::unprotected::UnprotectedDaemon;

pub use ended::{daemon_gone, failed_sidecars, last_ended, last_stopped};

/// Whether a task holds, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judgement {
    /// It must be STOPPED before the daemons may go.
    Holds(Holds),
    /// The task does not hold.
    Free(Free),
}

/// Why a task holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// A task of a REPLICA service.
    Replica,
    /// A task of no service: DRAINING leaves it alone, it ends by itself or at the deadline.
    Standalone,
    /// It is not known how it is scheduled.
    Unknown,
}

/// Why a task does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Free {
    /// The task has ended.
    Stopped,
    /// A task of a DAEMON service.
    Daemon,
    /// It has a sidecar of ours: whatever its service, it is what we protect.
    Protected,
    /// The operator ignores its group.
    IgnoredGroup,
    /// A task of no service, and the operator does not wait for those.
    IgnoredStandalone,
}

impl fmt::Display for Judgement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Judgement::Holds(Holds::Replica) => "holds: replica task not STOPPED",
            Judgement::Holds(Holds::Standalone) => "holds: standalone task not STOPPED",
            Judgement::Holds(Holds::Unknown) => "holds: its scheduling is not known",
            Judgement::Free(Free::Stopped) => "free: STOPPED",
            Judgement::Free(Free::Daemon) => "free: task of a DAEMON service",
            Judgement::Free(Free::Protected) => "free: it has a sidecar",
            Judgement::Free(Free::IgnoredGroup) => "free: its group is ignored",
            Judgement::Free(Free::IgnoredStandalone) => "free: standalone tasks are ignored",
        })
    }
}

/// Judges one task.
#[must_use]
pub fn judge(task: &Task, policy: &Policy) -> Judgement {
    if task.last_status.is_final() {
        return Judgement::Free(Free::Stopped);
    }
    if task.has_container(&policy.sidecar_container) {
        return Judgement::Free(Free::Protected);
    }
    if task.scheduling == Scheduling::Daemon {
        return Judgement::Free(Free::Daemon);
    }
    if task
        .group
        .as_ref()
        .is_some_and(|group| policy.ignore_groups.contains(group))
    {
        return Judgement::Free(Free::IgnoredGroup);
    }
    if task.scheduling == Scheduling::Standalone && policy.standalone_tasks == StandaloneTasks::Ignore {
        return Judgement::Free(Free::IgnoredStandalone);
    }
    Judgement::Holds(match task.scheduling {
        Scheduling::Replica => Holds::Replica,
        Scheduling::Standalone => Holds::Standalone,
        Scheduling::Daemon | Scheduling::Unknown => Holds::Unknown,
    })
}

/// The tasks of one instance, sorted by what they mean for its drain.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Census {
    /// Tasks that hold.
    pub holding: Vec<TaskArn>,
    /// Daemon and protected tasks that have not ended.
    pub daemons: Vec<TaskArn>,
    /// Services of those, in the same order; a task of no service has none.
    pub daemon_services: Vec<Option<ServiceName>>,
    /// Tasks that hold, are of no service, and have not been ordered to stop.
    pub standalone_to_stop: Vec<TaskArn>,
    /// Tasks that hold and have not been ordered to stop.
    pub to_stop: Vec<TaskArn>,
    /// How many of the tasks that hold are on a registration whose agent is connected.
    pub reachable: usize,
    /// How many tasks that have not ended have a sidecar that protects them.
    pub sidecars: u32,
    /// The daemons that have a sidecar and are not protected by it.
    pub unprotected: Vec<UnprotectedDaemon>,
    /// Who holds, the largest groups first, at most [`HELD_BY_MAX`].
    pub held_by: Vec<HeldBy>,
}

impl Census {
    /// Returns how many tasks hold.
    #[must_use]
    pub fn remaining(&self) -> u32 {
        u32::try_from(self.holding.len()).unwrap_or(u32::MAX)
    }
}

/// Sorts the tasks of an instance, if enough is known of them. Of a drain that has flushed none holds, and no daemon is
/// left.
#[must_use]
pub fn census_of(tasks: &SeenTasks, policy: &Policy) -> Option<Census> {
    match tasks {
        SeenTasks::Read(read) => read.as_yes().map(|tasks| census(tasks, policy)),
        SeenTasks::Flushed => Some(Census::default()),
    }
}

/// Sorts all tasks of an instance.
#[must_use]
pub fn census(tasks: &[Task], policy: &Policy) -> Census {
    let judged = |wanted: fn(Judgement) -> bool| move |task: &&Task| wanted(judge(task, policy));
    let holding: Vec<&Task> = tasks
        .iter()
        .filter(judged(|j| matches!(j, Judgement::Holds(_))))
        .collect();
    let kept = |j| matches!(j, Judgement::Free(Free::Daemon | Free::Protected));
    let daemons: Vec<&Task> = tasks.iter().filter(judged(kept)).collect();
    let sidecars = daemons
        .iter()
        .filter(|task| task.has_container(&policy.sidecar_container))
        .filter(|task| unprotected_because(task, policy).is_none())
        .count();
    Census {
        held_by: held_by(&holding),
        reachable: holding.iter().filter(|task| task.agent_connected).count(),
        holding: holding.iter().map(|task| task.arn.clone()).collect(),
        daemon_services: daemons.iter().map(|task| task.service().cloned()).collect(),
        standalone_to_stop: to_stop(&holding, |task| task.scheduling == Scheduling::Standalone),
        to_stop: to_stop(&holding, |_| true),
        daemons: daemons.iter().map(|task| task.arn.clone()).collect(),
        sidecars: u32::try_from(sidecars).unwrap_or(u32::MAX),
        unprotected: unprotected(tasks, policy),
    }
}

fn to_stop(holding: &[&Task], wanted: fn(&Task) -> bool) -> Vec<TaskArn> {
    let wanted = holding.iter().filter(|task| !task.stopping && wanted(task));
    wanted.map(|task| task.arn.clone()).collect()
}

/// Counts by group; in a group, the status that most tasks are in stands for all.
fn held_by(holding: &[&Task]) -> Vec<HeldBy> {
    let mut groups: BTreeMap<String, Vec<&Task>> = BTreeMap::new();
    for task in holding {
        groups.entry(task.group_name()).or_default().push(task);
    }
    let mut held_by: Vec<HeldBy> = groups
        .into_iter()
        .map(|(group, tasks)| one_group(group, &tasks))
        .collect();
    held_by.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.group.cmp(&b.group)));
    held_by.truncate(HELD_BY_MAX);
    held_by
}

fn one_group(group: String, tasks: &[&Task]) -> HeldBy {
    let mut statuses: BTreeMap<String, u32> = BTreeMap::new();
    for task in tasks {
        *statuses.entry(task.last_status.to_string()).or_default() += 1;
    }
    let most = statuses.iter().max_by_key(|(_, count)| **count);
    let protected: Vec<Timestamp> = tasks.iter().filter_map(|task| task.protected_until).collect();
    HeldBy {
        group,
        count: statuses.values().sum(),
        last_status: most.map(|(status, _)| status.clone()).unwrap_or_default(),
        protected: u32::try_from(protected.len()).unwrap_or(u32::MAX),
        protected_until: protected.into_iter().max(),
    }
}

#[cfg(test)]
mod tests;
