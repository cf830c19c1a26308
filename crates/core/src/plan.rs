//! The decision: from what was seen of an instance to what is done about it.
//!
//! A pure function of observation, policy, fleet and now. Nothing else decides; the coordinator only looks and acts.
//! Actions are in the order in which they must be done: heartbeat, record, DRAINING, stops, completion, receipt. A
//! failed heartbeat stops nothing; after any other failure the rest is left to the next run (P8: each prefix of a plan
//! is a safe state, and the next look continues from it).
//!
#![doc = include_str!("plan/rules.md")]

mod builder;
mod deadline;
mod drain;
mod elsewhere;
mod remark;
mod schedule;
mod steady;
mod unplaced;

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Serialize, Serializer};

use crate::control::KillSwitch;
use crate::ids::{ContainerInstanceArn, TaskArn};
use crate::limits::{
    HIGHER_POLL_SECONDS, NOTE_WRITTEN_WITHIN, POLL_SECONDS_MAX, POLL_SECONDS_MIN, RELEASE_HEARD_WITHIN,
    SIDECAR_READS_PER_SECOND, UNHURRIED_POLL_SECONDS_MAX,
};
use crate::observation::{Observation, Observed};
use crate::policy::Policy;
use crate::record::{Lifecycle, Record, ReleaseReason};
use crate::throughput::ParameterThroughput;
use crate::trigger::Command;

pub use deadline::waited_too_long;
pub use remark::{Remark, joined};
pub use steady::{announcement, maintain, next_due};
pub use unplaced::{Search, unplaced};

/// The latest deadline that a drain may get: an order to extend it moves it no further. It leaves the daemons their time
/// before the hook's wait ends permanently.
#[must_use]
pub fn latest_deadline(record: &Record, policy: &Policy) -> Timestamp {
    schedule::Schedule::of(record, policy).latest()
}

/// Everything that a plan depends on.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'a> {
    /// The observation of the instance.
    pub observation: &'a Observation,
    /// The operator's choices.
    pub policy: &'a Policy,
    /// The drains of the other instances.
    pub fleet: Fleet,
    /// An order for this instance.
    pub command: Option<&'a Command>,
    /// When EC2 said, with this run's event, that it takes this Spot instance back.
    pub spot: Option<Timestamp>,
    /// The kill switch.
    pub kill_switch: &'a KillSwitch,
    /// The sender of the heartbeats.
    pub heartbeats: HeartbeatSender,
    /// AWS calls of this run that no write has counted yet.
    pub calls: u32,
    /// What is known of this drain, if it could not be recorded until now.
    pub unrecorded: Option<&'a UnrecordedDrain>,
    /// The time.
    pub now: Timestamp,
}

/// A drain that could not be recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnrecordedDrain {
    /// When it was first observed.
    pub since: Timestamp,
    /// The last record that could not be written.
    pub record: Record,
}

/// The sender of the heartbeats of hooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeartbeatSender {
    /// The run that plans: one that was invoked by an event or a schedule of its own.
    Planner,
    /// The heartbeats' function: a run that takes its events from the queue sends none.
    OwnFunction,
}

impl HeartbeatSender {
    /// A heartbeat for each of these hooks, if the run that plans keeps them alive.
    fn to_all(self, hooks: Vec<Lifecycle>) -> Vec<Action> {
        match self {
            HeartbeatSender::Planner => hooks.into_iter().map(Action::Heartbeat).collect(),
            HeartbeatSender::OwnFunction => Vec::new(),
        }
    }
}

/// What is known of the other drains of this account and region: they share the quotas of SSM.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Fleet {
    /// How many other instances drain.
    pub drains: usize,
    /// How many sidecars on them read their records.
    pub sidecars: u32,
}

