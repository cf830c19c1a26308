//! Daemons that are let go by tiers go one tier after another: rule 12.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::holding::Census;
use crate::ids::ServiceName;
use crate::observation::Registrations;
use crate::record::Releasing;

use super::super::{Cause, Note, deadline};
use super::PlanBuilder;

impl PlanBuilder<'_> {
    /// Rule 12: the next tier goes when every daemon up to this one is STOPPED, or has had its time.
    pub(super) fn next_tier(&mut self) {
        while let Some(releasing) = self.record.releasing {
            let tier = usize::try_from(releasing.tier).unwrap_or(usize::MAX);
            let end = self.tier_end(tier, releasing.since);
            if !self.tier_is_gone(tier) && self.now() < end {
                self.look_again = Some(end.duration_since(self.now()));
                self.record.released_services = self.services_up_to(tier).into_iter().collect();
                return self.remark(Note::Tier(tier + 1));
            }
            if tier + 2 >= self.situation.policy.tiers.count() {
                return self.release_all(releasing.reason, Cause::LastTier);
            }
            self.record.releasing = Some(Releasing {
                tier: releasing.tier + 1,
                since: self.now(),
                ..releasing
            });
        }
    }

    /// When a tier that may go since `since` has had its time. An agent that is away orders no daemon to stop, so the
    /// time does not run out meanwhile; the deadline, or the loss of the agent, ends that.
    fn tier_end(&self, tier: usize, since: Timestamp) -> Timestamp {
        let end = self.schedule().tier_end(tier, since);
        let instance = self.situation.observation.instance.as_yes();
        let connected = instance.is_some_and(Registrations::agent_connected);
        let away = self.record.agent_lost_at.is_some() && !connected;
        match away {
            true => end.max(deadline::of(&self.record, self.situation.policy)),
            false => end,
        }
    }

    /// The agent is back, and orders the daemons of the tier that may go to stop: their time begins now, if it leaves
    /// those of later tiers theirs before sidecars give up.
    pub(super) fn restart_tier(&mut self) {
        let now = self.now();
        let last = self.schedule().last_tier_at(now);
        if let Some(releasing) = self
            .record
            .releasing
            .as_mut()
            .filter(|_| last <= self.record.deadline_at)
        {
            releasing.since = now;
        }
    }

    fn tier_is_gone(&self, tier: usize) -> bool {
        let tiers = &self.situation.policy.tiers;
        let alive = |census: &Census| {
            census
                .daemon_services
                .iter()
                .any(|service| tiers.of(service.as_ref()) <= tier)
        };
        self.census.as_ref().is_some_and(|census| !alive(census))
    }

    fn services_up_to(&self, tier: usize) -> BTreeSet<ServiceName> {
        let tiers = &self.situation.policy.tiers;
        let seen = self
            .census
            .iter()
            .flat_map(|census| census.daemon_services.iter().flatten().cloned());
        let known = self.record.released_services.iter().cloned();
        // While the tasks are not known, those that the setting names are.
        let unseen = self.census.is_none();
        let named = tiers.in_order().into_iter().flatten().filter(|_| unseen);
        seen.chain(known)
            .chain(named)
            .filter(|service| tiers.of(Some(service)) <= tier)
            .collect()
    }
}
