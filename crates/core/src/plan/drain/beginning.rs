//! A drain begins if a hook waits, if the instance is DRAINING, or if EC2 takes it back.

use crate::ids::ContainerInstanceArn;
use crate::observation::{Observed, Registrations};
use crate::record::{Lifecycle, Record};

use super::super::{Note, Remark, Situation, Warning, deadline, later, poll_seconds};
use super::learning::{apply_spot_deadline, attach_hook, take_clusters, take_registrations};
use super::{Drain, DrainLookup, announced, is_draining, waits};

/// A new drain, if there is a reason for one: a hook that waits, or DRAINING. A registration that was left behind as
/// DRAINING has nothing to protect.
pub(super) fn start(situation: &Situation<'_>, remarks: Vec<Remark>) -> DrainLookup {
    let hooks = announced(situation);
    let instance = match &situation.observation.instance {
        Observed::Unknown(why) => {
            return DrainLookup::Unknown(Note::InstanceUnread(why.clone()));
        }
        Observed::Absent => return gone(hooks, remarks),
        Observed::Present(instance) if instance.is_gone() => return gone(hooks, remarks),
        Observed::Present(instance) => instance,
    };
    let leaving = !hooks.is_empty() || situation.spot.is_some();
    if !leaving && !is_draining(&situation.observation.instance) {
        return DrainLookup::Nothing(Note::NothingDrains(instance.present().status.clone()));
    }
    if !leaving && instance.is_left_behind() && is_empty(situation) {
        return DrainLookup::Nothing(Note::LeftBehind);
    }
    let mut record = first_record(situation, &instance.present().arn, &hooks);
    take_registrations(&mut record, instance);
    begun(record, hooks, remarks, situation)
}

/// A drain that begins with this record, whose deadline a Spot notice may shorten.
fn begun(
    mut record: Record,
    hooks: Vec<Lifecycle>,
    remarks: Vec<Remark>,
    situation: &Situation<'_>,
) -> DrainLookup {
    apply_spot_deadline(&mut record, situation);
    take_clusters(&mut record, situation);
    DrainLookup::Drain(Box::new(Drain {
        record,
        new: true,
        hooks,
        remarks,
    }))
}

/// Returns whether no task is alive on it, as far as ECS has listed them all.
fn is_empty(situation: &Situation<'_>) -> bool {
    let tasks = situation.observation.tasks.as_read();
    tasks.is_some_and(|tasks| tasks.iter().all(|task| task.last_status.is_final()))
}

/// A new drain of an instance whose hooks wait on after the release that this record has.
pub(super) fn start_for(
    released: &Record,
    instance: &Registrations,
    situation: &Situation<'_>,
    mut remarks: Vec<Remark>,
) -> DrainLookup {
    let present = &instance.present().arn;
    remarks.push(Warning::NotReleased(present.clone()).into());
    let mut hooks: Vec<Lifecycle> = released.lifecycles().cloned().collect();
    // A listed wait has no name: it may be another one than that of the release.
    for hook in &mut hooks {
        let mut waits = waits(situation).iter();
        if waits.any(|wait| wait.token.is_none() && wait.is_of(hook)) {
            hook.lifecycle_action_token = None;
        }
    }
    let more = announced(situation).into_iter();
    let known = hooks.clone();
    hooks.extend(more.filter(|hook| !known.iter().any(|known| known.is_of(hook))));
    let mut record = Record {
        drain_id: made_id(situation),
        other_clusters: released.other_clusters.clone(),
        spot_notice_at: released.spot_notice_at,
        ..first_record(situation, present, &hooks)
    };
    if record.spot_notice_at.is_some() {
        record.deadline_at = deadline::of(&record, situation.policy);
    }
    take_registrations(&mut record, instance);
    for wait in waits(situation) {
        attach_hook(&mut record, wait, situation);
    }
    begun(record, hooks, remarks, situation)
}

/// Not a drain any more; but hooks may wait, for nothing.
fn gone(hooks: Vec<Lifecycle>, remarks: Vec<Remark>) -> DrainLookup {
    match hooks.is_empty() {
        true => DrainLookup::Nothing(Note::Gone(remarks)),
        false => DrainLookup::Gone(hooks),
    }
}

fn first_record(situation: &Situation<'_>, arn: &ContainerInstanceArn, hooks: &[Lifecycle]) -> Record {
    let now = situation.now;
    let poll_seconds = poll_seconds(situation.fleet.sidecars, situation.policy.parameter_throughput);
    let first = |hook| deadline::first(now, hook, poll_seconds, situation.policy);
    let of_hooks = hooks.iter().map(|hook| first(Some(hook))).min();
    Record {
        lifecycle: hooks.first().cloned(),
        other_lifecycles: hooks.iter().skip(1).cloned().collect(),
        // DRAINING is confirmed later than this, and then the settle window begins.
        release_not_before: Some(later(now, situation.policy.settle)),
        ..Record::first(
            situation.observation.key.instance.clone(),
            arn.clone(),
            drain_id(hooks.first(), situation),
            now,
            of_hooks.unwrap_or_else(|| first(None)),
            poll_seconds,
        )
    }
}

fn drain_id(hook: Option<&Lifecycle>, situation: &Situation<'_>) -> String {
    let token = hook.and_then(|hook| hook.lifecycle_action_token.as_ref());
    token.map_or_else(|| made_id(situation), ToString::to_string)
}

/// A name for a drain that has no token of its own.
fn made_id(situation: &Situation<'_>) -> String {
    format!("{}-{}", situation.observation.key.instance, situation.now)
}
