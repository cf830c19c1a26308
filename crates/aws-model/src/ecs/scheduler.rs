//! The service scheduler: how many tasks, where, of which deployment.

use super::definition::Resources;
use super::keys::ServiceKey;
use super::service::{EcsService, Strategy};
use super::service_events::{Closest, Reported};
use super::targets::Balancer;
use super::task::{Origin, Task};
use super::{Ecs, EcsTimer};
use crate::status::{InstanceStatus, StopCode, TaskStatus};
use crate::time::later;
use jiff::Timestamp;
use serde_json::Value;
use std::time::Duration;

/// The scheduler never reacts faster, or a task that always fails would stop time.
const FASTEST: Duration = Duration::from_millis(1);

/// After so many failures in a row the scheduler slows down no further.
const MAX_DOUBLINGS: u32 = 10;

impl Ecs {
    /// Requests a look at a service. The looks at services whose tasks fail to start become less and less frequent.
    pub(super) fn request_schedule(&mut self, now: Timestamp, key: &ServiceKey) {
        let Some(service) = self.services.get_mut(key) else {
            return;
        };
        if !std::mem::replace(&mut service.schedule_is_due, true) {
            let slower = 2_u32.pow(service.failures.min(MAX_DOUBLINGS));
            let wait = self.config.timings.scheduling.max(FASTEST) * slower;
            self.timers
                .push(later(now, wait), EcsTimer::Schedule(key.clone()));
        }
    }

    /// Requests a look at every service of a cluster.
    pub(super) fn request_services(&mut self, now: Timestamp, cluster: &str) {
        let of_cluster = self.services.keys().filter(|(owner, _)| owner == cluster);
        let keys: Vec<ServiceKey> = of_cluster.cloned().collect();
        keys.iter().for_each(|key| self.request_schedule(now, key));
    }

    /// Requests a look at the services of a cluster that found no room: a place has become free.
    pub(super) fn request_short_services(&mut self, now: Timestamp, cluster: &str) {
        let short = self
            .services
            .values()
            .filter(|service| service.is_short && service.key.0 == cluster);
        let keys: Vec<ServiceKey> = short.map(|service| service.key.clone()).collect();
        keys.iter().for_each(|key| self.request_schedule(now, key));
    }

    /// Looks at a service: stops surplus tasks, places missing ones.
    pub(super) fn schedule(&mut self, now: Timestamp, key: &ServiceKey) {
        let Some(service) = self.services.get_mut(key) else {
            return;
        };
        service.schedule_is_due = false;
        service.retire_deployments();
        let mut stopped = self.surplus(now, key);
        stopped.iter().for_each(|task| self.stop_by_scheduler(now, task));
        for task in self.leaving(now, key) {
            self.stop_by_scheduler(now, &task);
            stopped.push(task);
        }
        let (places, is_short) = match self.services.get(key).is_some_and(EcsService::is_broken) {
            true => (Vec::new(), false),
            false => self.places(key),
        };
        let placed = places
            .iter()
            .filter_map(|instance| self.place_of_service(now, key, instance));
        let started: Vec<String> = placed.collect();
        if let Some(service) = self.services.get_mut(key) {
            service.is_short = is_short;
        }
        self.tell(now, key, started, stopped);
    }

    /// Adds the events that a look at a service gives.
    fn tell(&mut self, now: Timestamp, key: &ServiceKey, started: Vec<String>, stopped: Vec<String>) {
        let mut reported = Vec::new();
        if !stopped.is_empty() {
            reported.push(Reported::Stopped(stopped));
        }
        if !started.is_empty() {
            reported.push(Reported::Started(started));
        }
        reported.extend(self.unsaid(key));
        let state = self.state_of(key);
        if let (Some(Reported::Steady), Some(service)) = (&state, self.services.get_mut(key)) {
            service.complete(now);
        }
        reported.extend(state);
        if let Some(service) = self.services.get_mut(key) {
            reported
                .iter()
                .for_each(|one| service.events.tell(now, &key.1, one));
        }
    }

    /// What has happened to the tasks of a service since the last look, beside starts and stops.
    fn unsaid(&mut self, key: &ServiceKey) -> Vec<Reported> {
        let Some(service) = self.services.get_mut(key) else {
            return Vec::new();
        };
        let unsaid = std::mem::take(&mut service.unsaid);
        let mut reported: Vec<Reported> = unsaid.failures.into_iter().map(Reported::NotStarted).collect();
        reported.extend(unsaid.broken.map(Reported::Broken));
        reported.extend((unsaid.draining > 0).then_some(Reported::Draining(unsaid.draining)));
        // The events of Classic Load Balancers are not modelled.
        for balancer in &service.balancers {
            let Balancer::TargetGroup(arn) = &balancer.balancer else {
                continue;
            };
            let group = || arn.clone();
            let registered = unsaid.registered > 0;
            reported.extend(registered.then(|| Reported::Registered(unsaid.registered, group())));
            let draining = unsaid.draining > 0;
            reported.extend(draining.then(|| Reported::Deregistered(unsaid.draining, group())));
            let unhealthy = unsaid.unhealthy.iter();
            reported.extend(unhealthy.map(|host| Reported::Unhealthy(host.clone(), balancer.port, group())));
        }
        reported
    }

