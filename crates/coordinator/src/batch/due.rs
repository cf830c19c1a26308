//! What a batch of the queue does at its end: drains whose beginnings it has put together, and looks that are due.
//!
//! The more instances share a look and a write, the less each of them costs, so while many drain a pause follows each look.
//! The batch ends after it: until then nothing is received, events gather in the queue, and the next batch looks as soon as it
//! has received them. If it waited between the two, an event that comes meanwhile would wait for two pauses. The longer
//! looks take, the longer are the pauses, in which the messages of a backlog are dealt with.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use protector_core::ids::InstanceId;
use protector_core::limits::coordinator::{
    BATCH_RECHECK_INTERVAL, BATCH_WAIT_MAX, BEGUN_MAX, LOOKED_AT_MAX, LOOKS_WITHIN, ONE_BY_ONE_MAX,
    TIME_FOR_MANY,
};
use protector_core::trigger::{HookNotice, TriggerKind};

use crate::aws::Aws;
use crate::cache::Beginning;
use crate::handled::Handled;
use crate::router::Router;
use crate::subject::{KnownRegistrations, Registered, Subject};

use super::probe::Probe;

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
            let due = self.first_due().is_some_and(|at| at <= self.router.run.now());
            let looked = due && self.look_unless_it_rests().await;
            let gathers = self.router.reconciler.crowd().gathers();
            let patience = self.patience(gathers);
            let now = self.router.run.now();
            let due = self.first_due().filter(|at| at.duration_since(begun) <= patience);
            let wait = match due {
                Some(due) => due.max(self.rests_until().unwrap_or(due)).duration_since(now),
                // The events that gather in the queue meanwhile are dealt with at once when the batch has ended.
                None if looked => gathers,
                None => return,
            };
            if self.is_short_of_time(gathers) {
                return;
            }
            tokio::time::sleep(Duration::try_from(wait).unwrap_or_default()).await;
            if due.is_none() {
                return;
            }
        }
    }

    /// For how long a batch waits for a look that is due: while it does, no event is received.
    fn patience(&self, gathers: SignedDuration) -> SignedDuration {
        let (cache, crowded) = (self.router.cache, !gathers.is_zero());
        match (cache.awaits_an_event(), cache.drains()) {
            // Who awaits nothing but the end of a long settle window misses no event meanwhile.
            (false, ..=1) => BATCH_RECHECK_INTERVAL,
            // The next batch is about to come, and looks at what is due then.
            (true, _) if crowded && cache.traffic.is_busy(self.router.run.now()) => {
                let linger = self.router.policy.linger.saturating_add(LOOKS_WITHIN);
                linger.min(BATCH_WAIT_MAX)
            }
            _ => BATCH_WAIT_MAX,
        }
    }

    /// When the first of all looks is due that were put off.
    fn first_due(&self) -> Option<Timestamp> {
        let since = self.router.cache.agenda.since();
        self.router.cache.next_due().into_iter().chain(since).min()
    }

    /// Returns whether there is too little time left to look at as many as gather.
    fn is_short_of_time(&self, gathers: SignedDuration) -> bool {
        !gathers.is_zero() && self.router.run.time_left() < TIME_FOR_MANY
    }

    /// While many drain, no look is due before this.
    fn rests_until(&self) -> Option<Timestamp> {
        let crowded = self.router.reconciler.crowd().is_crowded();
        self.router.cache.agenda.rests_until().filter(|_| crowded)
    }

    /// Looks at those that are due, while more messages wait: they may make more of them due, so each waits a moment for them.
    /// While many drain, the messages that would make any of them due may be a minute behind, so then it looks all the same.
    pub(super) async fn look_at_those_overdue(&self) {
        let (gathers, now) = (self.router.reconciler.crowd().gathers(), self.router.run.now());
        let looks = match self.first_due().filter(|at| *at <= now) {
            Some(first) => now.duration_since(first) >= gathers,
            None => !gathers.is_zero(),
        };
        if looks {
            self.look_unless_it_rests().await;
        }
    }

    /// Deals with the hooks that were put off, and looks at those that are due: many at once. Returns whether it did.
    async fn look_unless_it_rests(&self) -> bool {
        let (gathers, begun) = (self.router.reconciler.crowd().gathers(), self.router.run.now());
        let rests = self.rests_until().is_some_and(|until| begun < until);
        if rests || self.is_short_of_time(gathers) {
            return false;
        }
        self.begin_together().await;
        if !gathers.is_zero() {
            Probe { router: self.router }.find_ended().await;
        }
        self.look_together().await;
        let aws = self.router.reconciler.aws.metered();
        let executor = self.router.reconciler.executor.counting(&aws);
        executor.refresh_polls().await;
        self.router.cache.share_calls_among_all(aws.meter.total());
        let (agenda, ended) = (&self.router.cache.agenda, self.router.run.now());
        let gathers = self.router.reconciler.crowd().gathers();
        agenda.rest(ended, gathers.max(ended.duration_since(begun)));
        true
    }

    async fn begin_together(&self) {
        let beginnings = self.router.cache.agenda.take(BEGUN_MAX);
        if beginnings.is_empty() {
            return;
        }
        let aws = self.router.reconciler.aws.metered();
        let beginnings = self.still_begin(&aws, beginnings).await;
        self.router.cache.agenda.begin(self.router.run.now());
        let observer = self.router.reconciler.observer;
        let survey = observer.surveyor(&aws).beginnings(&beginnings).await;
        self.router.log_postponed(&survey);
        let run = DueLooks {
            router: self.router.surveyed(&survey),
        };
        let mut by_instance: BTreeMap<InstanceId, Vec<Beginning>> = BTreeMap::new();
        for beginning in beginnings {
            if !self.router.reconciler.crowd().survey_again(&survey, &beginning) {
                let instance = beginning.instance().clone();
                by_instance.entry(instance).or_default().push(beginning);
            }
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
    async fn still_begin(&self, aws: &Aws, beginnings: Vec<Beginning>) -> Vec<Beginning> {
        let (mut notices, mut others): (Vec<HookNotice>, Vec<Beginning>) = (Vec::new(), Vec::new());
        for beginning in beginnings {
            match beginning {
                Beginning::Hook(notice) => notices.push(notice),
                other => others.push(other),
            }
        }
        let observer = self.router.reconciler.observer.counting(aws);
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
        let aws = self.router.reconciler.aws.metered();
        let survey = self.router.reconciler.observer.surveyor(&aws).due(&due).await;
        self.router.log_postponed(&survey);
        let reconciler = self.router.reconciler.surveyed(&survey);
        let (seen, others): (Vec<_>, Vec<_>) = due.into_iter().partition(|(key, _)| survey.has(key));
        let (postponed, others): (Vec<_>, Vec<_>) = others
            .into_iter()
            .partition(|(key, _)| survey.postponed(&key.instance).is_some());
        for (key, _) in &postponed {
            self.router.cache.look_again(key, self.router.run.now());
        }
        // A survey that leaves many out must not become as many looks.
        for (key, _) in others.iter().skip(ONE_BY_ONE_MAX) {
            self.router.cache.look_at(key, Some(self.router.run.now()));
        }
        let due = seen.into_iter().chain(others.into_iter().take(ONE_BY_ONE_MAX));
        let looks = due.map(async |(key, arns)| {
            let mut subject = Registered::new(key.clone(), KnownRegistrations::Some(arns));
            if let Some(announced) = self.router.cache.announced(&key, self.router.run.now()) {
                (subject.hook, subject.spot) = (announced.hook, announced.spot);
            }
            let looked = reconciler
                .bring_on(TriggerKind::Due, Subject::registered(subject))
                .await;
            // A shared record that could not be written has a hundred releases in it: they do not wait for a tick.
            if matches!(looked, Handled::Failed(_)) && reconciler.crowd().is_crowded() {
                self.router.cache.look_again(&key, self.router.run.now());
            }
        });
        join_all(looks).await;
    }
}
