//! Carrying out what was decided.
//!
//! [`Executor`] alone changes something in AWS, and it alone decides whether the run may: in a dry run, and while the kill
//! switch says `observe`, everything is planned and logged, and nothing is changed.

mod applied;
mod changes;
mod heartbeats;

use jiff::{SignedDuration, Timestamp};
use protector_core::beacon::{Beacon, HeartbeatsBeacon};
use protector_core::control::Mode;
use protector_core::heartbeat::Wait;
use protector_core::ids::{InstanceId, InstanceKey};
use protector_core::limits::DELETE_PARAMETERS_MAX;
use protector_core::observation::{Observed, Stored};
use protector_core::plan::{Action, ActionKind, OrderIgnored, OrderOutcome};
use protector_core::policy::Policy;
use protector_core::receipt::Receipt;
use protector_core::record::{Lifecycle, Record};
use protector_core::slot::BeaconNeed;

use crate::aws::{Aws, AwsError, ErrorKind};
use crate::cache::Cache;
use crate::context::RunContext;
use crate::log_line::LogLine;
use crate::logging::Level;
use crate::metrics::Metric;
use crate::outcome::Outcome;
use crate::rate_limit::Priority;
use crate::store::SharedSlot;

use applied::{Alone, RecordWrite, waited, with_heartbeat};
pub(crate) use applied::{Applied, Done, Target};
use changes::Changes;
pub(crate) use heartbeats::Sent;

/// Carries out actions, if the run may change anything.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Executor<'r> {
    changes: Changes<'r>,
    cache: &'r Cache,
    policy: &'r Policy,
    run: &'r RunContext,
}

/// What became of records that are to be deleted.
#[derive(Debug, Default)]
pub(crate) struct Deleted {
    /// How many were deleted.
    pub(crate) count: usize,
    /// Whether some are left to the next tick.
    pub(crate) some_left: bool,
    /// Why, if it is a failure.
    pub(crate) problem: Option<AwsError>,
}

