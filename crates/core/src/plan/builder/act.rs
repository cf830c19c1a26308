//! What is done about a drain: rules 1, 2, 4, 5 and 7, and the receipt.

use jiff::Timestamp;

use crate::control::Control;
use crate::ids::{ClusterName, TaskArn};
use crate::limits::coordinator::LISTING_LAG;
use crate::limits::{HOOK_HEARTBEAT_MIN_SECONDS, STOP_TASKS_MAX};
use crate::observation::{Hook, Observed, Registrations};
use crate::policy::StandaloneTasks;
use crate::record::{Lifecycle, Ordered, Record, ReleaseReason};
use crate::trigger::Order;

use super::super::HeartbeatSender;
use super::super::drain::is_draining;
use super::super::pace::{count_is_due, heartbeat_due};
use super::super::schedule::Schedule;
use super::super::{deadline, elsewhere, later};
use super::{Action, PlanBuilder, Remark};

impl PlanBuilder<'_> {
    /// Rule 4. A hook's clock restarts with the call, so the record notes it.
    pub(super) fn heartbeats(&mut self) -> Vec<Action> {
        let apart = self.situation.heartbeats == HeartbeatSender::OwnFunction;
        let completes = self.lets_go() && self.kept_for().is_empty();
        let (now, over) = (self.now(), apart || completes || self.is_given_up());
        let mut heartbeats = Vec::new();
        for hook in &self.hooks {
            if hook.heartbeat_seconds < HOOK_HEARTBEAT_MIN_SECONDS {
                self.remarks.push(Remark::Warning(format!(
                    "the heartbeat timeout of hook {} is {} s; a tick per minute needs {HOOK_HEARTBEAT_MIN_SECONDS} s",
                    hook.lifecycle_hook_name, hook.heartbeat_seconds
                )));
            }
            if now < heartbeat_due(hook) || over {
                continue;
            }
            let known = self.record.lifecycles_mut().find(|known| known.is_of(hook));
            known.into_iter().for_each(|known| known.heartbeat_at = now);
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
            let since = first.since;
            self.warn(format!(
                "the hook has waited since {since}, and no record could be written: it is completed now"
            ));
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
    fn is_gone(&self) -> bool {
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
            self.remark("released, and in service again: the listing of the hook may lag, or it waits again");
            return Vec::new();
        }
        if self.lets_go() {
            let others = self.kept_for();
            if !others.is_empty() {
                let waits = elsewhere::sentence(&others);
                self.remark(format!("the daemons have had their time; {waits}"));
                return Vec::new();
            }
            match self.sidecars_have_left() {
                true => self.warn("no release was written, and the sidecars have left: completing the hook"),
                false => self.remark("the daemons have had their time: completing the hook"),
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

    /// Returns whether a hook that is listed after a release as drained may wait for what runs there now: the instance is in
    /// service again, and no token says which wait it is. Also if no task holds there, its daemons were asked to stop by no
    /// drain. This one ends without its completion, and some time later a wait that is still listed begins one of its own.
    fn may_be_another_wait(&self) -> bool {
        let instance = self.situation.observation.instance.as_yes();
        let serves = instance.is_some_and(Registrations::serves);
        let unnamed = self
            .hooks
            .iter()
            .any(|hook| hook.lifecycle_action_token.is_none());
        let in_time = self.record.reason.is_some_and(ReleaseReason::leaves_time);
        in_time && serves && unnamed
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

    /// Rules 1 and 2: after the record, whether or not tasks run. Not for a drain that is over already.
    pub(super) fn set_draining(&self) -> Vec<Action> {
        let Some(instance) = self.situation.observation.instance.as_yes() else {
            return Vec::new();
        };
        let leaving = !self.hooks.is_empty() || self.record.spot_notice_at.is_some();
        // The run that releases sets what is ACTIVE still: an instance that stays so would seem to be in service again.
        let holds = |before: &Record| !before.is_released();
        let begins = self.before.as_ref().is_none_or(holds);
        let undone = self.record.active_since.is_some();
        let wanted = leaving && begins && !undone && !self.is_unasked();
        let arns = instance.to_drain().filter(|_| wanted);
        arns.map(|arn| Action::SetDraining {
            arn: arn.clone(),
            present: *arn == instance.present().arn,
        })
        .collect()
    }

    /// Rules 6 and 7: tasks that would not stop by themselves are ordered to stop, once DRAINING keeps new ones away.
    pub(super) fn stops(&mut self) -> Vec<Action> {
        if self.record.is_released() || !is_draining(&self.situation.observation.instance) {
            return Vec::new();
        }
        let (mut tasks, why) = self.tasks_to_stop();
        // Of more than one run takes, each minute begins elsewhere: tasks that may not be stopped keep none waiting.
        if tasks.len() > STOP_TASKS_MAX {
            let minutes = self.now().duration_since(self.record.started_at).as_mins();
            let first = usize::try_from(minutes).unwrap_or(0) * STOP_TASKS_MAX % tasks.len();
            tasks.rotate_left(first);
        }
        let stops = tasks
            .into_iter()
            .take(STOP_TASKS_MAX)
            .map(|task| Action::StopTask {
                task,
                why: why.clone(),
            });
        stops.collect()
    }

    fn tasks_to_stop(&self) -> (Vec<TaskArn>, String) {
        let Some(census) = &self.census else {
            return (Vec::new(), String::new());
        };
        let policy = self.situation.policy;
        let instance = &self.record.ec2_instance_id;
        let due = policy
            .stop_tasks_after
            .filter(|after| later(self.record.started_at, *after) <= self.now());
        if let Some(after) = due {
            let why = format!(
                "ecs-daemon-protector: {instance} has been draining for {after:#} (STOP_TASKS_AFTER)"
            );
            return (census.to_stop.clone(), why);
        }
        if policy.standalone_tasks == StandaloneTasks::Stop {
            let why = format!(
                "ecs-daemon-protector: {instance} drains, and standalone tasks are stopped (STANDALONE_TASKS)"
            );
            return (census.standalone_to_stop.clone(), why);
        }
        (Vec::new(), String::new())
    }

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
