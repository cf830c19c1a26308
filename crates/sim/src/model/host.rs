//! Machines: the agent, the containers, and the sidecars that keep daemons from their SIGTERM.

use super::ecs::TaskStatus;
use super::facts::{Caller, Cause, Fact};
use super::scaling::Scaling;
use super::ssm::Stored;
use super::world::{CallError, Due, HostId, RegistrationId, TaskId, World};
use crate::scenario::{self, Kind, MINUTE, Ms, SECOND, Sidecar, Trouble};

/// Is anything of a task left on its machine?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Process {
    /// It runs.
    Runs,
    /// It was told to stop.
    Stops,
    /// Nothing is left.
    Gone,
}

/// A machine.
#[derive(Debug)]
pub struct Host {
    /// What it is.
    pub kind: Kind,
    /// `i-…` or `mi-…`.
    pub id: String,
    /// Its registrations, the oldest first.
    pub registrations: Vec<RegistrationId>,
    /// It as an instance of a group.
    pub scaling: Scaling,
    /// Is it on?
    pub on: bool,
    /// When EC2 takes it back.
    pub taken_at: Option<Ms>,
    /// When the notice of that came.
    pub noticed_at: Option<Ms>,
    /// Is its agent there?
    pub agent: bool,
    /// Since when.
    pub agent_since: Ms,
    /// Does its agent turn requests of tasks away?
    pub busy: bool,
    /// Its wall clock is ahead by so much.
    pub clock_skew: i64,
    /// IMDS does not answer to tasks.
    pub imds_closed: bool,
}

impl Host {
    /// The registration of its present agent.
    #[must_use]
    pub fn present(&self) -> Option<RegistrationId> {
        self.registrations.last().copied()
    }

    /// Is it on its way out?
    #[must_use]
    pub fn is_leaving(&self) -> bool {
        self.on && (self.scaling.is_leaving() || self.taken_at.is_some())
    }
}

/// A sidecar's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SidecarState {
    /// The task has none.
    None,
    /// It is to be started.
    Starts,
    /// It runs, since then.
    Runs(Ms),
    /// It ended.
    Exited(Ms, i32),
}

/// A daemon and its sidecar.
pub struct DaemonState {
    /// How it behaves.
    pub plan: scenario::Daemon,
    /// The sidecar.
    pub sidecar: SidecarState,
    /// When its task was placed.
    pub placed: Ms,
    /// When the sidecar got SIGTERM.
    pub sidecar_term: Option<Ms>,
    /// When the daemon got SIGTERM.
    pub daemon_term: Option<Ms>,
    /// When the daemon ended.
    pub daemon_end: Option<Ms>,
    /// Was the sidecar there when the task was told to stop?
    pub protected: bool,
    /// The sidecar's mind.
    guard: Option<Box<dyn Guard>>,
    life: u32,
    /// The sidecar's credentials end then.
    credentials_end: Option<Ms>,
    /// There is something in the daemon's sockets until then.
    reads_until: Ms,
}

impl std::fmt::Debug for DaemonState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DaemonState")
            .field("sidecar", &self.sidecar)
            .field("daemon_term", &self.daemon_term)
            .finish_non_exhaustive()
    }
}

/// What a sidecar does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GuardAnswer {
    /// It looks again after so long.
    Sleep(Ms),
    /// It ends, with this code, for this reason.
    Exit(i32, &'static str),
}

