//! The texts of any number of writers of one record merge into what they know together.
//!
//! SSM has no compare-and-swap: a writer may write over what another one has just said. The run that sees this merges
//! the texts. The merge is a join: any number of texts, in any order and each any number of times, make the same
//! text, and it has every fact of each of them.
//!
//! Of two drains the one that began later counts, with the greater name if both began at once: a writer may have
//! waited long with what it knew. Of one drain each field has its own rule:
//!
//! - `drain_id`, `started_at`: those of the text that knows a hook, then those that a shared record gave, since it
//!   does not say whether a hook waits, then those of the earlier start.
//! - `state`, `reason`, `released_at`: a release, of two the earlier one.
//! - `releasing`: the highest tier, and in one tier the later start, for the tier starts again when the agent is
//!   back. Absent once released.
//! - `container_instance_arn`, `other_registrations`: all of both texts, in alphabetical order; the newer observation
//!   says which is the present one. A release is only for the registrations that a text with this release names.
//! - `lifecycle`, `other_lifecycles`: all hooks; of one hook its token, the later heartbeat, the shorter timeout and
//!   the earlier limit.
//! - `released_services`, `other_clusters`, `unprotected`: all of both texts. Of a list that has a greatest length,
//!   the first in alphabetical order.
//! - `waited`: all groups; of one group the higher count and the later end.
//! - `spot_notice_at`, `daemons_gone_at`: the earlier one.
//! - `receipt_at`, `daemons_left`: those of the earlier receipt; without a receipt the higher number.
//! - `ordered`: the later order.
//! - `calls`, `schema`: the higher number.
//! - `deadline_at`, last: only an order and a release by tiers move a deadline on, so the later one counts. A notice
//!   of EC2 shortens it, whatever was ordered: if a text has one, only the texts that have one count, and of those
//!   the earlier deadline. It is never after the limit of a hook.
//! - All others may rise and fall, so those of the newer observation count, all together: by `updated_at`, then by
//!   what they say.
//!
//! A list that has everything keeps its order, so a text that knows all that the other one knows stays as it is.
//!
//! Two runs may begin one drain at once, each with a name of its own. Such starts lie within [`BEGUN_TOGETHER`], and
//! two drains of one registration begin further apart. If they did not, three starts could form a chain, and no rule
//! that compares two texts could tell where one drain ends.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{Lifecycle, Ordered, Record, ReleaseReason, Releasing, State, Waited};
use crate::ids::{AutoScalingGroupName, ContainerInstanceArn, LifecycleHookName};
use crate::limits::{BEGUN_TOGETHER, OTHER_CLUSTERS_MAX, REGISTRATIONS_MAX, UNPROTECTED_MAX};

/// A release; the least of several is the one that counts. One of unknown time is later than all others.
type ReleaseOrder = (bool, Option<Timestamp>, Option<ReleaseReason>);

impl Record {
    /// What both of two texts of one instance's record know, regardless of which of them was written later.
    #[must_use]
    pub fn merged(self, other: &Record) -> Record {
        if self == *other {
            return self;
        }
        if self.is_of_one_drain_with(other) {
            return Both([&self, other]).joined();
        }
        let began = |record: &Record| (record.started_at, record.drain_id.clone());
        match began(other) > began(&self) {
            true => other.clone(),
            false => self,
        }
    }

    /// Returns whether both texts are of one drain: by its name, or because two runs have begun it at the same
    /// moment, each with a name of its own. What began after the release is another drain, and so is a wait of the
    /// same hook with another token.
    fn is_of_one_drain_with(&self, other: &Record) -> bool {
        let together = || self.started_at.duration_since(other.started_at).abs() <= BEGUN_TOGETHER;
        let shares_registration = || self.registrations().any(|arn| other.names(arn));
        let is_after = |one: &Record, other: &Record| {
            let released = other.released_at;
            released.is_some_and(|released| one.started_at > released)
        };
        let another_wait = |ours: &Lifecycle, theirs: &Lifecycle| {
            let tokens = (&ours.lifecycle_action_token, &theirs.lifecycle_action_token);
            ours.is_of(theirs) && matches!(tokens, (Some(ours), Some(theirs)) if ours != theirs)
        };
        let waits_again = || {
            let mut ours = self.lifecycles();
            ours.any(|ours| other.lifecycles().any(|theirs| another_wait(ours, theirs)))
        };
        self.drain_id == other.drain_id
            || (together()
                && shares_registration()
                && !(is_after(self, other) || is_after(other, self))
                && !waits_again())
    }

