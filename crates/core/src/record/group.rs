//! The record names the groups of tasks that hold the instance, and those that were waited for.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Tasks of one group that hold the instance.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HeldBy {
    /// The task group, for example `service:web` or `family:batch`.
    pub group: String,
    /// How many of its tasks hold.
    pub count: u32,
    /// The status that the most of them are in.
    pub last_status: String,
    /// How many of them task scale-in protection keeps alive, as far as that was asked for.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub protected: u32,
    /// When the last of these protections ends, unless a task renews it; absent if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protected_until: Option<Timestamp>,
}

/// Returns whether a count is left out of a text.
pub(crate) fn is_zero(count: &u32) -> bool {
    *count == 0
}

/// A group that was waited for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Waited {
    /// The task group, named as in [`HeldBy::group`].
    pub group: String,
    /// The most of its tasks that held at one time.
    pub count: u32,
    /// When none of them held any more; absent while some do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}
