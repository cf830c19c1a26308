//! What DRAINING does to the tasks of an instance.
//!
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/container-instance-draining.html>: service tasks
//! go, standalone tasks are left alone. Replicas of a service that was given a deployment configuration go as it allows
//! ([`super::percents`]): that is for the service scheduler. All others go at once, as with a minimum healthy percent
//! of 0.

use super::task::Task;
use super::{Ecs, EcsTimer};
use crate::config::DaemonStop;
use crate::status::{InstanceStatus, TaskStatus};
use crate::time::later;
use jiff::Timestamp;

impl Ecs {
    /// Requests a look at an instance, if it is draining.
    pub(super) fn request_drain(&mut self, now: Timestamp, arn: &str) {
        let Some(instance) = self.instances.get_mut(arn) else {
            return;
        };
        if instance.status == InstanceStatus::Draining && !instance.drain_is_due {
            instance.drain_is_due = true;
            self.timers.push(
                later(now, self.config.timings.scheduling),
                EcsTimer::Drain(arn.to_owned()),
            );
        }
    }

    /// Stops the tasks that may go from a draining instance.
    pub(super) fn drain(&mut self, now: Timestamp, arn: &str) {
        let Some(instance) = self.instances.get_mut(arn) else {
            return;
        };
        instance.drain_is_due = false;
        if instance.status != InstanceStatus::Draining {
            return;
        }
        let replicas = self.wanted_on(now, arn, Task::is_replica);
        let (replaced, free): (Vec<_>, Vec<_>) =
            replicas.into_iter().partition(|task| self.is_replaced(task));
        free.iter().for_each(|task| self.stop_by_scheduler(now, task));
        replaced.iter().for_each(|task| self.request_successor(now, task));
        if self.daemons_may_go(arn) {
            let daemons = self.wanted_on(now, arn, |task| task.origin.daemon);
            daemons.iter().for_each(|task| self.stop_by_scheduler(now, task));
        }
    }

    fn wanted_on(&self, now: Timestamp, arn: &str, kind: impl Fn(&Task) -> bool) -> Vec<String> {
        let tasks = self.tasks_of_instance(arn);
        let wanted = tasks.filter(|task| task.is_wanted() && !task.is_protected(now) && kind(task));
        wanted.map(|task| task.arn.clone()).collect()
    }

    /// Returns whether the service of a task has a deployment configuration.
    fn is_replaced(&self, task: &str) -> bool {
        let service = self.tasks.get(task).and_then(|task| task.origin.service.as_ref());
        let service = service.and_then(|key| self.services.get(key));
        service.is_some_and(|service| service.percents.is_some() && !service.deleted)
    }

    fn daemons_may_go(&self, arn: &str) -> bool {
        let holds = |task: &Task| match self.config.daemon_stop {
            DaemonStop::WhenReplicasNotRunning => task.last_status <= TaskStatus::Running,
            DaemonStop::WhenReplicasStopped => task.is_alive(),
        };
        !self
            .tasks_of_instance(arn)
            .any(|task| task.is_replica() && holds(task))
    }

    /// The tasks of a container instance, by its ARN.
    pub(super) fn tasks_of_instance(&self, arn: &str) -> impl Iterator<Item = &Task> {
        let arns = self
            .instances
            .get(arn)
            .into_iter()
            .flat_map(|instance| &instance.tasks);
        arns.filter_map(|arn| self.tasks.get(arn))
    }
}
