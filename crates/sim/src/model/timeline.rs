//! The course of a world: its start, and what happens when it is due.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};

use super::faults::Faults;
use super::pools::Function;
use super::quota::Buckets;
use super::ssm::Parameters;
use super::timers::Due;
use super::world::{GuardMaker, World};
use crate::scenario::{Ms, Scenario};

/// Both schedules fire once a minute; this one so long after the other.
const HEARTBEATS_AFTER: Ms = 10_000;

impl World {
    /// The world of a scenario at its start. `guards` makes the sidecars.
    #[must_use]
    pub fn new(scenario: &Scenario, guards: GuardMaker) -> World {
        let mut world = World {
            now: 0,
            rng: fastrand::Rng::with_seed(scenario.seed),
            sidecar_rng: fastrand::Rng::with_seed(!scenario.seed),
            queue: BinaryHeap::new(),
            sequence: 0,
            clusters_deleted: scenario.clusters.iter().map(|cluster| cluster.deleted).collect(),
            groups: scenario.groups.clone(),
            daemon_services: scenario.services.iter().map(|service| service.daemon).collect(),
            services_created: vec![None; scenario.services.len()],
            hosts: Vec::with_capacity(scenario.hosts.len()),
            registrations: Vec::new(),
            in_cluster: vec![Vec::new(); scenario.clusters.len()],
            tasks: Vec::new(),
            parameters: Parameters::default(),
            buckets: Buckets::new(&scenario.aws),
            faults: Faults::new(&scenario.faults),
            function: Function::new(&scenario.function),
            outs: VecDeque::new(),
            guard_maker: guards,
            guards: BTreeMap::new(),
            observers: Vec::new(),
            steps_left: scenario.steps.len(),
            scenario: scenario.clone(),
        };
        for (name, text) in &scenario.parameters {
            let _ = world.parameters.put(0, name, text);
        }
        for index in 0..scenario.hosts.len() {
            world.add_host(index);
        }
        for (index, step) in scenario.steps.iter().enumerate() {
            world.due(step.at, Due::Step(index));
        }
        world.due(scenario.function.first_tick, Due::Tick);
        if scenario.function.wiring == crate::scenario::Wiring::Queue {
            world.due(scenario.function.first_tick + HEARTBEATS_AFTER, Due::Heartbeats);
        }
        world
    }

    /// Time has come to `now`; what is due happens, each thing at its time.
    pub fn advance(&mut self, now: Ms) {
        while self.next_due().is_some_and(|at| at <= now) {
            let Some(Reverse((at, _, due))) = self.queue.pop() else {
                break;
            };
            self.now = self.now.max(at);
            self.fire(due.0);
        }
        self.now = self.now.max(now);
    }

    fn fire(&mut self, due: Due) {
        match due {
            Due::Step(index) => self.step(index),
            Due::Tick => self.tick(),
            Due::Heartbeats => self.heartbeats(),
            Due::Receives => self.receives(),
            Due::Tell(task, cause) => self.tell_to_stop(task, cause),
            Due::AgentStops(task) => self.agent_stops(task),
            Due::ProcessEnds(task) => self.process_ends(task),
            Due::Stopped(task) => self.stopped(task),
            Due::EndsItself(task) => self.ends_itself(task),
            Due::SidecarStarts(task) => self.sidecar_starts(task),
            Due::SidecarLooks(task, life) => self.sidecar_looks(task, life),
            Due::SidecarKill(task) => self.sidecar_is_killed(task),
            Due::SidecarChecks(task, life) => self.sidecar_checks(task, life),
            Due::DaemonKill(task) => self.daemon_ends(task, true),
            Due::DaemonEnds(task) => self.daemon_ends(task, false),
            Due::DaemonStops(registration) => self.daemons_may_stop(registration),
            Due::Spread(registration) => self.instance_event(registration),
            Due::HookDeadline(host, wait) => self.hook_deadline(host, wait),
            Due::ForeignCompletes(host, wait) => self.foreign_completes(host, wait),
            Due::Off(host) => self.goes_off(host),
            Due::Deregister(host) => self.deregistered(host),
            Due::BackWithNewRoot(host) => self.back_with_new_root(host),
            Due::Taken(host) => self.taken(host),
            Due::Arrives(payload) => self.arrives(*payload),
            Due::Again(invocation) => self.queued(*invocation),
            Due::TimedOut(environment, invocation) => self.timed_out(environment, invocation),
            Due::Idle(environment, since) => self.idle(environment, since),
        }
    }
}
