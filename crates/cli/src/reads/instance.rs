//! What is read of one instance to explain its drain: only what bears on the tasks that hold.

use super::once::once;
use super::usual::{Kin, usual};
use crate::account::{Account, MachinesOf, TasksOf};
use protector_core::aws::Scheduling;
use protector_core::beacon::Beacon;
use protector_core::control::Control;
use protector_core::ids::{AutoScalingGroupName, ClusterName, ContainerInstanceArn, ServiceName, TaskArn};
use protector_core::shared::is_made_up;
use protector_diagnosis::command::Invocation;
use protector_diagnosis::drain::{Drain, DrainState};
use protector_diagnosis::explain::reads::InstanceReads;
use protector_diagnosis::explain::service_event::EventKind;
use protector_diagnosis::listing::Listing;
use protector_diagnosis::read::Reading;
use protector_diagnosis::seen::{
    Activity, ClassicLoadBalancer, Definition, LifecycleHook, Machine, ScalingGroup, SeenService, SeenTask,
    TargetGroup,
};
use protector_diagnosis::usual::Usual;
use std::collections::{BTreeMap, BTreeSet};

/// What is known of the coordinator.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Known {
    beacon: Option<Beacon>,
    /// The kill switch, as its parameter has it.
    control: Option<Control>,
}

impl Known {
    /// From the parameters, if they could be read.
    pub(crate) fn of(listing: Option<&Listing>) -> Known {
        let control = listing.and_then(|listing| listing.control.as_ref()?.as_ref().ok());
        Known {
            beacon: listing.and_then(Listing::readable_beacon).cloned(),
            control: control.map(|switch| switch.control),
        }
    }
}

/// Reads what bears on drains, one after the other. What several of them share is read once.
pub(crate) struct InstanceReader<'a> {
    account: &'a Account,
    invocation: Invocation,
    shared: Shared,
    /// What does not change while a person looks.
    lasting: Lasting,
}

/// What drains have in common: the services, target groups and Auto Scaling groups of the tasks on them.
#[derive(Default)]
struct Shared {
    services: BTreeMap<(ClusterName, ServiceName), Option<Reading<SeenService>>>,
    elsewhere: BTreeMap<(ClusterName, ServiceName), Reading<Vec<SeenTask>>>,
    target_groups: BTreeMap<String, Reading<TargetGroup>>,
    classic_load_balancers: BTreeMap<String, Reading<ClassicLoadBalancer>>,
    hooks: BTreeMap<AutoScalingGroupName, Reading<Vec<LifecycleHook>>>,
    groups: BTreeMap<AutoScalingGroupName, Option<Reading<ScalingGroup>>>,
    activities: BTreeMap<AutoScalingGroupName, Reading<Vec<Activity>>>,
    machines: BTreeMap<ClusterName, Reading<Vec<Machine>>>,
}

/// A task definition never changes, and what is usual does not do so in an hour.
#[derive(Default)]
struct Lasting {
    definitions: BTreeMap<String, Reading<Definition>>,
    usual: BTreeMap<Kin, Option<Reading<Usual>>>,
}

