//! What was read for the checks. `None` is what no check that was asked for needs.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use protector_core::beacon::Beacon;
use protector_core::ids::{AutoScalingGroupName, ClusterName, InstanceId, ServiceName};
use protector_core::policy::SIDECAR_CONTAINER;
use protector_core::throughput::ParameterThroughput;

use super::role::RoleAnswers;
use crate::fleet::FleetReads;
use crate::read::{Gap, Reading};
use crate::seen::{Definition, LifecycleHook, Machine, ScalingGroup, SeenService, SeenTask};

/// Everything that was read.
#[derive(Debug, Clone)]
pub struct DoctorReads {
    /// The prefix of the parameters that were read.
    pub prefix: String,
    /// The account's side.
    pub account: AccountReads,
    /// Records, beacon and drains, as `status` reads them.
    pub fleet: FleetReads,
    /// The coordinator's function and its queues.
    pub coordinator: CoordinatorReads,
    /// The rules by which events reach it; none if not asked for, or if its function is not known.
    pub rules: Option<Reading<RulesReads>>,
    /// The clusters.
    pub clusters: Vec<ClusterReads>,
    /// The Auto Scaling groups of the clusters' instances; a gap if they could not be found.
    pub groups: Option<Reading<Vec<GroupReads>>>,
    /// The account's capacity providers.
    pub providers: Option<Reading<Vec<CapacityProvider>>>,
    /// The counts of sidecars that ended wrongly, over the last day.
    pub sidecar_metrics: Option<Reading<SidecarMetrics>>,
    /// All alarms of the account and region.
    pub alarms: Option<Reading<Vec<Alarm>>>,
}

/// Who asks, where, and what was refused.
#[derive(Debug, Clone)]
pub struct AccountReads {
    /// The ARN of the caller.
    pub caller: Reading<String>,
    /// The region; none if none is set, and nothing else was read then.
    pub region: Option<String>,
    /// How far the local clock is off, if that matters.
    pub clock_error: Option<SignedDuration>,
    /// Reads that failed.
    pub gaps: Vec<Gap>,
}

/// The coordinator's function and its queues.
#[derive(Debug, Clone, Default)]
pub struct CoordinatorReads {
    /// The function that was looked at: its name or ARN.
    pub function: Option<String>,
    /// Its environment variables.
    pub variables: Option<Reading<BTreeMap<String, String>>>,
    /// Its reserved concurrency.
    pub concurrency: Option<Reading<Option<u32>>>,
    /// Its errors of the last hour.
    pub metrics: Option<Reading<FunctionMetrics>>,
    /// The queues of events that were not processed.
    pub queues: Option<Vec<Reading<Queue>>>,
}

/// Errors of a function in the last hour.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FunctionMetrics {
    /// Runs that failed.
    pub errors: u64,
    /// Runs that Lambda refused.
    pub throttles: u64,
    /// What went wrong within runs, by kind (`EcsDaemonProtector`, `Errors`).
    pub kinds: BTreeMap<&'static str, u64>,
}

/// A queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queue {
    /// Its URL.
    pub url: String,
    /// Messages in it.
    pub messages: u64,
    /// The age of the oldest, if CloudWatch has it.
    pub oldest: Option<SignedDuration>,
}

/// What brings events to the function.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RulesReads {
    /// The queues from which the function takes.
    pub sources: Vec<EventSource>,
    /// The rules that have one of them as a target.
    pub rules: Vec<Rule>,
}

/// An event source mapping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventSource {
    /// Its id.
    pub id: String,
    /// The queue's ARN.
    pub queue: String,
    /// For example `Enabled`.
    pub state: String,
}

/// A rule of EventBridge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Its name.
    pub name: String,
    /// Whether it is enabled.
    pub is_enabled: bool,
    /// The pattern of its events.
    pub pattern: Option<serde_json::Value>,
    /// Its schedule.
    pub schedule: Option<String>,
}

/// A cluster.
#[derive(Debug, Clone)]
pub struct ClusterReads {
    /// Its name.
    pub name: ClusterName,
    /// Its container instances.
    pub hosts: Reading<Vec<Host>>,
    /// Its DAEMON services.
    pub daemons: Option<Reading<Vec<DaemonReads>>>,
    /// Its other services.
    pub services: Option<Reading<Vec<ServiceReads>>>,
    /// Up to a hundred of its tasks.
    pub sample: Option<Reading<Vec<SeenTask>>>,
    /// The metadata options of its instances, those that EC2 still has.
    pub metadata: Option<Reading<BTreeMap<InstanceId, MetadataOptions>>>,
}

/// How the metadata service of an instance answers (`DescribeInstances`, `metadataOptions`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MetadataOptions {
    /// Whether it answers at all (`httpEndpoint`).
    pub is_enabled: bool,
    /// Over how many hops its answer to a request for a token goes (`httpPutResponseHopLimit`), 1 to 64.
    pub hop_limit: u32,
}

/// A container instance, with what only this command asks of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// The instance.
    pub machine: Machine,
    /// Whether it has the attribute `ecs.capability.container-restart-policy`.
    pub restarts_containers: bool,
    /// Its capacity provider.
    pub capacity_provider: Option<String>,
}

