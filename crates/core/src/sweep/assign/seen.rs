//! What an instance needs follows from its record, its registrations, and what is known of its hooks.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::aws::InstanceStatus;
use crate::ids::{ContainerInstanceArn, InstanceId, InstanceKey};
use crate::observation::{ContainerInstance, Hook, HookAction};
use crate::record::{Record, ReleaseReason};

use super::super::needs::NeedsObservation;
use super::super::{ListedRecord, Waiting, is_over, is_past, was_let_go};

/// What is known of hooks, and of instances without a task.
pub(super) struct Seen {
    pub(super) at: Timestamp,
    pub(super) waiting: Option<Waiting>,
    pub(super) leaving: Option<BTreeSet<InstanceId>>,
    pub(super) empty: BTreeSet<ContainerInstanceArn>,
    /// Instances that are in service, of those that Auto Scaling was asked about.
    pub(super) serving: BTreeSet<InstanceId>,
    /// Whether more than one cluster may be watched, so that a hook may wait for drains in several.
    pub(super) several: bool,
}

/// What the instance of a record needs.
pub(super) enum Need {
    /// Nothing: its drain is over, and the record is not old yet.
    Nothing,
    /// Its record is not needed any more.
    Delete,
    /// Nothing from now on, until something changes about it.
    Finish {
        /// Whether its record is not needed any more either.
        delete: bool,
    },
    /// A full observation.
    Observation,
}

impl Seen {
    /// Instances for which hooks wait in clusters that a record of theirs names, and in which they have no record yet.
    pub(super) fn not_begun(&self, records: &BTreeMap<InstanceKey, ListedRecord>) -> Vec<NeedsObservation> {
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
    pub(super) fn is_empty_still(&self, key: &InstanceKey, instances: &[ContainerInstance]) -> bool {
        let was_empty = |one: &ContainerInstance| is_finished(one) && self.empty.contains(&one.arn);
        self.is_unhooked(&key.instance) && instances.iter().all(was_empty)
    }

    /// Returns whether our hook let an instance go that is in service again, as after its return from a warm pool, and its
    /// record does not say so yet. That its drain has ended is known here alone.
    pub(super) fn is_back(
        &self,
        key: &InstanceKey,
        listed: &ListedRecord,
        instances: &[ContainerInstance],
    ) -> bool {
        self.is_unhooked(&key.instance)
            && listed.record().is_some_and(was_let_go)
            && (instances.iter().any(is_in_service) || self.serving.contains(&key.instance))
    }

    /// Returns whether Auto Scaling has answered, and no hook waits for the instance.
    fn is_unhooked(&self, instance: &InstanceId) -> bool {
        self.waiting.is_some() && self.waits(instance).is_none()
    }

    fn waits(&self, instance: &InstanceId) -> Option<&Vec<HookAction>> {
        self.waiting.as_ref().and_then(|waiting| waiting.get(instance))
    }

    /// What the instance of a record needs.
    pub(super) fn need(
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
        match instances.filter(|_| self.is_unhooked(&key.instance) && is_over(record)) {
            Some(instances) if instances.iter().all(|one| is_over_for(record, one)) => {
                let left_behind = instances.iter().all(|one| !one.agent_connected);
                Need::Finish {
                    delete: left_behind && is_past(record, self.at),
                }
            }
            _ => Need::Observation,
        }
    }

    /// DRAINING instances without a record. If several clusters are watched, one that waits is located in all of them.
    pub(super) fn untracked(
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
    pub(super) fn hook_for(&self, instance: &InstanceId, record: Option<&Record>) -> Hook {
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

/// Returns whether it drains. A registration that was left behind does not count beside one that is in service.
fn is_draining(instances: &[ContainerInstance]) -> bool {
    let serves = instances.iter().any(is_in_service);
    let counts = |one: &ContainerInstance| one.agent_connected || !serves;
    let drains = |one: &ContainerInstance| one.status == InstanceStatus::Draining && counts(one);
    instances.iter().any(drains)
}

fn is_in_service(one: &ContainerInstance) -> bool {
    one.status == InstanceStatus::Active && one.agent_connected
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

/// Returns whether a drain is over for this registration: no agent is there that could report a task, or the release is for
/// it, and it has no task, or those had their time. One that the release does not name has come since.
fn is_over_for(record: &Record, one: &ContainerInstance) -> bool {
    let released = record.names(&one.arn) && (is_finished(one) || had_its_time(record, one));
    !one.agent_connected || released
}

/// DRAINING, and what is left of its tasks had its time: no task of it begins a drain any more.
fn had_its_time(record: &Record, instance: &ContainerInstance) -> bool {
    let forced = record.reason.is_some_and(ReleaseReason::is_forced) && !record.is_outlived();
    instance.status == InstanceStatus::Draining && forced
}