impl<'a> InstanceReader<'a> {
    /// Reads drains of this account, for a person who has called the tool with these options.
    pub(crate) fn new(account: &'a Account, invocation: Invocation) -> InstanceReader<'a> {
        InstanceReader {
            account,
            invocation,
            shared: Shared::default(),
            lasting: Lasting::default(),
        }
    }

    /// Forgets what may have changed since, and what could not be read.
    pub(crate) fn forget(&mut self) {
        self.shared = Shared::default();
        self.lasting.definitions.retain(|_, read| read.is_ok());
        self.lasting.usual.retain(|_, read| !matches!(read, Some(Err(_))));
    }

    /// Reads what bears on a drain.
    pub(crate) async fn read(&mut self, drain: Drain, known: &Known) -> InstanceReads {
        let account = self.account;
        let cluster = drain.key.cluster.clone();
        let tasks = tasks(account, &cluster, &drain).await;
        let alive: Vec<&SeenTask> = tasks
            .iter()
            .flatten()
            .filter(|task| !task.last_status.is_final())
            .collect();
        let services = self.services(&cluster, &alive).await;
        let moving = moving(&alive, &services);
        let elsewhere = self.elsewhere(&cluster, &moving).await;
        let protectable: Vec<TaskArn> = alive
            .iter()
            .filter(|task| task.service().is_some_and(|name| moving.contains(name)) && !task.stopping)
            .map(|task| task.arn.clone())
            .collect();
        let protections = account.protections(&cluster, &protectable).await;
        let definitions = self.definitions(&alive).await;
        let balanced = balanced(&alive, &services, &elsewhere);
        let target_groups = self.target_groups(&balanced).await;
        let classic_load_balancers = self.classic_load_balancers(&balanced).await;
        let group = drain.group().cloned();
        let hooks = match &group {
            Some(name) => Some(once(&mut self.shared.hooks, name, account.lifecycle_hooks(name)).await),
            None => None,
        };
        let lacks_room = lacks_room(&services);
        let (scaling_group, activities) = match group.filter(|_| lacks_room) {
            Some(name) => self.scaling(&name).await,
            None => (None, None),
        };
        let machines = match lacks_room {
            true => {
                let read = account.machines(&cluster, MachinesOf::All);
                Some(once(&mut self.shared.machines, &cluster, read).await)
            }
            false => None,
        };
        let usual = self.usual(&drain, known).await;
        InstanceReads {
            now: account.now(),
            control: known.control,
            dry_run: None,
            group: scaling_group,
            beacon: known.beacon.clone(),
            drain,
            tasks,
            services,
            elsewhere,
            protections,
            definitions,
            target_groups,
            classic_load_balancers,
            activities,
            hooks,
            machines,
            usual,
            invocation: self.invocation.clone(),
        }
    }

    /// The services of these tasks, in as few calls as they fit into.
    async fn services(
        &mut self,
        cluster: &ClusterName,
        alive: &[&SeenTask],
    ) -> BTreeMap<ServiceName, Reading<SeenService>> {
        let names: BTreeSet<&ServiceName> = alive.iter().filter_map(|task| task.service()).collect();
        let keyed = |name: &ServiceName| (cluster.clone(), name.clone());
        let known = &mut self.shared.services;
        let new = names.iter().filter(|name| !known.contains_key(&keyed(name)));
        let new: Vec<ServiceName> = new.map(|name| (*name).clone()).collect();
        if !new.is_empty() {
            let read = self.account.services(cluster, &new).await;
            for name in &new {
                let found = match &read {
                    Ok(found) => found
                        .iter()
                        .find(|service| service.name == *name)
                        .cloned()
                        .map(Ok),
                    Err(gap) => Some(Err(gap.clone())),
                };
                known.insert(keyed(name), found);
            }
        }
        let found = names.into_iter().filter_map(|name| {
            let read = known.get(&keyed(name))?.clone()?;
            Some((name.clone(), read))
        });
        found.collect()
    }

    /// The tasks of services on all instances.
    async fn elsewhere(
        &mut self,
        cluster: &ClusterName,
        moving: &BTreeSet<ServiceName>,
    ) -> BTreeMap<ServiceName, Reading<Vec<SeenTask>>> {
        let mut elsewhere = BTreeMap::new();
        for service in moving {
            let key = (cluster.clone(), service.clone());
            let read = self.account.tasks(cluster, TasksOf::Service(service));
            let read = once(&mut self.shared.elsewhere, &key, read).await;
            elsewhere.insert(service.clone(), read);
        }
        elsewhere
    }

    async fn definitions(&mut self, alive: &[&SeenTask]) -> BTreeMap<String, Reading<Definition>> {
        let arns: BTreeSet<&String> = alive.iter().filter_map(|task| task.definition.as_ref()).collect();
        let mut definitions = BTreeMap::new();
        for arn in arns {
            let read = once(&mut self.lasting.definitions, arn, self.account.definition(arn)).await;
            definitions.insert(arn.clone(), read);
        }
        definitions
    }

    async fn target_groups(&mut self, balanced: &[&SeenService]) -> BTreeMap<String, Reading<TargetGroup>> {
        let mut target_groups = BTreeMap::new();
        for arn in balanced.iter().flat_map(|service| &service.target_groups) {
            let read = self.account.target_group(arn);
            let read = once(&mut self.shared.target_groups, arn, read).await;
            target_groups.insert(arn.clone(), read);
        }
        target_groups
    }

    async fn classic_load_balancers(
        &mut self,
        balanced: &[&SeenService],
    ) -> BTreeMap<String, Reading<ClassicLoadBalancer>> {
        let mut found = BTreeMap::new();
        for name in balanced
            .iter()
            .flat_map(|service| &service.classic_load_balancers)
        {
            let read = self.account.classic_load_balancer(name);
            let read = once(&mut self.shared.classic_load_balancers, name, read).await;
            found.insert(name.clone(), read);
        }
        found
    }

    /// The Auto Scaling group, and what it did last.
    async fn scaling(
        &mut self,
        name: &AutoScalingGroupName,
    ) -> (Option<Reading<ScalingGroup>>, Option<Reading<Vec<Activity>>>) {
        let account = self.account;
        let read = async { account.scaling_group(name).await.transpose() };
        let group = once(&mut self.shared.groups, name, read).await;
        let activities = once(&mut self.shared.activities, name, account.activities(name)).await;
        (group, Some(activities))
    }

    /// How long drains like this one usually hold, where the coordinator's log is known.
    async fn usual(&mut self, drain: &Drain, known: &Known) -> Option<Reading<Usual>> {
        let group = known.beacon.as_ref()?.log_group.as_ref()?;
        if drain.state != DrainState::Holding {
            return None;
        }
        let kin = Kin::of(drain);
        once(&mut self.lasting.usual, &kin, usual(self.account, group, &kin)).await
    }
}

/// The tasks of every registration of the instance.
async fn tasks(account: &Account, cluster: &ClusterName, drain: &Drain) -> Reading<Vec<SeenTask>> {
    let recorded = drain.record.iter().flat_map(|record| record.registrations());
    let seen = drain.machine.iter().map(|machine| &machine.arn);
    // A shared record does not know the whole name of a registration.
    let all: BTreeSet<&ContainerInstanceArn> = recorded.chain(seen).filter(|arn| !is_made_up(arn)).collect();
    let mut tasks = Vec::new();
    for arn in all {
        tasks.extend(account.tasks(cluster, TasksOf::Machine(arn)).await?);
    }
    Ok(tasks)
}

/// Services whose tasks ECS has still to move: their replacements matter.
fn moving(
    alive: &[&SeenTask],
    services: &BTreeMap<ServiceName, Reading<SeenService>>,
) -> BTreeSet<ServiceName> {
    let waits = alive
        .iter()
        .filter(|task| !task.stopping)
        .filter_map(|task| task.service());
    let is_replica = |name: &&ServiceName| match services.get(*name) {
        Some(Ok(service)) => service.scheduling != Scheduling::Daemon,
        Some(Err(_)) | None => true,
    };
    waits.filter(is_replica).cloned().collect()
}

/// Services whose tasks are stopping, or whose replacements may not be healthy yet: their load balancers matter.
fn balanced<'a>(
    alive: &[&SeenTask],
    services: &'a BTreeMap<ServiceName, Reading<SeenService>>,
    elsewhere: &BTreeMap<ServiceName, Reading<Vec<SeenTask>>>,
) -> Vec<&'a SeenService> {
    let stopping = alive
        .iter()
        .filter(|task| task.stopping)
        .filter_map(|task| task.service());
    let names: BTreeSet<&ServiceName> = stopping.chain(elsewhere.keys()).collect();
    names
        .into_iter()
        .filter_map(|name| services.get(name)?.as_ref().ok())
        .collect()
}

/// Whether a placement has failed, so that the room in the cluster matters.
fn lacks_room(services: &BTreeMap<ServiceName, Reading<SeenService>>) -> bool {
    let mut events = services.values().flatten().flat_map(|service| &service.events);
    events.any(|event| EventKind::of(&event.message).is_failed_placement())
}
