//! A lifecycle hook waits: whether it is ours, where its instance is, and how long it waits.

use std::time::Duration;

use jiff::Timestamp;
use protector_core::ids::{AutoScalingGroupName, InstanceId, LifecycleHookName};
use protector_core::limits::HEARTBEAT_ASSUMED_SECONDS;
use protector_core::limits::coordinator::FRESH_EVENT_MAX;
use protector_core::observation::{Hook, HookAction};
use protector_core::plan::{Plan, Search, Verdict, joined, unplaced};
use protector_core::trigger::{HookNotice, TriggerKind};

use crate::apply::Target;
use crate::aws::{AwsError, ScalingInstance};
use crate::cache::Beginning;
use crate::coordinator::Coordinator;
use crate::handled::Handled;
use crate::instance_line::InstanceLine;
use crate::logging::Level;
use crate::place::{Home, Place};
use crate::subject::Subject;

impl Coordinator {
    /// The event of a hook.
    pub(crate) async fn hook(&self, notice: HookNotice) -> Handled {
        if !self.policy.serves_group(&notice.group) {
            let reason = format!("the Auto Scaling group {} is not served", notice.group);
            return self.ignored(Level::Info, TriggerKind::Hook, &reason);
        }
        if !self.policy.serves_hook(&notice.hook) {
            return self.ignored(
                Level::Info,
                TriggerKind::Hook,
                &format!("the hook {} is not served", notice.hook),
            );
        }
        if self.put_off(Beginning::Hook(notice.clone())) {
            let reason =
                "more messages wait: the hook is handled together with others at the end of the batch";
            return self.ignored(Level::Debug, TriggerKind::Hook, reason);
        }
        match self.still_leaving(vec![notice]).await.pop() {
            Some(notice) => self.hook_waits(notice).await,
            None => Handled::Ignored,
        }
    }

    /// A hook waits: its instance is found, and its drain brought on.
    pub(crate) async fn hook_waits(&self, notice: HookNotice) -> Handled {
        let timeout = self.heartbeat_timeout(&notice.group, &notice.hook).await;
        let action = HookAction {
            heartbeat_seconds: timeout.unwrap_or(HEARTBEAT_ASSUMED_SECONDS),
            heartbeat_assumed: timeout.is_none(),
            since: self
                .cache
                .waits_since(&notice.instance, &notice.hook, notice.since, self.now()),
            group: notice.group,
            hook: notice.hook,
            token: Some(notice.token),
        };
        self.waiting(TriggerKind::Hook, &notice.instance, vec![action])
            .await
    }

