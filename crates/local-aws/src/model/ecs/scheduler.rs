//! The service scheduler: how many tasks, where, of which deployment.

use super::service::{Service, ServiceKey, Strategy};
use super::status::{InstanceStatus, StopCode, TaskStatus};
use super::task::{Origin, Task};
use super::{Due, Ecs};
use crate::model::time::later;
use jiff::Timestamp;
use serde_json::Value;
use std::collections::BTreeSet;
use std::time::Duration;

/// The scheduler never reacts faster, or a task that always fails would stop time.
const FASTEST: Duration = Duration::from_millis(1);

/// After so many failures in a row the scheduler slows down no further.
const MAX_DOUBLINGS: u32 = 10;

impl Ecs {
    /// Asks for a look at a service; services whose tasks fail to start are looked at more and more seldom.
    pub(super) fn request_schedule(&mut self, now: Timestamp, key: &ServiceKey) {
        let Some(service) = self.services.get_mut(key) else {
            return;
        };
        if !std::mem::replace(&mut service.schedule_is_due, true) {
            let slower = 2_u32.pow(service.failures.min(MAX_DOUBLINGS));
            let wait = self.config.timings.scheduling.max(FASTEST) * slower;
            self.timers.push(later(now, wait), Due::Schedule(key.clone()));
        }
    }

    /// Asks for a look at every service of a cluster.
    pub(super) fn request_services(&mut self, now: Timestamp, cluster: &str) {
        let of_cluster = self.services.keys().filter(|(owner, _)| owner == cluster);
        let keys: Vec<ServiceKey> = of_cluster.cloned().collect();
        keys.iter().for_each(|key| self.request_schedule(now, key));
    }

    /// Asks for a look at the services of a cluster that have too few tasks: a place has become free.
    pub(super) fn request_short_services(&mut self, now: Timestamp, cluster: &str) {
        let of_cluster = self.services.values().filter(|service| service.key.0 == cluster);
        let short = of_cluster.filter(|service| self.is_short(service));
        let keys: Vec<ServiceKey> = short.map(|service| service.key.clone()).collect();
        keys.iter().for_each(|key| self.request_schedule(now, key));
    }

    fn is_short(&self, service: &Service) -> bool {
        !service.deleted
            && (service.strategy == Strategy::Daemon || service.tasks.len() < service.desired_count)
    }

    /// A task is RUNNING: the definition of its service works, and older tasks may go.
    pub(super) fn count_success(&mut self, now: Timestamp, arn: &str) {
        let service = self.tasks.get(arn).and_then(|task| task.origin.service.as_ref());
        if let Some(service) = service.and_then(|key| self.services.get_mut(key)) {
            service.failures = 0;
        }
        self.request_successor(now, arn);
    }

    /// Looks at a service: stops what is too much, places what is missing.
    pub(super) fn schedule(&mut self, now: Timestamp, key: &ServiceKey) {
        let Some(service) = self.services.get_mut(key) else {
            return;
        };
        service.schedule_is_due = false;
        let service = &self.services[key];
        let (stop, place) = match (service.deleted, service.strategy) {
            (true, _) => (service.tasks.iter().cloned().collect(), Vec::new()),
            (false, Strategy::Daemon) => self.plan_daemon(now, service),
            (false, Strategy::Replica) => (self.surplus(now, service), Vec::new()),
        };
        stop.iter().for_each(|task| self.stop_by_scheduler(now, task));
        place
            .iter()
            .for_each(|instance| self.place_of_service(now, key, instance));
        self.fill_up(now, key);
        self.retire_deployments(key);
    }

