//! Container instances and tasks.

use std::collections::{BTreeSet, HashMap};
use std::str::FromStr;

use jiff::Timestamp;
use protector_core::ids::{
    ClusterName, ContainerInstanceArn, ContainerName, InstanceId, InvalidId, ServiceName, TaskArn,
};
use protector_core::limits::{DESCRIBE_MAX, DESCRIBE_SERVICES_MAX};
use protector_core::observation::{ContainerInstance, Scheduling, TaskGroup, TaskStatus};

use super::api::{InstanceDescription, ItemFailure, TaskDescription};
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

/// Status of a container instance that drains.
const DRAINING: &str = "DRAINING";
/// Desired status of a task that is to run.
const RUNNING: &str = "RUNNING";
/// Desired status of a task that is to stop.
const STOPPED: &str = "STOPPED";

impl Aws {
    /// Every cluster of the account and region.
    ///
    /// # Errors
    /// Any page could not be read.
    pub async fn list_clusters(&self) -> Result<Vec<ClusterName>, Failure> {
        let mut clusters = Vec::new();
        let mut token = None;
        loop {
            let page = self.counted("ListClusters", self.api.list_clusters(token).await)?;
            clusters.extend(
                page.items
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

    /// The DRAINING container instances of a cluster whose agents are connected. A registration that was left behind stays
    /// DRAINING for as long as its machine lives, and would be looked at in vain in every minute
    /// (<https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cluster-query-language.html>).
    ///
    /// # Errors
    /// Any page could not be read.
    pub async fn list_draining(&self, cluster: &ClusterName) -> Result<Vec<ContainerInstanceArn>, Failure> {
        self.list_instances(cluster, Some("agentConnected == true".to_owned()), Some(DRAINING))
            .await
    }

    async fn list_instances(
        &self,
        cluster: &ClusterName,
        filter: Option<String>,
        status: Option<&str>,
    ) -> Result<Vec<ContainerInstanceArn>, Failure> {
        const OPERATION: &str = "ListContainerInstances";
        let mut arns = Vec::new();
        let mut token = None;
        loop {
            let request = self
                .api
                .list_container_instances(cluster.as_str(), filter.clone(), status, token);
            let page = self.counted(OPERATION, request.await)?;
            arns.extend(self.parsed(OPERATION, &page.items)?);
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
            let request = self.api.describe_container_instances(cluster.as_str(), arns);
            let answer = self.counted("DescribeContainerInstances", request.await)?;
            self.refuse_failures("DescribeContainerInstances", &answer.failures, |reason| {
                reason == "MISSING"
            })?;
            let answered = answer.items.len() + answer.failures.len();
            if answered < chunk.len() {
                let words = format!("{answered} of {} instances were answered for", chunk.len());
                return Err(self.incomplete("DescribeContainerInstances", words));
            }
            for instance in &answer.items {
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
        for desired in [RUNNING, STOPPED] {
            let mut token = None;
            loop {
                let request = self
                    .api
                    .list_tasks(cluster.as_str(), instance.as_str(), desired, token);
                let page = self.counted("ListTasks", request.await)?;
                tasks.extend(self.parsed::<TaskArn>("ListTasks", &page.items)?);
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
            let request = self.api.describe_tasks(cluster.as_str(), names);
            let answer = self.counted("DescribeTasks", request.await)?;
            self.refuse_failures("DescribeTasks", &answer.failures, |_| false)?;
            let tasks: Vec<ListedTask> = answer.items.into_iter().filter_map(task).collect();
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
            let request = self.api.describe_services(cluster.as_str(), names);
            let answer = self.counted("DescribeServices", request.await)?;
            found.extend(answer.iter().filter_map(|service| {
                let scheduling = match service.scheduling_strategy.as_deref() {
                    Some("DAEMON") => Scheduling::Daemon,
                    Some("REPLICA") => Scheduling::Replica,
                    _ => Scheduling::Unknown,
                };
                Some((service.name.as_ref()?.parse().ok()?, scheduling))
            }));
        }
        Ok(found)
    }

    /// Tells a task to stop, and a person in the console why.
    ///
    /// # Errors
    /// The call failed.
    pub async fn stop_task(&self, cluster: &ClusterName, task: &TaskArn, why: &str) -> Result<(), Failure> {
        let request = self.api.stop_task(cluster.as_str(), task.as_str(), why);
        self.counted("StopTask", request.await)
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
            let request = self.api.get_task_protection(cluster.as_str(), names);
            let answer = self.counted("GetTaskProtection", request.await)?;
            let protected = answer.iter().filter(|task| task.enabled);
            found.extend(protected.filter_map(|task| Some((task.arn.parse().ok()?, task.expires_at?))));
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
        let request =
            self.api
                .update_container_instances_state(cluster.as_str(), vec![arn.to_string()], DRAINING);
        let answer = self.counted(OPERATION, request.await)?;
        self.refuse_failures(OPERATION, &answer.failures, |_| false)?;
        let mut answered = answer.items.iter().filter_map(described);
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
        failures: &[ItemFailure],
        tolerated: fn(&str) -> bool,
    ) -> Result<(), Failure> {
        let fatal = failures
            .iter()
            .filter(|failure| !tolerated(failure.reason.as_deref().unwrap_or_default()));
        let words: Vec<String> = fatal
            .map(|f| {
                format!(
                    "{} {}",
                    f.reason.as_deref().unwrap_or("(no reason)"),
                    f.arn.as_deref().unwrap_or("(no arn)")
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

fn described(instance: &InstanceDescription) -> Option<Described> {
    let container_instance = ContainerInstance {
        arn: instance.arn.as_ref()?.parse().ok()?,
        status: instance.status.clone()?.into(),
        agent_connected: instance.agent_connected,
        tasks: instance.tasks,
    };
    Some(Described {
        instance: instance.ec2_instance_id.as_ref()?.parse().ok()?,
        container_instance,
    })
}

fn task(task: TaskDescription) -> Option<ListedTask> {
    Some(ListedTask {
        arn: task.arn?.parse().ok()?,
        group: task.group.map(Into::into),
        last_status: task.last_status?.into(),
        stopping: task.desired_status.as_deref() == Some(STOPPED),
        containers: task
            .containers
            .iter()
            .filter_map(|name| name.parse().ok())
            .collect(),
        disconnected: task.connectivity.as_deref() == Some("DISCONNECTED"),
        stopped_at: task.stopped_at,
    })
}
