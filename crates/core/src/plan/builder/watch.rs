//! The record follows the status of the instance and of its agent: rules 2, 8 and 10.

use crate::limits::{AGENT_NOTE_INTERVAL, AGENT_UNSEEN_MAX, SPOT_NOTICE};
use crate::observation::{Hook, Registrations};

use super::super::later;
use super::PlanBuilder;

impl PlanBuilder<'_> {
    /// The settle window opens when DRAINING is first seen in this drain.
    pub(super) fn confirm_draining(&mut self) {
        let instance = self.situation.observation.instance.as_yes();
        // An instance that never came in can never be DRAINING, and has nothing that could move.
        let settles = instance.is_some_and(Registrations::is_closed);
        if self.record.draining_confirmed_at.is_none() && settles {
            self.record.draining_confirmed_at = Some(self.now());
        }
    }

    /// Rule 10 needs to know for how long the instance has been ACTIVE again: ECS reads are eventually consistent, and
    /// one that lags must not cancel a drain. A drain by another actor that is over and undone is forgotten, so that
    /// the next one holds again.
    pub(super) fn watch_status(&mut self) {
        let Some(instance) = self.situation.observation.instance.as_yes() else {
            return;
        };
        // What comes after a drain that was outlived is none of its matter.
        if self.is_unasked() || self.record.is_outlived() {
            return;
        }
        if !instance.is_active() {
            self.record.active_since = None;
        } else if self.leaves() {
            // Neither a termination nor a notice is taken back: DRAINING is set again, and seen again before anything is
            // released.
            self.record.active_since = None;
            if !self.record.is_released() {
                self.record.draining_confirmed_at = None;
            }
        } else if self.was_draining() && instance.agent_connected() {
            self.record
                .active_since
                .get_or_insert(self.situation.observation.at);
            if self.record.is_released() && self.record.lifecycle.is_none() {
                self.record.draining_confirmed_at = None;
            }
        }
    }

    /// Returns whether the machine goes whatever its status is: a hook of ours waits, or EC2 takes it back.
    fn leaves(&self) -> bool {
        let notice = self.record.spot_notice_at;
        !self.hooks.is_empty() || notice.is_some_and(|notice| self.seen_at() < later(notice, SPOT_NOTICE))
    }

    /// Returns whether the instance is ACTIVE again, and Auto Scaling could not be asked whether its hooks still wait: it may
    /// be in service.
    pub(super) fn is_unasked(&self) -> bool {
        let observation = self.situation.observation;
        let active = observation
            .instance
            .as_yes()
            .is_some_and(Registrations::is_active);
        active && self.was_draining() && matches!(observation.hook, Hook::Unknown(_))
    }

    fn was_draining(&self) -> bool {
        self.before
            .as_ref()
            .is_some_and(|before| before.draining_confirmed_at.is_some())
    }

    /// Rule 8: the clock of a lost agent is kept in the record, and stops when the agent is back. It restarts if no run
    /// has looked for a while: agents reconnect several times an hour, and two sightings are no absence. It runs too
    /// while nothing holds but tasks of a registration whose agent is gone, beside another one that is connected.
    pub(super) fn watch_agent(&mut self) {
        let Some(instance) = self.situation.observation.instance.as_yes() else {
            return;
        };
        let census = self.census.as_ref();
        let phantoms = census.is_some_and(|census| census.remaining() > 0 && census.reachable == 0);
        if instance.agent_connected() && !phantoms {
            let was_away = self.record.agent_lost_at.take().is_some();
            self.record.agent_away_at = None;
            if was_away {
                self.restart_tier();
            }
            return;
        }
        let at = self.seen_at();
        let last = self.record.agent_away_at.or(self.record.agent_lost_at);
        let since_last = last.map(|last| at.duration_since(last));
        if since_last.is_none_or(|gap| gap > AGENT_UNSEEN_MAX) {
            self.record.agent_lost_at = Some(at);
        }
        // Looks that follow one another closely need not write.
        if since_last.is_none_or(|gap| gap >= AGENT_NOTE_INTERVAL) {
            self.record.agent_away_at = Some(at);
        }
    }
}
