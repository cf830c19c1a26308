//! What the tick has found, and what each instance needs.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::{SignedDuration, Timestamp};
use protector_core::aws::InstanceStatus;
use protector_core::ids::{ClusterName, ContainerInstanceArn, InstanceId, InstanceKey};
use protector_core::limits::RECORD_KEPT;
use protector_core::observation::{ContainerInstance, Hook, HookAction, Observed, Stored};
use protector_core::plan::HeartbeatSender;
use protector_core::record::{Lifecycle, ParameterPrefix, Record};

use crate::aws::{AwsError, Described, Listed, ScalingInstance};
use crate::cache::{Finished, FinishedRegistration};
use crate::coordinator::Coordinator;
use crate::metrics::{Metric, MetricsRecorder};
use crate::store::Store;
use crate::subject::{Registered, Subject};

use super::{Draining, WaitingInstances};

/// A record of the listing.
pub(super) struct ListedRecord {
    pub(super) name: String,
    pub(super) stored: Stored,
}

impl ListedRecord {
    pub(super) fn record(&self) -> Option<&Record> {
        self.stored.readable()
    }
}

/// What the tick has found.
pub(super) struct Found {
    /// When it began to look: nothing in it is older.
    pub(super) at: Timestamp,
    /// Records, by instance. Those that are quiet, and those that are old, are taken out.
    pub(super) records: BTreeMap<InstanceKey, ListedRecord>,
    /// DRAINING container instances. Those that are quiet are taken out.
    pub(super) draining: Draining,
    /// Instances for which a hook of ours waits; `None` if Auto Scaling did not answer.
    pub(super) waiting: Option<WaitingInstances>,
    /// Instances that need a full observation.
    pub(super) subjects: Vec<Subject>,
    /// Instances for which a hook waits, in no cluster that was seen yet.
    pub(super) unplaced: WaitingInstances,
    /// Clusters whose instances could not be described: an instance that is not described may still exist.
    pub(super) unanswered: BTreeSet<ClusterName>,
    /// Instances that need no observation, although they are DRAINING.
    pub(super) tracked: BTreeSet<InstanceKey>,
    /// Records that are not needed any more: name, and version as listed.
    pub(super) old: Vec<(String, i64)>,
    /// How many drains were quiet.
    pub(super) quiet: usize,
    /// The problems that kept something unknown.
    pub(super) problems: Vec<String>,
}

impl Found {
    pub(super) fn new(at: Timestamp) -> Found {
        Found {
            at,
            records: BTreeMap::new(),
            draining: Draining::new(),
            waiting: None,
            subjects: Vec::new(),
            unplaced: BTreeMap::new(),
            unanswered: BTreeSet::new(),
            tracked: BTreeSet::new(),
            old: Vec::new(),
            quiet: 0,
            problems: Vec::new(),
        }
    }

    /// Returns the answer, or notes the problem: what one API does not answer, the others still do.
    pub(super) fn take<T>(&mut self, answer: Result<T, AwsError>) -> Option<T> {
        answer
            .map_err(|failure| self.problems.push(failure.to_string()))
            .ok()
    }

    pub(super) fn draining(&mut self, (draining, failures): (Draining, Vec<AwsError>)) {
        self.problems.extend(failures.iter().map(ToString::to_string));
        self.draining = draining;
    }

    /// If a part of the answer is missing, the rest still counts; the records name the other instances, and each is
    /// asked for.
    pub(super) fn waiting(&mut self, (waiting, failures): (WaitingInstances, Vec<AwsError>)) {
        self.problems.extend(failures.iter().map(ToString::to_string));
        self.waiting = (failures.is_empty() || !waiting.is_empty()).then_some(waiting);
    }

    pub(super) fn records(&mut self, listed: Vec<Listed>, prefix: &ParameterPrefix) {
        for one in listed {
            if let Some(key) = prefix.key_of(&one.name) {
                let stored = one.stored();
                let name = one.name;
                self.records.insert(key, ListedRecord { name, stored });
            }
        }
    }

    /// Records of the listing whose texts were written over others, with what those had said.
    pub(super) fn repaired(&mut self, repaired: Vec<(InstanceKey, Stored)>) {
        for (key, stored) in repaired {
            if let Some(listed) = self.records.get_mut(&key) {
                listed.stored = stored;
            }
        }
    }

