//! The journal in sentences: what an entry says to a person, for every reader that shows a drain line by line.

use crate::auto_scaling::HookStep;
use crate::journal::{Outcome, What};
use crate::status::{ContainerStatus, DesiredStatus, InstanceStatus, TaskStatus};
use std::collections::{BTreeMap, BTreeSet};

/// What an entry says. Names are those of AWS; each reader has shorter ones of its own, and knows what the text of a
/// parameter means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sentence<'a> {
    /// ECS reports a change of a task, or asks for one.
    Task(TaskName<'a>, TaskStep),
    /// A container gets a signal, or ends.
    Container(TaskName<'a>, &'a str, ContainerStep),
    /// A container instance has a new status.
    Status(InstanceStatus),
    /// ECS has lost the connection to the agent of an instance, or has it again.
    Agent {
        /// Whether the agent is connected.
        connected: bool,
    },
    /// An instance is gone.
    Terminated,
    /// Something happened to the lifecycle action of a hook.
    Hook(&'a str, HookStep),
    /// AWS refused a call.
    Refused {
        /// The caller.
        principal: &'a str,
        /// The operation.
        operation: &'a str,
        /// The error code.
        code: &'a str,
    },
    /// A parameter was written, or deleted if there is no text.
    Parameter(&'a str, Option<&'a str>),
}

/// A task, by what AWS calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaskName<'a> {
    /// Its ARN.
    pub arn: &'a str,
    /// Its group.
    pub group: &'a str,
}

/// What a task does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskStep {
    /// It runs, and is to run.
    Running,
    /// ECS wants it to stop, before any of its containers has ended.
    AskedToStop,
    /// It has stopped.
    Stopped,
}

/// What a container does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContainerStep {
    /// It gets SIGTERM.
    Terminating,
    /// Its `stopTimeout` has passed.
    Killing,
    /// It has ended, with a code if it has run.
    Exited(Option<i32>),
    /// Its instance is gone, and it with it.
    Gone,
}

impl Sentence<'_> {
    /// Returns the predicate, of whatever the sentence is about; `instance` is the reader's name of the instance.
    #[must_use]
    pub fn text(&self, instance: &str) -> String {
        match self {
            Sentence::Task(_, TaskStep::Running) => "RUNNING".to_owned(),
            Sentence::Task(_, TaskStep::AskedToStop) => "asked to stop".to_owned(),
            Sentence::Task(_, TaskStep::Stopped) => "STOPPED".to_owned(),
            Sentence::Container(_, _, step) => step.text(),
            Sentence::Status(status) => format!("{instance} is {status}"),
            Sentence::Agent { connected: true } => format!("hears from the agent of {instance} again"),
            Sentence::Agent { connected: false } => format!("does not hear from the agent of {instance}"),
            Sentence::Terminated => format!("{instance} is terminated"),
            Sentence::Hook(hook, step) => format!("hook {hook}: {}", hook_text(*step)),
            Sentence::Refused { operation, code, .. } => format!("{operation} is refused: {code}"),
            Sentence::Parameter(name, Some(_)) => format!("{name} is written"),
            Sentence::Parameter(name, None) => format!("{name} is deleted"),
        }
    }
}

impl ContainerStep {
    fn text(self) -> String {
        match self {
            ContainerStep::Terminating => "SIGTERM".to_owned(),
            ContainerStep::Killing => "SIGKILL: its stopTimeout is over".to_owned(),
            ContainerStep::Exited(Some(code)) => format!("exited with {code}"),
            ContainerStep::Exited(None) => "exited without having run".to_owned(),
            ContainerStep::Gone => "gone with its instance".to_owned(),
        }
    }
}

fn hook_text(step: HookStep) -> String {
    match step {
        HookStep::Waiting => "waits".to_owned(),
        HookStep::Completed(result) => format!("completed with {}", result.name()),
        HookStep::TimedOut(result) => format!("ran out: {}", result.name()),
        HookStep::Heartbeat | HookStep::HookDeleted(_) | HookStep::Skipped | HookStep::Lost => {
            step.to_string()
        }
    }
}

