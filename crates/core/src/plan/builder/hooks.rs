//! The hooks that wait are kept waiting until they are completed: rules 4 and 5.

use crate::ids::ClusterName;
use crate::limits::HOOK_HEARTBEAT_MIN_SECONDS;
use crate::limits::coordinator::LISTING_LAG;
use crate::observation::Observed;
use crate::record::{Lifecycle, ReleaseReason};

use super::super::pace::heartbeat_due;
use super::super::schedule::Schedule;
use super::super::{Action, HeartbeatSender, HookEnd, Note, Warning, deadline, elsewhere, later};
use super::PlanBuilder;

impl PlanBuilder<'_> {
    /// Rule 4. A hook's clock restarts with the call, so the record notes it.
    pub(super) fn heartbeats(&mut self) -> Vec<Action> {
        let apart = self.situation.heartbeats == HeartbeatSender::OwnFunction;
        let completes = self.lets_go() && self.kept_for().is_empty();
        let (now, over) = (self.now(), apart || completes || self.is_given_up());
        let mut heartbeats = Vec::new();
        for hook in &self.hooks {
            if hook.heartbeat_seconds < HOOK_HEARTBEAT_MIN_SECONDS {
                let (name, seconds) = (hook.lifecycle_hook_name.clone(), hook.heartbeat_seconds);
                self.remarks.push(Warning::ShortHeartbeat(name, seconds).into());
            }
            if now < heartbeat_due(hook) || over {
                continue;
            }
            self.record.note_heartbeat(hook, now);
            heartbeats.push(Action::Heartbeat(hook.clone()));
        }
        heartbeats
    }

    /// Returns whether its hooks have waited for the longest drain, and no record could be written for it.
    pub(super) fn is_given_up(&mut self) -> bool {
        let waits = self.situation.observation.hook.waits();
        let Some(first) = waits.first().filter(|_| self.before.is_none()) else {
            return false;
        };
        let too_long = deadline::waited_too_long(waits, self.situation.policy, self.now());
        let given_up = too_long && elsewhere::kept_for(self.situation, None).is_empty();
        if given_up {
            self.remark(Warning::UnrecordedSince(first.since));
        }
        given_up
    }

    /// Rule 5: released, and the daemons are gone or have had their time. Daemons that cannot be seen get all of it. Those of an
    /// instance that is in service again went with the machine.
    pub(super) fn is_over(&self) -> bool {
        let Some(released) = self.record.released_at else {
            return false;
        };
        let stopped = self
            .census
            .as_ref()
            .is_some_and(|census| census.daemons.is_empty());
        self.is_gone() || self.is_back || stopped || self.schedule().flush_end(released) <= self.now()
    }

    /// Returns whether ECS has forgotten the instance.
    pub(super) fn is_gone(&self) -> bool {
        match &self.situation.observation.instance {
            Observed::Absent => true,
            Observed::Present(instance) => instance.is_gone(),
            Observed::Unknown(_) => false,
        }
    }

    /// Returns whether no run has written a release for so long after the deadline that the sidecars have left by
    /// themselves, and the daemons have had their time since.
    pub(super) fn sidecars_have_left(&self) -> bool {
        let Some(before) = self.before.as_ref().filter(|before| !before.is_released()) else {
            return false;
        };
        let policy = self.situation.policy;
        let deadline = deadline::of(before, policy);
        Schedule::of(before, policy).over_unreleased(deadline) <= self.now()
    }

    /// Returns whether no daemon of this drain needs the hooks any more.
    fn lets_go(&self) -> bool {
        self.is_over() || (self.record.is_released() && self.sidecars_have_left())
    }

    /// The clusters in which the same instance still drains.
    fn kept_for(&self) -> Vec<&ClusterName> {
        elsewhere::kept_for(self.situation, Some(&self.record))
    }

    /// Every hook of ours that waits is completed, by the last of the instance's drains that is over.
    pub(super) fn complete(&mut self) -> Vec<Action> {
        let announced = !self.situation.observation.hook.waits().is_empty();
        if self.hooks.is_empty() || !(announced || self.record.receipt_at.is_none()) {
            return Vec::new();
        }
        if self.may_be_another_wait() {
            self.remark(Note::MayBeAnotherWait);
            return Vec::new();
        }
        if self.lets_go() {
            match HookEnd::of(&self.kept_for()) {
                end @ HookEnd::KeptFor(_) => {
                    self.remark(Note::Flushed(end));
                    return Vec::new();
                }
                HookEnd::Completed if self.sidecars_have_left() => self.remark(Warning::SidecarsLeft),
                end @ HookEnd::Completed => self.remark(Note::Flushed(end)),
            }
            let hooks = self.hooks.iter().cloned();
            return hooks
                .map(|hook| Action::Complete(self.as_it_waits(hook)))
                .collect();
        }
        if let Some(released) = self.record.released_at {
            let end = self.schedule().flush_end(released);
            self.look_again = Some(end.duration_since(self.now()));
        }
        Vec::new()
    }

    /// Returns whether a hook that is listed after a release as drained or cancelled may wait for what runs there now: the
    /// instance is in service again, and no token says which wait it is. Also if no task holds there, its daemons were asked to stop by no
    /// drain. This one ends without its completion, and some time later a wait that is still listed begins one of its own.
    fn may_be_another_wait(&self) -> bool {
        let unnamed = self
            .hooks
            .iter()
            .any(|hook| hook.lifecycle_action_token.is_none());
        let may_be = |reason: ReleaseReason| reason.leaves_time() || reason == ReleaseReason::Cancelled;
        self.record.reason.is_some_and(may_be) && self.situation.observation.serves() && unnamed
    }

    /// The hook as it is to be completed. If a listing still shows its wait long after the drain was over, then the wait has
    /// another token, whose event was lost: the instance was released, came back, and is taken away again. The tasks of this
    /// look say that nothing holds, so whatever wait there is may end.
    fn as_it_waits(&self, hook: Lifecycle) -> Lifecycle {
        let mut waits = self.situation.observation.hook.waits().iter();
        let listed = waits.any(|wait| wait.token.is_none() && wait.is_of(&hook));
        let ended = self.record.receipt_at;
        let another = ended.is_some_and(|ended| later(ended, LISTING_LAG) <= self.now());
        Lifecycle {
            lifecycle_action_token: hook.lifecycle_action_token.filter(|_| !(listed && another)),
            ..hook
        }
    }
}
