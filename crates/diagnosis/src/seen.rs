//! What AWS says of the things that decide how a drain goes on, in our own types.
//!
//! Fields are what the APIs have; what AWS leaves out is `None`. Times are AWS's own.

use std::collections::BTreeMap;

use jiff::Timestamp;
use protector_core::aws::{InstanceStatus, Scheduling, TaskGroup, TaskStatus};
use protector_core::ids::{
    AutoScalingGroupName, ClusterName, ContainerInstanceArn, InstanceId, LifecycleHookName, ServiceName,
    TaskArn,
};

/// A container instance (`DescribeContainerInstances`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    /// Its cluster.
    pub cluster: ClusterName,
    /// Its registration.
    pub arn: ContainerInstanceArn,
    /// The EC2 instance under it.
    pub instance: InstanceId,
    /// Its status.
    pub status: InstanceStatus,
    /// Whether its agent is connected to ECS.
    pub agent_connected: bool,
    /// Tasks that run or start on it.
    pub tasks: Option<u32>,
    /// Version of its ECS agent, for example `1.105.1`.
    pub agent_version: Option<String>,
    /// CPU units that no task has taken.
    pub remaining_cpu: Option<u32>,
    /// MiB of memory that no task has taken.
    pub remaining_memory: Option<u32>,
    /// When it was registered.
    pub registered_at: Option<Timestamp>,
}

/// A task (`DescribeTasks`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenTask {
    /// The task.
    pub arn: TaskArn,
    /// Where it runs.
    pub container_instance: Option<ContainerInstanceArn>,
    /// Its group.
    pub group: Option<TaskGroup>,
    /// Its status.
    pub last_status: TaskStatus,
    /// Whether ECS has ordered it to stop (desired status STOPPED).
    pub stopping: bool,
    /// Whether the agent is connected, as the task has it (`connectivity`); `None` if ECS does not say.
    pub connected: Option<bool>,
    /// Who started it, for example `ecs-svc/123` or `events-rule/nightly`.
    pub started_by: Option<String>,
    /// When it was created.
    pub created_at: Option<Timestamp>,
    /// When its containers had started.
    pub started_at: Option<Timestamp>,
    /// When it was ordered to stop.
    pub stopping_at: Option<Timestamp>,
    /// When its containers had ended.
    pub execution_stopped_at: Option<Timestamp>,
    /// When it was STOPPED.
    pub stopped_at: Option<Timestamp>,
    /// For example `TaskFailedToStart`.
    pub stop_code: Option<String>,
    /// Why it stopped, in the words of AWS.
    pub stopped_reason: Option<String>,
    /// `HEALTHY`, `UNHEALTHY` or `UNKNOWN`.
    pub health: Option<String>,
    /// Its task definition's ARN.
    pub definition: Option<String>,
    /// Its containers.
    pub containers: Vec<SeenContainer>,
}

impl SeenTask {
    /// Its service, if it is of one.
    #[must_use]
    pub fn service(&self) -> Option<&ServiceName> {
        self.group.as_ref()?.service()
    }
}

/// A container of a task.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SeenContainer {
    /// Its name.
    pub name: String,
    /// For example `STOPPED`.
    pub last_status: Option<String>,
    /// `HEALTHY`, `UNHEALTHY` or `UNKNOWN`.
    pub health: Option<String>,
    /// Its exit code, if it has ended.
    pub exit_code: Option<i32>,
    /// Why it stopped or never started, in the words of AWS.
    pub reason: Option<String>,
    /// Its image.
    pub image: Option<String>,
}

/// A service (`DescribeServices`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenService {
    /// Its name.
    pub name: ServiceName,
    /// How it schedules its tasks.
    pub scheduling: Scheduling,
    /// Tasks that it wants.
    pub desired: u32,
    /// Tasks that run.
    pub running: u32,
    /// Tasks that start.
    pub pending: u32,
    /// `minimumHealthyPercent`; ECS's default for a replica service is 100.
    pub minimum_percent: u32,
    /// `maximumPercent`; ECS's default for a replica service is 200.
    pub maximum_percent: u32,
    /// Its deployments, the primary one first.
    pub deployments: Vec<Deployment>,
    /// Its events, the newest first: at most 100.
    pub events: Vec<ServiceEvent>,
    /// ARNs of its target groups.
    pub target_groups: Vec<String>,
    /// Names of its Classic Load Balancers.
    pub classic_load_balancers: Vec<String>,
    /// Its capacity providers.
    pub capacity_providers: Vec<String>,
    /// Its task definition's ARN.
    pub definition: Option<String>,
}

/// A deployment of a service.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Deployment {
    /// `PRIMARY`, `ACTIVE` or `INACTIVE`.
    pub status: String,
    /// `COMPLETED`, `FAILED` or `IN_PROGRESS`; absent with a Classic Load Balancer.
    pub rollout_state: Option<String>,
    /// Why, in the words of AWS.
    pub rollout_reason: Option<String>,
    /// Tasks that could not start.
    pub failed: u32,
}