    /// Returns the notices whose instances are still leaving, according to Auto Scaling; the others are logged. What is
    /// not known counts as leaving: holding is the safe side.
    pub(crate) async fn still_leaving(&self, notices: Vec<HookNotice>) -> Vec<HookNotice> {
        let fresh = |since: Timestamp| self.now().duration_since(since) < FRESH_EVENT_MAX;
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
            self.ignored(Level::Info, TriggerKind::Hook, reason);
        }
        fresh.into_iter().chain(leaving).collect()
    }

    /// Finds the instance for which a hook waits, and brings its drain on.
    pub(crate) async fn waiting(
        &self,
        trigger: TriggerKind,
        instance: &InstanceId,
        actions: Vec<HookAction>,
    ) -> Handled {
        match self.locate(instance).await {
            Place::In(homes) => self.waiting_at(trigger, homes, actions).await,
            Place::Nowhere
                if !actions
                    .iter()
                    .any(|action| self.policy.names(&action.group, &action.hook)) =>
            {
                self.ignored(
                    Level::Info,
                    trigger,
                    "the instance is in no watched cluster, and neither PROTECTOR_AUTO_SCALING_GROUPS nor \
                 PROTECTOR_LIFECYCLE_HOOKS names its group or hook",
                )
            }
            Place::Nowhere => self.nowhere(trigger, instance, actions).await,
            Place::Unknown(why) => {
                let plan = self.unplaced(&actions, Search::Incomplete(why));
                self.apply_unplaced(trigger, instance, plan).await
            }
        }
    }

    /// The instance is drained in each cluster that counts.
    async fn waiting_at(&self, trigger: TriggerKind, homes: Vec<Home>, actions: Vec<HookAction>) -> Handled {
        let reported = |subject| Subject {
            hook: Hook::Waiting(actions.clone()),
            ..subject
        };
        self.in_each(trigger, homes, reported).await
    }

    /// The instance is in no cluster: a second look, then there is nothing to wait for.
    async fn nowhere(
        &self,
        trigger: TriggerKind,
        instance: &InstanceId,
        actions: Vec<HookAction>,
    ) -> Handled {
        let first = self.unplaced(&actions, Search::NotFound);
        if let Some(wait) = first.look_again {
            tokio::time::sleep(Duration::try_from(wait).unwrap_or_default()).await;
        }
        let search = match self.locate(instance).await {
            Place::Nowhere => Search::NotFoundAgain,
            Place::Unknown(why) => Search::Incomplete(why),
            Place::In(homes) => return self.waiting_at(trigger, homes, actions).await,
        };
        let plan = self.unplaced(&actions, search);
        self.apply_unplaced(trigger, instance, plan).await
    }

    fn unplaced(&self, hooks: &[HookAction], search: Search) -> Plan {
        unplaced(hooks, &self.policy, search, self.heartbeats_by(), self.now())
    }

    async fn apply_unplaced(&self, trigger: TriggerKind, instance: &InstanceId, plan: Plan) -> Handled {
        self.refresh_kill_switch().await;
        let (verdict, remarks) = (plan.verdict, plan.remarks.clone());
        let applied = self.apply(Target::Unplaced(instance), plan).await;
        let line = InstanceLine {
            request_id: self.request_id.clone(),
            trigger,
            instance: instance.clone(),
            verdict,
            mode: self.mode(),
            remarks,
            actions: applied.done,
            failed: applied.failure.is_some() || verdict == Verdict::Unknown,
            registered: None,
            observed: None,
            order: None,
        };
        let fields = self.log_instance(&line);
        match line.failed {
            true => Handled::Failed(format!("{instance}: {}", joined(&line.remarks))),
            false => Handled::Done(fields),
        }
    }

    /// The heartbeat timeout of a hook, in seconds, if Auto Scaling describes it. A hook whose name is not known may be
    /// new.
    async fn heartbeat_timeout(&self, group: &AutoScalingGroupName, hook: &LifecycleHookName) -> Option<u32> {
        let find = |hooks: Vec<(LifecycleHookName, u32)>| hooks.into_iter().find(|(name, _)| name == hook);
        let known = self.cache.hooks(group, self.now()).and_then(find);
        let found = match known {
            Some(known) => Some(known),
            None => self.read_hooks(group).await.ok().and_then(find),
        };
        found.map(|(_, seconds)| seconds)
    }

    /// The group's terminate hooks that are ours, as Auto Scaling has them now.
    pub(crate) async fn read_hooks(
        &self,
        group: &AutoScalingGroupName,
    ) -> Result<Vec<(LifecycleHookName, u32)>, AwsError> {
        let mut hooks = self.aws.describe_hooks(group).await?;
        hooks.retain(|(hook, _)| self.policy.serves_hook(hook));
        self.cache.learn_hooks(group, hooks.clone(), self.now());
        Ok(hooks)
    }

    /// The same, or, if it cannot be asked, as they were some minutes ago.
    pub(crate) async fn hooks(
        &self,
        group: &AutoScalingGroupName,
    ) -> Result<Vec<(LifecycleHookName, u32)>, AwsError> {
        let read = self.read_hooks(group).await;
        read.or_else(|failure| self.cache.hooks(group, self.now()).ok_or(failure))
    }
}
