//! A drain is steady until something else than the end of a task can change it, and needs little meanwhile.
//!
//! The tick uses it to save full observations: of a drain that is steady it only asks whether the tasks that are awaited
//! still run: those that hold, or, after the release, the daemons.

use jiff::{SignedDuration, Timestamp};

use crate::holding::census;
use crate::observation::Task;
use crate::policy::{Policy, StandaloneTasks};
use crate::record::{Lifecycle, Record};

use super::counts::{count, note_waited};
use super::pace::{count_is_due, heartbeat_due, release_to_announce};
use super::schedule::Schedule;
use super::{Action, Fleet, HeartbeatSender, Note, Plan, Verdict};
use super::{deadline, later};

/// When a full observation is due for another reason than the end of a task: the deadline, tasks to be stopped, the end
/// of the flush window. None: at once, because a clock of the record runs that only full observations can stop.
#[must_use]
pub fn next_due(record: &Record, policy: &Policy) -> Option<Timestamp> {
    // A released drain by another actor may be undone, and begin again, at any time.
    let unhooked = record.is_released() && record.lifecycle.is_none();
    let unsettled = unhooked
        || record.receipt_at.is_some()
        // What its hooks wait for may end, or begin, in another cluster.
        || !record.other_clusters.is_empty()
        || record.releasing.is_some()
        || record.agent_lost_at.is_some()
        || record.active_since.is_some()
        || record.spot_notice_at.is_some()
        || record.draining_confirmed_at.is_none()
        || policy.standalone_tasks == StandaloneTasks::Stop;
    let stops = policy
        .stop_tasks_after
        .map_or(Timestamp::MAX, |after| later(record.started_at, after));
    let due = match record.released_at {
        Some(released) => Schedule::of(record, policy).flush_end(released),
        None => deadline::of(record, policy).min(stops),
    };
    (!unsettled).then_some(due)
}

/// What the record of a drain says while its daemons stay for the rest of LINGER: the last task that holds has ended,
/// according to events, and a look follows after `wait`. Nothing if its sidecars read each second anyway, or no record
/// is theirs alone.
#[must_use]
pub fn announcement(before: &Record, wait: SignedDuration, fleet: Fleet, now: Timestamp) -> Option<Record> {
    let (polls, known) = (before.poll_seconds, before.release_not_before);
    let at = release_to_announce(polls, known, wait, fleet, now)?;
    let holds = !before.is_released() && before.releasing.is_none() && before.active_since.is_none();
    holds.then(|| Record {
        remaining: 0,
        held_by: Vec::new(),
        release_not_before: Some(at),
        updated_at: now,
        ..before.clone()
    })
}

/// The plan for a steady drain: a heartbeat if one is due, and, while it holds, its new count written if that is due.
/// `tasks` are those that are awaited, as they are now; of a drain that holds one at least must hold still.
#[must_use]
pub fn maintain(
    before: &Record,
    tasks: &[Task],
    policy: &Policy,
    fleet: Fleet,
    heartbeats: HeartbeatSender,
    now: Timestamp,
) -> Plan {
    let mut record = before.clone();
    let mut seen = census(tasks, policy);
    seen.sidecars = before.sidecars;
    if !record.is_released() {
        count(&mut record, &seen, fleet, policy);
        note_waited(&mut record, tasks, now);
    }
    let recount = record != *before && count_is_due(before, &record, fleet, now);
    record.updated_at = now;
    let due: Vec<Lifecycle> = record
        .lifecycles()
        .filter(|hook| heartbeats == HeartbeatSender::Planner && heartbeat_due(hook) <= now)
        .cloned()
        .collect();
    for hook in &due {
        record.note_heartbeat(hook, now);
    }
    let put = (recount || !due.is_empty()).then(|| Action::PutCount(Box::new(record)));
    let awaited = tasks.iter().filter(|task| !task.last_status.is_final()).count();
    Plan {
        actions: due.into_iter().map(Action::Heartbeat).chain(put).collect(),
        verdict: before.reason.map_or(Verdict::Holding, Verdict::Released),
        remarks: vec![Note::Steady(awaited).into()],
        look_again: None,
        order: None,
    }
}
