//! P1 and P4, checked against the journal of the world: the coordinator's log and its record do not count here.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use protector_aws_model::{ContainerStatus, Entry, InstanceStatus, TaskStatus, What};
use protector_core::plural::counted;
use protector_core::policy::{Policy, StandaloneTasks};
use protector_local_aws::principal::COORDINATOR;
use serde_json::Value;

use super::script::ScriptSetup;
use crate::SIDECAR;

/// The result of the check.
#[derive(Debug, Default)]
pub(super) struct Promises {
    /// Daemons that got SIGTERM while tasks held, and which.
    pub(super) p1: Vec<String>,
    /// Completions that came too early.
    pub(super) p4: Vec<String>,
    /// How many protected daemons got SIGTERM on a draining instance.
    pub(super) stopped: u32,
    /// How often the coordinator completed a hook.
    pub(super) completed: u32,
}

/// The world as it was at one place of the journal.
struct Judge<'a> {
    policy: &'a Policy,
    daemons: BTreeSet<String>,
    /// Group and status of each task.
    tasks: BTreeMap<String, (String, TaskStatus)>,
    protected: BTreeSet<String>,
    draining: bool,
    released_at: Option<Timestamp>,
    promises: Promises,
}

/// Reads the whole journal of the journal of one instance.
pub(super) fn judge(journal: &[Entry], instance: &str, setup: &ScriptSetup, policy: &Policy) -> Promises {
    let mut judge = Judge {
        policy,
        daemons: setup
            .daemons
            .iter()
            .map(|daemon| format!("service:{}", daemon.name))
            .collect(),
        tasks: BTreeMap::new(),
        protected: BTreeSet::new(),
        draining: false,
        released_at: None,
        promises: Promises::default(),
    };
    let of_it = |entry: &&Entry| entry.what.instance().is_none_or(|other| other == instance);
    journal.iter().filter(of_it).for_each(|entry| judge.entry(entry));
    judge.promises
}

impl Judge<'_> {
    fn entry(&mut self, entry: &Entry) {
        match &entry.what {
            What::TaskStatus {
                task_arn,
                group,
                status,
                ..
            } => {
                self.tasks.insert(task_arn.clone(), (group.clone(), *status));
            }
            What::ContainerStatus {
                task_arn, container, ..
            } if container == SIDECAR => {
                self.protected.insert(task_arn.clone());
            }
            What::ContainerStatus {
                task_arn,
                status: ContainerStatus::Terminating,
                ..
            } => self.sigterm(task_arn),
            What::InstanceStatus { status, .. } => self.draining = *status == InstanceStatus::Draining,
            What::Parameter {
                value: Some(text), ..
            } => self.record(entry.at, text),
            What::Call {
                principal, operation, ..
            } if principal == COORDINATOR && operation == "CompleteLifecycleAction" => {
                self.completion(entry.at);
            }
            _ => {}
        }
    }

    /// A container other than a sidecar gets SIGTERM.
    fn sigterm(&mut self, task: &str) {
        if !self.draining || !self.protected.contains(task) {
            return;
        }
        self.promises.stopped += 1;
        let holding: Vec<String> = self.holding().collect();
        if !holding.is_empty() {
            let daemon = self
                .tasks
                .get(task)
                .map(|(group, _)| group.as_str())
                .unwrap_or_default();
            let broken = format!("{daemon} got SIGTERM while {} held", holding.join(", "));
            self.promises.p1.push(broken);
        }
    }

    /// The groups of the tasks that hold, one for each task.
    fn holding(&self) -> impl Iterator<Item = String> {
        let alive = self
            .tasks
            .iter()
            .filter(|(_, (_, status))| *status != TaskStatus::Stopped);
        let holds = alive.filter(|(arn, (group, _))| !self.protected.contains(*arn) && self.counts(group));
        holds.map(|(_, (group, _))| group.clone())
    }

    fn counts(&self, group: &str) -> bool {
        let ignored = self
            .policy
            .ignore_groups
            .iter()
            .any(|ignored| ignored.to_string() == group);
        let standalone = !group.starts_with("service:");
        let left_alone = standalone && self.policy.standalone_tasks == StandaloneTasks::Ignore;
        !self.daemons.contains(group) && !ignored && !left_alone
    }

    fn record(&mut self, at: Timestamp, text: &str) {
        let record: Value = serde_json::from_str(text).unwrap_or_default();
        if record["state"] == "released" {
            self.released_at.get_or_insert(at);
        } else {
            self.released_at = None;
        }
    }

    fn completion(&mut self, at: Timestamp) {
        self.promises.completed += 1;
        let alive = |arn: &&String| {
            let status = self.tasks.get(*arn).map(|(_, status)| *status);
            status.is_some_and(|status| status != TaskStatus::Stopped)
        };
        let daemons = self.protected.iter().filter(alive).count();
        let flushed: Option<SignedDuration> = self.released_at.map(|released| at.duration_since(released));
        if daemons > 0 && flushed.is_none_or(|flushed| flushed < self.policy.daemon_stop) {
            let broken = format!(
                "the hook was completed while {daemons} daemons had neither ended nor had their time"
            );
            self.promises.p4.push(broken);
        }
    }
}

impl Promises {
    /// The verdict for people, and whether the promises were kept; `forced`: a release before the tasks' end is
    /// expected.
    pub(super) fn verdict(&self, forced: bool) -> (String, bool) {
        let p1 = match (self.p1.as_slice(), forced, self.stopped) {
            ([], false, 0) => "P1 kept: no protected daemon got SIGTERM while i-1 was DRAINING".to_owned(),
            ([], false, count) => {
                let daemons = counted(count, "protected daemon");
                format!("P1 kept: {daemons} got SIGTERM, none while a task held")
            }
            ([], true, _) => "EXPECTED a forced release, and there was none".to_owned(),
            (early, true, _) => format!("P1 was over, the release was forced: {}", early.join("; ")),
            (broken, false, _) => format!("P1 BROKEN: {}", broken.join("; ")),
        };
        let p4 = match (self.p4.as_slice(), self.completed) {
            ([], 0) => "P4 kept: the coordinator completed no hook".to_owned(),
            ([], _) => {
                "P4 kept: the hook was completed when the daemons had ended, or had had their time".to_owned()
            }
            (broken, _) => format!("P4 BROKEN: {}", broken.join("; ")),
        };
        let good = self.p1.is_empty() != forced && self.p4.is_empty();
        (format!("{p1}\n{p4}\n"), good)
    }
}
