//! What the heartbeats function remembers.

use std::collections::BTreeMap;

use protector_core::heartbeat::Heartbeats;
use protector_core::ids::{AutoScalingGroupName, LifecycleHookName};

/// What the heartbeats function remembers from one run to the next.
#[derive(Debug, Default)]
pub(crate) struct HeartbeatCache {
    pub(crate) heartbeats: Heartbeats,
    pub(crate) hooks: BTreeMap<AutoScalingGroupName, Vec<(LifecycleHookName, u32)>>,
}
