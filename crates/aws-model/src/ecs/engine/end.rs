//! How containers end: by themselves, by SIGKILL, with their instance; and what follows for their task.

use crate::ecs::Ecs;
use crate::ecs::agent;
use crate::effects::ContainerSignal;
use crate::status::{ContainerStatus, DesiredStatus};
use crate::time::since;
use jiff::Timestamp;

/// What a container gives that was ended by SIGKILL.
const KILLED: i32 = 137;

impl Ecs {
    /// The stop timeout is over.
    pub(in crate::ecs) fn kill(&mut self, now: Timestamp, arn: &str, place: usize, start: u32) {
        let Some(task) = self.tasks.get(arn) else { return };
        let container = &task.containers[place];
        if container.starts != start || container.status != ContainerStatus::Terminating {
            return;
        }
        let simulated = task.definition.containers[place].is_simulated();
        self.set_container(now, arn, place, ContainerStatus::Killing);
        match simulated {
            true => self.exited(now, arn, place, KILLED),
            false => self.signal(now, arn, place, ContainerSignal::Kill),
        }
    }

    /// A container without a process ends as its labels say.
    pub(in crate::ecs) fn simulated_exit(
        &mut self,
        now: Timestamp,
        arn: &str,
        place: usize,
        start: u32,
        code: i32,
    ) {
        let container = self.tasks.get(arn).map(|task| &task.containers[place]);
        if container.is_some_and(|container| container.starts == start && !container.is_stopped()) {
            self.exited(now, arn, place, code);
        }
    }

    pub(in crate::ecs) fn exited(&mut self, now: Timestamp, arn: &str, place: usize, code: i32) {
        let restarts = self.restarts(now, arn, place, code);
        self.end_container(now, arn, place, Some(code));
        if let (true, Some(task)) = (restarts, self.tasks.get_mut(arn)) {
            task.containers[place].start_again();
        }
        self.essential_ended(arn);
        self.run_agent(now, arn);
    }

    fn restarts(&self, now: Timestamp, arn: &str, place: usize, code: i32) -> bool {
        let Some(task) = self.tasks.get(arn) else {
            return false;
        };
        let policy = task.definition.containers[place].restart_policy.as_ref();
        let Some(started) = task.containers[place].started_at else {
            return false;
        };
        let period = self.config.timings.restart_attempt_period;
        task.agent == Some(DesiredStatus::Running)
            && agent::restarts(policy, code, since(now, started), period)
    }

    /// The end of an essential container is the end of its task; the agent does not wait for ECS to say so.
    pub(in crate::ecs) fn essential_ended(&mut self, arn: &str) {
        let Some(task) = self.tasks.get_mut(arn) else {
            return;
        };
        let mut containers = task.definition.containers.iter().zip(&task.containers);
        if containers.any(|(definition, container)| definition.essential && container.is_stopped()) {
            task.agent = Some(DesiredStatus::Stopped);
        }
    }

    pub(in crate::ecs) fn end_container(
        &mut self,
        now: Timestamp,
        arn: &str,
        place: usize,
        code: Option<i32>,
    ) {
        if let Some(task) = self.tasks.get_mut(arn) {
            task.containers[place].stop(now, code);
            self.set_container(now, arn, place, ContainerStatus::Stopped);
        }
    }

    /// The power is off: nothing of the task runs any more.
    pub(in crate::ecs) fn cut_power(&mut self, now: Timestamp, arn: &str) {
        let count = self.tasks.get(arn).map_or(0, |task| task.containers.len());
        for place in 0..count {
            let container = self.tasks.get(arn).map(|task| &task.containers[place]);
            if container.is_some_and(|container| !container.is_stopped()) {
                self.end_container(now, arn, place, Some(KILLED));
            }
        }
    }
}
