//! The record of a drain learns of registrations, clusters, hooks and notices.

use crate::limits::REGISTRATIONS_MAX;
use crate::observation::{HookAction, Registrations, SeenElsewhere};
use crate::record::Record;

use super::super::{Situation, deadline};

/// The record names all registrations of the instance: a release counts for those that it names.
pub(super) fn take_registrations(record: &mut Record, instance: &Registrations) {
    let mut arns = instance.all().map(|one| one.arn.clone());
    if let Some(present) = arns.next() {
        record.container_instance_arn = present;
        record.other_registrations = arns.take(REGISTRATIONS_MAX).collect();
    }
}

/// The record names the other clusters in which the instance is registered: whichever run ends this drain asks there.
pub(super) fn take_clusters(record: &mut Record, situation: &Situation<'_>) {
    let elsewhere = situation.observation.elsewhere.iter();
    let there = elsewhere.filter(|other| other.seen != SeenElsewhere::Nowhere);
    there.for_each(|other| record.add_cluster(&other.cluster));
}

/// The record learns of a hook, of its token, and of its timeout as it is now.
pub(super) fn attach_hook(record: &mut Record, wait: &HookAction, situation: &Situation<'_>) {
    let (lifecycle, begun) = (deadline::lifecycle(wait), record.started_at);
    let changed = record
        .lifecycles_mut()
        .find(|known| known.is_of(&lifecycle))
        .map(|known| {
            if known.lifecycle_action_token.is_none() {
                known.lifecycle_action_token.clone_from(&wait.token);
            }
            deadline::refresh(known, wait, begun)
        });
    if changed.is_none() {
        record.add_lifecycle(lifecycle.clone());
    }
    let limited = changed.unwrap_or(true);
    if limited && !record.is_released() && record.releasing.is_none() {
        let known = record.lifecycles().find(|known| known.is_of(&lifecycle));
        let latest = deadline::latest(begun, known, record.poll_seconds, situation.policy);
        record.deadline_at = record.deadline_at.min(latest);
    }
}

/// A Spot notice shortens whatever deadline there was.
pub(super) fn apply_spot_deadline(record: &mut Record, situation: &Situation<'_>) {
    if let Some(notice) = situation.spot.filter(|_| !record.is_released()) {
        record.spot_notice_at.get_or_insert(notice);
        record.deadline_at = deadline::of(record, situation.policy);
    }
}
