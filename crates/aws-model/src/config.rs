//! The settings of a world: its account, its speed, and its behaviour where reports about AWS differ.

use std::time::Duration;

/// Settings of a [`super::World`].
#[derive(Clone, Debug)]
pub struct WorldConfig {
    /// The region, for ARNs and availability zones.
    pub region: String,
    /// The account, 12 digits.
    pub account: String,
    /// When ECS stops the daemon tasks of a draining instance.
    pub daemon_stop: DaemonStop,
    /// Whether calls are throttled by the documented quotas.
    pub quotas: bool,
    /// The shortest `HeartbeatTimeout` that a hook may have. AWS: 30 s.
    pub hook_heartbeat_min_seconds: u64,
    /// Whether the agent sets DRAINING by itself at a Spot notice (`ECS_ENABLE_SPOT_INSTANCE_DRAINING`).
    pub spot_instance_draining: bool,
    /// CPU units of an instance (1024 is one core).
    pub instance_cpu: u32,
    /// Memory of an instance for tasks, in MiB.
    pub instance_memory: u32,
    /// How long things take.
    pub timings: Timings,
}

impl Default for WorldConfig {
    fn default() -> WorldConfig {
        WorldConfig {
            region: "eu-west-1".to_owned(),
            account: "123456789012".to_owned(),
            daemon_stop: DaemonStop::WhenReplicasNotRunning,
            quotas: true,
            hook_heartbeat_min_seconds: 30,
            spot_instance_draining: false,
            instance_cpu: 8192,
            instance_memory: 32_768,
            timings: Timings::default(),
        }
    }
}

/// When ECS lets the daemon tasks of a DRAINING instance go. Standalone tasks never count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DaemonStop {
    /// No replica task is RUNNING any more; some may still be stopping. This is what users report
    /// (<https://github.com/aws/amazon-ecs-agent/issues/3829>).
    WhenReplicasNotRunning,
    /// Every replica task is STOPPED. This is what the documentation says.
    WhenReplicasStopped,
}

/// How long the backend of ECS takes. The defaults are much shorter than AWS, so that tests are quick.
#[derive(Clone, Debug)]
pub struct Timings {
    /// From the choice of an instance until the task is in the answers of the API. More than 0 gives tasks that
    /// show up on an instance which has become DRAINING in between.
    pub placement: Duration,
    /// In the status PROVISIONING.
    pub provisioning: Duration,
    /// In the status PENDING, until the agent starts the containers.
    pub pending: Duration,
    /// In the status ACTIVATING.
    pub activating: Duration,
    /// In the status DEACTIVATING: deregistration from load balancers.
    pub deactivating: Duration,
    /// In the status STOPPING, until the agent starts to stop the containers.
    pub stopping: Duration,
    /// In the status DEPROVISIONING.
    pub deprovisioning: Duration,
    /// From a change until the service scheduler reacts to it. Never taken shorter than 1 ms.
    pub scheduling: Duration,
    /// From the launch of an instance until it is in its cluster.
    pub registering: Duration,
    /// From a change until its event is delivered.
    pub event_delivery: Duration,
    /// From a Spot notice until the instance is off. AWS: 2 minutes.
    pub spot_notice: Duration,
    /// How long a STOPPED task and an INACTIVE instance can be described. AWS: at least 1 hour.
    pub stopped_retention: Duration,
    /// How long a container must have run to be restarted, in place of `restartAttemptPeriod`.
    pub restart_attempt_period: Option<Duration>,
}

impl Default for Timings {
    fn default() -> Timings {
        Timings {
            placement: Duration::ZERO,
            provisioning: Duration::from_millis(2),
            pending: Duration::from_millis(5),
            activating: Duration::from_millis(2),
            deactivating: Duration::from_millis(10),
            stopping: Duration::from_millis(5),
            deprovisioning: Duration::from_millis(10),
            scheduling: Duration::from_millis(5),
            registering: Duration::from_millis(5),
            event_delivery: Duration::from_millis(5),
            spot_notice: Duration::from_secs(120),
            stopped_retention: Duration::from_secs(3600),
            restart_attempt_period: None,
        }
    }
}
