//! The rules are applied one after another to a drain. `plan/rules.md` lists them by number.

mod ecs;
mod evidence;
mod hooks;
mod release;
mod standing;
mod tiers;
mod watch;
mod writes;

use jiff::{SignedDuration, Timestamp};

use crate::holding::{Census, census_of};
use crate::observation::SeenTasks;
use crate::record::{Lifecycle, Ordered, Record, ReleaseReason};
use crate::trigger::Order;

use super::counts::{count, note_waited};
use super::drain::{Drain, is_back};
use super::later;
use super::schedule::Schedule;
use super::{
    Action, Cause, HeartbeatSender, Note, OrderIgnored, OrderOutcome, Plan, Remark, Situation, Verdict,
};

/// A plan in the making.
pub(super) struct PlanBuilder<'a> {
    situation: &'a Situation<'a>,
    before: Option<Record>,
    record: Record,
    hooks: Vec<Lifecycle>,
    census: Option<Census>,
    remarks: Vec<Remark>,
    look_again: Option<SignedDuration>,
    order: Option<OrderOutcome>,
    /// The release is seconds away.
    lingers: bool,
    /// The instance is in service again, so the drain is over, and its tasks are others.
    is_back: bool,
}

impl<'a> PlanBuilder<'a> {
    pub(super) fn new(situation: &'a Situation<'a>, drain: Drain) -> Self {
        // What events say of the end of a drain says nothing of another drain of the instance.
        let tasks = &situation.observation.tasks;
        let is_back = is_back(&drain.record, situation);
        let counts = !is_back && (*tasks != SeenTasks::Flushed || drain.record.is_released());
        PlanBuilder {
            situation,
            before: (!drain.new).then(|| stored(situation)).flatten(),
            record: drain.record,
            hooks: drain.hooks,
            census: census_of(tasks, situation.policy).filter(|_| counts),
            remarks: drain.remarks,
            look_again: None,
            order: None,
            lingers: false,
            is_back,
        }
    }

    /// Applies every rule, then says what is to be done.
    pub(super) fn build(mut self) -> Plan {
        self.confirm_draining();
        self.watch_status();
        if !self.record.is_released() {
            self.watch_agent();
        }
        self.watch_daemons();
        self.watch_protection();
        self.count();
        self.apply_command();
        if !self.record.is_released() {
            self.release_if_allowed();
        }
        if self.situation.heartbeats == HeartbeatSender::OwnFunction && self.is_given_up() {
            return self.give_up();
        }
        let over = self.is_over();
        let heartbeats = self.heartbeats();
        let complete = self.complete();
        let stops = self.stops();
        let set_draining = self.set_draining();
        let put = self.put();
        let receipt = self.receipt(over);
        // The receipt writes the record too; with a hook, the release must be in it before the completion.
        let put = put.filter(|_| receipt.is_none() || !complete.is_empty());
        // A release that no sidecar waits for does not keep the hooks waiting until it can be written.
        let (at_once, at_last) = match self.sidecars_have_left() {
            true => (complete, Vec::new()),
            false => (Vec::new(), complete),
        };
        let first = heartbeats
            .into_iter()
            .chain(at_once)
            .chain(put)
            .chain(set_draining);
        Plan {
            verdict: self.verdict(over),
            actions: first.chain(stops).chain(at_last).chain(receipt).collect(),
            remarks: self.remarks,
            look_again: self.look_again.map(|wait| wait.max(SignedDuration::ZERO)),
            order: self.order,
        }
    }

    /// Another sender keeps the hooks alive, so they are completed. A record would come first, and none can be written.
    fn give_up(self) -> Plan {
        Plan {
            actions: self.hooks.into_iter().map(Action::Complete).collect(),
            verdict: Verdict::Done,
            remarks: self.remarks,
            look_again: None,
            order: self.order,
        }
    }

    fn now(&self) -> Timestamp {
        self.situation.now
    }

    fn remark(&mut self, remark: impl Into<Remark>) {
        self.remarks.push(remark.into());
    }

    /// The bounds of this drain.
    fn schedule(&self) -> Schedule<'a> {
        Schedule::of(&self.record, self.situation.policy)
    }

    /// When the look began: what it has seen may be as old as that.
    fn seen_at(&self) -> Timestamp {
        self.situation.observation.at
    }

    fn count(&mut self) {
        let Some(census) = &self.census else { return };
        let tasks = self.situation.observation.tasks.as_read();
        let poll_seconds = self.record.poll_seconds;
        count(
            &mut self.record,
            census,
            self.situation.fleet,
            self.situation.policy,
        );
        note_waited(
            &mut self.record,
            tasks.map(Vec::as_slice).unwrap_or_default(),
            self.situation.observation.at,
        );
        // Sidecars read the record of a release as often as they did before it: so long its flush window waits for
        // them.
        if self.record.is_released() || self.record.releasing.is_some() {
            self.record.poll_seconds = poll_seconds;
        }
    }

    /// An operator's order, kept in the record with who and why.
    fn apply_command(&mut self) {
        let Some(command) = self.situation.command else {
            return;
        };
        if self.record.is_released() {
            self.remark(Note::OrderedTooLate);
            self.order = Some(OrderOutcome::Ignored(OrderIgnored::AlreadyReleased));
            return;
        }
        let latest = self.schedule().latest();
        let ordered = Ordered::new(command.order.name(), &command.who, &command.why, self.now());
        match command.order {
            Order::Release => {
                let (who, why) = (ordered.who.clone(), ordered.why.clone());
                self.release_all(ReleaseReason::Operator, Cause::Ordered(who, why));
            }
            Order::Hold => self.record.deadline_at = latest,
            Order::Extend(by) => self.record.deadline_at = later(self.record.deadline_at, by).min(latest),
        }
        self.record.ordered = Some(ordered);
        self.order = Some(OrderOutcome::Done);
    }

    fn verdict(&self, over: bool) -> Verdict {
        match (self.record.reason, self.record.releasing) {
            (None, None) => Verdict::Holding,
            (None, Some(_)) => Verdict::Releasing,
            (Some(_), _) if over => Verdict::Done,
            (Some(reason), _) => Verdict::Released(reason),
        }
    }
}

fn stored(situation: &Situation<'_>) -> Option<Record> {
    situation.observation.record.readable().cloned()
}
