//! Container instances and tasks.

use std::collections::{BTreeSet, HashMap};
use std::str::FromStr;

use aws_sdk_ecs::types::{Connectivity, ContainerInstanceStatus, DesiredStatus, SchedulingStrategy};
use jiff::Timestamp;
use protector_core::ids::{
    ClusterName, ContainerInstanceArn, ContainerName, InstanceId, InvalidId, ServiceName, TaskArn,
};
use protector_core::limits::{DESCRIBE_MAX, DESCRIBE_SERVICES_MAX};
use protector_core::observation::{ContainerInstance, Scheduling, TaskGroup, TaskStatus};

use super::{Aws, Failure};

/// A container instance, and the EC2 instance under it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    /// The EC2 instance.
    pub instance: InstanceId,
    /// It as a container instance.
    pub container_instance: ContainerInstance,
}

/// A task before its service is looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedTask {
    /// The task.
    pub arn: TaskArn,
    /// Its group.
    pub group: Option<TaskGroup>,
    /// Its status.
    pub last_status: TaskStatus,
    /// Has it been told to stop?
    pub stopping: bool,
    /// Names of its containers.
    pub containers: Vec<ContainerName>,
    /// Does its agent not talk to ECS?
    pub disconnected: bool,
    /// When it was STOPPED, if it is.
    pub stopped_at: Option<Timestamp>,
}

impl Aws {
    /// Every cluster of the account and region.
    ///
    /// # Errors
    /// Any page could not be read.
    pub async fn list_clusters(&self) -> Result<Vec<ClusterName>, Failure> {
        let mut clusters = Vec::new();
        let mut token = None;
        loop {
            let outcome = self.ecs.list_clusters().set_next_token(token).send().await;
            let page = self.judged("ListClusters", outcome)?;
            clusters.extend(
                page.cluster_arns()
                    .iter()
                    .filter_map(|arn| ClusterName::from_name_or_arn(arn).ok()),
            );
            token = page.next_token.filter(|token| !token.is_empty());
            if token.is_none() {
                return Ok(clusters);
            }
        }
    }

    /// Where an EC2 instance is registered in a cluster. Two registrations of one instance do not live together,
    /// but an old one may linger.
    ///
    /// # Errors
    /// The cluster could not be asked.
    pub async fn find_instance(
        &self,
        cluster: &ClusterName,
        instance: &InstanceId,
    ) -> Result<Vec<ContainerInstanceArn>, Failure> {
        self.list_instances(cluster, Some(format!("ec2InstanceId == {instance}")), None)
            .await
    }

    /// The DRAINING container instances of a cluster.
    ///
    /// # Errors
    /// Any page could not be read.
    pub async fn list_draining(&self, cluster: &ClusterName) -> Result<Vec<ContainerInstanceArn>, Failure> {
        self.list_instances(cluster, None, Some(ContainerInstanceStatus::Draining))
            .await
    }

    async fn list_instances(
        &self,
        cluster: &ClusterName,
        filter: Option<String>,
        status: Option<ContainerInstanceStatus>,
    ) -> Result<Vec<ContainerInstanceArn>, Failure> {
        const OPERATION: &str = "ListContainerInstances";
        let mut arns = Vec::new();
        let mut token = None;
        loop {
            let request = self
                .ecs
                .list_container_instances()
                .cluster(cluster.as_str())
                .set_filter(filter.clone());
            let outcome = request
                .set_status(status.clone())
                .set_next_token(token)
                .send()
                .await;
            let page = self.judged(OPERATION, outcome)?;
            arns.extend(self.parsed(OPERATION, page.container_instance_arns())?);
            token = page.next_token.filter(|token| !token.is_empty());
            if token.is_none() {
                return Ok(arns);
            }
        }
    }

