//! The record has the counts of the tasks that hold, and of those that were waited for.

use jiff::Timestamp;

use crate::holding::Census;
use crate::observation::Task;
use crate::policy::Policy;
use crate::record::{Record, Waited};

use super::pace::{has_a_record_of_its_own, poll_seconds, unhurried_poll_seconds};
use super::situation::Fleet;

/// The record learns the counts.
pub(super) fn count(record: &mut Record, census: &Census, fleet: Fleet, policy: &Policy) {
    record.remaining = census.remaining();
    record.held_by.clone_from(&census.held_by);
    record.sidecars = census.sidecars;
    let sidecars = fleet.sidecars.saturating_add(census.sidecars);
    let hurried = poll_seconds(sidecars, policy.parameter_throughput);
    // A machine that is taken has no second to lose.
    let unhurried = record.spot_notice_at.is_none() && has_a_record_of_its_own(fleet);
    record.poll_seconds = match unhurried {
        true => hurried.max(unhurried_poll_seconds(policy)),
        false => hurried,
    };
}

/// Remembers for the receipt which groups were waited for, and until when: until the last of their tasks was STOPPED,
/// if ECS still reports it, else until they were not seen any more.
pub(super) fn note_waited(record: &mut Record, tasks: &[Task], at: Timestamp) {
    for held in &record.held_by {
        match record.waited.iter_mut().find(|waited| waited.group == held.group) {
            Some(waited) => {
                waited.count = waited.count.max(held.count);
                waited.until = None;
            }
            None => record.waited.push(Waited {
                group: held.group.clone(),
                count: held.count,
                until: None,
            }),
        }
    }
    for waited in &mut record.waited {
        if !record.held_by.iter().any(|held| held.group == waited.group) {
            let ended = tasks.iter().filter(|task| task.group_name() == waited.group);
            match ended.filter_map(|task| task.stopped_at).max() {
                Some(stopped) => waited.until = Some(stopped),
                None => drop(waited.until.get_or_insert(at)),
            }
        }
    }
}
