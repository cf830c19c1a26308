//! The surroundings of a journal: the model of AWS on a virtual clock, and what happens outside of it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use protector_aws_model::{
    ApiError, Call, ContainerSignal, ContainerStart, Effect, Entry, Service, World, WorldConfig,
};
use protector_core::hold::state::HoldPolicy;
use protector_local_aws::principal::OPERATOR;
use protector_local_aws::rules;
use serde_json::Value;
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;

use super::clock::VirtualClock;
use super::transcript::TranscriptWriter;
use crate::names::SIDECAR;

/// All that one journal needs.
pub(crate) struct Harness {
    pub(crate) clock: VirtualClock,
    /// What every sidecar is set to.
    pub(crate) sidecar_policy: HoldPolicy,
    start_sidecar: StartSidecar,
    /// An instance has gone off.
    pub(crate) gone: Notify,
    world: Mutex<World>,
    transcript: Mutex<TranscriptWriter>,
    deliveries: Deliveries<mpsc::UnboundedSender<Value>>,
    sidecars: Mutex<BTreeMap<String, SidecarHandle>>,
    losing: Mutex<u32>,
    rescheduled: Notify,
}

/// Starts the sidecar of a task: it ends by itself, or is aborted. The last argument is its SIGTERM.
pub(crate) type StartSidecar = fn(Arc<Harness>, ContainerStart, Arc<Notify>) -> JoinHandle<()>;

/// The three ways to the functions: the queue of events, the heartbeats' schedule, and people.
pub(crate) struct Deliveries<T> {
    /// In order, one batch at a time.
    pub(crate) events: T,
    /// Each by itself, to the heartbeats' function.
    pub(crate) heartbeats: T,
    /// Each by itself, beside any other run.
    pub(crate) orders: T,
}

/// A sidecar that lives.
struct SidecarHandle {
    instance: String,
    sigterm: Arc<Notify>,
    life: JoinHandle<()>,
}

impl Harness {
    /// An empty account. The second value gets what the functions are invoked with.
    pub(crate) fn new(
        clock: VirtualClock,
        sidecar_policy: HoldPolicy,
        start_sidecar: StartSidecar,
        transcript: TranscriptWriter,
    ) -> (Arc<Harness>, Deliveries<mpsc::UnboundedReceiver<Value>>) {
        let (events, queue) = mpsc::unbounded_channel();
        let (heartbeats, beats) = mpsc::unbounded_channel();
        let (orders, asked) = mpsc::unbounded_channel();
        let harness = Harness {
            clock,
            sidecar_policy,
            start_sidecar,
            gone: Notify::new(),
            world: Mutex::new(World::new(WorldConfig::default(), clock.now())),
            transcript: Mutex::new(transcript),
            deliveries: Deliveries {
                events,
                heartbeats,
                orders,
            },
            sidecars: Mutex::default(),
            losing: Mutex::new(0),
            rescheduled: Notify::new(),
        };
        let ends = Deliveries {
            events: queue,
            heartbeats: beats,
            orders: asked,
        };
        (Arc::new(harness), ends)
    }

    /// Does something with the world, and then what follows from it.
    pub(crate) fn with<R>(self: &Arc<Self>, f: impl FnOnce(&mut World, Timestamp) -> R) -> R {
        let mut world = lock(&self.world);
        let now = self.clock.now();
        world.advance(now);
        let result = f(&mut world, now);
        let effects = world.take_effects();
        drop(world);
        effects.into_iter().for_each(|effect| self.execute(effect));
        self.rescheduled.notify_one();
        result
    }

    /// One API call by a person.
    pub(crate) fn call(
        self: &Arc<Self>,
        service: Service,
        operation: &str,
        params: Value,
    ) -> Result<Value, ApiError> {
        let call = Call {
            service,
            operation: operation.to_owned(),
            params,
            principal: OPERATOR.to_owned(),
        };
        self.with(|world, now| world.call(now, &call))
    }