/// One event of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceEvent {
    /// When it was written.
    pub at: Timestamp,
    /// Its text.
    pub message: String,
}

/// A task definition, as far as it bounds the life of its tasks (`DescribeTaskDefinition`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Definition {
    /// Its containers.
    pub containers: Vec<DefinedContainer>,
    /// MiB of memory that ECS sets aside for one task: the task's own `memory`, else the sum of `memoryReservation`, or
    /// of `memory` where that is not given, of its containers.
    pub memory: Option<u32>,
    /// CPU units that ECS sets aside for one task: the task's own `cpu`, else the sum of its containers'.
    pub cpu: Option<u32>,
    /// `networkMode`; ECS takes bridge if it is not given.
    pub network_mode: Option<String>,
    /// The ARN of its task role.
    pub task_role: Option<String>,
}

/// A container of a task definition.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DefinedContainer {
    /// Its name.
    pub name: String,
    /// `stopTimeout` in seconds; unset: the agent's `ECS_CONTAINER_STOP_TIMEOUT`, 30 s unless the host says otherwise.
    pub stop_timeout: Option<u32>,
    /// The containers that it lists in `dependsOn`, `links` and `volumesFrom`, which the agent treats alike: it stops
    /// this one before them.
    pub depends_on: Vec<String>,
    /// Whether it has a health check.
    pub has_health_check: bool,
    /// Its environment.
    pub environment: BTreeMap<String, String>,
}

/// Task scale-in protection (`GetTaskProtection`): until when, of the tasks that have it.
pub type Protections = BTreeMap<TaskArn, Option<Timestamp>>;

/// A target group, and the targets in it that matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TargetGroup {
    /// Its ARN.
    pub arn: String,
    /// `deregistration_delay.timeout_seconds`; 300 unless set.
    pub deregistration_delay: u32,
    /// Its targets.
    pub targets: Vec<Target>,
}

/// A target of a target group (`DescribeTargetHealth`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Target {
    /// An EC2 instance id or an IP address.
    pub id: String,
    /// For example `initial`, `healthy`, `unhealthy` or `draining`.
    pub state: String,
    /// For example `Target.DeregistrationInProgress`.
    pub reason: Option<String>,
    /// The same in words.
    pub description: Option<String>,
}

/// A Classic Load Balancer, and the instances in it that matter. Its members are instances, not tasks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClassicLoadBalancer {
    /// Its name.
    pub name: String,
    /// `ConnectionDraining.Timeout` in seconds; 0 if connection draining is off.
    pub connection_draining: u32,
    /// Its instances.
    pub instances: Vec<Member>,
}

/// An instance of a Classic Load Balancer (`DescribeInstanceHealth`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Member {
    /// The EC2 instance.
    pub instance: String,
    /// `InService`, `OutOfService` or `Unknown`.
    pub state: String,
    /// For example `ELB`, `Instance`; absent if there is nothing to say.
    pub reason: Option<String>,
    /// The same in words, for example `Instance deregistration currently in progress.`
    pub description: Option<String>,
}

/// An instance as Auto Scaling has it (`DescribeAutoScalingInstances`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScalingInstance {
    /// The instance.
    pub instance: InstanceId,
    /// Its group.
    pub group: AutoScalingGroupName,
    /// For example `Terminating:Wait`.
    pub lifecycle_state: String,
}

impl ScalingInstance {
    /// Returns whether terminate hooks of its group wait for it.
    #[must_use]
    pub fn waits(&self) -> bool {
        self.lifecycle_state == "Terminating:Wait"
    }
}

/// An Auto Scaling group (`DescribeAutoScalingGroups`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScalingGroup {
    /// Its name.
    pub name: AutoScalingGroupName,
    /// The least instances.
    pub minimum: u32,
    /// The most instances.
    pub maximum: u32,
    /// How many it wants.
    pub desired: u32,
    /// Its instances.
    pub instances: Vec<InstanceId>,
    /// Whether new instances are protected from scale-in.
    pub protects_from_scale_in: bool,
    /// Whether it has a warm pool.
    pub has_warm_pool: bool,
}

/// A lifecycle hook (`DescribeLifecycleHooks`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LifecycleHook {
    /// Its name.
    pub name: LifecycleHookName,
    /// Whether it waits when an instance terminates; the other kind waits at launch.
    pub terminates: bool,
    /// `HeartbeatTimeout`, in seconds.
    pub heartbeat_timeout: u32,
    /// `CONTINUE` or `ABANDON`.
    pub default_result: String,
}

/// A scaling activity (`DescribeScalingActivities`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activity {
    /// For example `Successful`, `Failed` or `MidTerminatingLifecycleAction`.
    pub status: String,
    /// Why it failed, in the words of AWS.
    pub message: Option<String>,
    /// What it does.
    pub description: String,
    /// When it began.
    pub started_at: Timestamp,
}
