//! Plans about calls.

use super::errors;
use super::filter::{CallFilter, Limit};
use crate::{ApiError, Call};
use jiff::Timestamp;

/// What goes wrong with a call.
#[derive(Clone, Debug)]
pub(super) enum CallFault {
    Throttle,
    Deny,
    Fail(ApiError),
    FailAfterEffect(ApiError),
    Stale,
}

/// Which calls, how often, what.
#[derive(Clone, Debug)]
pub(super) struct CallPlan {
    pub(super) filter: CallFilter,
    pub(super) limit: Limit,
    pub(super) fault: CallFault,
}

/// The error of the oldest plan that stops this call.
pub(super) fn before(plans: &mut [CallPlan], now: Timestamp, call: &Call) -> Option<ApiError> {
    act(plans, now, call, |fault| match fault {
        CallFault::Throttle => Some(errors::throttled(call.service)),
        CallFault::Deny => Some(errors::denied(call)),
        CallFault::Fail(error) => Some(error.clone()),
        CallFault::FailAfterEffect(_) | CallFault::Stale => None,
    })
}

/// The error of the oldest plan that replaces this call's answer.
pub(super) fn after(plans: &mut [CallPlan], now: Timestamp, call: &Call) -> Option<ApiError> {
    act(plans, now, call, |fault| match fault {
        CallFault::FailAfterEffect(error) => Some(error.clone()),
        _ => None,
    })
}

/// Returns whether a plan makes this read stale.
pub(super) fn is_stale(plans: &mut [CallPlan], now: Timestamp, call: &Call) -> bool {
    act(plans, now, call, |fault| {
        matches!(fault, CallFault::Stale).then_some(())
    })
    .is_some()
}

/// The first thing that `choose` makes of an open plan for this call; that plan is spent by it.
fn act<T>(
    plans: &mut [CallPlan],
    now: Timestamp,
    call: &Call,
    choose: impl Fn(&CallFault) -> Option<T>,
) -> Option<T> {
    let mut open = plans
        .iter_mut()
        .filter(|plan| plan.limit.is_open(now) && plan.filter.fits(call));
    open.find_map(|plan| {
        let chosen = choose(&plan.fault)?;
        plan.limit.spend();
        Some(chosen)
    })
}
