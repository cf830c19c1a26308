//! What each instance needs that is neither finished nor steady.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::aws::InstanceStatus;
use crate::ids::{ClusterName, ContainerInstanceArn, InstanceId, InstanceKey};
use crate::observation::{ContainerInstance, Hook, HookAction, Stored};
use crate::record::{Record, ReleaseReason};

use super::{ListedRecord, OldRecord, Sweep, Waiting, is_over, is_past};

/// What AWS has answered to the questions of a sweep.
#[derive(Debug, Clone, Default)]
pub struct Answers {
    /// The registrations that were asked for, by instance.
    pub described: BTreeMap<InstanceKey, Vec<ContainerInstance>>,
    /// Clusters that did not answer for each: an instance that is not described may still exist.
    pub unanswered: BTreeSet<ClusterName>,
    /// Of the instances that were asked for, those that are on their way to a hook that waits, or there; `None` if Auto
    /// Scaling did not answer.
    pub leaving: Option<BTreeSet<InstanceId>>,
}

/// An instance that needs a full observation, and what is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NeedsObservation {
    /// The instance.
    pub key: InstanceKey,
    /// Its registrations as they were described. None: ECS gave no answer for it, or has forgotten those that its record
    /// names, and the observation asks for others.
    pub instances: Option<Vec<ContainerInstance>>,
    /// Its hooks.
    pub hook: Hook,
    /// Its record, if it has one.
    pub stored: Option<Stored>,
    /// Other clusters whose records name its own: its drain there has begun, and here it has not.
    pub elsewhere: Vec<ClusterName>,
}

impl NeedsObservation {
    /// Returns whether the listings have what its record does not: a hook that waits, or waits no more, or another cluster.
    /// `known` is the record as it was last read or written, if that is remembered; otherwise the listed one counts.
    #[must_use]
    pub fn has_news(&self, known: Option<&Record>) -> bool {
        let listed = self.stored.as_ref().and_then(Stored::readable);
        let record = known.or(listed);
        let is_recorded = |wait: &HookAction| {
            let mut lifecycles = record.into_iter().flat_map(Record::lifecycles);
            lifecycles.any(|known| wait.is_of(known))
        };
        let hook = match &self.hook {
            Hook::Waiting(waits) => !waits.iter().all(is_recorded),
            Hook::Over => true,
            Hook::None | Hook::Unknown(_) => false,
        };
        hook || !self.elsewhere.is_empty()
    }
}

/// What the instances of a sweep need.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needs {
    /// Instances to observe: releases first, then new holds, then the rest.
    pub observe: Vec<NeedsObservation>,
    /// Drains that are released and whose instances are gone: nothing but their receipts is left to do.
    pub receipts: Vec<NeedsObservation>,
    /// Records that are not needed any more.
    pub delete: Vec<OldRecord>,
    /// Instances for which a hook waits, in no cluster that was seen yet.
    pub unplaced: Waiting,
    /// Registrations with which nothing is left to do from now on.
    pub finished: Vec<(InstanceKey, ContainerInstance)>,
    /// Drains that are over, and whose instances are in service again: their records are to say so.
    pub back: Vec<(InstanceKey, Stored)>,
    /// Registrations whose drains could not be recorded, and that have no task still: DRAINING keeps tasks away.
    pub empty: Vec<(InstanceKey, ContainerInstance)>,
}

/// Decides what each instance needs: those with a record, then those without.
pub(super) fn assign(sweep: Sweep<'_>, answers: Answers) -> Needs {
    let seen = Seen {
        at: sweep.at,
        waiting: sweep.waiting,
        leaving: answers.leaving,
        empty: sweep.empty,
        several: sweep.policy.clusters.len() != 1,
    };
    let not_begun = seen.not_begun(&sweep.records);
    let mut described = answers.described;
    for instances in described.values_mut() {
        instances.retain(|one| one.status != InstanceStatus::Inactive);
    }
    described.retain(|_, instances| !instances.is_empty());
    let mut needs = Needs {
        delete: sweep.old,
        ..Needs::default()
    };
    let mut tracked: BTreeSet<InstanceKey> = BTreeSet::new();
    for (key, listed) in sweep.records {
        let instances = described.get(&key);
        let answered = !answers.unanswered.contains(&key.cluster);
        match seen.need(&key, &listed, instances, answered) {
            Need::Delete => needs.delete.push(listed.old()),
            Need::Nothing => {
                if instances.is_some_and(|instances| seen.is_back(&key, &listed, instances)) {
                    needs.back.push((key, listed.stored));
                }
            }
            Need::Finish { delete } => {
                let instances = instances.into_iter().flatten();
                needs
                    .finished
                    .extend(instances.map(|one| (key.clone(), one.clone())));
                needs.delete.extend(delete.then(|| listed.old()));
                tracked.insert(key);
            }
            Need::Observation => {
                tracked.insert(key.clone());
                needs.observe.push(NeedsObservation {
                    hook: seen.hook_for(&key.instance, listed.record()),
                    instances: instances.cloned(),
                    stored: Some(listed.stored),
                    elsewhere: Vec::new(),
                    key,
                });
            }
        }
    }
    tracked.extend(not_begun.iter().map(|one| one.key.clone()));
    described.retain(|key, _| !tracked.contains(key));
    for (key, instances) in described.extract_if(.., |key, instances| seen.is_empty_still(key, instances)) {
        needs
            .empty
            .extend(instances.into_iter().map(|one| (key.clone(), one)));
    }
    needs.observe.extend(not_begun);
    needs.observe.extend(seen.untracked(described));
    let placed: BTreeSet<&InstanceId> = needs.observe.iter().map(|one| &one.key.instance).collect();
    needs.unplaced = seen.waiting.unwrap_or_default();
    needs.unplaced.retain(|instance, _| !placed.contains(instance));
    let (receipts, observe) = needs.observe.into_iter().partition(NeedsObservation::has_ended);
    (needs.receipts, needs.observe) = (receipts, observe);
    needs.observe.sort_by_key(|one| one.rank(seen.at));
    needs
}

