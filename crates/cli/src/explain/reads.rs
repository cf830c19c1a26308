//! What `explain` reads of one instance: only what bears on the tasks that hold.

use crate::account::{Account, MachinesOf, TasksOf};
use protector_core::aws::Scheduling;
use protector_core::ids::{ClusterName, ContainerInstanceArn, ServiceName, TaskArn};
use protector_core::shared::is_made_up;
use protector_diagnosis::drain::Drain;
use protector_diagnosis::explain::reads::InstanceReads;
use protector_diagnosis::explain::service_event::EventKind;
use protector_diagnosis::listing::Listing;
use protector_diagnosis::read::Reading;
use protector_diagnosis::seen::{SeenService, SeenTask};
use std::collections::{BTreeMap, BTreeSet};

/// Reads what bears on a drain.
pub(crate) async fn instance(account: &Account, drain: Drain, listing: Option<&Listing>) -> InstanceReads {
    let cluster = drain.key.cluster.clone();
    let tasks = tasks(account, &cluster, &drain).await;
    let alive: Vec<&SeenTask> = tasks
        .iter()
        .flatten()
        .filter(|task| !task.last_status.is_final())
        .collect();
    let services = services(account, &cluster, &alive).await;
    let moving = moving(&alive, &services);
    let mut elsewhere = BTreeMap::new();
    for service in &moving {
        let read = account.tasks(&cluster, TasksOf::Service(service)).await;
        elsewhere.insert(service.clone(), read);
    }
    let protectable: Vec<TaskArn> = alive
        .iter()
        .filter(|task| task.service().is_some_and(|name| moving.contains(name)) && !task.stopping)
        .map(|task| task.arn.clone())
        .collect();
    let protections = account.protections(&cluster, &protectable).await;
    let mut definitions = BTreeMap::new();
    for arn in alive
        .iter()
        .filter_map(|task| task.definition.as_ref())
        .collect::<BTreeSet<_>>()
    {
        definitions.insert(arn.clone(), account.definition(arn).await);
    }
    let balanced = balanced(&alive, &services, &elsewhere);
    let mut target_groups = BTreeMap::new();
    for arn in balanced.iter().flat_map(|service| &service.target_groups) {
        if !target_groups.contains_key(arn) {
            target_groups.insert(arn.clone(), account.target_group(arn).await);
        }
    }
    let mut classic_load_balancers = BTreeMap::new();
    for name in balanced
        .iter()
        .flat_map(|service| &service.classic_load_balancers)
    {
        if !classic_load_balancers.contains_key(name) {
            classic_load_balancers.insert(name.clone(), account.classic_load_balancer(name).await);
        }
    }
    let group = drain.group().cloned();
    let hooks = match &group {
        Some(group) => Some(account.lifecycle_hooks(group).await),
        None => None,
    };
    let lacks_room = lacks_room(&services);
    let (scaling_group, activities) = match group.filter(|_| lacks_room) {
        Some(group) => (
            account.scaling_group(&group).await.map(|found| found.map(Ok)),
            Some(account.activities(&group).await),
        ),
        None => (Ok(None), None),
    };
    let machines = match lacks_room {
        true => Some(account.machines(&cluster, MachinesOf::All).await),
        false => None,
    };
    let beacon = listing.and_then(Listing::readable_beacon).cloned();
    let control = listing.and_then(|listing| listing.control.as_ref()?.as_ref().ok());
    InstanceReads {
        now: account.now(),
        control: control.map(|switch| switch.control),
        dry_run: None,
        group: scaling_group.unwrap_or_else(|gap| Some(Err(gap))),
        beacon,
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

async fn services(
    account: &Account,
    cluster: &ClusterName,
    alive: &[&SeenTask],
) -> BTreeMap<ServiceName, Reading<SeenService>> {
    let names: BTreeSet<&ServiceName> = alive.iter().filter_map(|task| task.service()).collect();
    let names: Vec<ServiceName> = names.into_iter().cloned().collect();
    match account.services(cluster, &names).await {
        Ok(found) => found
            .into_iter()
            .map(|service| (service.name.clone(), Ok(service)))
            .collect(),
        Err(gap) => names.into_iter().map(|name| (name, Err(gap.clone()))).collect(),
    }
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
