//! A machine as an instance of an Auto Scaling group: its lifecycle state, and its waits at hooks.

use super::facts::HookEnd;
use crate::scenario::Ms;

/// Where an instance of a group is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ScalingState {
    InService,
    Waiting,
    Proceeding,
    Warmed,
    /// Its hook was abandoned, and its group keeps such instances.
    Retained,
    Gone,
}

/// Where the instance goes when its hooks are over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Destination {
    Terminated,
    WarmPool,
    NewRoot,
    /// It stays on, until the group is asked to terminate it.
    Retained,
}

/// A machine as an instance of a group.
#[derive(Debug)]
pub struct Scaling {
    /// Its group.
    pub group: Option<usize>,
    /// Every wait of its life, the oldest first.
    pub waits: Vec<Wait>,
    /// When the group last began to terminate it.
    pub(super) left_at: Ms,
    pub(super) state: ScalingState,
    pub(super) destination: Destination,
}

/// Whether a wait is in progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaitState {
    /// It waits.
    Waits,
    /// It is over.
    Over(Ms, HookEnd),
}

/// One wait at one hook: a lifecycle action.
#[derive(Debug, Clone)]
pub struct Wait {
    /// The hook's name.
    pub hook: String,
    /// Whether it is ours.
    pub ours: bool,
    /// Its token.
    pub token: String,
    /// When it began.
    pub since: Ms,
    /// When it ends unless a heartbeat comes.
    pub deadline: Ms,
    /// When it ends, regardless of heartbeats.
    pub limit: Ms,
    /// Whether it is over.
    pub state: WaitState,
    pub(super) abandon: bool,
}

impl Wait {
    /// Returns whether it is in progress.
    #[must_use]
    pub fn waits(&self) -> bool {
        self.state == WaitState::Waits
    }
}

impl Scaling {
    pub(super) fn new(group: Option<usize>) -> Scaling {
        Scaling {
            group,
            waits: Vec::new(),
            left_at: 0,
            state: ScalingState::InService,
            destination: Destination::Terminated,
        }
    }

    /// Returns whether it is on its way out.
    #[must_use]
    pub fn is_leaving(&self) -> bool {
        matches!(self.state, ScalingState::Waiting | ScalingState::Proceeding)
    }

    /// Returns whether its group has it in service.
    #[must_use]
    pub fn is_in_service(&self) -> bool {
        self.group.is_some() && self.state == ScalingState::InService
    }

    /// When the activity began that terminates it, and whether that goes on. What an activity is called that returns an
    /// instance to a warm pool, replaces its root volume, or has led to a retained instance is not documented: the model
    /// shows none.
    #[must_use]
    pub fn termination(&self) -> Option<(Ms, bool)> {
        let leaves = self.is_leaving() || self.state == ScalingState::Gone;
        let terminates = leaves && self.destination == Destination::Terminated;
        terminates.then_some((self.left_at, self.is_leaving()))
    }

    /// Our waits that are in progress.
    pub fn our_waits(&self) -> impl Iterator<Item = &Wait> {
        self.waits.iter().filter(|wait| wait.ours && wait.waits())
    }

    /// IMDS: `autoscaling/target-lifecycle-state`.
    pub(super) fn target_state(&self) -> Option<&'static str> {
        self.group?;
        Some(match (self.state, self.destination) {
            (ScalingState::InService, _) => "InService",
            (ScalingState::Warmed, _) | (_, Destination::WarmPool) => "Warmed:Stopped",
            _ => "Terminated",
        })
    }

    /// As the API writes its lifecycle state.
    #[must_use]
    pub fn lifecycle_state(&self) -> &'static str {
        match (self.state, self.destination) {
            (ScalingState::InService, _) => "InService",
            (ScalingState::Waiting, Destination::NewRoot) => "ReplacingRootVolume:Wait",
            (ScalingState::Proceeding, Destination::NewRoot) => "ReplacingRootVolume:Proceed",
            (ScalingState::Waiting, Destination::WarmPool) => "Warmed:Terminating:Wait",
            (ScalingState::Waiting, Destination::Terminated | Destination::Retained) => "Terminating:Wait",
            (ScalingState::Proceeding, _) => "Terminating:Proceed",
            (ScalingState::Warmed, _) => "Warmed:Stopped",
            (ScalingState::Retained, _) => "Terminating:Retained",
            (ScalingState::Gone, _) => "Terminated",
        }
    }

    /// Returns whether Auto Scaling still knows it.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.group.is_some() && self.state != ScalingState::Gone
    }
}