/// What to do about one instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// What to do, in this order.
    pub actions: Vec<Action>,
    /// Where the drain stands once that is done.
    pub verdict: Verdict,
    /// The reasons, for people.
    pub remarks: Vec<Remark>,
    /// After how long another look is worth its calls; none means at the next event or tick.
    pub look_again: Option<SignedDuration>,
    /// What becomes of the operator's order, if there was one and enough is known to say so.
    pub order: Option<OrderOutcome>,
}

/// What becomes of an operator's order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", content = "message", rename_all = "kebab-case")]
pub enum OrderOutcome {
    /// The coordinator obeys the order, and the record holds it.
    Done,
    /// It changes nothing; the message says why.
    Ignored(String),
}

impl Plan {
    /// The record as the plan writes it last, if it does.
    #[must_use]
    pub fn record(&self) -> Option<&Record> {
        self.actions.iter().rev().find_map(|action| match action {
            Action::PutRecord(record)
            | Action::PutCount(record)
            | Action::Note(record)
            | Action::Receipt(record) => Some(&**record),
            _ => None,
        })
    }
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Restart the hook's heartbeat clock. Holds the hook as it was before.
    Heartbeat(Lifecycle),
    /// Write the record.
    PutRecord(Box<Record>),
    /// Write the record for the sake of its counts, or of the note of a heartbeat: it gives way to every other write.
    PutCount(Box<Record>),
    /// Remember the record as it is now, which is not worth a write of its own; a run that cannot remember writes it.
    Note(Box<Record>),
    /// Set a registration to DRAINING and read it back.
    SetDraining {
        /// The registration to drain.
        arn: ContainerInstanceArn,
        /// Whether it is the present registration of its instance. If another one cannot be drained, that stops
        /// nothing.
        present: bool,
    },
    /// Order a task to stop, and show the reason to a person in the console.
    StopTask {
        /// The task to stop.
        task: TaskArn,
        /// The reason that the console shows.
        why: String,
    },
    /// Complete the hook with CONTINUE.
    Complete(Lifecycle),
    /// Log the receipt, then note in the record that it was logged.
    Receipt(Box<Record>),
}

impl Action {
    /// The kind of the action.
    #[must_use]
    pub fn kind(&self) -> ActionKind {
        match self {
            Action::Heartbeat(_) => ActionKind::Heartbeat,
            Action::PutRecord(record) if record.is_released() => ActionKind::PutReleased,
            Action::PutRecord(_) => ActionKind::PutHolding,
            Action::PutCount(_) => ActionKind::PutCount,
            Action::Note(_) => ActionKind::Note,
            Action::SetDraining { .. } => ActionKind::SetDraining,
            Action::StopTask { .. } => ActionKind::StopTask,
            Action::Receipt(_) => ActionKind::Receipt,
            Action::Complete(_) => ActionKind::Complete,
        }
    }
}

/// The kind of an [`Action`]. Log lines have its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActionKind {
    /// [`Action::Heartbeat`].
    Heartbeat,
    /// [`Action::PutRecord`] of a record that holds.
    PutHolding,
    /// [`Action::PutRecord`] of a record that is released.
    PutReleased,
    /// [`Action::PutCount`].
    PutCount,
    /// [`Action::Note`].
    Note,
    /// [`Action::SetDraining`].
    SetDraining,
    /// [`Action::StopTask`].
    StopTask,
    /// [`Action::Receipt`].
    Receipt,
    /// [`Action::Complete`].
    Complete,
}

impl ActionKind {
    /// The name of the kind, as log lines have it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            ActionKind::Heartbeat => "heartbeat",
            ActionKind::PutHolding => "put-holding",
            ActionKind::PutReleased => "put-released",
            ActionKind::PutCount => "put-count",
            ActionKind::Note => "note",
            ActionKind::SetDraining => "set-draining",
            ActionKind::StopTask => "stop-task",
            ActionKind::Receipt => "receipt",
            ActionKind::Complete => "complete",
        }
    }
}

