//! What DRAINING does to the tasks of an instance.
//!
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/container-instance-draining.html>: service tasks
//! go, standalone tasks are left alone. Replicas go at once, as with a minimum healthy percent below 100.

use super::status::{InstanceStatus, TaskStatus};
use super::task::Task;
use super::{Ecs, EcsTimer};
use crate::config::DaemonStop;
use crate::time::later;
use jiff::Timestamp;

impl Ecs {
    /// Asks for a look at an instance, if it is draining.
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
        replicas.iter().for_each(|task| self.stop_by_scheduler(now, task));
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
