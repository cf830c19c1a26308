//! A look at the world has one question at a time, and keeps the answers until it is over.

use super::identity::Records;
use super::parameters::Parameters;
use super::state::{
    KillSwitchReading, ProtectedContainers, ReadError, Reading, TargetLifecycleState, Together,
};

/// The question whose answer is awaited.
#[derive(Debug)]
pub(super) enum Question {
    /// None: the hold begins, or sleeps.
    None,
    Task,
    Identity,
    /// Records and kill switch in one call.
    Both(Records),
    Records(Records),
    /// The records one by one: those that are left, and what the others said.
    One(Records, Vec<String>, Parameters),
    Switch,
    Instance,
}

/// The answers of one look.
#[derive(Debug)]
pub(super) struct Round {
    pub(super) task: ProtectedContainers,
    pub(super) reading: Reading,
    pub(super) switch: KillSwitchReading,
    pub(super) together: Together,
    pub(super) target_state: TargetLifecycleState,
}

impl Default for Round {
    fn default() -> Self {
        Self {
            task: ProtectedContainers::Absent,
            reading: Reading::Failed(ReadError::NotAsked),
            switch: KillSwitchReading::NotAsked,
            together: Together::NotAsked,
            target_state: TargetLifecycleState::Unknown,
        }
    }
}
