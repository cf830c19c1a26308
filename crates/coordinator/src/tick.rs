//! The schedule: finds what events have lost, and does what is due.
//!
//! An idle tick makes four calls: records and kill switch, DRAINING instances (one for each cluster), waiting instances
//! (one for fifty groups), and the write of the beacon. Now and then a few more look for daemons that are not protected
//! ([`crate::protection`]). A group with an instance that waits costs one more, for its hooks. Of drains that are quiet it
//! only asks whether the tasks that hold still live ([`steady`]); everything else gets a full observation, releases first.
//! Receipts of drains that ended meanwhile and deletions get what time is left, and no more than [`HOUSEKEEPING_MAX`]:
//! events wait behind a tick.

mod found;
mod steady;

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use protector_core::control::Control;
use protector_core::ids::{
    AutoScalingGroupName, ClusterName, ContainerInstanceArn, InstanceId, LifecycleHookName,
};
use protector_core::limits::DELETE_PARAMETERS_MAX;
use protector_core::limits::coordinator::{HOUSEKEEPING_MAX, RECEIPTS_AT_ONCE};
use protector_core::observation::HookAction;
use protector_core::trigger::TriggerKind;
use serde_json::json;

use crate::aws::{AwsError, ErrorKind, Listed, ScalingInstance};
use crate::coordinator::Coordinator;
use crate::handled::Handled;
use crate::logging::Level;
use crate::subject::Subject;

use found::Found;

/// The end of a part of the tick that may take no longer than this.
fn at_most(now: Timestamp, span: SignedDuration) -> Timestamp {
    now.checked_add(span).unwrap_or(Timestamp::MAX)
}

/// DRAINING container instances, by cluster.
type Draining = BTreeMap<ClusterName, BTreeSet<ContainerInstanceArn>>;

/// Instances for which a hook of ours waits.
type WaitingInstances = BTreeMap<InstanceId, Vec<HookAction>>;

impl Coordinator {
    /// Adopts what no event has announced, reconciles it all, writes what receipts are missing, deletes what is old.
    pub(crate) async fn tick(&self) -> Handled {
        let me = self.metered();
        let at = me.now();
        let (records, draining, waiting) = tokio::join!(
            me.aws.list_parameters(&me.policy.prefix),
            me.draining(),
            me.waiting_instances()
        );
        let mut found = Found::new(at);
        found.draining(draining);
        found.waiting(waiting);
        let beacon = me.listed_beacon(&records);
        me.records(&mut found, records).await;
        found.skip_finished(&me.cache.finished, &me.cache.store);
        let quiet = me.skip_steady_drains(&mut found).await;
        me.find_subjects(&mut found).await;
        let instances = quiet.len() + found.subjects.len() + found.unplaced.len();
        found.quiet = quiet.len();
        let ended = found.take_ended();
        let (kept, mut failed) = tokio::join!(me.maintain_all(quiet), self.reconcile_all(&mut found));
        found.problems.extend(kept);
        // Nothing waits for what follows, and it must not keep the next events waiting.
        let until = at_most(me.now(), HOUSEKEEPING_MAX);
        failed.extend(self.conclude_ended(ended, until).await);
        let deleted = me.delete(&mut found, until).await;
        // What a shared record says of a drain is forgotten after the drain's own record is deleted, never before.
        let tidy = found.old.is_empty();
        if tidy && found.problems.is_empty() && failed.is_empty() {
            me.cache.store.forget_old(at);
            me.delete_empty().await;
        }
        me.write_beacon(beacon.as_deref(), at).await;
        me.log_tick(&found, instances, deleted);
        self.check_protection().await;
        match failed.into_iter().next().or(found.problems.into_iter().next()) {
            Some(problem) => Handled::Failed(problem),
            None => Handled::Done(json!({"instances": instances, "deleted": deleted})),
        }
    }

