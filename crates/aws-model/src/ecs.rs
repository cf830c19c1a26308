//! Amazon ECS: clusters, services, container instances, tasks, and the agents of the instances.
//!
//! What ECS does by itself is in `task_lifecycle` (the status of tasks), `engine` (the agent), `scheduler` and `drain`;
//! the operations of the API are in `operations`. Not modelled: service discovery,
//! what capacity providers do, placement strategies other than an even spread, the pause of 40 s
//! before a task without health checks counts as healthy.

mod agent;
mod arrivals;
mod definition;
mod drain;
mod engine;
mod events;
mod filter;
mod health;
mod instance;
mod keys;
mod operations;
mod percents;
mod place_rules;
mod placement;
mod scheduler;
mod service;
mod service_events;
mod shape;
mod targets;
mod task;
mod task_lifecycle;

pub(crate) use agent::Container;
pub(crate) use definition::ContainerDefinition;
pub(crate) use instance::ContainerInstance;
pub(crate) use targets::{Balancer, Target, TargetState};
pub(crate) use task::Task;

use crate::config::WorldConfig;
use crate::effects::Effect;
use crate::ids::Ids;
use crate::journal::What;
use crate::scope::Scope;
use crate::status::TaskStatus;
use crate::timers::Timers;
use definition::Definitions;
use jiff::Timestamp;
use keys::ServiceKey;
use serde_json::Value;
use service::EcsService;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// ECS in one account and region.
pub(crate) struct Ecs {
    scope: Scope,
    config: WorldConfig,
    ids: Ids,
    clusters: BTreeSet<String>,
    definitions: Definitions,
    services: BTreeMap<ServiceKey, EcsService>,
    instances: BTreeMap<String, ContainerInstance>,
    /// The container instance of each EC2 instance, the latest if there were several.
    hosts: BTreeMap<String, String>,
    tasks: BTreeMap<String, Task>,
    /// The capacity providers of the account, as the API gives them, by name.
    capacity_providers: BTreeMap<String, Value>,
    /// The capacity providers of each cluster, and its default strategy.
    cluster_providers: BTreeMap<String, (Vec<String>, Vec<Value>)>,
    /// How long each load balancer lets connections end.
    balancers: BTreeMap<Balancer, Duration>,
    timers: Timers<EcsTimer>,
    events: Vec<EcsEvent>,
}

/// What comes out of ECS, in order.
#[derive(Debug)]
pub(crate) struct EcsEvent {
    pub(crate) at: Timestamp,
    pub(crate) what: Output,
}

/// One thing that comes out.
#[derive(Debug)]
pub(crate) enum Output {
    Journal(What),
    /// To be done outside.
    Effect(Effect),
    /// For EventBridge.
    Event(Value),
}

/// What is due at some time. Names that no longer fit what they name do nothing.
#[derive(Debug)]
enum EcsTimer {
    /// The task has been in this status long enough.
    Walk {
        task: String,
        from: TaskStatus,
    },
    /// The container's stop timeout is over; `start` says which of its lives is meant.
    Kill {
        task: String,
        place: usize,
        start: u32,
    },
    /// A simulated container ends.
    Exit {
        task: String,
        place: usize,
        start: u32,
        code: i32,
    },
    Schedule(ServiceKey),
    /// Look at a draining instance, by ARN.
    Drain(String),
    /// A stopped task is no longer described.
    ForgetTask(String),
    /// An inactive instance is no longer described.
    ForgetInstance(String),
}

impl Ecs {
    /// An account without clusters.
    pub(crate) fn new(config: WorldConfig) -> Ecs {
        Ecs {
            scope: Scope {
                region: config.region.clone(),
                account: config.account.clone(),
            },
            config,
            ids: Ids::new(1),
            clusters: BTreeSet::new(),
            definitions: Definitions::default(),
            services: BTreeMap::new(),
            instances: BTreeMap::new(),
            hosts: BTreeMap::new(),
            tasks: BTreeMap::new(),
            capacity_providers: BTreeMap::new(),
            cluster_providers: BTreeMap::new(),
            balancers: BTreeMap::new(),
            timers: Timers::default(),
            events: Vec::new(),
        }
    }

    /// When it changes next by itself.
    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        self.timers.next_due()
    }

    /// Lets happen what is due by `now`, each thing at its own time.
    pub(crate) fn advance(&mut self, now: Timestamp) {
        while let Some((at, due)) = self.timers.pop(now) {
            self.fire(at, due);
        }
    }

    fn fire(&mut self, at: Timestamp, due: EcsTimer) {
        match due {
            EcsTimer::Walk { task, from } => self.walk(at, &task, from),
            EcsTimer::Kill { task, place, start } => self.kill(at, &task, place, start),
            EcsTimer::Exit {
                task,
                place,
                start,
                code,
            } => self.simulated_exit(at, &task, place, start, code),
            EcsTimer::Schedule(service) => self.schedule(at, &service),
            EcsTimer::Drain(instance) => self.drain(at, &instance),
            EcsTimer::ForgetTask(task) => self.forget_task(&task),
            EcsTimer::ForgetInstance(instance) => self.forget_instance(&instance),
        }
    }

    /// What came out since the last time.
    pub(crate) fn take_events(&mut self) -> Vec<EcsEvent> {
        std::mem::take(&mut self.events)
    }

    /// A task by ARN or id.
    pub(crate) fn task(&self, name: &str) -> Option<&Task> {
        let in_cluster = |cluster| self.tasks.get(&self.scope.ecs(&format!("task/{cluster}/{name}")));
        self.tasks
            .get(name)
            .or_else(|| self.clusters.iter().find_map(in_cluster))
    }

    /// The tasks on an EC2 instance.
    pub(crate) fn tasks_on(&self, host: &str) -> impl Iterator<Item = &Task> {
        let arns = self
            .instance(host)
            .into_iter()
            .flat_map(|instance| &instance.tasks);
        arns.filter_map(|arn| self.tasks.get(arn))
    }

    /// The container instance of an EC2 instance.
    pub(crate) fn instance(&self, host: &str) -> Option<&ContainerInstance> {
        self.hosts.get(host).and_then(|arn| self.instances.get(arn))
    }

    fn journal(&mut self, at: Timestamp, what: What) {
        self.events.push(EcsEvent {
            at,
            what: Output::Journal(what),
        });
    }

    fn effect(&mut self, at: Timestamp, effect: Effect) {
        self.events.push(EcsEvent {
            at,
            what: Output::Effect(effect),
        });
    }

    fn task_event(&mut self, at: Timestamp, arn: &str) {
        let Some(task) = self.tasks.get(arn) else { return };
        let connected = self
            .instances
            .get(&task.instance)
            .is_some_and(|instance| instance.agent_connected);
        let event = events::task(&self.scope, &mut self.ids, at, task, connected);
        self.events.push(EcsEvent {
            at,
            what: Output::Event(event),
        });
    }

    /// Emits the event of a change of a container instance; each change has its own version.
    fn instance_event(&mut self, at: Timestamp, arn: &str) {
        let Some(instance) = self.instances.get_mut(arn) else {
            return;
        };
        instance.version += 1;
        let event = events::container_instance(&self.scope, &mut self.ids, at, instance);
        self.events.push(EcsEvent {
            at,
            what: Output::Event(event),
        });
    }
}
