//! The schedule: finds what events have lost, and does what is due.
//!
//! An idle tick makes four calls: records and kill switch, DRAINING instances (one for each cluster), waiting instances
//! (one for fifty groups), and one more in a slot ([`protector_core::slot`]): the write of the beacon, the description of
//! what stays DRAINING after its drain, or a look for daemons that are not protected ([`protection`]). A group with an
//! instance that waits costs one more, for its hooks. Of drains that are steady it
//! only asks whether the tasks that hold still live; everything else gets a full observation, releases first. What each
//! listed instance needs is decided in [`protector_core::sweep`]. Receipts of drains that ended meanwhile and deletions get
//! what time is left, and no more than [`HOUSEKEEPING_MAX`]: events wait behind a tick.

mod listing;
mod protection;

use futures_util::future::join_all;
use futures_util::{StreamExt, stream};
use jiff::{SignedDuration, Timestamp};
use protector_core::beacon::{Beacon, Deployment};
use protector_core::ids::InstanceKey;
use protector_core::limits::coordinator::{HOUSEKEEPING_MAX, RECEIPTS_AT_ONCE, STEADY_HEARTBEATS_AT_ONCE};
use protector_core::observation::{Observed, Stored};
use protector_core::plan::HeartbeatSender;
use protector_core::policy::Policy;
use protector_core::slot::{BeaconNeed, SlotWanted, TickSlot};
use protector_core::sweep::{
    Answers, Candidate, Gauges, Needs, NeedsObservation, SteadyDrain, Sweep, View, Waiting, sweep,
};
use protector_core::trigger::TriggerKind;
use serde_json::json;

use crate::aws::{Aws, ScalingInstance, by_instance};
use crate::cache::Cache;
use crate::context::RunContext;
use crate::handled::Handled;
use crate::log_line::LogLine;
use crate::logging::Level;
use crate::metrics::Metric;
use crate::reconciler::Reconciler;
use crate::subject::{Registered, Subject};

use listing::Listings;
use protection::ProtectionCheck;

/// Does what a tick is for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sweeper<'r> {
    pub(crate) reconciler: Reconciler<'r>,
    pub(crate) cache: &'r Cache,
    pub(crate) policy: &'r Policy,
    pub(crate) run: &'r RunContext,
    /// Where the run executes, for the beacon; none if no tool looks for it.
    pub(crate) deployment: Option<&'r Deployment>,
}

/// What a tick has done, for its line.
struct Swept {
    instances: usize,
    steady: usize,
    deleted: usize,
    problems: Vec<String>,
}

