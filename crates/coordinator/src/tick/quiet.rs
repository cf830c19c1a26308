//! Drains that are quiet: tasks are awaited, and nothing else is due. One call for up to 100 of these tasks says whether
//! that is still so.

use std::collections::{BTreeMap, BTreeSet};

use protector_core::control::Control;
use protector_core::holding::{Census, census};
use protector_core::ids::{ClusterName, InstanceKey, TaskArn};
use protector_core::observation::{Seen, Stored, Task};
use protector_core::plan::{Action, Plan, Verdict, next_due, upkeep};
use protector_core::record::Record;
use serde_json::json;

use crate::apply::{Done, Target};
use crate::aws::ListedTask;
use crate::coordinator::Coordinator;
use crate::say::Level;

use super::found::{Found, ListedRecord};

/// A drain that may be quiet, and the tasks that are known to be awaited.
struct Candidate {
    key: InstanceKey,
    awaited: BTreeSet<TaskArn>,
}

impl Coordinator {
    /// Takes out of `found` what needs no whole look.
    pub(super) async fn spare_the_quiet(&self, found: &mut Found) {
        // The kill switch is another reason to act.
        if self.memory.control() == Control::ReleaseAll {
            return;
        }
        let mut candidates: BTreeMap<ClusterName, Vec<Candidate>> = BTreeMap::new();
        for (key, listed) in &found.records {
            if let Some(awaited) = self.awaited(found, key, listed) {
                let key = key.clone();
                let cluster = candidates.entry(key.cluster.clone()).or_default();
                cluster.push(Candidate { key, awaited });
            }
        }
        for (cluster, candidates) in candidates {
            self.ask(&cluster, candidates, found).await;
        }
    }

    /// The tasks to ask for, if the drain is quiet as far as its record and this run's listings tell.
    fn awaited(&self, found: &Found, key: &InstanceKey, listed: &ListedRecord) -> Option<BTreeSet<TaskArn>> {
        let record = listed.record()?;
        let arn = &record.container_instance_arn;
        let drains = found
            .draining
            .get(&key.cluster)
            .is_some_and(|draining| draining.contains(arn));
        let due = next_due(record, &self.policy).is_none_or(|due| due <= found.at);
        let awaited = self.memory.awaited(arn, record.is_released());
        let quiet = drains && !due && hook_is_as_recorded(found, key, record) && !awaited.is_empty();
        quiet.then(|| awaited.into_iter().collect())
    }

    async fn ask(&self, cluster: &ClusterName, candidates: Vec<Candidate>, found: &mut Found) {
        let asked: Vec<TaskArn> = candidates
            .iter()
            .flat_map(|candidate| candidate.awaited.iter().cloned())
            .collect();
        // What cannot be told here is told, or not, by a whole look.
        let Ok(listed) = self.aws.describe_tasks(cluster, &asked).await else {
            return;
        };
        let disconnected: BTreeSet<TaskArn> = listed
            .iter()
            .filter(|task| task.disconnected)
            .map(|task: &ListedTask| task.arn.clone())
            .collect();
        let Ok(tasks) = self.scheduled(cluster, listed).await else {
            return;
        };
        for candidate in candidates {
            let own = tasks.iter().filter(|task| candidate.awaited.contains(&task.arn));
            let own: Vec<Task> = own.cloned().collect();
            let alive = own.iter().any(|task| !task.last_status.is_final());
            if alive && own.iter().all(|task| !disconnected.contains(&task.arn)) {
                self.stays(&candidate.key, own, found).await;
            }
        }
    }

    /// The drain is held on: it gets its heartbeat and its new count if they are due, and its line is said.
    async fn stays(&self, key: &InstanceKey, tasks: Vec<Task>, found: &mut Found) {
        let Some(listed) = found.records.remove(key) else {
            return;
        };
        let Some(record) = listed.record() else { return };
        if let Some(draining) = found.draining.get_mut(&key.cluster) {
            draining.remove(&record.container_instance_arn);
        }
        if let Some(waiting) = &mut found.waiting {
            waiting.remove(&key.instance);
        }
        found.quiet += 1;
        let before = Seen::Yes(listed.stored.clone());
        let tasks = self.with_protection(&key.cluster, tasks, &before).await;
        let alive = tasks.iter().filter(|task| !task.last_status.is_final());
        let alive: BTreeSet<TaskArn> = alive.map(|task| task.arn.clone()).collect();
        let (now, awaited) = (self.now(), alive.len());
        self.memory.probed(&record.container_instance_arn, alive, now);
        let fleet = self.memory.fleet_without(key, now);
        let actions = upkeep(record, &tasks, &self.policy, fleet, now);
        let done = self.keep_up(key, &before, actions).await;
        let seen = census(&tasks, &self.policy);
        self.say_quiet(key, record, awaited, &seen, &done);
    }

    async fn keep_up(&self, key: &InstanceKey, before: &Seen<Stored>, actions: Vec<Action>) -> Vec<Done> {
        let plan = Plan {
            actions,
            verdict: Verdict::Holding,
            reasons: Vec::new(),
            look_again: None,
        };
        self.apply(Target::Placed(key, before), plan).await.done
    }

    fn say_quiet(&self, key: &InstanceKey, record: &Record, awaited: usize, seen: &Census, done: &[Done]) {
        let fields = json!({
            "requestId": self.request_id,
            "trigger": "tick",
            "cluster": key.cluster,
            "instance": key.instance,
            "containerInstance": record.container_instance_arn.as_str(),
            "status": "DRAINING",
            "remaining": seen.remaining(),
            "heldBy": seen.held_by,
            "verdict": record.reason.map_or(Verdict::Holding, Verdict::Released).name(),
            "mode": self.mode(),
            "reasons": [format!("quiet: {awaited} awaited task(s) still live, and nothing else is due")],
            "actions": done,
            "looks": 0,
        });
        self.voice.say(Level::Info, "instance", fields);
    }
}

/// Is there no hook that the record does not know, and does its own still wait as far as Auto Scaling told?
fn hook_is_as_recorded(found: &Found, key: &InstanceKey, record: &Record) -> bool {
    let Some(waiting) = &found.waiting else {
        return true;
    };
    match (&record.lifecycle, waiting.get(&key.instance)) {
        (None, None) => true,
        (Some(known), Some(action)) => known.auto_scaling_group_name == action.group,
        (None, Some(_)) | (Some(_), None) => false,
    }
}