    /// Takes in what this environment knows of records: the listing may lag, and leaves out those that are shared.
    pub(super) fn known(&mut self, store: &Store, prefix: &ParameterPrefix) {
        for (key, listed) in &mut self.records {
            if let Observed::Present(seen) =
                store.seen(key, Observed::Present(listed.stored.clone()), self.at)
            {
                listed.stored = seen;
            }
        }
        for (key, stored) in store.open() {
            let name = prefix.record_name(&key);
            self.records.entry(key).or_insert(ListedRecord { name, stored });
        }
    }

    /// Returns the drains that hold, and how many sidecars read their records.
    pub(super) fn fleet(&self) -> BTreeMap<InstanceKey, u32> {
        let holding = |(key, listed): (&InstanceKey, &ListedRecord)| {
            let record = listed.record().filter(|record| !record.is_released())?;
            Some((key.clone(), record.sidecars))
        };
        self.records.iter().filter_map(holding).collect()
    }

    /// Takes a drain out that needs no full observation.
    pub(super) fn remove(&mut self, key: &InstanceKey, record: &Record) -> Option<ListedRecord> {
        if let Some(draining) = self.draining.get_mut(&key.cluster) {
            draining.retain(|arn| !record.names(arn));
        }
        if let Some(waiting) = &mut self.waiting {
            waiting.remove(&key.instance);
        }
        self.records.remove(key)
    }

    /// The gauges of the fleet, as the listing shows it.
    pub(super) fn measure(&self, metrics: &MetricsRecorder, heartbeats: HeartbeatSender) {
        let open = || {
            let records = self.records.values().filter_map(ListedRecord::record);
            records.filter(|record| !is_over(record))
        };
        let remaining: u32 = open().map(|record| record.remaining).sum();
        let oldest = open()
            .map(|record| self.at.duration_since(record.started_at))
            .max();
        let hook = open().flat_map(|record| record.lifecycles().map(runs_out).collect::<Vec<_>>());
        metrics.record(
            Metric::DrainsInFlight,
            f64::from(u32::try_from(open().count()).unwrap_or(u32::MAX)),
        );
        metrics.record(Metric::TasksRemaining, f64::from(remaining));
        metrics.record_duration(Metric::OldestDrainAge, oldest.unwrap_or_default());
        // The sender of the heartbeats knows how much time they leave.
        if let Some(end) = hook.min().filter(|_| heartbeats == HeartbeatSender::Planner) {
            metrics.record_duration(Metric::HookTimeLeft, end.duration_since(self.at));
        }
    }

    /// Releases first, then new holds, then the rest.
    pub(super) fn take_subjects(&mut self) -> Vec<Subject> {
        let mut subjects = std::mem::take(&mut self.subjects);
        let at = self.at;
        subjects.sort_by_key(|subject| {
            let stored = subject.shown.record.as_ref().and_then(Observed::as_yes);
            match stored.and_then(Stored::readable) {
                Some(record) if ends(record, at) => 0,
                None => 1,
                Some(_) => 2,
            }
        });
        subjects
    }

    /// Takes out registrations with which nothing is left to do, unless a hook waits for their instance. The records of
    /// those that were left behind are deleted when they are old.
    pub(super) fn skip_finished(&mut self, finished: &Finished, store: &Store) {
        let Some(waiting) = &self.waiting else { return };
        let known = |cluster: &ClusterName, arn: &ContainerInstanceArn| {
            let finished = finished.get(cluster, arn);
            finished.filter(|finished| !waiting.contains_key(&finished.instance))
        };
        // A registration of the record that is neither known nor listed has nothing to add.
        let (at, old, draining) = (self.at, &mut self.old, &self.draining);
        let is_open = |cluster: &ClusterName, arn: &ContainerInstanceArn| {
            let is_listed = draining.get(cluster).is_none_or(|arns| arns.contains(arn));
            is_listed && known(cluster, arn).is_none()
        };
        self.records.retain(|key, listed| {
            let Some(record) = listed.record().filter(|record| is_over(record)) else {
                return true;
            };
            let finished = record.registrations().filter_map(|arn| known(&key.cluster, arn));
            let finished: Vec<FinishedRegistration> = finished.collect();
            if finished.is_empty() || record.registrations().any(|arn| is_open(&key.cluster, arn)) {
                return true;
            }
            if finished.iter().all(|one| !one.connected) && is_past(record, at) {
                old.push((listed.name.clone(), listed.stored.version));
            } else {
                store.keep(key, at);
            }
            false
        });
        for (cluster, arns) in &mut self.draining {
            arns.retain(|arn| known(cluster, arn).is_none());
        }
    }