    /// Lets things happen when they are due, without an end.
    pub(crate) async fn pump(self: Arc<Self>) {
        loop {
            let due = self.with(|world, _| world.next_due());
            // Each call of `with` notifies this task.
            self.rescheduled.notified().await;
            let sleep = async {
                match due {
                    Some(due) => self.clock.sleep_until(due).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                () = self.rescheduled.notified() => {}
                () = sleep => {}
            }
        }
    }

    /// An event comes to the coordinator's queue.
    pub(crate) fn deliver(&self, event: Value) {
        // The receivers are gone when the journal is over; the same below.
        let _ = self.deliveries.events.send(event);
    }

    /// The schedule of the heartbeats fires.
    pub(crate) fn heartbeats(&self, event: Value) {
        let _ = self.deliveries.heartbeats.send(event);
    }

    /// An operator invokes the coordinator directly.
    pub(crate) fn invoke(&self, order: Value) {
        let _ = self.deliveries.orders.send(order);
    }

    /// The next events for the coordinator are lost.
    pub(crate) fn lose(&self, count: u32) {
        *lock(&self.losing) = count;
    }

    /// Adds a line that is not in the journal of the world, after all lines that are.
    pub(crate) fn tell(&self, tell: impl FnOnce(&mut TranscriptWriter, Timestamp)) {
        let (world, now) = (lock(&self.world), self.clock.now());
        let mut transcript = lock(&self.transcript);
        transcript.follow(world.journal());
        tell(&mut transcript, now);
    }

    pub(crate) fn journal(&self) -> Vec<Entry> {
        lock(&self.world).journal().to_vec()
    }

    fn execute(self: &Arc<Self>, effect: Effect) {
        match effect {
            Effect::StartContainer(start) => self.start(start),
            Effect::Signal { task_arn, signal, .. } => self.signal(&task_arn, signal),
            Effect::Event(event) => self.route(event),
            Effect::InstanceLaunched { .. } => {}
            Effect::InstanceTerminated { instance } => self.power_off(&instance),
        }
    }

    /// All other containers are simulated by the world itself.
    fn start(self: &Arc<Self>, start: ContainerStart) {
        let sigterm = Arc::new(Notify::new());
        let life = (self.start_sidecar)(self.clone(), start.clone(), sigterm.clone());
        let sidecar = SidecarHandle {
            instance: start.instance,
            sigterm,
            life,
        };
        lock(&self.sidecars).insert(start.task_arn, sidecar);
    }

    fn signal(self: &Arc<Self>, task: &str, signal: ContainerSignal) {
        match signal {
            ContainerSignal::Terminate => {
                if let Some(sidecar) = lock(&self.sidecars).get(task) {
                    sidecar.sigterm.notify_one();
                }
            }
            ContainerSignal::Kill => self.kill(task),
        }
    }

    fn kill(self: &Arc<Self>, task: &str) {
        let killed = lock(&self.sidecars).remove(task);
        if let Some(sidecar) = killed {
            sidecar.life.abort();
            self.with(|world, now| world.container_exited(now, task, SIDECAR, 137));
        }
    }

    fn route(&self, event: Value) {
        if !rules::product_rules()
            .iter()
            .any(|rule| rules::matches(rule, &event))
        {
            return;
        }
        match self.loses() {
            true => self.tell(|transcript, now| transcript.lost(now, &event)),
            false => self.deliver(event),
        }
    }

    /// Returns whether this event is lost. `u32::MAX` means that all are.
    fn loses(&self) -> bool {
        let mut losing = lock(&self.losing);
        let left = *losing;
        *losing = match left {
            u32::MAX => left,
            _ => left.saturating_sub(1),
        };
        left > 0
    }

    fn power_off(&self, instance: &str) {
        lock(&self.sidecars).retain(|_, sidecar| {
            let stays = sidecar.instance != instance;
            if !stays {
                sidecar.life.abort();
            }
            stays
        });
        self.gone.notify_one();
    }
}

/// A moment for everything that is due at the very end.
pub(crate) const LINGER: Duration = Duration::from_secs(2);

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
