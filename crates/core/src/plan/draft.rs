//! The rules, applied one after another to a drain.

use jiff::{SignedDuration, Timestamp};

use crate::holding::{Census, census};
use crate::limits::{COUNT_REFRESH, COUNT_REFRESH_MANY, HOOK_HEARTBEAT_MIN_SECONDS, MANY_DRAINS};
use crate::observation::{InstanceStatus, Seen};
use crate::record::{Lifecycle, Ordered, Record, ReleaseReason, State};
use crate::trigger::Order;

use super::deadline::{later, latest};
use super::drain::{Drain, is_draining};
use super::{Action, Plan, Situation, Verdict, poll_seconds};

/// A plan in the making.
pub(super) struct Draft<'a> {
    situation: &'a Situation<'a>,
    before: Option<Record>,
    record: Record,
    hook: Option<Lifecycle>,
    census: Option<Census>,
    reasons: Vec<String>,
    look_again: Option<SignedDuration>,
}

impl<'a> Draft<'a> {
    pub(super) fn new(situation: &'a Situation<'a>, drain: Drain) -> Self {
        let tasks = situation.observation.tasks.as_yes();
        Draft {
            situation,
            before: (!drain.new).then(|| stored(situation)).flatten(),
            record: drain.record,
            hook: drain.hook,
            census: tasks.map(|tasks| census(tasks, situation.policy)),
            reasons: drain.remarks,
            look_again: None,
        }
    }

    /// Applies every rule, then says what is to be done.
    pub(super) fn finish(mut self) -> Plan {
        self.confirm_draining();
        self.count();
        self.obey();
        if !self.record.is_released() {
            self.release_if_allowed();
        }
        let heartbeat = self.heartbeat();
        let complete = self.complete();
        let set_draining = self.set_draining();
        let put = self.put();
        let verdict = self.verdict(complete.is_some());
        Plan {
            actions: [heartbeat, put, set_draining, complete]
                .into_iter()
                .flatten()
                .collect(),
            verdict,
            reasons: self.reasons,
            look_again: self.look_again.map(|wait| wait.max(SignedDuration::ZERO)),
        }
    }

    fn now(&self) -> Timestamp {
        self.situation.now
    }

    /// The settle window opens when DRAINING is first seen.
    fn confirm_draining(&mut self) {
        if self.record.draining_confirmed_at.is_none() && is_draining(&self.situation.observation.instance) {
            self.record.draining_confirmed_at = Some(self.situation.observation.at);
        }
    }

    fn count(&mut self) {
        let Some(census) = &self.census else { return };
        self.record.remaining = census.remaining();
        self.record.held_by.clone_from(&census.held_by);
        self.record.sidecars = census.sidecars;
        self.record.poll_seconds =
            poll_seconds(self.situation.fleet.sidecars.saturating_add(census.sidecars));
    }

    /// An operator's order, kept in the record with who and why.
    fn obey(&mut self) {
        let Some(command) = self.situation.command else {
            return;
        };
        if self.record.is_released() {
            self.reasons
                .push("already released: the order changes nothing".to_owned());
            return;
        }
        let latest = latest(
            self.record.started_at,
            self.record.lifecycle.as_ref(),
            self.situation.policy,
        );
        match command.order {
            Order::Release => self.release(
                ReleaseReason::Operator,
                format!("ordered by {}: {}", command.who, command.why),
            ),
            Order::Hold => self.record.deadline_at = latest,
            Order::Extend(by) => self.record.deadline_at = later(self.record.deadline_at, by).min(latest),
        }
        self.record.ordered = Some(Ordered::new(command, self.now()));
    }

    /// Rules 3, 6, 9 and 10: the only ways out of holding.
    fn release_if_allowed(&mut self) {
        match &self.situation.observation.instance {
            Seen::Absent => self.release(
                ReleaseReason::Drained,
                "the container instance is gone".to_owned(),
            ),
            Seen::Yes(instance) if instance.status == InstanceStatus::Inactive => {
                self.release(
                    ReleaseReason::Drained,
                    "the container instance is INACTIVE".to_owned(),
                );
            }
            Seen::Yes(instance) if instance.status == InstanceStatus::Active && self.was_draining() => {
                self.release(
                    ReleaseReason::Cancelled,
                    "the container instance is ACTIVE again".to_owned(),
                );
            }
            _ if self.record.deadline_at <= self.now() => {
                self.release(
                    ReleaseReason::Deadline,
                    format!("the deadline {} has passed", self.record.deadline_at),
                );
            }
            Seen::Unknown(why) => self
                .reasons
                .push(format!("held: the container instance could not be read: {why}")),
            Seen::Yes(_) => self.release_if_drained(),
        }
    }

    fn was_draining(&self) -> bool {
        self.before
            .as_ref()
            .is_some_and(|before| before.draining_confirmed_at.is_some())
    }

