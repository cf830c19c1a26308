//! Hooks wait for an instance that is in no cluster of ours.

use jiff::Timestamp;

use crate::limits::CONFIRM_ABSENT_AFTER;
use crate::observation::HookAction;
use crate::policy::{OnDeadline, Policy};

use super::{Action, HeartbeatSender, Plan, Verdict, deadline, later};

/// There is nothing to wait for, so the hooks are completed: after a second look, since a registration may be late and
/// `ListContainerInstances` lags behind it. `complete_look` says whether every cluster could be asked. If that cannot be
/// told, the hooks are kept alive for as long as a drain may last, counted from the moment at which they are known to have
/// begun to wait: no record bounds it.
#[must_use]
pub fn unplaced(
    hooks: &[HookAction],
    policy: &Policy,
    first_look: bool,
    complete_look: Result<(), String>,
    heartbeats: HeartbeatSender,
    now: Timestamp,
) -> Plan {
    let lifecycles = || hooks.iter().map(deadline::lifecycle);
    let complete = || lifecycles().map(Action::Complete).collect();
    let (actions, verdict, reason, look_again) = match complete_look {
        Err(why) if hooks.iter().all(|hook| waits_too_long(hook, policy, now)) => {
            let reason = format!(
                "warning: the hook has waited for longer than MAX_DRAIN, and it is not known whether the instance is in \
                 a cluster: {why}"
            );
            (complete(), Verdict::Done, reason, None)
        }
        Err(why) => {
            let reason = format!("it is not known whether the instance is in a cluster: {why}");
            (
                heartbeats.to_all(lifecycles().collect()),
                Verdict::Unknown,
                reason,
                None,
            )
        }
        Ok(()) if first_look => {
            let reason = "the instance is in no cluster of ours at the first look".to_owned();
            (Vec::new(), Verdict::Unknown, reason, Some(CONFIRM_ABSENT_AFTER))
        }
        Ok(()) => {
            let reason = format!("the instance is in no cluster of ours at {now}: nothing to wait for");
            (complete(), Verdict::Done, reason, None)
        }
    };
    Plan {
        actions,
        verdict,
        reasons: vec![reason],
        look_again,
        order: None,
    }
}

/// With `ON_DEADLINE=hold` Auto Scaling's own limit is the only bound, as it is for a drain.
fn waits_too_long(hook: &HookAction, policy: &Policy, now: Timestamp) -> bool {
    policy.on_deadline == OnDeadline::Release && later(hook.since, policy.max_drain) <= now
}