impl fmt::Display for ActionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for ActionKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// The state of a drain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The instance does not drain.
    NotDraining,
    /// Too little is known to decide anything: the daemons are kept as they are.
    Unknown,
    /// The daemons are kept.
    Holding,
    /// Some tiers of daemons may go.
    Releasing,
    /// The daemons may go; the hook still waits for their flush.
    Released(ReleaseReason),
    /// Nothing is left to do.
    Done,
}

impl Verdict {
    /// The verdict's name, as logs and metrics have it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Verdict::NotDraining => "not-draining",
            Verdict::Unknown => "unknown",
            Verdict::Holding => "holding",
            Verdict::Releasing => "releasing",
            Verdict::Released(_) => "released",
            Verdict::Done => "done",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for Verdict {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// Decides.
#[must_use]
pub fn plan(situation: &Situation<'_>) -> Plan {
    match drain::find(situation) {
        drain::DrainLookup::Nothing(reason) => Plan {
            order: situation
                .command
                .map(|_| OrderOutcome::Ignored(why_nothing_drains(situation).to_owned())),
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
    let (actions, remark) = match others.is_empty() {
        true => (
            hooks.into_iter().map(Action::Complete).collect(),
            "the container instance is gone: completing the hook".to_owned(),
        ),
        false => (
            situation.heartbeats.to_all(hooks),
            format!("the container instance is gone; {}", elsewhere::sentence(&others)),
        ),
    };
    Plan {
        actions,
        order: situation
            .command
            .map(|_| OrderOutcome::Ignored("the container instance is gone".to_owned())),
        ..idle(Verdict::Done, remark)
    }
}

/// An operator who has mistyped an instance needs a better answer than that it does not drain.
fn why_nothing_drains(situation: &Situation<'_>) -> &'static str {
    match situation.observation.instance {
        Observed::Absent => "the cluster has no such container instance",
        _ => "the instance does not drain",
    }
}

fn idle(verdict: Verdict, reason: String) -> Plan {
    Plan {
        actions: Vec::new(),
        verdict,
        remarks: vec![Remark::Note(reason)],
        look_again: None,
        order: None,
    }
}

/// Without the record, or without the name of the container instance, nothing is decided. The hook is kept alive:
/// a heartbeat too many costs one call, one too few costs the instance.
fn plan_without_record(situation: &Situation<'_>, reason: String) -> Plan {
    Plan {
        actions: situation.heartbeats.to_all(drain::announced(situation)),
        ..idle(Verdict::Unknown, reason)
    }
}

/// How often each sidecar should read, so that all together keep within our share of the quota.
#[must_use]
pub fn poll_seconds(sidecars: u32, throughput: ParameterThroughput) -> u32 {
    let free = sidecars.div_ceil(SIDECAR_READS_PER_SECOND);
    let allowed = sidecars.div_ceil(throughput.sidecar_reads_per_second());
    // Reads beyond those of the standard throughput are paid for.
    let seconds = free.min(allowed.max(HIGHER_POLL_SECONDS));
    seconds.clamp(POLL_SECONDS_MIN, POLL_SECONDS_MAX)
}

/// How often the sidecars of a drain in a record of its own should read while tasks hold. The end of the last task is
/// written down ([`Record::release_not_before`]) and LINGER passes before the release, so a pace that notices one of
/// the two in time is enough: then a release waits for its sidecars for [`RELEASE_HEARD_WITHIN`] at the most. A task
/// whose DEPROVISIONING has used LINGER up is released without such a note, and that release waits for one reading.
#[must_use]
fn unhurried_poll_seconds(policy: &Policy) -> u32 {
    let slack = policy.linger.saturating_add(RELEASE_HEARD_WITHIN) - NOTE_WRITTEN_WITHIN;
    // A reading is up to a fifth late.
    let seconds = slack.as_secs().saturating_mul(5) / 6;
    u32::try_from(seconds)
        .unwrap_or(0)
        .clamp(POLL_SECONDS_MIN, UNHURRIED_POLL_SECONDS_MAX)
}

/// Times of this century and durations of days: the sum exists.
fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests;
