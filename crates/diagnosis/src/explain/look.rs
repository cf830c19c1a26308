//! One task, with everything that was read of what decides about it.

use jiff::{SignedDuration, Timestamp};
use protector_core::ids::ServiceName;
use protector_core::limits::TICK_AND_DELAY;

use super::reads::InstanceReads;
use super::service_event::{Event, current};
use super::task_ends::{Bound, Deregistration, stopped_by, task_id};
use crate::command::CommandLine;
use crate::read::{Gap, Reading};
use crate::seen::{ClassicLoadBalancer, Definition, SeenService, SeenTask, TargetGroup};

/// A task and what was read of it.
pub(super) struct TaskLook<'a> {
    pub(super) reads: &'a InstanceReads,
    pub(super) task: &'a SeenTask,
    /// The events of its service that may still be true, the newest first.
    pub(super) events: Vec<Event<'a>>,
}

impl<'a> TaskLook<'a> {
    pub(super) fn new(reads: &'a InstanceReads, task: &'a SeenTask) -> Self {
        let service = task.service().and_then(|name| reads.services.get(name));
        let events = service.and_then(|read| read.as_ref().ok());
        Self {
            reads,
            task,
            events: events
                .map(|service| current(&service.events, reads.now))
                .unwrap_or_default(),
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.reads.now
    }

    pub(super) fn clock(&self, at: Timestamp) -> String {
        crate::time_format::clock(at, self.reads.now)
    }

    pub(super) fn service_name(&self) -> Option<&'a ServiceName> {
        self.task.service()
    }

    fn service_read(&self) -> Option<&'a Reading<SeenService>> {
        self.reads.services.get(self.service_name()?)
    }

    /// Its service, if it is of one that was read.
    pub(super) fn service(&self) -> Option<&'a SeenService> {
        self.service_read()?.as_ref().ok()
    }

    /// Its task definition, if it was asked for.
    pub(super) fn definition(&self) -> Option<&'a Reading<Definition>> {
        self.reads.definitions.get(self.task.definition.as_ref()?)
    }

    fn elsewhere_read(&self) -> Option<&'a Reading<Vec<SeenTask>>> {
        self.reads.elsewhere.get(self.service_name()?)
    }

    /// Tasks of its service that are on other instances; none if they were not read.
    pub(super) fn elsewhere(&self) -> Option<&'a [SeenTask]> {
        Some(self.elsewhere_read()?.as_ref().ok()?.as_slice())
    }

    /// The tasks of its service elsewhere that were started in this drain and are to run. A drain that another actor began
    /// is recorded up to a tick and its delay later.
    pub(super) fn replacements(&self) -> impl Iterator<Item = &'a SeenTask> {
        let record = self.reads.drain.record.as_ref();
        let since = record.and_then(|record| record.started_at.checked_sub(TICK_AND_DELAY).ok());
        let lives = |task: &&SeenTask| !task.stopping && !task.last_status.is_final();
        let tasks = self.elsewhere().unwrap_or_default().iter().filter(lives);
        tasks.filter(move |task| since.is_none_or(|since| task.created_at.is_none_or(|at| at >= since)))
    }

    /// The target groups of its service that were asked for.
    pub(super) fn target_groups(&self) -> impl Iterator<Item = &'a Reading<TargetGroup>> {
        let arns = self.service().map(|service| service.target_groups.as_slice());
        let all = &self.reads.target_groups;
        arns.unwrap_or_default().iter().filter_map(|arn| all.get(arn))
    }

    /// The Classic Load Balancers of its service that were asked for.
    pub(super) fn classic_load_balancers(&self) -> impl Iterator<Item = &'a Reading<ClassicLoadBalancer>> {
        let names = self
            .service()
            .map(|service| service.classic_load_balancers.as_slice());
        let all = &self.reads.classic_load_balancers;
        names.unwrap_or_default().iter().filter_map(|name| all.get(name))
    }

    /// What could not be read of the load balancers of its service.
    pub(super) fn load_balancer_gaps(&self) -> Vec<Gap> {
        let groups = self
            .target_groups()
            .filter_map(|read| read.as_ref().err().cloned());
        let classic = self
            .classic_load_balancers()
            .filter_map(|read| read.as_ref().err().cloned());
        groups.chain(classic).collect()
    }

    /// How long load balancers may let its connections end.
    pub(super) fn deregistration(&self) -> Deregistration {
        let service = match (self.service_name(), self.service_read()) {
            (None, _) => return Deregistration::None,
            (Some(_), Some(Ok(service))) => service,
            (Some(_), Some(Err(gap))) => return Deregistration::Unknown(vec![gap.clone()]),
            (Some(_), None) => return Deregistration::Unknown(Vec::new()),
        };
        let balancers = service.target_groups.len() + service.classic_load_balancers.len();
        if balancers == 0 {
            return Deregistration::None;
        }
        let groups = self.target_groups().filter_map(|read| read.as_ref().ok());
        let delays: Vec<u32> = groups.map(|group| group.deregistration_delay).collect();
        let classic = self
            .classic_load_balancers()
            .filter_map(|read| read.as_ref().ok());
        let drains: Vec<u32> = classic.map(|balancer| balancer.connection_draining).collect();
        if delays.len() + drains.len() < balancers {
            return Deregistration::Unknown(self.load_balancer_gaps());
        }
        let longest = |all: Vec<u32>| {
            all.into_iter()
                .max()
                .map(|one| SignedDuration::from_secs(i64::from(one)))
        };
        match (longest(delays), longest(drains)) {
            (Some(delay), drain) if drain.is_none_or(|drain| drain <= delay) => Deregistration::Delay(delay),
            (_, drain) => Deregistration::Draining(drain.unwrap_or_default()),
        }
    }

    /// When it has stopped, if it is ordered to at `ordered`.
    pub(super) fn stopped_by(&self, ordered: Option<Timestamp>) -> Bound {
        stopped_by(ordered, &self.deregistration(), self.definition())
    }

    /// What could not be read of what decides whether ECS moves it: its service, its protection, and its replacements.
    pub(super) fn gaps(&self) -> Vec<Gap> {
        if self.service_name().is_none() {
            return Vec::new();
        }
        let protections = self.reads.protections.as_ref().err();
        let service = self.service_read().and_then(|read| read.as_ref().err());
        let elsewhere = self.elsewhere_read().and_then(|read| read.as_ref().err());
        [service, protections, elsewhere]
            .into_iter()
            .flatten()
            .cloned()
            .collect()
    }

    /// Returns whether everything was asked for and answered that decides whether ECS moves it.
    pub(super) fn is_known(&self) -> bool {
        self.service().is_some() && self.elsewhere().is_some() && self.gaps().is_empty()
    }

    /// The order to stop it, with a reason that is true.
    pub(super) fn stop_line(&self) -> String {
        let key = &self.reads.drain.key;
        CommandLine::new("aws ecs stop-task")
            .option("--cluster", key.cluster.as_str())
            .option("--task", task_id(&self.task.arn))
            .option("--reason", &format!("drain of {}", key.instance))
            .line()
    }
}
