//! Container instances and tasks.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use protector_core::aws::{Scheduling, TaskGroup, TaskStatus};
use protector_core::ids::{
    ClusterName, ContainerInstanceArn, InstanceId, InstanceKey, InvalidId, ServiceName, TaskArn,
};
use protector_core::limits::{DESCRIBE_MAX, DESCRIBE_PROVIDERS_MAX, DESCRIBE_SERVICES_MAX};
use protector_core::observation::{Container, ContainerInstance, containers_ended_at, execution_end};

use super::api::{ContainerDescription, InstanceDescription, ItemFailure, Page, TaskDescription, TasksOf};
use super::{Aws, AwsError};

/// A container instance, and the EC2 instance under it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    /// The EC2 instance.
    pub instance: InstanceId,
    /// It as a container instance.
    pub container_instance: ContainerInstance,
}

/// The registrations of each EC2 instance among these of a cluster, in their order.
pub fn by_instance(
    cluster: &ClusterName,
    described: Vec<Described>,
) -> BTreeMap<InstanceKey, Vec<ContainerInstance>> {
    let mut found: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for one in described {
        let (cluster, instance) = (cluster.clone(), one.instance);
        let key = InstanceKey { cluster, instance };
        found.entry(key).or_default().push(one.container_instance);
    }
    found
}

/// Why a container instance is not ours to drain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotOurs {
    /// It is no EC2 instance: an external one (ECS Anywhere) has an id of Systems Manager, `mi-…`.
    External,
    /// ECS keeps it by itself, with daemons of its own (ECS Managed Instances).
    Managed,
}

impl fmt::Display for NotOurs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            NotOurs::External => "it is not an EC2 instance",
            NotOurs::Managed => "ECS Managed Instances owns it and drains it itself",
        })
    }
}

/// What ECS says of container instances. Each is read by itself: one that is odd hides none of the others.
#[derive(Debug, Default)]
pub struct Instances {
    /// EC2 instances.
    pub described: Vec<Described>,
    /// The capacity providers of those that have one.
    pub providers: HashMap<ContainerInstanceArn, String>,
    /// Those that are not ours.
    pub foreign: Vec<(ContainerInstanceArn, NotOurs)>,
    /// Container instances of which ECS gave no answer, one text each: they may still exist.
    pub unclear: Vec<String>,
}

/// A task before its service is looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedTask {
    /// The task.
    pub arn: TaskArn,
    /// The container instance that it is on.
    pub container_instance: Option<ContainerInstanceArn>,
    /// Its group.
    pub group: Option<TaskGroup>,
    /// Whether a service has started it. The caller of `RunTask` chooses the group, so the group alone does not say so.
    pub by_service: bool,
    /// When it was created.
    pub created_at: Option<Timestamp>,
    /// Its status.
    pub last_status: TaskStatus,
    /// Whether ECS has ordered it to stop.
    pub stopping: bool,
    /// Its containers.
    pub containers: Vec<Container>,
    /// Whether its agent is not connected to ECS.
    pub disconnected: bool,
    /// When its containers had ended, if they have.
    pub execution_stopped_at: Option<Timestamp>,
    /// When it was STOPPED, if it is.
    pub stopped_at: Option<Timestamp>,
    /// Whether ECS keeps its instance by itself (ECS Managed Instances).
    pub managed: bool,
}

impl ListedTask {
    /// Returns when its containers ended, or no later than when, as far as ECS reports it.
    #[must_use]
    pub fn ended_at(&self) -> Option<Timestamp> {
        containers_ended_at(self.execution_stopped_at, self.stopped_at)
    }
}

/// How a service schedules its tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServiceScheduling {
    /// REPLICA or DAEMON.
    pub scheduling: Scheduling,
    /// When the service was created. An older task is one of another service that had the same name.
    pub created_at: Option<Timestamp>,
}

impl ServiceScheduling {
    /// How a task of that name that was created at this time is scheduled: not known if the service is younger.
    #[must_use]
    pub fn of_task(self, created_at: Option<Timestamp>) -> Scheduling {
        match (created_at, self.created_at) {
            (Some(task), Some(service)) if task < service => Scheduling::Unknown,
            _ => self.scheduling,
        }
    }
}

