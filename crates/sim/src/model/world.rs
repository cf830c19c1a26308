//! The account as a whole: its state, its queue of what is due, its observers, and the sidecars' decision code.
//!
//! [`Observer`] and [`Guard`] are here, since the world holds them and they are shown the world.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};

use super::daemon::DaemonState;
use super::errors::CallError;
use super::facts::{Caller, Fact};
use super::faults::{Faults, Verdict};
use super::host::Host;
use super::ids::{EnvironmentId, HostId, RegistrationId, TaskId};
use super::invocation::Invocation;
use super::names;
use super::pools::Function;
use super::quota::{Bucket, Buckets};
use super::registration::Registration;
use super::ssm::Parameters;
use super::status::Process;
use super::task::Task;
use super::timers::{Due, DueBox};
use crate::scenario::{self, Ms, Scenario, Sidecar};

/// What has to happen outside of the model.
#[derive(Debug)]
pub enum Out {
    /// Run this invocation in this environment; a new one if `cold`.
    Run {
        /// The environment that runs it.
        environment: EnvironmentId,
        /// Whether the environment is new.
        cold: bool,
        /// Its connections have died: they were idle for so long.
        dead_connections: Option<Ms>,
        /// The event that it handles.
        invocation: Invocation,
    },
    /// The environment is ended, with what runs in it.
    End(EnvironmentId),
}

/// Sees every fact at the moment at which it becomes true, with the world as it is then.
pub trait Observer: Send {
    /// Sees one fact.
    fn see(&mut self, now: Ms, fact: &Fact<'_>, world: &World);

    /// Returns whether it reads the coordinator's metrics. They are formatted only if an observer does.
    fn reads_metrics(&self) -> bool {
        false
    }

    /// The run is over.
    fn end(&mut self, _now: Ms, _world: &World) {}

    /// Converts itself for a downcast to its own type.
    fn into_any(self: Box<Self>) -> Box<dyn std::any::Any>;
}

/// What a sidecar does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GuardAnswer {
    /// It looks again after so long.
    Sleep(Ms),
    /// It ends, with this code, for this reason.
    Exit(i32, &'static str),
}

/// The decision code of a sidecar.
pub trait Guard: Send {
    /// It has no SIGTERM yet, and checks itself. Nothing if it only waits for SIGTERM from now on.
    fn check(&mut self, view: &mut GuardView<'_>) -> Option<GuardAnswer>;
    /// It has SIGTERM, and looks.
    fn look(&mut self, view: &mut GuardView<'_>) -> GuardAnswer;
}

/// Makes the sidecar of a task.
pub type GuardMaker = std::sync::Arc<dyn Fn(Sidecar) -> Option<Box<dyn Guard>> + Send + Sync>;

/// What a sidecar can see and ask.
pub struct GuardView<'a> {
    pub(super) world: &'a mut World,
    pub(super) task: TaskId,
    pub(super) plan: scenario::Daemon,
    pub(super) sigterm: Option<Ms>,
    pub(super) daemon_lives: bool,
}

/// One account and region.
pub struct World {
    pub(super) scenario: Scenario,
    pub(super) now: Ms,
    pub(super) rng: fastrand::Rng,
    /// A random stream of its own: how often sidecars read must not change what else happens with a seed.
    pub(super) sidecar_rng: fastrand::Rng,
    pub(super) queue: BinaryHeap<Reverse<(Ms, u64, DueBox)>>,
    pub(super) sequence: u64,
    pub(super) clusters_deleted: Vec<bool>,
    pub(super) groups: Vec<crate::scenario::Group>,
    /// Which services are DAEMON now.
    pub(super) daemon_services: Vec<bool>,
    /// When services were made again; those that were not are older than all tasks.
    pub(super) services_created: Vec<Option<Ms>>,
    pub(super) hosts: Vec<Host>,
    pub(super) registrations: Vec<Registration>,
    pub(super) in_cluster: Vec<Vec<RegistrationId>>,
    pub(super) tasks: Vec<Task>,
    pub(super) parameters: Parameters,
    pub(super) buckets: Buckets,
    pub(super) faults: Faults,
    pub(super) function: Function,
    pub(super) outs: VecDeque<Out>,
    pub(super) guard_maker: GuardMaker,
    /// The decision code of each sidecar that runs.
    pub(super) guards: BTreeMap<TaskId, Box<dyn Guard>>,
    pub(super) observers: Vec<Box<dyn Observer>>,
    /// Steps that have not happened yet.
    pub(super) steps_left: usize,
}

impl World {
    /// Adds an observer from now on.
    pub fn watch(&mut self, observer: Box<dyn Observer>) {
        self.observers.push(observer);
    }

    /// Gives the observers back.
    pub fn take_observers(&mut self) -> Vec<Box<dyn Observer>> {
        std::mem::take(&mut self.observers)
    }

    /// The run is over: notifies every observer.
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
        let host = names::instance_number(&name[name.rfind("i-")?..])?;
        self.hosts.get(host.0 as usize).map(|_| host)
    }

    /// Returns whether there is a parameter of this name.
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

    pub(super) fn daemon_mut(&mut self, id: TaskId) -> Option<&mut DaemonState> {
        self.tasks[id.0 as usize].daemon.as_deref_mut()
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

    /// Returns whether the service is a daemon service now.
    #[must_use]
    pub fn is_daemon_service(&self, service: usize) -> bool {
        self.daemon_services[service]
    }

    /// When the service was made again, if it was.
    #[must_use]
    pub fn service_created(&self, service: usize) -> Option<Ms> {
        self.services_created[service]
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

    /// Returns whether nothing is in progress any more: no step to come, no machine on its way out, no task that is
    /// stopping.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        let stops = |task: &Task| task.notified.is_some() && task.process != Process::Gone;
        self.steps_left == 0
            && !self.hosts.iter().any(Host::is_leaving)
            && !self.tasks.iter().any(stops)
            && !self.function.works()
    }

    /// What is to be done outside.
    pub fn take_out(&mut self) -> Option<Out> {
        self.outs.pop_front()
    }

    /// Returns whether there is something to be done outside.
    #[must_use]
    pub fn has_out(&self) -> bool {
        !self.outs.is_empty()
    }

    /// When something is due next.
    #[must_use]
    pub fn next_due(&self) -> Option<Ms> {
        self.queue.peek().map(|Reverse((at, _, _))| *at)
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

    /// Passes the fact to every observer.
    pub fn tell(&mut self, fact: &Fact<'_>) {
        let mut observers = std::mem::take(&mut self.observers);
        for observer in &mut observers {
            observer.see(self.now, fact, self);
        }
        self.observers = observers;
    }

    /// One API call: faults and quotas first, then its effect.
    ///
    /// # Errors
    /// The error in the words of AWS.
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
        // The sidecars with which a world begins have not all started at one moment.
        let was_there = now == 0 && matches!(by, Caller::Sidecar(_));
        let answer = match verdict {
            Verdict::Throttled => Err(throttled(operation)),
            Verdict::Fails => Err(CallError {
                code: "InternalServerError",
                message: "an internal error occurred".to_owned(),
                retryable: true,
            }),
            Verdict::Denied => Err(CallError::new("AccessDeniedException", "not authorized")),
            Verdict::CrashBefore => Err(CallError::new("Crashed", "the environment has ended")),
            _ if !was_there && !self.buckets.take(now, bucket) => Err(throttled(operation)),
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
