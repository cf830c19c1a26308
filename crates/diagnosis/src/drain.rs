//! One drain, as a person sees it in a list: what the record, the container instance and Auto Scaling say together.

mod sentence;

use jiff::{SignedDuration, Timestamp};
use protector_core::aws::InstanceStatus;
use protector_core::beacon::Beacon;
use protector_core::control::Control;
use protector_core::ids::{AutoScalingGroupName, ContainerInstanceArn, InstanceKey};
use protector_core::limits::TICK_AND_DELAY;
use protector_core::record::{Record, State};
use serde::Serialize;

use crate::cause::Cause;
use crate::ends::Ends;
use crate::hook::HookClock;
use crate::listing::Recorded;
use crate::seen::{Machine, ScalingInstance};
use crate::usual::Usual;

pub use sentence::{group_name, reason};

/// How far a drain is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DrainState {
    /// The instance drains, and whether its daemons are held is not known: the records were not read.
    NotKnown,
    /// The instance drains, and its daemons are not held.
    NoRecord,
    /// The daemons are kept alive.
    Holding,
    /// The daemons may go, and flush.
    Released,
    /// The drain is over.
    Done,
}

/// Why a drain needs a person; the first that fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Risk {
    /// It holds although its deadline has passed: the coordinator does not act.
    Late,
    /// Its hook may run out before the next heartbeat.
    Hook,
    /// Its daemons are not held: it has no record, or one that cannot be read.
    NoRecord,
    /// Its agent does not answer.
    Agent,
    /// A hook waits, and the kill switch keeps the coordinator from acting.
    Mode,
    /// Nothing threatens it.
    None,
}

/// A drain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drain {
    /// The instance.
    pub key: InstanceKey,
    /// How far it is.
    pub state: DrainState,
    /// Why it needs a person.
    pub risk: Risk,
    /// Its record, if there is one that can be read.
    pub record: Option<Record>,
    /// Why its record cannot be read, if it cannot.
    pub unreadable: Option<String>,
    /// The version of its record's own parameter.
    pub version: Option<i64>,
    /// The container instance, if it was seen.
    pub machine: Option<Machine>,
    /// What Auto Scaling says of it.
    pub scaling: Option<ScalingInstance>,
    /// The hooks of ours that wait for it.
    pub hooks: Vec<HookClock>,
    /// When its hold ends, or its daemons are gone. Of a hold only the deadline is known without a look at its tasks.
    pub ends: Ends,
    /// What a look at its tasks has added, if there was one.
    pub looked: Option<Looked>,
}

/// What a look at the tasks of a drain has added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Looked {
    /// The overall cause; none if nothing is waited for.
    pub cause: Option<Cause>,
    /// The tasks that hold, those that end last first.
    pub holds: Vec<Hold>,
    /// The groups of the daemons of a released drain that have not ended yet.
    pub flushing: Vec<String>,
    /// Why the hold ends when it does, for example `service:web: stopTimeout 2m`.
    pub because: Option<String>,
    /// How long such drains usually hold, if that is known.
    pub usual: Option<Usual>,
}

/// Tasks of a group that hold for the same cause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hold {
    /// The group, for example `service:web`.
    pub group: String,
    /// How many there are.
    pub tasks: u32,
    /// Why they hold.
    pub cause: Cause,
    /// When the last of them ends.
    pub ends: Ends,
}

/// What is known of an instance that drains.
#[derive(Debug, Clone, Default)]
pub struct Parts<'a> {
    /// Whether the records could not be read: then an absent one says nothing.
    pub unread: bool,
    /// Its record.
    pub recorded: Option<&'a Recorded>,
    /// The container instance.
    pub machine: Option<&'a Machine>,
    /// What Auto Scaling says of it.
    pub scaling: Option<&'a ScalingInstance>,
}

/// What is known of the coordinator.
#[derive(Debug, Clone, Copy, Default)]
pub struct Coordinator<'a> {
    /// Its beacon.
    pub beacon: Option<&'a Beacon>,
    /// The beacon of the heartbeats.
    pub heartbeats: Option<&'a protector_core::beacon::HeartbeatsBeacon>,
    /// The kill switch, as its parameter has it.
    pub control: Option<Control>,
}

impl Coordinator<'_> {
    /// The kill switch: its parameter, or what the coordinator last read.
    #[must_use]
    pub fn mode(&self) -> Control {
        self.control
            .or(self.beacon.map(|beacon| beacon.control))
            .unwrap_or_default()
    }

    /// What daemons have from their release to their end, all tiers together; none if the settings are not known.
    #[must_use]
    pub fn flush(&self) -> Option<SignedDuration> {
        let beacon = self.beacon?;
        let tiers = beacon.tiers.as_ref()?.len().max(1);
        Some(beacon.daemon_stop * i32::try_from(tiers).ok()?)
    }

    /// Returns whether its last tick is too old, so that it does not run; false if there is no beacon.
    #[must_use]
    pub fn is_silent(&self, now: Timestamp) -> bool {
        self.beacon
            .is_some_and(|beacon| now.duration_since(beacon.tick_at) > SILENT_AFTER)
    }
}