    /// The drains that are released and whose instances are gone: nothing but their receipts is left to do.
    pub(super) fn take_ended(&mut self) -> Vec<Subject> {
        let ended = |subject: &Subject| {
            let stored = subject.shown.record.as_ref().and_then(Observed::as_yes);
            let record = stored.and_then(Stored::readable);
            let released = record.is_some_and(Record::is_released);
            released && subject.shown.instances.is_empty() && !matches!(subject.hook, Hook::Waiting(_))
        };
        let (ended, others) = std::mem::take(&mut self.subjects).into_iter().partition(ended);
        self.subjects = others;
        ended
    }

    /// DRAINING instances without a record, and waiting instances that were not seen in any cluster.
    fn untracked(&mut self, described: BTreeMap<InstanceKey, Vec<ContainerInstance>>) {
        let subjects = self.subjects.iter().map(|subject| subject.key.clone());
        let known: BTreeSet<InstanceKey> = subjects.chain(std::mem::take(&mut self.tracked)).collect();
        for (key, instances) in described {
            let drains = instances.iter().any(|one| one.status == InstanceStatus::Draining);
            if drains && !known.contains(&key) {
                let hook = self.hook_for(&key.instance, None, &None);
                let subject = Subject::described(key, instances, self.at);
                self.subjects.push(Subject { hook, ..subject });
            }
        }
        let placed: BTreeSet<&InstanceId> = self
            .subjects
            .iter()
            .map(|subject| &subject.key.instance)
            .collect();
        let waiting = self.waiting.take().unwrap_or_default().into_iter();
        self.unplaced = waiting
            .filter(|(instance, _)| !placed.contains(instance))
            .collect();
    }

    /// What is known of the hook for which a record was written.
    fn hook_for(
        &self,
        instance: &InstanceId,
        record: Option<&Record>,
        states: &Option<HashMap<InstanceId, ScalingInstance>>,
    ) -> Hook {
        if let Some(actions) = self.waiting.as_ref().and_then(|waiting| waiting.get(instance)) {
            return Hook::Waiting(actions.clone());
        }
        let hooks = record.into_iter().flat_map(Record::lifecycles);
        let recorded: Vec<HookAction> = hooks.map(action_of).collect();
        match states {
            _ if recorded.is_empty() => Hook::None,
            None => Hook::Unknown("Auto Scaling could not be read".to_owned()),
            Some(states) if states.get(instance).is_some_and(ScalingInstance::is_leaving) => {
                Hook::Waiting(recorded)
            }
            Some(_) => Hook::Over,
        }
    }
}

/// A record is old when its drain is over and its machine is gone, or some minutes later, unless its instance still
/// drains. A record that cannot be read is kept: it may be of another version.
fn is_old(record: &Record, instance: Option<&Vec<ContainerInstance>>, at: Timestamp) -> bool {
    if instance.is_none() && is_over(record) && record.lifecycle.is_some() {
        return true;
    }
    is_past(record, at) && (instance.is_none() || record.receipt_at.is_some())
}

/// DRAINING, and either ECS counts no task on it, or no agent is there that could report one. After its drain only a
/// change of its status brings work.
fn is_finished(instance: &ContainerInstance) -> bool {
    instance.status == InstanceStatus::Draining && (instance.tasks == Some(0) || !instance.agent_connected)
}

/// Its release was written some minutes ago: its sidecars have read it.
fn is_past(record: &Record, at: Timestamp) -> bool {
    record.is_released() && at.duration_since(record.updated_at) >= RECORD_KEPT
}

/// Returns whether a release is due, or going on.
fn ends(record: &Record, at: Timestamp) -> bool {
    record.is_released() || record.releasing.is_some() || record.deadline_at <= at
}

/// When a hook's wait ends unless it is heartbeaten, or whatever is done.
fn runs_out(hook: &Lifecycle) -> Timestamp {
    let timeout = SignedDuration::from_secs(i64::from(hook.heartbeat_seconds));
    hook.heartbeat_at
        .checked_add(timeout)
        .unwrap_or(Timestamp::MAX)
        .min(hook.global_deadline_at)
}

/// Nothing is left to do for a drain that has its receipt, as long as its instance does not drain again.
fn is_over(record: &Record) -> bool {
    record.is_released() && record.receipt_at.is_some()
}