/// What is known of hooks, and of instances without a task.
struct Seen {
    at: Timestamp,
    waiting: Option<Waiting>,
    leaving: Option<BTreeSet<InstanceId>>,
    empty: BTreeSet<ContainerInstanceArn>,
    /// Whether more than one cluster may be watched, so that a hook may wait for drains in several.
    several: bool,
}

impl Seen {
    /// Instances for which hooks wait in clusters that a record of theirs names, and in which they have no record yet.
    fn not_begun(&self, records: &BTreeMap<InstanceKey, ListedRecord>) -> Vec<NeedsObservation> {
        let mut not_begun: BTreeMap<InstanceKey, NeedsObservation> = BTreeMap::new();
        let waiting = records
            .iter()
            .filter(|(key, _)| self.waits(&key.instance).is_some());
        for (key, listed) in waiting {
            let others = listed.record().map(|record| &record.other_clusters);
            for cluster in others.into_iter().flatten() {
                let (cluster, instance) = (cluster.clone(), key.instance.clone());
                let other = InstanceKey { cluster, instance };
                if !records.contains_key(&other) {
                    let needs = NeedsObservation {
                        hook: self.hook_for(&key.instance, None),
                        key: other.clone(),
                        instances: None,
                        stored: None,
                        elsewhere: vec![key.cluster.clone()],
                    };
                    not_begun.insert(other, needs);
                }
            }
        }
        not_begun.into_values().collect()
    }

    /// Returns whether drains of the instance in other clusters may still look at this record: until its hooks are
    /// completed, it says that this drain is over.
    fn is_kept_for_others(&self, key: &InstanceKey, record: &Record) -> bool {
        let waits = self.waiting.is_none() || self.waits(&key.instance).is_some();
        waits && !record.other_clusters.is_empty()
    }

    /// Returns whether an instance without a record had no task when it was observed last, and ECS counts none now.
    fn is_empty_still(&self, key: &InstanceKey, instances: &[ContainerInstance]) -> bool {
        let unhooked = self.waiting.is_some() && self.waits(&key.instance).is_none();
        let was_empty = |one: &ContainerInstance| is_finished(one) && self.empty.contains(&one.arn);
        unhooked && instances.iter().all(was_empty)
    }

    /// Returns whether our hook let an instance go that is in service again, as after its return from a warm pool, and its
    /// record does not say so yet. That its drain has ended is known here alone.
    fn is_back(&self, key: &InstanceKey, listed: &ListedRecord, instances: &[ContainerInstance]) -> bool {
        let unhooked = self.waiting.is_some() && self.waits(&key.instance).is_none();
        let unsaid = |record: &Record| is_over(record) && record.lifecycle.is_some() && !record.is_outlived();
        let serves = |one: &ContainerInstance| one.status == InstanceStatus::Active && one.agent_connected;
        unhooked && listed.record().is_some_and(unsaid) && instances.iter().any(serves)
    }

    fn waits(&self, instance: &InstanceId) -> Option<&Vec<HookAction>> {
        self.waiting.as_ref().and_then(|waiting| waiting.get(instance))
    }

