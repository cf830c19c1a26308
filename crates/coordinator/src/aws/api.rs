//! The requests that the coordinator makes to AWS, one method each, in types of our own.
//!
//! [`super::Aws`] asks through this: it walks pages, packs batches, reads `failures[]` and counts. Behind it is the SDK
//! in Lambda, or a model of AWS in a simulation. Texts are as AWS has them and are parsed by [`super::Aws`] alone.
//! A service's refusal is a [`AwsError::of_service`].

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use jiff::Timestamp;
use protector_core::ids::InstanceId;
use protector_core::record::Lifecycle;

use super::AwsError;

/// The answer to one request, when it comes.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, AwsError>> + Send + 'a>>;

/// One page of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The items of the page.
    pub items: Vec<T>,
    /// Asks for the next page. Absent or empty on the last one.
    pub next_token: Option<String>,
}

/// An empty last page.
impl<T> Default for Page<T> {
    fn default() -> Self {
        Page {
            items: Vec::new(),
            next_token: None,
        }
    }
}

/// A description of many things by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch<T> {
    /// Those that were described.
    pub items: Vec<T>,
    /// Those that were not.
    pub failures: Vec<ItemFailure>,
}

/// Why one thing of a batch was not described (`failures[]` of ECS).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ItemFailure {
    /// The thing.
    pub arn: Option<String>,
    /// For example `MISSING`.
    pub reason: Option<String>,
}

/// A cluster as ECS describes it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClusterDescription {
    /// Its name.
    pub name: Option<String>,
    /// How many container instances are registered in it, ACTIVE or DRAINING.
    pub registered: i32,
    /// How many tasks are RUNNING or PENDING in it.
    pub tasks: i32,
}

/// A container instance as ECS describes it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InstanceDescription {
    /// Its ARN.
    pub arn: Option<String>,
    /// The machine under it: an EC2 instance id, or `mi-…` for an external instance.
    pub ec2_instance_id: Option<String>,
    /// For example `DRAINING`.
    pub status: Option<String>,
    /// Whether its agent is connected to ECS.
    pub agent_connected: bool,
    /// How many tasks are RUNNING or PENDING on it.
    pub tasks: Option<u32>,
    /// The capacity provider that has brought it in, if one has.
    pub capacity_provider: Option<String>,
}

/// A capacity provider as ECS describes it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProviderDescription {
    /// Its name.
    pub name: Option<String>,
    /// For example `EC2_AUTOSCALING` or `MANAGED_INSTANCES`.
    pub kind: Option<String>,
}

/// A task as ECS describes it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TaskDescription {
    /// Its ARN.
    pub arn: Option<String>,
    /// The container instance that it is on.
    pub container_instance: Option<String>,
    /// For example `service:web`.
    pub group: Option<String>,
    /// Who started it: `ecs-svc/` and a number for a task of a service, anything else for other tasks.
    pub started_by: Option<String>,
    /// When it was created.
    pub created_at: Option<Timestamp>,
    /// Where it is, for example `DEPROVISIONING`.
    pub last_status: Option<String>,
    /// Where it is to be: `RUNNING` or `STOPPED`.
    pub desired_status: Option<String>,
    /// `CONNECTED` or `DISCONNECTED`.
    pub connectivity: Option<String>,
    /// Its containers.
    pub containers: Vec<ContainerDescription>,
    /// When its first essential container had ended, by the clock of its agent.
    pub execution_stopped_at: Option<Timestamp>,
    /// When it was STOPPED.
    pub stopped_at: Option<Timestamp>,
    /// `EC2`, `EXTERNAL` or `MANAGED_INSTANCES`.
    pub launch_type: Option<String>,
}

/// A container of a task as ECS describes it. What ECS does not know is left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ContainerDescription {
    /// Its name.
    pub name: Option<String>,
    /// For example `STOPPED`.
    pub last_status: Option<String>,
    /// `HEALTHY`, `UNHEALTHY` or `UNKNOWN`.
    pub health_status: Option<String>,
    /// Its exit code, if it has run and ended.
    pub exit_code: Option<i64>,
    /// Why it was stopped or never started.
    pub reason: Option<String>,
}

