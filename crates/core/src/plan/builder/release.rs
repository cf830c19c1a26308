//! A hold ends in one of these ways: by rules 3, 6, 8, 9, 10 and 12, or by the kill switch.

use jiff::SignedDuration;

use crate::control::Control;
use crate::observation::Observed;
use crate::record::{ReleaseReason, Releasing, State};

use super::super::pace::release_to_announce;
use super::super::{Cause, Note, Warning, deadline, later};
use super::PlanBuilder;
use super::standing::ReleaseStanding;

impl PlanBuilder<'_> {
    /// The only place that ends a hold. Releases that leave nothing to protect, or that an operator ordered, apply to
    /// all daemons at once; the others go tier by tier.
    pub(super) fn release_if_allowed(&mut self) {
        if let Some((reason, cause)) = self.at_once() {
            return self.release_all(reason, cause);
        }
        if self.record.releasing.is_some() {
            return self.next_tier();
        }
        // Only tasks of a registration that was left behind hold, and the daemons of the present one can still flush.
        if self.situation.observation.instance.as_yes().is_some() && self.agent_is_lost() {
            return self.release(ReleaseReason::AgentLost, Cause::AgentOfTasksLost);
        }
        self.warn_of_a_long_flush();
        let deadline = deadline::of(&self.record, self.situation.policy);
        match self.standing() {
            ReleaseStanding::Drained => self.release(ReleaseReason::Drained, Cause::Drained),
            ReleaseStanding::Lingers(..) if deadline <= self.now() => {
                self.release(ReleaseReason::Drained, Cause::DrainedWithoutLinger);
            }
            _ if deadline <= self.now() => self.release(ReleaseReason::Deadline, Cause::Deadline(deadline)),
            ReleaseStanding::Settles(wait, hold) => {
                self.look_again = Some(wait);
                if self.counted_down() {
                    let lingers = self.lingers_until().map(|end| end.duration_since(self.now()));
                    self.announce_release(lingers.map_or(wait, |left| left.max(wait)));
                }
                self.remark(Note::Held(hold));
            }
            ReleaseStanding::Lingers(wait, hold) => {
                self.look_again = Some(wait);
                self.lingers = true;
                self.announce_release(wait);
                self.remark(Note::Held(hold));
            }
            ReleaseStanding::Held(hold) => self.remark(Note::Held(hold)),
        }
        self.recheck_at_spot_deadline();
    }

    /// Returns whether tasks held when the record was written, and none does now.
    fn counted_down(&self) -> bool {
        let held = self.before.as_ref().is_some_and(|before| before.remaining > 0);
        held && self.record.remaining == 0 && self.record.active_since.is_none()
    }

    /// Sidecars read unhurriedly while tasks hold: now the record announces when the release comes.
    fn announce_release(&mut self, wait: SignedDuration) {
        let polls = self.before.as_ref().map_or(0, |before| before.poll_seconds);
        let known = self.record.release_not_before;
        let reported = release_to_announce(polls, known, wait, self.situation.fleet, self.now());
        self.record.release_not_before = reported.or(known);
    }

    /// A Spot instance is gone a minute after its deadline, and a tick may come just then: a look at the deadline
    /// itself is worth its wait.
    fn recheck_at_spot_deadline(&mut self) {
        if self.record.spot_notice_at.is_some()
            && !self.record.is_released()
            && self.record.releasing.is_none()
        {
            let deadline = deadline::of(&self.record, self.situation.policy);
            let left = deadline.duration_since(self.now());
            self.look_again = Some(self.look_again.map_or(left, |wait| wait.min(left)));
        }
    }

    /// A flush for which the hook does not wait is a setting that cannot be kept: it takes no more than half of the
    /// wait.
    fn warn_of_a_long_flush(&mut self) {
        if let Some(left) = self.schedule().cut_flush() {
            let flush = self.situation.policy.flush();
            self.remark(Warning::FlushCut(flush, left));
        }
    }

    fn at_once(&self) -> Option<(ReleaseReason, Cause)> {
        let switch = self.situation.kill_switch;
        if switch.control == Control::ReleaseAll {
            return Some((ReleaseReason::Operator, Cause::KillSwitch(switch.by())));
        }
        match &self.situation.observation.instance {
            Observed::Absent => Some((self.went(), Cause::Gone)),
            Observed::Present(instance) if instance.is_gone() => Some((self.went(), Cause::Inactive)),
            // One without an agent may be what another registration has left behind.
            Observed::Present(instance) if instance.serves() && self.is_cancelled() => {
                Some((ReleaseReason::Cancelled, Cause::Active))
            }
            Observed::Present(instance) if !instance.agent_connected() && self.agent_is_lost() => {
                Some((ReleaseReason::AgentLost, Cause::AgentLost))
            }
            Observed::Present(_) | Observed::Unknown(_) => None,
        }
    }

    /// Returns whether an agent has been away for so long that its tasks are phantoms.
    fn agent_is_lost(&self) -> bool {
        let lost_at = self.record.agent_lost_at;
        lost_at.is_some_and(|at| later(at, self.situation.policy.agent_lost) <= self.seen_at())
    }

    /// Why a machine that is gone had let its daemons go. One that went while tasks held, at its deadline or before it,
    /// or during a release that was forced, was not drained: no look has seen its last tasks stop. Events alone say nothing:
    /// ECS also reports those STOPPED that it ends with the registration. Nor was one drained whose hook was to wait for its
    /// release: then the machine has ended its tasks.
    fn went(&self) -> ReleaseReason {
        let late = deadline::of(&self.record, self.situation.policy) <= self.now();
        let was_to_wait = self.record.lifecycle.is_some() && self.record.spot_notice_at.is_none();
        // A shared record has no counts: its zero was not seen by this environment.
        let counted = !self.record.is_reported_only() || self.record.draining_confirmed_at.is_some();
        let seen_to_end = self.record.waited.iter().all(|waited| waited.until.is_some());
        match self.record.releasing {
            Some(releasing) => releasing.reason,
            None if self.record.remaining == 0 && seen_to_end && counted && !was_to_wait => {
                ReleaseReason::Drained
            }
            None if self.record.remaining > 0 && late => ReleaseReason::Deadline,
            None => ReleaseReason::AgentLost,
        }
    }

    /// Rule 10: ACTIVE at two looks that are a settle window apart. A look that had to wait for its turn is no later
    /// one.
    fn is_cancelled(&self) -> bool {
        let settled = self
            .record
            .active_since
            .filter(|_| self.hooks.is_empty())
            .map(|since| later(since, self.situation.policy.settle));
        settled.is_some_and(|settled| settled <= self.seen_at())
    }

    /// Releases the first tier.
    fn release(&mut self, reason: ReleaseReason, cause: Cause) {
        if self.situation.policy.tiers.count() == 1 || self.sidecars_have_left() {
            return self.release_all(reason, cause);
        }
        self.remark(Note::FirstTier(cause));
        self.keep_reading();
        // Sidecars of later tiers leave a minute after the deadline, so it must not pass before their turn.
        let last = self.schedule().last_tier_at(self.now());
        self.record.deadline_at = self.record.deadline_at.max(last);
        self.record.releasing = Some(Releasing {
            reason,
            tier: 0,
            since: self.now(),
        });
        self.next_tier();
    }

    /// Sidecars read a release as often as the record before it asked them to.
    fn keep_reading(&mut self) {
        let before = self.before.as_ref().map_or(0, |before| before.poll_seconds);
        self.record.poll_seconds = self.record.poll_seconds.max(before);
    }

    /// Releases every daemon.
    pub(super) fn release_all(&mut self, reason: ReleaseReason, cause: Cause) {
        self.keep_reading();
        self.record.state = State::Released;
        self.record.reason = Some(reason);
        self.record.released_at = Some(self.now());
        self.record.releasing = None;
        self.remark(Note::Released(cause));
    }
}