/// A sidecar's mind.
pub trait Guard: Send {
    /// It starts: its self-check.
    fn start(&mut self, view: &mut GuardView<'_>);
    /// It has SIGTERM, and looks.
    fn look(&mut self, view: &mut GuardView<'_>) -> GuardAnswer;
}

/// Makes the sidecar of a task.
pub type GuardMaker = std::sync::Arc<dyn Fn(Sidecar) -> Option<Box<dyn Guard>> + Send + Sync>;

/// A sidecar that cannot work ends so long after its start, since the agent restarts none that has run for less than a minute.
const DELAYED_EXIT: Ms = 61 * SECOND;

/// Credentials are renewed so long before their end.
const RENEWED_BEFORE: Ms = 5 * MINUTE;

/// What a sidecar can see and ask.
pub struct GuardView<'a> {
    world: &'a mut World,
    task: TaskId,
    plan: scenario::Daemon,
    sigterm: Option<Ms>,
    daemon_lives: bool,
}

impl<'a> GuardView<'a> {
    /// What the sidecar of a daemon task can see.
    fn new(world: &'a mut World, task: TaskId) -> Option<GuardView<'a>> {
        let daemon = world.task(task).daemon.as_deref()?;
        let (plan, sigterm) = (daemon.plan.clone(), daemon.sidecar_term);
        let daemon_lives = daemon.daemon_end.is_none();
        Some(GuardView {
            world,
            task,
            plan,
            sigterm,
            daemon_lives,
        })
    }

    /// True time.
    #[must_use]
    pub fn now(&self) -> Ms {
        self.world.now
    }

    /// The host's wall clock is ahead by so much.
    #[must_use]
    pub fn clock_skew(&self) -> i64 {
        self.host().clock_skew
    }

    /// When it got SIGTERM.
    #[must_use]
    pub fn sigterm(&self) -> Option<Ms> {
        self.sigterm
    }

    /// How the daemon and its sidecar are set up.
    #[must_use]
    pub fn plan(&self) -> &scenario::Daemon {
        &self.plan
    }

    /// Its service's name.
    #[must_use]
    pub fn service(&self) -> Option<&str> {
        let service = self.world.task(self.task).service?;
        Some(&self.world.scenario.services[service].name)
    }

    /// Its cluster's name.
    #[must_use]
    pub fn cluster(&self) -> &str {
        let registration = self.world.registration(self.world.task(self.task).registration);
        &self.world.scenario.clusters[registration.cluster].name
    }

    /// Its machine's id.
    #[must_use]
    pub fn machine(&self) -> &str {
        &self.host().id
    }

    /// Its container instance.
    #[must_use]
    pub fn registration(&self) -> &str {
        &self
            .world
            .registration(self.world.task(self.task).registration)
            .arn
    }

    /// The sidecars' settings.
    #[must_use]
    pub fn sidecar_settings(&self) -> &std::collections::BTreeMap<String, String> {
        &self.world.scenario.sidecar
    }

    /// Does the daemon still run?
    #[must_use]
    pub fn daemon_lives(&self) -> bool {
        self.daemon_lives
    }

    /// Does the agent answer on this host, and with what was asked for?
    #[must_use]
    pub fn agent_answers(&self) -> bool {
        self.host().agent && !self.host().busy
    }

    /// Does the agent answer at all, be it that it has no time?
    #[must_use]
    pub fn agent_is_there(&self) -> bool {
        self.host().agent
    }

    /// Has it credentials? It renews them through the agent in their last five minutes.
    fn has_credentials(&mut self) -> bool {
        let (now, answers) = (self.world.now, self.agent_answers());
        let Some(daemon) = self.world.daemon_mut(self.task) else {
            return false;
        };
        match daemon.credentials_end {
            Some(end) if answers && now + RENEWED_BEFORE >= end => {
                daemon.credentials_end = None;
                true
            }
            Some(end) => now < end,
            None => true,
        }
    }

    /// IMDS: `autoscaling/target-lifecycle-state`.
    #[must_use]
    pub fn target_lifecycle_state(&self) -> Option<&'static str> {
        let host = self.host();
        (!host.imds_closed).then(|| host.scaling.target_state()).flatten()
    }

    /// IMDS: is there a `spot/instance-action`?
    #[must_use]
    pub fn spot_action(&self) -> bool {
        !self.host().imds_closed && self.host().noticed_at.is_some()
    }

    /// `GetParameter`.
    ///
    /// # Errors
    /// As SSM words it; `NoCredentials` if it cannot be asked.
    pub fn get_parameter(&mut self, name: &str) -> Result<Stored, CallError> {
        let denied = self.is_denied(name);
        self.read("GetParameter", |world| match denied {
            true => Err(not_authorized()),
            false => world.read_parameter(name),
        })
    }

