//! A hook waits for an instance that is in no cluster of ours.

use jiff::Timestamp;

use crate::limits::SECOND_LOOK;
use crate::observation::HookAction;
use crate::policy::{OnDeadline, Policy};

use super::{Action, Plan, Verdict, deadline};

/// There is nothing to wait for, so the hook is completed: after a second look, since a registration may be late and
/// `ListContainerInstances` lags behind it. `complete_look` says whether every cluster could be asked. If that cannot be
/// told, the hook is kept alive for as long as a drain may last, counted from the moment at which it is known to have
/// begun to wait: no record bounds it.
#[must_use]
pub fn unplaced(
    hook: &HookAction,
    policy: &Policy,
    first_look: bool,
    complete_look: Result<(), String>,
    now: Timestamp,
) -> Plan {
    let lifecycle = deadline::lifecycle(hook);
    let (actions, verdict, reason, look_again) = match complete_look {
        Err(why) if waits_too_long(hook, policy, now) => {
            let reason = format!(
                "warning: the hook has waited since {} (MAX_DRAIN), and it is not known whether the instance is in a \
                 cluster: {why}",
                hook.since
            );
            (vec![Action::Complete(lifecycle)], Verdict::Done, reason, None)
        }
        Err(why) => {
            let reason = format!("it is not known whether the instance is in a cluster: {why}");
            (vec![Action::Heartbeat(lifecycle)], Verdict::Unknown, reason, None)
        }
        Ok(()) if first_look => {
            let reason = "the instance is in no cluster of ours at the first look".to_owned();
            (Vec::new(), Verdict::Unknown, reason, Some(SECOND_LOOK))
        }
        Ok(()) => {
            let reason = format!("the instance is in no cluster of ours at {now}: nothing to wait for");
            (vec![Action::Complete(lifecycle)], Verdict::Done, reason, None)
        }
    };
    Plan {
        actions,
        verdict,
        reasons: vec![reason],
        look_again,
    }
}

/// With `ON_DEADLINE=hold` Auto Scaling's own limit is the only bound, as it is for a drain.
fn waits_too_long(hook: &HookAction, policy: &Policy, now: Timestamp) -> bool {
    policy.on_deadline == OnDeadline::Release && deadline::later(hook.since, policy.max_drain) <= now
}
