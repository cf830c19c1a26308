//! The rules, applied one after another to a drain. `plan/rules.md` lists them by number.

mod act;
mod release;

use jiff::{SignedDuration, Timestamp};

use crate::holding::{Census, census_of, daemon_gone, failed_sidecars};
use crate::limits::{AGENT_NOTE_INTERVAL, AGENT_UNSEEN_MAX, RELEASE_BEFORE_SIGTERM_MAX};
use crate::observation::{Hook, Observed, Registrations, SeenTasks};
use crate::record::{Lifecycle, Ordered, Record, ReleaseReason};
use crate::trigger::Order;
use crate::unprotected::UnprotectedDaemon;

use super::counts::{count, note_waited};
use super::drain::{Drain, is_back, is_draining};
use super::later;
use super::schedule::Schedule;
use super::{Action, HeartbeatSender, OrderOutcome, Plan, Remark, Situation, Verdict};

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

    fn remark(&mut self, text: impl Into<String>) {
        self.remarks.push(Remark::Note(text.into()));
    }

    fn warn(&mut self, text: impl Into<String>) {
        self.remarks.push(Remark::Warning(text.into()));
    }

    /// The bounds of this drain.
    fn schedule(&self) -> Schedule<'a> {
        Schedule::of(&self.record, self.situation.policy)
    }

    /// When the look began: what it has seen may be as old as that.
    fn seen_at(&self) -> Timestamp {
        self.situation.observation.at
    }

    /// The settle window opens when DRAINING is first seen in this drain.
    fn confirm_draining(&mut self) {
        let instance = self.situation.observation.instance.as_yes();
        // An instance that never came in can never be DRAINING, and has nothing that could move.
        let settles = instance.is_some_and(|instance| instance.is_draining() || instance.never_came_in());
        if self.record.draining_confirmed_at.is_none() && settles {
            self.record.draining_confirmed_at = Some(self.now());
        }
    }

    /// Rule 10 needs to know for how long the instance has been ACTIVE again: ECS reads are eventually consistent, and
    /// one that lags must not cancel a drain. A drain by another actor that is over and undone is forgotten, so that
    /// the next one holds again.
    fn watch_status(&mut self) {
        let Some(instance) = self.situation.observation.instance.as_yes() else {
            return;
        };
        // What comes after a drain that was outlived is none of its matter.
        if self.is_unasked() || self.record.is_outlived() {
            return;
        }
        if !instance.is_active() {
            self.record.active_since = None;
        } else if !self.hooks.is_empty() {
            // A group does not take a termination back: DRAINING is set again, and seen again before anything is
            // released.
            self.record.active_since = None;
            if !self.record.is_released() {
                self.record.draining_confirmed_at = None;
            }
        } else if self.was_draining() {
            self.record
                .active_since
                .get_or_insert(self.situation.observation.at);
            if self.record.is_released() && self.record.lifecycle.is_none() {
                self.record.draining_confirmed_at = None;
            }
        }
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
    fn watch_agent(&mut self) {
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

    /// Evidence: a protected daemon has ended although tasks hold. Its sidecar was killed or had given up, or another
    /// actor stopped its task. Nothing holds it back any more, and the receipt reports it.
    fn watch_daemons(&mut self) {
        let held = !self.record.is_released() && self.record.releasing.is_none();
        if held && self.record.daemons_gone_at.is_none() {
            // ECS forgets a task that has ended after an hour.
            let known = self
                .situation
                .unrecorded
                .and_then(|drain| drain.record.daemons_gone_at);
            self.record.daemons_gone_at = known.or_else(|| self.daemon_gone());
        }
        if let Some(at) = self.record.daemons_gone_at {
            self.warn(format!("a protected daemon ended at {at}, while tasks held"));
        }
    }

    /// Evidence: a daemon that runs without the protection of its sidecar. Nothing can be done about it in this drain,
    /// and the receipt reports it.
    fn watch_protection(&mut self) {
        let held = !self.record.is_released() && self.record.releasing.is_none();
        if let Some(drain) = self.situation.unrecorded {
            self.record.note_unprotected(&drain.record.unprotected);
        }
        if let Some(census) = self.census.as_ref().filter(|_| held) {
            self.record.note_unprotected(&census.unprotected);
            if let Some(tasks) = self.situation.observation.tasks.as_read() {
                let mut failed = failed_sidecars(tasks, self.situation.policy, self.evidence_since());
                // What was seen of it while it ran says more than its exit code.
                let known = |daemon: &UnprotectedDaemon| {
                    let mut named = self.record.unprotected.iter();
                    named.any(|known| known.service == daemon.service)
                };
                failed.retain(|daemon| !known(daemon));
                self.record.note_unprotected(&failed);
            }
        }
        let warnings = self.record.unprotected.iter();
        self.remarks
            .extend(warnings.map(|daemon| Remark::Warning(daemon.to_string())));
    }

    fn daemon_gone(&self) -> Option<Timestamp> {
        let tasks = self.situation.observation.tasks.as_read()?;
        daemon_gone(tasks, self.situation.policy, self.evidence_since())
    }

    /// What has ended since then ended in this drain. In one that another actor began, a daemon may have ended before the
    /// drain was known to us, whether or not our hook waits by now, and in one that could not be recorded at once, before its
    /// record.
    fn evidence_since(&self) -> Timestamp {
        let unheard = self.situation.observation.record == Observed::Absent
            && is_draining(&self.situation.observation.instance);
        let since = match self.record.lifecycle {
            Some(_) if !unheard => self.record.started_at,
            _ => later(self.record.started_at, -RELEASE_BEFORE_SIGTERM_MAX),
        };
        let unrecorded = self.situation.unrecorded;
        unrecorded.map_or(since, |unrecorded| since.min(unrecorded.since))
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
            self.remark("already released: the order changes nothing");
            self.order = Some(OrderOutcome::Ignored(
                "the daemons are released already".to_owned(),
            ));
            return;
        }
        let latest = self.schedule().latest();
        let ordered = Ordered::new(command.order.name(), &command.who, &command.why, self.now());
        match command.order {
            Order::Release => {
                let why = format!("ordered by {}: {}", ordered.who, ordered.why);
                self.release_all(ReleaseReason::Operator, why);
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