    /// Rule 3: DRAINING confirmed, every task known, none of them holding, and the settle window over.
    fn release_if_drained(&mut self) {
        let Some(census) = &self.census else {
            return self
                .reasons
                .push(format!("held: tasks are not known: {}", self.tasks_problem()));
        };
        if census.remaining() > 0 {
            let groups: Vec<&str> = census.held_by.iter().map(|held| held.group.as_str()).collect();
            return self.reasons.push(format!(
                "held by {} task(s) of {}",
                census.remaining(),
                groups.join(", ")
            ));
        }
        let Some(confirmed) = self.record.draining_confirmed_at else {
            return self
                .reasons
                .push("held: DRAINING is not confirmed yet".to_owned());
        };
        let settled = later(confirmed, self.situation.policy.settle);
        if self.situation.observation.at < settled {
            self.look_again = Some(settled.duration_since(self.now()));
            return self.reasons.push(format!(
                "no task holds; held until the settle window ends at {settled}"
            ));
        }
        self.release(ReleaseReason::Drained, "no task holds".to_owned());
    }

    fn tasks_problem(&self) -> &str {
        match &self.situation.observation.tasks {
            Seen::Unknown(why) => why,
            Seen::Absent | Seen::Yes(_) => "they were not looked at",
        }
    }

    fn release(&mut self, reason: ReleaseReason, why: String) {
        self.record.state = State::Released;
        self.record.reason = Some(reason);
        self.record.released_at = Some(self.now());
        self.reasons.push(format!("released: {why}"));
    }

    /// Rule 4. The hook's clock starts anew with the call, so the record notes it.
    fn heartbeat(&mut self) -> Option<Action> {
        let hook = self.hook.clone()?;
        if hook.heartbeat_seconds < HOOK_HEARTBEAT_MIN_SECONDS {
            self.reasons.push(format!(
                "warning: the heartbeat timeout of hook {} is {} s; a tick a minute needs {HOOK_HEARTBEAT_MIN_SECONDS} s",
                hook.lifecycle_hook_name, hook.heartbeat_seconds
            ));
        }
        let half = SignedDuration::from_millis(i64::from(hook.heartbeat_seconds) * 500);
        if self.now() < later(hook.heartbeat_at, half) || self.may_complete() {
            return None;
        }
        let now = self.now();
        self.record.lifecycle.as_mut()?.heartbeat_at = now;
        Some(Action::Heartbeat(hook))
    }

    /// Rule 5. Whoever cannot be seen has the whole flush window.
    fn may_complete(&self) -> bool {
        let Some(released) = self.record.released_at else {
            return false;
        };
        let gone = match &self.situation.observation.instance {
            Seen::Absent => true,
            Seen::Yes(instance) => instance.status == InstanceStatus::Inactive,
            Seen::Unknown(_) => false,
        };
        let stopped = self
            .census
            .as_ref()
            .is_some_and(|census| census.daemons.is_empty());
        gone || stopped || later(released, self.situation.policy.daemon_stop) <= self.now()
    }

    fn complete(&mut self) -> Option<Action> {
        let hook = self.hook.clone()?;
        if self.may_complete() {
            self.reasons
                .push("the daemons have had their time: completing the hook".to_owned());
            return Some(Action::Complete(hook));
        }
        if let Some(released) = self.record.released_at {
            let end = later(released, self.situation.policy.daemon_stop);
            self.look_again = Some(end.duration_since(self.now()));
        }
        None
    }

    /// Rules 1 and 2: after the record, whether or not tasks run. Not for a drain that is over.
    fn set_draining(&self) -> Option<Action> {
        let instance = self.situation.observation.instance.as_yes()?;
        let wanted =
            self.hook.is_some() && !self.record.is_released() && instance.status == InstanceStatus::Active;
        wanted.then(|| Action::SetDraining(instance.arn.clone()))
    }

    /// The record is written if it says something new; a count alone is new only every few seconds.
    fn put(&mut self) -> Option<Action> {
        if let Some(before) = &self.before {
            let mut recounted = self.record.clone();
            recounted.remaining = before.remaining;
            recounted.held_by.clone_from(&before.held_by);
            recounted.sidecars = before.sidecars;
            recounted.poll_seconds = before.poll_seconds;
            let same = recounted == *before;
            let counted = self.record == *before;
            if counted || (same && (self.record.is_released() || self.now() < self.count_due(before))) {
                return None;
            }
        }
        self.record.updated_at = self.now();
        Some(Action::PutRecord(Box::new(self.record.clone())))
    }

    fn count_due(&self, before: &Record) -> Timestamp {
        let many = self.situation.fleet.drains >= MANY_DRAINS;
        later(
            before.updated_at,
            if many { COUNT_REFRESH_MANY } else { COUNT_REFRESH },
        )
    }

    fn verdict(&self, completing: bool) -> Verdict {
        match self.record.reason {
            None => Verdict::Holding,
            Some(_) if completing || self.hook.is_none() => Verdict::Done,
            Some(reason) => Verdict::Released(reason),
        }
    }
}

fn stored(situation: &Situation<'_>) -> Option<Record> {
    situation.observation.record.as_yes()?.record.clone().ok()
}
