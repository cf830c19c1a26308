//! A world as data: what is there at the start, what happens when, and what goes wrong.
//!
//! A scenario and nothing else decides a run. It can be written down as JSON, made smaller, and played again to the
//! last line. All times are milliseconds of virtual time since the start of the run.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Milliseconds of virtual time.
pub type Ms = u64;

/// One second.
pub const SECOND: Ms = 1000;

/// One minute.
pub const MINUTE: Ms = 60 * SECOND;

/// One hour.
pub const HOUR: Ms = 60 * MINUTE;

/// A whole world.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Scenario {
    /// Seeds every draw that is made during the run: latencies, jitter, which event is lost.
    pub seed: u64,
    /// The coordinator's `PROTECTOR_*` variables, without the prefix.
    pub settings: BTreeMap<String, String>,
    /// The sidecars' `PROTECTOR_*` variables, without the prefix.
    pub sidecar: BTreeMap<String, String>,
    /// How the function is deployed.
    pub function: FunctionSpec,
    /// How AWS behaves.
    pub aws: Aws,
    /// ECS clusters.
    pub clusters: Vec<Cluster>,
    /// Auto Scaling groups.
    pub groups: Vec<Group>,
    /// ECS services. All of them exist in every cluster.
    pub services: Vec<Service>,
    /// Machines.
    pub hosts: Vec<HostSpec>,
    /// What happens, in any order.
    pub steps: Vec<Step>,
    /// What goes wrong.
    pub faults: Vec<FaultSpec>,
    /// Parameters that are in SSM at the start.
    pub parameters: Vec<(String, String)>,
    /// The run ends so long after the last drain, or at [`Scenario::limit`].
    pub tail: Ms,
    /// The run ends then at the latest.
    pub limit: Ms,
}

impl Default for Scenario {
    fn default() -> Self {
        Scenario {
            seed: 0,
            settings: BTreeMap::new(),
            sidecar: BTreeMap::new(),
            function: FunctionSpec::default(),
            aws: Aws::default(),
            clusters: Vec::new(),
            groups: Vec::new(),
            services: Vec::new(),
            hosts: Vec::new(),
            steps: Vec::new(),
            faults: Vec::new(),
            parameters: Vec::new(),
            tail: 90 * SECOND,
            limit: 4 * HOUR,
        }
    }
}

/// How the coordinator is deployed: the numbers of `template.yaml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct FunctionSpec {
    /// The most execution environments at once. The queue needs one; direct invocations may have more.
    pub environments: usize,
    /// From the start of an environment to its first line of our code.
    pub cold_start: Ms,
    /// `Timeout`.
    pub timeout: Ms,
    /// `MaximumRetryAttempts` of asynchronous invocations: after one minute, then two.
    pub retries: u32,
    /// `MaximumEventAgeInSeconds` of asynchronous invocations.
    pub age_max: Ms,
    /// When the schedule first fires; then every minute.
    pub first_tick: Ms,
    /// An environment ends after it was idle for this long.
    pub idle: Ms,
    /// Connections that were idle for so long are dead when the environment thaws; never if none.
    pub connections_die_after: Option<Ms>,
    /// In which shape events reach it.
    pub delivery: Delivery,
    /// How they get there.
    pub wiring: Wiring,
}

/// How events and schedules get to the coordinator.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Wiring {
    /// Events and the tick by one FIFO queue, so that one run is in flight at a time; heartbeats by a separate
    /// function.
    #[default]
    Queue,
    /// Each event and each tick is an invocation of its own, and the coordinator sends the heartbeats.
    Direct,
}

/// In which shape events reach the function. The schedule's come plain.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Delivery {
    /// As a rule of EventBridge hands them over.
    #[default]
    Plain,
    /// As EventBridge Pipes does: an array.
    Pipes,
    /// As a queue of SQS does: records, each event so many times in one batch.
    Queue {
        /// How many times.
        copies: u32,
    },
}

impl Default for FunctionSpec {
    fn default() -> Self {
        FunctionSpec {
            environments: 10,
            cold_start: 120,
            timeout: MINUTE,
            retries: 2,
            age_max: HOUR,
            first_tick: 20 * SECOND,
            idle: 10 * MINUTE,
            connections_die_after: None,
            delivery: Delivery::default(),
            wiring: Wiring::default(),
        }
    }
}

