//! A release has a reason, and may go tier by tier.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Why daemons were released. Of two releases at the same moment the first in this order counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReleaseReason {
    /// Every holding task was seen STOPPED.
    Drained,
    /// The deadline passed before that was seen.
    Deadline,
    /// An operator ordered it.
    Operator,
    /// The container instance became ACTIVE again.
    Cancelled,
    /// The agent was lost for too long; its tasks are phantoms.
    AgentLost,
}

impl ReleaseReason {
    /// Returns whether something else than the tasks ended the hold.
    #[must_use]
    pub fn is_forced(self) -> bool {
        !matches!(self, ReleaseReason::Drained | ReleaseReason::Cancelled)
    }

    /// Returns whether tasks that come after such a release still have their time: nothing has ended the drain but that no
    /// task of it was left.
    #[must_use]
    pub fn leaves_time(self) -> bool {
        matches!(self, ReleaseReason::Drained | ReleaseReason::AgentLost)
    }
}

/// A release that goes tier by tier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Releasing {
    /// Why the daemons may go.
    pub reason: ReleaseReason,
    /// The tier that goes now, from 0; those before it are gone or had their time.
    pub tier: u32,
    /// Since when it may go.
    pub since: Timestamp,
}
