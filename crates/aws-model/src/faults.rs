//! What goes wrong, by plan: calls that fail, answers that are cut short or dated wrongly, reads that are stale, events that are
//! lost, doubled, late, swapped.
//!
//! A plan is about calls of one service, of one operation, or of one caller ([`CallFilter::by`]): a program is named by its
//! access key, so that an operator's read can fail while the coordinator's same read works.
//!
//! Nothing is random here. A caller that wants random faults draws them elsewhere and makes a plan of them, so that a
//! failure can be repeated.

mod calls;
pub mod errors;
mod events;
mod filter;

pub use calls::{Cut, DateHeader};
pub use filter::{CallFilter, EventFilter, Limit};

use super::{ApiError, Call};
use calls::{CallFault, CallPlan};
use events::{EventFault, EventPlan};
use jiff::Timestamp;
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;

/// The plans. Of several plans that fit, the oldest acts; it is used up by what it does, and not by what it lets
/// pass.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    calls: Vec<CallPlan>,
    events: Vec<EventPlan>,
    missing: BTreeMap<String, u32>,
    reordering: usize,
    held: Vec<Value>,
}

impl Faults {
    /// Calls are throttled, without effect.
    pub fn throttle(&mut self, filter: CallFilter, limit: impl Into<Limit>) {
        self.plan_call(filter, limit, CallFault::Throttle);
    }

    /// The caller has no permission.
    pub fn deny(&mut self, filter: CallFilter, limit: impl Into<Limit>) {
        self.plan_call(filter, limit, CallFault::Deny);
    }

    /// Calls fail with an error, without effect. [`errors`] has the errors of the services.
    pub fn fail(&mut self, filter: CallFilter, error: ApiError, limit: impl Into<Limit>) {
        self.plan_call(filter, limit, CallFault::Fail(error));
    }

    /// Calls take effect, and then the caller gets an error.
    pub fn fail_after_effect(&mut self, filter: CallFilter, error: ApiError, limit: impl Into<Limit>) {
        self.plan_call(filter, limit, CallFault::FailAfterEffect(error));
    }

    /// Calls take effect, and their answer does not arrive as a whole. That is so on the wire only; a caller in this process
    /// gets its answer.
    pub fn cut(&mut self, filter: CallFilter, cut: Cut, limit: impl Into<Limit>) {
        self.plan_call(filter, limit, CallFault::Cut(cut));
    }

    /// Calls have no effect, and get this answer: what a fixture has, where the model has nothing like it.
    pub fn answer(&mut self, filter: CallFilter, answer: Value, limit: impl Into<Limit>) {
        self.plan_call(filter, limit, CallFault::Answer(answer));
    }

    /// The answers have another header `Date`, or none. That is so on the wire only.
    pub fn date(&mut self, filter: CallFilter, date: DateHeader, limit: impl Into<Limit>) {
        self.plan_call(filter, limit, CallFault::Date(date));
    }

    /// What the header `Date` of the answer to this call says, if it is not the time.
    pub fn take_date(&mut self, now: Timestamp, call: &Call) -> Option<DateHeader> {
        calls::date(&mut self.calls, now, call)
    }

    /// How the answer to this call is cut on the wire, if it is.
    pub fn take_cut(&mut self, now: Timestamp, call: &Call) -> Option<Cut> {
        calls::cut(&mut self.calls, now, call)
    }

    /// Whether a plan has the answer to this call.
    pub(crate) fn given(&mut self, now: Timestamp, call: &Call) -> Option<Value> {
        calls::given(&mut self.calls, now, call)
    }

    /// Reads are answered from before the last write.
    pub fn stale_reads(&mut self, filter: CallFilter, limit: impl Into<Limit>) {
        self.plan_call(filter, limit, CallFault::Stale);
    }

    /// The next `count` times that something (a task, a container instance) is described by this ARN, it is in
    /// `failures` as MISSING.
    pub fn missing_in_describe(&mut self, arn: &str, count: u32) {
        self.missing.insert(arn.to_owned(), count);
    }

    /// Events are lost.
    pub fn drop_events(&mut self, filter: EventFilter, limit: impl Into<Limit>) {
        self.plan_event(filter, limit, EventFault::Drop);
    }

    /// Events are delivered twice.
    pub fn duplicate_events(&mut self, filter: EventFilter, limit: impl Into<Limit>) {
        self.plan_event(filter, limit, EventFault::Duplicate);
    }

    /// Events come later than usual by `delay`.
    pub fn delay_events(&mut self, filter: EventFilter, delay: Duration, limit: impl Into<Limit>) {
        self.plan_event(filter, limit, EventFault::Delay(delay));
    }

    /// The next `count` events come in reverse order, all when the last of them does.
    pub fn reorder(&mut self, count: usize) {
        self.reordering = count;
    }

    /// No more faults. Events that [`Faults::reorder`] holds back are lost.
    pub fn clear(&mut self) {
        *self = Faults::default();
    }

    /// The error that a call meets before it takes effect.
    pub(crate) fn before(&mut self, now: Timestamp, call: &Call) -> Option<ApiError> {
        calls::before(&mut self.calls, now, call)
    }

    /// The error that replaces the answer of a call which has taken effect.
    pub(crate) fn after(&mut self, now: Timestamp, call: &Call) -> Option<ApiError> {
        calls::after(&mut self.calls, now, call)
    }

    /// Returns whether this read is to be answered from before the last write.
    pub(crate) fn is_stale(&mut self, now: Timestamp, call: &Call) -> bool {
        calls::is_stale(&mut self.calls, now, call)
    }

    /// Returns whether the item with this ARN is to be missing this time.
    pub(crate) fn is_missing(&mut self, arn: &str) -> bool {
        match self.missing.get_mut(arn) {
            Some(count) if *count > 0 => {
                *count -= 1;
                true
            }
            _ => false,
        }
    }

    /// When an event that arises now is delivered, and what else is, in order.
    pub(crate) fn deliver(&mut self, now: Timestamp, event: Value) -> Vec<(Timestamp, Value)> {
        let delivered = events::deliver(&mut self.events, now, event);
        match self.reordering {
            0 => delivered,
            _ => self.hold(now, delivered),
        }
    }

    /// Holds events back until there are enough to reverse.
    fn hold(&mut self, now: Timestamp, events: Vec<(Timestamp, Value)>) -> Vec<(Timestamp, Value)> {
        for (_, event) in events {
            self.held.push(event);
        }
        if self.held.len() < self.reordering {
            return Vec::new();
        }
        self.reordering = 0;
        std::mem::take(&mut self.held)
            .into_iter()
            .rev()
            .map(|event| (now, event))
            .collect()
    }

    fn plan_call(&mut self, filter: CallFilter, limit: impl Into<Limit>, fault: CallFault) {
        self.calls.push(CallPlan {
            filter,
            limit: limit.into(),
            fault,
        });
    }

    fn plan_event(&mut self, filter: EventFilter, limit: impl Into<Limit>, fault: EventFault) {
        self.events.push(EventPlan {
            filter,
            limit: limit.into(),
            fault,
        });
    }
}

#[cfg(test)]
mod tests;
