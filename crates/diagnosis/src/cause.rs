//! Why a task holds, or a drain waits: the table of causes.

use serde::Serialize;

/// The cause of a wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// The instance drains and has no record: its daemons are not held.
    NoRecord,
    /// The coordinator does not run.
    CoordinatorSilent,
    /// A hook may run out before its next heartbeat.
    HookOutSoon,
    /// The coordinator may not act: mode `observe`, or a dry run.
    Observing,
    /// The agent of the instance does not answer.
    AgentLost,
    /// The task has not started yet.
    Pending,
    /// Load balancers let the task's connections end.
    Deregistering,
    /// The task is ordered to stop, and within its time.
    Stopping,
    /// The task should have stopped.
    WillNotStop,
    /// The task's network interface is being detached.
    Detaching,
    /// The task is of no service: DRAINING leaves it alone.
    Standalone,
    /// Scale-in protection keeps the task.
    Protected,
    /// The deployment configuration allows neither to stop a task nor to start one.
    DeploymentConfig,
    /// No instance has room for the replacement.
    NoRoom,
    /// An instance for the replacement is being launched.
    WaitingForInstance,
    /// The replacement does not start, or ends at once.
    CannotStart,
    /// The replacement starts, or is not healthy yet.
    NotHealthyYet,
    /// ECS's own calls are throttled.
    Throttled,
    /// The drain has just begun.
    Fresh,
    /// The service has a deployment in progress.
    Deploying,
    /// Everything was read, and no reason was found.
    NotFound,
    /// What would show the reason could not be read.
    NotKnown,
    /// No task holds any more: the release comes next.
    Settling,
    /// The daemons may go, tier by tier.
    Tier,
    /// The daemons may go, and flush.
    Flushing,
    /// The drain is over, and another hook waits.
    OtherHook,
}

impl Cause {
    /// Returns whether the wait ends by itself, in a time that is bounded: nothing is wrong.
    #[must_use]
    pub fn is_progress(self) -> bool {
        matches!(
            self,
            Cause::Pending
                | Cause::Deregistering
                | Cause::Stopping
                | Cause::Detaching
                | Cause::Settling
                | Cause::Tier
                | Cause::Flushing
        )
    }

    /// Returns whether the wait does not end unless a person does something, as far as that is known.
    #[must_use]
    pub fn needs_a_person(self) -> bool {
        matches!(
            self,
            Cause::NoRecord
                | Cause::CoordinatorSilent
                | Cause::HookOutSoon
                | Cause::Observing
                | Cause::AgentLost
                | Cause::WillNotStop
                | Cause::DeploymentConfig
                | Cause::NoRoom
                | Cause::CannotStart
        )
    }

    /// What it is in a word or two, for a row of a table: `web stopping`, `game protected`.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Cause::NoRecord => "no record",
            Cause::CoordinatorSilent => "coordinator silent",
            Cause::HookOutSoon => "hook out soon",
            Cause::Observing => "observed only",
            Cause::AgentLost => "agent lost",
            Cause::Pending => "pending",
            Cause::Deregistering => "deregistering",
            Cause::Stopping => "stopping",
            Cause::WillNotStop => "does not stop",
            Cause::Detaching => "detaching",
            Cause::Standalone => "standalone",
            Cause::Protected => "protected",
            Cause::DeploymentConfig => "blocked",
            Cause::NoRoom => "without room",
            Cause::WaitingForInstance => "waits for an instance",
            Cause::CannotStart => "cannot start",
            Cause::NotHealthyYet => "not healthy yet",
            Cause::Throttled => "throttled",
            Cause::Fresh => "not moved yet",
            Cause::Deploying => "deploying",
            Cause::NotFound => "without a reason",
            Cause::NotKnown => "not known why",
            Cause::Settling => "settling",
            Cause::Tier => "tier by tier",
            Cause::Flushing => "flushing",
            Cause::OtherHook => "other hook",
        }
    }
}
