//! Where an instance of a group is in its life.

use std::fmt;

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
