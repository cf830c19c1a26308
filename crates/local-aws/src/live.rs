//! The world, its lock, its clock, and the notification of its changes.

use crate::clock::Clock;
use jiff::Timestamp;
use protector_aws_model::{Effect, World, WorldConfig};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, mpsc, watch};

/// The model shared by every listener, process and test.
pub(crate) struct Live {
    world: Mutex<World>,
    region: String,
    account: String,
    clock: Clock,
    effects: mpsc::UnboundedSender<Effect>,
    changes: watch::Sender<u64>,
    rescheduled: Notify,
}

impl Live {
    /// A new world, and where its effects come out, in order.
    pub(crate) fn new(config: WorldConfig) -> (Live, mpsc::UnboundedReceiver<Effect>) {
        let clock = Clock::start();
        let (effects, receiver) = mpsc::unbounded_channel();
        let live = Live {
            region: config.region.clone(),
            account: config.account.clone(),
            world: Mutex::new(World::new(config, clock.now())),
            clock,
            effects,
            changes: watch::Sender::new(0),
            rescheduled: Notify::new(),
        };
        (live, receiver)
    }

    /// Does something with the world, at a moment at which all that was due has happened.
    pub(crate) fn with<R>(&self, f: impl FnOnce(&mut World, Timestamp) -> R) -> R {
        let mut world = self.lock();
        let now = self.clock.now();
        world.advance(now);
        let result = f(&mut world, now);
        self.publish(&mut world);
        drop(world);
        self.rescheduled.notify_one();
        result
    }

    /// Looks at the world.
    pub(crate) fn read<R>(&self, f: impl FnOnce(&World, Timestamp) -> R) -> R {
        let world = self.lock();
        f(&world, self.clock.now())
    }

    /// Changes of the world from now on.
    pub(crate) fn subscribe(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Notifies the waiting callers that something outside the world has changed.
    pub(crate) fn touch(&self) {
        self.changes.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// Lets things happen when they are due, without an end.
    pub(crate) async fn pump(&self) {
        loop {
            let wait = self.advance();
            tokio::select! {
                () = sleep_or_forever(wait) => {}
                () = self.rescheduled.notified() => {}
            }
        }
    }

    /// Where the world is.
    pub(crate) fn region(&self) -> &str {
        &self.region
    }

    /// Whose the world is.
    pub(crate) fn account(&self) -> &str {
        &self.account
    }

    /// The time that the world lives by.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Does what is due, and returns how long until there is more to do.
    fn advance(&self) -> Option<Duration> {
        let mut world = self.lock();
        let now = self.clock.now();
        if world.next_due().is_some_and(|due| due <= now) {
            world.advance(now);
            self.publish(&mut world);
        }
        world
            .next_due()
            .map(|due| Duration::try_from(due.duration_since(now)).unwrap_or_default())
    }

    /// Sent under the lock, so that effects come out in the order in which they arose.
    fn publish(&self, world: &mut World) {
        for effect in world.take_effects() {
            // After a shutdown, effects are no longer executed.
            let _ = self.effects.send(effect);
        }
        self.touch();
    }

    fn lock(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Timers are coarse to a millisecond: never less, or a thing due in a microsecond would spin.
async fn sleep_or_forever(wait: Option<Duration>) {
    match wait {
        Some(wait) => tokio::time::sleep(wait.max(Duration::from_millis(1))).await,
        None => std::future::pending().await,
    }
}
