//! Looking at one instance. Every failure makes a part of the observation unknown, never smaller.

use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;
use protector_core::ids::{ClusterName, ContainerInstanceArn, InstanceId, InstanceKey, ServiceName};
use protector_core::observation::{
    ContainerInstance, Hook, InstanceStatus, Observation, Scheduling, Seen, Stored, Task, TaskGroup,
};

use crate::aws::{Failure, ListedTask};
use crate::coordinator::Coordinator;

/// An instance to look at, and what its trigger says of it.
#[derive(Debug, Clone)]
pub struct Subject {
    /// Which instance.
    pub key: InstanceKey,
    /// Its present name in the cluster.
    pub arn: Seen<ContainerInstanceArn>,
    /// The hook that waits for it.
    pub hook: Hook,
    /// When EC2 said, by this run's event, that it takes the instance back.
    pub spot: Option<Timestamp>,
}

impl Subject {
    /// An instance under its present name, of which its trigger says nothing else.
    pub fn new(key: InstanceKey, arn: Seen<ContainerInstanceArn>) -> Subject {
        Subject {
            key,
            arn,
            hook: Hook::None,
            spot: None,
        }
    }
}

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
    /// Looks at everything: first the record, then ECS, so that the record never knows more than the tasks show.
    pub async fn observe(&self, subject: &Subject) -> Observation {
        let at = self.now();
        let record = self.read_record(&subject.key).await;
        let instance = match self.see_instance(&subject.key, &subject.arn).await {
            Seen::Absent => self.second_sight(subject, &record).await,
            seen => seen,
        };
        let tasks = match instance.as_yes() {
            Some(seen) => self.see_tasks(&subject.key.cluster, &seen.arn).await,
            None => Seen::Absent,
        };
        Observation {
            key: subject.key.clone(),
            at,
            record,
            instance,
            tasks,
            hook: subject.hook.clone(),
        }
    }

    pub(crate) async fn read_record(&self, key: &InstanceKey) -> Seen<Stored> {
        self.aws.get_parameter(&self.policy.prefix.record_name(key)).await
    }

    /// An instance is gone only if two different questions say so: the listing by EC2 id, and the description of the
    /// container instance that the record names. Events of an earlier registration come late, and listings lag.
    async fn second_sight(&self, subject: &Subject, record: &Seen<Stored>) -> Seen<ContainerInstance> {
        let key = &subject.key;
        let known = record.as_yes().and_then(|stored| stored.record.as_ref().ok());
        let known = known.map(|record| Seen::Yes(record.container_instance_arn.clone()));
        let other = match subject.arn {
            Seen::Absent => known.unwrap_or(Seen::Absent),
            Seen::Yes(_) | Seen::Unknown(_) => self.locate_in(&key.cluster, &key.instance).await,
        };
        match self.see_instance(key, &other).await {
            Seen::Yes(instance) if instance.status == InstanceStatus::Inactive => Seen::Absent,
            seen => seen,
        }
    }

    async fn see_instance(
        &self,
        key: &InstanceKey,
        arn: &Seen<ContainerInstanceArn>,
    ) -> Seen<ContainerInstance> {
        let arn = match arn {
            Seen::Absent => return Seen::Absent,
            Seen::Unknown(why) => return Seen::Unknown(why.clone()),
            Seen::Yes(arn) => arn,
        };
        match self
            .aws
            .describe_instances(&key.cluster, std::slice::from_ref(arn))
            .await
        {
            Err(failure) => Seen::Unknown(failure.to_string()),
            Ok(found) => found
                .into_iter()
                .next()
                .map_or(Seen::Absent, |found| Seen::Yes(found.container_instance)),
        }
    }

    async fn see_tasks(&self, cluster: &ClusterName, arn: &ContainerInstanceArn) -> Seen<Vec<Task>> {
        match self.try_tasks(cluster, arn).await {
            Ok(tasks) => Seen::Yes(tasks),
            Err(failure) => Seen::Unknown(failure.to_string()),
        }
    }

    async fn try_tasks(
        &self,
        cluster: &ClusterName,
        arn: &ContainerInstanceArn,
    ) -> Result<Vec<Task>, Failure> {
        let arns: Vec<_> = self.aws.list_tasks(cluster, arn).await?.into_iter().collect();
        let listed = self.aws.describe_tasks(cluster, &arns).await?;
        let schedulings = self.schedulings(cluster, &listed).await?;
        Ok(listed
            .into_iter()
            .map(|task| scheduled(task, &schedulings))
            .collect())
    }

    /// How the services of the living tasks schedule: remembered, or asked.
    async fn schedulings(
        &self,
        cluster: &ClusterName,
        tasks: &[ListedTask],
    ) -> Result<HashMap<ServiceName, Scheduling>, Failure> {
        let now = self.now();
        let living = tasks.iter().filter(|task| !task.last_status.is_final());
        let services: BTreeSet<ServiceName> = living.filter_map(service).cloned().collect();
        let known =
            |service: &ServiceName| Some((service.clone(), self.memory.scheduling(cluster, service, now)?));
        let mut schedulings: HashMap<_, _> = services.iter().filter_map(known).collect();
        let asked: Vec<ServiceName> = services
            .into_iter()
            .filter(|s| !schedulings.contains_key(s))
            .collect();
        for (service, scheduling) in self.aws.describe_services(cluster, &asked).await? {
            self.memory.learn_scheduling(cluster, &service, scheduling, now);
            schedulings.insert(service, scheduling);
        }
        Ok(schedulings)
    }

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
        match self.aws.find_instance(cluster, instance).await {
            Err(failure) => Seen::Unknown(failure.to_string()),
            Ok(arns) if arns.len() > 1 => self.newest(cluster, &arns).await,
            Ok(arns) => arns.into_iter().next().map_or(Seen::Absent, Seen::Yes),
        }
    }

    async fn newest(
        &self,
        cluster: &ClusterName,
        arns: &[ContainerInstanceArn],
    ) -> Seen<ContainerInstanceArn> {
        let found = match self.aws.describe_instances(cluster, arns).await {
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

fn service(task: &ListedTask) -> Option<&ServiceName> {
    match &task.group {
        Some(TaskGroup::Service(service)) => Some(service),
        Some(TaskGroup::Other(_)) | None => None,
    }
}

fn scheduled(task: ListedTask, schedulings: &HashMap<ServiceName, Scheduling>) -> Task {
    let scheduling = match &task.group {
        Some(TaskGroup::Service(service)) => schedulings.get(service).copied().unwrap_or(Scheduling::Unknown),
        Some(TaskGroup::Other(_)) => Scheduling::Standalone,
        None => Scheduling::Unknown,
    };
    Task {
        arn: task.arn,
        group: task.group,
        last_status: task.last_status,
        stopping: task.stopping,
        scheduling,
        containers: task.containers,
    }
}