/// Which tasks of a cluster are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TasksOf<'a> {
    /// All of them.
    Cluster,
    /// Those on a container instance, by its ARN.
    Instance(&'a str),
    /// Those of a service, by its name.
    Service(&'a str),
}

/// A service as ECS describes it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServiceDescription {
    /// Its name.
    pub name: Option<String>,
    /// `REPLICA` or `DAEMON`.
    pub scheduling_strategy: Option<String>,
    /// When it was created.
    pub created_at: Option<Timestamp>,
}

/// Task scale-in protection of one task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskProtection {
    /// The task.
    pub arn: String,
    /// Whether it is protected.
    pub enabled: bool,
    /// The end of the protection, if there is one.
    pub expires_at: Option<Timestamp>,
}

/// An instance of a group as Auto Scaling describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScalingDescription {
    /// The EC2 instance.
    pub instance: String,
    /// Its group.
    pub group: String,
    /// For example `Terminating:HoldState`.
    pub lifecycle_state: String,
    /// Whether its group registers instances with load balancers; none if the answer does not say.
    pub load_balanced: Option<bool>,
}

/// A scaling activity of a group.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ActivityDescription {
    /// For example `Terminating EC2 instance: i-…`.
    pub description: Option<String>,
    /// For example `InProgress`.
    pub status: Option<String>,
    /// When it began.
    pub started_at: Option<Timestamp>,
}

/// A lifecycle hook of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookDescription {
    /// Its name.
    pub name: String,
    /// `autoscaling:EC2_INSTANCE_TERMINATING` or `autoscaling:EC2_INSTANCE_LAUNCHING`.
    pub transition: Option<String>,
    /// `HeartbeatTimeout`, in seconds.
    pub heartbeat_timeout: Option<i32>,
}

/// A parameter of SSM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParameterText {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
    /// Counts its writes.
    pub version: i64,
}

/// Parameters that were asked for by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parameters {
    /// Those that are there.
    pub found: Vec<ParameterText>,
    /// The names of those that are not (`InvalidParameters`).
    pub missing: Vec<String>,
}

