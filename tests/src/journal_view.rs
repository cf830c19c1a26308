//! What happened, read from the journal. Positions are indices into it: order, not time.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use protector_aws_model::journal::{tasks_on, tasks_with};
use protector_aws_model::{ContainerStatus, Entry, TaskStatus, What};
use protector_local_aws::principal::{COORDINATOR, HEARTBEATS};
use serde_json::Value;

use crate::names::{SIDECAR, principal};

/// The journal of a lab.
pub struct JournalView {
    entries: Vec<Entry>,
}

impl JournalView {
    /// Reads a journal.
    pub fn new(entries: Vec<Entry>) -> JournalView {
        JournalView { entries }
    }

    fn positions(&self, wanted: impl Fn(&What) -> bool) -> Vec<usize> {
        let numbered = self.entries.iter().enumerate();
        numbered
            .filter(|(_, entry)| wanted(&entry.what))
            .map(|(position, _)| position)
            .collect()
    }

    /// When tasks on `instance` of the groups whose name starts so were STOPPED.
    pub fn stopped(&self, on: &str, groups: &str) -> Vec<usize> {
        self.positions(|what| {
            matches!(what, What::TaskStatus { instance, group, status: TaskStatus::Stopped, .. }
                if instance == on && group.starts_with(groups))
        })
    }

    /// When containers of that name on `instance` got SIGTERM.
    pub fn sigterm(&self, on: &str, name: &str) -> Vec<usize> {
        self.positions(|what| {
            matches!(what, What::ContainerStatus { instance, container, status: ContainerStatus::Terminating, .. }
                if instance == on && container == name)
        })
    }

    /// When the hook of `instance` was completed, or ran out.
    pub fn hook(&self, on: &str, word: &str) -> Vec<usize> {
        self.positions(
            |what| matches!(what, What::Hook { instance, what, .. } if instance == on && what.to_string().contains(word)),
        )
    }

    /// When the coordinator called an operation, with a text in its input.
    pub fn coordinator_called(&self, wanted: &str, mentions: &str) -> Vec<usize> {
        self.called(COORDINATOR, wanted, mentions)
    }

    /// Heartbeats for an instance, by the function that sends them.
    pub fn heartbeats(&self, instance: &str) -> Vec<usize> {
        self.called(HEARTBEATS, "RecordLifecycleActionHeartbeat", instance)
    }

    fn called(&self, by: &str, wanted: &str, mentions: &str) -> Vec<usize> {
        self.positions(|what| {
            matches!(what, What::Call { principal, operation, params, .. }
                if principal == by && operation == wanted && params.to_string().contains(mentions))
        })
    }

    /// When the record of `instance` was written with this state.
    pub fn written(&self, on: &str, state: &str) -> Vec<usize> {
        self.records(on)
            .into_iter()
            .filter(|(_, record)| record["state"] == state)
            .map(|(at, _)| at)
            .collect()
    }

    /// Every text of the record of `instance`.
    pub fn records(&self, on: &str) -> Vec<(usize, Value)> {
        let record = |(position, entry): (usize, &Entry)| match &entry.what {
            What::Parameter {
                name,
                value: Some(text),
                ..
            } if name.ends_with(on) => Some((position, serde_json::from_str(text).ok()?)),
            _ => None,
        };
        self.entries.iter().enumerate().filter_map(record).collect()
    }

    /// The operations that a principal called, in order.
    pub fn calls_by(&self, who: &str) -> Vec<String> {
        let call = |entry: &Entry| match &entry.what {
            What::Call {
                principal, operation, ..
            } if principal == who => Some(operation.clone()),
            _ => None,
        };
        self.entries.iter().filter_map(call).collect()
    }

    /// How many calls both functions have made, the coordinator and the heartbeats.
    pub fn calls_of_functions(&self) -> usize {
        let made = self.positions(
            |what| matches!(what, What::Call { principal, .. } if principal == COORDINATOR || principal == HEARTBEATS),
        );
        made.len()
    }

    /// How often the coordinator has written its beacon.
    pub fn beacon_writes(&self) -> usize {
        let written = self.positions(|what| {
            matches!(what, What::Call { principal, operation, params, .. } if principal == COORDINATOR
                && operation == "PutParameter"
                && params["Name"].as_str().is_some_and(|name| name.ends_with("/coordinator")))
        });
        written.len()
    }

    /// When a shared record was written.
    pub fn shared_writes(&self) -> Vec<usize> {
        self.positions(
            |what| matches!(what, What::Parameter { name, value: Some(_), .. } if name.contains("/shared-")),
        )
    }

