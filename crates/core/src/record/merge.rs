//! What two writers of one record know together.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::{Record, Releasing};
use crate::ids::ServiceName;
use crate::limits::BEGUN_TOGETHER;

impl Record {
    /// What both of two texts of one drain know: SSM has no compare-and-swap, so a writer may have written over what
    /// another had just said. `self` is the later text. A release stays, whole or by tiers, and so do the hook, the
    /// receipt and the last order. Of two drains the one that began later counts: a writer may have waited long with what it knew.
    #[must_use]
    pub fn merged(mut self, overwritten: &Record) -> Record {
        if self.began_with(overwritten) {
            let named = if overwritten.lifecycle.is_some() {
                overwritten
            } else {
                &self
            };
            (self.drain_id, self.started_at) = (named.drain_id.clone(), named.started_at);
        } else if self.drain_id != overwritten.drain_id {
            return if overwritten.started_at > self.started_at {
                overwritten.clone()
            } else {
                self
            };
        }
        if self.spot_notice_at.is_none() && overwritten.spot_notice_at.is_some() {
            self.spot_notice_at = overwritten.spot_notice_at;
            self.deadline_at = self.deadline_at.min(overwritten.deadline_at);
        }
        self.receipt_at = self.receipt_at.or(overwritten.receipt_at);
        self.daemons_gone_at = self.daemons_gone_at.or(overwritten.daemons_gone_at);
        self.note_unprotected(&overwritten.unprotected);
        if overwritten.is_released() && !self.is_released() {
            self.state = overwritten.state;
            self.reason = overwritten.reason;
            self.released_at = overwritten.released_at;
            self.releasing = None;
        }
        self.keep_tiers(overwritten);
        for lifecycle in overwritten.lifecycles() {
            self.add_lifecycle(lifecycle.clone());
        }
        overwritten
            .other_clusters
            .iter()
            .for_each(|cluster| self.add_cluster(cluster));
        let ordered_at = |record: &Record| record.ordered.as_ref().map(|ordered| ordered.at);
        if ordered_at(overwritten) > ordered_at(&self) {
            self.ordered.clone_from(&overwritten.ordered);
            self.deadline_at = overwritten.deadline_at;
        }
        self
    }

    /// Tiers that may go stay free, and so does the deadline that a release by tiers has set.
    fn keep_tiers(&mut self, overwritten: &Record) {
        let further = |releasing: &Releasing| (releasing.tier, Reverse(releasing.since));
        let (ours, theirs) = (self.releasing.as_ref(), overwritten.releasing.as_ref());
        if self.is_released() || theirs.map(further) <= ours.map(further) {
            return;
        }
        self.releasing = overwritten.releasing;
        // A machine that is taken does not wait longer for that.
        if self.spot_notice_at.is_none() {
            self.deadline_at = self.deadline_at.max(overwritten.deadline_at);
        }
        let known = std::mem::take(&mut self.released_services);
        let all: BTreeSet<ServiceName> = overwritten
            .released_services
            .iter()
            .cloned()
            .chain(known)
            .collect();
        self.released_services = all.into_iter().collect();
    }

    /// Returns whether these two texts are of one drain that two runs have begun at the same moment, each with a name
    /// of its own. Two hooks have two tokens, and so are two drains.
    fn began_with(&self, other: &Record) -> bool {
        self.drain_id != other.drain_id
            && self.container_instance_arn == other.container_instance_arn
            && !(self.is_released() || other.is_released())
            && !(self.lifecycle.is_some() && other.lifecycle.is_some())
            && self.started_at.duration_since(other.started_at).abs() <= BEGUN_TOGETHER
    }
}