/// Makes sentences of a journal, entry by entry: what an entry says depends on those before it.
#[derive(Debug)]
pub struct Narrator {
    sidecar: String,
    /// Tasks that ECS wants to stop, or that have begun to end by themselves.
    stopping: BTreeSet<String>,
    /// Status and connection of each instance.
    instances: BTreeMap<String, (InstanceStatus, bool)>,
    /// Instances that are gone, and everything on them.
    terminated: BTreeSet<String>,
}

impl Narrator {
    /// A narrator of a journal from its beginning. The end of a container named `sidecar` leaves the others running,
    /// so it does not explain that their task stops.
    #[must_use]
    pub fn new(sidecar: &str) -> Narrator {
        Narrator {
            sidecar: sidecar.to_owned(),
            stopping: BTreeSet::new(),
            instances: BTreeMap::new(),
            terminated: BTreeSet::new(),
        }
    }

    /// Returns what the next entry says; none if it changes nothing that a person wants to know.
    pub fn sentence<'a>(&mut self, what: &'a What) -> Option<Sentence<'a>> {
        match what {
            What::Call {
                principal,
                operation,
                outcome: Outcome::Error(error),
                ..
            } => Some(Sentence::Refused {
                principal,
                operation,
                code: &error.code,
            }),
            What::TaskStatus {
                task_arn: arn,
                group,
                instance,
                status,
                desired,
            } => {
                let step = self.task(arn, instance, *status, *desired)?;
                Some(Sentence::Task(TaskName { arn, group }, step))
            }
            What::ContainerStatus {
                task_arn: arn,
                group,
                instance,
                container,
                status,
                exit_code,
            } => {
                let gone = self.terminated.contains(instance);
                let step = container_step(*status, gone, *exit_code)?;
                if matches!(step, ContainerStep::Exited(_)) && *container != self.sidecar {
                    self.stopping.insert(arn.clone());
                }
                Some(Sentence::Container(TaskName { arn, group }, container, step))
            }
            What::InstanceStatus {
                instance,
                status,
                agent_connected,
                ..
            } => self.instance(instance, *status, *agent_connected),
            What::Lifecycle { instance, state, .. } if state == "Terminated" => {
                self.terminated.insert(instance.clone());
                Some(Sentence::Terminated)
            }
            What::Hook { hook, what, .. } => Some(Sentence::Hook(hook, *what)),
            What::Parameter { name, value, .. } => Some(Sentence::Parameter(name, value.as_deref())),
            What::Call { .. } | What::Lifecycle { .. } | What::Event { .. } => None,
        }
    }

    /// A task is asked to stop once, and not when its containers or its instance ended first.
    fn task(
        &mut self,
        arn: &str,
        instance: &str,
        status: TaskStatus,
        desired: DesiredStatus,
    ) -> Option<TaskStep> {
        let reported = desired == DesiredStatus::Stopped && self.stopping.insert(arn.to_owned());
        match status {
            TaskStatus::Running if desired == DesiredStatus::Running => Some(TaskStep::Running),
            TaskStatus::Stopped => Some(TaskStep::Stopped),
            _ if reported && !self.terminated.contains(instance) => Some(TaskStep::AskedToStop),
            _ => None,
        }
    }

    fn instance<'a>(
        &mut self,
        instance: &str,
        status: InstanceStatus,
        connected: bool,
    ) -> Option<Sentence<'a>> {
        let before = self.instances.insert(instance.to_owned(), (status, connected));
        match before {
            Some((same, _)) if same == status => {}
            _ => return Some(Sentence::Status(status)),
        }
        let changed = before.is_some_and(|(_, before)| before != connected);
        changed.then_some(Sentence::Agent { connected })
    }
}

