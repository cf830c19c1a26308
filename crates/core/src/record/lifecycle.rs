//! The record keeps of a hook that waits what it takes to keep it waiting and to complete it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::{AutoScalingGroupName, LifecycleActionToken, LifecycleHookName};

/// The lifecycle hook of ours that waits for this instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Lifecycle {
    /// The Auto Scaling group of the instance.
    pub auto_scaling_group_name: AutoScalingGroupName,
    /// The hook that waits.
    pub lifecycle_hook_name: LifecycleHookName,
    /// The token of this waiting; absent if the hook was found by the tick and not announced by its event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifecycle_action_token: Option<LifecycleActionToken>,
    /// The hook's own `HeartbeatTimeout`, in seconds.
    pub heartbeat_seconds: u32,
    /// When the hook's heartbeat clock was last known to restart.
    pub heartbeat_at: Timestamp,
    /// When Auto Scaling ends the wait whatever we do: min(48 h, 100 × heartbeat timeout) after it began.
    pub global_deadline_at: Timestamp,
}

impl Lifecycle {
    /// Returns whether it is the same hook of the same group.
    #[must_use]
    pub fn is_of(&self, other: &Lifecycle) -> bool {
        (&self.auto_scaling_group_name, &self.lifecycle_hook_name)
            == (&other.auto_scaling_group_name, &other.lifecycle_hook_name)
    }
}
