//! Lambda: runs the real `bootstrap` over the Runtime API, twice: the coordinator takes events from its queue, the
//! heartbeats come by their schedule.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>,
//! <https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html>
//!
//! Not modelled: the memory limit, the freezing of a function between its invocations, and the pauses of a poller
//! after failures and throttles.

mod crash;
mod environment;
mod function;
mod invocation;
mod name;
mod queue;
pub(crate) mod queues;
mod runtime_api;
mod source;
mod spec;

pub(crate) use crash::CrashPoint;
pub(crate) use environment::LOG_GROUP;
pub use invocation::{Invocation, InvocationOutcome};
pub(crate) use name::{FunctionName, Invocable, Invoked};
pub use spec::{CoordinatorSpec, Wiring};

use crate::live::Live;
use crate::process::{LineLog, LogEntry, Registry};
use crash::CrashPlan;
use environment::{Role, Setting};
use function::Function;
use jiff::{SignedDuration, Timestamp};
use queue::{Limits, Queue};
use serde_json::Value;
use std::io::{self, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::JoinSet;

/// `Timeout` of the heartbeats in `template.yaml`.
const HEARTBEATS_TIMEOUT: Duration = Duration::from_secs(55);

/// How often Lambda tries an asynchronous invocation:
/// <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html>.
const ASYNCHRONOUS_TRIES: u32 = 3;

/// The service: the functions of one stack, their history, and the coordinator's plans to crash.
pub(crate) struct Lambda {
    live: Arc<Live>,
    log: Arc<LineLog>,
    coordinator: Place,
    heartbeats: Place,
    crash: CrashPlan,
    source: Source,
    tasks: Mutex<JoinSet<()>>,
    asynchronous: AtomicUsize,
    history: Mutex<Vec<Invocation>>,
    undelivered: Mutex<Vec<Value>>,
    spec: Mutex<Option<(CoordinatorSpec, Timestamp)>>,
}

/// How a function is deployed.
pub(crate) struct Configured {
    pub(crate) name: &'static str,
    pub(crate) arn: String,
    /// How long one run may take.
    pub(crate) timeout: Duration,
    pub(crate) memory_mb: u32,
    /// Its variables, as the stack has them.
    pub(crate) variables: Vec<(String, String)>,
    pub(crate) deployed: Timestamp,
    pub(crate) reserved_concurrency: Option<u32>,
}

/// Where one function is, if it is deployed, and its processes.
#[derive(Default)]
struct Place {
    registry: Arc<Registry>,
    function: Mutex<Option<Arc<Function>>>,
}

/// The queue of events, and how the coordinator takes from it.
struct Source {
    queue: Mutex<Queue>,
    limits: Mutex<Limits>,
    sent: Notify,
}

impl Lambda {
    /// No function yet; keeps `log_lines` lines of the functions' output.
    pub(crate) fn new(live: Arc<Live>, log_lines: usize) -> Lambda {
        Lambda {
            live,
            log: LineLog::new(log_lines),
            coordinator: Place::default(),
            heartbeats: Place::default(),
            crash: CrashPlan::default(),
            source: Source {
                queue: Mutex::default(),
                limits: Mutex::new(Limits::with_visibility(SignedDuration::from_secs(60))),
                sent: Notify::new(),
            },
            tasks: Mutex::default(),
            asynchronous: AtomicUsize::new(0),
            history: Mutex::default(),
            undelivered: Mutex::default(),
            spec: Mutex::default(),
        }
    }

    /// Deploys both functions, in place of those that were there. What waits in the queue is for the new ones. With
    /// [`Wiring::Direct`] the queue and the heartbeats are deleted, if there were any.
    pub(crate) fn deploy(self: &Arc<Self>, spec: &CoordinatorSpec, endpoint: &str) -> io::Result<()> {
        if !spec.binary.is_file() {
            return Err(io::Error::from(io::ErrorKind::NotFound));
        }
        let visibility = SignedDuration::try_from(spec.visibility_timeout).unwrap_or(SignedDuration::MAX);
        *lock(&self.source.limits) = Limits::with_visibility(visibility);
        *lock(&self.spec) = Some((spec.clone(), self.live.now()));
        match spec.wiring {
            Wiring::Queue => {
                self.place(Role::Heartbeats, spec, HEARTBEATS_TIMEOUT, endpoint);
            }
            Wiring::Direct => {
                self.take_away(Role::Heartbeats);
                lock(&self.source.queue).purge();
            }
        }
        let first = self.place(Role::Coordinator, spec, spec.timeout, endpoint);
        if first {
            let lambda = self.clone();
            lock(&self.tasks).spawn(async move { lambda.take_events().await });
        }
        Ok(())
    }

    /// Deploys one function. True if there was none.
    fn place(&self, role: Role, spec: &CoordinatorSpec, timeout: Duration, endpoint: &str) -> bool {
        let place = self.of(role);
        let registry = place.registry.clone();
        let setting = Setting::new(role, spec, endpoint, &self.live, registry, self.log.clone());
        let function = Arc::new(Function::new(role, timeout, setting));
        lock(&place.function).replace(function).is_none()
    }

    fn of(&self, role: Role) -> &Place {
        match role {
            Role::Coordinator => &self.coordinator,
            Role::Heartbeats => &self.heartbeats,
        }
    }

    /// Removes both functions and the queue; what runs is killed.
    pub(crate) fn remove(&self) {
        lock(&self.tasks).abort_all();
        self.take_away(Role::Coordinator);
        self.take_away(Role::Heartbeats);
        lock(&self.source.queue).purge();
        self.live.touch();
    }

    /// Removes one function; what runs is killed.
    fn take_away(&self, role: Role) {
        let place = self.of(role);
        lock(&place.function).take();
        place.registry.kill_all();
    }

    /// Ends everything. Nothing can be started after this.
    pub(crate) fn close(&self) {
        self.coordinator.registry.close();
        self.heartbeats.registry.close();
        self.remove();
    }

    /// Sends an event to the coordinator, by its queue or directly. Without a coordinator there is neither, and the event
    /// is lost.
    pub(crate) fn deliver(self: &Arc<Self>, event: &Value) {
        if lock(&self.coordinator.function).is_none() {
            return;
        }
        let spec = lock(&self.spec).clone();
        match spec {
            Some((spec, _)) if spec.wiring == Wiring::Direct => {
                self.invoke_later(
                    Role::Coordinator,
                    event.clone(),
                    ASYNCHRONOUS_TRIES,
                    spec.visibility_timeout,
                );
            }
            _ => {
                lock(&self.source.queue).send(self.live.now(), event.to_string());
                self.source.sent.notify_one();
            }
        }
    }

    /// Invokes a function asynchronously, beside what runs, until it succeeds or has been tried so often.
    fn invoke_later(self: &Arc<Self>, role: Role, event: Value, tries: u32, pause: Duration) {
        let pending = Asynchronous::new(self.clone());
        let mut tasks = lock(&self.tasks);
        while tasks.try_join_next().is_some() {}
        tasks.spawn(async move {
            for attempt in 1..=tries {
                let invocation = pending.0.run(role, event.clone(), attempt).await;
                if invocation.outcome.is_success() || attempt == tries {
                    break;
                }
                tokio::time::sleep(pause).await;
            }
        });
    }

    /// The event source mapping: one batch after another, without an end.
    async fn take_events(&self) {
        loop {
            let limits = *lock(&self.source.limits);
            let batch = lock(&self.source.queue).receive(self.live.now(), limits);
            if batch.is_empty() {
                self.wait_for_messages().await;
                continue;
            }
            let attempt = batch.first().map_or(1, |message| message.receives);
            let event = source::event(&batch, &self.live);
            let invocation = self.run(Role::Coordinator, event, attempt).await;
            lock(&self.source.queue).delete(&source::done(&batch, &invocation.outcome));
            // This must come after the queue. Otherwise those who wait for its end would look too early.
            self.live.touch();
        }
    }

    /// Waits for a new message, or until what is in flight can be received again.
    async fn wait_for_messages(&self) {
        // What was given up just now left an empty queue.
        self.live.touch();
        let visible = lock(&self.source.queue).visible();
        let Some(visible) = visible else {
            return self.source.sent.notified().await;
        };
        let left = Duration::try_from(visible.duration_since(self.live.now())).unwrap_or_default();
        // Timers are coarse to a millisecond: never less, or it would spin.
        tokio::time::sleep(left.max(Duration::from_millis(1))).await;
    }

    /// Invokes the coordinator directly, beside what it takes from the queue, and waits for the outcome.
    pub(crate) async fn invoke(&self, event: Value) -> Invocation {
        self.run(Role::Coordinator, event, 1).await
    }

    /// The function that a call names, if it is deployed.
    pub(crate) fn find(&self, name: &FunctionName) -> Option<Invocable> {
        let role = name.role(self.live.region(), self.live.account())?;
        lock(&self.of(role).function).is_some().then_some(Invocable(role))
    }

    /// Invokes a function as a call of `Invoke` does, and returns its end as Lambda reports it.
    pub(crate) async fn invoke_function(&self, function: Invocable, event: Value) -> Invoked {
        Invoked::of(self.run(function.0, event, 1).await)
    }

    /// Invokes the heartbeats, as their schedule does. Without them the event is lost.
    pub(crate) fn heartbeats(self: &Arc<Self>, event: Value) {
        if lock(&self.heartbeats.function).is_none() {
            return;
        }
        self.invoke_later(Role::Heartbeats, event, 1, Duration::ZERO);
    }

    /// Runs the function that is deployed now.
    async fn run(&self, role: Role, event: Value, attempt: u32) -> Invocation {
        let function = lock(&self.of(role).function).clone();
        let invocation = match function {
            Some(function) => function.run(event, attempt, &self.live).await,
            None => Invocation::without_function(role.name(), event, attempt, self.live.now()),
        };
        lock(&self.history).push(invocation.clone());
        self.live.touch();
        invocation
    }

    /// Every invocation that is over, in the order of their ends.
    pub(crate) fn invocations(&self) -> Vec<Invocation> {
        lock(&self.history).clone()
    }

    /// Events that were received too often.
    pub(crate) fn dead_letters(&self) -> Vec<Value> {
        let queue = lock(&self.source.queue);
        let events = queue
            .dead()
            .iter()
            .map(|message| serde_json::from_str(&message.body));
        events.map(Result::unwrap_or_default).collect()
    }

    /// How many events are not processed yet, those in flight among them, and how many asynchronous invocations are in
    /// progress.
    pub(crate) fn pending(&self) -> usize {
        lock(&self.source.queue).len() + self.asynchronous.load(Ordering::SeqCst)
    }

    /// How the function that a call names is deployed, if it is.
    pub(crate) fn configured(&self, name: &FunctionName) -> Option<Configured> {
        let Invocable(role) = self.find(name)?;
        let (spec, deployed) = lock(&self.spec).clone()?;
        let (timeout, reserved_concurrency) = match role {
            Role::Coordinator => (spec.timeout, spec.reserved_concurrency),
            Role::Heartbeats => (HEARTBEATS_TIMEOUT, None),
        };
        Some(Configured {
            name: role.name(),
            arn: role.arn(self.live.region(), self.live.account()),
            timeout,
            memory_mb: spec.memory_mb,
            variables: environment::variables(&spec, &self.live),
            deployed,
            reserved_concurrency,
        })
    }

    /// EventBridge could not deliver this event.
    pub(crate) fn lose(&self, event: Value) {
        lock(&self.undelivered).push(event);
    }

    /// How many messages of a queue can be received, and how many are in flight. None: there is no such queue.
    pub(crate) fn messages(&self, name: &str) -> Option<(usize, usize)> {
        let queue = lock(&self.source.queue);
        match name {
            queues::EVENTS => Some((queue.len().saturating_sub(queue.in_flight()), queue.in_flight())),
            queues::FAILED_EVENTS => Some((queue.dead().len(), 0)),
            queues::DEAD_LETTERS => Some((lock(&self.undelivered).len(), 0)),
            _ => None,
        }
    }

    /// The output of the functions, with the moments of the lines.
    pub(crate) fn log_entries(&self) -> Vec<LogEntry> {
        self.log.entries()
    }

    /// The output of the functions.
    pub(crate) fn logs(&self) -> Vec<String> {
        self.log.lines()
    }

    /// Writes the output of the functions to `copy` too, from now on.
    pub(crate) fn copy_logs(&self, copy: Box<dyn Write + Send>) {
        self.log.copy_to(copy);
    }

    /// Plans a crash of the coordinator, in place of one planned before.
    pub(crate) fn plan_crash(&self, point: CrashPoint, call: u64) {
        self.crash.plan(point, call);
    }

    /// Counts one AWS call of the coordinator, and returns whether it crashes here.
    pub(crate) fn crash_point(&self) -> CrashPoint {
        self.crash.count()
    }

    /// Kills the coordinator's processes.
    pub(crate) fn kill(&self) {
        self.coordinator.registry.kill_all();
    }

    /// Returns whether no process is left.
    pub(crate) fn is_quiet(&self) -> bool {
        self.coordinator.registry.is_empty() && self.heartbeats.registry.is_empty()
    }
}

/// An asynchronous invocation in progress. The count goes down before the waiting callers are notified; otherwise they
/// would look too early.
struct Asynchronous(Arc<Lambda>);

impl Asynchronous {
    fn new(lambda: Arc<Lambda>) -> Asynchronous {
        lambda.asynchronous.fetch_add(1, Ordering::SeqCst);
        Asynchronous(lambda)
    }
}

impl Drop for Asynchronous {
    fn drop(&mut self) {
        self.0.asynchronous.fetch_sub(1, Ordering::SeqCst);
        self.0.live.touch();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
