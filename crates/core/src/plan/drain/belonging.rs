//! A record may be of another drain than the one that is seen now.

use jiff::Timestamp;

use crate::aws::InstanceStatus;
use crate::holding;
use crate::limits::coordinator::LISTING_LAG;
use crate::observation::{Hook, HookAction, Registrations};
use crate::record::{Record, ReleaseReason};

use super::super::{Note, Remark, Situation, later};
use super::{is_draining, waits};

/// Returns whether the instance has been in service since the drain of the record ended. Nothing belongs to that drain any
/// more but a late copy of its own event, and what has no agent now.
pub(super) fn is_outlived(record: &Record, situation: &Situation<'_>) -> bool {
    let instance = situation.observation.instance.as_yes();
    let leaves = !waits(situation).is_empty() || situation.spot.is_some();
    let lives = leaves || instance.is_some_and(Registrations::agent_connected);
    let ended = record.receipt_at.filter(|_| record.is_outlived() && lives);
    let is_late = |ended| {
        let before = |wait: &HookAction| wait.token.is_some() && wait.since <= ended;
        waits(situation).iter().any(before)
    };
    ended.is_some_and(|ended| !is_late(ended))
}

/// A release, also one that goes on tier by tier, is for the registrations that it names. Returns the record of one, and
/// the instance, if the instance takes tasks in another registration now, or took them, and some hold there or may: its
/// agent has lost its data, and registered again. They get a drain of their own before the hook is completed. So do the
/// daemons there if no event has named the wait: it may be another one, of an instance that came back. A release that was
/// forced leaves no time for that.
pub(super) fn outgrown<'a>(
    record: &'a Record,
    situation: &Situation<'a>,
) -> Option<(&'a Record, &'a Registrations)> {
    let instance = situation.observation.instance.as_yes()?;
    let present = instance.present();
    let open = matches!(present.status, InstanceStatus::Active | InstanceStatus::Draining);
    let takes_tasks = open && present.agent_connected;
    let reason = record
        .reason
        .or(record.releasing.map(|releasing| releasing.reason));
    let in_time = reason.is_some_and(ReleaseReason::leaves_time);
    let holds = || {
        let tasks = situation.observation.tasks.as_read();
        tasks.is_none_or(|tasks| holding::census(tasks, situation.policy).reachable > 0)
    };
    // A wait that began after this drain begins one of its own.
    let of_it = |wait: &HookAction| is_of_this_drain(record, wait, situation);
    let open = is_to_be_completed(record, situation) && waits(situation).iter().all(of_it);
    let unnamed = || waits(situation).iter().any(|wait| wait.token.is_none());
    let outgrown = takes_tasks && in_time && open && !record.names(&present.arn) && (unnamed() || holds());
    outgrown.then_some((record, instance))
}

/// Returns whether a hook waits that this drain has yet to complete, as far as is known.
fn is_to_be_completed(record: &Record, situation: &Situation<'_>) -> bool {
    let open = situation.observation.hook != Hook::Over && record.receipt_at.is_none();
    is_hooked(record, situation) && open
}

pub(super) fn is_hooked(record: &Record, situation: &Situation<'_>) -> bool {
    record.lifecycle.is_some() || !waits(situation).is_empty()
}

/// Returns whether the record is about what is seen now, and not a leftover.
pub(super) fn continues(record: &Record, situation: &Situation<'_>, remarks: &mut Vec<Remark>) -> bool {
    let another = |instance: &Registrations| !instance.all().any(|one| record.names(&one.arn));
    if situation.observation.instance.as_yes().is_some_and(another) {
        remarks.push(Note::RecordOfAnotherRegistration.into());
        return false;
    }
    match (&record.lifecycle, waits(situation)) {
        (_, []) => !is_new_drain(record, situation),
        // A drain that another actor began gets our hook while it holds. If the instance was seen ACTIVE again, the hook begins
        // a new one: the old one is about to end as cancelled, with tasks running.
        (None, _) if !record.is_released() => record.active_since.is_none(),
        // Its release stands for a hook that had waited before it, and whose event comes late. A shared record does not mention
        // hooks at all: what a new execution environment reads there is the drain of the hook that has waited all the time.
        (None, waits) => {
            let before =
                |wait: &HookAction| record.released_at.is_some_and(|released| wait.since <= released);
            let waited = waits.iter().all(|wait| wait.token.is_none() || before(wait));
            let instance = situation.observation.instance.as_yes();
            let leaves = instance.is_some_and(Registrations::is_closed) && record.active_since.is_none();
            waited && leaves && record.receipt_at.is_none()
        }
        (Some(_), waits) => waits.iter().all(|wait| is_of_this_drain(record, wait, situation)),
    }
}