/// The type of a capacity provider whose instances ECS keeps by itself, and the launch type of the tasks on them.
pub const MANAGED_INSTANCES: &str = "MANAGED_INSTANCES";

/// What `startedBy` of a service's tasks begins with: the id of one of its deployments follows.
const SERVICE_DEPLOYMENT: &str = "ecs-svc/";

const LIST_INSTANCES: &str = "ListContainerInstances";
/// Status of a container instance that drains.
const DRAINING: &str = "DRAINING";
/// The scheduling strategy of a service that has one task on each instance.
const DAEMON: &str = "DAEMON";
/// Desired status of a task that is to run.
const RUNNING: &str = "RUNNING";
/// Desired status of a task that is to stop.
const STOPPED: &str = "STOPPED";

impl Aws {
    /// Every cluster of the account and region.
    pub async fn list_clusters(&self) -> Result<Vec<ClusterName>, AwsError> {
        let request = |token| self.api.list_clusters(token);
        let arns = self.pages("ListClusters", request).await?;
        let named = arns.iter().map(|arn| ClusterName::from_name_or_arn(arn));
        Ok(named.filter_map(Result::ok).collect())
    }

    /// Those of at most 100 clusters in which no container instance is registered.
    pub async fn empty_clusters(&self, clusters: &[ClusterName]) -> Result<Vec<ClusterName>, AwsError> {
        let names = clusters.iter().map(ToString::to_string).collect();
        let answer = self
            .call("DescribeClusters", self.api.describe_clusters(names))
            .await?;
        let empty = answer.into_iter().filter(|cluster| cluster.registered == 0);
        Ok(empty.filter_map(|cluster| cluster.name?.parse().ok()).collect())
    }

    /// Where an EC2 instance is registered in a cluster. Two registrations of one instance do not live together,
    /// but an old one may linger.
    pub async fn find_instance(
        &self,
        cluster: &ClusterName,
        instance: &InstanceId,
    ) -> Result<Vec<ContainerInstanceArn>, AwsError> {
        let filter = Some(format!("ec2InstanceId == {instance}"));
        let arns = self.list_instances(cluster, filter, None).await?;
        self.parsed(LIST_INSTANCES, &arns)
    }

    /// Where several EC2 instances are registered in a cluster, in one question (the operator `in`,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cluster-query-language.html>).
    pub async fn find_instances(
        &self,
        cluster: &ClusterName,
        instances: &[InstanceId],
    ) -> Result<Vec<ContainerInstanceArn>, AwsError> {
        let names: Vec<&str> = instances.iter().map(InstanceId::as_str).collect();
        let filter = Some(format!("ec2InstanceId in [{}]", names.join(", ")));
        let arns = self.list_instances(cluster, filter, None).await?;
        self.parsed(LIST_INSTANCES, &arns)
    }

    /// How many tasks are RUNNING or PENDING in a cluster.
    ///
    /// # Errors
    /// The call failed, or its answer does not describe the cluster.
    pub async fn count_tasks(&self, cluster: &ClusterName) -> Result<usize, AwsError> {
        const OPERATION: &str = "DescribeClusters";
        let names = vec![cluster.to_string()];
        let answer = self.call(OPERATION, self.api.describe_clusters(names)).await?;
        let tasks = answer
            .first()
            .and_then(|cluster| usize::try_from(cluster.tasks).ok());
        tasks.ok_or_else(|| self.incomplete(OPERATION, format!("the response does not include {cluster}")))
    }

    /// The DRAINING container instances of a cluster whose agents are connected. A registration that was left behind
    /// stays DRAINING for as long as its machine lives, and would be looked at to no purpose in every minute
    /// (<https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cluster-query-language.html>). One whose ARN
    /// cannot be read is counted as a failure, and hides none of the others.
    pub async fn list_draining(&self, cluster: &ClusterName) -> Result<Vec<ContainerInstanceArn>, AwsError> {
        let connected = Some("agentConnected == true".to_owned());
        let arns = self.list_instances(cluster, connected, Some(DRAINING)).await?;
        let parsed = arns
            .iter()
            .filter_map(|arn| self.parsed(LIST_INSTANCES, std::slice::from_ref(arn)).ok());
        Ok(parsed.flatten().collect())
    }

