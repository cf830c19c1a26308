//! What a batch of the queue does at its end: drains whose beginnings it has put together, and looks that are due.
//!
//! The more instances share a look, the less each of them costs, so while many drain a look waits a moment for others. And
//! the longer looks take, the longer are the pauses between them, in which the queue's messages are dealt with.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use protector_core::ids::InstanceId;
use protector_core::limits::coordinator::{
    BATCH_RECHECK_INTERVAL, BATCH_WAIT_MAX, BEGUN_MAX, LOOKED_AT_MAX, ONE_BY_ONE_MAX, TIME_FOR_MANY,
};
use protector_core::trigger::{HookNotice, TriggerKind};

use crate::cache::Beginning;
use crate::handled::Handled;
use crate::router::Router;
use crate::subject::{KnownRegistrations, Registered, Subject};

/// Deals with what a batch has put off.
#[derive(Debug, Clone, Copy)]
pub(super) struct DueLooks<'r> {
    pub(super) router: Router<'r>,
}

impl DueLooks<'_> {
    /// Instances whose next look is due, or will be in a moment: at the end of a settle window no service sends an event. While
    /// a batch waits, nothing else is received, so it does not wait for long.
    pub(super) async fn look_at_what_is_due(&self) {
        let begun = self.router.run.now();
        loop {
            self.look_at_those_due().await;
            let gathers = self.router.reconciler.crowd().gathers();
            // Who awaits nothing but the end of a long settle window misses no event meanwhile.
            let patience = match self.router.cache.awaits_an_event() {
                false => BATCH_RECHECK_INTERVAL,
                // Of so many one always has an event to come, and a drain that begins must not wait for those that settle.
                true if !gathers.is_zero() => self.router.policy.linger.min(BATCH_WAIT_MAX),
                true => BATCH_WAIT_MAX,
            };
            let until = self.first_due().filter(|at| at.duration_since(begun) <= patience);
            let Some(at) = until.and_then(|at| at.checked_add(gathers).ok()) else {
                return;
            };
            if self.is_short_of_time(gathers) {
                return;
            }
            let at = self
                .router
                .cache
                .agenda
                .rests_until()
                .map_or(at, |rest| at.max(rest));
            let wait = at.duration_since(self.router.run.now()).max(SignedDuration::ZERO);
            tokio::time::sleep(Duration::try_from(wait).unwrap_or_default()).await;
        }
    }

    /// When the first of all looks is due that were put off.
    fn first_due(&self) -> Option<Timestamp> {
        let since = self.router.cache.agenda.since();
        self.router.cache.next_due().into_iter().chain(since).min()
    }

    /// Is there too little time left to look at as many as gather?
    fn is_short_of_time(&self, gathers: SignedDuration) -> bool {
        !gathers.is_zero() && self.router.run.time_left() < TIME_FOR_MANY
    }

    /// Deals with the hooks that were put off, and looks at those that are due: many at once.
    pub(super) async fn look_at_those_due(&self) {
        let (gathers, begun) = (self.router.reconciler.crowd().gathers(), self.router.run.now());
        let first = self.first_due().and_then(|at| at.checked_add(gathers).ok());
        let rests = self
            .router
            .cache
            .agenda
            .rests_until()
            .is_some_and(|until| begun < until);
        let rests = rests && !gathers.is_zero();
        if first.is_none_or(|first| begun < first) || rests || self.is_short_of_time(gathers) {
            return;
        }
        self.begin_together().await;
        self.look_together().await;
        self.router.reconciler.executor.refresh_polls().await;
        self.router.cache.agenda.looked(begun, self.router.run.now());
    }

    async fn begin_together(&self) {
        let beginnings = self.router.cache.agenda.take(BEGUN_MAX);
        if beginnings.is_empty() {
            return;
        }
        let beginnings = self.still_begin(beginnings).await;
        let observer = self.router.reconciler.observer;
        let survey = observer.surveyor().beginnings(&beginnings).await;
        let run = DueLooks {
            router: self.router.surveyed(&survey),
        };
        let mut by_instance: BTreeMap<InstanceId, Vec<Beginning>> = BTreeMap::new();
        for beginning in beginnings {
            let instance = beginning.instance().clone();
            by_instance.entry(instance).or_default().push(beginning);
        }
        // Instances side by side, the events of one in their order.
        let begun = by_instance.into_values().map(async |beginnings| {
            for beginning in beginnings {
                run.begin(beginning).await;
            }
        });
        join_all(begun).await;
    }

    /// Without the hooks that do not wait any more.
    async fn still_begin(&self, beginnings: Vec<Beginning>) -> Vec<Beginning> {
        let (mut notices, mut others): (Vec<HookNotice>, Vec<Beginning>) = (Vec::new(), Vec::new());
        for beginning in beginnings {
            match beginning {
                Beginning::Hook(notice) => notices.push(notice),
                other => others.push(other),
            }
        }
        let observer = self.router.reconciler.observer;
        let leaving = observer.hooks().still_leaving(notices).await;
        others.extend(leaving.into_iter().map(Beginning::Hook));
        others
    }

    async fn begin(&self, beginning: Beginning) {
        let handled = match beginning.clone() {
            Beginning::Hook(notice) => self.router.hooks().begin(notice).await,
            Beginning::Draining(change) => self.router.instances().begin(change).await,
            Beginning::Spot(notice) => self.router.spot().handle(notice).await,
        };
        match handled {
            Handled::Failed(_) => self.router.cache.agenda.again(beginning, self.router.run.now()),
            _ => self.router.cache.agenda.begun(beginning.instance()),
        }
    }

    async fn look_together(&self) {
        let due = self.router.cache.take_due(self.router.run.now(), LOOKED_AT_MAX);
        let survey = self.router.reconciler.observer.surveyor().due(&due).await;
        let reconciler = self.router.reconciler.surveyed(&survey);
        let (seen, others): (Vec<_>, Vec<_>) = due.into_iter().partition(|(key, _)| survey.has(key));
        // A survey that fails must not become as many looks.
        for (key, _) in others.iter().skip(ONE_BY_ONE_MAX) {
            self.router.cache.look_at(key, Some(self.router.run.now()));
        }
        let due = seen.into_iter().chain(others.into_iter().take(ONE_BY_ONE_MAX));
        let looks = due.map(|(key, arns)| {
            let subject = Registered::new(key, KnownRegistrations::Some(arns));
            reconciler.bring_on(TriggerKind::Due, Subject::registered(subject))
        });
        join_all(looks).await;
    }
}