    /// How often the coordinator called each operation.
    pub fn coordinator_calls(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for operation in self.calls_by(COORDINATOR) {
            *counts.entry(operation).or_default() += 1;
        }
        counts
    }

    /// How many entries there are: a position for "from now on".
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Returns whether nothing has happened.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many times tasks of a group on `instance` were in this status at a position, and had not gone further yet.
    pub fn in_status(&self, on: &str, groups: &str, position: usize) -> BTreeMap<String, usize> {
        let tasks = tasks_on(&self.entries[..position], on).into_values();
        let mut counts = BTreeMap::new();
        for (_, status) in tasks.filter(|(group, _)| group.starts_with(groups)) {
            *counts.entry(status.to_string()).or_default() += 1;
        }
        counts
    }

    /// P1: no protected daemon of `instance` got SIGTERM before the last task of `holding` groups was STOPPED. Panics
    /// if one did, and if nothing of the kind ever happened.
    pub fn assert_daemons_outlive(&self, on: &str, daemons: &[&str], holding: &[&str]) {
        let stopped: Vec<usize> = holding.iter().flat_map(|group| self.stopped(on, group)).collect();
        let last = stopped.into_iter().max().expect("a holding task was stopped");
        for daemon in daemons {
            let sigterm = self.sigterm(on, daemon);
            assert!(!sigterm.is_empty(), "{daemon} never got SIGTERM");
            assert!(
                sigterm.iter().all(|at| *at > last),
                "{daemon} got SIGTERM at {sigterm:?}, before {last}"
            );
        }
    }

    /// P4: the hook of `instance` was completed once, by the coordinator, after its daemons were STOPPED.
    pub fn assert_completed_after(&self, on: &str, daemons: &[&str]) {
        let completed = self.hook(on, "completed");
        assert_eq!(completed.len(), 1, "completed at {completed:?}");
        for daemon in daemons {
            let stopped = self.stopped(on, &format!("service:{daemon}"));
            assert!(
                stopped.iter().all(|at| *at < completed[0]),
                "{daemon} was STOPPED after the completion"
            );
            assert!(!stopped.is_empty(), "{daemon} was not STOPPED");
        }
    }

    /// P1 and P4: both of the above.
    pub fn assert_protected(&self, on: &str, daemons: &[&str], holding: &[&str]) {
        self.assert_daemons_outlive(on, daemons, holding);
        self.assert_completed_after(on, daemons);
    }

    /// From the moment at which the last task of `holding` groups on `instance` was STOPPED: how long until each
    /// container of that name exited.
    pub fn release_latencies(&self, on: &str, holding: &str, name: &str) -> Vec<Duration> {
        let Some(last) = self.stopped(on, holding).into_iter().max() else {
            return Vec::new();
        };
        let exits = self.positions(|what| {
            matches!(what, What::ContainerStatus { instance, container, status: ContainerStatus::Stopped, .. }
                if instance == on && container == name)
        });
        let since = |exit: usize| self.entries[exit].at.duration_since(self.entries[last].at);
        exits
            .into_iter()
            .map(|exit| Duration::try_from(since(exit)).unwrap_or_default())
            .collect()
    }

    /// The ARNs of tasks that have had a container of that name.
    pub fn tasks_with(&self, name: &str) -> Vec<String> {
        let tasks = tasks_with(&self.entries, name).into_iter();
        tasks.map(str::to_owned).collect()
    }

    /// P6: the operations that sidecars called.
    pub fn sidecar_operations(&self) -> BTreeSet<String> {
        let call = |entry: &Entry| match &entry.what {
            What::Call {
                principal, operation, ..
            } if principal.starts_with("SIDECAR-") => Some(operation.clone()),
            _ => None,
        };
        self.entries.iter().filter_map(call).collect()
    }

    /// How many reads the sidecar of a task made before its container got SIGTERM, and after.
    pub fn reads_around_sigterm(&self, task: &str) -> (usize, usize) {
        let who = principal(task);
        let sigterm = self.positions(|what| {
            matches!(what, What::ContainerStatus { task_arn, container, status: ContainerStatus::Terminating, .. }
                if task_arn == task && container == SIDECAR)
        });
        let calls = self.positions(|what| matches!(what, What::Call { principal, .. } if *principal == who));
        let before = calls
            .iter()
            .filter(|at| sigterm.first().is_none_or(|sigterm| *at < sigterm))
            .count();
        (before, calls.len() - before)
    }
}
