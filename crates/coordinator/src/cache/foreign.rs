//! What is remembered of things at the edge: container instances that are none of ours, capacity providers, clusters.

use std::collections::HashMap;
use std::hash::Hash;

use jiff::Timestamp;
use protector_core::ids::{ClusterName, ContainerInstanceArn};
use protector_core::limits::coordinator::{
    FOREIGN_MAX, FOREIGN_UNUSED_TTL, GONE_CLUSTER_LOG_INTERVAL, PROVIDER_RETRY, PROVIDER_TTL,
};
use protector_runtime::guarded::Guarded;

/// The cache of one execution environment.
#[derive(Debug, Default)]
pub struct ForeignCache(Guarded<ForeignState>);

#[derive(Debug, Default)]
struct ForeignState {
    /// Container instances that are none of ours. An ARN is never given to another.
    foreign: HashMap<ContainerInstanceArn, Timestamp>,
    /// What is known of capacity providers.
    providers: HashMap<(ClusterName, String), (ProviderKind, Timestamp)>,
    /// Container instances of which it is not known whether ECS keeps them itself.
    unclear: HashMap<ContainerInstanceArn, Timestamp>,
    /// When it was last said that a cluster is gone.
    gone: HashMap<ClusterName, Timestamp>,
}

/// What is known of the instances of a capacity provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProviderKind {
    /// ECS keeps them itself.
    Managed,
    /// They are ours. If ECS came to keep them itself, their tasks would show it.
    Ours,
    /// They count as ours: the role may not ask, or ECS does not describe the provider.
    AssumedOurs,
    /// ECS gave no answer.
    Unanswered,
}

impl ForeignCache {
    /// Returns whether this container instance is known to be none of ours.
    #[must_use]
    pub fn is_foreign(&self, arn: &ContainerInstanceArn) -> bool {
        self.0.lock().foreign.contains_key(arn)
    }

    /// Remembers a container instance that is none of ours. Returns whether that is news.
    pub fn insert_foreign(&self, arn: &ContainerInstanceArn, now: Timestamp) -> bool {
        let mut facts = self.0.lock();
        make_room(&mut facts.foreign, |at| {
            now.duration_since(*at) < FOREIGN_UNUSED_TTL
        });
        facts.foreign.insert(arn.clone(), now).is_none()
    }

    /// Returns whether the instances of a capacity provider are kept by ECS itself. `None` if ECS is to be asked.
    #[must_use]
    pub fn is_managed(&self, cluster: &ClusterName, provider: &str, now: Timestamp) -> Option<bool> {
        let facts = self.0.lock();
        let (kind, at) = facts.providers.get(&(cluster.clone(), provider.to_owned()))?;
        kind.is_fresh(*at, now).then_some(*kind == ProviderKind::Managed)
    }

    /// Remembers what is known of a capacity provider.
    pub fn insert_provider(&self, cluster: &ClusterName, provider: &str, kind: ProviderKind, now: Timestamp) {
        let mut facts = self.0.lock();
        make_room(&mut facts.providers, |(_, at)| {
            now.duration_since(*at) < PROVIDER_TTL
        });
        let provider = (cluster.clone(), provider.to_owned());
        facts.providers.insert(provider, (kind, now));
    }

    /// What is known of the provider of a container instance. That it gave no answer is remembered of the instance.
    pub fn provider_of(
        &self,
        cluster: &ClusterName,
        arn: &ContainerInstanceArn,
        provider: &str,
        now: Timestamp,
    ) -> ProviderKind {
        let mut facts = self.0.lock();
        let known = facts.providers.get(&(cluster.clone(), provider.to_owned()));
        let kind = known.map_or(ProviderKind::Unanswered, |(kind, _)| *kind);
        if kind == ProviderKind::Unanswered {
            make_room(&mut facts.unclear, |at| now.duration_since(*at) < PROVIDER_TTL);
            facts.unclear.insert(arn.clone(), now);
        } else {
            facts.unclear.remove(arn);
        }
        kind
    }

