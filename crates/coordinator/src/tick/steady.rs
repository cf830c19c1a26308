//! Drains that are quiet: tasks are awaited, and nothing else is due. One call for up to 100 of these tasks says
//! whether that is still so.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt, stream};
use protector_core::aws::InstanceStatus;
use protector_core::control::Control;
use protector_core::holding::{Census, census};
use protector_core::ids::{ClusterName, InstanceKey, TaskArn};
use protector_core::limits::DESCRIBE_MAX;
use protector_core::limits::coordinator::STEADY_HEARTBEATS_AT_ONCE;
use protector_core::observation::{HookAction, Observed, Stored, Task};
use protector_core::plan::{Plan, Remark, Verdict, maintenance_actions, next_due};
use protector_core::plural::counted;
use protector_core::record::{Lifecycle, Record};
use protector_core::trigger::TriggerKind;

use crate::apply::{Applied, Target};
use crate::coordinator::Coordinator;
use crate::instance_line::{InstanceLine, RegisteredFields};

use super::found::{Found, ListedRecord};

/// A drain that may be quiet, and the tasks that are known to be awaited.
struct Candidate {
    key: InstanceKey,
    awaited: BTreeSet<TaskArn>,
}

/// A drain that is quiet: its record as listed, and the awaited tasks as they are.
pub(super) struct Steady {
    key: InstanceKey,
    stored: Stored,
    record: Record,
    tasks: Vec<Task>,
}

impl Coordinator {
    /// Takes out of `found` what needs no full observation.
    pub(super) async fn skip_steady_drains(&self, found: &mut Found) -> Vec<Steady> {
        let mut quiet = Vec::new();
        // The kill switch is another reason to act.
        if self.cache.control() == Control::ReleaseAll {
            return quiet;
        }
        for (cluster, candidates) in self.candidates(found) {
            for packed in pack(candidates) {
                quiet.extend(self.ask(&cluster, packed, found).await);
            }
        }
        quiet
    }

    fn candidates(&self, found: &Found) -> BTreeMap<ClusterName, Vec<Candidate>> {
        let mut candidates: BTreeMap<ClusterName, Vec<Candidate>> = BTreeMap::new();
        for (key, listed) in &found.records {
            if let Some(awaited) = self.awaited(found, key, listed) {
                let key = key.clone();
                let cluster = candidates.entry(key.cluster.clone()).or_default();
                cluster.push(Candidate { key, awaited });
            }
        }
        candidates
    }

    /// The tasks to ask for, if the drain is quiet according to its record and this run's listings.
    fn awaited(&self, found: &Found, key: &InstanceKey, listed: &ListedRecord) -> Option<BTreeSet<TaskArn>> {
        let record = listed.record()?;
        let drains = found
            .draining
            .get(&key.cluster)
            .is_some_and(|draining| record.registrations().all(|arn| draining.contains(arn)));
        let due = next_due(record, &self.policy).is_none_or(|due| due <= found.at);
        let awaited = self.cache.awaited(key, record.is_released());
        let quiet = drains && !due && hook_is_as_recorded(found, key, record) && !awaited.is_empty();
        quiet.then(|| awaited.into_iter().collect())
    }

    /// Those of the candidates that are quiet. What this call does not answer is left to a full observation.
    async fn ask(&self, cluster: &ClusterName, candidates: Vec<Candidate>, found: &mut Found) -> Vec<Steady> {
        let asked: Vec<TaskArn> = candidates
            .iter()
            .flat_map(|candidate| candidate.awaited.iter().cloned())
            .collect();
        let Ok(listed) = self.aws.describe_tasks(cluster, &asked).await else {
            return Vec::new();
        };
        let disconnected = listed.iter().filter(|task| task.disconnected);
        let disconnected: BTreeSet<TaskArn> = disconnected.map(|task| task.arn.clone()).collect();
        let Ok(tasks) = self.scheduled(cluster, listed).await else {
            return Vec::new();
        };
        let tasks = self.with_protection(cluster, tasks, true).await;
        let connected = |candidate: &Candidate| candidate.awaited.is_disjoint(&disconnected);
        let quiet = candidates.into_iter().filter(connected);
        quiet
            .filter_map(|candidate| self.steady(candidate, &tasks, found))
            .collect()
    }

