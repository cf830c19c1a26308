//! What a sidecar can see of the world and ask it.

use super::errors::CallError;
use super::facts::Caller;
use super::host::Host;
use super::ids::TaskId;
use super::ssm::Stored;
use super::status::SidecarState;
use super::world::{GuardView, World};
use crate::scenario::{self, MINUTE, Ms};

/// Credentials are renewed so long before their end.
const RENEWED_BEFORE: Ms = 5 * MINUTE;

impl<'a> GuardView<'a> {
    /// What the sidecar of a daemon task can see.
    pub(super) fn new(world: &'a mut World, task: TaskId) -> Option<GuardView<'a>> {
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

    /// For how long it has run.
    #[must_use]
    pub fn uptime(&self) -> Ms {
        let daemon = self.world.task(self.task).daemon.as_deref();
        match daemon.map(|daemon| daemon.sidecar) {
            Some(SidecarState::Runs(since)) => self.world.now.saturating_sub(since),
            _ => 0,
        }
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

    /// Returns whether the daemon still runs.
    #[must_use]
    pub fn daemon_lives(&self) -> bool {
        self.daemon_lives
    }

    /// Returns whether the agent on this host answers with what was asked for.
    #[must_use]
    pub fn agent_answers(&self) -> bool {
        self.host().agent && !self.host().busy
    }

    /// Returns whether the agent answers at all, even with the refusal of a busy agent.
    #[must_use]
    pub fn agent_is_there(&self) -> bool {
        self.host().agent
    }

    /// Returns whether it has credentials. It renews them through the agent in their last five minutes.
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

    /// IMDS: whether there is a `spot/instance-action`.
    #[must_use]
    pub fn spot_action(&self) -> bool {
        !self.host().imds_closed && self.host().noticed_at.is_some()
    }

    /// `GetParameter`.
    ///
    /// # Errors
    /// The error in the words of SSM; `NoCredentials` if it cannot be asked.
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
    /// The error in the words of SSM; `NoCredentials` if it cannot be asked.
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
    /// The error in the words of ECS.
    pub fn count_running(&mut self, calls: &[&'static str]) -> Result<usize, CallError> {
        let (by, host) = (Caller::Sidecar(self.task), self.world.task(self.task).host);
        for operation in calls {
            self.world.call(by, operation, Some(host), |_| Ok(())).1?;
        }
        let registration = self.world.task(self.task).registration;
        let tasks = self.world.registration(registration).tasks.iter();
        // Only tasks whose desired status is RUNNING are listed by default.
        let listed = tasks.map(|id| self.world.task(*id));
        let others = listed.filter(|task| !task.daemon_task && task.is_alive() && task.notified.is_none());
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
