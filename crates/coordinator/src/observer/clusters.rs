//! The clusters that are watched, and where in them an EC2 instance is registered.

mod describe;

pub(in crate::observer) use describe::note_foreign;

use std::collections::BTreeSet;

use futures_util::{StreamExt, stream};
use protector_core::ids::{ClusterName, ContainerInstanceArn, InstanceId, InstanceKey};
use protector_core::limits::DESCRIBE_CLUSTERS_MAX;
use protector_core::limits::coordinator::{
    CLUSTER_INTERVAL, CLUSTERS_AT_ONCE, CLUSTERS_IN_A_BURST, CLUSTERS_MANY,
};
use protector_core::policy::Policy;
use protector_core::sweep::Draining;

use crate::aws::{Aws, AwsError, ErrorKind};
use crate::cache::Cache;
use crate::context::RunContext;
use crate::log_line::IgnoredTrigger;
use crate::logging::Level;

use super::place::{Home, Place, Whereabouts};

/// Asks the clusters that are watched for their container instances.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clusters<'r> {
    pub(super) aws: &'r Aws,
    pub(super) cache: &'r Cache,
    pub(super) policy: &'r Policy,
    pub(super) run: &'r RunContext,
}

/// What some clusters have answered about an instance.
#[derive(Default)]
struct Located {
    homes: Vec<Home>,
    unasked: Vec<ClusterName>,
    /// Why a cluster could not be asked.
    problem: Option<String>,
}

impl Located {
    /// Returns whether every cluster was asked, and the instance is in none of them.
    fn is_nowhere(&self) -> bool {
        self.homes.is_empty() && self.problem.is_none()
    }
}

