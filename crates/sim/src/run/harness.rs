//! The world of a run, and the clock that goes with it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use protector_coordinator::settings::CoordinatorSettings;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::sabotage::Bug;
use crate::model::{EnvironmentId, Outcome, World};
use crate::scenario::Ms;

/// The code that acts as the function.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Controller {
    /// The product's coordinator.
    #[default]
    Product,
    /// One sleeping Lambda for each instance that waits at a hook: it polls every 10 s, and counts RUNNING tasks.
    Sleeping,
    /// A message that is sent on by the function to itself, until Lambda's loop detection cuts it at 16.
    Loop,
    /// Nothing: hooks run out.
    Absent,
}

/// The world, and the clock that goes with it.
pub(super) struct Harness {
    pub(super) world: Mutex<World>,
    pub(super) origin: Instant,
    pub(super) changed: Notify,
    pub(super) settings: CoordinatorSettings,
    pub(super) bug: Option<Bug>,
    pub(super) controller: Controller,
    /// Whether an observer reads the coordinator's metrics.
    pub(super) metrics: bool,
}

impl Harness {
    /// Does something with the world as it is now.
    pub(super) fn with<R>(&self, f: impl FnOnce(&mut World) -> R) -> R {
        let now = self.now();
        let mut world = self.lock();
        let before = world.next_due();
        world.advance(now);
        let result = f(&mut world);
        let changed = world.next_due() != before || world.has_out();
        drop(world);
        if changed {
            self.changed.notify_one();
        }
        result
    }

    /// An environment reports how its invocation has ended.
    pub(super) fn finished(&self, environment: EnvironmentId, outcome: Outcome, answer: &str) {
        self.with(|world| world.finished(environment, outcome, answer));
    }

    /// The time.
    pub(super) fn now(&self) -> Ms {
        u64::try_from(self.origin.elapsed().as_millis()).unwrap_or(Ms::MAX)
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
