//! A sweep ends with what each instance needs, by what AWS has answered to its questions.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::ids::{ClusterName, InstanceId, InstanceKey};
use crate::observation::{ContainerInstance, Hook, HookAction, Stored};
use crate::record::Record;

use super::{OldRecord, Waiting};

/// What AWS has answered to the questions of a sweep.
#[derive(Debug, Clone, Default)]
pub struct Answers {
    /// The registrations that were asked for, by instance.
    pub described: BTreeMap<InstanceKey, Vec<ContainerInstance>>,
    /// Clusters that did not answer for each: an instance that is not described may still exist.
    pub unanswered: BTreeSet<ClusterName>,
    /// Of the instances that were asked for, those that are on their way to a hook that waits, or there; `None` if Auto
    /// Scaling did not answer.
    pub leaving: Option<BTreeSet<InstanceId>>,
    /// Those of them that are in service.
    pub serving: BTreeSet<InstanceId>,
}

/// An instance that needs a full observation, and what is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NeedsObservation {
    /// The instance to observe.
    pub key: InstanceKey,
    /// Its registrations as they were described. None: ECS gave no answer for it, or has forgotten those that its record
    /// names, and the observation asks for others.
    pub instances: Option<Vec<ContainerInstance>>,
    /// What is known of the hooks that wait for it.
    pub hook: Hook,
    /// Its record, if it has one.
    pub stored: Option<Stored>,
    /// Other clusters whose records name its own: its drain there has begun, and here it has not.
    pub elsewhere: Vec<ClusterName>,
}

impl NeedsObservation {
    /// Returns whether the listings have what its record does not: a hook that waits, or waits no more, or another cluster.
    /// `known` is the record as it was last read or written, if that is remembered; otherwise the listed one counts.
    #[must_use]
    pub fn has_news(&self, known: Option<&Record>) -> bool {
        let listed = self.stored.as_ref().and_then(Stored::readable);
        let record = known.or(listed);
        let is_recorded = |wait: &HookAction| {
            let mut lifecycles = record.into_iter().flat_map(Record::lifecycles);
            lifecycles.any(|known| wait.is_of(known))
        };
        let hook = match &self.hook {
            Hook::Waiting(waits) => !waits.iter().all(is_recorded),
            Hook::Over => true,
            Hook::None | Hook::Unknown(_) => false,
        };
        hook || !self.elsewhere.is_empty()
    }
}

/// What the instances of a sweep need.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needs {
    /// Instances to observe: releases first, then new holds, then the rest.
    pub observe: Vec<NeedsObservation>,
    /// Drains that are released and whose instances are gone: nothing but their receipts is left to do.
    pub receipts: Vec<NeedsObservation>,
    /// Records that are not needed any more.
    pub delete: Vec<OldRecord>,
    /// Instances for which a hook waits, in no cluster that was seen yet.
    pub unplaced: Waiting,
    /// Registrations with which nothing is left to do from now on.
    pub finished: Vec<(InstanceKey, ContainerInstance)>,
    /// Drains that are over, and whose instances are in service again: their records are to say so.
    pub back: Vec<(InstanceKey, Stored)>,
    /// Registrations whose drains could not be recorded, and that have no task still: DRAINING keeps tasks away.
    pub empty: Vec<(InstanceKey, ContainerInstance)>,
}

impl NeedsObservation {
    fn record(&self) -> Option<&Record> {
        self.stored.as_ref().and_then(Stored::readable)
    }

    /// Returns whether its drain is released and its instance is gone.
    pub(super) fn has_ended(&self) -> bool {
        let released = self.record().is_some_and(Record::is_released);
        released && self.instances.is_none() && !matches!(self.hook, Hook::Waiting(_))
    }

    /// Releases first, then new holds, then the rest.
    pub(super) fn rank(&self, at: Timestamp) -> u8 {
        match self.record() {
            Some(record) if ends(record, at) => 0,
            None => 1,
            Some(_) => 2,
        }
    }
}

/// Returns whether a release is due, or going on.
fn ends(record: &Record, at: Timestamp) -> bool {
    record.is_released() || record.releasing.is_some() || record.deadline_at <= at
}