    /// A daemon: tasks of old deployments stop; an instance gets a task when it has none, not even a stopping one
    /// (<https://github.com/aws/containers-roadmap/issues/2170>).
    fn plan_daemon(&self, now: Timestamp, service: &Service) -> (Vec<String>, Vec<String>) {
        let tasks = || service.tasks.iter().filter_map(|arn| self.tasks.get(arn));
        let old =
            tasks().filter(|task| task.is_wanted() && !is_current(service, task) && !task.is_protected(now));
        let stop = old
            .filter(|task| self.is_active(&task.instance))
            .map(|task| task.arn.clone())
            .collect();
        let served: BTreeSet<&str> = tasks().map(|task| task.instance.as_str()).collect();
        let size = service
            .deployments
            .first()
            .map(|deployment| deployment.definition.resources);
        let mine = self
            .instances
            .values()
            .filter(|instance| instance.cluster == service.key.0);
        let able = mine.filter(|one| one.takes_tasks() && size.is_some_and(|size| one.fits(size)));
        let place = able
            .filter(|instance| !served.contains(instance.arn.as_str()))
            .map(|one| one.arn.clone());
        (stop, place.collect())
    }

    /// Replicas that are too many: of old deployments as the new one gets RUNNING, else the latest.
    fn surplus(&self, now: Timestamp, service: &Service) -> Vec<String> {
        let tasks = service.tasks.iter().filter_map(|arn| self.tasks.get(arn));
        let wanted = tasks.filter(|task| task.is_wanted() && !task.is_protected(now));
        let (mut new, mut old): (Vec<&Task>, Vec<&Task>) = wanted.partition(|task| is_current(service, task));
        let running = new
            .iter()
            .filter(|task| task.last_status == TaskStatus::Running)
            .count();
        new.sort_by_key(|task| (task.last_status != TaskStatus::Running, task.times.created));
        old.sort_by_key(|task| task.times.created);
        let keep_old = service.desired_count.saturating_sub(running);
        let surplus = new
            .into_iter()
            .skip(service.desired_count)
            .chain(old.into_iter().skip(keep_old));
        surplus.map(|task| task.arn.clone()).collect()
    }

    /// Places replicas of the newest deployment until there are enough or no place is left.
    fn fill_up(&mut self, now: Timestamp, key: &ServiceKey) {
        while let Some(instance) = self.place_for_replica(key) {
            self.place_of_service(now, key, &instance);
        }
    }

    fn place_for_replica(&self, key: &ServiceKey) -> Option<String> {
        let service = self.services.get(key)?;
        if service.deleted || service.strategy == Strategy::Daemon {
            return None;
        }
        let tasks = service.tasks.iter().filter_map(|arn| self.tasks.get(arn));
        let present = tasks
            .filter(|task| task.is_wanted() && is_current(service, task))
            .count();
        let size = service.deployments.first()?.definition.resources;
        (present < service.desired_count).then(|| self.choose(&key.0, size, |_| true))?
    }

    fn place_of_service(&mut self, now: Timestamp, key: &ServiceKey, instance: &str) {
        let Some(service) = self.services.get(key) else {
            return;
        };
        let Some(deployment) = service.deployments.first() else {
            return;
        };
        let origin = Origin {
            group: service.group(),
            started_by: Some(deployment.id.clone()),
            service: Some(key.clone()),
            daemon: service.strategy == Strategy::Daemon,
            overrides: Value::Null,
        };
        let definition = deployment.definition.clone();
        self.place(now, instance, &definition, origin);
    }

    /// Stops a task in the words of the scheduler.
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

    fn is_active(&self, instance: &str) -> bool {
        self.instances
            .get(instance)
            .is_some_and(|instance| instance.status == InstanceStatus::Active)
    }

    /// An old deployment is over when its last task is.
    fn retire_deployments(&mut self, key: &ServiceKey) {
        let Some(service) = self.services.get_mut(key) else {
            return;
        };
        let tasks = service.tasks.iter().filter_map(|arn| self.tasks.get(arn));
        let used: BTreeSet<&str> = tasks
            .filter_map(|task| task.origin.started_by.as_deref())
            .collect();
        let newest = service
            .deployments
            .first()
            .map(|deployment| deployment.id.clone());
        service
            .deployments
            .retain(|one| Some(&one.id) == newest.as_ref() || used.contains(one.id.as_str()));
    }
}

fn is_current(service: &Service, task: &Task) -> bool {
    service.deployments.first().map(|deployment| &deployment.id) == task.origin.started_by.as_ref()
}
