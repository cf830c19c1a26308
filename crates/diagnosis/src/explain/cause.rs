//! Why a task holds, and what else may be wrong with a drain.

pub(crate) mod moving;
mod replacement;
mod stopping;

use jiff::Timestamp;
use serde::Serialize;

use super::look::TaskLook;
use crate::ends::Ends;
use crate::read::Gap;

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
}

/// What a piece of evidence is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// The record of the drain.
    Record,
    /// The coordinator's beacon.
    Beacon,
    /// The kill switch.
    Control,
    /// A lifecycle hook.
    Hook,
    /// The container instance.
    ContainerInstance,
    /// A task.
    Task,
    /// Scale-in protection of a task.
    TaskProtection,
    /// A service.
    Service,
    /// An event of a service; its text is verbatim.
    ServiceEvent,
    /// A deployment of a service.
    Deployment,
    /// A target of a load balancer.
    Target,
    /// An Auto Scaling group, or an instance as Auto Scaling has it.
    AutoScaling,
    /// A scaling activity; its text is verbatim.
    ScalingActivity,
}

/// What a cause was found by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Evidence {
    /// Where it was read.
    pub source: Source,
    /// Of when it is, if that is known.
    pub at: Option<Timestamp>,
    /// What was read.
    pub text: String,
}

/// A cause with what is known of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// The cause.
    pub cause: Cause,
    /// The cause in words.
    pub sentence: String,
    /// When the wait for it ends.
    pub ends: Ends,
    /// Why then.
    pub ends_because: Option<String>,
    /// What it was found by.
    pub evidence: Vec<Evidence>,
    /// Complete command lines that look further or change it.
    pub next: Vec<String>,
    /// What could not be read of what bears on it.
    #[serde(rename = "notKnown")]
    pub gaps: Vec<Gap>,
}

impl Finding {
    pub(super) fn new(cause: Cause, sentence: impl Into<String>) -> Self {
        Self {
            cause,
            sentence: one_line(&sentence.into()),
            ends: Ends::Unknown,
            ends_because: None,
            evidence: Vec::new(),
            next: Vec::new(),
            gaps: Vec::new(),
        }
    }

    pub(super) fn ends(mut self, ends: Ends, because: impl Into<String>) -> Self {
        let because = because.into();
        self.ends = ends;
        self.ends_because = (ends != Ends::Unknown && !because.is_empty()).then_some(because);
        self
    }

    pub(super) fn evidence(mut self, source: Source, at: Option<Timestamp>, text: impl Into<String>) -> Self {
        let text = text.into();
        self.evidence.push(Evidence { source, at, text });
        self
    }

    pub(super) fn next(mut self, line: String) -> Self {
        self.next.push(line);
        self
    }

    pub(super) fn gaps(mut self, gaps: impl IntoIterator<Item = Gap>) -> Self {
        for gap in gaps {
            if !self.gaps.contains(&gap) {
                self.gaps.push(gap);
            }
        }
        self
    }

    pub(super) fn also(mut self, sentence: &str) -> Self {
        self.sentence.push(' ');
        self.sentence.push_str(&one_line(sentence));
        self
    }
}

/// A sentence in which foreign text is quoted, without what a terminal would act on: a line break or an escape sequence.
pub(super) fn one_line(text: &str) -> String {
    text.chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .collect()
}

/// A row of the table of causes: whether it fits, and what is known then.
type Row = fn(&TaskLook<'_>) -> Option<Finding>;

/// The causes of a task in the order of their precedence.
const ROWS: [Row; 15] = [
    stopping::agent_lost,
    stopping::pending,
    stopping::deregistering,
    stopping::stopping,
    stopping::detaching,
    moving::standalone,
    moving::protected,
    moving::deployment_config,
    replacement::no_room,
    replacement::waiting_for_instance,
    replacement::cannot_start,
    replacement::not_healthy_yet,
    moving::throttled,
    moving::fresh,
    moving::deploying,
];

/// Why a task holds: the first row that fits. What could not be read makes the answer not known, and never "not found".
pub(super) fn task_cause(look: &TaskLook<'_>) -> Finding {
    let found = ROWS.iter().find_map(|row| row(look));
    found.unwrap_or_else(|| moving::not_found(look))
}

#[cfg(test)]
mod tests;