    async fn list_instances(
        &self,
        cluster: &ClusterName,
        filter: Option<String>,
        status: Option<&str>,
    ) -> Result<Vec<String>, AwsError> {
        let (api, cluster) = (&self.api, cluster.as_str());
        let request = |token| api.list_container_instances(cluster, filter.clone(), status, token);
        self.pages(LIST_INSTANCES, request).await
    }

    /// Describes container instances; those that ECS does not know any more are left out.
    ///
    /// # Errors
    /// A call failed, or its answer does not describe each that was asked for.
    pub async fn describe_instances(
        &self,
        cluster: &ClusterName,
        arns: &[ContainerInstanceArn],
    ) -> Result<Instances, AwsError> {
        const OPERATION: &str = "DescribeContainerInstances";
        let mut found = Instances::default();
        for chunk in arns.chunks(DESCRIBE_MAX) {
            let arns = chunk.iter().map(ToString::to_string).collect();
            let request = self.api.describe_container_instances(cluster.as_str(), arns);
            let answer = self.call(OPERATION, request).await?;
            let answered = answer.items.len() + answer.failures.len();
            if answered < chunk.len() {
                let words = format!("the response covers {answered} of {} instances", chunk.len());
                return Err(self.incomplete(OPERATION, words));
            }
            answer.items.iter().for_each(|item| found.read(item));
            found
                .unclear
                .extend(refused(&answer.failures, |reason| reason == "MISSING"));
        }
        Ok(found)
    }

    /// The types of capacity providers of a cluster, such as `MANAGED_INSTANCES`; those that ECS does not describe are
    /// left out.
    pub async fn provider_types(
        &self,
        cluster: &ClusterName,
        names: &[String],
    ) -> Result<HashMap<String, String>, AwsError> {
        let mut found = HashMap::new();
        for chunk in names.chunks(DESCRIBE_PROVIDERS_MAX) {
            let request = self
                .api
                .describe_capacity_providers(cluster.as_str(), chunk.to_vec());
            let answer = self.call("DescribeCapacityProviders", request).await?;
            let named = answer.into_iter();
            found.extend(named.filter_map(|provider| Some((provider.name?, provider.kind?))));
        }
        Ok(found)
    }

    /// The tasks of a container instance, or of the whole cluster: first those that are to run, then those that are to
    /// stop, so that a task that is ordered to stop between the two calls is seen at least once. Every page of both.
    pub async fn list_tasks(
        &self,
        cluster: &ClusterName,
        instance: Option<&ContainerInstanceArn>,
    ) -> Result<BTreeSet<TaskArn>, AwsError> {
        let of = instance.map_or(TasksOf::Cluster, |arn| TasksOf::Instance(arn.as_str()));
        let mut tasks = BTreeSet::new();
        for desired in [RUNNING, STOPPED] {
            let request = |token| self.api.list_tasks(cluster.as_str(), of, desired, token);
            let arns = self.pages("ListTasks", request).await?;
            tasks.extend(self.parsed::<TaskArn>("ListTasks", &arns)?);
        }
        Ok(tasks)
    }

    /// Describes tasks. A task that was listed and cannot be described is an incomplete answer, whatever the reason.
    ///
    /// # Errors
    /// A call failed, or the answer does not hold every task.
    pub async fn describe_tasks(
        &self,
        cluster: &ClusterName,
        arns: &[TaskArn],
    ) -> Result<Vec<ListedTask>, AwsError> {
        let mut found = Vec::new();
        for chunk in arns.chunks(DESCRIBE_MAX) {
            let names = chunk.iter().map(ToString::to_string).collect();
            let request = self.api.describe_tasks(cluster.as_str(), names);
            let answer = self.call("DescribeTasks", request).await?;
            self.refuse_failures("DescribeTasks", &answer.failures, |_| false)?;
            let tasks: Vec<ListedTask> = answer.items.into_iter().filter_map(task).collect();
            if tasks.len() < chunk.len() {
                let missing = format!("the response has {} of {} tasks", tasks.len(), chunk.len());
                return Err(self.incomplete("DescribeTasks", missing));
            }
            found.extend(tasks);
        }
        Ok(found)
    }

