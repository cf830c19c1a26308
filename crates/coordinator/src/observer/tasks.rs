//! The tasks of instances, with what is known of their services.

use std::collections::{BTreeMap, BTreeSet};

use protector_core::aws::{Scheduling, TaskGroup};
use protector_core::ids::{
    ClusterName, ContainerInstanceArn, ContainerName, InstanceKey, ServiceName, TaskArn,
};
use protector_core::limits::DESCRIBE_MAX;
use protector_core::observation::{Observed, Registrations, Stored, Task};
use protector_core::policy::Policy;
use protector_core::record::Record;

use crate::aws::{Aws, AwsError, ErrorKind, ListedTask, NotOurs, each_until_throttled};
use crate::cache::Cache;
use crate::context::RunContext;

use super::clusters::note_foreign;

/// A task, and the registration that it is on.
pub(super) type Placed = (ContainerInstanceArn, Task);

/// An instance to survey: in a cluster, with these registrations.
pub(super) type SurveySubject = (InstanceKey, Vec<ContainerInstanceArn>);

/// The tasks of many instances.
pub(super) struct TasksOfMany {
    /// By instance; one without tasks is left out.
    pub(super) tasks: BTreeMap<InstanceKey, Vec<Placed>>,
    /// Instances whose tasks could not be listed, and why.
    pub(super) unlisted: BTreeMap<InstanceKey, AwsError>,
}

/// Reads the tasks of instances.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tasks<'r> {
    pub(super) aws: &'r Aws,
    pub(super) cache: &'r Cache,
    pub(super) policy: &'r Policy,
    pub(super) run: &'r RunContext,
}