    /// `GetParameters`: each that was asked for, or nothing in its place. One name that is denied denies all.
    ///
    /// # Errors
    /// As SSM words it; `NoCredentials` if it cannot be asked.
    pub fn get_parameters(&mut self, names: &[&str]) -> Result<Vec<Option<Stored>>, CallError> {
        let denied = names.iter().any(|name| self.is_denied(name));
        self.read("GetParameters", |world| match denied {
            true => Err(not_authorized()),
            false => Ok(names.iter().map(|name| world.read_parameter(name).ok()).collect()),
        })
    }

    fn is_denied(&self, name: &str) -> bool {
        self.plan.denied && name.contains(self.machine())
    }

    fn read<T>(
        &mut self,
        operation: &'static str,
        act: impl FnOnce(&mut World) -> Result<T, CallError>,
    ) -> Result<T, CallError> {
        if !self.has_credentials() {
            return Err(CallError::new("NoCredentials", "the agent gives no credentials"));
        }
        let host = self.world.task(self.task).host;
        self.world
            .call(Caller::Sidecar(self.task), operation, Some(host), act)
            .1
    }

    /// How many of the other tasks of its container instance ECS calls alive, by `ListTasks`, as the original asks.
    /// It makes `calls` calls.
    ///
    /// # Errors
    /// As ECS words it.
    pub fn count_running(&mut self, calls: &[&'static str]) -> Result<usize, CallError> {
        let (by, host) = (Caller::Sidecar(self.task), self.world.task(self.task).host);
        for operation in calls {
            self.world.call(by, operation, Some(host), |_| Ok(())).1?;
        }
        let registration = self.world.task(self.task).registration;
        let tasks = self.world.registration(registration).tasks.iter();
        // Only tasks whose desired status is RUNNING are listed by default.
        let listed = tasks.map(|id| self.world.task(*id));
        let others = listed.filter(|task| !task.daemon_task && task.is_alive() && task.told.is_none());
        Ok(others.count())
    }

    /// A random number in 0..1.
    pub fn random(&mut self) -> f64 {
        self.world.sidecar_rng.f64()
    }

    fn host(&self) -> &Host {
        self.world.host(self.world.task(self.task).host)
    }
}

fn not_authorized() -> CallError {
    CallError::new(
        "AccessDeniedException",
        "not authorized to perform this on the record",
    )
}

impl DaemonState {
    fn new(plan: scenario::Daemon, placed: Ms) -> DaemonState {
        let sidecar = match plan.sidecar {
            Sidecar::None => SidecarState::None,
            _ if plan.no_image => SidecarState::None,
            Sidecar::Product | Sidecar::Original => SidecarState::Starts,
        };
        let credentials_end = plan.credentials_end;
        DaemonState {
            plan,
            sidecar,
            placed,
            sidecar_term: None,
            daemon_term: None,
            daemon_end: None,
            protected: false,
            guard: None,
            life: 0,
            credentials_end,
            reads_until: 0,
        }
    }

    /// Has the task a sidecar of the product?
    #[must_use]
    pub fn has_sidecar(&self) -> bool {
        self.plan.sidecar == Sidecar::Product
    }

    /// Has the sidecar ever started?
    pub(super) fn has_started(&self) -> bool {
        self.life > 0
    }

