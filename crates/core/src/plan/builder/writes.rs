//! The record is written when it says something new, and the receipt when the drain is over: rule 1.

use jiff::Timestamp;

use crate::control::Control;
use crate::observation::Hook;
use crate::record::{Ordered, Record, ReleaseReason};
use crate::trigger::Order;

use super::super::Action;
use super::super::pace::count_is_due;
use super::PlanBuilder;

impl PlanBuilder<'_> {
    /// The record is written if it says something new; a count alone is new only now and then. The note of a heartbeat
    /// is deferred like a count: if it is, the next tick sends one heartbeat more.
    pub(super) fn put(&self) -> Option<Action> {
        // A count that a release follows at once is not worth its write.
        let waits = self.record.is_released() || self.lingers;
        let beaten = |before: &Record| heartbeats_of(before) != heartbeats_of(&self.record);
        let due = |before| {
            beaten(before) || (!waits && count_is_due(before, &self.record, self.situation.fleet, self.now()))
        };
        let before = self.before.as_ref();
        let written = || Box::new(self.written());
        let Some(before) = before else {
            return Some(Action::PutRecord(written()));
        };
        let counted = with_counts_of(&self.record, before);
        // Without the note a new execution environment settles once more, and that is all.
        let confirmed = Record {
            draining_confirmed_at: before.draining_confirmed_at,
            ..counted.clone()
        };
        match (counted == *before, confirmed == *before) {
            (true, _) => (self.record != *before && due(before)).then(|| Action::PutCount(written())),
            (false, true) => Some(Action::Note(written())),
            (false, false) => Some(Action::PutRecord(written())),
        }
    }

    /// Once, when the drain is over: the run that completes it writes it, and the record says that it was written.
    pub(super) fn receipt(&self, over: bool) -> Option<Action> {
        let due = over && self.record.receipt_at.is_none() && !self.may_have_a_hook();
        due.then(|| {
            // Of an instance that is gone, or was, nothing else is known than what was seen before.
            let left = match (&self.census, self.is_gone() || self.is_back) {
                (Some(census), _) => u32::try_from(census.daemons.len()).unwrap_or(u32::MAX),
                (None, true) => self.record.sidecars,
                (None, false) => 0,
            };
            let record = Record {
                ordered: self.thrown().or_else(|| self.record.ordered.clone()),
                receipt_at: Some(self.now()),
                daemons_left: left,
                ..self.written()
            };
            Action::Receipt(Box::new(record))
        })
    }

    /// Returns whether a hook of ours may wait that is not known here: shared records do not mention hooks, and only the
    /// tick asks Auto Scaling.
    fn may_have_a_hook(&self) -> bool {
        let hook = &self.situation.observation.hook;
        let unasked = matches!(hook, Hook::None | Hook::Unknown(_)) && self.record.lifecycle.is_none();
        unasked && self.record.is_reported_only()
    }

    /// The order by which the kill switch has ended this drain, if it says whose it was. Only the receipt reports it: a
    /// record with an order is none that drains can share, and a fleet that is let go at once would wait for its
    /// writes.
    fn thrown(&self) -> Option<Ordered> {
        let switch = self.situation.kill_switch;
        let released_at = self.record.released_at.filter(|_| {
            self.record.reason == Some(ReleaseReason::Operator) && switch.control == Control::ReleaseAll
        })?;
        // An operator who ordered this instance to be released did so before the switch.
        let by_order = self.record.ordered.as_ref();
        if by_order.is_some_and(|ordered| ordered.command == Order::Release.name()) {
            return None;
        }
        Ordered::by_kill_switch(switch, released_at)
    }

    /// The record as it is written now, with the calls that no text of it has counted.
    fn written(&self) -> Record {
        Record {
            updated_at: self.now(),
            calls: self.record.calls.saturating_add(self.situation.calls),
            ..self.record.clone()
        }
    }
}

fn heartbeats_of(record: &Record) -> Vec<Timestamp> {
    record.lifecycles().map(|hook| hook.heartbeat_at).collect()
}

/// The record, as if nothing had been counted, and no heartbeat sent, since.
fn with_counts_of(record: &Record, before: &Record) -> Record {
    let mut record = Record {
        remaining: before.remaining,
        held_by: before.held_by.clone(),
        waited: before.waited.clone(),
        sidecars: before.sidecars,
        poll_seconds: before.poll_seconds,
        ..record.clone()
    };
    for hook in record.lifecycles_mut() {
        let known = before.lifecycles().find(|known| known.is_of(hook));
        known
            .into_iter()
            .for_each(|known| hook.heartbeat_at = known.heartbeat_at);
    }
    record
}
