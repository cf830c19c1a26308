//! A tick begins with listings, and with what the cache adds to them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::control::Control;
use crate::ids::{ClusterName, ContainerInstanceArn, InstanceId, InstanceKey, TaskArn};
use crate::limits::coordinator::FINISHED_RECHECK_INTERVAL;
use crate::observation::{HookAction, Stored};
use crate::record::Record;

/// DRAINING registrations, by cluster.
pub type Draining = BTreeMap<ClusterName, BTreeSet<ContainerInstanceArn>>;

/// Instances for which a hook of ours waits, and the hooks.
pub type Waiting = BTreeMap<InstanceId, Vec<HookAction>>;

/// The listings of one tick.
#[derive(Debug, Clone, Default)]
pub struct Listing {
    /// The records; `None` if they could not be listed.
    pub records: Option<BTreeMap<InstanceKey, ListedRecord>>,
    /// The DRAINING registrations. A cluster that did not answer is left out.
    pub draining: Draining,
    /// The instances for which a hook waits; `None` if Auto Scaling did not answer.
    pub waiting: Option<Waiting>,
}

/// A record of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedRecord {
    /// The name of its parameter.
    pub name: String,
    /// What it says.
    pub stored: Stored,
}

impl ListedRecord {
    pub(super) fn record(&self) -> Option<&Record> {
        self.stored.readable()
    }

    pub(super) fn old(&self) -> OldRecord {
        OldRecord {
            name: self.name.clone(),
            version: self.stored.version,
        }
    }
}

/// A record that is not needed any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OldRecord {
    /// The name of its parameter.
    pub name: String,
    /// The version that was listed. If it has another one, a drain may have begun under the name.
    pub version: i64,
}

/// What the cache adds to the listings.
#[derive(Debug, Clone, Default)]
pub struct View {
    /// What the kill switch said when it was last read.
    pub control: Control,
    /// Registrations with which nothing is left to do.
    pub finished: BTreeMap<ClusterName, BTreeMap<ContainerInstanceArn, FinishedRegistration>>,
    /// The tasks that are known to be awaited, by drain.
    pub awaited: BTreeMap<InstanceKey, Awaited>,
}

/// A registration that stays DRAINING after its drain, and with which nothing is left to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FinishedRegistration {
    /// The instance under it.
    pub instance: InstanceId,
    /// Whether its agent was connected. If not, no listing of DRAINING instances has it, so its record is not needed any
    /// more.
    pub connected: bool,
    /// When that was seen.
    pub at: Timestamp,
    /// Whether it had a drain that could be recorded. One that could not had no task either.
    pub recorded: bool,
    /// Whether it is to be described again.
    pub recheck: bool,
}

impl FinishedRegistration {
    /// Returns whether that was seen a short while ago. After that it is described again, when it is its turn: it may have
    /// been ACTIVE meanwhile, and its events may have been lost.
    #[must_use]
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        now.duration_since(self.at) < FINISHED_RECHECK_INTERVAL
    }
}

/// The tasks that a drain awaits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Awaited {
    /// Whether the drain is released: then the tasks are its daemons.
    pub released: bool,
    /// The tasks whose end it awaits.
    pub tasks: BTreeSet<TaskArn>,
}
