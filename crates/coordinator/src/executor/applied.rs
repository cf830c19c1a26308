//! What a plan is applied to, and what comes of it.

use jiff::SignedDuration;
use protector_core::ids::{InstanceId, InstanceKey};
use protector_core::observation::{ContainerInstance, Observed, Stored};
use protector_core::plan::{Action, ActionKind};
use protector_core::record::{Lifecycle, Record};
use serde::Serialize;

use crate::aws::AwsError;
use crate::outcome::Outcome;

/// An action, and how it went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Done {
    pub(crate) action: ActionKind,
    #[serde(flatten)]
    pub(crate) outcome: Outcome,
}

/// The results of a plan.
#[derive(Debug, Default)]
pub(crate) struct Applied {
    /// Every action that was tried, in order.
    pub(crate) done: Vec<Done>,
    /// The registrations as they were read back after DRAINING was set.
    pub(crate) read_back: Vec<ContainerInstance>,
    pub(crate) written: Option<Stored>,
    /// A shared record has the release that an operator has ordered.
    pub(crate) order_shared: bool,
    /// Another writer wrote the record since it was read.
    pub(crate) raced: bool,
    /// Auto Scaling no longer waits: another run may be ending this drain at this moment.
    pub(crate) over: bool,
    /// After how long it is the turn of a completion that was put off.
    pub(crate) put_off: Option<SignedDuration>,
    /// How many tasks could not be stopped: each observation tries again.
    pub(crate) refused_stops: usize,
    /// Why the rest of the plan was left.
    pub(crate) failure: Option<AwsError>,
    /// How many calls were made before the plan.
    pub(super) calls_before: u32,
}

/// What a plan is applied to.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Target<'a> {
    /// An instance of a cluster, and its record as it was read.
    Placed(&'a InstanceKey, &'a Observed<Stored>),
    /// The same, when Auto Scaling has said before that it no longer waits.
    Ended(&'a InstanceKey, &'a Observed<Stored>),
    /// An instance that is in no cluster: only its hook is there to act on.
    Unplaced(&'a InstanceId),
}

impl Target<'_> {
    pub(crate) fn instance(&self) -> &InstanceId {
        match self {
            Target::Placed(key, _) | Target::Ended(key, _) => &key.instance,
            Target::Unplaced(instance) => instance,
        }
    }

    /// Returns whether Auto Scaling may say for the first time that it no longer waits. Then another run may have ended
    /// the drain a moment ago, and be about to write its receipt: the rest is left to another observation.
    pub(super) fn is_first(&self) -> bool {
        matches!(self, Target::Placed(..))
    }
}

pub(super) struct RecordWrite<'w> {
    pub(super) key: &'w InstanceKey,
    /// What was read of it.
    pub(super) before: &'w Observed<Stored>,
    /// The record as it is to be.
    pub(super) record: Record,
    /// What the run has done so far.
    pub(super) applied: &'w mut Applied,
}

impl<'w> RecordWrite<'w> {
    pub(super) fn new(
        key: &'w InstanceKey,
        before: &'w Observed<Stored>,
        record: Record,
        applied: &'w mut Applied,
    ) -> RecordWrite<'w> {
        RecordWrite {
            key,
            before,
            record,
            applied,
        }
    }

    /// The record as this run knows it: as it has written it, or else as it has read it.
    pub(super) fn last(&self) -> Option<&Stored> {
        self.applied.written.as_ref().or(self.before.as_yes())
    }

    /// The version of that record; 0 if there is none.
    pub(super) fn version(&self) -> i64 {
        self.last().map_or(0, |stored| stored.version)
    }
}

/// Whether the failure of an action leaves the rest of the plan in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Alone {
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
    pub(super) fn of(action: &Action) -> Alone {
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
    pub(super) fn note(&mut self, action: ActionKind, alone: Alone, outcome: Outcome) -> bool {
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
pub(super) fn waited(answer: Result<bool, AwsError>) -> Outcome {
    match answer {
        Ok(true) => Outcome::Ok,
        Ok(false) => Outcome::AlreadyEnded,
        Err(error) => Outcome::Failed(error),
    }
}

/// A record must not claim a heartbeat that did not reach Auto Scaling.
pub(super) fn with_heartbeat(mut record: Record, missed: &[Lifecycle]) -> Record {
    for missed in missed {
        record.note_heartbeat(missed, missed.heartbeat_at);
    }
    record
}
