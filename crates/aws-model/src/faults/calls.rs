//! Plans about calls.

use super::errors;
use super::filter::{CallFilter, Limit};
use crate::{ApiError, Call};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::Value;

/// What goes wrong with a call.
#[derive(Clone, Debug)]
pub(super) enum CallFault {
    Throttle,
    Deny,
    Fail(ApiError),
    FailAfterEffect(ApiError),
    Stale,
    Cut(Cut),
    Date(DateHeader),
    Answer(Value),
}

/// How an answer is cut short.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cut {
    /// The connection ends within the body.
    HalfOfTheBody,
    /// The connection ends before the first byte of the body.
    BeforeTheBody,
    /// The connection ends before the first byte of the answer.
    BeforeTheHead,
    /// The answer never comes, and the connection stays open.
    Never,
}

/// What the header `Date` of an answer says, from which a client learns how far off its clock is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DateHeader {
    /// The time plus so much; a negative duration is a clock that is behind.
    Ahead(SignedDuration),
    /// There is no such header.
    Absent,
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
        CallFault::FailAfterEffect(_)
        | CallFault::Stale
        | CallFault::Cut(_)
        | CallFault::Date(_)
        | CallFault::Answer(_) => None,
    })
}

/// The error of the oldest plan that replaces this call's answer.
pub(super) fn after(plans: &mut [CallPlan], now: Timestamp, call: &Call) -> Option<ApiError> {
    act(plans, now, call, |fault| match fault {
        CallFault::FailAfterEffect(error) => Some(error.clone()),
        _ => None,
    })
}

/// The cut that the oldest such plan makes.
pub(super) fn cut(plans: &mut [CallPlan], now: Timestamp, call: &Call) -> Option<Cut> {
    act(plans, now, call, |fault| match fault {
        CallFault::Cut(cut) => Some(*cut),
        _ => None,
    })
}

/// The date that the oldest such plan gives.
pub(super) fn date(plans: &mut [CallPlan], now: Timestamp, call: &Call) -> Option<DateHeader> {
    act(plans, now, call, |fault| match fault {
        CallFault::Date(date) => Some(*date),
        _ => None,
    })
}

/// The answer that the oldest such plan has.
pub(super) fn given(plans: &mut [CallPlan], now: Timestamp, call: &Call) -> Option<Value> {
    act(plans, now, call, |fault| match fault {
        CallFault::Answer(answer) => Some(answer.clone()),
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
