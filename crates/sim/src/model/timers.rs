//! What becomes due.

use super::facts::Cause;
use super::ids::{EnvironmentId, HostId, RegistrationId, TaskId};
use super::invocation::{Invocation, Payload};

/// What is due at some time.
#[derive(Debug)]
pub(super) enum Due {
    Step(usize),
    Tick,
    Tell(TaskId, Cause),
    AgentStops(TaskId),
    ProcessEnds(TaskId),
    Stopped(TaskId),
    EndsItself(TaskId),
    SidecarStarts(TaskId),
    SidecarLooks(TaskId, u32),
    SidecarKill(TaskId),
    SidecarChecks(TaskId, u32),
    DaemonKill(TaskId),
    DaemonEnds(TaskId),
    DaemonStops(RegistrationId),
    Spread(RegistrationId),
    HookDeadline(HostId, usize),
    ForeignCompletes(HostId, usize),
    Off(HostId),
    Deregister(HostId),
    BackWithNewRoot(HostId),
    Taken(HostId),
    Arrives(Box<Payload>),
    Heartbeats,
    Receives,
    Again(Box<Invocation>),
    TimedOut(EnvironmentId, u64),
    Idle(EnvironmentId, u64),
}

/// What is due; it has no order of its own.
#[derive(Debug)]
pub(super) struct DueBox(pub(super) Due);

impl PartialEq for DueBox {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}
impl Eq for DueBox {}
impl PartialOrd for DueBox {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for DueBox {
    fn cmp(&self, _: &Self) -> std::cmp::Ordering {
        std::cmp::Ordering::Equal
    }
}