    /// The greatest has the name of the drain.
    fn naming_order(&self) -> impl Ord + '_ {
        (
            self.lifecycle.is_some(),
            self.is_reported_only(),
            Reverse((self.started_at, &self.drain_id)),
        )
    }

    /// What was observed, which may rise and fall; the greatest is the newest.
    fn observation_order(&self) -> impl Ord + '_ {
        (
            self.updated_at,
            (&self.held_by, self.remaining, self.sidecars),
            (self.poll_seconds, self.release_not_before),
            (self.agent_lost_at, self.agent_away_at),
            (self.active_since, self.draining_confirmed_at),
            &self.container_instance_arn,
        )
    }

    fn release_order(&self) -> Option<ReleaseOrder> {
        let order = (self.released_at.is_none(), self.released_at, self.reason);
        self.is_released().then_some(order)
    }

    /// The least is the receipt that counts.
    fn receipt_order(&self) -> impl Ord + use<> {
        let (receipt, left) = (self.receipt_at, self.daemons_left);
        (receipt.is_none(), receipt, Reverse(left))
    }
}

/// Two texts of one drain.
struct Both<'r>([&'r Record; 2]);

impl<'r> Both<'r> {
    fn joined(&self) -> Record {
        let named = self.greatest(Record::naming_order);
        let seen = self.greatest(Record::observation_order);
        let over = self.greatest(|record| Reverse(record.receipt_order()));
        let release = self.earlier(Record::release_order);
        let (container_instance_arn, other_registrations) = self.registrations(release, seen);
        let hooks = self.hooks();
        Record {
            schema: self.greater(|record| record.schema),
            state: release.map_or(State::Holding, |_| State::Released),
            remaining: seen.remaining,
            reason: release.and_then(|(_, _, reason)| reason),
            ec2_instance_id: named.ec2_instance_id.clone(),
            container_instance_arn,
            other_registrations,
            drain_id: named.drain_id.clone(),
            started_at: named.started_at,
            updated_at: seen.updated_at,
            deadline_at: self.deadline(&hooks),
            released_at: release.and_then(|(_, released, _)| released),
            poll_seconds: seen.poll_seconds,
            release_not_before: seen.release_not_before,
            held_by: seen.held_by.clone(),
            released_services: self.union(|record| &record.released_services, usize::MAX),
            lifecycle: hooks.first().cloned(),
            other_lifecycles: hooks.into_iter().skip(1).collect(),
            other_clusters: self.union(|record| &record.other_clusters, OTHER_CLUSTERS_MAX),
            draining_confirmed_at: seen.draining_confirmed_at,
            sidecars: seen.sidecars,
            releasing: self.releasing().filter(|_| release.is_none()),
            agent_lost_at: seen.agent_lost_at,
            agent_away_at: seen.agent_away_at,
            // That an instance outlived its drain is no observation that a later one takes back.
            active_since: match over.receipt_at {
                Some(_) => self.earlier(|record| record.active_since.filter(|_| record.is_outlived())),
                None => seen.active_since,
            },
            spot_notice_at: self.earlier(|record| record.spot_notice_at),
            daemons_gone_at: self.earlier(|record| record.daemons_gone_at),
            unprotected: self.union(|record| &record.unprotected, UNPROTECTED_MAX),
            daemons_left: over.daemons_left,
            waited: self.waited(),
            calls: self.greater(|record| record.calls),
            receipt_at: over.receipt_at,
            ordered: self.ordered().cloned(),
        }
    }

