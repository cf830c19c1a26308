//! A plan depends on what was seen, on what the operator has chosen and ordered, and on the time.

use jiff::Timestamp;

use crate::control::KillSwitch;
use crate::observation::Observation;
use crate::policy::Policy;
use crate::record::{Lifecycle, Record};
use crate::trigger::Command;

use super::answer::Action;

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
    /// What the kill switch says, and who has set it.
    pub kill_switch: &'a KillSwitch,
    /// The sender of the heartbeats.
    pub heartbeats: HeartbeatSender,
    /// AWS calls of this run that no write has counted yet.
    pub calls: u32,
    /// What is known of this drain, if it could not be recorded until now.
    pub unrecorded: Option<&'a UnrecordedDrain>,
    /// The time of the plan: what it writes has this time.
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
    pub(super) fn to_all(self, hooks: Vec<Lifecycle>) -> Vec<Action> {
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
