//! A plan says what to do about an instance, where its drain stands then, and why.

use std::fmt;

use jiff::SignedDuration;
use serde::{Serialize, Serializer};

use crate::ids::{ContainerInstanceArn, TaskArn};
use crate::record::{Lifecycle, Record, ReleaseReason};

use super::order::OrderOutcome;
use super::remark::Remark;

/// What to do about one instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// What to do, in this order.
    pub actions: Vec<Action>,
    /// Where the drain stands once that is done.
    pub verdict: Verdict,
    /// The reasons, for people.
    pub remarks: Vec<Remark>,
    /// After how long another look is worth its calls; none means at the next event or tick.
    pub look_again: Option<SignedDuration>,
    /// What becomes of the operator's order, if there was one and enough is known to say so.
    pub order: Option<OrderOutcome>,
}

impl Plan {
    /// The record as the plan writes it last, if it does.
    #[must_use]
    pub fn record(&self) -> Option<&Record> {
        self.actions.iter().rev().find_map(|action| match action {
            Action::PutRecord(record)
            | Action::PutCount(record)
            | Action::Note(record)
            | Action::Receipt(record) => Some(&**record),
            _ => None,
        })
    }
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Restart the hook's heartbeat clock. Holds the hook as it was before.
    Heartbeat(Lifecycle),
    /// Write the record.
    PutRecord(Box<Record>),
    /// Write the record for the sake of its counts, or of the note of a heartbeat: it gives way to every other write.
    PutCount(Box<Record>),
    /// Remember the record as it is now, which is not worth a write of its own; a run that cannot remember writes it.
    Note(Box<Record>),
    /// Set a registration to DRAINING and read it back.
    SetDraining {
        /// The registration to drain.
        arn: ContainerInstanceArn,
        /// Whether it is the present registration of its instance. If another one cannot be drained, that stops
        /// nothing.
        present: bool,
    },
    /// Order a task to stop, and show the reason to a person in the console.
    StopTask {
        /// The task to stop.
        task: TaskArn,
        /// The reason that the console shows.
        why: String,
    },
    /// Complete the hook with CONTINUE.
    Complete(Lifecycle),
    /// Log the receipt, then note in the record that it was logged.
    Receipt(Box<Record>),
}

impl Action {
    /// The kind of the action.
    #[must_use]
    pub fn kind(&self) -> ActionKind {
        match self {
            Action::Heartbeat(_) => ActionKind::Heartbeat,
            Action::PutRecord(record) if record.is_released() => ActionKind::PutReleased,
            Action::PutRecord(_) => ActionKind::PutHolding,
            Action::PutCount(_) => ActionKind::PutCount,
            Action::Note(_) => ActionKind::Note,
            Action::SetDraining { .. } => ActionKind::SetDraining,
            Action::StopTask { .. } => ActionKind::StopTask,
            Action::Receipt(_) => ActionKind::Receipt,
            Action::Complete(_) => ActionKind::Complete,
        }
    }
}

/// The kind of an [`Action`]. Log lines have its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActionKind {
    /// [`Action::Heartbeat`].
    Heartbeat,
    /// [`Action::PutRecord`] of a record that holds.
    PutHolding,
    /// [`Action::PutRecord`] of a record that is released.
    PutReleased,
    /// [`Action::PutCount`].
    PutCount,
    /// [`Action::Note`].
    Note,
    /// [`Action::SetDraining`].
    SetDraining,
    /// [`Action::StopTask`].
    StopTask,
    /// [`Action::Receipt`].
    Receipt,
    /// [`Action::Complete`].
    Complete,
}

impl ActionKind {
    /// The name of the kind, as log lines have it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            ActionKind::Heartbeat => "heartbeat",
            ActionKind::PutHolding => "put-holding",
            ActionKind::PutReleased => "put-released",
            ActionKind::PutCount => "put-count",
            ActionKind::Note => "note",
            ActionKind::SetDraining => "set-draining",
            ActionKind::StopTask => "stop-task",
            ActionKind::Receipt => "receipt",
            ActionKind::Complete => "complete",
        }
    }
}

impl fmt::Display for ActionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for ActionKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// The state of a drain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The instance does not drain.
    NotDraining,
    /// Too little is known to decide anything: the daemons are kept as they are.
    Unknown,
    /// The daemons are kept.
    Holding,
    /// Some tiers of daemons may go.
    Releasing,
    /// The daemons may go; the hook still waits for their flush.
    Released(ReleaseReason),
    /// Nothing is left to do.
    Done,
}

impl Verdict {
    /// The verdict's name, as logs and metrics have it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Verdict::NotDraining => "not-draining",
            Verdict::Unknown => "unknown",
            Verdict::Holding => "holding",
            Verdict::Releasing => "releasing",
            Verdict::Released(_) => "released",
            Verdict::Done => "done",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for Verdict {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}