/// When ECS stops the daemon tasks of a DRAINING instance.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DaemonStop {
    /// With the replicas, in no order: the worst that users have seen.
    AtOnce,
    /// When no replica task is RUNNING any more; some may still be stopping.
    #[default]
    WhenNoneRuns,
    /// When every replica task is STOPPED: the documentation.
    WhenAllStopped,
}

/// How AWS behaves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Aws {
    /// Token buckets; without them nothing is throttled.
    pub quotas: bool,
    /// Scales every bucket's rate, in percent.
    pub quota_percent: u32,
    /// Scales those of ECS once more, in percent: others of the account use the rest.
    pub ecs_percent: u32,
    /// The same of EC2 Auto Scaling, which publishes no numbers.
    pub scaling_percent: u32,
    /// Writes of Parameter Store a second: 10 with its higher throughput.
    pub ssm_writes_per_second: u32,
    /// Reads of Parameter Store a second: 1,000 with its higher throughput, if they are `GetParameters`.
    pub ssm_reads_per_second: u32,
    /// Listings of ECS have so many items a page; 100 at the most.
    pub page: usize,
    /// The longest that EventBridge takes.
    pub event_delay_max: Ms,
    /// When ECS stops daemons.
    pub daemon_stop: DaemonStop,
    /// A DRAINING registration whose machine is gone stays in the cluster.
    pub registrations_linger: bool,
    /// The agent sets DRAINING by itself at a Spot notice.
    pub spot_instance_draining: bool,
}

impl Default for Aws {
    fn default() -> Self {
        Aws {
            quotas: true,
            quota_percent: 100,
            ecs_percent: 100,
            scaling_percent: 100,
            ssm_writes_per_second: 3,
            ssm_reads_per_second: 40,
            page: 100,
            event_delay_max: SECOND,
            daemon_stop: DaemonStop::default(),
            registrations_linger: false,
            spot_instance_draining: false,
        }
    }
}

/// An ECS cluster.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Cluster {
    /// Its name.
    pub name: String,
    /// It was deleted; its name may still be in the settings.
    #[serde(default)]
    pub deleted: bool,
}

/// An Auto Scaling group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Group {
    /// Its name.
    pub name: String,
    /// Its terminate hooks.
    pub hooks: Vec<HookSpec>,
    /// Instances that are scaled in go to a warm pool.
    #[serde(default)]
    pub warm_pool: bool,
    /// `InstanceLifecyclePolicy`: an instance whose terminate hook is abandoned is retained instead of terminated.
    #[serde(default)]
    pub retain: bool,
}

/// A terminate hook.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HookSpec {
    /// Its name.
    pub name: String,
    /// `HeartbeatTimeout`.
    pub heartbeat: Ms,
    /// `DefaultResult` is ABANDON instead of CONTINUE.
    #[serde(default)]
    pub abandon: bool,
    /// For a hook of another owner: the owner completes it so long after it began to wait. The hook is ours if none.
    #[serde(default)]
    pub foreign_completes: Option<Ms>,
}

/// An ECS service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Service {
    /// Its name.
    pub name: String,
    /// `DAEMON` instead of `REPLICA`.
    pub daemon: bool,
}

/// What kind of machine it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// An EC2 instance.
    #[default]
    Ec2,
    /// ECS Anywhere: its id is not an EC2 id.
    External,
    /// An ECS Managed Instance.
    Managed,
}

/// A machine with the ECS agent.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HostSpec {
    /// What it is.
    pub kind: Kind,
    /// Its group.
    pub group: Option<usize>,
    /// Its cluster; `None` if it is in none.
    pub cluster: Option<usize>,
    /// Tasks that hold.
    pub tasks: Vec<TaskSpec>,
    /// Daemon tasks.
    pub daemons: Vec<Daemon>,
    /// Its wall clock is ahead by so much; negative: behind.
    pub clock_skew: i64,
    /// IMDS does not answer to tasks.
    pub imds_closed: bool,
    /// Other registrations that it has left behind.
    pub stale_records: Vec<StaleRecord>,
    /// Its registration never gets beyond this status.
    pub stuck_registration: Option<Stuck>,
}

/// A registration that never becomes ACTIVE.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stuck {
    /// REGISTERING without an end.
    Registering,
    /// REGISTRATION_FAILED.
    Failed,
}

