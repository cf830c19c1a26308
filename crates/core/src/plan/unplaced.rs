//! A hook waits for an instance that is in no cluster of ours.

use jiff::Timestamp;

use crate::limits::SECOND_LOOK;
use crate::observation::HookAction;

use super::{Action, Plan, Verdict, deadline};

/// There is nothing to wait for, so the hook is completed: after a second look, since a registration may be late and
/// `ListContainerInstances` lags behind it. `complete_look` says whether every cluster could be asked.
#[must_use]
pub fn unplaced(
    hook: &HookAction,
    first_look: bool,
    complete_look: Result<(), String>,
    now: Timestamp,
) -> Plan {
    let lifecycle = deadline::lifecycle(hook);
    let (actions, verdict, reason, look_again) = match complete_look {
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
        order: None,
    }
}
