//! The hooks of Auto Scaling groups, and which of them wait.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;
use jiff::Timestamp;
use protector_core::ids::{AutoScalingGroupName, InstanceId, LifecycleHookName};
use protector_core::limits::coordinator::FRESH_EVENT_MAX;
use protector_core::observation::HookAction;
use protector_core::policy::Policy;
use protector_core::sweep::Waiting;
use protector_core::trigger::{HookNotice, TriggerKind};

use crate::aws::{Aws, AwsError, ScalingInstance};
use crate::cache::{Cache, WaitSource};
use crate::context::RunContext;
use crate::logging::Level;

/// Asks Auto Scaling for hooks, and for instances for which they wait.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hooks<'r> {
    pub(super) aws: &'r Aws,
    pub(super) cache: &'r Cache,
    pub(super) policy: &'r Policy,
    pub(super) run: &'r RunContext,
}

impl Hooks<'_> {
    /// Returns the notices whose instances are still leaving, according to Auto Scaling; the others are logged. What is
    /// not known counts as leaving: holding is the safe side.
    pub(crate) async fn still_leaving(&self, notices: Vec<HookNotice>) -> Vec<HookNotice> {
        let fresh = |since: Timestamp| self.run.now().duration_since(since) < FRESH_EVENT_MAX;
        let (fresh, old): (Vec<_>, Vec<_>) = notices
            .into_iter()
            .partition(|notice| notice.since.is_some_and(fresh));
        let asked: Vec<InstanceId> = old.iter().map(|notice| notice.instance.clone()).collect();
        let states = self.aws.describe_scaling_instances(&asked).await.ok();
        let leaves = |notice: &HookNotice| {
            let state = states.as_ref().map(|states| states.get(&notice.instance));
            state.is_none_or(|state| state.is_some_and(ScalingInstance::is_leaving))
        };
        let (leaving, gone): (Vec<_>, Vec<_>) = old.into_iter().partition(leaves);
        for _ in gone {
            let reason = "Auto Scaling says that no hook waits for the instance";
            self.run.ignored(Level::Info, TriggerKind::Hook, reason);
        }
        fresh.into_iter().chain(leaving).collect()
    }

    /// The heartbeat timeout of a hook, in seconds, if Auto Scaling describes it. A hook whose name is not known may be
    /// new.
    pub(crate) async fn heartbeat_timeout(
        &self,
        group: &AutoScalingGroupName,
        hook: &LifecycleHookName,
    ) -> Option<u32> {
        let known = || {
            let hooks = self.cache.hooks(group, self.run.now())?;
            hooks.into_iter().find(|(name, _)| name == hook)
        };
        // Many drains of a group begin at once.
        let read = async { drop(self.read(group).await) };
        let reading = &self.cache.hooks_reading;
        reading
            .read_once(group.clone(), &self.run.clock, || known().is_some(), read)
            .await;
        known().map(|(_, seconds)| seconds)
    }

    /// The group's terminate hooks that are ours, as Auto Scaling has them now.
    pub(crate) async fn read(
        &self,
        group: &AutoScalingGroupName,
    ) -> Result<Vec<(LifecycleHookName, u32)>, AwsError> {
        let mut hooks = self.aws.describe_hooks(group).await?;
        hooks.retain(|(hook, _)| self.policy.serves_hook(hook));
        self.cache.insert_hooks(group, hooks.clone(), self.run.now());
        Ok(hooks)
    }

    /// The same, or, if it cannot be asked, as they were some minutes ago.
    async fn known(&self, group: &AutoScalingGroupName) -> Result<Vec<(LifecycleHookName, u32)>, AwsError> {
        let read = self.read(group).await;
        read.or_else(|failure| self.cache.hooks(group, self.run.now()).ok_or(failure))
    }

    /// Instances of our groups for which a hook of ours waits. The hooks of a group that has one are read again: they may
    /// have been made, or replaced, since.
    pub(crate) async fn waiting(&self) -> (Waiting, Vec<AwsError>) {
        let groups = &self.policy.auto_scaling_groups;
        let (instances, unlisted) = self.aws.list_waiting(groups).await;
        let mut failures: Vec<AwsError> = unlisted.into_iter().map(|one| one.failure).collect();
        let groups: BTreeSet<AutoScalingGroupName> =
            instances.iter().map(|instance| instance.group.clone()).collect();
        let asked = groups.into_iter().map(async |group| {
            let hooks = self.known(&group).await;
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
        let source = WaitSource::Seen {
            load_balanced: instance.load_balanced,
        };
        let waits = &self.cache.waits;
        let action = |(hook, heartbeat_seconds)| HookAction {
            group: instance.group.clone(),
            since: waits.since(&instance.instance, &hook, source, self.run.now()),
            hook,
            token: None,
            heartbeat_seconds,
            heartbeat_assumed: false,
        };
        hooks.into_iter().map(action).collect()
    }

    /// The same waits, each since its beginning if Auto Scaling can say when that was: of those whose event has not come
    /// here. Asked only if nothing else bounds a wait: every other drain has a record. Without an answer a wait counts
    /// from the moment at which it was first seen.
    pub(crate) async fn anchored(&self, instance: &InstanceId, waits: &[HookAction]) -> Vec<HookAction> {
        let mut anchored = waits.to_vec();
        for wait in &mut anchored {
            let known = &self.cache.waits;
            if !known.lacks_its_beginning(instance, &wait.hook) {
                continue;
            }
            let terminations = &self.cache.terminations;
            let answer = terminations.since(self.aws, &wait.group, instance, self.run.now());
            if let Ok(terminated_at) = answer.await
                && let Some(since) = known.anchor(instance, &wait.hook, terminated_at)
            {
                wait.since = since;
            }
        }
        anchored
    }
}
