//! The wait answers with sleep or exit, each for a reason.

use jiff::SignedDuration;
use serde::Serialize;

use super::ReadError;

/// The answer of the state machine to one observation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Look again after so long.
    Sleep {
        /// More than zero, and no further than the next bound.
        duration: SignedDuration,
        /// The reason why the sidecar still holds.
        reason: HoldReason,
    },
    /// End the process, so that the protected containers are stopped.
    Exit(ExitReason),
}

/// Which parameters a look asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// The records that may describe the instance and the kill switch, in one call; if that is denied, each by itself.
    Both,
    /// The records without the switch: the call for both was denied less than a minute ago.
    Record,
    /// The kill switch by itself: it is not known whose record to read.
    Switch,
    /// No parameter is read in this look.
    Nothing,
}

/// Why the sidecar stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum HoldReason {
    /// The record says that tasks are still there.
    TasksRemain,
    /// There is no record, and nothing speaks for a drain.
    NoRecordYet,
    /// There is no record, and the instance is going.
    NoRecordYetTerminating,
    /// The record was there and is not found now. It counts as gone when no reading has found it for
    /// [`RECORD_GONE_AFTER`](crate::limits::sidecar::RECORD_GONE_AFTER).
    RecordVanished,
    /// The record was there, and speaks now of another registration or another drain: that says nothing of this one.
    AnotherDrain,
    /// Nothing can be concluded.
    #[serde(untagged)]
    ReadFailed(ReadError),
}

/// Why the sidecar leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExitReason {
    /// `PROTECTOR_DISABLED` is set.
    Disabled,
    /// Nothing is left to protect.
    ProtectedStopped,
    /// The record says `released`.
    Released,
    /// The record still holds, but this daemon's tier may go.
    ServiceReleased,
    /// The kill switch says release-all.
    KillSwitch,
    /// The drain's record was there and is gone.
    RecordGone,
    /// No record came within the unknown grace: a deployment, a StopTask, a crashed daemon.
    NotADrain,
    /// No record came within the terminating grace, although the instance is going.
    NoRecordThoughTerminating,
    /// Neither task metadata nor credentials: the agent is gone, and stop order with it.
    HostGoingDown,
    /// The maximum hold is over.
    MaxHold,
    /// The drain's deadline passed, and the coordinator did not release.
    DeadlinePassed,
}

impl ExitReason {
    /// Returns whether the sidecar leaves although the coordinator has not released the daemon, which may then end
    /// before tasks that need it. A sidecar that protects nothing, or stops without a drain, is not among them.
    #[must_use]
    pub fn is_unreleased(self) -> bool {
        match self {
            Self::RecordGone
            | Self::NoRecordThoughTerminating
            | Self::HostGoingDown
            | Self::MaxHold
            | Self::DeadlinePassed => true,
            Self::Disabled
            | Self::ProtectedStopped
            | Self::Released
            | Self::ServiceReleased
            | Self::KillSwitch
            | Self::NotADrain => false,
        }
    }

    /// The exit code of the process: 0 released or nothing to protect, 10 maximum hold, 11 no coordinator.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::MaxHold => 10,
            Self::DeadlinePassed => 11,
            _ => 0,
        }
    }
}
