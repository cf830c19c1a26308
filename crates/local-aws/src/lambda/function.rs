//! A function: its environments, and its runs.

use super::environment::{self, Environment, Ready, Role, Setting};
use super::invocation::{Invocation, InvocationOutcome};
use super::lock;
use crate::ids::RequestIds;
use crate::live::Live;
use serde_json::Value;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// A deployed function. Dropped, its idle processes die.
pub(super) struct Function {
    role: Role,
    timeout: Duration,
    setting: Setting,
    idle: Mutex<Vec<Environment>>,
    ids: RequestIds,
}

impl Function {
    /// A function without a process: the first invocation starts one.
    pub(super) fn new(role: Role, timeout: Duration, setting: Setting) -> Function {
        Function {
            role,
            timeout,
            setting,
            idle: Mutex::default(),
            ids: RequestIds::default(),
        }
    }

    /// Runs one invocation, in an environment that is idle or in a new one.
    pub(super) async fn run(&self, event: Value, attempt: u32, live: &Live) -> Invocation {
        let request_id = self.ids.next();
        let mut run = Run {
            request_id: &request_id,
            event: &event,
            live,
            started: live.now(),
            since: Instant::now(),
            init: None,
        };
        let outcome = self.run_placed(&mut run).await;
        let (started, duration, init) = (run.started, run.since.elapsed(), run.init);
        Invocation {
            function: self.role.name(),
            request_id,
            event,
            attempt,
            started,
            duration,
            init,
            outcome,
        }
    }

    async fn run_placed(&self, run: &mut Run<'_>) -> InvocationOutcome {
        // An idle process that has died since is no failure of this invocation.
        while let Some(environment) = self.take_idle() {
            if let Ok(outcome) = self.run_in(environment, run).await {
                return outcome;
            }
        }
        match Environment::start(&self.setting).await {
            Ok(environment) => {
                let outcome = self.run_in(environment, run).await;
                outcome.unwrap_or_else(|ended| ended)
            }
            Err(error) => InvocationOutcome::Unavailable(error.to_string()),
        }
    }

    /// Runs in `environment`, which goes back to the idle ones if it lives. `Err`: it never took the work.
    async fn run_in(
        &self,
        mut environment: Environment,
        run: &mut Run<'_>,
    ) -> Result<InvocationOutcome, InvocationOutcome> {
        let fresh = environment.init().is_none();
        let slot = match environment.ready().await {
            Ready::Slot(slot) => slot,
            Ready::Ended(outcome) => return Err(outcome),
        };
        run.init = environment.init().filter(|_| fresh);
        (run.started, run.since) = (run.live.now(), Instant::now());
        let work = environment::work(self.role, run.request_id, run.event, run.live, self.timeout);
        if slot.send(work).is_err() {
            return Err(InvocationOutcome::Unavailable("the process has gone".to_owned()));
        }
        let outcome = environment.finish(run.request_id, self.timeout).await;
        if matches!(
            outcome,
            InvocationOutcome::Returned(_) | InvocationOutcome::Failed(_)
        ) {
            lock(&self.idle).push(environment);
        }
        Ok(outcome)
    }

    fn take_idle(&self) -> Option<Environment> {
        lock(&self.idle).pop()
    }
}

/// An invocation in progress.
struct Run<'a> {
    request_id: &'a str,
    event: &'a Value,
    live: &'a Live,
    started: jiff::Timestamp,
    since: Instant,
    init: Option<Duration>,
}
