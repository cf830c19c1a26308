//! One service.

use super::definition::TaskDefinition;
use super::keys::ServiceKey;
use super::percents::Percents;
use super::place_rules::PlaceRules;
use super::service_events::ServiceEvents;
use super::targets::LoadBalancer;
use super::task::Task;
use crate::status::{StopCode, TaskStatus};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
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

#[derive(Clone, Debug)]
pub(crate) struct EcsService {
    pub(crate) key: ServiceKey,
    pub(crate) arn: String,
    pub(crate) strategy: Strategy,
    /// How many replicas; of a daemon, unused.
    pub(crate) desired_count: usize,
    /// How it may replace its replicas, if the caller gave a deployment configuration.
    pub(crate) percents: Option<Percents>,
    /// Whether `deploymentCircuitBreaker` is enabled. A rollback is not modelled.
    pub(crate) circuit_breaker: bool,
    /// Where its tasks may be placed.
    pub(crate) place_rules: PlaceRules,
    /// The target groups in which its tasks are registered.
    pub(crate) balancers: Vec<LoadBalancer>,
    /// `healthCheckGracePeriodSeconds`, if given.
    pub(crate) grace_seconds: Option<i64>,
    /// What its scheduler has not said yet of its targets.
    pub(super) unsaid: Unsaid,
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
    /// How many of its tasks have failed to start since the last one that ran.
    pub(crate) failed: u32,
    /// When all its tasks ran and no older deployment was left, for the first time. What happens later does not undo that.
    pub(crate) completed_at: Option<Timestamp>,
    /// Whether the circuit breaker has ended it.
    pub(crate) is_broken: bool,
}

/// What has happened to the targets of a service since the scheduler looked last.
#[derive(Clone, Debug, Default)]
pub(super) struct Unsaid {
    /// So many were registered.
    pub(super) registered: usize,
    /// So many have begun to drain.
    pub(super) draining: usize,
    /// Instances of those whose health checks fail.
    pub(super) unhealthy: Vec<String>,
    /// Why tasks could not be started.
    pub(super) failures: Vec<String>,
    /// The deployment that the circuit breaker has ended.
    pub(super) broken: Option<String>,
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

impl Deployment {
    /// `rolloutState` and `rolloutStateReason`.
    pub(super) fn rollout(&self, newest: bool) -> (&'static str, String) {
        let id = &self.id;
        if self.is_broken {
            let reason = "ECS deployment circuit breaker: tasks failed to start.";
            return ("FAILED", reason.to_owned());
        }
        match self.completed_at.is_some() && newest {
            true => ("COMPLETED", format!("ECS deployment {id} completed.")),
            false => ("IN_PROGRESS", format!("ECS deployment {id} in progress.")),
        }
    }
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

    /// The newest deployment has reached a steady state.
    pub(super) fn complete(&mut self, now: Timestamp) {
        if let Some(newest) = self.deployments.first_mut() {
            newest.completed_at.get_or_insert(now);
        }
    }

    /// The circuit breaker ends the newest deployment after so many failed tasks, unless it had completed: half of the
    /// desired count, at least 3 and at most 200
    /// (<https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html>). Returns its id if
    /// that is new.
    fn trip(&mut self) -> Option<String> {
        let threshold = u32::try_from(self.desired_count.div_ceil(2).clamp(3, 200)).unwrap_or(u32::MAX);
        let on = self.circuit_breaker;
        let newest = self.deployments.first_mut()?;
        let trips = on && newest.failed >= threshold && newest.completed_at.is_none() && !newest.is_broken;
        newest.is_broken |= trips;
        trips.then(|| newest.id.clone())
    }

    /// Returns whether the circuit breaker has ended the newest deployment: it starts no more tasks.
    pub(super) fn is_broken(&self) -> bool {
        self.deployments.first().is_some_and(|newest| newest.is_broken)
    }

    /// How many replicas of the newest deployment are to be added.
    pub(super) fn missing(&self) -> usize {
        match (self.deleted, self.strategy) {
            (false, Strategy::Replica) => self.desired_count.saturating_sub(self.current().wanted),
            _ => 0,
        }
    }

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
        self.with_deployment(task, |one| one.failed = 0);
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
        if task.stop_code() == Some(StopCode::TaskFailedToStart) {
            self.with_deployment(task, |one| one.failed = one.failed.saturating_add(1));
            self.unsaid
                .failures
                .extend(task.start_failure().map(str::to_owned));
            self.unsaid.broken = self.trip().or(self.unsaid.broken.take());
        }
    }

    fn count(&mut self, task: &Task, change: impl FnOnce(&mut Tally)) {
        self.with_deployment(task, |deployment| change(&mut deployment.tally));
    }

    fn with_deployment(&mut self, task: &Task, change: impl FnOnce(&mut Deployment)) {
        let id = task.origin.started_by.as_ref();
        if let Some(deployment) = self.deployments.iter_mut().find(|one| Some(&one.id) == id) {
            change(deployment);
        }
    }

    /// An old deployment is over when its last task is.
    pub(super) fn retire_deployments(&mut self) {
        let mut newest = true;
        self.deployments
            .retain(|one| std::mem::take(&mut newest) || one.tally.alive > 0);
    }
}

impl Task {
    /// The service whose scheduler started the task, if it is still there.
    pub(crate) fn service_in<'s>(
        &self,
        services: &'s mut BTreeMap<ServiceKey, EcsService>,
    ) -> Option<&'s mut EcsService> {
        services.get_mut(self.origin.service.as_ref()?)
    }
}
