//! The account as a whole: its state, its queue of what is due, and those who watch.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use super::ecs::{Registration, Task};
use super::facts::{Caller, Fact, Observer};
use super::faults::{Faults, Verdict};
use super::function::{EnvironmentId, Function, Invocation, Payload};
use super::host::Host;
use super::quota::{Bucket, Buckets};
use super::ssm::Parameters;
use crate::scenario::{Ms, Scenario};

/// A machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostId(pub u32);

/// A container instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RegistrationId(pub u32);

/// A task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskId(pub u32);

/// Both schedules fire once a minute; this one so long after the other.
const HEARTBEATS_AFTER: Ms = 10_000;

/// What is due at some time.
#[derive(Debug)]
pub(super) enum Due {
    Step(usize),
    Tick,
    Tell(TaskId, super::facts::Cause),
    AgentStops(TaskId),
    ProcessEnds(TaskId),
    Stopped(TaskId),
    EndsItself(TaskId),
    SidecarStarts(TaskId),
    SidecarLooks(TaskId, u32),
    SidecarKill(TaskId),
    SidecarFails(TaskId, u32),
    DaemonKill(TaskId),
    DaemonEnds(TaskId),
    DaemonStops(RegistrationId),
    Spread(RegistrationId),
    HookDeadline(HostId, usize),
    ForeignCompletes(HostId, usize),
    Off(HostId),
    Deregister(HostId),
    BackWithNewRoot(HostId),
    Taken(HostId),
    Arrives(Box<Payload>),
    Heartbeats,
    Receives,
    Again(Box<Invocation>),
    TimedOut(EnvironmentId, u64),
    Idle(EnvironmentId, u64),
}

/// What has to happen outside of the model.
#[derive(Debug)]
pub enum Out {
    /// Run this invocation in this environment; a new one if `cold`.
    Run {
        /// Where.
        environment: EnvironmentId,
        /// Is the environment new?
        cold: bool,
        /// Its connections have died: they were idle for so long.
        dead_connections: Option<Ms>,
        /// What.
        invocation: Invocation,
    },
    /// The environment is ended, with what runs in it.
    End(EnvironmentId),
}

/// An error as AWS words it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallError {
    /// For example `ThrottlingException`.
    pub code: &'static str,
    /// The words.
    pub message: String,
    /// Whether the SDK tries again.
    pub retryable: bool,
}

impl CallError {
    /// An error that is final.
    #[must_use]
    pub fn new(code: &'static str, message: impl Into<String>) -> CallError {
        CallError {
            code,
            message: message.into(),
            retryable: false,
        }
    }
}

/// One account and region.
pub struct World {
    pub(super) scenario: Scenario,
    pub(super) now: Ms,
    pub(super) rng: fastrand::Rng,
    /// A stream of its own: how often sidecars read must not change what else happens with a seed.
    pub(super) sidecar_rng: fastrand::Rng,
    pub(super) queue: BinaryHeap<Reverse<(Ms, u64, DueBox)>>,
    pub(super) sequence: u64,
    pub(super) clusters_deleted: Vec<bool>,
    pub(super) groups: Vec<crate::scenario::Group>,
    /// Which services are DAEMON now.
    pub(super) daemon_services: Vec<bool>,
    pub(super) hosts: Vec<Host>,
    pub(super) registrations: Vec<Registration>,
    pub(super) in_cluster: Vec<Vec<RegistrationId>>,
    pub(super) tasks: Vec<Task>,
    pub(super) parameters: Parameters,
    pub(super) buckets: Buckets,
    pub(super) faults: Faults,
    pub(super) function: Function,
    pub(super) outs: VecDeque<Out>,
    pub(super) guards: super::host::GuardMaker,
    observers: Vec<Box<dyn Observer>>,
    /// Steps that have not happened yet.
    pub(super) steps_left: usize,
}

/// What is due; it has no order of its own.
#[derive(Debug)]
pub(super) struct DueBox(pub(super) Due);

