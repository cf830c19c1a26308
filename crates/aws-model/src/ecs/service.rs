//! One service.

use super::definition::TaskDefinition;
use super::keys::ServiceKey;
use super::percents::Percents;
use super::service_events::ServiceEvents;
use super::task::Task;
use crate::status::{StopCode, TaskStatus};
use jiff::Timestamp;
use std::collections::BTreeSet;
use std::sync::Arc;

/// `schedulingStrategy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Strategy {
    /// So many tasks, somewhere.
    Replica,
    /// One task on each instance.
    Daemon,
}

impl Strategy {
    /// As the API writes it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Strategy::Replica => "REPLICA",
            Strategy::Daemon => "DAEMON",
        }
    }
}

/// A service.
#[derive(Clone, Debug)]
pub(crate) struct EcsService {
    pub(crate) key: ServiceKey,
    pub(crate) arn: String,
    pub(crate) strategy: Strategy,
    /// How many replicas; of a daemon, unused.
    pub(crate) desired_count: usize,
    /// How it may replace its replicas, if the caller gave a deployment configuration.
    pub(crate) percents: Option<Percents>,
    /// The events of its scheduler.
    pub(crate) events: ServiceEvents,
    /// Whether it has been deleted.
    pub(crate) deleted: bool,
    pub(crate) created_at: Timestamp,
    /// The newest first; older ones as long as they have tasks.
    pub(crate) deployments: Vec<Deployment>,
    /// ARNs of its tasks that are not STOPPED.
    pub(crate) tasks: BTreeSet<String>,
    /// Of a daemon: ARNs of the instances those are on.
    pub(super) served: BTreeSet<String>,
    /// Whether there was no room for a task at the last look.
    pub(super) is_short: bool,
    /// How many of its tasks in a row failed before they were RUNNING.
    pub(super) failures: u32,
    /// Whether a look at it is already due.
    pub(super) schedule_is_due: bool,
}

/// A rollout of one task definition.
#[derive(Clone, Debug)]
pub(crate) struct Deployment {
    /// `ecs-svc/…`, in `startedBy` of its tasks.
    pub(crate) id: String,
    pub(crate) definition: Arc<TaskDefinition>,
    pub(crate) created_at: Timestamp,
    /// How many tasks it has.
    pub(crate) tally: Tally,
}

/// Counts of tasks. They are kept, not counted again each time, because thousands of tasks come and go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Not STOPPED.
    pub(crate) alive: usize,
    /// Of these, those that are to run.
    pub(crate) wanted: usize,
    /// Of these, those that are RUNNING.
    pub(crate) running: usize,
}

impl EcsService {
    /// `group` of its tasks.
    pub(crate) fn group(&self) -> String {
        format!("service:{}", self.key.1)
    }

    /// Returns whether this task belongs to the newest deployment.
    pub(super) fn is_current(&self, task: &Task) -> bool {
        self.deployments.first().map(|deployment| &deployment.id) == task.origin.started_by.as_ref()
    }

    /// Counts of the newest deployment.
    pub(super) fn current(&self) -> Tally {
        self.deployments
            .first()
            .map(|deployment| deployment.tally)
            .unwrap_or_default()
    }

    /// How many tasks of older deployments are to run.
    pub(super) fn outdated(&self) -> usize {
        self.deployments
            .iter()
            .skip(1)
            .map(|deployment| deployment.tally.wanted)
            .sum()
    }

    /// Counts of all deployments.
    pub(super) fn total(&self) -> Tally {
        self.deployments.iter().fold(Tally::default(), |sum, one| Tally {
            alive: sum.alive + one.tally.alive,
            wanted: sum.wanted + one.tally.wanted,
            running: sum.running + one.tally.running,
        })
    }

    /// How many replicas of the newest deployment are to be added.
    pub(super) fn missing(&self) -> usize {
        match (self.deleted, self.strategy) {
            (false, Strategy::Replica) => self.desired_count.saturating_sub(self.current().wanted),
            _ => 0,
        }
    }

    /// A task was placed.
    pub(super) fn placed(&mut self, task: &Task) {
        self.tasks.insert(task.arn.clone());
        if self.strategy == Strategy::Daemon {
            self.served.insert(task.instance.clone());
        }
        self.count(task, |tally| {
            tally.alive += 1;
            tally.wanted += 1;
        });
    }

    /// A task that is to run is RUNNING.
    pub(super) fn runs(&mut self, task: &Task) {
        self.failures = 0;
        self.count(task, |tally| tally.running += 1);
    }

    /// A task is no longer to run.
    pub(super) fn unwanted(&mut self, task: &Task) {
        let running = usize::from(task.last_status == TaskStatus::Running);
        self.count(task, |tally| {
            tally.wanted = tally.wanted.saturating_sub(1);
            tally.running = tally.running.saturating_sub(running);
        });
    }

    /// A task is STOPPED. It counts as a failure if no caller asked for the stop before the task ran.
    pub(super) fn gone(&mut self, task: &Task) {
        self.tasks.remove(&task.arn);
        self.served.remove(&task.instance);
        self.count(task, |tally| tally.alive = tally.alive.saturating_sub(1));
        self.failures = match task.stop_code() {
            Some(StopCode::TaskFailedToStart) => self.failures.saturating_add(1),
            _ => 0,
        };
    }

    fn count(&mut self, task: &Task, change: impl FnOnce(&mut Tally)) {
        let id = task.origin.started_by.as_ref();
        if let Some(deployment) = self.deployments.iter_mut().find(|one| Some(&one.id) == id) {
            change(&mut deployment.tally);
        }
    }

    /// An old deployment is over when its last task is.
    pub(super) fn retire_deployments(&mut self) {
        let mut newest = true;
        self.deployments
            .retain(|one| std::mem::take(&mut newest) || one.tally.alive > 0);
    }
}
