//! Looking at one instance. Every failure makes a part of the observation unknown, never smaller.

use std::collections::BTreeSet;

use jiff::Timestamp;
use protector_core::ids::{ClusterName, ContainerInstanceArn, InstanceKey, ServiceName, TaskArn};
use protector_core::observation::{
    ContainerInstance, Hook, InstanceStatus, Observation, Scheduling, Seen, Stored, Task, TaskGroup,
};
use protector_core::record::Record;

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
    /// What this run has been shown of it already.
    pub shown: Shown,
}

/// What a listing or an event of this very run has shown of an instance: the first look need not ask for it again.
#[derive(Debug, Clone, Default)]
pub struct Shown {
    /// When it was asked for; now if nothing was.
    pub at: Option<Timestamp>,
    /// Its record. A listing that leaves it out says nothing.
    pub record: Option<Stored>,
    /// It as a container instance.
    pub instance: Option<ContainerInstance>,
    /// Every daemon of the released drain is STOPPED: its events have said so.
    pub flushed: bool,
}

impl Subject {
    /// An instance under its present name, of which its trigger says nothing else.
    pub fn new(key: InstanceKey, arn: Seen<ContainerInstanceArn>) -> Subject {
        Subject {
            key,
            arn,
            hook: Hook::None,
            spot: None,
            shown: Shown::default(),
        }
    }

    /// An instance that was just described.
    pub fn described(key: InstanceKey, instance: ContainerInstance, at: Timestamp) -> Subject {
        let arn = Seen::Yes(instance.arn.clone());
        Subject {
            shown: Shown {
                at: Some(at),
                instance: Some(instance),
                ..Shown::default()
            },
            ..Subject::new(key, arn)
        }
    }
}

impl Coordinator {
    /// Looks at everything: first the record, then ECS, so that the record never knows more than the tasks show.
    pub async fn observe(&self, subject: &Subject) -> Observation {
        let shown = &subject.shown;
        let at = shown.at.unwrap_or_else(|| self.now());
        let record = match &shown.record {
            Some(stored) => Seen::Yes(stored.clone()),
            None => self.read_record(&subject.key).await,
        };
        let instance = match &shown.instance {
            Some(instance) => Seen::Yes(instance.clone()),
            None => self.see_instance(&subject.key, &subject.arn).await,
        };
        let instance = match instance {
            Seen::Absent => self.second_sight(subject, &record).await,
            seen => seen,
        };
        let tasks = match instance.as_yes() {
            Some(instance) if shown.flushed && is_drained(&record, instance) => Seen::Yes(Vec::new()),
            Some(instance) => self.see_tasks(&subject.key.cluster, instance, &record).await,
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

    /// Reads the record, and minds the kill switch, which comes with it.
    pub(crate) async fn read_record(&self, key: &InstanceKey) -> Seen<Stored> {
        let prefix = &self.policy.prefix;
        match self
            .aws
            .get_with(&prefix.record_name(key), &prefix.control_name())
            .await
        {
            Err(failure) => Seen::Unknown(failure.to_string()),
            Ok((record, control)) => {
                self.heed_control(control.as_yes().map(String::as_str));
                record
            }
        }
    }

    /// An instance is gone only if two different questions say so: the listing by EC2 id, and the description of the
    /// container instance that the record names. Events of an earlier registration come late, and listings lag.
    async fn second_sight(&self, subject: &Subject, record: &Seen<Stored>) -> Seen<ContainerInstance> {
        let key = &subject.key;
        let known = record.readable();
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
        match self.describe(&key.cluster, std::slice::from_ref(arn)).await {
            Err(failure) => Seen::Unknown(failure.to_string()),
            Ok(found) => found
                .into_iter()
                .next()
                .map_or(Seen::Absent, |found| Seen::Yes(found.container_instance)),
        }
    }

    async fn see_tasks(
        &self,
        cluster: &ClusterName,
        instance: &ContainerInstance,
        record: &Seen<Stored>,
    ) -> Seen<Vec<Task>> {
        match self.try_tasks(cluster, &instance.arn).await {
            Ok(tasks) => {
                let record = record.readable();
                let due = record.is_some_and(|record| self.asks_for_protection(record));
                Seen::Yes(self.with_protection(cluster, tasks, due).await)
            }
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
        self.scheduled(cluster, listed).await
    }

    /// Tasks with what is known of their services: remembered, or asked. A task that has ended, or has a sidecar, is
    /// judged without it.
    pub(crate) async fn scheduled(
        &self,
        cluster: &ClusterName,
        listed: Vec<ListedTask>,
    ) -> Result<Vec<Task>, Failure> {
        let now = self.now();
        let unknown: Vec<(TaskArn, ServiceName)> = listed
            .iter()
            .filter(|task| !task.last_status.is_final())
            .filter(|task| !task.containers.contains(&self.policy.sidecar_container))
            .filter(|task| self.memory.scheduling(&task.arn, now).is_none())
            .filter_map(|task| Some((task.arn.clone(), service(task)?.clone())))
            .collect();
        let services: BTreeSet<ServiceName> = unknown.iter().map(|(_, service)| service.clone()).collect();
        let services: Vec<ServiceName> = services.into_iter().collect();
        let answers = self.aws.describe_services(cluster, &services).await?;
        for (task, service) in unknown {
            if let Some(scheduling) = answers.get(&service) {
                self.memory.learn_scheduling(&task, *scheduling, now);
            }
        }
        let known = |task: &ListedTask| self.memory.scheduling(&task.arn, now);
        Ok(listed
            .into_iter()
            .map(|task| {
                let scheduling = known(&task);
                scheduled(task, scheduling)
            })
            .collect())
    }

    /// Is it time to ask for task scale-in protection?
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

fn service(task: &ListedTask) -> Option<&ServiceName> {
    match &task.group {
        Some(TaskGroup::Service(service)) => Some(service),
        Some(TaskGroup::Other(_)) | None => None,
    }
}

fn scheduled(task: ListedTask, known: Option<Scheduling>) -> Task {
    let scheduling = match &task.group {
        Some(TaskGroup::Service(_)) | None => known.unwrap_or(Scheduling::Unknown),
        Some(TaskGroup::Other(_)) => Scheduling::Standalone,
    };
    Task {
        arn: task.arn,
        group: task.group,
        last_status: task.last_status,
        stopping: task.stopping,
        scheduling,
        containers: task.containers,
        stopped_at: task.stopped_at,
        protected_until: None,
    }
}

/// Is the drain of this instance, in its present life, released, and did nobody hold it then? After a forced release
/// tasks may hold on, and their count is nobody's guess.
fn is_drained(record: &Seen<Stored>, instance: &ContainerInstance) -> bool {
    let record = record.readable();
    record.is_some_and(|record| {
        record.is_released() && record.remaining == 0 && record.container_instance_arn == instance.arn
    })
}
