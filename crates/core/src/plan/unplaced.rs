//! Hooks wait for an instance that is in no cluster of ours.

use jiff::Timestamp;

use crate::limits::CONFIRM_ABSENT_AFTER;
use crate::observation::HookAction;
use crate::policy::{OnDeadline, Policy};

use super::{Action, HeartbeatSender, Note, Plan, Remark, Verdict, Warning, deadline, later};

/// What a search for the instance in the clusters of ours has found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Search {
    /// It is in none of them at the first look. A registration may be late, and `ListContainerInstances` lags behind
    /// it.
    NotFound,
    /// It is in none of them at a second look either.
    NotFoundAgain,
    /// Not every cluster could be asked. Holds the error of the call that failed.
    Incomplete(String),
}

/// After a second look there is nothing to wait for, so the hooks are completed. If the search is incomplete, the hooks
/// are kept alive for as long as a drain may last, counted from the moment at which they are known to have begun to
/// wait: no record bounds it.
#[must_use]
pub fn unplaced(
    hooks: &[HookAction],
    policy: &Policy,
    search: Search,
    heartbeats: HeartbeatSender,
    now: Timestamp,
) -> Plan {
    let lifecycles = || hooks.iter().map(deadline::lifecycle);
    let complete = || lifecycles().map(Action::Complete).collect();
    let (actions, verdict, remark, look_again): (_, _, Remark, _) = match search {
        Search::Incomplete(error) if hooks.iter().all(|hook| waits_too_long(hook, policy, now)) => (
            complete(),
            Verdict::Done,
            Warning::SearchGivenUp(error).into(),
            None,
        ),
        Search::Incomplete(error) => {
            let heartbeats = heartbeats.to_all(lifecycles().collect());
            (
                heartbeats,
                Verdict::Unknown,
                Note::SearchIncomplete(error).into(),
                None,
            )
        }
        Search::NotFound => {
            let again = Some(CONFIRM_ABSENT_AFTER);
            (Vec::new(), Verdict::Unknown, Note::NotFound.into(), again)
        }
        Search::NotFoundAgain => (complete(), Verdict::Done, Note::NotFoundAgain(now).into(), None),
    };
    Plan {
        actions,
        verdict,
        remarks: vec![remark],
        look_again,
        order: None,
    }
}

/// With `ON_DEADLINE=hold` Auto Scaling's own limit is the only bound, as it is for a drain.
fn waits_too_long(hook: &HookAction, policy: &Policy, now: Timestamp) -> bool {
    policy.on_deadline == OnDeadline::Release && later(hook.since, policy.max_drain) <= now
}
