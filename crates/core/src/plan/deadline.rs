//! A drain ends at its deadline at the latest.

use jiff::{SignedDuration, Timestamp};

use crate::limits::{HOOK_GLOBAL_MAX, POLL_SECONDS_MIN, TICK};
use crate::observation::HookAction;
use crate::policy::{OnDeadline, Policy};
use crate::record::{Lifecycle, Record};

use super::later;
use super::schedule::{Schedule, longest_wait};

/// When Auto Scaling ends the hook's wait, whatever we do. A timeout that is only assumed says nothing of it. A wait without
/// its event began up to a tick before the one that has come upon it.
pub(super) fn global(hook: &HookAction) -> Timestamp {
    if hook.heartbeat_assumed {
        return later(hook.since, HOOK_GLOBAL_MAX);
    }
    let since = match hook.token {
        Some(_) => hook.since,
        None => later(hook.since, -TICK),
    };
    later(since, longest_wait(hook.heartbeat_seconds))
}

/// The hook, as the record keeps it.
pub(super) fn lifecycle(hook: &HookAction) -> Lifecycle {
    Lifecycle {
        auto_scaling_group_name: hook.group.clone(),
        lifecycle_hook_name: hook.hook.clone(),
        lifecycle_action_token: hook.token.clone(),
        heartbeat_seconds: hook.heartbeat_seconds,
        heartbeat_at: clock_start(hook),
        global_deadline_at: global(hook),
    }
}

/// Takes in the hook as Auto Scaling describes it now, for a wait that has begun: the timeout may not have been known,
/// or the hook was put again. A shorter one counts from its next heartbeat on; AWS does not document which limit a wait
/// keeps, so the earlier one does. Returns whether anything has changed.
pub(super) fn refresh(known: &mut Lifecycle, hook: &HookAction, started_at: Timestamp) -> bool {
    let same = known.lifecycle_hook_name == hook.hook;
    if !same || hook.heartbeat_assumed || known.heartbeat_seconds == hook.heartbeat_seconds {
        return false;
    }
    known.heartbeat_seconds = hook.heartbeat_seconds;
    let since = hook.since.min(started_at);
    let present = HookAction {
        since,
        token: known.lifecycle_action_token.clone(),
        ..hook.clone()
    };
    known.global_deadline_at = known.global_deadline_at.min(global(&present));
    true
}

/// Without the event it is not known when the hook's clock started: it counts as run down, so that the first thing is a
/// heartbeat.
fn clock_start(hook: &HookAction) -> Timestamp {
    match hook.token {
        Some(_) => hook.since,
        None => later(
            hook.since,
            -SignedDuration::from_secs(i64::from(hook.heartbeat_seconds)),
        ),
    }
}

/// The last moment that leaves the daemons time to stop before the hook's wait ends permanently, or before the longest
/// time that any hook could wait if there is none.
pub(super) fn latest(
    started_at: Timestamp,
    lifecycle: Option<&Lifecycle>,
    poll_seconds: u32,
    policy: &Policy,
) -> Timestamp {
    Schedule::new(started_at, lifecycle, poll_seconds, policy).latest()
}

/// The deadline of a new drain. With `hold` the longest drain does not end it: sidecars leave a minute after the
/// record's deadline, so the record must name the moment that really counts.
pub(super) fn first(
    started_at: Timestamp,
    lifecycle: Option<&Lifecycle>,
    poll_seconds: u32,
    policy: &Policy,
) -> Timestamp {
    let latest = latest(started_at, lifecycle, poll_seconds, policy);
    match policy.on_deadline {
        OnDeadline::Hold => latest,
        OnDeadline::Release => latest.min(later(started_at, policy.max_drain)),
    }
}

/// Returns whether these hooks, if there are any, are to wait no longer for a drain that cannot be recorded. A drain
/// begins with its record; without one nothing but the beginning of the wait bounds it.
#[must_use]
pub fn waited_too_long(waits: &[HookAction], policy: &Policy, now: Timestamp) -> bool {
    let until = |hook: &HookAction| first(hook.since, Some(&lifecycle(hook)), POLL_SECONDS_MIN, policy);
    !waits.is_empty() && waits.iter().all(|hook| until(hook) <= now)
}

/// When a drain that began as this one did, and that nothing has extended, is over at the latest.
pub(super) fn longest_drain(record: &Record, policy: &Policy) -> Timestamp {
    let first = |hook| first(record.started_at, hook, record.poll_seconds, policy);
    let of_hooks = record.lifecycles().map(|hook| first(Some(hook))).min();
    let deadline = of_hooks.unwrap_or_else(|| first(None));
    Schedule::of(record, policy).over_unreleased(deadline)
}

/// The deadline of a drain as it is now: what its record says, and never later than its schedule allows.
pub(super) fn of(record: &Record, policy: &Policy) -> Timestamp {
    record.deadline_at.min(Schedule::of(record, policy).latest())
}