    /// The state of a service, if ECS has an event for it.
    fn state_of(&self, key: &ServiceKey) -> Option<Reported> {
        let service = self.services.get(key).filter(|service| !service.deleted)?;
        if let Some(failing) = Reported::failing(service.failures) {
            return Some(failing);
        }
        if service.is_short {
            let size = service.deployments.first()?.definition.resources;
            let able = self.instances.values();
            let able = able.filter(|one| one.cluster == key.0 && one.takes_tasks());
            return Some(Reported::NoRoom(Closest::of(able, size, &service.place_rules)));
        }
        let (total, leaving) = (service.total(), self.on_draining(service).count());
        let staying = total.wanted.saturating_sub(leaving);
        if service.strategy == Strategy::Replica && staying > service.desired_count {
            // A protected task is left; a task that waits for a successor is not surplus.
            let protected = service.outdated() == 0;
            return protected.then_some(Reported::Protected(staying - service.desired_count));
        }
        if leaving + service.outdated() > 0 {
            return self.is_blocked(service).then_some(Reported::Blocked);
        }
        let complete = service.strategy == Strategy::Daemon || total.wanted == service.desired_count;
        (complete && total.running == total.wanted && total.alive == total.wanted).then_some(Reported::Steady)
    }

    /// Returns whether the deployment configuration allows neither a stop nor a start, and nothing is in progress that
    /// would change that.
    fn is_blocked(&self, service: &EcsService) -> bool {
        let total = service.total();
        let allowed = service
            .percents
            .map(|percents| percents.allowed(service.desired_count, total.wanted, total.running));
        let still = total.running == total.wanted;
        still && allowed.is_some_and(|allowed| allowed.starts == 0 && allowed.stops == 0)
    }

    /// The tasks of a service that are to run, and are on an instance that drains.
    fn on_draining<'a>(&'a self, service: &'a EcsService) -> impl Iterator<Item = &'a Task> {
        let tasks = service.tasks.iter().filter_map(|arn| self.tasks.get(arn));
        tasks.filter(|task| task.is_wanted() && self.is_draining(&task.instance))
    }

    /// Replicas that go from instances that drain, as far as the deployment configuration allows it: those that do not
    /// run yet at once, the others while enough are healthy.
    fn leaving(&self, now: Timestamp, key: &ServiceKey) -> Vec<String> {
        let service = self.services.get(key).filter(|service| !service.deleted);
        let Some((service, percents)) = service.and_then(|one| Some((one, one.percents?))) else {
            return Vec::new();
        };
        let total = service.total();
        let allowed = percents.allowed(service.desired_count, total.wanted, total.running);
        let leaving = self.on_draining(service).filter(|task| !task.is_protected(now));
        let (run, others): (Vec<&Task>, Vec<&Task>) =
            leaving.partition(|task| task.last_status == TaskStatus::Running);
        let going = others.into_iter().chain(run.into_iter().take(allowed.stops));
        going.map(|task| task.arn.clone()).collect()
    }

    /// The tasks of a service that are to go.
    fn surplus(&self, now: Timestamp, key: &ServiceKey) -> Vec<String> {
        let Some(service) = self.services.get(key) else {
            return Vec::new();
        };
        let tasks = service.tasks.iter().filter_map(|arn| self.tasks.get(arn));
        let free = tasks.filter(|task| task.is_wanted() && !task.is_protected(now));
        let surplus = match (service.deleted, service.strategy) {
            (true, _) => free.collect(),
            (false, Strategy::Replica) if service.percents.is_some() => {
                self.surplus_within_percents(service, free)
            }
            (false, _) if is_settled(service) => Vec::new(),
            (false, Strategy::Daemon) => self.outdated_daemons(service, free),
            (false, Strategy::Replica) => surplus_replicas(service, free),
        };
        surplus.into_iter().map(|task| task.arn.clone()).collect()
    }

