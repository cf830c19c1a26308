//! Doing what a plan says.

use protector_core::control::Control;
use protector_core::ids::{InstanceId, InstanceKey};
use protector_core::observation::{ContainerInstance, Observed, Stored};
use protector_core::plan::{Action, ActionKind, Plan};
use protector_core::receipt::Receipt;
use protector_core::record::{Lifecycle, Record};
use serde::Serialize;

use crate::aws::AwsError;
use crate::coordinator::Coordinator;
use crate::logging::Level;
use crate::metrics::Metric;
use crate::outcome::Outcome;
use crate::rate_limit::Priority;

/// An action, and how it went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Done {
    /// The action.
    pub action: ActionKind,
    /// The outcome of the action.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// The results of a plan.
#[derive(Debug, Default)]
pub struct Applied {
    /// Every action that was tried, in order.
    pub done: Vec<Done>,
    /// The registrations as they were read back after DRAINING was set.
    pub read_back: Vec<ContainerInstance>,
    /// The record as it was written.
    pub written: Option<Stored>,
    /// Another writer wrote the record since it was read.
    pub raced: bool,
    /// Auto Scaling no longer waits: another run may be ending this drain at this moment.
    pub over: bool,
    /// How many tasks could not be stopped: each observation tries again.
    pub refused_stops: usize,
    /// Why the rest of the plan was left.
    pub failure: Option<AwsError>,
    /// How many calls were made before the plan.
    calls_before: u32,
}

/// What a plan is applied to.
#[derive(Debug, Clone, Copy)]
pub enum Target<'a> {
    /// An instance of a cluster, and its record as it was read.
    Placed(&'a InstanceKey, &'a Observed<Stored>),
    /// The same, when Auto Scaling has said before that it no longer waits.
    Ended(&'a InstanceKey, &'a Observed<Stored>),
    /// An instance that is in no cluster: only its hook is there to act on.
    Unplaced(&'a InstanceId),
}

impl Target<'_> {
    fn instance(&self) -> &InstanceId {
        match self {
            Target::Placed(key, _) | Target::Ended(key, _) => &key.instance,
            Target::Unplaced(instance) => instance,
        }
    }

    /// Returns whether Auto Scaling may say for the first time that it no longer waits. Then another run may have ended
    /// the drain a moment ago, and be about to write its receipt: the rest is left to another observation.
    fn is_first(&self) -> bool {
        matches!(self, Target::Placed(..))
    }
}

/// A record to be written.
pub(crate) struct RecordWrite<'w> {
    /// Its instance.
    pub(crate) key: &'w InstanceKey,
    /// What was read of it.
    pub(crate) before: &'w Observed<Stored>,
    /// The record as it is to be.
    pub(crate) record: Record,
    /// What the run has done so far.
    pub(crate) applied: &'w mut Applied,
}

impl RecordWrite<'_> {
    /// The record as this run knows it: as it has written it, or else as it has read it.
    pub(crate) fn last(&self) -> Option<&Stored> {
        self.applied.written.as_ref().or(self.before.as_yes())
    }
}

impl Coordinator {
    /// Carries out the plan's actions in order. A failed heartbeat, or a task that cannot be stopped, does not prevent
    /// the other actions; any other failure leaves the rest.
    pub async fn apply(&self, target: Target<'_>, plan: Plan) -> Applied {
        let mut applied = Applied {
            calls_before: self.aws.meter.total(),
            ..Applied::default()
        };
        let mut missed: Vec<Lifecycle> = Vec::new();
        for action in plan.actions {
            let kind = action.kind();
            let alone = Alone::of(&action);
            if self.only_observes() {
                applied.note(kind, alone, Outcome::Skipped);
                continue;
            }
            let outcome = match (action, target) {
                (Action::Heartbeat(hook), _) => {
                    let outcome = waited(self.aws.heartbeat(target.instance(), &hook).await);
                    missed.extend(matches!(outcome, Outcome::Failed(_)).then_some(hook));
                    outcome
                }
                (Action::Complete(hook), _) => waited(self.aws.complete(target.instance(), &hook).await),
                (action, Target::Placed(key, before) | Target::Ended(key, before)) => {
                    self.act(key, before, action, &missed, &mut applied).await.into()
                }
                (_, Target::Unplaced(_)) => continue,
            };
            applied.over |= kind == ActionKind::Complete && outcome == Outcome::AlreadyEnded;
            // After a race the rest of the plan may be wrong: the run plans again.
            if !applied.note(kind, alone, outcome) || applied.raced || (applied.over && target.is_first()) {
                break;
            }
        }
        applied
    }

