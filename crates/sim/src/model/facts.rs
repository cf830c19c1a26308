//! What becomes true, as observers see it.

use super::ids::{EnvironmentId, HostId, RegistrationId, TaskId};
use super::invocation::Invocation;
use super::quota::Bucket;
use super::status::{InstanceStatus, TaskStatus};
use crate::scenario::Ms;

/// Who did something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caller {
    /// The coordinator, in one of its environments.
    Coordinator(EnvironmentId),
    /// The sidecar of this task.
    Sidecar(TaskId),
    /// A person, or a program of another owner.
    Person,
    /// AWS itself.
    Service,
}

/// Why a task was stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// Its instance is DRAINING.
    Drain,
    /// A deployment replaces it.
    Deployment,
    /// `StopTask` by the coordinator.
    Stopped,
    /// It ended by itself.
    Itself,
}

/// How a wait at a hook ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HookEnd {
    /// This caller completed it.
    Completed(Caller),
    /// Its heartbeat time-out ran out.
    RanOut,
    /// Its global limit was reached.
    Limit,
    /// Another hook was abandoned, or the hook or the machine is gone.
    CutShort,
}

/// How an invocation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// With an answer.
    Answered,
    /// With an error.
    Failed,
    /// It took too long.
    TimedOut,
    /// Its process ended.
    Crashed,
}

/// Something that has just become true.
#[derive(Debug)]
#[allow(missing_docs)]
pub enum Fact<'a> {
    /// A hook begins to wait.
    HookWaits { host: HostId, wait: usize },
    /// A heartbeat restarts the clock of a wait.
    Heartbeat { host: HostId, wait: usize },
    /// A wait ends.
    HookEnds { host: HostId, wait: usize, how: HookEnd },
    /// A registration has a new status.
    Instance {
        registration: RegistrationId,
        status: InstanceStatus,
        by: Caller,
    },
    /// A machine has a new registration.
    Registered { registration: RegistrationId },
    /// The agent connected to ECS, or disconnected.
    Agent { host: HostId, connected: bool },
    /// ECS set the desired status of a task to STOPPED.
    TaskNotified { task: TaskId, cause: Cause },
    /// A task has a new status.
    TaskStatus { task: TaskId, status: TaskStatus },
    /// A sidecar gets SIGTERM.
    SidecarTerm { task: TaskId },
    /// A sidecar has started for the first time or again.
    SidecarStarted { task: TaskId },
    /// A sidecar has ended.
    SidecarExit {
        task: TaskId,
        code: i32,
        reason: &'a str,
    },
    /// A daemon gets SIGTERM.
    DaemonTerm { task: TaskId },
    /// A daemon got SIGTERM, and would have read on for so long.
    LinesLost { task: TaskId, left: Ms },
    /// A daemon has ended.
    DaemonExit { task: TaskId, killed: bool },
    /// EC2 takes a machine back at `end`.
    Notice { host: HostId, end: Ms },
    /// A machine is off.
    Off { host: HostId },
    /// A machine is on again.
    On { host: HostId },
    /// A parameter was written, or deleted.
    Parameter {
        name: &'a str,
        text: Option<&'a str>,
        version: i64,
        by: Caller,
    },
    /// An API call was answered.
    Call {
        by: Caller,
        operation: &'static str,
        bucket: Bucket,
        error: Option<&'a str>,
        about: Option<HostId>,
    },
    /// An invocation begins to run.
    Runs {
        environment: EnvironmentId,
        cold: bool,
        invocation: &'a Invocation,
    },
    /// An invocation has ended.
    Ran {
        environment: EnvironmentId,
        invocation: &'a Invocation,
        outcome: Outcome,
        billed: Ms,
        answer: &'a str,
    },
    /// An event was given up.
    DeadLetter { invocation: &'a Invocation },
    /// The coordinator wrote a line to its log.
    Line {
        environment: EnvironmentId,
        line: &'a str,
    },
    /// An operator gives an order.
    Ordered { host: HostId, command: &'a str },
    /// An event was lost on its way.
    EventLost { detail_type: &'a str },
    /// Lambda replaces the environment of the function.
    Recycled,
}
