//! The lines that come from the world's journal.

use protector_aws_model::{ContainerStatus, DesiredStatus, Entry, InstanceStatus, Outcome, TaskStatus, What};
use protector_local_aws::principal::{COORDINATOR, HEARTBEATS};

use super::TranscriptWriter;
use crate::SIDECAR;

impl TranscriptWriter {
    /// Writes the entries that have come into the journal since the last time.
    pub(crate) fn follow(&mut self, journal: &[Entry]) {
        for entry in &journal[self.read..] {
            self.at = self.clock.since_zero(entry.at);
            self.entry(&entry.what);
        }
        self.read = journal.len();
    }

    fn entry(&mut self, what: &What) {
        if !self.is_told_of(what) {
            return;
        }
        match what {
            What::Call {
                principal,
                operation,
                outcome,
                ..
            } => self.call(principal, operation, outcome),
            What::TaskStatus {
                task_arn,
                group,
                status,
                desired,
                ..
            } => {
                self.task(task_arn, group, *status, *desired);
            }
            What::ContainerStatus {
                task_arn,
                group,
                container,
                status,
                exit_code,
                ..
            } => {
                self.container(task_arn, group, container, *status, *exit_code);
            }
            What::InstanceStatus {
                status,
                agent_connected,
                ..
            } => self.instance(*status, *agent_connected),
            What::Lifecycle { state, .. } if state == "Terminated" => {
                self.off = true;
                self.say("Auto Scaling", "i-1 is terminated");
            }
            What::Hook { hook, what, .. } => self.hook(hook, what),
            What::Parameter { name, value, .. } => self.parameter(name, value.as_deref()),
            What::Lifecycle { .. } | What::Event { .. } => {}
        }
    }

    /// The group may launch another instance in place of the one that the journal is about.
    fn is_told_of(&mut self, what: &What) -> bool {
        match instance_of(what) {
            Some(instance) => self.ec2.get_or_insert_with(|| instance.to_owned()) == instance,
            None => true,
        }
    }

    fn call(&mut self, principal: &str, operation: &str, outcome: &Outcome) {
        if self.has_begun() && principal == COORDINATOR {
            *self.calls.entry(operation.to_owned()).or_default() += 1;
        }
        if self.has_begun() && principal == HEARTBEATS {
            *self.heartbeat_calls.entry(operation.to_owned()).or_default() += 1;
        }
        if self.has_begun() && principal.starts_with("SIDECAR-") {
            self.reads += 1;
        }
        if let (Outcome::Error(error), COORDINATOR | HEARTBEATS) = (outcome, principal)
            && error.code != "ParameterNotFound"
        {
            let words = self
                .names
                .shorten(&format!("{operation} is refused: {}", error.code));
            self.say("coordinator", &words);
        }
    }

    fn task(&mut self, arn: &str, group: &str, status: TaskStatus, desired: DesiredStatus) {
        let name = self.names.task(arn, group);
        let told = desired == DesiredStatus::Stopped && self.told_to_stop.insert(arn.to_owned());
        match status {
            TaskStatus::Running if desired == DesiredStatus::Running => self.say_of("ECS", name, "RUNNING"),
            TaskStatus::Stopped => self.say_of("ECS", name, "STOPPED"),
            _ if told && !self.off => self.say_of("ECS", name, "told to stop"),
            _ => {}
        }
    }

    /// The end of a task's containers is nothing that ECS has asked for.
    fn container(
        &mut self,
        arn: &str,
        group: &str,
        container: &str,
        status: ContainerStatus,
        code: Option<i32>,
    ) {
        let name = self.names.task(arn, group);
        let actor = if container == SIDECAR {
            "sidecar"
        } else {
            "container"
        };
        match status {
            ContainerStatus::Terminating => self.say_of(actor, name, "SIGTERM"),
            ContainerStatus::Killing => self.say_of(actor, name, "SIGKILL: its stopTimeout is over"),
            ContainerStatus::Stopped if self.off => {}
            ContainerStatus::Stopped if container != SIDECAR => {
                self.told_to_stop.insert(arn.to_owned());
                let code =
                    code.map_or_else(|| "without having run".to_owned(), |code| format!("with {code}"));
                self.say_of(actor, name, &format!("exited {code}"));
            }
            _ => {}
        }
    }

    fn instance(&mut self, status: InstanceStatus, connected: bool) {
        let before = self.instance.replace((status, connected));
        if before.is_none_or(|(before, _)| before != status) {
            self.say("ECS", &format!("i-1 is {}", status.as_str()));
        } else if before.is_some_and(|(_, before)| before != connected) {
            let words = if connected {
                "hears from the agent of i-1 again"
            } else {
                "does not hear from the agent of i-1"
            };
            self.say("ECS", words);
        }
    }

    fn hook(&mut self, hook: &str, what: &str) {
        let words = match what.split_once(' ').unwrap_or((what, "")) {
            ("waiting", _) => "waits".to_owned(),
            ("completed", result) => format!("completed with {result}"),
            ("timed", result) => format!("ran out: {}", result.trim_start_matches("out ")),
            (what, _) => what.to_owned(),
        };
        self.say("Auto Scaling", &format!("hook {hook}: {words}"));
    }
}

/// The EC2 instance that an entry of the journal is about.
pub(crate) fn instance_of(what: &What) -> Option<&str> {
    match what {
        What::TaskStatus { instance, .. }
        | What::ContainerStatus { instance, .. }
        | What::InstanceStatus { instance, .. }
        | What::Lifecycle { instance, .. }
        | What::Hook { instance, .. } => Some(instance),
        What::Call { .. } | What::Event { .. } | What::Parameter { .. } => None,
    }
}
