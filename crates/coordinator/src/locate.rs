//! Finding an EC2 instance: in which cluster is it, and under which name?

use protector_core::ids::{ClusterName, ContainerInstanceArn, InstanceId, InstanceKey};

use crate::aws::Failure;
use crate::coordinator::Coordinator;

/// Where an EC2 instance is registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In these clusters: at least one, and nearly always no other.
    In(Vec<Home>),
    /// In no cluster of ours: each of them said so.
    Nowhere,
    /// Not every cluster could be asked.
    Unknown(String),
}

/// A cluster in which an EC2 instance is registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    /// The instance in this cluster.
    pub key: InstanceKey,
    /// All its registrations there.
    pub registrations: Vec<ContainerInstanceArn>,
}

impl Coordinator {
    /// Finds an EC2 instance in the clusters of ours.
    pub async fn locate(&self, instance: &InstanceId) -> Place {
        let clusters = match self.clusters().await {
            Ok(clusters) => clusters,
            Err(failure) => return Place::Unknown(failure.to_string()),
        };
        let (mut homes, mut problem) = (Vec::new(), None);
        for cluster in clusters {
            match self.locate_in(&cluster, instance).await {
                Ok(registrations) if registrations.is_empty() => {}
                Ok(registrations) => {
                    let instance = instance.clone();
                    let key = InstanceKey { cluster, instance };
                    homes.push(Home { key, registrations });
                }
                Err(why) => problem = Some(why),
            }
        }
        match (homes.is_empty(), problem) {
            (false, _) => Place::In(self.living(homes).await),
            (true, None) => Place::Nowhere,
            (true, Some(why)) => Place::Unknown(why),
        }
    }

    /// All registrations of an EC2 instance in one cluster.
    ///
    /// # Errors
    /// The cluster could not be asked.
    pub async fn locate_in(
        &self,
        cluster: &ClusterName,
        instance: &InstanceId,
    ) -> Result<Vec<ContainerInstanceArn>, String> {
        let found = self.aws.find_instance(cluster, instance).await;
        found.map_err(|failure| failure.to_string())
    }

    /// Of several clusters those that count: in which an agent is connected, or, if that is nowhere so at the moment, all of
    /// them. A machine has one agent, which is in one cluster; what it left behind in another one speaks for nobody.
    async fn living(&self, homes: Vec<Home>) -> Vec<Home> {
        if homes.len() == 1 {
            return homes;
        }
        let mut connected = Vec::new();
        for home in &homes {
            let answer = self
                .aws
                .describe_instances(&home.key.cluster, &home.registrations)
                .await;
            if answer.is_ok_and(|found| found.iter().any(|one| one.container_instance.agent_connected)) {
                connected.push(home.clone());
            }
        }
        if connected.is_empty() { homes } else { connected }
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