    /// Describes container instances; those that ECS does not know any more are left out.
    ///
    /// # Errors
    /// A call failed, or something other than MISSING is wrong with one of them.
    pub async fn describe_instances(
        &self,
        cluster: &ClusterName,
        arns: &[ContainerInstanceArn],
    ) -> Result<Vec<Described>, Failure> {
        let mut found = Vec::new();
        for chunk in arns.chunks(DESCRIBE_MAX) {
            let arns = chunk.iter().map(ToString::to_string).collect();
            let request = self.ecs.describe_container_instances().cluster(cluster.as_str());
            let outcome = request.set_container_instances(Some(arns)).send().await;
            let page = self.judged("DescribeContainerInstances", outcome)?;
            self.refuse_failures("DescribeContainerInstances", page.failures(), |reason| {
                reason == "MISSING"
            })?;
            let answered = page.container_instances().len() + page.failures().len();
            if answered < chunk.len() {
                let words = format!("{answered} of {} instances were answered for", chunk.len());
                return Err(self.incomplete("DescribeContainerInstances", words));
            }
            for instance in page.container_instances() {
                let unreadable = || {
                    self.incomplete(
                        "DescribeContainerInstances",
                        "an instance cannot be read".to_owned(),
                    )
                };
                found.push(described(instance).ok_or_else(unreadable)?);
            }
        }
        Ok(found)
    }