impl Coordinator {
    /// DRAINING instances, and those that have a record: described by 100, so that a look need not describe each one
    /// alone.
    pub(super) async fn find_subjects(&self, found: &mut Found) {
        let described = self.describe_all(found).await;
        let states = self.hooks_of_records(found).await;
        for (key, listed) in std::mem::take(&mut found.records) {
            let instance = described.get(&key);
            let drains = instance
                .is_some_and(|instances| instances.iter().any(|one| one.status == InstanceStatus::Draining));
            let record = listed.record();
            let answered = !found.unanswered.contains(&key.cluster);
            if answered && !drains && record.is_some_and(|record| is_old(record, instance, found.at)) {
                found.old.push((listed.name, listed.stored.version));
                continue;
            }
            if answered && !drains && record.is_some_and(is_over) {
                continue;
            }
            let waits = |waiting: &WaitingInstances| waiting.contains_key(&key.instance);
            let unhooked = found.waiting.as_ref().is_some_and(|waiting| !waits(waiting));
            if let Some(instances) = instance.filter(|_| unhooked && record.is_some_and(is_over))
                && instances.iter().all(is_finished)
            {
                let left_behind = instances.iter().all(|one| !one.agent_connected);
                for one in instances {
                    self.cache.finished.add(&key, one, found.at);
                }
                if left_behind && record.is_some_and(|record| is_past(record, found.at)) {
                    found.old.push((listed.name, listed.stored.version));
                }
                found.tracked.insert(key);
                continue;
            }
            let hook = found.hook_for(&key.instance, record, &states);
            let mut subject = match instance {
                Some(instances) => Subject::described(key, instances.clone(), found.at),
                // ECS gave no answer for it now, or has forgotten those that the record names: the observation asks for
                // others.
                None => Subject::new(key, Registered::Some(Vec::new())),
            };
            subject.hook = hook;
            subject.shown.at = Some(found.at);
            subject.shown.record = Some(Observed::Present(listed.stored));
            found.subjects.push(subject);
        }
        found.untracked(described);
    }

    /// The container instances that are DRAINING, and those that the records name, if ECS still knows them.
    async fn describe_all(&self, found: &mut Found) -> BTreeMap<InstanceKey, Vec<ContainerInstance>> {
        let mut asked = std::mem::take(&mut found.draining);
        for (key, listed) in &found.records {
            if let Some(record) = listed.record() {
                let arns = asked.entry(key.cluster.clone()).or_default();
                arns.extend(record.registrations().cloned());
            }
        }
        let mut described: BTreeMap<InstanceKey, Vec<ContainerInstance>> = BTreeMap::new();
        for (cluster, arns) in asked {
            let arns: Vec<ContainerInstanceArn> = arns.into_iter().collect();
            let answer = self.describe_each(&cluster, &arns).await;
            let Some((answer, unclear)) = found.take(answer) else {
                found.unanswered.insert(cluster);
                continue;
            };
            if !unclear.is_empty() {
                found.problems.extend(unclear);
                found.unanswered.insert(cluster.clone());
            }
            for Described {
                instance,
                container_instance,
            } in answer
            {
                let cluster = cluster.clone();
                if container_instance.status != InstanceStatus::Inactive {
                    let key = InstanceKey { cluster, instance };
                    described.entry(key).or_default().push(container_instance);
                }
            }
        }
        described
    }

    /// Asks Auto Scaling about the instances whose record names a hook and that no group listing has shown waiting.
    async fn hooks_of_records(&self, found: &mut Found) -> Option<HashMap<InstanceId, ScalingInstance>> {
        let waits = |instance: &InstanceId| {
            let waiting = found.waiting.as_ref();
            waiting.is_some_and(|waiting| waiting.contains_key(instance))
        };
        let open = |record: &Record| record.lifecycle.is_some() && !is_over(record);
        let asked: Vec<InstanceId> = found
            .records
            .iter()
            .filter(|(key, listed)| !waits(&key.instance) && listed.record().is_some_and(open))
            .map(|(key, _)| key.instance.clone())
            .collect();
        let answer = self.aws.describe_scaling_instances(&asked).await;
        found.take(answer)
    }
}

/// The wait that a record describes.
fn action_of(hook: &Lifecycle) -> HookAction {
    HookAction {
        group: hook.auto_scaling_group_name.clone(),
        hook: hook.lifecycle_hook_name.clone(),
        token: hook.lifecycle_action_token.clone(),
        heartbeat_seconds: hook.heartbeat_seconds,
        heartbeat_assumed: false,
        since: hook.heartbeat_at,
    }
}
