//! The quiet part of a drain: until when nothing but the end of a task can change it, and its counts meanwhile.
//!
//! The tick uses it to spare whole looks: of a drain that is quiet it only asks whether the tasks that hold still live.

use jiff::Timestamp;

use crate::holding::census;
use crate::observation::Task;
use crate::policy::{Policy, StandaloneTasks};
use crate::record::Record;

use super::Fleet;
use super::deadline::later;
use super::draft::{count, count_is_due, heartbeat_due};

/// When a whole look is due for another reason than the end of a task: heartbeat, deadline, tasks to be stopped. None:
/// at once, because a clock of the record runs that only whole looks can stop.
#[must_use]
pub fn next_due(record: &Record, policy: &Policy) -> Option<Timestamp> {
    let unsettled = record.is_released()
        || record.releasing.is_some()
        || record.agent_lost_at.is_some()
        || record.active_since.is_some()
        || record.spot_notice_at.is_some()
        || record.draining_confirmed_at.is_none()
        || policy.standalone_tasks == StandaloneTasks::Stop;
    if unsettled {
        return None;
    }
    let heartbeat = record.lifecycle.as_ref().map(heartbeat_due);
    let stops = policy
        .stop_tasks_after
        .map(|after| later(record.started_at, after));
    [Some(record.deadline_at), heartbeat, stops]
        .into_iter()
        .flatten()
        .min()
}

/// The record to write for tasks that were all known to hold, if some of them still do and the new count is due.
/// `tasks` are these, as they are now; the rest of the record stays.
#[must_use]
pub fn recount(
    before: &Record,
    tasks: &[Task],
    policy: &Policy,
    fleet: Fleet,
    now: Timestamp,
) -> Option<Record> {
    let mut record = before.clone();
    let mut seen = census(tasks, policy);
    seen.sidecars = before.sidecars;
    count(&mut record, &seen, fleet);
    if record == *before || record.remaining == 0 || !count_is_due(before, &record, fleet, now) {
        return None;
    }
    record.updated_at = now;
    Some(record)
}
