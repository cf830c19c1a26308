//! A lifecycle hook waits: whether it is ours, and how long it waits.

use protector_core::limits::HEARTBEAT_ASSUMED_SECONDS;
use protector_core::observation::HookAction;
use protector_core::policy::Policy;
use protector_core::trigger::{HookNotice, TriggerKind};

use crate::cache::{Beginning, Cache, WaitSource};
use crate::context::RunContext;
use crate::handled::Handled;
use crate::logging::Level;
use crate::observer::{Place, Survey};
use crate::reconciler::Reconciler;

#[derive(Debug, Clone, Copy)]
pub(crate) struct HookEvents<'r> {
    pub(crate) reconciler: Reconciler<'r>,
    pub(crate) cache: &'r Cache,
    pub(crate) policy: &'r Policy,
    pub(crate) run: &'r RunContext,
}

impl HookEvents<'_> {
    pub(crate) async fn handle(&self, notice: HookNotice) -> Handled {
        if !self.policy.serves_group(&notice.group) {
            let reason = format!("the Auto Scaling group {} is not served", notice.group);
            return self.run.ignored(Level::Info, TriggerKind::Hook, &reason);
        }
        if !self.policy.serves_hook(&notice.hook) {
            let reason = format!("the hook {} is not served", notice.hook);
            return self.run.ignored(Level::Info, TriggerKind::Hook, &reason);
        }
        let crowd = self.reconciler.crowd();
        if crowd.put_off(Beginning::Hook(notice.clone())) {
            let reason =
                "more drains begin: the hook is handled together with theirs at the end of the batch";
            return self.run.ignored(Level::Debug, TriggerKind::Hook, reason);
        }
        let observer = self.reconciler.observer;
        if crowd.survey_again(observer.survey(), &Beginning::Hook(notice.clone())) {
            let reason = Survey::POSTPONED;
            return self.run.ignored(Level::Debug, TriggerKind::Hook, reason);
        }
        match observer.hooks().still_leaving(vec![notice]).await.pop() {
            Some(notice) => self.begin(notice).await,
            None => Handled::Ignored,
        }
    }

    /// A hook waits: its instance is found, and its drain brought on.
    pub(crate) async fn begin(&self, notice: HookNotice) -> Handled {
        let aws = self.reconciler.aws.metered();
        let observer = self.reconciler.observer;
        let hooks = observer.counting(&aws).hooks();
        let (timeout, place) = tokio::join!(
            hooks.heartbeat_timeout(&notice.group, &notice.hook),
            observer.locate(&notice.instance),
        );
        if let Place::In(there) = &place {
            self.cache.share_calls(there.keys(), aws.meter.total());
        }
        let unknown = WaitSource::Seen { load_balanced: true };
        let source = notice.since.map_or(unknown, WaitSource::Event);
        let waits = &self.cache.waits;
        let action = HookAction {
            heartbeat_seconds: timeout.unwrap_or(HEARTBEAT_ASSUMED_SECONDS),
            heartbeat_assumed: timeout.is_none(),
            since: waits.since(&notice.instance, &notice.hook, source, self.run.now()),
            group: notice.group,
            hook: notice.hook,
            token: Some(notice.token),
        };
        self.reconciler
            .bring_on_at(TriggerKind::Hook, &notice.instance, place, vec![action])
            .await
    }
}