/// A DAEMON service.
#[derive(Debug, Clone)]
pub struct DaemonReads {
    /// The service.
    pub service: SeenService,
    /// Its definition.
    pub definition: Reading<Definition>,
    /// What `lint` found in it, if it has a sidecar.
    pub lint: Reading<Vec<LintFinding>>,
    /// Its tasks that are to run.
    pub tasks: Reading<Vec<SeenTask>>,
    /// What its task role may do; none if that was not asked for, or if the definition does not say what to ask.
    pub role: Option<Reading<RoleAnswers>>,
}

/// A finding of `lint`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LintFinding {
    /// The code of the rule.
    pub rule: &'static str,
    /// Whether it is an error; a note is left out.
    pub is_error: bool,
    /// What is wrong.
    pub message: String,
}

/// A service that is no DAEMON service.
#[derive(Debug, Clone)]
pub struct ServiceReads {
    /// The service.
    pub service: SeenService,
    /// Its definition and the longest deregistration delay of its target groups, in seconds; none beyond the first
    /// hundred services.
    pub stop: Option<Reading<(Definition, u32)>>,
}

/// An Auto Scaling group.
#[derive(Debug, Clone)]
pub struct GroupReads {
    /// The group.
    pub group: ScalingGroup,
    /// Whether it is asked to launch Spot instances.
    pub has_spot: bool,
    /// Its hooks.
    pub hooks: Reading<Vec<LifecycleHook>>,
}

/// A capacity provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CapacityProvider {
    /// Its name.
    pub name: String,
    /// Its group, if it has one.
    pub group: Option<AutoScalingGroupName>,
    /// Whether ECS drains its instances.
    pub managed_draining: bool,
    /// Whether its instances are ECS Managed Instances.
    pub is_managed_instances: bool,
}

/// How many sidecars ended wrongly in the last day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SidecarMetrics {
    /// `SidecarsKilled`.
    pub killed: u64,
    /// `SidecarsGaveUp`.
    pub gave_up: u64,
}

/// An alarm.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Alarm {
    /// Its name.
    pub name: String,
    /// The namespace of its metric.
    pub namespace: String,
    /// The dimensions of its metric.
    pub dimensions: BTreeMap<String, String>,
    /// `OK`, `ALARM` or `INSUFFICIENT_DATA`.
    pub state: String,
    /// Whether a person is notified.
    pub notifies: bool,
}

/// The variables of the function have this before the name of a setting.
const VARIABLE: &str = "PROTECTOR_";

impl DoctorReads {
    /// The beacon, if there is one that can be read.
    #[must_use]
    pub fn beacon(&self) -> Option<&Beacon> {
        self.fleet.listing.as_ref().ok()?.readable_beacon()
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.fleet.now
    }

    /// A setting of the coordinator, as its function has it.
    #[must_use]
    pub fn setting(&self, name: &str) -> Option<&str> {
        let variables = self.coordinator.variables.as_ref()?.as_ref().ok()?;
        variables.get(&format!("{VARIABLE}{name}")).map(String::as_str)
    }

    /// Whether the coordinator changes nothing; none if that is not known.
    #[must_use]
    pub fn is_dry_run(&self) -> Option<bool> {
        self.coordinator.variables.as_ref()?.as_ref().ok()?;
        Some(
            self.setting("DRY_RUN")
                .is_some_and(|text| text.eq_ignore_ascii_case("true")),
        )
    }

    /// The name of the sidecar's container.
    #[must_use]
    pub fn sidecar(&self) -> &str {
        self.setting("SIDECAR_CONTAINER").unwrap_or(SIDECAR_CONTAINER)
    }

    /// The throughput of Parameter Store by which the coordinator paces itself: the default if that is not known.
    #[must_use]
    pub fn parameter_throughput(&self) -> ParameterThroughput {
        let given = self.setting("PARAMETER_THROUGHPUT");
        let mut choices = ParameterThroughput::CHOICES.iter();
        let found = choices.find(|(word, _)| Some(*word) == given.map(str::trim));
        found.map_or_else(ParameterThroughput::default, |(_, throughput)| *throughput)
    }

    /// Why the tasks of the DAEMON services are not all known, if so.
    #[must_use]
    pub fn unread_daemons(&self) -> Option<&Gap> {
        let read = self
            .clusters
            .iter()
            .filter_map(|cluster| cluster.daemons.as_ref());
        let gaps = read.filter_map(|daemons| match daemons {
            Err(gap) => Some(gap),
            Ok(daemons) => daemons.iter().find_map(|daemon| daemon.tasks.as_ref().err()),
        });
        gaps.into_iter().next()
    }

    /// How many instances the clusters have, as far as they were read.
    #[must_use]
    pub fn instances(&self) -> usize {
        self.clusters
            .iter()
            .filter_map(|cluster| cluster.hosts.as_ref().ok())
            .map(Vec::len)
            .sum()
    }
}

impl DaemonReads {
    /// The service's name.
    #[must_use]
    pub fn name(&self) -> &ServiceName {
        &self.service.name
    }

    /// Its tasks that run and are not to stop.
    pub fn running(&self) -> impl Iterator<Item = &SeenTask> {
        let tasks = self.tasks.iter().flatten();
        tasks.filter(|task| !task.stopping && !task.last_status.is_final())
    }
}

/// The name of a function without the rest of its ARN, and without its alias.
#[must_use]
pub fn short_name(function: &str) -> &str {
    let name = function
        .split_once(":function:")
        .map_or(function, |(_, name)| name);
    name.split(':').next().unwrap_or(name)
}
