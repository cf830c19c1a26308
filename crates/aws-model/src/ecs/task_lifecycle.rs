//! The statuses of a task in their order, as the backend of ECS sets them.

use super::service::Unsaid;
use super::task::{Stop, Task};
use super::{Ecs, EcsTimer};
use crate::journal::What;
use crate::status::{DesiredStatus, InstanceStatus, StopCode, TaskStatus};
use crate::time::later;
use jiff::Timestamp;
use std::time::Duration;

impl Ecs {
    /// A task has been long enough in the status `from`, if it still is in it.
    pub(super) fn walk(&mut self, now: Timestamp, arn: &str, from: TaskStatus) {
        if self.tasks.get(arn).is_none_or(|task| task.last_status != from) {
            return;
        }
        match from {
            TaskStatus::Provisioning => self.enter(now, arn, TaskStatus::Pending),
            TaskStatus::Pending => self.tell_agent(now, arn, DesiredStatus::Running),
            TaskStatus::Activating => self.enter(now, arn, TaskStatus::Running),
            TaskStatus::Deactivating => self.enter(now, arn, TaskStatus::Stopping),
            TaskStatus::Stopping => self.tell_agent(now, arn, DesiredStatus::Stopped),
            TaskStatus::Deprovisioning => self.enter(now, arn, TaskStatus::Stopped),
            TaskStatus::Running | TaskStatus::Stopped => {}
        }
    }

    /// Moves a task to a status, reports it, and sets what follows.
    pub(super) fn enter(&mut self, now: Timestamp, arn: &str, status: TaskStatus) {
        let Some(task) = self.tasks.get_mut(arn) else {
            return;
        };
        task.last_status = status;
        match status {
            TaskStatus::Running => task.times.started = Some(now),
            TaskStatus::Deprovisioning => task.times.execution_stopped = Some(now),
            TaskStatus::Stopped => task.times.stopped = Some(now),
            _ => {}
        }
        self.task_changed(now, arn);
        if let Some(stay) = self.stay(arn, status) {
            self.timers.push(
                later(now, stay),
                EcsTimer::Walk {
                    task: arn.to_owned(),
                    from: status,
                },
            );
        }
        self.entered(now, arn, status);
    }

    /// How long a task stays in a status that ends by itself.
    fn stay(&self, arn: &str, status: TaskStatus) -> Option<Duration> {
        let timings = &self.config.timings;
        match status {
            TaskStatus::Provisioning => Some(timings.provisioning),
            TaskStatus::Pending => Some(timings.pending),
            TaskStatus::Activating => Some(timings.activating),
            TaskStatus::Deactivating => self.tasks.get(arn).map(|task| self.deactivating(task)),
            TaskStatus::Stopping => Some(timings.stopping),
            TaskStatus::Deprovisioning => Some(timings.deprovisioning),
            TaskStatus::Running | TaskStatus::Stopped => None,
        }
    }

    /// What a new status means for the rest of ECS.
    fn entered(&mut self, now: Timestamp, arn: &str, status: TaskStatus) {
        let Some(task) = self.tasks.get(arn) else { return };
        let instance = task.instance.clone();
        match status {
            TaskStatus::Stopped => self.task_gone(now, arn),
            TaskStatus::Running => self.runs(now, arn),
            TaskStatus::Deactivating => self.target_changed(arn, |unsaid, _| unsaid.draining += 1),
            _ => {}
        }
        self.request_drain(now, &instance);
    }

    /// A task is RUNNING: the definition of its service works, and older tasks may go.
    fn runs(&mut self, now: Timestamp, arn: &str) {
        let Some(task) = self.tasks.get(arn).filter(|task| task.is_wanted()) else {
            return;
        };
        if let Some(service) = task.service_in(&mut self.services) {
            service.runs(task);
        }
        self.target_changed(arn, |unsaid, task| {
            unsaid.registered += 1;
            let unhealthy = task.definition.is_unhealthy_target();
            unsaid.unhealthy.extend(unhealthy.then(|| task.host.clone()));
        });
        self.request_successor(now, arn);
    }

    /// Something has happened to a task as a target, if its service is behind a target group.
    fn target_changed(&mut self, arn: &str, change: impl FnOnce(&mut Unsaid, &Task)) {
        let Some(task) = self.tasks.get(arn) else { return };
        let service = task.service_in(&mut self.services);
        if let Some(service) = service.filter(|service| !service.balancers.is_empty()) {
            change(&mut service.unsaid, task);
        }
    }