    /// Does the sidecar run?
    #[must_use]
    pub fn is_guarded(&self) -> bool {
        matches!(self.sidecar, SidecarState::Runs(_))
    }
}

impl World {
    pub(super) fn add_host(&mut self, index: usize) {
        let plan = self.scenario.hosts[index].clone();
        let id = HostId(index as u32);
        self.hosts.push(Host {
            kind: plan.kind,
            id: super::names::machine(id, plan.kind),
            registrations: Vec::new(),
            scaling: Scaling::new(plan.group),
            on: true,
            taken_at: None,
            noticed_at: None,
            agent: true,
            agent_since: 0,
            busy: false,
            clock_skew: plan.clock_skew,
            imds_closed: plan.imds_closed,
        });
        for leftover in &plan.stale_records {
            let sort = if leftover.sorts_first { 1 } else { u32::MAX };
            let registration = self.register(id, leftover.cluster, Some(sort));
            let entry = &mut self.registrations[registration.0 as usize];
            entry.connected = false;
            entry.leftover = true;
            if leftover.draining {
                entry.status = super::ecs::InstanceStatus::Draining;
            }
            for _ in 0..leftover.phantoms {
                let task = self.place(registration, &scenario::TaskSpec::default());
                self.tasks[task.0 as usize].process = Process::Gone;
            }
        }
        let Some(cluster) = plan.cluster else { return };
        let registration = self.register(id, cluster, None);
        if let Some(stuck) = plan.stuck_registration {
            return self.stick(registration, stuck);
        }
        for task in &plan.tasks {
            self.place(registration, task);
        }
        for daemon in &plan.daemons {
            self.start_daemon(registration, daemon, 0);
        }
    }

    pub(super) fn start_daemon(&mut self, registration: RegistrationId, plan: &scenario::Daemon, after: Ms) {
        let name = self.scenario.services[plan.service].name.clone();
        let task = scenario::TaskSpec {
            service: Some(plan.service),
            ..scenario::TaskSpec::default()
        };
        let id = self.add_task(registration, Some(plan.service), format!("service:{name}"), task);
        self.tasks[id.0 as usize].daemon = Some(Box::new(DaemonState::new(plan.clone(), self.now)));
        match after {
            0 => self.sidecar_starts(id),
            _ => self.after(after, Due::SidecarStarts(id)),
        }
    }

    fn daemon_mut(&mut self, id: TaskId) -> Option<&mut DaemonState> {
        self.tasks[id.0 as usize].daemon.as_deref_mut()
    }

    /// The sidecar's container starts.
    pub(super) fn sidecar_starts(&mut self, id: TaskId) {
        let now = self.now;
        let makers = self.guards.clone();
        let Some(daemon) = self.daemon_mut(id) else { return };
        if daemon.sidecar != SidecarState::Starts || daemon.daemon_end.is_some() {
            return;
        }
        daemon.life += 1;
        daemon.sidecar = SidecarState::Runs(now);
        daemon.guard = makers(daemon.plan.sidecar);
        let wrong = daemon.plan.wrong_setting;
        self.tell(&Fact::SidecarStarted { task: id });
        if wrong {
            let life = self.daemon_mut(id).map_or(0, |daemon| daemon.life);
            return self.after(DELAYED_EXIT, Due::SidecarFails(id, life));
        }
        if let Some(mut guard) = self.daemon_mut(id).and_then(|daemon| daemon.guard.take()) {
            if let Some(mut view) = GuardView::new(self, id) {
                guard.start(&mut view);
            }
            if let Some(daemon) = self.daemon_mut(id) {
                daemon.guard = Some(guard);
            }
        }
    }

    /// A sidecar with a wrong setting has waited for long enough to be started again.
    pub(super) fn sidecar_fails(&mut self, id: TaskId, life: u32) {
        if self.daemon_mut(id).is_some_and(|daemon| daemon.life == life) {
            self.sidecar_ends(id, 64, "settings");
        }
    }

    /// The agent has been told to stop the task.
    pub(super) fn agent_stops(&mut self, id: TaskId) {
        let task = self.task(id);
        let registration = self.registration(task.registration);
        if task.process != Process::Runs || !registration.connected || !self.host(task.host).on {
            return;
        }
        let (stop, daemon, status) = (task.plan.stop, task.daemon.is_some(), task.status);
        let task = &mut self.tasks[id.0 as usize];
        task.process = Process::Stops;
        if status < TaskStatus::Stopping {
            task.status = TaskStatus::Stopping;
            self.tell(&Fact::TaskStatus {
                task: id,
                status: TaskStatus::Stopping,
            });
        }
        if daemon {
            self.stop_daemon_task(id);
        } else {
            self.after(stop, Due::ProcessEnds(id));
        }
    }

