//! How long a hook still waits.
//!
//! No AWS API tells it: Auto Scaling says neither when a wait began nor when its last heartbeat came. It is computed from
//! the record, which knows when the hook's event came, and from the beacon of the heartbeats, which knows when all hooks
//! had the heartbeat that was due. Both are on the safe side: the real time left is not shorter.

use jiff::{SignedDuration, Timestamp};
use protector_core::beacon::HeartbeatsBeacon;
use protector_core::heartbeat::interval;
use protector_core::ids::{AutoScalingGroupName, LifecycleHookName};
use protector_core::record::{Lifecycle, Record};
use serde::Serialize;

/// A hook that has less than this left needs a person.
pub const HOOK_LEFT_MIN: SignedDuration = SignedDuration::from_secs(60);

/// A hook of ours that waits for an instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HookClock {
    /// The hook.
    pub name: LifecycleHookName,
    /// Its group.
    pub group: AutoScalingGroupName,
    /// Its `HeartbeatTimeout`, in seconds.
    pub timeout_seconds: u32,
    /// Its last heartbeat came at this time or later; none if that is not known.
    pub heartbeat_at: Option<Timestamp>,
    /// When it runs out if no other heartbeat comes, at the earliest; none if that is not known.
    pub runs_out_at: Option<Timestamp>,
    /// When Auto Scaling ends the wait whatever comes.
    pub global_deadline_at: Timestamp,
}

impl HookClock {
    /// The hooks of ours that wait for a drain.
    #[must_use]
    pub fn all(record: &Record, heartbeats: Option<&HeartbeatsBeacon>, now: Timestamp) -> Vec<HookClock> {
        let hooks = record.lifecycles();
        hooks
            .map(|hook| HookClock::of(hook, record.started_at, heartbeats, now))
            .collect()
    }

    fn of(
        hook: &Lifecycle,
        started_at: Timestamp,
        heartbeats: Option<&HeartbeatsBeacon>,
        now: Timestamp,
    ) -> HookClock {
        let timeout = SignedDuration::from_secs(i64::from(hook.heartbeat_seconds));
        // A hook that was found without its event counts as run down until its first heartbeat.
        let noted = (hook.heartbeat_at >= started_at || hook.lifecycle_action_token.is_some())
            .then_some(hook.heartbeat_at);
        let heartbeat_at = noted.max(sent(heartbeats, started_at, timeout));
        let runs_out_at = heartbeat_at
            .and_then(|at| at.checked_add(timeout).ok())
            .map(|at| at.min(hook.global_deadline_at))
            // It would be over by now, and it is not: it had a heartbeat that nothing here knows of.
            .filter(|at| *at >= now);
        HookClock {
            name: hook.lifecycle_hook_name.clone(),
            group: hook.auto_scaling_group_name.clone(),
            timeout_seconds: hook.heartbeat_seconds,
            heartbeat_at,
            runs_out_at,
            global_deadline_at: hook.global_deadline_at,
        }
    }

    /// How long it still waits without another heartbeat, at least; none if that is not known.
    #[must_use]
    pub fn left(&self, now: Timestamp) -> Option<SignedDuration> {
        self.runs_out_at.map(|at| at.duration_since(now))
    }

    /// Returns whether it may run out before the next heartbeat: less than [`HOOK_LEFT_MIN`] is left, or less than a
    /// quarter of its time.
    #[must_use]
    pub fn is_at_risk(&self, now: Timestamp) -> bool {
        let quarter = SignedDuration::from_secs(i64::from(self.timeout_seconds)) / 4;
        self.left(now)
            .is_some_and(|left| left < HOOK_LEFT_MIN.max(quarter).min(HOOK_LEFT_MAX_AT_RISK))
    }
}

/// A hook that has so much left is not at risk, however long its timeout is: the sender of heartbeats runs each minute.
const HOOK_LEFT_MAX_AT_RISK: SignedDuration = SignedDuration::from_mins(5);

/// When a hook had its last heartbeat at the earliest, as the sender of heartbeats knows it: a run without a problem
/// leaves no hook whose last heartbeat is older than the interval. A wait that is younger than the run may not have been
/// in it.
fn sent(
    heartbeats: Option<&HeartbeatsBeacon>,
    started_at: Timestamp,
    timeout: SignedDuration,
) -> Option<Timestamp> {
    let run = heartbeats.filter(|run| run.late == 0 && run.run_at > started_at)?;
    run.run_at.checked_sub(interval(timeout)).ok()
}

#[cfg(test)]
mod tests;