impl<'r> Executor<'r> {
    pub(crate) fn new(
        aws: &'r Aws,
        cache: &'r Cache,
        policy: &'r Policy,
        run: &'r RunContext,
    ) -> Executor<'r> {
        Executor {
            changes: Changes {
                aws,
                cache,
                policy,
                run,
                together: 0,
            },
            cache,
            policy,
            run,
        }
    }

    /// The same for a run whose events name so many instances.
    pub(crate) fn for_many(self, together: usize) -> Executor<'r> {
        let changes = Changes {
            together,
            ..self.changes
        };
        Executor { changes, ..self }
    }

    /// The same, with calls counted by another meter.
    pub(crate) fn counting<'a>(&self, aws: &'a Aws) -> Executor<'a>
    where
        'r: 'a,
    {
        Executor {
            changes: Changes { aws, ..self.changes },
            ..*self
        }
    }

    /// What the run may do.
    pub(crate) fn mode(&self) -> Mode {
        Mode::of(self.policy.dry_run, self.cache.control())
    }

    /// What changes AWS, if the run may. Nothing else in the coordinator decides that.
    fn changes(&self) -> Option<Changes<'r>> {
        self.mode().changes_drains().then_some(self.changes)
    }

    /// A coordinator that only observes does not obey, and must not answer as if it did.
    pub(crate) fn refusal(&self) -> Option<OrderOutcome> {
        match self.changes() {
            Some(_) => None,
            None => Some(OrderOutcome::Ignored(OrderIgnored::ChangesNothing(self.mode()))),
        }
    }

    /// Carries out the plan's actions in order. A failed heartbeat, or a task that cannot be stopped, does not prevent
    /// the other actions; any other failure leaves the rest. Hooks wait side by side: one that cannot be completed, or does
    /// not wait any more, keeps no other from its completion.
    pub(crate) async fn apply(&self, target: Target<'_>, actions: Vec<Action>) -> Applied {
        let mut applied = Applied {
            calls_before: self.changes.aws.meter.total(),
            ..Applied::default()
        };
        let mut missed: Vec<Lifecycle> = Vec::new();
        let mut completes_only = false;
        for action in actions {
            let kind = action.kind();
            if completes_only && kind != ActionKind::Complete {
                break;
            }
            let alone = Alone::of(&action);
            let Some(changes) = self.changes() else {
                applied.note(kind, alone, Outcome::Skipped);
                continue;
            };
            let outcome = match (action, target) {
                (Action::Heartbeat(hook), _) => {
                    let outcome = waited(changes.aws.heartbeat(target.instance(), &hook).await);
                    missed.extend(matches!(outcome, Outcome::Failed(_)).then_some(hook));
                    outcome
                }
                (Action::Complete(hook), _) => {
                    applied.put_off = applied.put_off.or_else(|| self.put_off());
                    match applied.put_off {
                        Some(_) => Outcome::Deferred,
                        None => self.complete(&changes, target.instance(), &hook).await,
                    }
                }
                (action, Target::Placed(key, before) | Target::Ended(key, before)) => {
                    let act = self.act(&changes, (key, before), action, &missed, &mut applied);
                    act.await.into()
                }
                (_, Target::Unplaced(_)) => continue,
            };
            applied.over |= kind == ActionKind::Complete && outcome == Outcome::AlreadyEnded;
            completes_only |= applied.put_off.is_some();
            // After a race the rest of the plan may be wrong: the run plans again.
            if !applied.note(kind, alone, outcome) || applied.raced || (applied.over && target.is_first()) {
                if kind != ActionKind::Complete {
                    break;
                }
                completes_only = true;
            }
        }
        applied
    }

    /// After how long it is the turn of a completion, if it does not come soon. Only runs of the queue come back to a drain
    /// without an event; to an instance in no cluster the tick does.
    fn put_off(&self) -> Option<SignedDuration> {
        let alone = self.run.intake.is_alone();
        let wait = alone.then(|| self.changes.aws.put_off_completion())??;
        SignedDuration::try_from(wait).ok()
    }

    async fn complete(&self, changes: &Changes<'_>, instance: &InstanceId, hook: &Lifecycle) -> Outcome {
        let outcome = waited(changes.aws.complete(instance, hook).await);
        if matches!(outcome, Outcome::Ok | Outcome::AlreadyEnded) {
            self.cache.waits.ended(instance, &hook.lifecycle_hook_name);
        }
        outcome
    }

    /// What needs a container instance or its record.
    async fn act(
        &self,
        changes: &Changes<'_>,
        (key, before): (&InstanceKey, &Observed<Stored>),
        action: Action,
        missed: &[Lifecycle],
        applied: &mut Applied,
    ) -> Result<Outcome, AwsError> {
        match action {
            Action::PutRecord(record) => {
                let rank = match record.is_released() {
                    true => Priority::Release,
                    false => Priority::Hold,
                };
                let record = with_heartbeat(*record, missed);
                let write = RecordWrite::new(key, before, record, applied);
                changes.put(write, rank).await
            }
            Action::Note(record) => {
                let record = with_heartbeat(*record, missed);
                changes.note(RecordWrite::new(key, before, record, applied)).await
            }
            Action::PutCount(record) => {
                let record = with_heartbeat(*record, missed);
                let write = RecordWrite::new(key, before, record, applied);
                changes.put_count(write).await
            }
            Action::SetDraining { arn, .. } => {
                let seen = changes.set_draining(&key.cluster, &arn).await?;
                applied.read_back.push(seen);
                Ok(Outcome::Ok)
            }
            Action::StopTask { task, why } => {
                changes.aws.stop_task(&key.cluster, &task, &why).await?;
                Ok(Outcome::Ok)
            }
            Action::Receipt(mut record) => {
                // What the plan has cost so far, and the write that follows.
                let write = u32::from(changes.writes_receipt(&record));
                let calls = changes.aws.meter.total() - applied.calls_before + write;
                record.calls = record.calls.saturating_add(calls);
                self.log_receipt(key, &record);
                let write = RecordWrite::new(key, before, *record, applied);
                changes.put_receipt(write).await
            }
            Action::Heartbeat(_) | Action::Complete(_) => Ok(Outcome::Ok),
        }
    }

    /// The receipt is logged before it is noted: if a run dies between the two, the next one logs it again, and none is
    /// lost.
    fn log_receipt(&self, key: &InstanceKey, record: &Record) {
        let receipt = Receipt::new(key, record, self.policy.linger, record.updated_at);
        let (metrics, ended_at) = (&self.cache.metrics, record.updated_at);
        metrics.count(Metric::DrainsEnded, 1);
        metrics.record_duration(Metric::DrainTime, ended_at.duration_since(record.started_at));
        if let Some(released_at) = record.released_at {
            metrics.record_duration(Metric::HoldTime, released_at.duration_since(record.started_at));
            metrics.record_duration(Metric::FlushTime, ended_at.duration_since(released_at));
        }
        self.run.logger.log(Level::Info, &LogLine::Receipt(&receipt));
    }

    /// Keeps a hook alive, whichever wait of it this is. Returns whether it waits.
    pub(crate) async fn waits(&self, instance: &InstanceId, hook: &Lifecycle) -> bool {
        let unnamed = Lifecycle {
            lifecycle_action_token: None,
            ..hook.clone()
        };
        match self.changes() {
            Some(changes) => matches!(changes.aws.heartbeat(instance, &unnamed).await, Ok(true)),
            None => false,
        }
    }

    /// Writes a record for the sake of the note in it: what fails is only that note.
    pub(crate) async fn announce(&self, key: &InstanceKey, before: &Observed<Stored>, record: Record) {
        if let Some(changes) = self.changes() {
            let mut applied = Applied::default();
            let write = RecordWrite::new(key, before, record, &mut applied);
            let _ = changes.put_count(write).await;
        }
    }

    /// Writes what the version of a record misses of those that it was written over. Returns the record as it is then;
    /// nothing if it was not written.
    pub(crate) async fn repair(&self, key: &InstanceKey, merged: Record, version: i64) -> Option<Stored> {
        let changes = self.changes()?;
        self.cache.limiter.acquire(Priority::Release).await;
        // It includes that version, and what that was written over.
        let written = changes.write_whole(key, merged, version, version).await;
        let (stored, _) = written.ok()?;
        self.cache.store.rewritten(key, &stored, self.run.now());
        Some(stored)
    }

    /// The same of a shared record. What fails is in the next text.
    pub(crate) async fn repair_shared(&self, place: &SharedSlot) {
        if let Some(changes) = self.changes() {
            let _ = changes.flush(place, Priority::Release).await;
        }
    }

    /// Corrects how often the sidecars of shared records read.
    pub(crate) async fn refresh_polls(&self) {
        if let Some(changes) = self.changes() {
            changes.refresh_polls().await;
        }
    }

    /// Returns whether drains that begin with so many others get a shared record.
    pub(crate) fn shares(&self, beginning: usize) -> bool {
        self.changes.shares(beginning)
    }

    /// Deletes the shared records that hold no drain, and takes drains that are over out of the last one. What fails is
    /// tried again by the next run.
    pub(crate) async fn delete_empty(&self) {
        if let Some(changes) = self.changes() {
            changes.delete_empty().await;
        }
    }

    /// Deletes old records, by name and the version that was listed, until this time. What does not fit is left to the
    /// next tick.
    pub(crate) async fn delete(&self, old: &[(String, i64)], until: Timestamp) -> Deleted {
        let mut deleted = Deleted::default();
        let Some(changes) = self.changes() else {
            deleted.some_left = !old.is_empty();
            return deleted;
        };
        for some in old.chunks(DELETE_PARAMETERS_MAX) {
            if deleted.count > 0 && self.run.now() >= until {
                deleted.some_left = true;
                break;
            }
            match changes.delete_if_unchanged(some).await {
                Ok(count) => deleted.count += count,
                Err(failure) => {
                    // The next tick goes on where this one was throttled.
                    deleted.problem = (failure.kind != ErrorKind::Throttled).then_some(failure);
                    deleted.some_left = true;
                    break;
                }
            }
        }
        deleted
    }

    pub(crate) async fn send_heartbeats(&self, due: &[Wait]) -> Sent {
        match self.changes() {
            Some(changes) => heartbeats::send_all(&changes, due).await,
            None => Sent::default(),
        }
    }

    /// How much the beacon of a tick needs to be written over the one that was `listed`.
    pub(crate) fn need_of_beacon(&self, beacon: &Beacon, listed: Option<&str>) -> BeaconNeed {
        match self.mode().writes_beacons() {
            true => beacon.need(listed),
            false => BeaconNeed::None,
        }
    }

    /// Writes the beacon of a tick.
    ///
    /// A failure here is no failure of the tick, and the next tick tries again.
    pub(crate) async fn write_beacon(&self, beacon: &Beacon) {
        // Every other write goes first: a busy minute has no beacon.
        if !self.mode().writes_beacons() || !self.cache.limiter.try_acquire(Priority::Beacon) {
            return;
        }
        let name = self.policy.prefix.beacon_name();
        let written = self.changes.aws.put_beacon(&name, beacon).await;
        self.cache.beacon_tried(written.is_ok(), self.run.now());
        if let Err(failure) = written {
            self.log_beacon_failed(&failure);
        }
    }

    /// Writes how a run of the heartbeats went, if hooks wait. Every heartbeat goes first, and a failure here is no failure
    /// of the run.
    pub(crate) async fn write_heartbeats_beacon(&self, beacon: &HeartbeatsBeacon) {
        let writes = self.mode().writes_beacons() && beacon.waiting > 0;
        if !writes
            || self.run.time_left() <= SignedDuration::ZERO
            || !self.cache.limiter.try_acquire(Priority::Beacon)
        {
            return;
        }
        let name = self.policy.prefix.heartbeats_name();
        if let Err(failure) = self.changes.aws.put_heartbeats_beacon(&name, beacon).await {
            self.log_beacon_failed(&failure);
        }
    }

    fn log_beacon_failed(&self, failure: &AwsError) {
        let line = LogLine::Beacon {
            request_id: &self.run.request_id,
            error: failure.to_string(),
        };
        self.run.logger.log(Level::Warn, &line);
    }
}
