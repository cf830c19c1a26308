//! Lambda: runs the real `bootstrap` over the Runtime API, queues asynchronous events, retries them.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>,
//! <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html>
//!
//! Not modelled: the memory limit, and the freezing of a function between its invocations.

mod crash;
mod environment;
mod function;
mod invocation;
mod runtime_api;
mod spec;

pub(crate) use crash::CrashPoint;
pub use invocation::{Invocation, Outcome};
pub use spec::CoordinatorSpec;

use crate::live::Live;
use crate::process::{LineLog, Registry};
use crash::CrashPlan;
use function::Function;
use serde_json::Value;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::task::JoinSet;

/// The service: at most one function, its history, and its plans to crash.
pub(crate) struct Lambda {
    live: Arc<Live>,
    log: Arc<LineLog>,
    registry: Arc<Registry>,
    crash: CrashPlan,
    function: Mutex<Option<Arc<Function>>>,
    queue: Mutex<JoinSet<()>>,
    pending: AtomicUsize,
    history: History,
}

/// What has happened so far.
#[derive(Default)]
struct History {
    invocations: Mutex<Vec<Invocation>>,
    dead_letters: Mutex<Vec<Value>>,
}

impl Lambda {
    /// No function yet; keeps `log_lines` lines of what it will say.
    pub(crate) fn new(live: Arc<Live>, log_lines: usize) -> Lambda {
        Lambda {
            live,
            log: LineLog::new(log_lines),
            registry: Arc::default(),
            crash: CrashPlan::default(),
            function: Mutex::default(),
            queue: Mutex::default(),
            pending: AtomicUsize::new(0),
            history: History::default(),
        }
    }

    /// Deploys the function, in place of the one that was there.
    ///
    /// # Errors
    /// The binary is not a file.
    pub(crate) fn deploy(&self, spec: CoordinatorSpec, endpoint: &str) -> io::Result<()> {
        if !spec.binary.is_file() {
            return Err(io::Error::from(io::ErrorKind::NotFound));
        }
        let setting = environment::Setting::new(
            &spec,
            endpoint,
            &self.live,
            self.registry.clone(),
            self.log.clone(),
        );
        *lock(&self.function) = Some(Arc::new(Function::new(spec, setting)));
        Ok(())
    }

    /// Removes the function and its queue; what runs is killed.
    pub(crate) fn remove(&self) {
        lock(&self.queue).abort_all();
        lock(&self.function).take();
        self.registry.kill_all();
    }

    /// Ends everything for good.
    pub(crate) fn close(&self) {
        self.registry.close();
        self.remove();
    }

    /// Puts an event into the asynchronous queue. Without a function there is none, and the event is lost.
    pub(crate) fn deliver(self: &Arc<Self>, event: Value) {
        if lock(&self.function).is_none() {
            return;
        }
        let lambda = self.clone();
        let mut queue = lock(&self.queue);
        while queue.try_join_next().is_some() {}
        let queued = Queued::new(lambda);
        queue.spawn(async move { queued.0.run_queued(event).await });
    }

    /// Invokes the function and waits for the outcome.
    pub(crate) async fn invoke(&self, event: Value) -> Invocation {
        self.run(event, 1).await.0
    }

    /// One event of the queue: retried after each failure, then a dead letter.
    async fn run_queued(&self, event: Value) {
        for attempt in 1.. {
            let (invocation, retry_delay) = self.run(event.clone(), attempt).await;
            match retry_delay {
                _ if invocation.outcome.is_success() => return,
                Some(delay) => tokio::time::sleep(delay).await,
                None => break,
            }
        }
        lock(&self.history.dead_letters).push(event);
    }

    /// Runs the function that is deployed now; also how long to wait before another try.
    async fn run(&self, event: Value, attempt: usize) -> (Invocation, Option<Duration>) {
        let function = lock(&self.function).clone();
        let (invocation, delay) = match function {
            Some(function) => (
                function.run(event, attempt, &self.live).await,
                function.retry_delay(attempt),
            ),
            None => (
                Invocation::without_function(event, attempt, self.live.now()),
                None,
            ),
        };
        lock(&self.history.invocations).push(invocation.clone());
        self.live.touch();
        (invocation, delay)
    }

    /// Every invocation that is over, in the order of their ends.
    pub(crate) fn invocations(&self) -> Vec<Invocation> {
        lock(&self.history.invocations).clone()
    }

    /// Events that have failed for good.
    pub(crate) fn dead_letters(&self) -> Vec<Value> {
        lock(&self.history.dead_letters).clone()
    }

    /// How many queued events are not done with, those that wait for a retry among them.
    pub(crate) fn pending(&self) -> usize {
        self.pending.load(Ordering::SeqCst)
    }

    /// What the function has said.
    pub(crate) fn logs(&self) -> Vec<String> {
        self.log.lines()
    }

    /// Plans a crash, in place of one planned before.
    pub(crate) fn plan_crash(&self, point: CrashPoint, call: u64) {
        self.crash.plan(point, call);
    }

    /// Counts one AWS call of the function: does it crash here?
    pub(crate) fn crash_point(&self) -> CrashPoint {
        self.crash.count()
    }

    /// Kills the function's processes.
    pub(crate) fn kill(&self) {
        self.registry.kill_all();
    }

    /// The process groups of the function.
    pub(crate) fn registry(&self) -> &Registry {
        &self.registry
    }
}

/// An event that is not done with. Counted down before those who wait are told, or they would look too early.
struct Queued(Arc<Lambda>);

impl Queued {
    fn new(lambda: Arc<Lambda>) -> Queued {
        lambda.pending.fetch_add(1, Ordering::SeqCst);
        Queued(lambda)
    }
}

impl Drop for Queued {
    fn drop(&mut self) {
        self.0.pending.fetch_sub(1, Ordering::SeqCst);
        self.0.live.touch();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