/// A registration of an earlier life of the machine. Its agent is gone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StaleRecord {
    /// In which cluster.
    pub cluster: usize,
    /// DRAINING instead of ACTIVE.
    pub draining: bool,
    /// Phantoms: tasks that ECS calls RUNNING, although nothing of them is left.
    #[serde(default)]
    pub phantoms: u32,
    /// Its ARN sorts before that of the present registration.
    #[serde(default)]
    pub sorts_first: bool,
}

/// A task that holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TaskSpec {
    /// Its service; a standalone task if none.
    pub service: Option<usize>,
    /// The group of a standalone task; `family:job` if none.
    pub group: Option<String>,
    /// From its SIGTERM to its end.
    pub stop: Ms,
    /// From DRAINING until ECS stops it; 1 to 6 s if none. Only tasks of services.
    pub notified: Option<Ms>,
    /// It ends by itself then.
    pub ends: Option<Ms>,
    /// ECS never stops it: the service has no room to replace it.
    pub stays: bool,
    /// `StopTask` is refused for it.
    pub may_not_be_stopped: bool,
}

impl Default for TaskSpec {
    fn default() -> Self {
        TaskSpec {
            service: Some(0),
            group: None,
            stop: 20 * SECOND,
            notified: None,
            ends: None,
            stays: false,
            may_not_be_stopped: false,
        }
    }
}

/// A daemon task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Daemon {
    /// Its service.
    pub service: usize,
    /// From the daemon's SIGTERM to its end.
    pub flush: Ms,
    /// Its sidecar: not in the task, of the product, or of a rival.
    pub sidecar: Sidecar,
    /// `stopTimeout` of the sidecar.
    pub sidecar_stop_timeout: Ms,
    /// `stopTimeout` of the daemon.
    pub stop_timeout: Ms,
    /// The sidecar learns which container instance it is on.
    pub knows_registration: bool,
    /// The sidecar's role is denied its parameter.
    pub denied: bool,
    /// The sidecar ends at once, with exit code 64.
    pub wrong_setting: bool,
    /// The sidecar's image cannot be pulled, and the daemon runs without it.
    pub no_image: bool,
    /// The credentials that the sidecar starts with end then; those that it renews outlast the run. Never if none.
    pub credentials_end: Option<Ms>,
    /// When a task has ended, the daemon still needs so long to read what is in its sockets.
    pub behind: Ms,
}

impl Default for Daemon {
    fn default() -> Self {
        Daemon {
            service: 0,
            flush: 2 * SECOND,
            sidecar: Sidecar::Product,
            sidecar_stop_timeout: 7500 * SECOND,
            stop_timeout: 120 * SECOND,
            knows_registration: true,
            denied: false,
            wrong_setting: false,
            no_image: false,
            credentials_end: None,
            behind: 0,
        }
    }
}

/// What delays the daemon's SIGTERM.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sidecar {
    /// Nothing.
    None,
    /// Our sidecar.
    #[default]
    Product,
    /// The original: it counts the other tasks by asking ECS every 5 s.
    Original,
}

/// Something that happens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    /// The time of the step.
    pub at: Ms,
    /// The event.
    pub what: What,
}

