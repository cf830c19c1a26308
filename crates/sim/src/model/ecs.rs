//! Container instances and tasks as ECS knows them.

use super::errors::CallError;
use super::events;
use super::facts::{Caller, Cause, Fact};
use super::ids::{HostId, RegistrationId, TaskId};
use super::names;
use super::registration::Registration;
use super::status::{InstanceStatus, Process, TaskStatus};
use super::task::Task;
use super::timers::Due;
use super::world::World;
use crate::scenario::{self, DaemonStop, HOUR, Kind, Ms, SECOND, Stuck, Trouble};

/// ECS describes what has stopped for so long.
const STOPPED_KEPT: Ms = HOUR;

/// The longest for which a description may lag.
const STALE_MAX: Ms = 5 * SECOND;

/// Which tasks of a cluster are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listed<'a> {
    /// All of them.
    All,
    /// Those on a container instance, by its ARN.
    On(&'a str),
    /// Those of a service, by its name.
    Of(&'a str),
}

impl World {
    pub(super) fn register(&mut self, host: HostId, cluster: usize, sort: Option<u32>) -> RegistrationId {
        let id = RegistrationId(self.registrations.len() as u32);
        let sort = sort.unwrap_or_else(|| self.rng.u32(0x1000_0000..0xf000_0000));
        let name = &self.scenario.clusters[cluster].name;
        self.registrations.push(Registration {
            arn: names::registration(name, sort, id),
            cluster,
            host,
            status: InstanceStatus::Active,
            before: (InstanceStatus::Active, 0),
            connected: true,
            connected_since: self.now,
            tasks: Vec::new(),
            leftover: false,
        });
        self.in_cluster[cluster].push(id);
        self.hosts[host.0 as usize].registrations.push(id);
        id
    }

    pub(super) fn stick(&mut self, id: RegistrationId, stuck: Stuck) {
        self.registrations[id.0 as usize].status = match stuck {
            Stuck::Registering => InstanceStatus::Registering,
            Stuck::Failed => InstanceStatus::RegistrationFailed,
        };
    }

    pub(super) fn place(&mut self, registration: RegistrationId, plan: &scenario::TaskSpec) -> TaskId {
        let group = match plan.service {
            Some(service) => format!("service:{}", self.scenario.services[service].name),
            None => plan.group.clone().unwrap_or_else(|| "family:job".to_owned()),
        };
        let id = self.add_task(registration, plan.service, group, plan.clone());
        if let Some(ends) = plan.ends {
            self.due(ends.max(self.now), Due::EndsItself(id));
        }
        id
    }

    pub(super) fn add_task(
        &mut self,
        registration: RegistrationId,
        service: Option<usize>,
        group: String,
        plan: scenario::TaskSpec,
    ) -> TaskId {
        let id = TaskId(self.tasks.len() as u32);
        let (host, cluster) = {
            let registration = self.registration(registration);
            (registration.host, registration.cluster)
        };
        let sort = self.rng.u32(..);
        let managed = self.host(host).kind == Kind::Managed;
        self.tasks.push(Task {
            arn: names::task(&self.scenario.clusters[cluster].name, sort, id),
            registration,
            host,
            service,
            daemon_task: service.is_some_and(|service| self.daemon_services[service]),
            group,
            created: self.now,
            status: TaskStatus::Running,
            since: self.now,
            execution_stopped: None,
            notified: None,
            process: Process::Runs,
            plan,
            daemon: None,
            managed,
        });
        self.registrations[registration.0 as usize].tasks.push(id);
        id
    }

    pub(super) fn registrations_of(&self, cluster: usize) -> impl Iterator<Item = RegistrationId> {
        self.in_cluster[cluster].iter().copied()
    }

    /// The number of a cluster that is there.
    ///
    /// # Errors
    /// `ClusterNotFoundException`.
    pub fn cluster(&self, name: &str) -> Result<usize, CallError> {
        let found = self
            .scenario
            .clusters
            .iter()
            .position(|cluster| cluster.name == name);
        found
            .filter(|cluster| !self.clusters_deleted[*cluster])
            .ok_or_else(|| CallError::new("ClusterNotFoundException", "Cluster not found."))
    }

    /// The ARNs of clusters.
    #[must_use]
    pub fn cluster_arns(&self) -> Vec<String> {
        let clusters = self.scenario.clusters.iter().enumerate();
        let there = clusters.filter(|(index, _)| !self.clusters_deleted[*index]);
        there.map(|(_, cluster)| names::cluster(&cluster.name)).collect()
    }

    /// `ListContainerInstances`: INACTIVE ones are left out.
    ///
    /// # Errors
    /// The cluster is not there.
    pub fn list_instances(
        &self,
        cluster: &str,
        machines: &[&str],
        status: Option<&str>,
        connected: bool,
    ) -> Result<Vec<String>, CallError> {
        let cluster = self.cluster(cluster)?;
        let fits = |id: &RegistrationId| {
            let registration = self.registration(*id);
            registration.status != InstanceStatus::Inactive
                && (registration.connected || !connected)
                && status.is_none_or(|status| registration.status.to_string() == status)
        };
        let arns = |id| self.registration(id).arn.clone();
        if machines.is_empty() {
            return Ok(self.registrations_of(cluster).filter(fits).map(arns).collect());
        }
        // Few of many: each machine knows its registrations.
        let hosts = machines
            .iter()
            .filter_map(|machine| names::instance_number(machine));
        let known = hosts.filter(|host| (host.0 as usize) < self.hosts.len());
        let theirs = known.flat_map(|host| self.host(host).registrations.clone());
        let here = theirs.filter(|id| self.registration(*id).cluster == cluster);
        Ok(here.filter(fits).map(arns).collect())
    }

    /// A registration by its ARN, if ECS still describes it.
    #[must_use]
    pub fn find_registration(&self, cluster: usize, arn: &str) -> Option<RegistrationId> {
        let id = names::registration_number(arn)?;
        let registration = self.registrations.get(id.0 as usize)?;
        (registration.arn == arn && registration.cluster == cluster).then_some(id)
    }

    /// The status that a description shows: it may lag.
    pub fn shown_status(&mut self, id: RegistrationId) -> InstanceStatus {
        let now = self.now;
        let stale = self.faults.strikes(now, &Trouble::StaleInstance, &mut self.rng);
        let registration = self.registration(id);
        let (before, until) = registration.before;
        if stale && now.saturating_sub(until) < STALE_MAX {
            before
        } else {
            registration.status
        }
    }

    /// `ListServices` of a cluster: those of its container instances' daemons, or the others.
    ///
    /// # Errors
    /// The cluster is not there.
    pub fn list_services(&self, cluster: &str, daemons: bool) -> Result<Vec<String>, CallError> {
        let index = self.cluster(cluster)?;
        let of_cluster = |service: &usize| {
            let mut tasks = self
                .registrations_of(index)
                .flat_map(|id| self.registration(id).tasks.iter());
            tasks.any(|id| self.task(*id).service == Some(*service))
        };
        let services = 0..self.scenario.services.len();
        let listed =
            services.filter(|service| self.daemon_services[*service] == daemons && of_cluster(service));
        let arn = |service: usize| {
            let name = &self.scenario.services[service].name;
            format!("arn:aws:ecs:eu-west-1:123456789012:service/{cluster}/{name}")
        };
        Ok(listed.map(arn).collect())
    }

    /// `ListTasks` of a container instance, a service, or the whole cluster.
    ///
    /// # Errors
    /// The cluster or the instance is not there.
    pub fn list_tasks(
        &self,
        cluster: &str,
        listed: Listed<'_>,
        stopped: bool,
    ) -> Result<Vec<String>, CallError> {
        let cluster = self.cluster(cluster)?;
        let named = |service: usize, name: &str| self.scenario.services[service].name == name;
        let wanted = |task: &&Task| match listed {
            Listed::Of(name) => task.service.is_some_and(|service| named(service, name)),
            Listed::All | Listed::On(_) => true,
        };
        let shown = |task: &&Task| (task.notified.is_some()) == stopped && self.is_kept(task) && wanted(task);
        let arns = |id: RegistrationId| {
            let tasks = self.registration(id).tasks.iter().map(|id| self.task(*id));
            tasks
                .filter(shown)
                .map(|task| task.arn.clone())
                .collect::<Vec<_>>()
        };
        let Listed::On(arn) = listed else {
            return Ok(self.registrations_of(cluster).flat_map(arns).collect());
        };
        let id = self.find_registration(cluster, arn).ok_or_else(|| {
            CallError::new(
                "InvalidParameterException",
                "The referenced container instance was not found.",
            )
        })?;
        Ok(arns(id))
    }

    /// A task by its ARN, if ECS still describes it.
    #[must_use]
    pub fn find_task(&self, arn: &str) -> Option<TaskId> {
        let id = names::task_number(arn)?;
        let task = self.tasks.get(id.0 as usize)?;
        (task.arn == arn && self.is_kept(task)).then_some(id)
    }

    /// Returns whether a description of tasks leaves this one out.
    pub fn hides_task(&mut self) -> bool {
        self.faults
            .strikes(self.now, &Trouble::MissingTask, &mut self.rng)
    }

    fn is_kept(&self, task: &Task) -> bool {
        task.is_alive() || self.now - task.since < STOPPED_KEPT
    }

    /// `UpdateContainerInstancesState`.
    ///
    /// # Errors
    /// The reason for which ECS refuses.
    pub fn set_status(&mut self, id: RegistrationId, draining: bool, by: Caller) -> Result<(), &'static str> {
        let wanted = if draining {
            InstanceStatus::Draining
        } else {
            InstanceStatus::Active
        };
        let now = self.now;
        let registration = &mut self.registrations[id.0 as usize];
        match registration.status {
            InstanceStatus::Active | InstanceStatus::Draining => {}
            InstanceStatus::Inactive => return Err("INACTIVE"),
            InstanceStatus::Registering | InstanceStatus::RegistrationFailed => {
                return Err("The container instance is not in a valid state for this operation");
            }
        }
        if registration.status == wanted {
            return Ok(());
        }
        registration.before = (registration.status, now);
        registration.status = wanted;
        self.tell(&Fact::Instance {
            registration: id,
            status: wanted,
            by,
        });
        self.after(1, Due::Spread(id));
        if draining {
            self.drain(id);
        }
        Ok(())
    }

    /// Sets the machine's present registration DRAINING.
    ///
    /// # Errors
    /// The reason for which ECS refuses.
    pub fn drain_present(&mut self, host: HostId, by: Caller) -> Result<(), &'static str> {
        match self.host(host).present() {
            Some(registration) => self.set_status(registration, true, by),
            None => Err("MISSING"),
        }
    }

    /// `StopTask`.
    ///
    /// # Errors
    /// The task is not there, or may not be stopped.
    pub fn stop_task(&mut self, arn: &str) -> Result<(), CallError> {
        let missing = || CallError::new("InvalidParameterException", "The referenced task was not found.");
        let id = self.find_task(arn).ok_or_else(missing)?;
        if self.task(id).plan.may_not_be_stopped {
            return Err(CallError::new(
                "AccessDeniedException",
                "not authorized to perform: ecs:StopTask",
            ));
        }
        self.tell_to_stop(id, Cause::Stopped);
        Ok(())
    }

    /// ECS stops the tasks of services, and leaves all others alone.
    fn drain(&mut self, id: RegistrationId) {
        let mode = self.scenario.aws.daemon_stop;
        for task in self.registration(id).tasks.clone() {
            let (alive, daemon, service, plan) = {
                let task = self.task(task);
                let alive = task.is_alive() && task.notified.is_none();
                (alive, task.daemon_task, task.service.is_some(), task.plan.clone())
            };
            if !alive || !service || plan.stays {
                continue;
            }
            if !daemon || mode == DaemonStop::AtOnce {
                let usual = self.between(SECOND, 6 * SECOND);
                self.after(plan.notified.unwrap_or(usual), Due::Tell(task, Cause::Drain));
            }
        }
        self.after(SECOND, Due::DaemonStops(id));
    }

    /// ECS checks whether the daemons of a DRAINING instance may go.
    pub(super) fn daemons_may_stop(&mut self, id: RegistrationId) {
        let registration = self.registration(id);
        if registration.status != InstanceStatus::Draining {
            return;
        }
        let mode = self.scenario.aws.daemon_stop;
        let waits = |task: &Task| {
            let replica = task.service.is_some() && !task.daemon_task;
            let kept = match mode {
                DaemonStop::AtOnce => false,
                DaemonStop::WhenNoneRuns => task.status <= TaskStatus::Running,
                DaemonStop::WhenAllStopped => task.is_alive(),
            };
            replica && kept
        };
        let tasks: Vec<TaskId> = registration.tasks.clone();
        if tasks.iter().any(|id| waits(self.task(*id))) {
            return;
        }
        for id in tasks {
            let task = self.task(id);
            if task.daemon_task && task.is_alive() && task.notified.is_none() {
                let wait = self.between(200, 2 * SECOND);
                self.after(wait, Due::Tell(id, Cause::Drain));
            }
        }
    }

    /// ECS sets the desired status of a task to STOPPED.
    pub(super) fn tell_to_stop(&mut self, id: TaskId, cause: Cause) {
        let registration = self.task(id).registration;
        let undone =
            cause == Cause::Drain && self.registration(registration).status != InstanceStatus::Draining;
        if undone || self.task(id).notified.is_some() || !self.task(id).is_alive() {
            return;
        }
        let now = self.now;
        let task = &mut self.tasks[id.0 as usize];
        task.notified = Some((now, cause));
        if task.status == TaskStatus::Running {
            task.status = TaskStatus::Deactivating;
        }
        self.tell(&Fact::TaskNotified { task: id, cause });
        self.tell(&Fact::TaskStatus {
            task: id,
            status: TaskStatus::Deactivating,
        });
        self.due(now + 1, Due::DaemonStops(registration));
        let wait = self.between(100, 900);
        self.after(wait, Due::AgentStops(id));
    }

    pub(super) fn ends_itself(&mut self, id: TaskId) {
        if self.task(id).process != Process::Runs {
            return;
        }
        self.tasks[id.0 as usize]
            .notified
            .get_or_insert((self.now, Cause::Itself));
        self.process_ends(id);
    }

    /// No process of the task is left: ECS learns of it.
    pub(super) fn process_ends(&mut self, id: TaskId) {
        let registration = self.task(id).registration;
        let connected = self.registration(registration).connected;
        let now = self.now;
        let task = &mut self.tasks[id.0 as usize];
        if task.process == Process::Gone {
            return;
        }
        task.process = Process::Gone;
        task.execution_stopped = Some(now);
        if !task.daemon_task {
            self.wrote_last(id);
        }
        let task = &mut self.tasks[id.0 as usize];
        if connected {
            task.status = TaskStatus::Deprovisioning;
            task.since = now;
            task.notified.get_or_insert((now, Cause::Itself));
            self.tell(&Fact::TaskStatus {
                task: id,
                status: TaskStatus::Deprovisioning,
            });
            let wait = self.between(200, 1200);
            self.after(wait, Due::Stopped(id));
        }
        // An agent that is away reports it when it is back.
    }

    /// ECS sets the task to STOPPED.
    pub(super) fn stopped(&mut self, id: TaskId) {
        if !self.task(id).is_alive() {
            return;
        }
        let now = self.now;
        let task = &mut self.tasks[id.0 as usize];
        task.status = TaskStatus::Stopped;
        task.since = now;
        task.notified.get_or_insert((now, Cause::Itself));
        let registration = task.registration;
        self.tell(&Fact::TaskStatus {
            task: id,
            status: TaskStatus::Stopped,
        });
        let event = events::task_stopped(self, id);
        self.emit("ECS Task State Change", event);
        if self.registration(registration).status == InstanceStatus::Draining {
            self.instance_event(registration);
            self.after(1, Due::DaemonStops(registration));
        }
    }

    /// The event of a registration, as it is now. ECS sends it also when its resources change.
    pub(super) fn instance_event(&mut self, id: RegistrationId) {
        let status = self.registration(id).status;
        if matches!(status, InstanceStatus::Draining | InstanceStatus::Inactive) {
            let event = events::instance(self, id);
            self.emit("ECS Container Instance State Change", event);
        }
    }

    /// ECS forgets the registration, and with it its tasks.
    pub(super) fn deactivate(&mut self, id: RegistrationId) {
        if self.registration(id).status == InstanceStatus::Inactive {
            return;
        }
        let now = self.now;
        let registration = &mut self.registrations[id.0 as usize];
        registration.before = (registration.status, now);
        registration.status = InstanceStatus::Inactive;
        registration.connected = false;
        for task in registration.tasks.clone() {
            let entry = &mut self.tasks[task.0 as usize];
            entry.process = Process::Gone;
            if entry.is_alive() && entry.status != TaskStatus::Deprovisioning {
                // No agent will report it any more.
                entry.execution_stopped = None;
            }
            self.stopped(task);
        }
        self.tell(&Fact::Instance {
            registration: id,
            status: InstanceStatus::Inactive,
            by: Caller::Service,
        });
        self.instance_event(id);
    }

    /// The agent's connection of a registration.
    pub(super) fn connect(&mut self, id: RegistrationId, connected: bool) {
        let now = self.now;
        let registration = &mut self.registrations[id.0 as usize];
        if registration.connected == connected {
            return;
        }
        registration.connected = connected;
        registration.connected_since = now;
        let (host, tasks) = (registration.host, registration.tasks.clone());
        self.tell(&Fact::Agent { host, connected });
        if !connected {
            return;
        }
        // What it has missed, and what it has to report.
        for id in tasks {
            let task = self.task(id);
            match (task.process, task.notified) {
                (Process::Gone, _) if task.is_alive() => self.after(500, Due::Stopped(id)),
                (Process::Runs, Some(_)) => self.after(500, Due::AgentStops(id)),
                (Process::Stops, _) => self.daemon_is_next(id),
                _ => {}
            }
        }
    }
}
