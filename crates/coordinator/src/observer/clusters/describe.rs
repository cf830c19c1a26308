//! Container instances of ours: described, and separated from those that are not ours.

use std::collections::HashMap;

use protector_core::ids::{ClusterName, ContainerInstanceArn};
use protector_core::trigger::TriggerKind;

use crate::aws::{AwsError, Described, ErrorKind, Instances, MANAGED_INSTANCES, NotOurs};
use crate::cache::{Cache, ProviderKind};
use crate::context::RunContext;
use crate::logging::Level;

use super::Clusters;

impl Clusters<'_> {
    /// Container instances on EC2 instances, all of them or none. Those that are not ours are left out, and logged
    /// once.
    pub(crate) async fn describe(
        &self,
        cluster: &ClusterName,
        arns: &[ContainerInstanceArn],
    ) -> Result<Vec<Described>, AwsError> {
        let (described, unclear) = self.describe_each(cluster, arns).await?;
        match unclear.is_empty() {
            true => Ok(described),
            false => Err(AwsError {
                operation: "DescribeContainerInstances",
                kind: ErrorKind::Incomplete,
                message: unclear.join(", "),
            }),
        }
    }

    /// The same, and the container instances of which ECS gave no answer.
    pub(crate) async fn describe_each(
        &self,
        cluster: &ClusterName,
        arns: &[ContainerInstanceArn],
    ) -> Result<(Vec<Described>, Vec<String>), AwsError> {
        let edges = &self.cache.foreign;
        let unknown = arns.iter().filter(|arn| !edges.is_foreign(arn));
        let asked: Vec<ContainerInstanceArn> = unknown.cloned().collect();
        let answer = self.aws.describe_instances(cluster, &asked).await;
        let mut found = self.unless_gone(cluster, answer)?;
        self.remove_managed(cluster, &mut found).await;
        for (arn, why) in &found.foreign {
            note_foreign(self.cache, self.run, cluster, arn, *why);
        }
        Ok((found.described, found.unclear))
    }

    /// The type of its capacity provider identifies an instance of ECS Managed Instances. The tasks on it do so too.
    async fn remove_managed(&self, cluster: &ClusterName, found: &mut Instances) {
        self.insert_providers(cluster, found).await;
        let (edges, now) = (&self.cache.foreign, self.run.now());
        let provided = found.providers.iter();
        let managed: Vec<ContainerInstanceArn> = provided
            .filter(|(arn, provider)| edges.provider_of(cluster, arn, provider, now) == ProviderKind::Managed)
            .map(|(arn, _)| arn.clone())
            .collect();
        found
            .described
            .retain(|described| !managed.contains(&described.container_instance.arn));
        let managed = managed.into_iter().map(|arn| (arn, NotOurs::Managed));
        found.foreign.extend(managed);
    }

    /// Asks for the types of capacity providers that are not known. As long as one stays unknown the instance counts as
    /// ours, unless its tasks say otherwise: holding is the safe side, and the failure is counted.
    async fn insert_providers(&self, cluster: &ClusterName, found: &Instances) {
        let (edges, now) = (&self.cache.foreign, self.run.now());
        let mut names: Vec<String> = found.providers.values().cloned().collect();
        names.retain(|name| edges.is_managed(cluster, name, now).is_none());
        names.sort();
        names.dedup();
        if names.is_empty() {
            return;
        }
        let types = self.aws.provider_types(cluster, &names).await;
        // A role that may not ask will not be answered soon either.
        let types = match types {
            Err(failure) if failure.kind == ErrorKind::Denied => Some(HashMap::new()),
            types => types.ok(),
        };
        for name in names {
            let kind = match types.as_ref().map(|types| types.get(&name)) {
                None => ProviderKind::Unanswered,
                Some(None) => ProviderKind::AssumedOurs,
                Some(Some(kind)) if kind == MANAGED_INSTANCES => ProviderKind::Managed,
                Some(Some(_)) => ProviderKind::Ours,
            };
            edges.insert_provider(cluster, &name, kind, now);
        }
    }
}

/// Remembers a container instance that is not ours, and logs it once.
pub(in crate::observer) fn note_foreign(
    cache: &Cache,
    run: &RunContext,
    cluster: &ClusterName,
    arn: &ContainerInstanceArn,
    why: NotOurs,
) {
    if cache.foreign.insert_foreign(arn, run.now()) {
        let message = format!("the container instance {arn} of cluster {cluster} is not served: {why}");
        run.ignored(Level::Info, TriggerKind::Instance, &message);
    }
}
