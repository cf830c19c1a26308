//! The lines that come from the world's journal.

use protector_aws_model::narrator::{ContainerStep, Sentence};
use protector_aws_model::{Entry, What};
use protector_local_aws::principal::{COORDINATOR, HEARTBEATS};

use super::TranscriptWriter;
use crate::SIDECAR;

impl TranscriptWriter {
    /// Writes the entries that have come into the journal since the last time.
    pub(crate) fn follow(&mut self, journal: &[Entry]) {
        for entry in &journal[self.read..] {
            self.at = self.clock.since_zero(entry.at);
            if self.is_reported_of(&entry.what) {
                self.entry(&entry.what);
            }
        }
        self.read = journal.len();
    }

    /// The group may launch another instance in place of the one that the journal is about.
    fn is_reported_of(&mut self, what: &What) -> bool {
        match what.instance() {
            Some(instance) => self.ec2.get_or_insert_with(|| instance.to_owned()) == instance,
            None => true,
        }
    }

    fn entry(&mut self, what: &What) {
        match what {
            What::Call {
                principal, operation, ..
            } if self.has_begun() => self.count(principal, operation),
            // Tasks are numbered in the order in which they come, also those of which nothing is said.
            What::TaskStatus { task_arn, group, .. } => drop(self.names.task(task_arn, group)),
            _ => {}
        }
        if let Some(sentence) = self.narrator.sentence(what) {
            self.sentence(sentence);
        }
    }

    fn count(&mut self, principal: &str, operation: &str) {
        match principal {
            COORDINATOR => *self.calls.entry(operation.to_owned()).or_default() += 1,
            HEARTBEATS => *self.heartbeat_calls.entry(operation.to_owned()).or_default() += 1,
            other if other.starts_with("SIDECAR-") => self.reads += 1,
            _ => {}
        }
    }

    fn sentence(&mut self, sentence: Sentence<'_>) {
        let words = sentence.text("i-1");
        match sentence {
            Sentence::Task(task, _) => {
                let name = self.names.task(task.arn, task.group);
                self.say_of("ECS", name, &words);
            }
            Sentence::Container(_, _, ContainerStep::Gone) => {}
            // A sidecar writes of its own end.
            Sentence::Container(_, SIDECAR, ContainerStep::Exited(_)) => {}
            Sentence::Container(task, container, _) => {
                let name = self.names.task(task.arn, task.group);
                let actor = if container == SIDECAR {
                    "sidecar"
                } else {
                    "container"
                };
                self.say_of(actor, name, &words);
            }
            Sentence::Status(_) | Sentence::Agent { .. } => self.say("ECS", &words),
            Sentence::Terminated | Sentence::Hook(..) => self.say("Auto Scaling", &words),
            Sentence::Refused {
                principal: COORDINATOR | HEARTBEATS,
                code,
                ..
            } if code != "ParameterNotFound" => {
                let words = self.names.shorten(&words);
                self.say("coordinator", &words);
            }
            Sentence::Refused { .. } => {}
            Sentence::Parameter(name, text) => self.parameter(name, text),
        }
    }
}