    /// DRAINING instances of every cluster, and what could not be found out: one bad cluster hides none of the others.
    async fn draining(&self) -> (Draining, Vec<AwsError>) {
        let clusters = match self.clusters().await {
            Ok(clusters) => clusters,
            Err(failure) => return (Draining::new(), vec![failure]),
        };
        let asked = self.ask_each(&clusters, async |cluster| {
            self.unless_gone(cluster, self.aws.list_draining(cluster).await)
        });
        let answers = asked.await;
        let (mut draining, mut failures) = (Draining::new(), Vec::new());
        for (cluster, answer) in clusters.into_iter().zip(answers) {
            match answer {
                Ok(arns) => {
                    self.cache.listed(&cluster, &arns, self.now());
                    self.cache.finished.listed(&cluster, &arns, self.now());
                    draining.insert(cluster, arns.into_iter().collect());
                }
                Err(failure) => failures.push(failure),
            }
        }
        (draining, failures)
    }

    /// Instances of our groups for which a hook of ours waits. The hooks of a group that has one are read again: they may
    /// have been made, or replaced, since.
    async fn waiting_instances(&self) -> (WaitingInstances, Vec<AwsError>) {
        let groups = &self.policy.auto_scaling_groups;
        let (instances, mut failures) = self.aws.list_waiting(groups).await;
        let groups: BTreeSet<AutoScalingGroupName> =
            instances.iter().map(|instance| instance.group.clone()).collect();
        let asked = groups.into_iter().map(async |group| {
            let hooks = self.hooks(&group).await;
            (group, hooks)
        });
        let mut hooks = BTreeMap::new();
        for (group, answer) in join_all(asked).await {
            match answer {
                Ok(found) => drop(hooks.insert(group, found)),
                Err(failure) => failures.push(failure),
            }
        }
        let hooks_of = |instance: &ScalingInstance| hooks.get(&instance.group).map(Vec::as_slice);
        let waiting = instances.into_iter().filter_map(|instance| {
            let actions = self.hooks_of(&instance, hooks_of(&instance)?);
            (!actions.is_empty()).then_some((instance.instance, actions))
        });
        (waiting.collect(), failures)
    }

    /// Which hooks wait Auto Scaling does not say: all terminate hooks of a group wait at the same time.
    fn hooks_of(&self, instance: &ScalingInstance, hooks: &[(LifecycleHookName, u32)]) -> Vec<HookAction> {
        let mut hooks = hooks.to_vec();
        hooks.sort();
        let action = |(hook, heartbeat_seconds)| HookAction {
            group: instance.group.clone(),
            since: self
                .cache
                .waits_since(&instance.instance, &hook, None, self.now()),
            hook,
            token: None,
            heartbeat_seconds,
            heartbeat_assumed: false,
        };
        hooks.into_iter().map(action).collect()
    }

    /// Minds the kill switch, which is in the same listing as the records, and counts the fleet.
    async fn records(&self, found: &mut Found, listed: Result<Vec<Listed>, AwsError>) {
        let Some(listed) = found.take(listed) else { return };
        let control_name = self.policy.prefix.control_name();
        match listed.iter().find(|parameter| parameter.name == control_name) {
            Some(parameter) => self.apply_kill_switch(Some(&parameter.text)),
            // A listing may leave out what is there: a switch that was thrown is not taken back by that.
            None if self.cache.control() != Control::On => self.read_kill_switch().await,
            None => self.apply_kill_switch(None),
        }
        let shared = listed
            .iter()
            .filter_map(|one| self.policy.prefix.shared_of(&one.name));
        let clusters: BTreeSet<ClusterName> = shared.map(|(cluster, _)| cluster).collect();
        for cluster in &clusters {
            self.learn_shared(cluster, &listed).await;
        }
        let repaired = self.repair_listed(&listed).await;
        found.records(listed, &self.policy.prefix);
        found.repaired(repaired);
        if self.queued {
            found.known(&self.cache.store, &self.policy.prefix);
        }
        self.cache.learn_fleet(found.fleet(), found.at);
        found.measure(&self.cache.metrics, self.heartbeats_by());
    }