    /// The tasks of a container instance: first those that are to run, then those that are to stop, so that a task
    /// that is told to stop between the two is seen at least once. Every page of both.
    ///
    /// # Errors
    /// Any page could not be read.
    pub async fn list_tasks(
        &self,
        cluster: &ClusterName,
        instance: &ContainerInstanceArn,
    ) -> Result<BTreeSet<TaskArn>, Failure> {
        let mut tasks = BTreeSet::new();
        for desired in [DesiredStatus::Running, DesiredStatus::Stopped] {
            let mut token = None;
            loop {
                let request = self
                    .ecs
                    .list_tasks()
                    .cluster(cluster.as_str())
                    .container_instance(instance.as_str());
                let outcome = request
                    .desired_status(desired.clone())
                    .set_next_token(token)
                    .send()
                    .await;
                let page = self.judged("ListTasks", outcome)?;
                tasks.extend(self.parsed::<TaskArn>("ListTasks", page.task_arns())?);
                token = page.next_token.filter(|token| !token.is_empty());
                if token.is_none() {
                    break;
                }
            }
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
    ) -> Result<Vec<ListedTask>, Failure> {
        let mut found = Vec::new();
        for chunk in arns.chunks(DESCRIBE_MAX) {
            let names = chunk.iter().map(ToString::to_string).collect();
            let outcome = self
                .ecs
                .describe_tasks()
                .cluster(cluster.as_str())
                .set_tasks(Some(names))
                .send()
                .await;
            let page = self.judged("DescribeTasks", outcome)?;
            self.refuse_failures("DescribeTasks", page.failures(), |_| false)?;
            let tasks: Vec<ListedTask> = page.tasks().iter().filter_map(task).collect();
            if tasks.len() < chunk.len() {
                let missing = format!("{} of {} tasks came back", tasks.len(), chunk.len());
                return Err(self.incomplete("DescribeTasks", missing));
            }
            found.extend(tasks);
        }
        Ok(found)
    }

    /// How services schedule their tasks. A service that ECS does not describe is left out.
    ///
    /// # Errors
    /// A call failed.
    pub async fn describe_services(
        &self,
        cluster: &ClusterName,
        services: &[ServiceName],
    ) -> Result<HashMap<ServiceName, Scheduling>, Failure> {
        let mut found = HashMap::new();
        for chunk in services.chunks(DESCRIBE_SERVICES_MAX) {
            let names = chunk.iter().map(ToString::to_string).collect();
            let outcome = self
                .ecs
                .describe_services()
                .cluster(cluster.as_str())
                .set_services(Some(names))
                .send()
                .await;
            let page = self.judged("DescribeServices", outcome)?;
            found.extend(page.services().iter().filter_map(|service| {
                let scheduling = match service.scheduling_strategy() {
                    Some(SchedulingStrategy::Daemon) => Scheduling::Daemon,
                    Some(SchedulingStrategy::Replica) => Scheduling::Replica,
                    _ => Scheduling::Unknown,
                };
                Some((service.service_name()?.parse().ok()?, scheduling))
            }));
        }
        Ok(found)
    }

    /// Tells a task to stop, and a person in the console why.
    ///
    /// # Errors
    /// The call failed.
    pub async fn stop_task(&self, cluster: &ClusterName, task: &TaskArn, why: &str) -> Result<(), Failure> {
        let request = self
            .ecs
            .stop_task()
            .cluster(cluster.as_str())
            .task(task.as_str())
            .reason(why);
        self.judged("StopTask", request.send().await).map(|_| ())
    }

    /// Until when task scale-in protection keeps tasks alive; those that it does not protect are left out. It is asked
    /// for people, so what cannot be told for some of them is left out too.
    ///
    /// # Errors
    /// A call failed.
    pub async fn task_protection(
        &self,
        cluster: &ClusterName,
        tasks: &[TaskArn],
    ) -> Result<HashMap<TaskArn, Timestamp>, Failure> {
        let mut found = HashMap::new();
        for chunk in tasks.chunks(DESCRIBE_MAX) {
            let names = chunk.iter().map(ToString::to_string).collect();
            let request = self.ecs.get_task_protection().cluster(cluster.as_str());
            let outcome = request.set_tasks(Some(names)).send().await;
            let page = self.judged("GetTaskProtection", outcome)?;
            let protected = page
                .protected_tasks()
                .iter()
                .filter(|task| task.protection_enabled());
            found.extend(
                protected.filter_map(|task| {
                    Some((task.task_arn()?.parse().ok()?, moment(task.expiration_date()?)?))
                }),
            );
        }
        Ok(found)
    }

    /// Sets a container instance to DRAINING. The answer is the instance as ECS has it then; that it drains is seen
    /// again by every later look, and no release is decided without one.
    ///
    /// # Errors
    /// The call failed, ECS refused, or the answer does not tell of the instance.
    pub async fn set_draining(
        &self,
        cluster: &ClusterName,
        arn: &ContainerInstanceArn,
    ) -> Result<ContainerInstance, Failure> {
        const OPERATION: &str = "UpdateContainerInstancesState";
        let request = self
            .ecs
            .update_container_instances_state()
            .cluster(cluster.as_str());
        let request = request
            .container_instances(arn.as_str())
            .status(ContainerInstanceStatus::Draining);
        let answer = self.judged(OPERATION, request.send().await)?;
        self.refuse_failures(OPERATION, answer.failures(), |_| false)?;
        let mut answered = answer.container_instances().iter().filter_map(described);
        let drained = answered.find(|described| described.container_instance.arn == *arn);
        drained
            .map(|described| described.container_instance)
            .ok_or_else(|| self.incomplete(OPERATION, "the answer tells of no container instance".to_owned()))
    }

    /// An ARN that we cannot read must not make a list smaller.
    fn parsed<T: FromStr<Err = InvalidId>>(
        &self,
        operation: &'static str,
        arns: &[String],
    ) -> Result<Vec<T>, Failure> {
        let parsed: Result<Vec<T>, InvalidId> = arns.iter().map(|arn| arn.parse()).collect();
        parsed.map_err(|error| self.incomplete(operation, error.to_string()))
    }

    fn refuse_failures(
        &self,
        operation: &'static str,
        failures: &[aws_sdk_ecs::types::Failure],
        tolerated: fn(&str) -> bool,
    ) -> Result<(), Failure> {
        let fatal = failures
            .iter()
            .filter(|failure| !tolerated(failure.reason().unwrap_or_default()));
        let words: Vec<String> = fatal
            .map(|f| {
                format!(
                    "{} {}",
                    f.reason().unwrap_or("(no reason)"),
                    f.arn().unwrap_or("(no arn)")
                )
            })
            .collect();
        if words.is_empty() {
            Ok(())
        } else {
            Err(self.incomplete(operation, format!("failures: {}", words.join(", "))))
        }
    }
}

fn described(instance: &aws_sdk_ecs::types::ContainerInstance) -> Option<Described> {
    let container_instance = ContainerInstance {
        arn: instance.container_instance_arn()?.parse().ok()?,
        status: instance.status()?.to_owned().into(),
        agent_connected: instance.agent_connected(),
    };
    Some(Described {
        instance: instance.ec2_instance_id()?.parse().ok()?,
        container_instance,
    })
}

fn task(task: &aws_sdk_ecs::types::Task) -> Option<ListedTask> {
    Some(ListedTask {
        arn: task.task_arn()?.parse().ok()?,
        group: task.group().map(|group| group.to_owned().into()),
        last_status: task.last_status()?.to_owned().into(),
        stopping: task.desired_status() == Some("STOPPED"),
        containers: task
            .containers()
            .iter()
            .filter_map(|c| c.name()?.parse().ok())
            .collect(),
        disconnected: task.connectivity() == Some(&Connectivity::Disconnected),
        stopped_at: task.stopped_at().and_then(moment),
    })
}

fn moment(at: &aws_sdk_ecs::primitives::DateTime) -> Option<Timestamp> {
    Timestamp::new(at.secs(), i32::try_from(at.subsec_nanos()).ok()?).ok()
}