impl<'r> Sweeper<'r> {
    fn counting<'a>(&self, aws: &'a Aws) -> Sweeper<'a>
    where
        'r: 'a,
    {
        Sweeper {
            reconciler: self.reconciler.counting(aws),
            ..*self
        }
    }

    /// Adopts what no event has announced, reconciles it all, writes what receipts are missing, deletes what is old.
    pub(crate) async fn tick(&self) -> Handled {
        let aws = self.reconciler.aws.metered();
        // What the reconciles of the tick cost is in their own lines.
        let me = self.counting(&aws);
        let at = me.run.now();
        let Listings {
            listing,
            beacon,
            problems,
        } = me.listings().read(at).await;
        let check = self.protection_check();
        let beacon = me.beacon(at, beacon.as_deref());
        let wanted = SlotWanted {
            beacon: beacon.as_ref().map_or(BeaconNeed::None, |(_, need)| *need),
            recheck: self.cache.finished.has_old(at),
            check: check.is_due() && !check.hurries(),
        };
        let slot = self.cache.take_slot(wanted, at);
        if slot == TickSlot::Recheck {
            self.cache.finished.recheck(at);
        }
        let beacon = beacon.filter(|_| slot == TickSlot::Beacon);
        let sweep = sweep(listing, &me.view(), me.policy, at);
        me.update_cache(&sweep, at);
        // The check waits itself if drains need the calls.
        let (handled, ()) = tokio::join!(
            self.attend(&me, at, sweep, beacon, problems),
            check.go_on(slot == TickSlot::Check)
        );
        handled
    }

    /// The beacon of this tick, and how much it needs to be written.
    fn beacon(&self, at: Timestamp, listed: Option<&str>) -> Option<(Beacon, BeaconNeed)> {
        let beacon = Beacon::new(self.deployment?, self.policy, self.cache.control(), at);
        let need = self.reconciler.executor.need_of_beacon(&beacon, listed);
        Some((beacon, need))
    }

    /// Does what each listed instance needs. What is called here is counted by `me`, what the reconciles call by
    /// themselves.
    async fn attend(
        &self,
        me: &Sweeper<'_>,
        at: Timestamp,
        mut sweep: Sweep<'_>,
        beacon: Option<(Beacon, BeaconNeed)>,
        mut problems: Vec<String>,
    ) -> Handled {
        let listed = me.reconciler.aws.meter.total();
        let steady = me.find_steady(&mut sweep).await;
        let answers = me.ask(&sweep, &mut problems).await;
        let needs = sweep.assign(answers);
        for (key, registration) in &needs.finished {
            me.cache.finished.add(key, registration, at);
        }
        for (key, registration) in &needs.empty {
            me.cache.finished.add_unrecorded(key, registration, at);
        }
        let Needs {
            observe,
            receipts,
            delete,
            unplaced,
            back,
            finished: _,
            empty: _,
        } = needs;
        let mut swept = Swept {
            instances: steady.len() + observe.len() + receipts.len() + unplaced.len(),
            steady: steady.len(),
            deleted: 0,
            problems: Vec::new(),
        };
        let (kept, mut failed) =
            tokio::join!(me.maintain_all(steady), self.reconcile_all(observe, unplaced, at));
        problems.extend(kept);
        // Nothing waits for what follows, and it must not keep the next events waiting.
        let until = at_most(me.run.now(), HOUSEKEEPING_MAX);
        failed.extend(self.conclude_ended(receipts, at, until).await);
        me.note_back(back, at).await;
        let old: Vec<(String, i64)> = delete.into_iter().map(|old| (old.name, old.version)).collect();
        let deleted = me.reconciler.executor.delete(&old, until).await;
        problems.extend(deleted.problem.map(|failure| failure.to_string()));
        // What a shared record says of a drain is forgotten after the drain's own record is deleted, never before.
        if !deleted.some_left && problems.is_empty() && failed.is_empty() {
            me.cache.store.forget_old(at);
            me.reconciler.executor.delete_empty().await;
        }
        // A tick that had something to ask, although nothing drains, leaves the beacon to the next one.
        let asked = swept.instances == 0 && me.reconciler.aws.meter.total() > listed;
        if let Some((beacon, need)) = beacon
            && (need == BeaconNeed::Urgent || !asked)
        {
            me.reconciler.executor.write_beacon(&beacon).await;
        }
        swept.deleted = deleted.count;
        swept.problems = problems;
        me.log(&swept);
        match failed.into_iter().next().or(swept.problems.into_iter().next()) {
            Some(problem) => Handled::Failed(problem),
            None => Handled::Done(json!({"instances": swept.instances, "deleted": swept.deleted})),
        }
    }

    fn listings(&self) -> listing::Lister<'r> {
        listing::Lister {
            observer: self.reconciler.observer,
            aws: self.reconciler.aws,
            cache: self.cache,
            policy: self.policy,
            run: self.run,
        }
    }

    fn protection_check(&self) -> ProtectionCheck<'r> {
        ProtectionCheck {
            observer: self.reconciler.observer,
            crowd: self.reconciler.crowd(),
            aws: self.reconciler.aws,
            cache: self.cache,
            policy: self.policy,
            run: self.run,
        }
    }

    /// What the cache adds to the listings.
    fn view(&self) -> View {
        View {
            control: self.cache.control(),
            finished: self.cache.finished.all(),
            awaited: self.cache.awaited(),
        }
    }

    fn update_cache(&self, sweep: &Sweep<'_>, at: Timestamp) {
        if let Some(fleet) = &sweep.fleet {
            self.cache.insert_fleet(fleet.clone(), at);
        }
        if let Some(gauges) = &sweep.gauges {
            self.measure(gauges, at);
        }
        // Otherwise the runs that complete the hooks send the heartbeats too, each at the pace of its environment.
        let own_function = self.run.intake.heartbeats() == HeartbeatSender::OwnFunction;
        if let Some(per_second) = sweep.completions_per_second.filter(|_| own_function) {
            self.reconciler.aws.pace_completions(per_second);
        }
        for key in &sweep.kept {
            self.cache.store.keep(key, at);
        }
    }

    /// The gauges of the fleet, as the listing shows it.
    fn measure(&self, gauges: &Gauges, at: Timestamp) {
        let metrics = &self.cache.metrics;
        let drains = u32::try_from(gauges.drains).unwrap_or(u32::MAX);
        metrics.record(Metric::DrainsInFlight, f64::from(drains));
        metrics.record(Metric::TasksRemaining, f64::from(gauges.remaining));
        metrics.record_duration(Metric::OldestDrainAge, gauges.oldest.unwrap_or_default());
        // The sender of the heartbeats knows how much time they leave.
        let sends = self.run.intake.heartbeats() == HeartbeatSender::Planner;
        if let Some(end) = gauges.hook_ends.filter(|_| sends) {
            metrics.record_duration(Metric::HookTimeLeft, end.duration_since(at));
        }
    }

    /// Takes the drains out of the sweep that are steady. What these calls do not answer is left to a full observation.
    async fn find_steady(&self, sweep: &mut Sweep<'_>) -> Vec<SteadyDrain> {
        let mut steady = Vec::new();
        for (cluster, candidates) in sweep.take_candidates() {
            let awaited = candidates.iter().flat_map(|one| one.awaited.iter().cloned());
            let asked: Vec<_> = awaited.collect();
            let Ok(listed) = self.reconciler.aws.describe_tasks(&cluster, &asked).await else {
                continue;
            };
            let tasks = self.reconciler.observer.tasks();
            let Ok(found) = tasks.scheduled(&cluster, listed).await else {
                continue;
            };
            let found = tasks.with_protection(&cluster, found, true).await;
            let drains = candidates.into_iter();
            steady.extend(drains.filter_map(|one: Candidate| sweep.steady(one, &found)));
        }
        steady
    }

    /// Asks what the sweep depends on. DRAINING registrations, and those that a record names, are described by 100, so that
    /// a look need not describe each one alone.
    async fn ask(&self, sweep: &Sweep<'_>, problems: &mut Vec<String>) -> Answers {
        let mut answers = Answers::default();
        for (cluster, arns) in sweep.to_describe() {
            let arns: Vec<_> = arns.into_iter().collect();
            match self
                .reconciler
                .observer
                .clusters()
                .describe_each(&cluster, &arns)
                .await
            {
                Err(failure) => {
                    problems.push(failure.to_string());
                    answers.unanswered.insert(cluster);
                }
                Ok((found, unclear)) => {
                    answers.described.extend(by_instance(&cluster, found));
                    if !unclear.is_empty() {
                        problems.extend(unclear);
                        answers.unanswered.insert(cluster);
                    }
                }
            }
        }
        match self
            .reconciler
            .aws
            .describe_scaling_instances(&sweep.hooks_to_ask(&answers.described))
            .await
        {
            Err(failure) => problems.push(failure.to_string()),
            Ok(states) => {
                let serving = states.values().filter(|state| state.is_in_service());
                answers.serving = serving.map(|state| state.instance.clone()).collect();
                let leaving = states.into_values().filter(ScalingInstance::is_leaving);
                answers.leaving = Some(leaving.map(|state| state.instance).collect());
            }
        }
        answers
    }

    /// Each steady drain gets what it needs, and its line is logged. Returns the failures.
    async fn maintain_all(&self, steady: Vec<SteadyDrain>) -> Vec<String> {
        let kept = stream::iter(steady).map(|drain| {
            let subject = Subject::Steady(Box::new(drain));
            self.reconciler.bring_on(TriggerKind::Tick, subject)
        });
        let handled: Vec<Handled> = kept.buffer_unordered(STEADY_HEARTBEATS_AT_ONCE).collect().await;
        handled.into_iter().filter_map(Handled::into_problem).collect()
    }

    /// Every instance gets its look; how many at once, and who writes first, is for [`crate::rate_limit`] to say.
    async fn reconcile_all(
        &self,
        mut observe: Vec<NeedsObservation>,
        mut unplaced: Waiting,
        at: Timestamp,
    ) -> Vec<String> {
        if self.reconciler.crowd().is_crowded() {
            // Those that are known are looked at with others, at the end of the batch, which knows their records alone.
            observe.retain(|needs| {
                let known = self.cache.store.known(&needs.key);
                let record = known.as_ref().and_then(Stored::readable);
                needs.has_news(record) || !self.cache.look_soon(&needs.key, self.run.now())
            });
            unplaced.retain(|instance, _| !self.cache.agenda.has(instance));
        }
        let listed = observe.into_iter().map(|needs| Registered::listed(needs, at));
        let subjects: Vec<Registered> = listed.collect();
        let due: Vec<_> = subjects
            .iter()
            .map(|subject| (subject.key.clone(), subject.arns().to_vec()))
            .collect();
        let (observer, aws) = (self.reconciler.observer, self.reconciler.aws);
        let instances = unplaced.keys().cloned().collect();
        let surveyed = observer.surveyor(&aws.metered()).due(&due).await;
        let located = observer.surveyor(&aws.metered()).waiting(instances).await;
        let known = self.reconciler.surveyed(&surveyed);
        let untracked = self.reconciler.surveyed(&located);
        let placed = subjects.into_iter().map(async |subject| {
            let key = subject.key.clone();
            let handled = known
                .bring_on(TriggerKind::Tick, Subject::registered(subject))
                .await;
            if surveyed.postponed(&key.instance).is_some() {
                // The batch surveys it again at its end, if it knows the drain; otherwise the next tick does.
                self.cache.look_again(&key, self.run.now());
            }
            handled
        });
        let unplaced = unplaced.into_iter().map(async |(instance, actions)| {
            untracked
                .bring_on_waiting(TriggerKind::Tick, &instance, actions)
                .await
        });
        let (placed, unplaced) = tokio::join!(join_all(placed), join_all(unplaced));
        let handled = placed.into_iter().chain(unplaced);
        handled.filter_map(Handled::into_problem).collect()
    }

    /// Writes the receipts of drains that have ended without one, a few at once; what does not fit is left to the next
    /// tick. Returns the failures.
    async fn conclude_ended(
        &self,
        ended: Vec<NeedsObservation>,
        at: Timestamp,
        until: Timestamp,
    ) -> Vec<String> {
        let mut failed = Vec::new();
        let mut ended = ended.into_iter().map(|needs| Registered::listed(needs, at));
        while self.run.now() < until {
            let some: Vec<Registered> = ended.by_ref().take(RECEIPTS_AT_ONCE).collect();
            if some.is_empty() {
                break;
            }
            let concluded = some.into_iter().map(|subject| {
                let subject = Subject::registered(subject);
                self.reconciler.bring_on(TriggerKind::Tick, subject)
            });
            let concluded = join_all(concluded).await.into_iter();
            failed.extend(concluded.filter_map(Handled::into_problem));
        }
        failed
    }

    /// Notes in the records of drains that are over that their instances are in service again, if no other write waits: a new
    /// execution environment, and sidecars, must not take such a drain for the present one. What fails is left to the next
    /// tick.
    async fn note_back(&self, back: Vec<(InstanceKey, Stored)>, at: Timestamp) {
        for (key, stored) in back {
            let Some(record) = stored.readable().cloned() else {
                continue;
            };
            for arn in record.registrations() {
                self.cache.is_back(&key.cluster, arn);
            }
            let record = record.outlived(at);
            let before = Observed::Present(stored);
            self.reconciler.executor.announce(&key, &before, record).await;
        }
    }

    fn log(&self, swept: &Swept) {
        let level = match swept.problems.is_empty() {
            true => Level::Debug,
            false => Level::Error,
        };
        let line = LogLine::Tick {
            request_id: &self.run.request_id,
            instances: swept.instances,
            steady: swept.steady,
            deleted_records: swept.deleted,
            errors: &swept.problems,
            calls: self.reconciler.aws.meter.calls(),
        };
        self.run.logger.log(level, &line);
    }
}

/// The end of a part of the tick that may take no longer than this.
fn at_most(now: Timestamp, span: SignedDuration) -> Timestamp {
    now.checked_add(span).unwrap_or(Timestamp::MAX)
}