    /// What needs a container instance or its record.
    async fn act(
        &self,
        key: &InstanceKey,
        before: &Observed<Stored>,
        action: Action,
        missed: &[Lifecycle],
        applied: &mut Applied,
    ) -> Result<Outcome, AwsError> {
        match action {
            Action::PutRecord(record) => {
                let rank = if record.is_released() {
                    Priority::Release
                } else {
                    Priority::Hold
                };
                let record = with_heartbeat(*record, missed);
                self.put(
                    RecordWrite {
                        key,
                        before,
                        record,
                        applied,
                    },
                    rank,
                )
                .await
            }
            Action::Note(record) => {
                let record = with_heartbeat(*record, missed);
                self.note(RecordWrite {
                    key,
                    before,
                    record,
                    applied,
                })
                .await
            }
            Action::PutCount(record) => {
                let record = with_heartbeat(*record, missed);
                self.put_count(RecordWrite {
                    key,
                    before,
                    record,
                    applied,
                })
                .await
            }
            Action::SetDraining { arn, .. } => {
                let tens = &self.cache.tens;
                let others = self.survey.size() > 1;
                let seen = tens.set_draining(&self.aws, &key.cluster, &arn, others).await?;
                applied.read_back.push(seen);
                Ok(Outcome::Ok)
            }
            Action::StopTask { task, why } => {
                self.aws.stop_task(&key.cluster, &task, &why).await?;
                Ok(Outcome::Ok)
            }
            Action::Receipt(mut record) => {
                // What the plan has cost so far, and the write that follows.
                let calls = self.aws.meter.total() - applied.calls_before + 1;
                record.calls = record.calls.saturating_add(calls);
                self.log_receipt(key, &record);
                let record = *record;
                self.put_receipt(RecordWrite {
                    key,
                    before,
                    record,
                    applied,
                })
                .await
            }
            Action::Heartbeat(_) | Action::Complete(_) => Ok(Outcome::Ok),
        }
    }

    /// Dry-run, or the kill switch at `observe`: everything is planned and said, and nothing done.
    pub(crate) fn only_observes(&self) -> bool {
        self.policy.dry_run || self.cache.control() == Control::Observe
    }

    /// The receipt is logged before it is noted: if a run dies between the two, the next one logs it again, and none is
    /// lost.
    fn log_receipt(&self, key: &InstanceKey, record: &Record) {
        let receipt = Receipt::new(key, record, record.updated_at);
        let (metrics, ended_at) = (&self.cache.metrics, record.updated_at);
        metrics.count(Metric::DrainsEnded, 1);
        metrics.record_duration(Metric::DrainTime, ended_at.duration_since(record.started_at));
        if let Some(released_at) = record.released_at {
            metrics.record_duration(Metric::HoldTime, released_at.duration_since(record.started_at));
            metrics.record_duration(Metric::FlushTime, ended_at.duration_since(released_at));
        }
        let fields = serde_json::to_value(receipt).unwrap_or_default();
        self.logger.log(Level::Info, "receipt", fields);
    }
}

/// Whether the failure of an action leaves the rest of the plan in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Alone {
    /// What comes after it needs it.
    No,
    /// The run has failed, and continues.
    Heartbeat,
    /// A task that must not be stopped, or cannot be stopped now: no other attempt of this run fixes that.
    Stop,
    /// A registration that was left behind.
    Registration,
}

impl Alone {
    fn of(action: &Action) -> Alone {
        match action {
            Action::Heartbeat(_) => Alone::Heartbeat,
            Action::StopTask { .. } => Alone::Stop,
            Action::SetDraining { present: false, .. } => Alone::Registration,
            _ => Alone::No,
        }
    }
}

impl Applied {
    /// Notes an outcome. Returns whether the plan continues.
    fn note(&mut self, action: ActionKind, alone: Alone, outcome: Outcome) -> bool {
        let mut goes_on = true;
        if let Outcome::Failed(error) = &outcome {
            goes_on = alone != Alone::No;
            match alone {
                Alone::Stop => self.refused_stops += 1,
                Alone::Registration => {}
                Alone::Heartbeat | Alone::No => drop(self.failure.get_or_insert_with(|| error.clone())),
            }
        }
        self.done.push(Done { action, outcome });
        goes_on
    }
}

/// The outcome of a call about a wait at a hook, which says whether the wait was still there.
fn waited(answer: Result<bool, AwsError>) -> Outcome {
    match answer {
        Ok(true) => Outcome::Ok,
        Ok(false) => Outcome::AlreadyEnded,
        Err(error) => Outcome::Failed(error),
    }
}

/// A record must not claim a heartbeat that did not reach Auto Scaling.
fn with_heartbeat(mut record: Record, missed: &[Lifecycle]) -> Record {
    for missed in missed {
        let known = record.lifecycles_mut().find(|known| known.is_of(missed));
        known
            .into_iter()
            .for_each(|known| known.heartbeat_at = missed.heartbeat_at);
    }
    record
}
