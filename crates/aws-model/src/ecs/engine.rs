//! The agent of an instance at work on its tasks: carries out the steps that `agent` allows, reports to ECS.

mod end;
mod report;
mod start;

use super::agent::{self, Step};
use super::{Ecs, EcsTimer};
use crate::effects::{ContainerSignal, Effect};
use crate::journal::What;
use crate::status::{ContainerStatus, DesiredStatus};
use crate::time::later;
use jiff::Timestamp;
use start::start_of;

impl Ecs {
    /// ECS sends the agent the desired status of a task, if the agent is connected.
    pub(in crate::ecs) fn tell_agent(&mut self, now: Timestamp, arn: &str, desired: DesiredStatus) {
        if !self.is_connected(arn) {
            return;
        }
        let Some(task) = self.tasks.get_mut(arn) else {
            return;
        };
        // An agent that has begun to stop a task never turns back.
        if task.agent != Some(DesiredStatus::Stopped) {
            task.agent = Some(desired);
        }
        self.run_agent(now, arn);
    }

    /// Everything the agent can do now with one task, and its report.
    pub(in crate::ecs) fn run_agent(&mut self, now: Timestamp, arn: &str) {
        loop {
            let steps = self.steps(arn);
            if steps.is_empty() {
                break;
            }
            steps.into_iter().for_each(|step| self.step(now, arn, step));
            self.essential_ended(arn);
        }
        self.report(now, arn);
    }

    fn steps(&self, arn: &str) -> Vec<Step> {
        let task = self.tasks.get(arn);
        let steps = task.and_then(|task| Some(agent::steps(&task.definition, &task.containers, task.agent?)));
        steps.unwrap_or_default()
    }

    fn step(&mut self, now: Timestamp, arn: &str, step: Step) {
        match step {
            Step::Start(place) => self.start_container(now, arn, place),
            Step::Terminate(place) => self.terminate_container(now, arn, place),
            Step::Skip(place) => self.end_container(now, arn, place, None),
        }
    }

    fn start_container(&mut self, now: Timestamp, arn: &str, place: usize) {
        let Some(task) = self.tasks.get_mut(arn) else {
            return;
        };
        let definition = &task.definition.containers[place];
        let container = &mut task.containers[place];
        container.starts += 1;
        let start = container.starts;
        if !definition.is_simulated() {
            let effect = Effect::StartContainer(start_of(task, place));
            self.set_container(now, arn, place, ContainerStatus::Starting);
            return self.effect(now, effect);
        }
        if let Some(reason) = definition.fails() {
            container.reason = Some(reason.to_owned());
            return self.end_container(now, arn, place, None);
        }
        if let Some(runs_for) = definition.runs_for() {
            let exit = EcsTimer::Exit {
                task: arn.to_owned(),
                place,
                start,
                code: definition.exit_code(),
            };
            self.timers.push(later(now, runs_for), exit);
        }
        container.started_at = Some(now);
        self.set_container(now, arn, place, ContainerStatus::Running);
    }

    fn terminate_container(&mut self, now: Timestamp, arn: &str, place: usize) {
        self.set_container(now, arn, place, ContainerStatus::Terminating);
        let Some(task) = self.tasks.get(arn) else { return };
        let definition = &task.definition.containers[place];
        let (start, simulated) = (task.containers[place].starts, definition.is_simulated());
        let (timeout, takes) = (definition.stop_timeout(), definition.stop_takes());
        self.timers.push(
            later(now, timeout),
            EcsTimer::Kill {
                task: arn.to_owned(),
                place,
                start,
            },
        );
        match simulated {
            true => {
                let exit = EcsTimer::Exit {
                    task: arn.to_owned(),
                    place,
                    start,
                    code: 0,
                };
                self.timers.push(later(now, takes), exit);
            }
            false => self.signal(now, arn, place, ContainerSignal::Terminate),
        }
    }

    /// A container that the agent has started is running.
    pub(crate) fn container_started(&mut self, now: Timestamp, arn: &str, name: &str) {
        let Some(place) = self.living(arn, name) else {
            return;
        };
        let Some(task) = self.tasks.get_mut(arn) else {
            return;
        };
        if task.containers[place].status == ContainerStatus::Starting {
            task.containers[place].started_at = Some(now);
            self.set_container(now, arn, place, ContainerStatus::Running);
            self.run_agent(now, arn);
        }
    }

    /// A container has exited, or could not be started.
    pub(crate) fn container_exited(&mut self, now: Timestamp, arn: &str, name: &str, code: i32) {
        if let Some(place) = self.living(arn, name) {
            self.exited(now, arn, place, code);
        }
    }

    /// The index of the container, if it has been started and has not ended.
    fn living(&self, arn: &str, name: &str) -> Option<usize> {
        let task = self.tasks.get(arn)?;
        let place = task.definition.place(name)?;
        let waits = matches!(
            task.containers[place].status,
            ContainerStatus::Created | ContainerStatus::Stopped
        );
        (!waits).then_some(place)
    }

    pub(in crate::ecs) fn set_container(
        &mut self,
        now: Timestamp,
        arn: &str,
        place: usize,
        status: ContainerStatus,
    ) {
        let Some(task) = self.tasks.get_mut(arn) else {
            return;
        };
        let container = &mut task.containers[place];
        container.status = status;
        let what = What::ContainerStatus {
            task_arn: task.arn.clone(),
            group: task.origin.group.clone(),
            instance: task.host.clone(),
            container: task.definition.containers[place].name.clone(),
            status,
            exit_code: container.exit_code,
        };
        self.journal(now, what);
    }

    pub(in crate::ecs) fn signal(
        &mut self,
        now: Timestamp,
        arn: &str,
        place: usize,
        signal: ContainerSignal,
    ) {
        let Some(task) = self.tasks.get(arn) else { return };
        let container = task.definition.containers[place].name.clone();
        self.effect(
            now,
            Effect::Signal {
                task_arn: arn.to_owned(),
                container,
                signal,
            },
        );
    }
}