    /// A page of the DAEMON services of a cluster. A name that cannot be read is left out.
    pub async fn list_daemon_services(
        &self,
        cluster: &ClusterName,
        token: Option<String>,
    ) -> Result<Page<ServiceName>, AwsError> {
        let request = self.api.list_services(cluster.as_str(), DAEMON, token);
        let page = self.call("ListServices", request).await?;
        Ok(parsed_page(page, service_of_arn))
    }

    /// A page of the tasks of a service that are to run. An ARN that cannot be read is left out.
    pub async fn list_service_tasks(
        &self,
        cluster: &ClusterName,
        service: &ServiceName,
        token: Option<String>,
    ) -> Result<Page<TaskArn>, AwsError> {
        let of = TasksOf::Service(service.as_str());
        let request = self.api.list_tasks(cluster.as_str(), of, RUNNING, token);
        let page = self.call("ListTasks", request).await?;
        Ok(parsed_page(page, |arn| arn.parse().ok()))
    }

    /// Describes tasks, as far as ECS does: one that has ended since it was listed is left out. Nothing may
    /// be released by this, since what is left out may live.
    pub async fn describe_tasks_that_are_there(
        &self,
        cluster: &ClusterName,
        arns: &[TaskArn],
    ) -> Result<Vec<ListedTask>, AwsError> {
        let mut found = Vec::new();
        for chunk in arns.chunks(DESCRIBE_MAX) {
            let names = chunk.iter().map(ToString::to_string).collect();
            let request = self.api.describe_tasks(cluster.as_str(), names);
            let answer = self.call("DescribeTasks", request).await?;
            found.extend(answer.items.into_iter().filter_map(task));
        }
        Ok(found)
    }

    /// How services schedule their tasks. A service that ECS does not describe is left out.
    pub async fn describe_services(
        &self,
        cluster: &ClusterName,
        services: &[ServiceName],
    ) -> Result<HashMap<ServiceName, ServiceScheduling>, AwsError> {
        let mut found = HashMap::new();
        for chunk in services.chunks(DESCRIBE_SERVICES_MAX) {
            let names = chunk.iter().map(ToString::to_string).collect();
            let request = self.api.describe_services(cluster.as_str(), names);
            let answer = self.call("DescribeServices", request).await?;
            found.extend(answer.iter().filter_map(|service| {
                let scheduling = match service.scheduling_strategy.as_deref() {
                    Some(DAEMON) => Scheduling::Daemon,
                    Some("REPLICA") => Scheduling::Replica,
                    _ => Scheduling::Unknown,
                };
                let scheduling = ServiceScheduling {
                    scheduling,
                    created_at: service.created_at,
                };
                Some((service.name.as_ref()?.parse().ok()?, scheduling))
            }));
        }
        Ok(found)
    }

    /// Orders a task to stop, and shows the reason to a person in the console.
    pub async fn stop_task(&self, cluster: &ClusterName, task: &TaskArn, why: &str) -> Result<(), AwsError> {
        let request = self.api.stop_task(cluster.as_str(), task.as_str(), why);
        self.call("StopTask", request).await
    }

    /// Until when task scale-in protection keeps tasks alive; those that it does not protect are left out. It is asked
    /// for people, so tasks for which AWS gives no answer are left out too.
    pub async fn task_protection(
        &self,
        cluster: &ClusterName,
        tasks: &[TaskArn],
    ) -> Result<HashMap<TaskArn, Timestamp>, AwsError> {
        let mut found = HashMap::new();
        for chunk in tasks.chunks(DESCRIBE_MAX) {
            let names = chunk.iter().map(ToString::to_string).collect();
            let request = self.api.get_task_protection(cluster.as_str(), names);
            let answer = self.call("GetTaskProtection", request).await?;
            let protected = answer.iter().filter(|task| task.enabled);
            found.extend(protected.filter_map(|task| Some((task.arn.parse().ok()?, task.expires_at?))));
        }
        Ok(found)
    }

