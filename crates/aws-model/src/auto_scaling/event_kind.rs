//! What happens in Auto Scaling that other parts of the world must know.

use super::state::LifecycleState;
use serde::{Serialize, Serializer};
use serde_json::Value;
use std::fmt;

/// Something that happened.
#[derive(Clone, Debug, PartialEq)]
pub enum GroupEvent {
    /// A group launches an instance: it is on from now.
    Launch {
        /// Its EC2 id.
        instance: String,
        /// Its group.
        group: String,
        /// The cluster that the group's tag [`super::CLUSTER_TAG`] names.
        cluster: Option<String>,
    },
    /// A group terminates an instance: it is off from now, and no longer in its group.
    Terminate {
        /// Its EC2 id.
        instance: String,
    },
    /// An instance is in a new lifecycle state.
    LifecycleState {
        /// Its EC2 id.
        instance: String,
        /// Its group.
        group: String,
        /// The new state.
        state: LifecycleState,
    },
    /// Something happened to a lifecycle action.
    Hook {
        /// The instance's EC2 id.
        instance: String,
        /// Its group.
        group: String,
        /// The hook's name.
        hook: String,
        /// What happened to the lifecycle action.
        what: HookStep,
    },
    /// EventBridge gets an event, whole.
    Event(Value),
}

/// What may happen to a lifecycle action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HookStep {
    /// It began: the instance waits.
    Waiting,
    /// Its time-out was restarted.
    Heartbeat,
    /// Someone completed it.
    Completed(ActionResult),
    /// No caller completed it in time, and the hook's default result was taken.
    TimedOut(ActionResult),
    /// Its hook was deleted, and with that it is complete.
    HookDeleted(ActionResult),
    /// Another action of the same instance was abandoned, so this one does not matter any more.
    Skipped,
    /// The instance is gone, or goes in another way.
    Lost,
}

impl Serialize for HookStep {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl fmt::Display for HookStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HookStep::Waiting => f.write_str("waiting"),
            HookStep::Heartbeat => f.write_str("heartbeat"),
            HookStep::Completed(result) => write!(f, "completed {}", result.name()),
            HookStep::TimedOut(result) => write!(f, "timed out {}", result.name()),
            HookStep::HookDeleted(result) => write!(f, "hook deleted {}", result.name()),
            HookStep::Skipped => f.write_str("skipped"),
            HookStep::Lost => f.write_str("lost"),
        }
    }
}

/// How a lifecycle action ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActionResult {
    /// Continue. The group still waits for other hooks.
    Continue,
    /// A launch is undone; a termination continues at once, without waiting for other hooks.
    Abandon,
}

impl ActionResult {
    /// The name in the API.
    pub fn name(self) -> &'static str {
        match self {
            ActionResult::Continue => "CONTINUE",
            ActionResult::Abandon => "ABANDON",
        }
    }

    pub(super) fn parse(name: &str) -> Option<ActionResult> {
        [ActionResult::Continue, ActionResult::Abandon]
            .into_iter()
            .find(|result| result.name() == name)
    }
}
