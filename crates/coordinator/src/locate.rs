//! Finding an EC2 instance: in which cluster is it, and under which name?

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use protector_core::ids::{ClusterName, ContainerInstanceArn, InstanceId, InstanceKey};
use protector_core::limits::DESCRIBE_CLUSTERS_MAX;
use protector_core::observation::{InstanceStatus, Seen};

use crate::aws::{Failure, Kind};
use crate::coordinator::Coordinator;
use crate::say::Level;

/// So many clusters are asked at the same time.
const CLUSTERS_AT_ONCE: usize = 8;

/// So many clusters are asked as fast as they answer: half of the burst that ECS allows for its reads.
const CLUSTERS_IN_A_BURST: usize = 50;

/// Then one each 50 ms: ECS allows 20 such reads a second.
const CLUSTER_INTERVAL: Duration = Duration::from_millis(50);

/// From so many clusters on it saves calls to ask first which of them have no container instances.
const CLUSTERS_MANY: usize = 10;

/// Where an EC2 instance is registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In this cluster, under this name.
    In(InstanceKey, ContainerInstanceArn),
    /// In no cluster of ours: each of them said so.
    Nowhere,
    /// Not every cluster could be asked.
    Unknown(String),
}

impl Coordinator {
    /// Finds an EC2 instance in the clusters of ours. What was remembered of them cannot say that it is in none.
    pub async fn locate(&self, instance: &InstanceId) -> Place {
        let (clusters, remembered) = match self.known_clusters().await {
            Ok(known) => known,
            Err(failure) => return Place::Unknown(failure.to_string()),
        };
        let place = self.locate_among(&clusters, instance).await;
        if place != Place::Nowhere || !remembered {
            return place;
        }
        match self.find_clusters().await {
            Err(failure) => Place::Unknown(failure.to_string()),
            Ok(mut others) => {
                others.retain(|cluster| !clusters.contains(cluster));
                self.locate_among(&others, instance).await
            }
        }
    }

    async fn locate_among(&self, clusters: &[ClusterName], instance: &InstanceId) -> Place {
        let asked = self.ask_each(clusters, async |cluster| self.locate_in(cluster, instance).await);
        let mut problem = None;
        for (cluster, seen) in clusters.iter().zip(asked.await) {
            match seen {
                Seen::Yes(arn) => {
                    let (cluster, instance) = (cluster.clone(), instance.clone());
                    return Place::In(InstanceKey { cluster, instance }, arn);
                }
                Seen::Absent => {}
                Seen::Unknown(why) => problem = Some(why),
            }
        }
        problem.map_or(Place::Nowhere, Place::Unknown)
    }

    /// Asks each cluster something, some at once. The answers are in the order of the clusters.
    pub(crate) async fn ask_each<'c, T, F>(&self, clusters: &'c [ClusterName], ask: F) -> Vec<T>
    where
        F: AsyncFn(&'c ClusterName) -> T,
    {
        let ask = &ask;
        let paced = stream::iter(clusters.iter().enumerate()).then(async |(index, cluster)| {
            if index >= CLUSTERS_IN_A_BURST {
                tokio::time::sleep(CLUSTER_INTERVAL).await;
            }
            cluster
        });
        let asked = paced.map(|cluster| ask(cluster));
        asked.buffered(CLUSTERS_AT_ONCE).collect().await
    }

    /// Finds an EC2 instance in one cluster. Of several registrations the one that is not on its way out counts.
    pub async fn locate_in(
        &self,
        cluster: &ClusterName,
        instance: &InstanceId,
    ) -> Seen<ContainerInstanceArn> {
        match self.unless_gone(cluster, self.aws.find_instance(cluster, instance).await) {
            Err(failure) => Seen::Unknown(failure.to_string()),
            Ok(arns) if arns.len() > 1 => self.newest(cluster, &arns).await,
            Ok(arns) => arns.into_iter().next().map_or(Seen::Absent, Seen::Yes),
        }
    }

    /// A cluster that ECS does not know has no container instances: that is an answer, and worth a warning.
    pub(crate) fn unless_gone<T: Default>(
        &self,
        cluster: &ClusterName,
        answer: Result<T, Failure>,
    ) -> Result<T, Failure> {
        let gone = |failure: &Failure| failure.kind == Kind::NotFound;
        if !answer.as_ref().is_err_and(gone) {
            return answer;
        }
        if self.memory.edges.learn_gone(cluster, self.now()) {
            let reason = format!("there is no cluster {cluster}: it has no container instances");
            self.ignored(Level::Warn, "cluster", &reason);
        }
        Ok(T::default())
    }

    async fn newest(
        &self,
        cluster: &ClusterName,
        arns: &[ContainerInstanceArn],
    ) -> Seen<ContainerInstanceArn> {
        let found = match self.describe(cluster, arns).await {
            Err(failure) => return Seen::Unknown(failure.to_string()),
            Ok(found) => found.into_iter().map(|found| found.container_instance),
        };
        let best = found.max_by_key(|found| (found.agent_connected, found.status == InstanceStatus::Active));
        best.map_or(Seen::Absent, |found| Seen::Yes(found.arn))
    }

    /// The clusters that are watched.
    pub async fn clusters(&self) -> Result<Vec<ClusterName>, Failure> {
        self.known_clusters().await.map(|(clusters, _)| clusters)
    }

    /// The same, and whether they were only remembered.
    async fn known_clusters(&self) -> Result<(Vec<ClusterName>, bool), Failure> {
        if !self.policy.clusters.is_empty() {
            return Ok((self.policy.clusters.clone(), false));
        }
        match self.memory.clusters(self.now()) {
            Some(clusters) => Ok((clusters, true)),
            None => Ok((self.find_clusters().await?, false)),
        }
    }

    /// Every cluster of the account, but for those that have no container instances if they are many.
    async fn find_clusters(&self) -> Result<Vec<ClusterName>, Failure> {
        let mut clusters = self.aws.list_clusters().await?;
        if clusters.len() >= CLUSTERS_MANY {
            let mut empty = BTreeSet::new();
            for some in clusters.chunks(DESCRIBE_CLUSTERS_MAX) {
                // What is not known to be empty is asked.
                empty.extend(self.aws.empty_clusters(some).await.unwrap_or_default());
            }
            clusters.retain(|cluster| !empty.contains(cluster));
        }
        self.memory.learn_clusters(clusters.clone(), self.now());
        Ok(clusters)
    }
}
