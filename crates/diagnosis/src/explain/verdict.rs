//! The answer in one or two sentences.

use jiff::Timestamp;
use protector_core::aws::InstanceStatus;
use protector_core::plural::counted;
use protector_core::record::{Record, ReleaseReason};

use super::finding::{CauseFinding, one_line};
use super::reads::InstanceReads;
use super::{TaskExplanation, whole};
use crate::cause::Cause;
use crate::drain::DrainState;
use crate::ends::Ends;
use crate::time_format::{clock, span};

/// When the wait ends, and why then.
pub(super) fn ends(
    reads: &InstanceReads,
    tasks: &[TaskExplanation],
    waits_for: Option<&CauseFinding>,
) -> (Ends, Option<String>) {
    if let Some(finding) = waits_for {
        return (finding.ends, finding.ends_because.clone());
    }
    let record = reads.drain.record.as_ref();
    let Some(record) = record.filter(|_| reads.drain.state == DrainState::Holding) else {
        return (Ends::Unknown, None);
    };
    if whole::is_unattended(reads) {
        let left = whole::given_up_at(record);
        let because = "the sidecars leave without the coordinator".to_owned();
        return if left < reads.now {
            (Ends::Unknown, None)
        } else {
            (Ends::Bound(left), Some(because))
        };
    }
    if record.deadline_at < reads.now {
        return (Ends::Unknown, None);
    }
    let last = tasks.first();
    let of_tasks = tasks.iter().map(|task| task.why.ends).reduce(Ends::and);
    match of_tasks.filter(|ends| ends.at().is_some_and(|at| at <= record.deadline_at)) {
        Some(ends) => {
            let because =
                last.and_then(|task| Some(format!("{}: {}", task.group, task.why.ends_because.as_ref()?)));
            (ends, because)
        }
        None if last.is_none() && reads.tasks.is_ok() => (Ends::Bound(record.deadline_at), None),
        None => (Ends::Bound(record.deadline_at), Some(DEADLINE.to_owned())),
    }
}

/// Why a wait ends that nothing else ends before.
const DEADLINE: &str = "deadline";

/// What the verdict is made of.
pub(super) struct Summary<'a> {
    pub(super) reads: &'a InstanceReads,
    pub(super) tasks: &'a [TaskExplanation],
    pub(super) warnings: &'a [CauseFinding],
    pub(super) waits_for: Option<&'a CauseFinding>,
    pub(super) ends: Ends,
    pub(super) because: Option<&'a str>,
}

