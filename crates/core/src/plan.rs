//! A plan decides, by what was seen of an instance, what is done about it.
//!
//! A pure function of observation, policy, fleet and now. Nothing else decides; the coordinator only looks and acts.
//! Actions are in the order in which they must be done: heartbeat, record, DRAINING, stops, completion, receipt. A
//! failed heartbeat stops nothing; after any other failure the rest is left to the next run (P8: each prefix of a plan
//! is a safe state, and the next look continues from it).
//!
#![doc = include_str!("plan/rules.md")]

mod answer;
mod builder;
mod counts;
mod deadline;
mod drain;
mod elsewhere;
mod order;
mod pace;
mod remark;
mod schedule;
mod situation;
mod steady;
mod unplaced;

use jiff::{SignedDuration, Timestamp};

use crate::observation::Observed;
use crate::policy::Policy;
use crate::record::{Lifecycle, Record};

pub use answer::{Action, ActionKind, Plan, Verdict};
pub use deadline::waited_too_long;
pub use order::{OrderIgnored, OrderOutcome};
pub use pace::poll_seconds;
pub use remark::{Cause, HookEnd, KeptBy, Note, Remark, Warning, joined};
pub use situation::{Fleet, HeartbeatSender, Situation, UnrecordedDrain};
pub use steady::{announcement, maintain, next_due};
pub use unplaced::{Search, unplaced};

/// The latest deadline that a drain may get: an order to extend it moves it no further. It leaves the daemons their time
/// before the hook's wait ends permanently.
#[must_use]
pub fn latest_deadline(record: &Record, policy: &Policy) -> Timestamp {
    schedule::Schedule::of(record, policy).latest()
}

/// Decides what to do about an instance.
#[must_use]
pub fn plan(situation: &Situation<'_>) -> Plan {
    match drain::find(situation) {
        drain::DrainLookup::Nothing(reason) => Plan {
            order: situation
                .command
                .map(|_| OrderOutcome::Ignored(why_nothing_drains(situation))),
            ..idle(Verdict::NotDraining, reason)
        },
        drain::DrainLookup::Unknown(reason) => plan_without_record(situation, reason),
        drain::DrainLookup::Gone(hooks) => plan_without_instance(situation, hooks),
        drain::DrainLookup::Drain(drain) => builder::PlanBuilder::new(situation, *drain).build(),
    }
}

/// Nothing is left to wait for here. The hooks may still have to wait for the same instance in another cluster.
fn plan_without_instance(situation: &Situation<'_>, hooks: Vec<Lifecycle>) -> Plan {
    let others = elsewhere::kept_for(situation, None);
    let actions = match others.is_empty() {
        true => hooks.into_iter().map(Action::Complete).collect(),
        false => situation.heartbeats.to_all(hooks),
    };
    Plan {
        actions,
        order: situation
            .command
            .map(|_| OrderOutcome::Ignored(OrderIgnored::InstanceGone)),
        ..idle(Verdict::Done, Note::GoneWithHooks(HookEnd::of(&others)))
    }
}

/// An operator who has mistyped an instance needs a better answer than that it does not drain.
fn why_nothing_drains(situation: &Situation<'_>) -> OrderIgnored {
    match situation.observation.instance {
        Observed::Absent => OrderIgnored::NoSuchInstance,
        _ => OrderIgnored::NotDraining,
    }
}

fn idle(verdict: Verdict, reason: Note) -> Plan {
    Plan {
        actions: Vec::new(),
        verdict,
        remarks: vec![reason.into()],
        look_again: None,
        order: None,
    }
}

/// Without the record, or without the name of the container instance, nothing is decided. The hook is kept alive:
/// a heartbeat too many costs one call, one too few costs the instance.
fn plan_without_record(situation: &Situation<'_>, reason: Note) -> Plan {
    Plan {
        actions: situation.heartbeats.to_all(drain::announced(situation)),
        ..idle(Verdict::Unknown, reason)
    }
}

/// Times of this century and durations of days: the sum exists.
fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests;