    /// What the instance of a record needs.
    fn need(
        &self,
        key: &InstanceKey,
        listed: &ListedRecord,
        instances: Option<&Vec<ContainerInstance>>,
        answered: bool,
    ) -> Need {
        let Some(record) = listed.record() else {
            return Need::Observation;
        };
        let drains = instances.is_some_and(|instances| is_draining(instances));
        // No record of it knows the hook that waits: it is located in all clusters, as if the event had come.
        if self.several && self.waits(&key.instance).is_some() && knows_no_hook(record) {
            return Need::Nothing;
        }
        let answered = answered && !self.is_kept_for_others(key, record);
        if answered && !drains && is_old(record, instances.is_some(), self.at) {
            return Need::Delete;
        }
        if answered && !drains && is_over(record) {
            return Need::Nothing;
        }
        let unhooked = self.waiting.is_some() && self.waits(&key.instance).is_none();
        match instances.filter(|_| unhooked && is_over(record)) {
            Some(instances)
                if instances
                    .iter()
                    .all(|one| is_finished(one) || had_its_time(record, one)) =>
            {
                let left_behind = instances.iter().all(|one| !one.agent_connected);
                Need::Finish {
                    delete: left_behind && is_past(record, self.at),
                }
            }
            _ => Need::Observation,
        }
    }

    /// DRAINING instances without a record. If several clusters are watched, one that waits is located in all of them.
    fn untracked(
        &self,
        described: BTreeMap<InstanceKey, Vec<ContainerInstance>>,
    ) -> impl Iterator<Item = NeedsObservation> {
        let draining = described.into_iter().filter(|(key, instances)| {
            let is_located = self.several && self.waits(&key.instance).is_some();
            is_draining(instances) && !is_located
        });
        draining.map(|(key, instances)| NeedsObservation {
            hook: self.hook_for(&key.instance, None),
            key,
            instances: Some(instances),
            stored: None,
            elsewhere: Vec::new(),
        })
    }

    /// What is known of the hook for which a record was written.
    fn hook_for(&self, instance: &InstanceId, record: Option<&Record>) -> Hook {
        if let Some(actions) = self.waits(instance) {
            return Hook::Waiting(actions.clone());
        }
        let hooks = record.into_iter().flat_map(Record::lifecycles);
        let recorded: Vec<HookAction> = hooks.map(HookAction::from).collect();
        match &self.leaving {
            // The listing of the groups has answered: no hook waits that a shared record has left out.
            _ if record.is_some_and(Record::is_reported_only)
                && recorded.is_empty()
                && self.waiting.is_some() =>
            {
                Hook::Over
            }
            _ if recorded.is_empty() => Hook::None,
            None => Hook::Unknown("Auto Scaling could not be read".to_owned()),
            Some(leaving) if leaving.contains(instance) => Hook::Waiting(recorded),
            Some(_) => Hook::Over,
        }
    }
}

fn is_draining(instances: &[ContainerInstance]) -> bool {
    instances.iter().any(|one| one.status == InstanceStatus::Draining)
}

/// What the instance of a record needs.
enum Need {
    /// Nothing: its drain is over, and the record is not old yet.
    Nothing,
    /// Its record is not needed any more.
    Delete,
    /// Nothing from now on, until something changes about it.
    Finish {
        delete: bool,
    },
    Observation,
}

impl NeedsObservation {
    fn record(&self) -> Option<&Record> {
        self.stored.as_ref().and_then(Stored::readable)
    }

    /// Returns whether its drain is released and its instance is gone.
    fn has_ended(&self) -> bool {
        let released = self.record().is_some_and(Record::is_released);
        released && self.instances.is_none() && !matches!(self.hook, Hook::Waiting(_))
    }

    /// Releases first, then new holds, then the rest.
    fn rank(&self, at: Timestamp) -> u8 {
        match self.record() {
            Some(record) if ends(record, at) => 0,
            None => 1,
            Some(_) => 2,
        }
    }
}

/// It is the record of a drain that another actor began. A shared record mentions no hooks.
fn knows_no_hook(record: &Record) -> bool {
    record.lifecycle.is_none() && !record.is_reported_only()
}

/// A record is old when its drain is over and its machine is gone, or some minutes later, unless its instance still
/// drains. A record that cannot be read is kept: it may be of another version.
fn is_old(record: &Record, exists: bool, at: Timestamp) -> bool {
    if !exists && is_over(record) && record.lifecycle.is_some() {
        return true;
    }
    is_past(record, at) && (!exists || record.receipt_at.is_some())
}

/// DRAINING, and either ECS counts no task on it, or no agent is there that could report one. After its drain only a
/// change of its status brings work.
fn is_finished(instance: &ContainerInstance) -> bool {
    instance.status == InstanceStatus::Draining && (instance.tasks == Some(0) || !instance.agent_connected)
}

/// DRAINING, and what is left of its tasks had its time: no task of it begins a drain any more.
fn had_its_time(record: &Record, instance: &ContainerInstance) -> bool {
    let forced = record.reason.is_some_and(ReleaseReason::is_forced) && !record.is_outlived();
    instance.status == InstanceStatus::Draining && forced
}

/// Returns whether a release is due, or going on.
fn ends(record: &Record, at: Timestamp) -> bool {
    record.is_released() || record.releasing.is_some() || record.deadline_at <= at
}