impl Summary<'_> {
    /// The overall cause: what is wrong with the drain, else what it waits for, else that of the task that decides.
    pub(super) fn cause(&self) -> Option<Cause> {
        let first = self.warnings.first().or(self.waits_for);
        let decides = self.tasks.first().map(|task| task.why.cause);
        let of_tasks = || match (self.reads.drain.state, &self.reads.tasks) {
            (DrainState::Holding, Err(_)) => Some(Cause::NotKnown),
            (DrainState::Holding, Ok(_)) => decides.or(Some(Cause::Settling)),
            (DrainState::NotKnown, _) => Some(Cause::NotKnown),
            (DrainState::NoRecord | DrainState::Released | DrainState::Done, _) => None,
        };
        first.map(|finding| finding.cause).or_else(of_tasks)
    }

    pub(super) fn verdict(&self) -> String {
        let record = self.reads.drain.record.as_ref();
        one_line(&match (self.reads.drain.state, record) {
            (DrainState::NotKnown, _) => {
                "DRAINING, and whether its daemons are held is not known: the records were not read."
                    .to_owned()
            }
            (DrainState::NoRecord, _) | (_, None) => self.without_record(),
            (DrainState::Holding, Some(record)) => self.holding(record),
            (DrainState::Released, Some(record)) => self.released(record),
            (DrainState::Done, Some(record)) => self.ended(record),
        })
    }

    fn without_record(&self) -> String {
        if let Some(finding) = self.warnings.first() {
            return format!("DRAINING: {}", finding.sentence);
        }
        let status = self.reads.drain.machine.as_ref().map(|machine| &machine.status);
        match status {
            Some(InstanceStatus::Active) => "ACTIVE, does not drain.".to_owned(),
            Some(status) => format!("{status}, and has no record of a drain."),
            None => "It is in no cluster that was looked at, and has no record of a drain.".to_owned(),
        }
    }

    fn holding(&self, record: &Record) -> String {
        if self.is_fine() {
            return self.nothing_wrong();
        }
        let age = span(self.age(record));
        let left = match &self.reads.tasks {
            Err(gap) => format!("its tasks are {gap}; {}", counts(record, self.reads.now)),
            Ok(_) if self.tasks.is_empty() => "no task is left, and the release comes next".to_owned(),
            Ok(_) => {
                let left = u32::try_from(self.tasks.len()).unwrap_or(u32::MAX);
                let most = self.reads.drain.left().map_or(left, |(_, most)| most.max(left));
                format!("{left} of {} left", counted(most, "task"))
            }
        };
        format!("HOLDING for {age}: {left}. {}", self.how_it_ends(record))
    }

    fn age(&self, record: &Record) -> jiff::SignedDuration {
        self.reads
            .now
            .duration_since(record.started_at)
            .max(jiff::SignedDuration::ZERO)
    }

    /// Every task ends by itself, and before the deadline.
    fn is_fine(&self) -> bool {
        let progresses =
            |task: &TaskExplanation| task.why.cause.is_progress() && task.why.ends != Ends::Unknown;
        self.warnings.is_empty()
            && self.waits_for.is_none()
            && !self.tasks.is_empty()
            && self.because != Some(DEADLINE)
            && self.tasks.iter().all(progresses)
    }

    fn nothing_wrong(&self) -> String {
        let count = self.tasks.len();
        let (are, end) = if count == 1 {
            ("is", "ends")
        } else {
            ("are", "end")
        };
        let when = match self.ends {
            Ends::Bound(at) => format!("{end} by {} at the latest", clock(at, self.reads.now)),
            Ends::Estimate(at) => format!("{end} at about {}", clock(at, self.reads.now)),
            Ends::Unknown => format!("{end} soon"),
        };
        format!(
            "Nothing is wrong: {} {are} stopping and {when}.",
            counted(count, "task")
        )
    }

    fn how_it_ends(&self, record: &Record) -> String {
        let now = self.reads.now;
        match (self.ends, self.because) {
            (Ends::Bound(at), Some(DEADLINE)) => {
                format!("It ends by itself at {} (deadline), forced.", clock(at, now))
            }
            (Ends::Bound(at), Some(because)) => {
                format!("It ends by {} at the latest ({because}).", clock(at, now))
            }
            (Ends::Bound(at), None) => format!("It ends by {} at the latest.", clock(at, now)),
            (Ends::Estimate(at), because) => {
                let because = because.map(|because| format!(" ({because})")).unwrap_or_default();
                format!(
                    "It ends at about {}{because}, and by the deadline, {}, at the latest.",
                    clock(at, now),
                    clock(record.deadline_at, now)
                )
            }
            (Ends::Unknown, _) => "When it ends is not known.".to_owned(),
        }
    }

    fn released(&self, record: &Record) -> String {
        let at = record
            .released_at
            .map(|at| format!(" at {}", clock(at, self.reads.now)));
        let head = format!("RELEASED{}{}.", at.unwrap_or_default(), reason(record));
        match self.waits_for {
            Some(finding) => format!("{head} {}", finding.sentence),
            None => format!("{head} No daemon is left: the coordinator ends the drain next."),
        }
    }

    fn ended(&self, record: &Record) -> String {
        let now = self.reads.now;
        let at = record
            .receipt_at
            .map(|at| format!(" at {}", clock(at, now)))
            .unwrap_or_default();
        let held = record.released_at.map(|released| {
            let held = released.duration_since(record.started_at);
            format!(" It held for {}{}.", span(held), reason(record))
        });
        let waited = record
            .waited
            .iter()
            .map(|group| group.count)
            .sum::<u32>()
            .max(record.remaining);
        let forced = record.reason.is_some_and(ReleaseReason::is_forced);
        let forced = if forced { "forced" } else { "not forced" };
        let tasks = format!(
            " It waited for {}, {} left at the end, {forced}.",
            counted(waited, "task"),
            record.remaining
        );
        let after = self
            .waits_for
            .map(|finding| format!(" {}", finding.sentence))
            .unwrap_or_default();
        format!("ENDED{at}.{}{tasks}{after}", held.unwrap_or_default())
    }
}

/// Why the daemons were released, in the record's words.
fn reason(record: &Record) -> String {
    let word = record.reason.map(|reason| match reason {
        ReleaseReason::Drained => "drained",
        ReleaseReason::Deadline => "deadline",
        ReleaseReason::Operator => "operator",
        ReleaseReason::Cancelled => "cancelled",
        ReleaseReason::AgentLost => "agent-lost",
    });
    let by = record
        .ordered
        .as_ref()
        .filter(|_| record.reason == Some(ReleaseReason::Operator));
    match (word, by) {
        (Some(word), Some(order)) => format!(" ({word}, by {}: {})", order.who, order.why),
        (Some(word), None) => format!(" ({word})"),
        (None, _) => String::new(),
    }
}

/// What the record counts, for want of the tasks themselves.
fn counts(record: &Record, now: Timestamp) -> String {
    let groups: Vec<String> = record
        .held_by
        .iter()
        .map(|held| format!("{} {}", held.count, held.group))
        .collect();
    let of = if groups.is_empty() {
        String::new()
    } else {
        format!(" ({})", groups.join(", "))
    };
    format!(
        "the record of {} counts {}{of}",
        clock(record.updated_at, now),
        counted(record.remaining, "task")
    )
}