/// Returns whether this wait belongs to the drain of the record, and did not begin after it. A drain ends once, and
/// nothing continues it after that. A wait that is new to the drain is one more hook of the same instance.
fn is_of_this_drain(record: &Record, wait: &HookAction, situation: &Situation<'_>) -> bool {
    // It was cancelled since no hook waited any more when its instance was seen ACTIVE: of the waits that events name only one
    // from before that is of it.
    if record.reason == Some(ReleaseReason::Cancelled) {
        let seen = record.active_since.or(record.released_at);
        let ended = record.receipt_at.or(record.released_at);
        return match wait.token {
            Some(_) => seen.is_some_and(|seen| wait.since <= seen),
            None => ended.is_none_or(|ended| may_lag(ended, situation)),
        };
    }
    let known = record.lifecycles().find(|known| wait.is_of(known));
    let Some(known_token) = known.map(|known| &known.lifecycle_action_token) else {
        return match wait.token {
            Some(_) => record
                .receipt_at
                .is_none_or(|noted| wait.since <= ended(record, noted, situation)),
            None => goes_on(record, situation),
        };
    };
    match (known_token, &wait.token) {
        // A copy of an earlier waiting's event may come late; it must not take over from the present one.
        (Some(known), Some(token)) if known != token => wait.since < record.started_at,
        (Some(_), Some(_)) => true,
        // The tick has adopted this drain and learned no token. Its own event came before the release, or before the hook was
        // completed by its name.
        (None, Some(_)) => record
            .receipt_at
            .or(record.released_at)
            .is_none_or(|at| wait.since <= ended(record, at, situation)),
        (_, None) => goes_on(record, situation),
    }
}

/// When this drain was over at the latest, for a wait that an event names. Of an instance that is in service again the receipt
/// says only when that was noticed: it may be later than the beginning of the next wait.
fn ended(record: &Record, noted: Timestamp, situation: &Situation<'_>) -> Timestamp {
    let instance = situation.observation.instance.as_yes();
    let is_back = instance.is_some_and(Registrations::is_active);
    record.released_at.filter(|_| is_back).unwrap_or(noted)
}

/// Without its event a wait has no name, and the instance may wait on at another actor's hook, or at one of ours whose
/// event was lost. An instance that has been in service again is ACTIVE again.
fn goes_on(record: &Record, situation: &Situation<'_>) -> bool {
    let lags = |ended| may_lag(ended, situation);
    let instance = situation.observation.instance.as_yes();
    record.receipt_at.is_none_or(lags) || !instance.is_some_and(Registrations::is_active)
}

/// Returns whether a listing may still show the wait of a drain that was over at `ended`.
fn may_lag(ended: Timestamp, situation: &Situation<'_>) -> bool {
    situation.now < later(ended, LISTING_LAG)
}

/// A drain by another actor leaves no mark when it is undone. If it was over as drained or cancelled, and tasks hold
/// now on a draining instance, then it is a new one. After a deadline it is not: those tasks had their time. What runs under
/// a registration that the release does not name, and whose agent is there, had none: its drain is a new one whatever ended
/// the last one, also if no task holds.
fn is_new_drain(record: &Record, situation: &Situation<'_>) -> bool {
    let over = matches!(
        record.reason,
        Some(ReleaseReason::Drained | ReleaseReason::Cancelled)
    );
    // The drain whose receipt is written has completed its hook, and tasks of another registration are not those it had.
    let instance = situation.observation.instance.as_yes();
    let another = instance.is_some_and(|instance| !instance.is_named_by(record));
    let came_since = another && instance.is_some_and(|instance| instance.present().agent_connected);
    let unhooked = record.lifecycle.is_none()
        || situation.observation.hook == Hook::Over
        || (record.receipt_at.is_some() && another);
    let holds = || {
        let tasks = situation.observation.tasks.as_read();
        tasks.is_some_and(|tasks| holding::census(tasks, situation.policy).remaining() > 0)
    };
    let leaves = is_draining(&situation.observation.instance) || situation.spot.is_some();
    let undone = record.lifecycle.is_none() && record.active_since.is_some();
    record.is_released() && leaves && (undone || (unhooked && (came_since || (over && holds()))))
}