fn container_step(status: ContainerStatus, gone: bool, code: Option<i32>) -> Option<ContainerStep> {
    match status {
        ContainerStatus::Terminating => Some(ContainerStep::Terminating),
        ContainerStatus::Killing => Some(ContainerStep::Killing),
        ContainerStatus::Stopped if gone => Some(ContainerStep::Gone),
        ContainerStatus::Stopped => Some(ContainerStep::Exited(code)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auto_scaling::ActionResult;

    /// The words of all entries, with `i-1` for the instance.
    fn reported(journal: &[What]) -> Vec<String> {
        let mut narrator = Narrator::new("sidecar");
        let sentences = journal.iter().filter_map(|what| narrator.sentence(what));
        sentences.map(|sentence| sentence.text("i-1")).collect()
    }

    fn task(status: TaskStatus, desired: DesiredStatus) -> What {
        What::TaskStatus {
            task_arn: "task".to_owned(),
            group: "service:web".to_owned(),
            instance: "i-1".to_owned(),
            status,
            desired,
        }
    }

    fn container(name: &str, status: ContainerStatus, exit_code: Option<i32>) -> What {
        What::ContainerStatus {
            task_arn: "task".to_owned(),
            group: "service:web".to_owned(),
            instance: "i-1".to_owned(),
            container: name.to_owned(),
            status,
            exit_code,
        }
    }

    fn instance(status: InstanceStatus, agent_connected: bool) -> What {
        What::InstanceStatus {
            instance: "i-1".to_owned(),
            container_instance_arn: "arn".to_owned(),
            status,
            agent_connected,
        }
    }

    fn lifecycle(state: &str) -> What {
        What::Lifecycle {
            instance: "i-1".to_owned(),
            group: "blue".to_owned(),
            state: state.to_owned(),
        }
    }

    #[test]
    fn a_task_is_asked_to_stop_once_and_not_after_its_containers_ended() {
        let stopping = task(TaskStatus::Running, DesiredStatus::Stopped);
        let ordered = [
            task(TaskStatus::Running, DesiredStatus::Running),
            stopping.clone(),
            stopping.clone(),
            task(TaskStatus::Stopped, DesiredStatus::Stopped),
        ];
        assert_eq!(reported(&ordered), ["RUNNING", "asked to stop", "STOPPED"]);
        let ended = |name| {
            reported(&[
                container(name, ContainerStatus::Stopped, Some(1)),
                stopping.clone(),
            ])
        };
        assert_eq!(ended("app"), ["exited with 1"]);
        assert_eq!(ended("sidecar"), ["exited with 1", "asked to stop"]);
    }

    #[test]
    fn what_ends_with_its_instance_has_no_code() {
        let stopped = container("app", ContainerStatus::Stopped, None);
        assert_eq!(
            reported(std::slice::from_ref(&stopped)),
            ["exited without having run"]
        );
        let gone = [lifecycle("Terminating:Wait"), lifecycle("Terminated"), stopped];
        assert_eq!(reported(&gone), ["i-1 is terminated", "gone with its instance"]);
    }

    #[test]
    fn an_instance_and_its_agent_are_reported_of_when_they_change() {
        let active = instance(InstanceStatus::Active, true);
        let journal = [
            active.clone(),
            active,
            instance(InstanceStatus::Active, false),
            instance(InstanceStatus::Active, true),
            instance(InstanceStatus::Draining, true),
        ];
        let expected = [
            "i-1 is ACTIVE",
            "does not hear from the agent of i-1",
            "hears from the agent of i-1 again",
            "i-1 is DRAINING",
        ];
        assert_eq!(reported(&journal), expected);
    }

    #[test]
    fn every_step_of_a_hook_is_reported() {
        let step = |what| What::Hook {
            instance: "i-1".to_owned(),
            group: "blue".to_owned(),
            hook: "drain".to_owned(),
            what,
        };
        let steps = [
            HookStep::Waiting,
            HookStep::Completed(ActionResult::Continue),
            HookStep::TimedOut(ActionResult::Abandon),
            HookStep::HookDeleted(ActionResult::Continue),
        ];
        let expected = [
            "hook drain: waits",
            "hook drain: completed with CONTINUE",
            "hook drain: ran out: ABANDON",
            "hook drain: hook deleted CONTINUE",
        ];
        assert_eq!(reported(&steps.map(step)), expected);
    }
}