    /// Every instance gets its look; how many at once, and who writes first, is for [`crate::rate_limit`] to say.
    async fn reconcile_all(&self, found: &mut Found) -> Vec<String> {
        let mut subjects = found.take_subjects();
        if self.is_crowded() {
            // Those that are known are looked at with others, at the end of the batch.
            subjects.retain(|subject| !self.cache.look_soon(&subject.key, self.now()));
            found
                .unplaced
                .retain(|instance, _| !self.cache.agenda.has(instance));
        }
        let due: Vec<_> = subjects
            .iter()
            .map(|subject| (subject.key.clone(), subject.arns().to_vec()))
            .collect();
        let waiting = std::mem::take(&mut found.unplaced);
        let known = self.surveyed(self.survey_due(&due).await);
        let untracked = self.surveyed(self.survey_waiting(waiting.keys().cloned().collect()).await);
        let placed = join_all(
            subjects
                .into_iter()
                .map(async |subject| known.reconciled(TriggerKind::Tick, &subject).await),
        );
        let unplaced =
            join_all(waiting.into_iter().map(async |(instance, actions)| {
                untracked.waiting(TriggerKind::Tick, &instance, actions).await
            }));
        let (placed, unplaced) = tokio::join!(placed, unplaced);
        placed
            .into_iter()
            .chain(unplaced)
            .filter_map(Handled::into_problem)
            .collect()
    }

    /// Writes the receipts of drains that have ended without one, a few at once; what does not fit is left to the next
    /// tick. Returns the failures.
    async fn conclude_ended(&self, ended: Vec<Subject>, until: Timestamp) -> Vec<String> {
        let mut failed = Vec::new();
        for some in ended.chunks(RECEIPTS_AT_ONCE) {
            if self.now() >= until {
                break;
            }
            let concluded = some
                .iter()
                .map(|subject| self.reconciled(TriggerKind::Tick, subject));
            failed.extend(
                join_all(concluded)
                    .await
                    .into_iter()
                    .filter_map(Handled::into_problem),
            );
        }
        failed
    }

    /// Deletes what is old. What does not fit stays in `found.old`, and is left to the next tick.
    async fn delete(&self, found: &mut Found, until: Timestamp) -> usize {
        let mut deleted = 0;
        if self.only_observes() {
            return deleted;
        }
        while !found.old.is_empty() && (deleted == 0 || self.now() < until) {
            let some = found.old.len().min(DELETE_PARAMETERS_MAX);
            let old: Vec<(String, i64)> = found.old.drain(..some).collect();
            match self.delete_if_unchanged(&old).await {
                Ok(count) => deleted += count,
                Err(failure) => {
                    // The next tick goes on where this one was throttled.
                    if failure.kind != ErrorKind::Throttled {
                        found.problems.push(failure.to_string());
                    }
                    found.old.extend(old);
                    break;
                }
            }
        }
        deleted
    }

    /// A drain may have begun under one of these names since they were listed: what has another version now stays.
    async fn delete_if_unchanged(&self, old: &[(String, i64)]) -> Result<usize, AwsError> {
        let names: Vec<String> = old.iter().map(|(name, _)| name.clone()).collect();
        let versions = self.aws.versions(&names).await?;
        let unchanged = old
            .iter()
            .filter(|(name, version)| versions.get(name) == Some(version));
        let unchanged: Vec<String> = unchanged.map(|(name, _)| name.clone()).collect();
        if !unchanged.is_empty() {
            self.aws.delete_parameters(&unchanged).await?;
        }
        // What has another version is read again when its instance is observed.
        let keys = names.iter().filter_map(|name| self.policy.prefix.key_of(name));
        keys.for_each(|key| self.cache.store.forget(&key));
        Ok(unchanged.len())
    }

    fn log_tick(&self, found: &Found, instances: usize, deleted: usize) {
        let level = if found.problems.is_empty() {
            Level::Debug
        } else {
            Level::Error
        };
        let fields = json!({
            "requestId": self.request_id,
            "instances": instances,
            "steady": found.quiet,
            "deletedRecords": deleted,
            "errors": found.problems,
            "calls": self.aws.meter.calls(),
        });
        self.logger.log(level, "tick", fields);
    }
}