    /// Sets up to ten container instances to DRAINING. The answers, in their order, are the instances as ECS has them
    /// then; that one drains is seen again by every later look, and no release is decided without one. What is refused
    /// for one is refused for it alone.
    pub async fn set_draining(
        &self,
        cluster: &ClusterName,
        arns: &[ContainerInstanceArn],
    ) -> Result<Vec<Result<ContainerInstance, AwsError>>, AwsError> {
        const OPERATION: &str = "UpdateContainerInstancesState";
        let names = arns.iter().map(ToString::to_string).collect();
        let request = self
            .api
            .update_container_instances_state(cluster.as_str(), names, DRAINING);
        let answer = self.call(OPERATION, request).await?;
        let mut answered = Instances::default();
        answer.items.iter().for_each(|item| answered.read(item));
        let of = |arn: &ContainerInstanceArn| {
            let mut drained = answered.described.iter().map(|one| &one.container_instance);
            if let Some(drained) = drained.find(|drained| drained.arn == *arn) {
                return Ok(drained.clone());
            }
            let own =
                |failure: &&ItemFailure| failure.arn.as_deref().is_none_or(|named| named == arn.as_str());
            let failures: Vec<ItemFailure> = answer.failures.iter().filter(own).cloned().collect();
            self.refuse_failures(OPERATION, &failures, |_| false)?;
            Err(self.incomplete(OPERATION, format!("the response does not include {arn}")))
        };
        Ok(arns.iter().map(of).collect())
    }

    /// An ARN that we cannot read must not make a list smaller.
    fn parsed<T: FromStr<Err = InvalidId>>(
        &self,
        operation: &'static str,
        arns: &[String],
    ) -> Result<Vec<T>, AwsError> {
        let parsed: Result<Vec<T>, InvalidId> = arns.iter().map(|arn| arn.parse()).collect();
        parsed.map_err(|error| self.incomplete(operation, error.to_string()))
    }

    fn refuse_failures(
        &self,
        operation: &'static str,
        failures: &[ItemFailure],
        tolerated: fn(&str) -> bool,
    ) -> Result<(), AwsError> {
        let words: Vec<String> = refused(failures, tolerated).collect();
        if words.is_empty() {
            Ok(())
        } else {
            Err(self.incomplete(operation, format!("failures: {}", words.join(", "))))
        }
    }
}

/// Failures of a batch in words, one each, but for those whose reason is tolerated.
fn refused(failures: &[ItemFailure], tolerated: fn(&str) -> bool) -> impl Iterator<Item = String> {
    let fatal = failures
        .iter()
        .filter(move |failure| !tolerated(failure.reason.as_deref().unwrap_or_default()));
    fatal.map(|failure| {
        let reason = failure.reason.as_deref().unwrap_or("(no reason)");
        format!("{reason} {}", failure.arn.as_deref().unwrap_or("(no arn)"))
    })
}

impl Instances {
    /// Takes one in. Only an id that is clearly another's makes it not ours: without one nothing is known.
    fn read(&mut self, instance: &InstanceDescription) {
        let Some(container_instance) = container_instance(instance) else {
            let name = instance.arn.as_deref().unwrap_or("(no arn)");
            return self.unclear.push(format!("{name} cannot be parsed"));
        };
        let arn = container_instance.arn.clone();
        let id = instance.ec2_instance_id.as_deref().unwrap_or_default();
        match id.parse() {
            Ok(instance_id) => {
                let provider = instance.capacity_provider.clone();
                self.providers.extend(provider.map(|name| (arn, name)));
                self.described.push(Described {
                    instance: instance_id,
                    container_instance,
                });
            }
            Err(_) if is_of_another_kind(id) => self.foreign.push((arn, NotOurs::External)),
            Err(error) => self.unclear.push(format!("{arn}: {error}")),
        }
    }
}

/// `mi-…` is an id of Systems Manager, and whatever else AWS may add has another prefix too.
fn is_of_another_kind(id: &str) -> bool {
    !id.is_empty() && !id.starts_with("i-")
}

fn container_instance(instance: &InstanceDescription) -> Option<ContainerInstance> {
    Some(ContainerInstance {
        arn: instance.arn.as_ref()?.parse().ok()?,
        status: instance.status.clone()?.into(),
        agent_connected: instance.agent_connected,
        tasks: instance.tasks,
    })
}