    /// The text that is greater in this order; texts that are equal in it say the same of what it compares.
    fn greatest<K: Ord>(&self, order: impl Fn(&'r Record) -> K) -> &'r Record {
        let Both([ours, theirs]) = *self;
        match order(theirs) > order(ours) {
            true => theirs,
            false => ours,
        }
    }

    fn greater<T: Ord>(&self, field: impl Fn(&'r Record) -> T) -> T {
        field(self.0[0]).max(field(self.0[1]))
    }

    /// The least of those that are there.
    fn earlier<T: Ord>(&self, field: impl Fn(&'r Record) -> Option<T>) -> Option<T> {
        self.0.into_iter().filter_map(field).min()
    }

    fn union<T: Ord + Clone + 'r>(&self, list: impl Fn(&'r Record) -> &'r Vec<T>, max: usize) -> Vec<T> {
        let [ours, theirs] = self.0.map(list);
        union(ours, theirs, max)
    }

    /// The present registration, and the others. No release is for a registration that another text names.
    fn registrations(
        &self,
        release: Option<ReleaseOrder>,
        seen: &Record,
    ) -> (ContainerInstanceArn, Vec<ContainerInstanceArn>) {
        let naming = self
            .0
            .into_iter()
            .filter(|record| release.is_none() || record.release_order() == release);
        let present = match release {
            None => None,
            Some(_) => naming.clone().map(|record| &record.container_instance_arn).min(),
        };
        let present = present.unwrap_or(&seen.container_instance_arn);
        let named: BTreeSet<&ContainerInstanceArn> = naming.flat_map(Record::registrations).collect();
        let others = named.into_iter().filter(|arn| *arn != present);
        (present.clone(), others.take(REGISTRATIONS_MAX).cloned().collect())
    }

    fn hooks(&self) -> Vec<Lifecycle> {
        let [ours, theirs] = self
            .0
            .map(|record| record.lifecycles().cloned().collect::<Vec<_>>());
        let name = |hook: &Lifecycle| -> (AutoScalingGroupName, LifecycleHookName) {
            (
                hook.auto_scaling_group_name.clone(),
                hook.lifecycle_hook_name.clone(),
            )
        };
        union_by(&ours, &theirs, name, |one, other| Lifecycle {
            lifecycle_action_token: one.lifecycle_action_token.max(other.lifecycle_action_token),
            heartbeat_seconds: one.heartbeat_seconds.min(other.heartbeat_seconds),
            heartbeat_at: one.heartbeat_at.max(other.heartbeat_at),
            global_deadline_at: one.global_deadline_at.min(other.global_deadline_at),
            ..one
        })
    }

    fn waited(&self) -> Vec<Waited> {
        let [ours, theirs] = self.0.map(|record| &record.waited);
        let group = |waited: &Waited| waited.group.clone();
        union_by(ours, theirs, group, |one, other| Waited {
            count: one.count.max(other.count),
            until: one.until.max(other.until),
            ..one
        })
    }

    fn releasing(&self) -> Option<Releasing> {
        let order = |releasing: &Releasing| (releasing.tier, releasing.since, releasing.reason);
        let releasing = self.0.into_iter().filter_map(|record| record.releasing);
        releasing.max_by_key(order)
    }

    fn ordered(&self) -> Option<&'r Ordered> {
        let order = |ordered: &&'r Ordered| (ordered.at, &ordered.command, &ordered.who, &ordered.why);
        let ordered = self.0.into_iter().filter_map(|record| record.ordered.as_ref());
        ordered.max_by_key(order)
    }

    fn deadline(&self, hooks: &[Lifecycle]) -> Timestamp {
        let noticed = self.earlier(|record| record.spot_notice_at.map(|_| record.deadline_at));
        let deadline = noticed.unwrap_or_else(|| self.greater(|record| record.deadline_at));
        let limits = hooks.iter().map(|hook| hook.global_deadline_at);
        limits.fold(deadline, Timestamp::min)
    }
}

/// What is in either list, once. A list that has it all keeps its order, the greater one if both do. Of more than
/// `max` the least stay.
fn union<T: Ord + Clone>(ours: &[T], theirs: &[T], max: usize) -> Vec<T> {
    let all: BTreeSet<&T> = ours.iter().chain(theirs).collect();
    let kept: Vec<T> = all.into_iter().take(max).cloned().collect();
    let has_it_all = |list: &&[T]| list.len() == kept.len() && kept.iter().all(|one| list.contains(one));
    let whole = [ours, theirs].into_iter().filter(has_it_all).max();
    whole.map_or_else(|| kept.clone(), <[T]>::to_vec)
}

/// The same for lists of what has a name, and is joined if both lists have it.
fn union_by<T: Clone, K: Ord + Clone>(
    ours: &[T],
    theirs: &[T],
    name: impl Fn(&T) -> K,
    join: impl Fn(T, T) -> T,
) -> Vec<T> {
    let names = |list: &[T]| list.iter().map(&name).collect::<Vec<K>>();
    let named = |wanted: K| {
        let known = ours.iter().chain(theirs).filter(|one| name(one) == wanted);
        known.cloned().reduce(&join)
    };
    union(&names(ours), &names(theirs), usize::MAX)
        .into_iter()
        .filter_map(named)
        .collect()
}

#[cfg(test)]
mod tests;