impl PartialEq for DueBox {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}
impl Eq for DueBox {}
impl PartialOrd for DueBox {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for DueBox {
    fn cmp(&self, _: &Self) -> std::cmp::Ordering {
        std::cmp::Ordering::Equal
    }
}

impl World {
    /// The world of a scenario at its start. `guards` makes the sidecars.
    #[must_use]
    pub fn new(scenario: &Scenario, guards: super::host::GuardMaker) -> World {
        let mut world = World {
            now: 0,
            rng: fastrand::Rng::with_seed(scenario.seed),
            sidecar_rng: fastrand::Rng::with_seed(!scenario.seed),
            queue: BinaryHeap::new(),
            sequence: 0,
            clusters_deleted: scenario.clusters.iter().map(|cluster| cluster.deleted).collect(),
            groups: scenario.groups.clone(),
            daemon_services: scenario.services.iter().map(|service| service.daemon).collect(),
            hosts: Vec::with_capacity(scenario.hosts.len()),
            registrations: Vec::new(),
            in_cluster: vec![Vec::new(); scenario.clusters.len()],
            tasks: Vec::new(),
            parameters: Parameters::default(),
            buckets: Buckets::new(&scenario.aws),
            faults: Faults::new(&scenario.faults),
            function: Function::new(&scenario.function),
            outs: VecDeque::new(),
            guards,
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

    /// Lets somebody watch from now on.
    pub fn watch(&mut self, observer: Box<dyn Observer>) {
        self.observers.push(observer);
    }

    /// Gives the observers back.
    pub fn take_observers(&mut self) -> Vec<Box<dyn Observer>> {
        std::mem::take(&mut self.observers)
    }

    /// The run is over: everybody who watches gets a last look.
    pub(crate) fn is_over(&mut self) {
        let mut observers = std::mem::take(&mut self.observers);
        for observer in &mut observers {
            observer.end(self.now, self);
        }
        self.observers = observers;
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> Ms {
        self.now
    }

    /// The scenario that is played.
    #[must_use]
    pub fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    /// A machine.
    #[must_use]
    pub fn host(&self, host: HostId) -> &Host {
        &self.hosts[host.0 as usize]
    }

    /// The machine that the name of a parameter ends with, if there is one.
    #[must_use]
    pub fn host_of_parameter(&self, name: &str) -> Option<HostId> {
        let host = super::names::instance_number(&name[name.rfind("i-")?..])?;
        self.hosts.get(host.0 as usize).map(|_| host)
    }

    /// Is there a parameter of this name?
    #[must_use]
    pub fn has_parameter(&self, name: &str) -> bool {
        self.parameters.get(name).is_some()
    }

    /// All machines.
    #[must_use]
    pub fn hosts(&self) -> &[Host] {
        &self.hosts
    }

    /// A registration.
    #[must_use]
    pub fn registration(&self, id: RegistrationId) -> &Registration {
        &self.registrations[id.0 as usize]
    }

    /// The tasks of a machine, under each of its registrations, in the order they came.
    pub fn tasks_of(&self, host: HostId) -> impl Iterator<Item = TaskId> + '_ {
        let registrations = self.host(host).registrations.iter();
        registrations.flat_map(|id| self.registration(*id).tasks.iter().copied())
    }

    /// A task.
    #[must_use]
    pub fn task(&self, id: TaskId) -> &Task {
        &self.tasks[id.0 as usize]
    }

    /// The groups, with their hooks as they are now.
    #[must_use]
    pub fn groups(&self) -> &[crate::scenario::Group] {
        &self.groups
    }

    /// The token buckets.
    #[must_use]
    pub fn buckets(&self) -> &Buckets {
        &self.buckets
    }

    /// Is the service a daemon service now?
    #[must_use]
    pub fn is_daemon_service(&self, service: usize) -> bool {
        self.daemon_services[service]
    }

    /// The names of all parameters.
    pub fn parameter_names(&self) -> impl Iterator<Item = &String> {
        self.parameters.names()
    }

    /// The text of a parameter.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.get(name).map(|stored| stored.text.as_str())
    }

    /// Have all steps of the scenario happened?
    #[must_use]
    pub fn steps_are_over(&self) -> bool {
        self.steps_left == 0
    }

    /// Does nothing go on any more: no step to come, no machine on its way out, no task that was told to stop?
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        let stops = |task: &Task| task.told.is_some() && task.process != super::host::Process::Gone;
        self.steps_left == 0
            && !self.hosts.iter().any(Host::is_leaving)
            && !self.tasks.iter().any(stops)
            && !self.function.works()
    }

