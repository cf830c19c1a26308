//! The tick finds out what each listed instance needs.
//!
//! ```text
//!  listings, view of the cache ──► sweep ──► Sweep: gauges, fleet; what may be steady
//!  awaited tasks of one drain  ──► Sweep::steady ──► a drain that needs no full observation, or not
//!  registrations, states       ──► Sweep::assign ──► Needs: observe, receipts, delete, unplaced, finished
//! ```
//!
//! Between these steps the coordinator asks AWS what the sweep names: the awaited tasks of the [`Candidate`]s, the
//! registrations of [`Sweep::to_describe`], the instances of [`Sweep::hooks_to_ask`]. What one API does not answer, the
//! others still do: an instance of which something is not known gets a full observation, and its record is kept.

mod assign;
mod gauges;
mod listing;
mod needs;
mod steady;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::aws::InstanceStatus;
use crate::heartbeat::completions_per_second;
use crate::ids::{ClusterName, ContainerInstanceArn, InstanceId, InstanceKey};
use crate::limits::RECORD_KEPT;
use crate::observation::ContainerInstance;
use crate::policy::Policy;
use crate::record::Record;

pub use gauges::Gauges;
pub use listing::{Awaited, Draining, FinishedRegistration, ListedRecord, Listing, OldRecord, View, Waiting};
pub use needs::{Answers, Needs, NeedsObservation};
pub use steady::{Candidate, SteadyDrain};

/// What a tick has found so far.
#[derive(Debug)]
pub struct Sweep<'p> {
    /// The drains that hold, and how many sidecars read their records; `None` if the records could not be listed.
    pub fleet: Option<BTreeMap<InstanceKey, u32>>,
    /// What the listing measures; `None` if the records could not be listed.
    pub gauges: Option<Gauges>,
    /// How many completions a second leave room for the heartbeats of all that waits; `None` if Auto Scaling did not answer.
    pub completions_per_second: Option<f64>,
    /// Drains that are over and whose registrations are finished: what is known of them is still needed.
    pub kept: Vec<InstanceKey>,
    /// Drains that may be steady, by cluster: whether they are depends on their awaited tasks.
    candidates: BTreeMap<ClusterName, Vec<Candidate>>,
    policy: &'p Policy,
    /// When the listings were asked for: nothing in them is older.
    at: Timestamp,
    records: BTreeMap<InstanceKey, ListedRecord>,
    draining: Draining,
    waiting: Option<Waiting>,
    old: Vec<OldRecord>,
    /// Registrations without a record and, when they were observed last, without a task.
    empty: BTreeSet<ContainerInstanceArn>,
}

/// Sorts what was listed at `now` into what needs nothing, what may need little, and the rest.
#[must_use]
pub fn sweep<'p>(listing: Listing, view: &View, policy: &'p Policy, now: Timestamp) -> Sweep<'p> {
    let listed = listing.records.as_ref();
    let completions = |waiting: &Waiting| {
        let hooks = waiting.values().flatten();
        completions_per_second(hooks.map(|hook| hook.heartbeat_seconds))
    };
    let mut sweep = Sweep {
        fleet: listed.map(gauges::fleet),
        gauges: listed.map(|records| Gauges::of(records, now)),
        completions_per_second: listing.waiting.as_ref().map(completions),
        kept: Vec::new(),
        candidates: BTreeMap::new(),
        policy,
        at: now,
        records: listing.records.unwrap_or_default(),
        draining: listing.draining,
        waiting: listing.waiting,
        old: Vec::new(),
        empty: unrecorded(view),
    };
    sweep.skip_finished(view);
    sweep.find_candidates(view);
    sweep
}