    /// Replicas that are too many, of a service with a deployment configuration. Those on instances that drain are
    /// none: each has or gets a successor.
    fn surplus_within_percents<'a>(
        &'a self,
        service: &'a EcsService,
        free: impl Iterator<Item = &'a Task>,
    ) -> Vec<&'a Task> {
        let total = service.total();
        let stops = service.percents.map_or(0, |percents| {
            percents
                .allowed(service.desired_count, total.wanted, total.running)
                .stops
        });
        let staying = free.filter(|task| !self.is_draining(&task.instance));
        let (mut new, mut old): (Vec<&Task>, Vec<&Task>) = staying.partition(|task| service.is_current(task));
        new.sort_by_key(|task| (task.last_status != TaskStatus::Running, task.times.created));
        old.sort_by_key(|task| (task.last_status == TaskStatus::Running, task.times.created));
        let not_running = old
            .iter()
            .filter(|task| task.last_status != TaskStatus::Running)
            .count();
        let old = old.into_iter().take(not_running + stops);
        new.into_iter().skip(service.desired_count).chain(old).collect()
    }

    /// Daemon tasks of old deployments, where they can be replaced.
    fn outdated_daemons<'a>(
        &self,
        service: &EcsService,
        free: impl Iterator<Item = &'a Task>,
    ) -> Vec<&'a Task> {
        free.filter(|task| !service.is_current(task) && self.is_active(&task.instance))
            .collect()
    }

    /// Where a service's missing tasks go, one for each; and whether there is no room for some.
    fn places(&self, key: &ServiceKey) -> (Vec<String>, bool) {
        let service = self.services.get(key).filter(|service| !service.deleted);
        let Some((service, newest)) = service.and_then(|one| Some((one, one.deployments.first()?))) else {
            return (Vec::new(), false);
        };
        let size = newest.definition.resources;
        if service.strategy == Strategy::Daemon {
            return self.unserved(service, size);
        }
        let missing = self.missing(service);
        let places = match missing {
            0 => Vec::new(),
            _ => self.spread(&key.0, size, missing, |one| service.place_rules.allow(one)),
        };
        let is_short = places.len() < missing;
        (places, is_short)
    }

    /// How many replicas are to be added now.
    fn missing(&self, service: &EcsService) -> usize {
        let Some(percents) = service.percents else {
            return service.missing();
        };
        let total = service.total();
        let leaving = self
            .on_draining(service)
            .filter(|task| service.is_current(task))
            .count();
        let staying = service.current().wanted.saturating_sub(leaving);
        let allowed = percents.allowed(service.desired_count, total.wanted, total.running);
        service.desired_count.saturating_sub(staying).min(allowed.starts)
    }

    /// The instances that have no task of a daemon, not even a stopping one
    /// (<https://github.com/aws/containers-roadmap/issues/2170>), and room for it; and whether some have no room.
    fn unserved(&self, service: &EcsService, size: Resources) -> (Vec<String>, bool) {
        let all = self
            .instances
            .values()
            .filter(|one| one.cluster == service.key.0 && one.takes_tasks());
        let allowed = all.filter(|one| service.place_rules.allow(one));
        let unserved = allowed.filter(|one| !service.served.contains(&one.arn));
        let (able, full): (Vec<_>, Vec<_>) = unserved.partition(|one| one.fits(size));
        (
            able.into_iter().map(|one| one.arn.clone()).collect(),
            !full.is_empty(),
        )
    }

    fn place_of_service(&mut self, now: Timestamp, key: &ServiceKey, instance: &str) -> Option<String> {
        let service = self.services.get(key)?;
        let deployment = service.deployments.first()?;
        let origin = Origin {
            group: service.group(),
            started_by: Some(deployment.id.clone()),
            service: Some(key.clone()),
            daemon: service.strategy == Strategy::Daemon,
            overrides: Value::Null,
        };
        let definition = deployment.definition.clone();
        self.place(now, instance, &definition, origin)
    }

    /// Stops a task with the reason text of the scheduler.
    pub(super) fn stop_by_scheduler(&mut self, now: Timestamp, arn: &str) {
        let started_by = self
            .tasks
            .get(arn)
            .and_then(|task| task.origin.started_by.clone());
        let reason = format!(
            "Scaling activity initiated by (deployment {})",
            started_by.unwrap_or_default()
        );
        self.stop_task(now, arn, StopCode::ServiceSchedulerInitiated, &reason);
    }

    fn is_draining(&self, instance: &str) -> bool {
        self.instances
            .get(instance)
            .is_some_and(|instance| instance.status == InstanceStatus::Draining)
    }

    fn is_active(&self, instance: &str) -> bool {
        self.instances
            .get(instance)
            .is_some_and(|instance| instance.status == InstanceStatus::Active)
    }
}

/// Returns whether the service has neither tasks of old deployments nor too many.
fn is_settled(service: &EcsService) -> bool {
    let too_many = service.strategy == Strategy::Replica && service.current().wanted > service.desired_count;
    service.outdated() == 0 && !too_many
}

/// Replicas that are too many: of old deployments as the new one gets RUNNING, else the latest.
fn surplus_replicas<'a>(service: &EcsService, free: impl Iterator<Item = &'a Task>) -> Vec<&'a Task> {
    let (mut new, mut old): (Vec<&Task>, Vec<&Task>) = free.partition(|task| service.is_current(task));
    new.sort_by_key(|task| (task.last_status != TaskStatus::Running, task.times.created));
    old.sort_by_key(|task| task.times.created);
    let keep_old = service.desired_count.saturating_sub(service.current().running);
    let too_new = new.into_iter().skip(service.desired_count);
    too_new.chain(old.into_iter().skip(keep_old)).collect()
}