    /// What is to be done outside.
    pub fn take_out(&mut self) -> Option<Out> {
        self.outs.pop_front()
    }

    /// Is there something to be done outside?
    #[must_use]
    pub fn has_out(&self) -> bool {
        !self.outs.is_empty()
    }

    /// When something is due next.
    #[must_use]
    pub fn next_due(&self) -> Option<Ms> {
        self.queue.peek().map(|Reverse((at, _, _))| *at)
    }

    /// Time has come to `now`; what is due happens, each thing at its time.
    pub fn advance(&mut self, now: Ms) {
        while self.next_due().is_some_and(|at| at <= now) {
            let Some(Reverse((at, _, due))) = self.queue.pop() else {
                break;
            };
            self.now = self.now.max(at);
            self.happens(due.0);
        }
        self.now = self.now.max(now);
    }

    pub(super) fn due(&mut self, at: Ms, due: Due) {
        self.sequence += 1;
        self.queue.push(Reverse((at, self.sequence, DueBox(due))));
    }

    pub(super) fn after(&mut self, wait: Ms, due: Due) {
        self.due(self.now.saturating_add(wait), due);
    }

    /// A draw between the two, both included.
    pub(super) fn between(&mut self, from: Ms, to: Ms) -> Ms {
        self.rng.u64(from..=to.max(from))
    }

    /// A draw between the two, both included, for what happens outside.
    pub fn draw(&mut self, from: Ms, to: Ms) -> Ms {
        self.between(from, to)
    }

    /// Tells everybody who watches.
    pub fn tell(&mut self, fact: &Fact<'_>) {
        let mut observers = std::mem::take(&mut self.observers);
        for observer in &mut observers {
            observer.see(self.now, fact, self);
        }
        self.observers = observers;
    }

    fn happens(&mut self, due: Due) {
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
            Due::SidecarFails(task, life) => self.sidecar_fails(task, life),
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

    /// One API call: faults and quotas first, then its effect.
    ///
    /// # Errors
    /// As AWS words it.
    pub fn call<T>(
        &mut self,
        by: Caller,
        operation: &'static str,
        about: Option<HostId>,
        effect: impl FnOnce(&mut World) -> Result<T, CallError>,
    ) -> (Verdict, Result<T, CallError>) {
        let now = self.now;
        let bucket = Bucket::of(operation);
        let rng = match by {
            Caller::Sidecar(_) => &mut self.sidecar_rng,
            _ => &mut self.rng,
        };
        let verdict = self.faults.call(now, by, operation, rng);
        let answer = match verdict {
            Verdict::Throttled => Err(throttled(operation)),
            Verdict::Fails => Err(CallError {
                code: "InternalServerError",
                message: "an internal error occurred".to_owned(),
                retryable: true,
            }),
            Verdict::Denied => Err(CallError::new("AccessDeniedException", "not authorized")),
            Verdict::CrashBefore => Err(CallError::new("Crashed", "the environment has ended")),
            _ if !self.buckets.take(now, bucket) => Err(throttled(operation)),
            Verdict::Passes | Verdict::AnswerLost | Verdict::CrashAfter => effect(self),
        };
        let error = answer.as_ref().err().map(|error| error.code);
        self.tell(&Fact::Call {
            by,
            operation,
            bucket,
            error,
            about,
        });
        (verdict, answer)
    }
}

fn throttled(operation: &str) -> CallError {
    let code = match Bucket::of(operation) {
        Bucket::ScalingRead | Bucket::ScalingModify => "Throttling",
        _ => "ThrottlingException",
    };
    CallError {
        code,
        message: "Rate exceeded".to_owned(),
        retryable: true,
    }
}