impl Clusters<'_> {
    /// Finds an EC2 instance in the clusters of ours. What was remembered of them cannot say that it is in none.
    pub(crate) async fn locate(&self, instance: &InstanceId) -> Place {
        let (clusters, remembered) = match self.known_clusters().await {
            Ok(known) => known,
            Err(failure) => return Place::Unknown(failure.to_string()),
        };
        let found = self.locate_among(&clusters, instance).await;
        if !remembered || !found.is_nowhere() {
            return self.place(found).await;
        }
        match self.find_clusters().await {
            Err(failure) => Place::Unknown(failure.to_string()),
            Ok(mut others) => {
                others.retain(|cluster| !clusters.contains(cluster));
                let found = self.locate_among(&others, instance).await;
                self.place(found).await
            }
        }
    }

    async fn place(&self, found: Located) -> Place {
        match (found.homes.is_empty(), found.problem) {
            (true, None) => Place::Nowhere,
            (true, Some(why)) => Place::Unknown(why),
            (false, _) => Place::In(self.living(found.homes, found.unasked).await),
        }
    }

    /// Where the instance is registered, and which clusters could not be asked.
    async fn locate_among(&self, clusters: &[ClusterName], instance: &InstanceId) -> Located {
        let asked = self.ask_each(clusters, async |cluster| self.locate_in(cluster, instance).await);
        let mut located = Located::default();
        for (cluster, found) in clusters.iter().zip(asked.await) {
            match found {
                Ok(registrations) if registrations.is_empty() => {}
                Ok(registrations) => {
                    let (cluster, instance) = (cluster.clone(), instance.clone());
                    let key = InstanceKey { cluster, instance };
                    located.homes.push(Home { key, registrations });
                }
                Err(why) => {
                    located.unasked.push(cluster.clone());
                    located.problem = Some(why);
                }
            }
        }
        located
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

    /// All registrations of an EC2 instance in one cluster.
    pub(crate) async fn locate_in(
        &self,
        cluster: &ClusterName,
        instance: &InstanceId,
    ) -> Result<Vec<ContainerInstanceArn>, String> {
        let found = self.unless_gone(cluster, self.aws.find_instance(cluster, instance).await);
        found.map_err(|failure| failure.to_string())
    }

    /// Of several clusters those that count: in which an agent is connected, or, if that is nowhere so at the moment,
    /// all of them. A machine has one agent, which is in one cluster; a registration that it left behind in another
    /// cluster does not count.
    async fn living(&self, homes: Vec<Home>, unasked: Vec<ClusterName>) -> Whereabouts {
        if homes.len() == 1 && unasked.is_empty() {
            return Whereabouts { homes, unasked };
        }
        let mut connected = Vec::new();
        for home in &homes {
            let answer = self.describe(&home.key.cluster, &home.registrations).await;
            if answer.is_ok_and(|found| found.iter().any(|one| one.container_instance.agent_connected)) {
                connected.push(home.clone());
            }
        }
        match connected.is_empty() {
            true => Whereabouts { homes, unasked },
            false => Whereabouts {
                homes: connected,
                unasked: Vec::new(),
            },
        }
    }

    /// A cluster that ECS does not know has no container instances: that is an answer, and worth a warning.
    pub(crate) fn unless_gone<T: Default>(
        &self,
        cluster: &ClusterName,
        answer: Result<T, AwsError>,
    ) -> Result<T, AwsError> {
        let gone = |failure: &AwsError| failure.kind == ErrorKind::NotFound;
        if !answer.as_ref().is_err_and(gone) {
            return answer;
        }
        if self.cache.foreign.insert_gone(cluster, self.run.now()) {
            let reason = format!("the cluster {cluster} does not exist, so it has no container instances");
            self.run.ignored(Level::Warn, IgnoredTrigger::Cluster, &reason);
        }
        Ok(T::default())
    }

    pub(crate) async fn watched(&self) -> Result<Vec<ClusterName>, AwsError> {
        self.known_clusters().await.map(|(clusters, _)| clusters)
    }

    /// The same, and whether they were only remembered.
    async fn known_clusters(&self) -> Result<(Vec<ClusterName>, bool), AwsError> {
        if !self.policy.clusters.is_empty() {
            return Ok((self.policy.clusters.clone(), false));
        }
        match self.cache.clusters(self.run.now()) {
            Some(clusters) => Ok((clusters, true)),
            None => Ok((self.find_clusters().await?, false)),
        }
    }

    /// Every cluster of the account, but for those that have no container instances if they are many.
    async fn find_clusters(&self) -> Result<Vec<ClusterName>, AwsError> {
        let mut clusters = self.aws.list_clusters().await?;
        if clusters.len() >= CLUSTERS_MANY {
            let mut empty = BTreeSet::new();
            for some in clusters.chunks(DESCRIBE_CLUSTERS_MAX) {
                // What is not known to be empty is asked.
                empty.extend(self.aws.empty_clusters(some).await.unwrap_or_default());
            }
            clusters.retain(|cluster| !empty.contains(cluster));
        }
        self.cache.insert_clusters(clusters.clone(), self.run.now());
        Ok(clusters)
    }

    /// DRAINING instances of every cluster, and what could not be found out: one bad cluster hides none of the others.
    pub(crate) async fn draining(&self) -> (Draining, Vec<AwsError>) {
        let clusters = match self.watched().await {
            Ok(clusters) => clusters,
            Err(failure) => return (Draining::new(), vec![failure]),
        };
        let asked = self.ask_each(&clusters, async |cluster| {
            self.unless_gone(cluster, self.aws.list_draining(cluster).await)
        });
        let answers = asked.await;
        let (mut draining, mut failures) = (Draining::new(), Vec::new());
        for (cluster, answer) in clusters.into_iter().zip(answers) {
            match answer {
                Ok(arns) => {
                    self.cache.listed(&cluster, &arns, self.run.now());
                    self.cache.finished.listed(&cluster, &arns);
                    draining.insert(cluster, arns.into_iter().collect());
                }
                Err(failure) => failures.push(failure),
            }
        }
        (draining, failures)
    }
}