/// One request to AWS each. Retries, timeouts and credentials are on the other side.
pub trait Api: Send + Sync + fmt::Debug {
    /// `ListClusters`: ARNs.
    fn list_clusters<'a>(&'a self, token: Option<String>) -> Answer<'a, Page<String>>;

    /// `DescribeClusters` by name, at most 100.
    fn describe_clusters<'a>(&'a self, names: Vec<String>) -> Answer<'a, Vec<ClusterDescription>>;

    /// `ListContainerInstances`: ARNs, of those that fit a filter of the cluster query language and have a status.
    fn list_container_instances<'a>(
        &'a self,
        cluster: &'a str,
        filter: Option<String>,
        status: Option<&'a str>,
        token: Option<String>,
    ) -> Answer<'a, Page<String>>;

    /// `DescribeContainerInstances`, at most 100.
    fn describe_container_instances<'a>(
        &'a self,
        cluster: &'a str,
        arns: Vec<String>,
    ) -> Answer<'a, Batch<InstanceDescription>>;

    /// `DescribeCapacityProviders` of a cluster by name, at most 10.
    fn describe_capacity_providers<'a>(
        &'a self,
        cluster: &'a str,
        names: Vec<String>,
    ) -> Answer<'a, Vec<ProviderDescription>>;

    /// `ListServices` of a cluster with a scheduling strategy: ARNs.
    fn list_services<'a>(
        &'a self,
        cluster: &'a str,
        scheduling_strategy: &'a str,
        token: Option<String>,
    ) -> Answer<'a, Page<String>>;

    /// `ListTasks` of a container instance, a service, or the whole cluster: ARNs of those with a desired status.
    fn list_tasks<'a>(
        &'a self,
        cluster: &'a str,
        of: TasksOf<'a>,
        desired_status: &'a str,
        token: Option<String>,
    ) -> Answer<'a, Page<String>>;

    /// `DescribeTasks`, at most 100.
    fn describe_tasks<'a>(
        &'a self,
        cluster: &'a str,
        arns: Vec<String>,
    ) -> Answer<'a, Batch<TaskDescription>>;

    /// `DescribeServices`, at most 10, by name.
    fn describe_services<'a>(
        &'a self,
        cluster: &'a str,
        names: Vec<String>,
    ) -> Answer<'a, Vec<ServiceDescription>>;

    /// `GetTaskProtection`, at most 100.
    fn get_task_protection<'a>(
        &'a self,
        cluster: &'a str,
        arns: Vec<String>,
    ) -> Answer<'a, Vec<TaskProtection>>;

    /// `UpdateContainerInstancesState`, at most 10.
    fn update_container_instances_state<'a>(
        &'a self,
        cluster: &'a str,
        arns: Vec<String>,
        status: &'a str,
    ) -> Answer<'a, Batch<InstanceDescription>>;

    /// `StopTask`.
    fn stop_task<'a>(&'a self, cluster: &'a str, task: &'a str, reason: &'a str) -> Answer<'a, ()>;

    /// `DescribeAutoScalingInstances`, at most 50.
    fn describe_auto_scaling_instances<'a>(
        &'a self,
        instances: Vec<String>,
    ) -> Answer<'a, Vec<ScalingDescription>>;

    /// `DescribeAutoScalingGroups` by name, at most 50: their instances. No names are all groups.
    fn describe_auto_scaling_groups<'a>(
        &'a self,
        names: Vec<String>,
        token: Option<String>,
    ) -> Answer<'a, Page<ScalingDescription>>;

    /// `DescribeScalingActivities` of a group: those that go on, then those that are over.
    fn describe_scaling_activities<'a>(
        &'a self,
        group: &'a str,
        token: Option<String>,
    ) -> Answer<'a, Page<ActivityDescription>>;

    /// `DescribeLifecycleHooks` of a group.
    fn describe_lifecycle_hooks<'a>(&'a self, group: &'a str) -> Answer<'a, Vec<HookDescription>>;

    /// `RecordLifecycleActionHeartbeat`. If the wait is over, a [`AwsError`] of kind [`super::ErrorKind::Over`].
    fn record_lifecycle_action_heartbeat<'a>(
        &'a self,
        instance: &'a InstanceId,
        hook: &'a Lifecycle,
    ) -> Answer<'a, ()>;

    /// `CompleteLifecycleAction` with CONTINUE. If the wait is over, a [`AwsError`] of kind [`super::ErrorKind::Over`].
    fn complete_lifecycle_action<'a>(
        &'a self,
        instance: &'a InstanceId,
        hook: &'a Lifecycle,
    ) -> Answer<'a, ()>;

    /// `GetParameter`. One that is not there is a [`AwsError`] of kind [`super::ErrorKind::NotFound`].
    fn get_parameter<'a>(&'a self, name: &'a str) -> Answer<'a, ParameterText>;

    /// `GetParameters`, at most 10.
    fn get_parameters<'a>(&'a self, names: Vec<String>) -> Answer<'a, Parameters>;

    /// `GetParametersByPath`, recursive.
    fn get_parameters_by_path<'a>(
        &'a self,
        path: &'a str,
        token: Option<String>,
    ) -> Answer<'a, Page<ParameterText>>;

    /// `PutParameter`, type String, with overwrite: the new version.
    fn put_parameter<'a>(&'a self, name: &'a str, value: String) -> Answer<'a, i64>;

    /// `DeleteParameters`, at most 10. Those that are not there are no failure.
    fn delete_parameters<'a>(&'a self, names: Vec<String>) -> Answer<'a, ()>;
}
