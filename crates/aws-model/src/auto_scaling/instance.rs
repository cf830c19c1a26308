//! An instance of a group.

use super::event_kind::ActionResult;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::fmt;
use std::time::Duration;

/// The states of an instance that is neither in a warm pool nor on standby.
/// <https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-lifecycle.html>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LifecycleState {
    /// Launched.
    Pending,
    /// Launch hooks are waited for.
    PendingWait,
    /// They are all complete.
    PendingProceed,
    /// In service.
    InService,
    /// To be terminated.
    Terminating,
    /// Terminate hooks are waited for.
    TerminatingWait,
    /// They are all complete.
    TerminatingProceed,
    /// Terminated, and no longer in the group.
    Terminated,
}

impl LifecycleState {
    /// The name in the API.
    pub fn name(self) -> &'static str {
        match self {
            LifecycleState::Pending => "Pending",
            LifecycleState::PendingWait => "Pending:Wait",
            LifecycleState::PendingProceed => "Pending:Proceed",
            LifecycleState::InService => "InService",
            LifecycleState::Terminating => "Terminating",
            LifecycleState::TerminatingWait => "Terminating:Wait",
            LifecycleState::TerminatingProceed => "Terminating:Proceed",
            LifecycleState::Terminated => "Terminated",
        }
    }

    /// Returns whether the instance is being terminated. Then it does not count towards the group's capacity.
    pub fn is_leaving(self) -> bool {
        matches!(
            self,
            LifecycleState::Terminating
                | LifecycleState::TerminatingWait
                | LifecycleState::TerminatingProceed
                | LifecycleState::Terminated
        )
    }

    /// The target lifecycle state.
    pub(super) fn target(self) -> &'static str {
        match self.is_leaving() {
            true => "Terminated",
            false => "InService",
        }
    }
}

impl fmt::Display for LifecycleState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// An instance.
#[derive(Clone, Debug)]
pub(super) struct Instance {
    /// Its EC2 id.
    pub(super) id: String,
    /// The ordinal number of the instance in its group, in the order of launch.
    pub(super) number: u64,
    /// Its availability zone.
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
    /// Its hook.
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