    /// Takes the drain out of `found` if a task that holds, or a daemon, is still awaited.
    fn steady(&self, candidate: Candidate, tasks: &[Task], found: &mut Found) -> Option<Steady> {
        let own = tasks.iter().filter(|task| candidate.awaited.contains(&task.arn));
        let tasks: Vec<Task> = own.cloned().collect();
        let record = found.records.get(&candidate.key)?.record()?.clone();
        let seen = census(&tasks, &self.policy);
        let stays = match record.is_released() {
            true => tasks.iter().any(|task| !task.last_status.is_final()),
            false => seen.remaining() > 0,
        };
        let listed = stays.then(|| found.remove(&candidate.key, &record))??;
        Some(Steady {
            key: candidate.key,
            stored: listed.stored,
            record,
            tasks,
        })
    }

    /// Each quiet drain gets its heartbeat and its new count if they are due, and its line is logged. Returns the
    /// failures.
    pub(super) async fn maintain_all(&self, quiet: Vec<Steady>) -> Vec<String> {
        let kept = stream::iter(quiet).map(|quiet| self.maintain(quiet));
        let problems: Vec<Option<String>> = kept.buffer_unordered(STEADY_HEARTBEATS_AT_ONCE).collect().await;
        problems.into_iter().flatten().collect()
    }

    async fn maintain(&self, quiet: Steady) -> Option<String> {
        let Steady {
            key,
            stored,
            record,
            tasks,
        } = quiet;
        let alive = tasks.iter().filter(|task| !task.last_status.is_final());
        let alive: BTreeSet<TaskArn> = alive.map(|task| task.arn.clone()).collect();
        let (now, awaited) = (self.now(), alive.len());
        self.cache.probed(&key, alive, now);
        let fleet = self.cache.fleet_without(&key, now);
        let plan = Plan {
            actions: maintenance_actions(&record, &tasks, &self.policy, fleet, self.heartbeats_by(), now),
            verdict: record.reason.map_or(Verdict::Holding, Verdict::Released),
            remarks: vec![Remark::Note(format!(
                "steady: {} awaited, and nothing else is due",
                counted(awaited, "task")
            ))],
            look_again: None,
            order: None,
        };
        let before = Observed::Present(stored);
        let me = self.metered();
        let applied = me.apply(Target::Placed(&key, &before), plan.clone()).await;
        self.cache.add_uncounted(&key, me.aws.meter.total());
        let seen = (!record.is_released()).then(|| census(&tasks, &self.policy));
        self.log_steady(&key, &record, &plan, seen.as_ref(), &applied);
        applied.failure.map(|failure| failure.to_string())
    }

    fn log_steady(
        &self,
        key: &InstanceKey,
        record: &Record,
        plan: &Plan,
        seen: Option<&Census>,
        applied: &Applied,
    ) {
        let instance = &record.container_instance_arn;
        self.log_instance(&InstanceLine {
            request_id: self.request_id.clone(),
            trigger: TriggerKind::Tick,
            instance: key.instance.clone(),
            verdict: plan.verdict,
            mode: self.mode(),
            remarks: plan.remarks.clone(),
            actions: applied.done.clone(),
            failed: applied.failure.is_some(),
            registered: Some(RegisteredFields {
                container_instance: Some(instance.to_string()),
                ..RegisteredFields::new(key, InstanceStatus::Draining.to_string(), seen, 0)
            }),
            observed: None,
            order: None,
        });
    }
}

/// In groups of up to 100 tasks, one call each; an instance with more is a group of its own.
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

/// Returns whether there is no hook that the record does not know, and its own still waits, with the timeout that the
/// record has, according to Auto Scaling.
fn hook_is_as_recorded(found: &Found, key: &InstanceKey, record: &Record) -> bool {
    let Some(waiting) = &found.waiting else {
        return true;
    };
    let announced = waiting.get(&key.instance).map(Vec::as_slice).unwrap_or_default();
    let known = |action: &HookAction| {
        let is_it = |hook: &Lifecycle| {
            hook.auto_scaling_group_name == action.group
                && hook.lifecycle_hook_name == action.hook
                && hook.heartbeat_seconds == action.heartbeat_seconds
        };
        record.lifecycles().any(is_it)
    };
    announced.iter().all(known) && announced.is_empty() == record.lifecycle.is_none()
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
