//! An instance of a group.

use super::event_kind::ActionResult;
use super::state::LifecycleState;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::time::Duration;

#[derive(Clone, Debug)]
pub(super) struct Instance {
    /// Its EC2 id.
    pub(super) id: String,
    /// The ordinal number of the instance in its group, in the order of launch.
    pub(super) number: u64,
    pub(super) zone: String,
    /// Where it is.
    pub(super) state: LifecycleState,
    /// Whether it is protected from scale-in.
    pub(super) protected: bool,
    /// The lifecycle actions that it waits for.
    pub(super) waits: Vec<Wait>,
}

/// An open lifecycle action.
#[derive(Clone, Debug)]
pub(super) struct Wait {
    pub(super) hook: String,
    /// Its name, in events and calls.
    pub(super) token: String,
    /// How far a heartbeat moves the deadline, from the hook when the action began.
    pub(super) heartbeat: Duration,
    /// When it times out.
    pub(super) deadline: Timestamp,
    /// No heartbeat moves the deadline past this.
    pub(super) global_deadline: Timestamp,
    /// The result if it times out.
    pub(super) default_result: ActionResult,
}

impl Instance {
    /// `Instance` of `DescribeAutoScalingGroups`.
    pub(super) fn view(&self) -> Value {
        json!({
            "InstanceId": self.id,
            "InstanceType": "m5.large",
            "AvailabilityZone": self.zone,
            "LifecycleState": self.state.name(),
            "HealthStatus": "Healthy",
            "ProtectedFromScaleIn": self.protected,
        })
    }

    /// `AutoScalingInstanceDetails` of `DescribeAutoScalingInstances`, which writes the health in capitals.
    pub(super) fn details(&self, group: &str) -> Value {
        let mut view = self.view();
        view["AutoScalingGroupName"] = group.into();
        view["HealthStatus"] = "HEALTHY".into();
        view
    }
}