    /// The agent stops the sidecar first, and the daemon when that has ended (`dependsOn`).
    fn stop_daemon_task(&mut self, id: TaskId) {
        let now = self.now;
        let Some(daemon) = self.daemon_mut(id) else { return };
        if !daemon.is_guarded() {
            daemon.sidecar = match daemon.sidecar {
                SidecarState::Starts => SidecarState::None,
                other => other,
            };
            return self.term_daemon(id);
        }
        daemon.protected = true;
        daemon.sidecar_term = Some(now);
        let (life, kill) = (daemon.life, daemon.plan.sidecar_stop_timeout);
        self.tell(&Fact::SidecarTerm { task: id });
        self.after(kill, Due::SidecarKill(id));
        self.sidecar_looks(id, life);
    }

    /// The sidecar looks, and sleeps or ends.
    pub(super) fn sidecar_looks(&mut self, id: TaskId, life: u32) {
        let Some(daemon) = self.daemon_mut(id) else { return };
        if !daemon.is_guarded() || daemon.life != life {
            return;
        }
        if daemon.plan.wrong_setting {
            return self.sidecar_ends(id, 64, "settings");
        }
        let Some(mut guard) = daemon.guard.take() else {
            return self.sidecar_ends(id, 0, "no-guard");
        };
        let answer = match GuardView::new(self, id) {
            Some(mut view) => guard.look(&mut view),
            None => return,
        };
        if let Some(daemon) = self.daemon_mut(id) {
            daemon.guard = Some(guard);
        }
        match answer {
            GuardAnswer::Sleep(wait) => self.after(wait.max(1), Due::SidecarLooks(id, life)),
            GuardAnswer::Exit(code, reason) => self.sidecar_ends(id, code, reason),
        }
    }

    /// A sidecar has ended. After SIGTERM the daemon is next; before it, the agent may start it anew.
    pub(super) fn sidecar_ends(&mut self, id: TaskId, code: i32, reason: &str) {
        let now = self.now;
        let Some(daemon) = self.daemon_mut(id) else { return };
        let SidecarState::Runs(since) = daemon.sidecar else {
            return;
        };
        daemon.sidecar = SidecarState::Exited(now, code);
        daemon.guard = None;
        let terminated = daemon.sidecar_term.is_some();
        self.tell(&Fact::SidecarExit {
            task: id,
            code,
            reason,
        });
        if terminated {
            return self.daemon_is_next(id);
        }
        // The agent restarts what has run for `restartAttemptPeriod`, counted from its last start.
        let agent = self.host(self.task(id).host).agent;
        if agent && now - since >= 60 * SECOND {
            if let Some(daemon) = self.daemon_mut(id) {
                daemon.sidecar = SidecarState::Starts;
            }
            let wait = self.between(200, 800);
            self.after(wait, Due::SidecarStarts(id));
        }
    }

    /// The kernel, or the agent after `stopTimeout`, kills a sidecar.
    pub(super) fn sidecar_is_killed(&mut self, id: TaskId) {
        self.sidecar_ends(id, 137, "killed");
    }

    /// The sidecar of a task that stops has ended: the agent goes on with the daemon, if it is there.
    pub(super) fn daemon_is_next(&mut self, id: TaskId) {
        let agent = self.host(self.task(id).host).agent;
        let Some(daemon) = self.daemon_mut(id) else { return };
        let ended = matches!(daemon.sidecar, SidecarState::Exited(..));
        if agent && ended && daemon.sidecar_term.is_some() {
            self.term_daemon(id);
        }
    }

    /// A task has ended, and what it has written last lies in the sockets of the daemons beside it.
    pub(super) fn wrote_last(&mut self, id: TaskId) {
        let now = self.now;
        let registration = self.registration(self.task(id).registration);
        for other in registration.tasks.clone() {
            if let Some(daemon) = self.daemon_mut(other) {
                daemon.reads_until = daemon.reads_until.max(now + daemon.plan.behind);
            }
        }
    }