impl Sweep<'_> {
    /// Takes out registrations with which nothing is left to do, unless a hook waits for their instance. The records of
    /// those that were left behind are deleted when they are old. Until then an instance that our hook let go may come back,
    /// and is described.
    fn skip_finished(&mut self, view: &View) {
        let Some(waiting) = &self.waiting else { return };
        let at = self.at;
        let known = |cluster: &ClusterName, arn: &ContainerInstanceArn| {
            let finished = view.finished.get(cluster).and_then(|known| known.get(arn));
            finished.filter(|finished| !waiting.contains_key(&finished.instance) && !finished.recheck)
        };
        // A registration of the record that is neither known nor listed has nothing to add.
        let (old, kept, draining) = (&mut self.old, &mut self.kept, &self.draining);
        let is_open = |cluster: &ClusterName, arn: &ContainerInstanceArn| {
            let is_listed = draining.get(cluster).is_none_or(|arns| arns.contains(arn));
            is_listed && known(cluster, arn).is_none()
        };
        self.records.retain(|key, listed| {
            let Some(record) = listed.record().filter(|record| is_over(record)) else {
                return true;
            };
            let finished = record.registrations().filter_map(|arn| known(&key.cluster, arn));
            let finished: Vec<&FinishedRegistration> = finished.collect();
            if finished.is_empty() || record.registrations().any(|arn| is_open(&key.cluster, arn)) {
                return true;
            }
            let left_behind = finished.iter().all(|one| !one.connected);
            if left_behind && is_past(record, at) {
                old.push(listed.old());
                return false;
            }
            kept.push(key.clone());
            left_behind && record.lifecycle.is_some()
        });
        for (cluster, arns) in &mut self.draining {
            arns.retain(|arn| known(cluster, arn).is_none());
        }
    }

    /// The registrations to describe: those that are DRAINING, and those that the records name.
    #[must_use]
    pub fn to_describe(&self) -> Draining {
        let mut asked = self.draining.clone();
        for (key, listed) in &self.records {
            if let Some(record) = listed.record() {
                let arns = asked.entry(key.cluster.clone()).or_default();
                arns.extend(record.registrations().cloned());
            }
        }
        asked
    }

    /// The instances whose record names a hook and that no group listing has shown waiting: Auto Scaling is asked about
    /// each. So it is about one that our hook let go, and of which only registrations without an agent are described: it may be
    /// in service under one that its record does not name.
    #[must_use]
    pub fn hooks_to_ask(&self, described: &BTreeMap<InstanceKey, Vec<ContainerInstance>>) -> Vec<InstanceId> {
        let may_be_back = |key: &InstanceKey, record: &Record| {
            let all = described.get(key).into_iter().flatten();
            let mut left = all
                .filter(|one| one.status != InstanceStatus::Inactive)
                .peekable();
            was_let_go(record) && left.peek().is_some() && left.all(|one| !one.agent_connected)
        };
        let asks = |key: &InstanceKey, record: &Record| {
            (record.lifecycle.is_some() && !is_over(record)) || may_be_back(key, record)
        };
        let asked = self.records.iter().filter(|(key, listed)| {
            !self.waits(&key.instance) && listed.record().is_some_and(|record| asks(key, record))
        });
        asked.map(|(key, _)| key.instance.clone()).collect()
    }

    /// Decides what each instance needs.
    #[must_use]
    pub fn assign(self, answers: Answers) -> Needs {
        assign::assign(self, answers)
    }

    /// Returns whether a hook of ours is known to wait for the instance.
    fn waits(&self, instance: &InstanceId) -> bool {
        let waiting = self.waiting.as_ref();
        waiting.is_some_and(|waiting| waiting.contains_key(instance))
    }
}

fn unrecorded(view: &View) -> BTreeSet<ContainerInstanceArn> {
    let known = view.finished.values().flatten();
    let unrecorded = known.filter(|(_, finished)| !finished.recorded);
    unrecorded.map(|(arn, _)| arn.clone()).collect()
}

/// Nothing is left to do for a drain that has its receipt, as long as its instance does not drain again.
fn is_over(record: &Record) -> bool {
    record.is_released() && record.receipt_at.is_some()
}

/// Our hook let the instance go, and the record does not say that it is in service again.
fn was_let_go(record: &Record) -> bool {
    is_over(record) && record.lifecycle.is_some() && !record.is_outlived()
}

/// Its release was written some minutes ago: its sidecars have read it.
fn is_past(record: &Record, at: Timestamp) -> bool {
    record.is_released() && at.duration_since(record.updated_at) >= RECORD_KEPT
}

#[cfg(test)]
mod tests;