/// A coordinator whose last tick is older than this does not run.
pub const SILENT_AFTER: SignedDuration = SignedDuration::from_mins(3);

impl Drain {
    /// Puts together what is known of an instance that drains.
    #[must_use]
    pub fn of(key: InstanceKey, parts: &Parts<'_>, coordinator: Coordinator<'_>, now: Timestamp) -> Drain {
        let record = parts.recorded.and_then(|recorded| recorded.record.as_ref().ok());
        let hooks = record.map(|record| HookClock::all(record, coordinator.heartbeats, now));
        let mut drain = Drain {
            key,
            state: match parts.unread && parts.recorded.is_none() {
                true => DrainState::NotKnown,
                false => state(record),
            },
            risk: Risk::None,
            record: record.cloned(),
            unreadable: parts
                .recorded
                .and_then(|recorded| Some(recorded.record.as_ref().err()?.to_string())),
            version: parts.recorded.and_then(|recorded| recorded.version),
            machine: parts.machine.cloned(),
            scaling: parts.scaling.cloned(),
            hooks: hooks.unwrap_or_default(),
            ends: ends(record, coordinator),
            looked: None,
        };
        drain.risk = drain.assess(coordinator, now);
        drain
    }

    fn assess(&self, coordinator: Coordinator<'_>, now: Timestamp) -> Risk {
        let holds = self.state == DrainState::Holding;
        let late = |record: &Record| now.duration_since(record.deadline_at) > TICK_AND_DELAY;
        let waits = !self.hooks.is_empty() || self.scaling.as_ref().is_some_and(ScalingInstance::waits);
        let agent_lost = |record: &Record| record.agent_lost_at.is_some();
        let away = self
            .machine
            .as_ref()
            .is_some_and(|machine| !machine.agent_connected);
        match self.state {
            DrainState::Done | DrainState::NotKnown => Risk::None,
            DrainState::NoRecord if self.is_active() => Risk::None,
            _ if holds && self.record.as_ref().is_some_and(late) => Risk::Late,
            _ if self.hooks.iter().any(|hook| hook.is_at_risk(now)) => Risk::Hook,
            DrainState::NoRecord => Risk::NoRecord,
            _ if holds && away && self.record.as_ref().is_some_and(agent_lost) => Risk::Agent,
            _ if waits && coordinator.mode() == Control::Observe => Risk::Mode,
            _ => Risk::None,
        }
    }

    /// Returns whether it takes tasks and has no record: it does not drain at all.
    fn is_active(&self) -> bool {
        let takes_tasks = |machine: &Machine| machine.status == InstanceStatus::Active;
        self.unreadable.is_none() && self.record.is_none() && self.machine.as_ref().is_some_and(takes_tasks)
    }

    /// Its registration in the cluster.
    #[must_use]
    pub fn registration(&self) -> Option<&ContainerInstanceArn> {
        let machine = self.machine.as_ref().map(|machine| &machine.arn);
        machine.or(self.record.as_ref().map(|record| &record.container_instance_arn))
    }

    /// Its Auto Scaling group.
    #[must_use]
    pub fn group(&self) -> Option<&AutoScalingGroupName> {
        let scaling = self.scaling.as_ref().map(|instance| &instance.group);
        scaling.or(self.hooks.first().map(|hook| &hook.group))
    }

    /// For how long it has drained.
    #[must_use]
    pub fn age(&self, now: Timestamp) -> Option<SignedDuration> {
        let record = self.record.as_ref()?;
        Some(now.duration_since(record.started_at).max(SignedDuration::ZERO))
    }

    /// How many tasks hold it, and how many have held it at one time or another; none if nothing was counted yet.
    #[must_use]
    pub fn left(&self) -> Option<(u32, u32)> {
        let record = self.record.as_ref()?;
        record.draining_confirmed_at?;
        let waited = record.waited.iter().map(|group| group.count).sum::<u32>();
        Some((record.remaining, waited.max(record.remaining)))
    }

    /// The hook that runs out first.
    #[must_use]
    pub fn first_hook(&self) -> Option<&HookClock> {
        self.hooks
            .iter()
            .min_by_key(|hook| hook.runs_out_at.unwrap_or(Timestamp::MAX))
    }

    /// Returns whether it is to be shown where only drains are that are not over.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.state != DrainState::Done
    }
}

fn state(record: Option<&Record>) -> DrainState {
    match record {
        None => DrainState::NoRecord,
        Some(record) if record.receipt_at.is_some() => DrainState::Done,
        Some(record) if record.state == State::Released => DrainState::Released,
        Some(_) => DrainState::Holding,
    }
}

fn ends(record: Option<&Record>, coordinator: Coordinator<'_>) -> Ends {
    let Some(record) = record else {
        return Ends::Unknown;
    };
    let flushed = record
        .released_at
        .zip(coordinator.flush())
        .and_then(|(released, flush)| released.checked_add(flush).ok());
    match (record.receipt_at, record.state, flushed) {
        (Some(at), _, _) | (None, State::Released, Some(at)) => Ends::Bound(at),
        (None, _, _) => Ends::Unknown,
    }
}

#[cfg(test)]
mod tests;