fn task(task: TaskDescription) -> Option<ListedTask> {
    Some(ListedTask {
        arn: task.arn?.parse().ok()?,
        container_instance: task.container_instance.and_then(|arn| arn.parse().ok()),
        group: task.group.map(Into::into),
        by_service: task
            .started_by
            .is_some_and(|by| by.starts_with(SERVICE_DEPLOYMENT)),
        created_at: task.created_at,
        last_status: task.last_status?.into(),
        stopping: task.desired_status.as_deref() == Some(STOPPED),
        execution_stopped_at: execution_end(task.execution_stopped_at, task.containers.len()),
        containers: task.containers.into_iter().filter_map(container).collect(),
        disconnected: task.connectivity.as_deref() == Some("DISCONNECTED"),
        stopped_at: task.stopped_at,
        managed: task.launch_type.as_deref() == Some(MANAGED_INSTANCES),
    })
}

fn container(container: ContainerDescription) -> Option<Container> {
    Some(Container {
        name: container.name?.parse().ok()?,
        last_status: container.last_status.map(Into::into),
        health: container.health_status.map(Into::into),
        exit_code: container.exit_code,
        reason: container.reason,
    })
}

/// The name at the end of a service's ARN, in its short form or in that with the cluster.
fn service_of_arn(arn: &str) -> Option<ServiceName> {
    arn.rsplit_once('/')?.1.parse().ok()
}

fn parsed_page<T>(page: Page<String>, parse: impl Fn(&str) -> Option<T>) -> Page<T> {
    Page {
        items: page.items.iter().filter_map(|item| parse(item)).collect(),
        next_token: page.next_token.filter(|token| !token.is_empty()),
    }
}

#[cfg(test)]
mod tests {
    use protector_core::aws::{ContainerHealth, ContainerStatus};

    use super::*;

    #[test]
    fn p2_a_task_that_is_older_than_the_service_of_its_name_is_not_its_task() {
        let at = |second| Timestamp::from_second(second).ok();
        let service = |created_at| ServiceScheduling {
            scheduling: Scheduling::Daemon,
            created_at,
        };
        for (task, created_at, scheduling) in [
            (at(9), at(10), Scheduling::Unknown),
            (at(10), at(10), Scheduling::Daemon),
            (at(11), at(10), Scheduling::Daemon),
            (None, at(10), Scheduling::Daemon),
            (at(9), None, Scheduling::Daemon),
        ] {
            assert_eq!(
                service(created_at).of_task(task),
                scheduling,
                "{task:?} {created_at:?}"
            );
        }
    }

    #[test]
    fn p2_a_task_is_of_a_service_only_if_a_service_has_started_it() {
        let by_service = |started_by: Option<&str>| {
            let described = TaskDescription {
                arn: Some("arn:aws:ecs:eu-west-1:1:task/prod/1".to_owned()),
                group: Some("service:logs".to_owned()),
                last_status: Some("RUNNING".to_owned()),
                started_by: started_by.map(str::to_owned),
                ..TaskDescription::default()
            };
            task(described).is_some_and(|task| task.by_service)
        };
        assert!(by_service(Some("ecs-svc/1234567890123456789")));
        assert!(!by_service(Some("ana")) && !by_service(None));
    }

    #[test]
    fn a_task_has_ended_with_its_containers() {
        let at = |seconds| Timestamp::from_second(seconds).ok();
        let ended = |execution_stopped_at, stopped_at, containers| {
            let described = TaskDescription {
                containers: vec![ContainerDescription::default(); containers],
                arn: Some("arn:aws:ecs:eu-west-1:1:task/prod/1".to_owned()),
                last_status: Some("STOPPED".to_owned()),
                execution_stopped_at,
                stopped_at,
                ..TaskDescription::default()
            };
            task(described).unwrap().ended_at()
        };
        assert_eq!(ended(at(90), at(100), 1), at(90));
        // The other one may have ended a moment ago.
        assert_eq!(ended(at(90), at(100), 2), at(100));
        assert_eq!(ended(at(90), None, 2), None);
        assert_eq!(ended(None, at(100), 1), at(100));
        assert_eq!(ended(None, None, 1), None);
    }