    /// A task is over: its place is free, its service looks for a successor.
    fn task_gone(&mut self, now: Timestamp, arn: &str) {
        let Some(task) = self.tasks.get(arn) else { return };
        let (size, instance, cluster) = (
            task.definition.resources,
            task.instance.clone(),
            task.cluster.clone(),
        );
        if let Some(service) = task.service_in(&mut self.services) {
            service.gone(task);
        }
        self.request_successor(now, arn);
        if let Some(instance) = self.instances.get_mut(&instance) {
            instance.give_back(size);
        }
        self.instance_event(now, &instance);
        self.request_short_services(now, &cluster);
        let end = later(now, self.config.timings.stopped_retention);
        self.timers.push(end, EcsTimer::ForgetTask(arn.to_owned()));
    }

    /// Requests the stop of a task. A second request changes nothing.
    pub(super) fn stop_task(&mut self, now: Timestamp, arn: &str, code: StopCode, reason: &str) {
        if !self.unwant(now, arn, code, reason) {
            return;
        }
        match self.is_connected(arn) {
            true => self.begin_stop(now, arn),
            // The agent is disconnected: it does not stop the task, and does not report the task's progress.
            false => self.task_changed(now, arn),
        }
    }

    /// Sets the desired status to STOPPED with its reason. Returns whether that is new.
    pub(super) fn unwant(&mut self, now: Timestamp, arn: &str, code: StopCode, reason: &str) -> bool {
        let Some(task) = self.tasks.get_mut(arn).filter(|task| task.is_wanted()) else {
            return false;
        };
        task.desired = DesiredStatus::Stopped;
        task.times.stopping = Some(now);
        task.stop = Some(Stop {
            code,
            reason: reason.to_owned(),
        });
        if let Some(service) = task.service_in(&mut self.services) {
            service.unwanted(task);
        }
        self.request_successor(now, arn);
        true
    }

    /// A service looks for a successor as soon as a task is to stop, not only when it has.
    pub(super) fn request_successor(&mut self, now: Timestamp, arn: &str) {
        if let Some(service) = self.tasks.get(arn).and_then(|task| task.origin.service.clone()) {
            self.request_schedule(now, &service);
        }
    }

    /// The first status on the way down, for a task whose agent listens.
    pub(super) fn begin_stop(&mut self, now: Timestamp, arn: &str) {
        let Some(task) = self.tasks.get(arn) else { return };
        let next = match task.last_status {
            TaskStatus::Activating | TaskStatus::Running => TaskStatus::Deactivating,
            TaskStatus::Provisioning | TaskStatus::Pending if task.agent.is_some() => TaskStatus::Stopping,
            TaskStatus::Provisioning | TaskStatus::Pending => return self.never_started(now, arn),
            _ => return,
        };
        self.enter(now, arn, next);
    }

    /// The agent never received the task.
    fn never_started(&mut self, now: Timestamp, arn: &str) {
        if let Some(task) = self.tasks.get_mut(arn) {
            task.containers
                .iter_mut()
                .for_each(|container| container.stop(now, None));
        }
        self.enter(now, arn, TaskStatus::Deprovisioning);
    }

    /// A task has a new status or desired status: journal and event.
    pub(super) fn task_changed(&mut self, now: Timestamp, arn: &str) {
        let Some(task) = self.tasks.get_mut(arn) else {
            return;
        };
        task.version += 1;
        task.times.updated = now;
        let what = What::TaskStatus {
            task_arn: task.arn.clone(),
            group: task.origin.group.clone(),
            instance: task.host.clone(),
            status: task.last_status,
            desired: task.desired,
        };
        self.journal(now, what);
        self.task_event(now, arn);
    }

    /// Returns whether ECS is connected to the agent of this task's instance.
    pub(super) fn is_connected(&self, arn: &str) -> bool {
        let instance = self
            .tasks
            .get(arn)
            .and_then(|task| self.instances.get(&task.instance));
        instance
            .is_some_and(|instance| instance.agent_connected && instance.status != InstanceStatus::Inactive)
    }

    /// The API no longer shows a stopped task.
    pub(super) fn forget_task(&mut self, arn: &str) {
        let Some(task) = self.tasks.remove(arn) else {
            return;
        };
        if let Some(instance) = self.instances.get_mut(&task.instance) {
            instance.tasks.remove(arn);
        }
    }
}
