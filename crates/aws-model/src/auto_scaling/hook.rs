//! One lifecycle hook.

use super::event_kind::ActionResult;
use super::instance::Wait;
use crate::time::later;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::time::Duration;

/// No action is open longer than this, in seconds: 48 hours.
const GLOBAL_MAX: i64 = 172_800;

/// No action is open longer than so many heartbeats.
const GLOBAL_HEARTBEATS: i64 = 100;

/// When a hook's action begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transition {
    Launching,
    /// An instance is to be terminated.
    Terminating,
}

impl Transition {
    /// The name in the API.
    pub(super) fn name(self) -> &'static str {
        match self {
            Transition::Launching => "autoscaling:EC2_INSTANCE_LAUNCHING",
            Transition::Terminating => "autoscaling:EC2_INSTANCE_TERMINATING",
        }
    }

    pub(super) fn parse(name: &str) -> Option<Transition> {
        [Transition::Launching, Transition::Terminating]
            .into_iter()
            .find(|known| known.name() == name)
    }
}

#[derive(Clone, Debug)]
pub(super) struct Hook {
    pub(super) name: String,
    /// What it is for.
    pub(super) transition: Transition,
    /// `HeartbeatTimeout`, in seconds.
    pub(super) heartbeat_seconds: i64,
    /// The result of an action that times out.
    pub(super) default_result: ActionResult,
    /// Free text for the event.
    pub(super) metadata: Option<String>,
    /// Where its notifications go.
    pub(super) target: Option<String>,
    /// The role that sends them.
    pub(super) role: Option<String>,
}

impl Hook {
    /// `GlobalTimeout`: how long an action is open at most, in seconds.
    pub(super) fn global_seconds(&self) -> i64 {
        GLOBAL_MAX.min(self.heartbeat_seconds.saturating_mul(GLOBAL_HEARTBEATS))
    }

    /// The action of this hook that begins now.
    pub(super) fn begin(&self, now: Timestamp, token: String) -> Wait {
        let heartbeat = seconds(self.heartbeat_seconds);
        let global_deadline = later(now, seconds(self.global_seconds()));
        Wait {
            hook: self.name.clone(),
            token,
            heartbeat,
            deadline: later(now, heartbeat).min(global_deadline),
            global_deadline,
            default_result: self.default_result,
        }
    }

    /// What an unfinished action counts as when its hook is deleted.
    pub(super) fn result_of_deletion(&self) -> ActionResult {
        match self.transition {
            Transition::Launching => ActionResult::Abandon,
            Transition::Terminating => ActionResult::Continue,
        }
    }

    /// `LifecycleHook` of the API.
    pub(super) fn view(&self, group: &str) -> Value {
        json!({
            "LifecycleHookName": self.name,
            "AutoScalingGroupName": group,
            "LifecycleTransition": self.transition.name(),
            "HeartbeatTimeout": self.heartbeat_seconds,
            "GlobalTimeout": self.global_seconds(),
            "DefaultResult": self.default_result.name(),
            "NotificationMetadata": self.metadata,
            "NotificationTargetARN": self.target,
            "RoleARN": self.role,
        })
    }
}

fn seconds(seconds: i64) -> Duration {
    Duration::from_secs(seconds.unsigned_abs())
}
