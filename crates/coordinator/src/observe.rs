//! Looking at one instance. Every failure makes a part of the observation unknown, never smaller.

use std::collections::BTreeSet;

use protector_core::aws::{InstanceStatus, Scheduling, TaskGroup};
use protector_core::ids::{ClusterName, ContainerInstanceArn, ContainerName, ServiceName, TaskArn};
use protector_core::observation::{ContainerInstance, Observation, Observed, Registrations, Stored, Task};
use protector_core::record::Record;

use crate::aws::{AwsError, ListedTask};
use crate::coordinator::Coordinator;
use crate::subject::{Registered, Subject};

impl Coordinator {
    /// Looks at everything: first the record, then ECS, so that the record never knows more than the tasks show.
    pub async fn observe(&self, subject: &Subject) -> Observation {
        let shown = &subject.shown;
        let at = shown.at.unwrap_or_else(|| self.now());
        let record = match &shown.record {
            Some(record) => record.clone(),
            None => self.read_record(&subject.key, subject.arns()).await,
        };
        let instance = self.see_registrations(subject, record.readable()).await;
        let tasks = match (instance.as_yes(), &shown.tasks) {
            (None, _) => Observed::Absent,
            (Some(instance), _) if shown.flushed && is_drained(&record, instance) => {
                Observed::Present(Vec::new())
            }
            (Some(_), Some(tasks)) => tasks.clone(),
            (Some(instance), None) => self.see_tasks(&subject.key.cluster, instance, &record).await,
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

    /// All registrations of the instance. Those that the trigger and the record name are described; unless they show a
    /// drain that goes its usual way, ECS is asked for others too. So an instance is gone only if two different
    /// questions say so: events of an earlier registration come late, and listings lag.
    async fn see_registrations(&self, subject: &Subject, record: Option<&Record>) -> Observed<Registrations> {
        let (complete, named) = match &subject.registered {
            Registered::All(arns) => (true, arns),
            Registered::Some(arns) => (false, arns),
        };
        let recorded = record.into_iter().flat_map(Record::registrations);
        let arns: BTreeSet<ContainerInstanceArn> = named.iter().chain(recorded).cloned().collect();
        let seen = self
            .describe_more(subject, subject.shown.instances.clone(), &arns)
            .await;
        let seen = match seen {
            Ok(seen) if !complete && !is_as_recorded(&seen, record) => {
                self.describe_others(subject, seen).await
            }
            seen => seen,
        };
        match seen {
            Err(why) => Observed::Unknown(why),
            Ok(mut seen) => {
                let inactive = |one: &ContainerInstance| one.status == InstanceStatus::Inactive;
                seen.retain(|one| !inactive(one));
                let recorded = record.map(|record| &record.container_instance_arn);
                Registrations::of(seen, recorded).map_or(Observed::Absent, Observed::Present)
            }
        }
    }

    async fn describe_others(
        &self,
        subject: &Subject,
        seen: Vec<ContainerInstance>,
    ) -> Result<Vec<ContainerInstance>, String> {
        match self.locate_in(&subject.key.cluster, &subject.key.instance).await {
            Ok(arns) => {
                self.describe_more(subject, seen, &arns.into_iter().collect())
                    .await
            }
            Err(why) => Err(why),
        }
    }

    /// What was seen, and those of `arns` that were not.
    async fn describe_more(
        &self,
        subject: &Subject,
        mut seen: Vec<ContainerInstance>,
        arns: &BTreeSet<ContainerInstanceArn>,
    ) -> Result<Vec<ContainerInstance>, String> {
        let known = |arn: &ContainerInstanceArn| seen.iter().any(|one| one.arn == *arn);
        let asked: Vec<ContainerInstanceArn> = arns.iter().filter(|arn| !known(arn)).cloned().collect();
        let answer = self.describe(&subject.key.cluster, &asked).await;
        let found = answer.map_err(|failure| failure.to_string())?;
        let own = found
            .into_iter()
            .filter(|found| found.instance == subject.key.instance);
        seen.extend(own.map(|found| found.container_instance));
        Ok(seen)
    }

    async fn see_tasks(
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
        let now = self.now();
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
                self.cache.learn_scheduling(&task.arn, scheduling, now);
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
        confirmed.is_some_and(|since| self.now().duration_since(since) >= self.policy.settle)
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
        stopped_at: task.stopped_at,
        protected_until: None,
    }
}

/// Returns whether the drain of this instance, in its present life, is released, and no task held it then. After a
/// forced release tasks may hold on, and their count must not be guessed.
fn is_drained(record: &Observed<Stored>, instance: &Registrations) -> bool {
    let record = record.readable();
    record.is_some_and(|record| {
        record.is_released() && record.remaining == 0 && instance.all().all(|one| record.names(&one.arn))
    })
}

/// Returns whether these registrations go the usual way of their drain, so that there is no reason to look for others.
fn is_as_recorded(seen: &[ContainerInstance], record: Option<&Record>) -> bool {
    let usual = |one: &ContainerInstance| one.status == InstanceStatus::Draining && one.agent_connected;
    let named = |one: &ContainerInstance| record.is_some_and(|record| record.names(&one.arn));
    !seen.is_empty() && seen.iter().all(named) && seen.iter().any(usual)
}