impl Tasks<'_> {
    pub(super) async fn of_one(
        &self,
        cluster: &ClusterName,
        instance: &Registrations,
        record: &Observed<Stored>,
    ) -> Observed<Vec<Task>> {
        match self.try_tasks(cluster, instance).await {
            Ok(tasks) => {
                let record = record.readable();
                let due = record.is_some_and(|record| self.asks_for_protection(record));
                Observed::Present(self.with_protection(cluster, tasks, due).await)
            }
            Err(failure) => Observed::Unknown(failure.to_string()),
        }
    }

    /// The tasks of all registrations.
    async fn try_tasks(
        &self,
        cluster: &ClusterName,
        instance: &Registrations,
    ) -> Result<Vec<Task>, AwsError> {
        let (mut arns, mut unreachable) = (BTreeSet::new(), BTreeSet::new());
        for one in instance.with_tasks() {
            let listed = self.aws.list_tasks(cluster, Some(&one.arn)).await?;
            if !one.agent_connected {
                unreachable.extend(listed.iter().cloned());
            }
            arns.extend(listed);
        }
        let arns: Vec<TaskArn> = arns.into_iter().collect();
        let listed = self.aws.describe_tasks(cluster, &arns).await?;
        let mut tasks = self.scheduled(cluster, listed).await?;
        for task in &mut tasks {
            task.agent_connected = !unreachable.contains(&task.arn);
        }
        Ok(tasks)
    }

    /// Tasks with what is known of their services: remembered, or asked. A task that has ended, or has a sidecar, is
    /// judged without it. A group that names a service is believed only of a task that a service has started, and only
    /// if the service is not younger than the task: otherwise the service that has this name now is another one.
    pub(crate) async fn scheduled(
        &self,
        cluster: &ClusterName,
        listed: Vec<ListedTask>,
    ) -> Result<Vec<Task>, AwsError> {
        let now = self.run.now();
        // They show which container instances ECS keeps by itself.
        for managed in listed.iter().filter(|task| task.managed) {
            if let Some(arn) = &managed.container_instance {
                note_foreign(self.cache, self.run, cluster, arn, NotOurs::Managed);
            }
        }
        let unknown: Vec<(&ListedTask, ServiceName)> = listed
            .iter()
            .filter(|task| task.by_service && !task.last_status.is_final())
            .filter(|task| !has_container(task, &self.policy.sidecar_container))
            .filter(|task| self.cache.scheduling(&task.arn, now).is_none())
            .filter_map(|task| Some((task, task.group.as_ref()?.service()?.clone())))
            .collect();
        let services: BTreeSet<ServiceName> = unknown.iter().map(|(_, service)| service.clone()).collect();
        let services: Vec<ServiceName> = services.into_iter().collect();
        let answers = self.aws.describe_services(cluster, &services).await?;
        for (task, service) in unknown {
            if let Some(service) = answers.get(&service) {
                let scheduling = service.of_task(task.created_at);
                self.cache.insert_scheduling(&task.arn, scheduling, now);
            }
        }
        let known = |task: &ListedTask| self.cache.scheduling(&task.arn, now);
        Ok(listed
            .into_iter()
            .map(|task| {
                let scheduling = known(&task);
                let unprotected_before = self.cache.protection.of(&task.arn);
                Task {
                    unprotected_before,
                    ..scheduled(task, scheduling)
                }
            })
            .collect())
    }

    /// Returns whether it is time to ask for task scale-in protection.
    pub(crate) fn asks_for_protection(&self, record: &Record) -> bool {
        let confirmed = record.draining_confirmed_at.filter(|_| !record.is_released());
        confirmed.is_some_and(|since| self.run.now().duration_since(since) >= self.policy.settle)
    }

    /// Service tasks that are still to run when the settle window is over are asked for task scale-in protection, since
    /// the service scheduler stops tasks within seconds if nothing keeps it from it. So a person can see that it is
    /// what holds; it decides nothing, and a failure is none.
    pub(crate) async fn with_protection(
        &self,
        cluster: &ClusterName,
        mut tasks: Vec<Task>,
        due: bool,
    ) -> Vec<Task> {
        let stays = |task: &&Task| task.scheduling == Scheduling::Replica && !task.stopping;
        let asked: Vec<TaskArn> = tasks.iter().filter(stays).map(|task| task.arn.clone()).collect();
        if !due || asked.is_empty() {
            return tasks;
        }
        let protected = self
            .aws
            .task_protection(cluster, &asked)
            .await
            .unwrap_or_default();
        for task in &mut tasks {
            task.protected_until = protected.get(&task.arn).copied();
        }
        tasks
    }

    /// The tasks of many instances, each with its registration: listed one by one, or swept over the whole cluster,
    /// whatever takes fewer calls.
    pub(super) async fn of_many(
        &self,
        cluster: &ClusterName,
        instances: &[SurveySubject],
    ) -> Result<TasksOfMany, AwsError> {
        let owners: BTreeMap<&ContainerInstanceArn, &InstanceKey> = instances
            .iter()
            .flat_map(|(key, arns)| arns.iter().map(move |arn| (arn, key)))
            .collect();
        let swept = match self.sweeps(cluster, owners.len()).await? {
            true => self.sweep(cluster).await?,
            false => None,
        };
        let mut unlisted = BTreeMap::new();
        let listed = match swept {
            Some(listed) => listed,
            None => {
                let list = async |arn: &ContainerInstanceArn| self.aws.list_tasks(cluster, Some(arn)).await;
                let mut arns = BTreeSet::new();
                for (arn, answer) in each_until_throttled(owners.keys().copied(), list).await {
                    match answer {
                        Ok(tasks) => arns.extend(tasks),
                        Err(failure) => unlisted.extend(owners.get(arn).map(|key| ((*key).clone(), failure))),
                    }
                }
                let arns: Vec<TaskArn> = arns.into_iter().collect();
                self.aws.describe_tasks(cluster, &arns).await?
            }
        };
        let place = |task: &ListedTask| {
            let arn = task.container_instance.clone()?;
            owners.contains_key(&arn).then(|| (task.arn.clone(), arn))
        };
        let places: BTreeMap<TaskArn, ContainerInstanceArn> = listed.iter().filter_map(place).collect();
        let theirs = listed.into_iter().filter(|task| places.contains_key(&task.arn));
        let tasks = self.scheduled(cluster, theirs.collect()).await?;
        let asked = |task: &Task| {
            let owner = places.get(&task.arn).and_then(|arn| owners.get(arn));
            let stored = owner.and_then(|key| self.cache.store.known(key));
            let record = stored.as_ref().and_then(|stored| stored.readable());
            record.is_some_and(|record| self.asks_for_protection(record))
        };
        let (asked, rest): (Vec<Task>, Vec<Task>) = tasks.into_iter().partition(asked);
        let asked = self.with_protection(cluster, asked, true).await;
        let mut by_instance: BTreeMap<InstanceKey, Vec<Placed>> = BTreeMap::new();
        for task in asked.into_iter().chain(rest) {
            if let Some(arn) = places.get(&task.arn)
                && let Some(key) = owners.get(arn)
            {
                let own = by_instance.entry((*key).clone()).or_default();
                own.push((arn.clone(), task));
            }
        }
        Ok(TasksOfMany {
            tasks: by_instance,
            unlisted,
        })
    }

    /// Returns whether a sweep over all tasks of the cluster takes fewer calls than a request for each of so many
    /// instances.
    async fn sweeps(&self, cluster: &ClusterName, instances: usize) -> Result<bool, AwsError> {
        let tasks = match self.cache.task_count(cluster) {
            Some(tasks) => tasks,
            None => match self.aws.count_tasks(cluster).await {
                Err(failure) if failure.kind == ErrorKind::Throttled => return Err(failure),
                counted => counted.unwrap_or(usize::MAX),
            },
        };
        let pages = tasks.div_ceil(DESCRIBE_MAX).max(1);
        // Both statuses are listed, and all that is listed is described.
        Ok(2 * instances > pages.saturating_mul(2).saturating_add(1))
    }

    /// Nothing if the role may list tasks by instance alone: then they are listed so from now on.
    async fn sweep(&self, cluster: &ClusterName) -> Result<Option<Vec<ListedTask>>, AwsError> {
        let listed = match self.aws.list_tasks(cluster, None).await {
            Err(failure) if failure.kind == ErrorKind::Denied => {
                self.cache.insert_task_count(cluster, usize::MAX);
                return Ok(None);
            }
            listed => listed?,
        };
        let arns: Vec<TaskArn> = listed.into_iter().collect();
        self.cache.insert_task_count(cluster, arns.len());
        self.aws.describe_tasks(cluster, &arns).await.map(Some)
    }
}

fn has_container(task: &ListedTask, name: &ContainerName) -> bool {
    task.containers.iter().any(|container| container.name == *name)
}

pub(crate) fn scheduled(task: ListedTask, known: Option<Scheduling>) -> Task {
    let scheduling = match &task.group {
        Some(TaskGroup::Service(_)) | None => known.unwrap_or(Scheduling::Unknown),
        Some(TaskGroup::Other(_)) => Scheduling::Standalone,
    };
    Task {
        arn: task.arn,
        group: task.group,
        last_status: task.last_status,
        stopping: task.stopping,
        agent_connected: !task.disconnected,
        scheduling,
        containers: task.containers,
        unprotected_before: None,
        execution_stopped_at: task.execution_stopped_at,
        stopped_at: task.stopped_at,
        protected_until: None,
    }
}