    #[test]
    fn a_service_is_named_by_either_form_of_its_arn() {
        let name = |arn: &str| service_of_arn(arn).map(|name| name.to_string());
        for arn in [
            "arn:aws:ecs:eu-west-1:123456789012:service/prod/logs",
            "arn:aws:ecs:eu-west-1:123456789012:service/logs",
        ] {
            assert_eq!(name(arn).as_deref(), Some("logs"));
        }
        assert_eq!(name("logs"), None);
    }

    #[test]
    fn a_container_is_read_as_far_as_ecs_tells_of_it() {
        let reported = ContainerDescription {
            name: Some("ecs-daemon-protector".to_owned()),
            last_status: Some("STOPPED".to_owned()),
            health_status: Some("UNHEALTHY".to_owned()),
            exit_code: Some(64),
            reason: None,
        };
        let read = container(reported).unwrap();
        assert_eq!(read.last_status, Some(ContainerStatus::Stopped));
        assert_eq!(read.health, Some(ContainerHealth::Unhealthy));
        assert_eq!(read.exit_code, Some(64));
        let bare = ContainerDescription {
            name: Some("app".to_owned()),
            ..ContainerDescription::default()
        };
        assert_eq!(container(bare), Some(Container::named("app".parse().unwrap())));
        assert_eq!(container(ContainerDescription::default()), None, "it has no name");
    }

    const ARN: &str = "arn:aws:ecs:eu-west-1:123456789012:container-instance/prod/0a1b2c3d";

    fn read(change: fn(&mut InstanceDescription)) -> Instances {
        let mut instance = InstanceDescription {
            arn: Some(ARN.to_owned()),
            ec2_instance_id: Some("i-12345678".to_owned()),
            status: Some("DRAINING".to_owned()),
            agent_connected: true,
            tasks: None,
            capacity_provider: None,
        };
        change(&mut instance);
        let mut found = Instances::default();
        found.read(&instance);
        found
    }

    #[test]
    fn p9_an_id_of_another_kind_makes_a_container_instance_none_of_ours() {
        for id in ["mi-0123456789abcdef0", "mi-1", "x-12345678"] {
            let mut found = Instances::default();
            found.read(&InstanceDescription {
                arn: Some(ARN.to_owned()),
                ec2_instance_id: Some(id.to_owned()),
                status: Some("ACTIVE".to_owned()),
                ..InstanceDescription::default()
            });
            assert_eq!(found.foreign, [(ARN.parse().unwrap(), NotOurs::External)], "{id}");
            assert!(found.described.is_empty() && found.unclear.is_empty(), "{id}");
        }
    }

    #[test]
    fn p2_what_cannot_be_read_is_unclear_and_neither_absent_nor_foreign() {
        let changes: [fn(&mut InstanceDescription); 5] = [
            |instance| instance.arn = None,
            |instance| instance.arn = Some("arn:aws:s3:::bucket".to_owned()),
            |instance| instance.status = None,
            |instance| instance.ec2_instance_id = None,
            |instance| instance.ec2_instance_id = Some("i-short".to_owned()),
        ];
        for change in changes {
            let found = read(change);
            assert_eq!(found.unclear.len(), 1, "{found:?}");
            assert!(
                found.described.is_empty() && found.foreign.is_empty(),
                "{found:?}"
            );
        }
    }

    #[test]
    fn one_of_ours_comes_with_its_capacity_provider() {
        let found = read(|instance| instance.capacity_provider = Some("workers".to_owned()));
        assert_eq!(found.described.len(), 1);
        assert_eq!(found.providers[&ARN.parse().unwrap()], "workers");
        assert!(read(|_| {}).providers.is_empty());
    }

    #[test]
    fn a_refusal_is_reported_with_its_reason_unless_it_is_tolerated() {
        let failure = |reason: Option<&str>| ItemFailure {
            arn: Some(ARN.to_owned()),
            reason: reason.map(str::to_owned),
        };
        let failures = [failure(Some("MISSING")), failure(Some("INACTIVE")), failure(None)];
        let reported: Vec<String> = refused(&failures, |reason| reason == "MISSING").collect();
        assert_eq!(
            reported,
            [format!("INACTIVE {ARN}"), format!("(no reason) {ARN}")]
        );
    }
}
