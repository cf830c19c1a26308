//! Finding an EC2 instance: in which cluster is it, and under which name?

use protector_core::ids::{ClusterName, ContainerInstanceArn, InstanceId, InstanceKey};
use protector_core::observation::{InstanceStatus, Seen};

use crate::aws::{Failure, Kind};
use crate::coordinator::Coordinator;
use crate::say::Level;

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
    /// Finds an EC2 instance in the clusters of ours.
    pub async fn locate(&self, instance: &InstanceId) -> Place {
        let clusters = match self.clusters().await {
            Ok(clusters) => clusters,
            Err(failure) => return Place::Unknown(failure.to_string()),
        };
        let mut problem = None;
        for cluster in clusters {
            match self.locate_in(&cluster, instance).await {
                Seen::Yes(arn) => {
                    return Place::In(
                        InstanceKey {
                            cluster,
                            instance: instance.clone(),
                        },
                        arn,
                    );
                }
                Seen::Absent => {}
                Seen::Unknown(why) => problem = Some(why),
            }
        }
        problem.map_or(Place::Nowhere, Place::Unknown)
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
        if !self.policy.clusters.is_empty() {
            return Ok(self.policy.clusters.clone());
        }
        if let Some(clusters) = self.memory.clusters(self.now()) {
            return Ok(clusters);
        }
        let clusters = self.aws.list_clusters().await?;
        self.memory.learn_clusters(clusters.clone(), self.now());
        Ok(clusters)
    }
}
