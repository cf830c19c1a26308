//! The agent of an instance at work on its tasks: carries out the steps that `agent` allows, reports to ECS.

use super::status::{DesiredStatus, StopCode, TaskStatus};
use super::task::{Stop, Task};
use super::{Due, Ecs};
use crate::model::agent::{self, ContainerStatus, Step};
use crate::model::effects::{ContainerSignal, ContainerStart, Effect};
use crate::model::journal::What;
use crate::model::time::{later, since};
use jiff::Timestamp;
use serde_json::Value;

/// What a container gives that was ended by SIGKILL.
const KILLED: i32 = 137;

impl Ecs {
    /// ECS tells the agent what to work for, if the agent listens.
    pub(super) fn tell_agent(&mut self, now: Timestamp, arn: &str, desired: DesiredStatus) {
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
    pub(super) fn run_agent(&mut self, now: Timestamp, arn: &str) {
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
        if let Some(runs_for) = definition.runs_for() {
            let exit = Due::Exit {
                task: arn.to_owned(),
                place,
                start,
                code: 0,
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
            Due::Kill {
                task: arn.to_owned(),
                place,
                start,
            },
        );
        match simulated {
            true => {
                let exit = Due::Exit {
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

    /// The stop timeout is over.
    pub(super) fn kill(&mut self, now: Timestamp, arn: &str, place: usize, start: u32) {
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
    pub(super) fn simulated_exit(&mut self, now: Timestamp, arn: &str, place: usize, start: u32, code: i32) {
        let container = self.tasks.get(arn).map(|task| &task.containers[place]);
        if container.is_some_and(|container| container.starts == start && !container.is_stopped()) {
            self.exited(now, arn, place, code);
        }
    }

    /// A container that was told to start has started.
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

    /// Where the container stands, if it was told to start and is not over.
    fn living(&self, arn: &str, name: &str) -> Option<usize> {
        let task = self.tasks.get(arn)?;
        let place = task.definition.place(name)?;
        let waits = matches!(
            task.containers[place].status,
            ContainerStatus::Created | ContainerStatus::Stopped
        );
        (!waits).then_some(place)
    }

    fn exited(&mut self, now: Timestamp, arn: &str, place: usize, code: i32) {
        let restarts = self.restarts(now, arn, place, code);
        self.end_container(now, arn, place, Some(code));
        if let (true, Some(task)) = (restarts, self.tasks.get_mut(arn)) {
            task.containers[place].status = ContainerStatus::Created;
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
    fn essential_ended(&mut self, arn: &str) {
        let Some(task) = self.tasks.get_mut(arn) else {
            return;
        };
        let mut containers = task.definition.containers.iter().zip(&task.containers);
        if containers.any(|(definition, container)| definition.essential && container.is_stopped()) {
            task.agent = Some(DesiredStatus::Stopped);
        }
    }

    fn end_container(&mut self, now: Timestamp, arn: &str, place: usize, code: Option<i32>) {
        if let Some(task) = self.tasks.get_mut(arn) {
            task.containers[place].stop(now, code);
            self.set_container(now, arn, place, ContainerStatus::Stopped);
        }
    }

    /// The power is off: nothing of the task runs any more.
    pub(super) fn cut_power(&mut self, now: Timestamp, arn: &str) {
        let count = self.tasks.get(arn).map_or(0, |task| task.containers.len());
        for place in 0..count {
            let container = self.tasks.get(arn).map(|task| &task.containers[place]);
            if container.is_some_and(|container| !container.is_stopped()) {
                self.end_container(now, arn, place, Some(KILLED));
            }
        }
    }

    fn set_container(&mut self, now: Timestamp, arn: &str, place: usize, status: ContainerStatus) {
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

    fn signal(&mut self, now: Timestamp, arn: &str, place: usize, signal: ContainerSignal) {
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

    /// The agent tells ECS how far it is, if ECS listens.
    pub(super) fn report(&mut self, now: Timestamp, arn: &str) {
        let Some(task) = self.tasks.get(arn) else { return };
        if !self.is_connected(arn) || task.last_status >= TaskStatus::Deprovisioning {
            return;
        }
        let (started, stopped) = (task.all_started(), task.all_stopped());
        let gives_up = task.is_wanted() && (stopped || task.agent == Some(DesiredStatus::Stopped));
        match task.last_status {
            _ if gives_up => self.given_up(now, arn, stopped),
            _ if stopped => self.enter(now, arn, TaskStatus::Deprovisioning),
            TaskStatus::Pending if started && task.is_wanted() => {
                self.enter(now, arn, TaskStatus::Activating)
            }
            _ => {}
        }
    }

    /// The agent has begun to stop a task that ECS wanted to run.
    fn given_up(&mut self, now: Timestamp, arn: &str, stopped: bool) {
        let Some(task) = self.tasks.get_mut(arn) else {
            return;
        };
        let stop = match task.last_status >= TaskStatus::Activating {
            true => (
                StopCode::EssentialContainerExited,
                "Essential container in task exited",
            ),
            false => (StopCode::TaskFailedToStart, "Task failed to start"),
        };
        task.desired = DesiredStatus::Stopped;
        task.times.stopping = Some(now);
        task.stop = Some(Stop {
            code: stop.0,
            reason: stop.1.to_owned(),
        });
        self.request_successor(now, arn);
        let next = if stopped {
            TaskStatus::Deprovisioning
        } else {
            TaskStatus::Stopping
        };
        self.enter(now, arn, next);
    }
}

fn start_of(task: &Task, place: usize) -> ContainerStart {
    let definition = &task.definition.containers[place];
    let overrides = task.origin.overrides["containerOverrides"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let own = overrides
        .iter()
        .find(|one| one["name"] == *definition.name)
        .unwrap_or(&Value::Null);
    let mut command = definition.entry_point.clone();
    match own["command"].as_array() {
        Some(arguments) => command.extend(arguments.iter().filter_map(Value::as_str).map(str::to_owned)),
        None => command.extend(definition.command.iter().cloned()),
    }
    let variables = definition.environment.iter();
    let mut environment: Vec<_> = variables
        .map(|one| (one.name.clone(), one.value.clone()))
        .collect();
    environment.extend(
        own["environment"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(variable),
    );
    ContainerStart {
        task_arn: task.arn.clone(),
        task_id: task.id.clone(),
        instance: task.host.clone(),
        container: definition.name.clone(),
        command,
        environment,
        task_role: task.definition.task_role,
    }
}

fn variable(json: &Value) -> Option<(String, String)> {
    Some((
        json["name"].as_str()?.to_owned(),
        json["value"].as_str()?.to_owned(),
    ))
}
