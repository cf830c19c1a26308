//! A drain is steady while tasks are awaited, and nothing else is due.

use std::collections::BTreeSet;

use crate::control::Control;
use crate::holding::census;
use crate::ids::{ClusterName, InstanceKey, TaskArn};
use crate::limits::DESCRIBE_MAX;
use crate::observation::{HookAction, Stored, Task};
use crate::plan::next_due;
use crate::record::{Lifecycle, Record};

use super::{ListedRecord, Sweep, View};

/// A drain that may be steady, and the tasks that are known to be awaited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The instance that drains.
    pub key: InstanceKey,
    /// The tasks that are known to be awaited.
    pub awaited: BTreeSet<TaskArn>,
}

/// A drain that is steady: its record as listed, and the awaited tasks as they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SteadyDrain {
    /// The instance that drains.
    pub key: InstanceKey,
    /// The record as it is stored.
    pub stored: Stored,
    /// What it says.
    pub record: Record,
    /// The tasks that are awaited, as ECS has described them.
    pub tasks: Vec<Task>,
}

impl Sweep<'_> {
    pub(super) fn find_candidates(&mut self, view: &View) {
        // The kill switch is another reason to act.
        if view.control == Control::ReleaseAll {
            return;
        }
        for (key, listed) in &self.records {
            if let Some(awaited) = self.awaited(view, key, listed) {
                let (key, awaited) = (key.clone(), awaited.clone());
                let cluster = self.candidates.entry(key.cluster.clone()).or_default();
                cluster.push(Candidate { key, awaited });
            }
        }
    }

    /// The tasks to ask for, if the drain is steady according to its record and this tick's listings.
    fn awaited<'v>(
        &self,
        view: &'v View,
        key: &InstanceKey,
        listed: &ListedRecord,
    ) -> Option<&'v BTreeSet<TaskArn>> {
        let record = listed.record()?;
        let drains = self
            .draining
            .get(&key.cluster)
            .is_some_and(|draining| record.registrations().all(|arn| draining.contains(arn)));
        let due = next_due(record, self.policy).is_none_or(|due| due <= self.at);
        let awaited = view
            .awaited
            .get(key)
            .filter(|awaited| awaited.released == record.is_released() && !awaited.tasks.is_empty())?;
        (drains && !due && self.hook_is_as_recorded(key, record)).then_some(&awaited.tasks)
    }

    /// Takes out the drains that may be steady, in groups for one call of `DescribeTasks` each: up to 100 tasks of one
    /// cluster; an instance with more is a group of its own.
    #[must_use]
    pub fn take_candidates(&mut self) -> Vec<(ClusterName, Vec<Candidate>)> {
        let candidates = std::mem::take(&mut self.candidates).into_iter();
        let packed = candidates.flat_map(|(cluster, candidates)| {
            let packed = pack(candidates).into_iter();
            packed.map(move |candidates| (cluster.clone(), candidates))
        });
        packed.collect()
    }

    /// Takes a drain out if it is steady: a task that holds, or a daemon of a drain that is released, is still awaited,
    /// and no agent is away. `tasks` may be those of other drains too.
    pub fn steady(&mut self, candidate: Candidate, tasks: &[Task]) -> Option<SteadyDrain> {
        let own = tasks.iter().filter(|task| candidate.awaited.contains(&task.arn));
        let tasks: Vec<Task> = own.cloned().collect();
        let record = self.records.get(&candidate.key)?.record()?.clone();
        let awaits = match record.is_released() {
            true => tasks.iter().any(|task| !task.last_status.is_final()),
            false => census(&tasks, self.policy).remaining() > 0,
        };
        if !awaits || tasks.iter().any(|task| !task.agent_connected) {
            return None;
        }
        let listed = self.remove(&candidate.key, &record)?;
        Some(SteadyDrain {
            key: candidate.key,
            stored: listed.stored,
            record,
            tasks,
        })
    }

    /// Takes a drain out that needs no full observation.
    fn remove(&mut self, key: &InstanceKey, record: &Record) -> Option<ListedRecord> {
        if let Some(draining) = self.draining.get_mut(&key.cluster) {
            draining.retain(|arn| !record.names(arn));
        }
        if let Some(waiting) = &mut self.waiting {
            waiting.remove(&key.instance);
        }
        self.records.remove(key)
    }

    /// Returns whether there is no hook that the record does not know, and its own still waits, with the timeout that
    /// the record has, according to Auto Scaling.
    fn hook_is_as_recorded(&self, key: &InstanceKey, record: &Record) -> bool {
        let Some(waiting) = &self.waiting else {
            return true;
        };
        let announced = waiting.get(&key.instance).map(Vec::as_slice).unwrap_or_default();
        let known = |action: &HookAction| {
            let is_it =
                |hook: &Lifecycle| action.is_of(hook) && hook.heartbeat_seconds == action.heartbeat_seconds;
            record.lifecycles().any(is_it)
        };
        announced.iter().all(known) && announced.is_empty() == record.lifecycle.is_none()
    }
}

fn pack(candidates: Vec<Candidate>) -> Vec<Vec<Candidate>> {
    let mut packed: Vec<Vec<Candidate>> = Vec::new();
    let mut tasks = usize::MAX;
    for candidate in candidates {
        let more = candidate.awaited.len();
        match packed.last_mut() {
            Some(group) if tasks.saturating_add(more) <= DESCRIBE_MAX => {
                group.push(candidate);
                tasks += more;
            }
            _ => {
                packed.push(vec![candidate]);
                tasks = more;
            }
        }
    }
    packed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p10_tasks_of_several_drains_share_a_call() {
        let candidate = |count: usize| Candidate {
            key: InstanceKey {
                cluster: "prod".parse().unwrap(),
                instance: "i-12345678".parse().unwrap(),
            },
            awaited: (0..count)
                .map(|id| format!("arn:aws:ecs:eu-west-1:1:task/prod/{id}").parse().unwrap())
                .collect(),
        };
        let sizes = |counts: &[usize]| -> Vec<usize> {
            let packed = pack(counts.iter().map(|count| candidate(*count)).collect());
            packed.iter().map(Vec::len).collect()
        };
        assert_eq!(sizes(&[]), [0; 0]);
        assert_eq!(sizes(&[20, 30, 50, 1]), [3, 1]);
        assert_eq!(sizes(&[150, 60, 50]), [1, 1, 1]);
    }
}
