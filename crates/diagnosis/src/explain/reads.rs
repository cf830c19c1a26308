//! What was read of one instance for its explanation.

use std::collections::BTreeMap;

use jiff::Timestamp;
use protector_core::beacon::Beacon;
use protector_core::control::Control;
use protector_core::ids::ServiceName;

use crate::command::Invocation;
use crate::drain::Drain;
use crate::read::Reading;
use crate::seen::{
    Activity, ClassicLoadBalancer, Definition, LifecycleHook, Machine, Protections, ScalingGroup,
    SeenService, SeenTask, TargetGroup,
};
use crate::usual::Usual;

/// Everything that an explanation depends on. What was not asked for, because nothing called for it, is absent from its
/// map, or `None`; what was asked for and not answered is a gap.
#[derive(Debug, Clone)]
pub struct InstanceReads {
    /// The time.
    pub now: Timestamp,
    /// The drain: record, container instance, hooks. Its state is `NoRecord` for an instance without a record, draining
    /// or not (`drain.machine.status`).
    pub drain: Drain,
    /// The coordinator's settings.
    pub beacon: Option<Beacon>,
    /// The kill switch, as its parameter has it; none if it was not read, or cannot be.
    pub control: Option<Control>,
    /// Whether the coordinator's function has `PROTECTOR_DRY_RUN`; none if its configuration was not read. A beacon does
    /// not say: a dry run writes none.
    pub dry_run: Option<bool>,
    /// All tasks on the instance, in every status that ECS lists.
    pub tasks: Reading<Vec<SeenTask>>,
    /// The services of tasks that hold, and of daemons.
    pub services: BTreeMap<ServiceName, Reading<SeenService>>,
    /// Tasks of these services that are not on the instance: replacements, and the newest that have stopped.
    pub elsewhere: BTreeMap<ServiceName, Reading<Vec<SeenTask>>>,
    /// Scale-in protection of the tasks that hold.
    pub protections: Reading<Protections>,
    /// Task definitions, by ARN.
    pub definitions: BTreeMap<String, Reading<Definition>>,
    /// Target groups of services with a task that is ordered to stop, DEACTIVATING or STOPPING, or whose replacement is
    /// not healthy yet, by ARN.
    pub target_groups: BTreeMap<String, Reading<TargetGroup>>,
    /// Classic Load Balancers of the same services, by name.
    pub classic_load_balancers: BTreeMap<String, Reading<ClassicLoadBalancer>>,
    /// The instance's Auto Scaling group, if room was missing.
    pub group: Option<Reading<ScalingGroup>>,
    /// Its newest scaling activities, if room was missing.
    pub activities: Option<Reading<Vec<Activity>>>,
    /// The group's lifecycle hooks.
    pub hooks: Option<Reading<Vec<LifecycleHook>>>,
    /// All container instances of the cluster, if room was missing.
    pub machines: Option<Reading<Vec<Machine>>>,
    /// How long such drains usually hold: none if no log was asked, or if it has too few receipts.
    pub usual: Option<Reading<Usual>>,
    /// The options with which the tool was called, for the commands that are shown.
    pub invocation: Invocation,
}

#[cfg(any(test, feature = "testing"))]
impl InstanceReads {
    /// The reads of a drain for which nothing had to be read.
    #[must_use]
    pub fn of(drain: Drain, now: Timestamp) -> InstanceReads {
        InstanceReads {
            now,
            drain,
            beacon: None,
            control: None,
            dry_run: None,
            tasks: Ok(Vec::new()),
            services: BTreeMap::new(),
            elsewhere: BTreeMap::new(),
            protections: Ok(BTreeMap::new()),
            definitions: BTreeMap::new(),
            target_groups: BTreeMap::new(),
            classic_load_balancers: BTreeMap::new(),
            group: None,
            activities: None,
            hooks: None,
            machines: None,
            usual: None,
            invocation: Invocation::default(),
        }
    }
}