    /// Returns whether ECS may keep this container instance itself: its provider could not be asked for.
    #[must_use]
    pub fn is_unclear(&self, arn: &ContainerInstanceArn) -> bool {
        self.0.lock().unclear.contains_key(arn)
    }

    /// Remembers a cluster that is gone. Returns whether to log it again.
    pub fn insert_gone(&self, cluster: &ClusterName, now: Timestamp) -> bool {
        let mut facts = self.0.lock();
        let said = facts.gone.get(cluster);
        let news = said.is_none_or(|at| now.duration_since(*at) >= GONE_CLUSTER_LOG_INTERVAL);
        if news {
            facts.gone.insert(cluster.clone(), now);
        }
        news
    }
}

fn make_room<K: Eq + Hash, V>(map: &mut HashMap<K, V>, is_young: impl Fn(&V) -> bool) {
    if map.len() >= FOREIGN_MAX {
        map.retain(|_, value| is_young(value));
    }
}

impl ProviderKind {
    fn is_fresh(self, at: Timestamp, now: Timestamp) -> bool {
        let ttl = match self {
            ProviderKind::Ours => return true,
            ProviderKind::Managed | ProviderKind::AssumedOurs => PROVIDER_TTL,
            ProviderKind::Unanswered => PROVIDER_RETRY,
        };
        now.duration_since(at) < ttl
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{arn, at};

    #[test]
    fn a_cluster_that_is_gone_is_said_once_an_hour() {
        let (edges, cluster) = (ForeignCache::default(), "prod".parse().unwrap());
        let said = [0, 60, 3599, 3600, 3660].map(|seconds| edges.insert_gone(&cluster, at(seconds)));
        assert_eq!(said, [true, false, false, true, false]);
    }

    #[test]
    fn the_type_of_a_capacity_provider_is_asked_for_again_after_a_while() {
        let (edges, cluster) = (ForeignCache::default(), "prod".parse().unwrap());
        assert_eq!(edges.is_managed(&cluster, "workers", at(0)), None);
        edges.insert_provider(&cluster, "workers", ProviderKind::Managed, at(0));
        assert_eq!(edges.is_managed(&cluster, "workers", at(599)), Some(true));
        assert_eq!(edges.is_managed(&cluster, "workers", at(600)), None);
        assert_eq!(edges.is_managed(&"dev".parse().unwrap(), "workers", at(1)), None);
        edges.insert_provider(&cluster, "ours", ProviderKind::Ours, at(0));
        assert_eq!(edges.is_managed(&cluster, "ours", at(86_400)), Some(false));
        edges.insert_provider(&cluster, "denied", ProviderKind::AssumedOurs, at(0));
        assert_eq!(edges.is_managed(&cluster, "denied", at(599)), Some(false));
        assert_eq!(edges.is_managed(&cluster, "denied", at(600)), None);
        // Without an answer it counts as ours, and is asked for soon.
        edges.insert_provider(&cluster, "unanswered", ProviderKind::Unanswered, at(0));
        assert_eq!(edges.is_managed(&cluster, "unanswered", at(9)), Some(false));
        assert_eq!(edges.is_managed(&cluster, "unanswered", at(10)), None);
    }

    #[test]
    fn p9_an_instance_is_unclear_until_its_capacity_provider_is_known() {
        let (edges, cluster) = (ForeignCache::default(), "prod".parse().unwrap());
        let unclear = |kind, seconds| {
            edges.insert_provider(&cluster, "workers", kind, at(seconds));
            assert_eq!(edges.provider_of(&cluster, &arn(1), "workers", at(seconds)), kind);
            edges.is_unclear(&arn(1))
        };
        assert!(!edges.is_unclear(&arn(1)));
        let found = [
            (ProviderKind::Unanswered, 0),
            (ProviderKind::Ours, 10),
            (ProviderKind::Unanswered, 700),
            (ProviderKind::AssumedOurs, 710),
        ];
        assert_eq!(
            found.map(|(kind, seconds)| unclear(kind, seconds)),
            [true, false, true, false]
        );
    }
}
