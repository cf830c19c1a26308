//! Plans about events.

use super::filter::{EventFilter, Limit};
use crate::time::later;
use jiff::Timestamp;
use serde_json::Value;
use std::time::Duration;

/// What goes wrong with an event.
#[derive(Clone, Copy, Debug)]
pub(super) enum EventFault {
    Drop,
    Duplicate,
    Delay(Duration),
}

/// Which events, how often, what.
#[derive(Clone, Debug)]
pub(super) struct EventPlan {
    pub(super) filter: EventFilter,
    pub(super) limit: Limit,
    pub(super) fault: EventFault,
}

/// When, and how often, an event is delivered that arises now.
pub(super) fn deliver(plans: &mut [EventPlan], now: Timestamp, event: Value) -> Vec<(Timestamp, Value)> {
    let plan = plans
        .iter_mut()
        .find(|plan| plan.limit.is_open(now) && plan.filter.fits(&event));
    let fault = plan.map(|plan| {
        plan.limit.spend();
        plan.fault
    });
    match fault {
        None => vec![(now, event)],
        Some(EventFault::Drop) => Vec::new(),
        Some(EventFault::Duplicate) => vec![(now, event.clone()), (now, event)],
        Some(EventFault::Delay(delay)) => vec![(later(now, delay), event)],
    }
}