    fn term_daemon(&mut self, id: TaskId) {
        let now = self.now;
        let Some(daemon) = self.daemon_mut(id) else { return };
        if daemon.daemon_term.is_some() || daemon.daemon_end.is_some() {
            return;
        }
        daemon.daemon_term = Some(now);
        let (flush, kill) = (daemon.plan.flush, daemon.plan.stop_timeout);
        let left = daemon.reads_until.saturating_sub(now);
        self.tell(&Fact::DaemonTerm { task: id });
        if left > 0 {
            self.tell(&Fact::LinesLost { task: id, left });
        }
        if flush <= kill {
            self.after(flush, Due::DaemonEnds(id));
        } else {
            self.after(kill, Due::DaemonKill(id));
        }
    }

    /// The daemon has ended.
    pub(super) fn daemon_ends(&mut self, id: TaskId, killed: bool) {
        let now = self.now;
        let Some(daemon) = self.daemon_mut(id) else { return };
        if daemon.daemon_end.is_some() {
            return;
        }
        daemon.daemon_end = Some(now);
        self.tell(&Fact::DaemonExit { task: id, killed });
        self.process_ends(id);
    }

    /// `GetParameter`, with what may go wrong with a read. `name:version` reads one version.
    ///
    /// # Errors
    /// `ParameterNotFound`.
    pub fn read_parameter(&mut self, name: &str) -> Result<Stored, CallError> {
        let now = self.now;
        let stale = self.faults.strikes(now, &Trouble::StaleParameter, &mut self.rng);
        let hidden = self
            .faults
            .strikes(now, &Trouble::ParameterNotFound, &mut self.rng);
        let found = match name.rsplit_once(':') {
            Some((name, version)) => version
                .parse()
                .ok()
                .and_then(|version| self.parameters.version(name, version)),
            None => self.parameters.get(name),
        };
        let fresh = found.is_some_and(|stored| now - stored.at < MINUTE);
        let found = match found {
            Some(_) if fresh && hidden => None,
            Some(stored) if fresh && stale && now - stored.at < 5 * SECOND => {
                self.parameters.before(name).filter(|_| stored.version > 1)
            }
            found => found,
        };
        found
            .cloned()
            .ok_or_else(|| CallError::new("ParameterNotFound", "parameter not found"))
    }

    /// `PutParameter` with overwrite.
    ///
    /// # Errors
    /// As SSM words it.
    pub fn write_parameter(&mut self, by: Caller, name: &str, text: &str) -> Result<i64, CallError> {
        let version = self.parameters.put(self.now, name, text).map_err(|error| {
            let (code, words) = error.words();
            CallError::new(code, words)
        })?;
        self.tell(&Fact::Parameter {
            name,
            text: Some(text),
            version,
            by,
        });
        Ok(version)
    }

    /// `DeleteParameters`.
    pub fn delete_parameter(&mut self, by: Caller, name: &str) {
        if let Some(stored) = self.parameters.delete(name) {
            self.tell(&Fact::Parameter {
                name,
                text: None,
                version: stored.version,
                by,
            });
        }
    }

    /// The parameters below a path; a torn listing leaves some out.
    pub fn parameters_below(&mut self, path: &str) -> Vec<(String, Stored)> {
        let all: Vec<(String, Stored)> = self
            .parameters
            .below(path)
            .map(|(name, stored)| (name.clone(), stored.clone()))
            .collect();
        let now = self.now;
        let mut kept = all;
        kept.retain(|_| !self.faults.strikes(now, &Trouble::TornListing, &mut self.rng));
        kept
    }

    pub(super) fn deploy(&mut self, id: TaskId) {
        self.tell_to_stop(id, Cause::Deployment);
        let (registration, plan) = {
            let task = self.task(id);
            (
                task.registration,
                task.daemon.as_ref().map(|daemon| daemon.plan.clone()),
            )
        };
        if let Some(plan) = plan {
            // The next task of the service comes when this one has stopped; where that takes long, a hole is left.
            self.start_daemon(registration, &plan, 60 * SECOND);
        }
    }
}