/// What happens. Numbers are indexes into the scenario's lists.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// The group takes the instance away.
    ScaleIn(usize),
    /// EC2 takes the Spot instance back in two minutes.
    SpotNotice(usize),
    /// EC2 takes the instance of an interruptible capacity reservation back in two minutes.
    CapacityNotice(usize),
    /// A person sets the container instance DRAINING.
    SetDraining(usize),
    /// A person sets it ACTIVE.
    SetActive(usize),
    /// The agent goes away.
    AgentDown(usize),
    /// The agent is back.
    AgentUp(usize),
    /// The agent answers every request of a task with 429, as it does when a neighbour asks too often. It stays
    /// connected to ECS.
    AgentBusy(usize),
    /// It answers again.
    AgentCalm(usize),
    /// The agent's data is lost: it registers again, and its tasks are gone or are started again.
    WipeAgent(usize),
    /// The instance's root volume is replaced: the hook waits, then the machine comes back and registers again.
    ReplaceRootVolume(usize),
    /// An instance of the warm pool goes back into service.
    BackInService(usize),
    /// The kill switch is written, or deleted.
    Control(Option<String>),
    /// An operator invokes the function.
    Order {
        /// For which machine.
        host: usize,
        /// `release`, `hold` or `extend`.
        command: String,
        /// For `extend`.
        by: Option<String>,
        /// The order's reason.
        why: String,
    },
    /// A hook of a group is replaced by one with another time-out.
    PutHook {
        /// The group.
        group: usize,
        /// The hook.
        hook: usize,
        /// `HeartbeatTimeout`.
        heartbeat: Ms,
    },
    /// A hook is added to a group.
    AddHook {
        /// The group.
        group: usize,
        /// The hook.
        hook: HookSpec,
    },
    /// A hook of a group is deleted.
    DeleteHook {
        /// The group.
        group: usize,
        /// The hook.
        hook: usize,
    },
    /// The kernel kills a sidecar.
    KillSidecar {
        /// The machine.
        host: usize,
        /// Which of its daemons.
        daemon: usize,
    },
    /// A sidecar's container is restarted at once.
    RestartSidecar {
        /// The machine.
        host: usize,
        /// Which of its daemons.
        daemon: usize,
    },
    /// A deployment replaces the daemon's task.
    Deploy {
        /// The machine.
        host: usize,
        /// Which of its daemons.
        daemon: usize,
    },
    /// A task is placed on the machine.
    Place {
        /// The machine.
        host: usize,
        /// The task.
        task: TaskSpec,
    },
    /// The service is deleted and created again with the other scheduling strategy.
    RemakeService(usize),
    /// Lambda replaces every environment that is idle.
    Recycle,
    /// Something else arrives at the function.
    Foreign(String),
}

/// What goes wrong, when, and how often.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct FaultSpec {
    /// The beginning of the period in which it can strike.
    pub from: Ms,
    /// The end of that period.
    pub to: Ms,
    /// The percentage of cases in which it strikes.
    pub percent: u32,
    /// The maximum number of cases.
    pub times: u32,
    /// The number of cases that pass before the first.
    pub skip: u32,
    /// The kind of trouble.
    pub what: Trouble,
}

impl Default for FaultSpec {
    fn default() -> Self {
        FaultSpec {
            from: 0,
            to: Ms::MAX,
            percent: 100,
            times: u32::MAX,
            skip: 0,
            what: Trouble::LoseEvents { of: None },
        }
    }
}

/// Who makes a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CallerKind {
    /// The coordinator.
    Coordinator,
    /// A sidecar.
    Sidecar,
}

/// Kinds of trouble. An operation is an API name such as `PutParameter`; all operations if none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trouble {
    /// Calls are throttled, also where the quota would allow them.
    Throttle {
        /// The operation.
        of: Option<String>,
        /// Only calls of this kind of caller; calls of all callers if none.
        by: Option<CallerKind>,
    },
    /// Calls fail with a server's error.
    Fail {
        /// The operation.
        of: Option<String>,
        /// Only calls of this kind of caller; calls of all callers if none.
        by: Option<CallerKind>,
    },
    /// Calls take effect, and their answer is lost.
    LoseAnswer {
        /// The operation.
        of: Option<String>,
    },
    /// Calls are denied.
    Deny {
        /// The operation.
        of: Option<String>,
    },
    /// Reads of parameters are answered from before the last write.
    StaleParameter,
    /// Reads of parameters do not find what was written less than a minute ago.
    ParameterNotFound,
    /// Listings of parameters leave some out.
    TornListing,
    /// Descriptions of container instances are of some seconds ago.
    StaleInstance,
    /// Tasks come back as MISSING.
    MissingTask,
    /// SSM takes no write: the limit of 10,000 parameters is reached.
    RefuseWrites,
    /// Events are lost; of the detail type that contains this.
    LoseEvents {
        /// Part of the detail type.
        of: Option<String>,
    },
    /// Events come twice.
    DoubleEvents,
    /// Events come late, by up to so much.
    DelayEvents {
        /// The most.
        max: Ms,
        /// Part of the detail type.
        of: Option<String>,
    },
    /// Ticks do not come.
    LoseTicks,
    /// The environment ends in the middle of a call: before, or after its effect.
    Crash,
}

impl Scenario {
    /// The text that plays this world again.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads such a text.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn from_json(text: &str) -> Result<Scenario, String> {
        serde_json::from_str(text).map_err(|error| format!("not a scenario: {error}"))
    }
}
