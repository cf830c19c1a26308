//! One drain as an execution environment remembers it, and what the end of one of its tasks is worth.

use std::collections::BTreeSet;

use jiff::Timestamp;
use protector_core::ids::{InstanceKey, TaskArn};
use protector_core::limits::coordinator::{BATCH_WAIT_MAX, PROBE_AT_ONE_OF, PROBE_INTERVAL};
use protector_core::observation::ContainerInstance;

/// A drain as it was last seen.
#[derive(Debug, Clone)]
pub(super) struct CachedDrain {
    pub(super) key: InstanceKey,
    pub(super) instances: Vec<ContainerInstance>,
    /// Whether it is released.
    pub(super) released: bool,
    /// Whether its tiers are released one after the other.
    pub(super) releasing: bool,
    /// Tasks whose end changes something: those that hold, or, after the release, the daemons.
    pub(super) awaited: BTreeSet<TaskArn>,
    /// Daemon tasks. One that ends while others are awaited tells that another run has released the drain.
    pub(super) daemons: BTreeSet<TaskArn>,
    /// How many they were when they were last looked at.
    pub(super) seen: usize,
    pub(super) at: Timestamp,
    /// When the containers of the last of the awaited tasks ended, of those that have, as far as that was reported.
    pub(super) ended_at: Option<Timestamp>,
    /// How many sidecars read its record, if that was seen here.
    pub(super) sidecars: Option<u32>,
    /// How many listings in a row have left it out.
    pub(super) unlisted: u32,
    /// When the next look is worth its calls, if that is known.
    pub(super) look_at: Option<Timestamp>,
}

/// What the end of a task is worth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TaskStopFollowUp {
    /// No call: so says the reason.
    Ignore(&'static str),
    /// One look at the tasks that are still awaited.
    DescribeAwaited(InstanceKey, Vec<TaskArn>),
    /// A full observation of the instance.
    Observe(InstanceKey),
    /// The same, but no task that holds is left as far as is known: there is nothing to do before the daemons have
    /// stayed for their while (`LINGER`).
    Last(InstanceKey),
    /// Every daemon of a released drain has ended, as ECS says: all that is left is to complete it.
    Complete(InstanceKey, Vec<ContainerInstance>),
    /// Nothing is known of the instance.
    Lookup,
}

impl CachedDrain {
    /// What the end of `task` is worth.
    pub(super) fn task_ended(&mut self, task: &TaskArn, now: Timestamp) -> TaskStopFollowUp {
        let awaited = self.awaited.remove(task);
        if awaited && self.released && self.awaited.is_empty() {
            return TaskStopFollowUp::Complete(self.key.clone(), self.instances.clone());
        }
        if awaited && self.awaited.is_empty() {
            return TaskStopFollowUp::Last(self.key.clone());
        }
        // Its batch looks in a moment, when the daemons have stayed for their while.
        let soon = |at: &Timestamp| *at > now && at.duration_since(now) <= BATCH_WAIT_MAX;
        if !awaited && self.awaited.is_empty() && !self.released && self.look_at.as_ref().is_some_and(soon) {
            return TaskStopFollowUp::Ignore("the next look at the drain is due shortly");
        }
        if self.awaited.is_empty() || (!awaited && self.daemons.remove(task)) {
            return TaskStopFollowUp::Observe(self.key.clone());
        }
        if self.awaited.len() * PROBE_AT_ONE_OF <= self.seen || now.duration_since(self.at) >= PROBE_INTERVAL
        {
            return TaskStopFollowUp::DescribeAwaited(
                self.key.clone(),
                self.awaited.iter().cloned().collect(),
            );
        }
        TaskStopFollowUp::Ignore(if awaited {
            "other tasks are still awaited"
        } else {
            "the task was not awaited"
        })
    }
}
