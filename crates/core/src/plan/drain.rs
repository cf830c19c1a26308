//! Finds out which drain this is: none, one that goes on, or a new one.

use crate::aws::InstanceStatus;
use crate::holding;
use crate::ids::ContainerInstanceArn;
use crate::limits::REGISTRATIONS_MAX;
use crate::limits::coordinator::LISTING_LAG;
use crate::observation::{Hook, HookAction, Observation, Observed, Registrations, SeenElsewhere};
use crate::record::{DecodeError, Lifecycle, Record, ReleaseReason};

use super::later;
use super::{Remark, Situation, deadline, joined};

/// The answer.
pub(super) enum DrainLookup {
    /// The instance does not drain.
    Nothing(String),
    /// It is not known whether the instance drains, or in which drain.
    Unknown(String),
    /// Hooks wait for an instance that is gone: nothing is left to wait for.
    Gone(Vec<Lifecycle>),
    /// This drain.
    Drain(Box<Drain>),
}

/// A drain as its record has it, or would have it.
pub(super) struct Drain {
    /// The record so far; for a new drain the one to write.
    pub(super) record: Record,
    /// Whether it is to be written for the first time.
    pub(super) new: bool,
    /// The hooks that wait for us.
    pub(super) hooks: Vec<Lifecycle>,
    /// What is worth saying about how it was found.
    pub(super) remarks: Vec<Remark>,
}

/// Finds the drain that the observation is about.
pub(super) fn find(situation: &Situation<'_>) -> DrainLookup {
    let (stored, remark) = match stored(situation) {
        Ok(stored) => stored,
        Err(reason) => return DrainLookup::Unknown(reason),
    };
    let mut remarks: Vec<Remark> = remark.into_iter().collect();
    let stored = stored.filter(|record| !is_outlived(record, situation));
    if let Some((record, instance)) = stored.and_then(|record| outgrown(record, situation)) {
        return start_for(record, instance, situation, remarks);
    }
    if let Some(record) = stored.filter(|record| continues(record, situation, &mut remarks)) {
        return resume(record, situation, remarks);
    }
    start(situation, remarks)
}

/// The hooks that this run's event or listing has announced, as the record would keep them.
pub(super) fn announced(situation: &Situation<'_>) -> Vec<Lifecycle> {
    waits(situation).iter().map(deadline::lifecycle).collect()
}

fn waits<'a>(situation: &Situation<'a>) -> &'a [HookAction] {
    situation.observation.hook.waits()
}

type StoredRecord<'a> = (Option<&'a Record>, Option<Remark>);

/// The record, or why there is no plan without it. A text that cannot be decoded is replaced: its sidecars hold, so
/// protection cannot get lower. A text of another schema is left to the version that wrote it.
fn stored<'a>(situation: &Situation<'a>) -> Result<StoredRecord<'a>, String> {
    match &situation.observation.record {
        Observed::Unknown(why) => Err(format!("the record could not be read: {why}")),
        Observed::Absent => Ok((None, None)),
        Observed::Present(stored) => match &stored.record {
            Ok(record) => Ok((Some(record), None)),
            Err(error @ DecodeError::UnknownSchema(_)) => Err(error.to_string()),
            Err(error @ DecodeError::Unreadable(_)) => {
                Ok((None, Some(Remark::Note(format!("replaced an {error}")))))
            }
        },
    }
}

/// Returns whether the instance has been in service since the drain of the record ended. Nothing belongs to that drain any
/// more but a late copy of its own event, and what has no agent now.
fn is_outlived(record: &Record, situation: &Situation<'_>) -> bool {
    let instance = situation.observation.instance.as_yes();
    let leaves = !waits(situation).is_empty() || situation.spot.is_some();
    let lives = leaves || instance.is_some_and(Registrations::agent_connected);
    let ended = record.receipt_at.filter(|_| record.is_outlived() && lives);
    let is_late = |ended| {
        let before = |wait: &HookAction| wait.token.is_some() && wait.since <= ended;
        waits(situation).iter().any(before)
    };
    ended.is_some_and(|ended| !is_late(ended))
}

/// A release, also one that goes on tier by tier, is for the registrations that it names. Returns the record of one, and
/// the instance, if the instance takes tasks in another registration now, or took them, and some hold there or may: its
/// agent has lost its data, and registered again. They get a drain of their own before the hook is completed. So do the
/// daemons there if no event has named the wait: it may be another one, of an instance that came back. A release that was
/// forced leaves no time for that.
fn outgrown<'a>(record: &'a Record, situation: &Situation<'a>) -> Option<(&'a Record, &'a Registrations)> {
    let instance = situation.observation.instance.as_yes()?;
    let present = instance.present();
    let open = matches!(present.status, InstanceStatus::Active | InstanceStatus::Draining);
    let takes_tasks = open && present.agent_connected;
    let reason = record
        .reason
        .or(record.releasing.map(|releasing| releasing.reason));
    let in_time = reason.is_some_and(ReleaseReason::leaves_time);
    let holds = || {
        let tasks = situation.observation.tasks.as_read();
        tasks.is_none_or(|tasks| holding::census(tasks, situation.policy).reachable > 0)
    };
    // A wait that began after this drain begins one of its own.
    let of_it = |wait: &HookAction| is_of_this_drain(record, wait, situation);
    let open = is_to_be_completed(record, situation) && waits(situation).iter().all(of_it);
    let unnamed = || waits(situation).iter().any(|wait| wait.token.is_none());
    let outgrown = takes_tasks && in_time && open && !record.names(&present.arn) && (unnamed() || holds());
    outgrown.then_some((record, instance))
}

/// Returns whether a hook waits that this drain has yet to complete, as far as is known.
fn is_to_be_completed(record: &Record, situation: &Situation<'_>) -> bool {
    let open = situation.observation.hook != Hook::Over && record.receipt_at.is_none();
    is_hooked(record, situation) && open
}

fn is_hooked(record: &Record, situation: &Situation<'_>) -> bool {
    record.lifecycle.is_some() || !waits(situation).is_empty()
}

/// Returns whether the record is about what is seen now, and not a leftover.
fn continues(record: &Record, situation: &Situation<'_>, remarks: &mut Vec<Remark>) -> bool {
    let another = |instance: &Registrations| !instance.all().any(|one| record.names(&one.arn));
    if situation.observation.instance.as_yes().is_some_and(another) {
        let text = "the record belongs to an earlier registration of this instance";
        remarks.push(Remark::Note(text.to_owned()));
        return false;
    }
    match (&record.lifecycle, waits(situation)) {
        (_, []) => !is_new_drain(record, situation),
        // A drain that another actor began gets our hook while it holds. Once it is released, or the instance was seen
        // ACTIVE again, the hook begins a new one: the old one is about to end as cancelled, with tasks running.
        (None, _) if !record.is_released() => record.active_since.is_none(),
        // A shared record does not mention hooks: what a new execution environment reads there is the drain of the hook
        // that has waited all the time. Its event may come late, after the release.
        (None, waits) => {
            let before =
                |wait: &HookAction| record.released_at.is_some_and(|released| wait.since <= released);
            let waited = waits.iter().all(|wait| wait.token.is_none() || before(wait));
            let drains = is_draining(&situation.observation.instance) && record.active_since.is_none();
            waited && drains && record.is_reported_only() && record.receipt_at.is_none()
        }
        (Some(_), waits) => waits.iter().all(|wait| is_of_this_drain(record, wait, situation)),
    }
}

/// Returns whether this wait belongs to the drain of the record, and did not begin after it. A drain ends once, and
/// nothing continues it after that. A wait that is new to the drain is one more hook of the same instance.
fn is_of_this_drain(record: &Record, wait: &HookAction, situation: &Situation<'_>) -> bool {
    let known = record.lifecycles().find(|known| wait.is_of(known));
    let Some(known_token) = known.map(|known| &known.lifecycle_action_token) else {
        return match wait.token {
            Some(_) => record.receipt_at.is_none_or(|ended| wait.since <= ended),
            None => goes_on(record, situation),
        };
    };
    match (known_token, &wait.token) {
        // A copy of an earlier waiting's event may come late; it must not take over from the present one.
        (Some(known), Some(token)) if known != token => wait.since < record.started_at,
        (Some(_), Some(_)) => true,
        // The tick has adopted this drain and learned no token. Its own event came before the release.
        (None, Some(_)) => record.released_at.is_none_or(|released| wait.since <= released),
        (_, None) => goes_on(record, situation),
    }
}

/// Without its event a wait has no name, and the instance may wait on at another actor's hook, or at one of ours whose
/// event was lost. An instance that has been in service again is ACTIVE again.
fn goes_on(record: &Record, situation: &Situation<'_>) -> bool {
    let lags = |ended| situation.now < later(ended, LISTING_LAG);
    let instance = situation.observation.instance.as_yes();
    record.receipt_at.is_none_or(lags) || !instance.is_some_and(Registrations::is_active)
}

/// A drain by another actor leaves no mark when it is undone. If it was over as drained or cancelled, and tasks hold
/// now on a draining instance, then it is a new one. After a deadline it is not: those tasks had their time.
fn is_new_drain(record: &Record, situation: &Situation<'_>) -> bool {
    let over = matches!(
        record.reason,
        Some(ReleaseReason::Drained | ReleaseReason::Cancelled)
    );
    // The drain whose receipt is written has completed its hook, and tasks of another registration are not those it had.
    let instance = situation.observation.instance.as_yes();
    let another = instance.is_some_and(|instance| !record.names(&instance.present().arn));
    let unhooked = record.lifecycle.is_none()
        || situation.observation.hook == Hook::Over
        || (record.receipt_at.is_some() && another);
    let holds = || {
        let tasks = situation.observation.tasks.as_read();
        tasks.is_some_and(|tasks| holding::census(tasks, situation.policy).remaining() > 0)
    };
    let leaves = is_draining(&situation.observation.instance) || situation.spot.is_some();
    let undone = record.lifecycle.is_none() && record.active_since.is_some();
    record.is_released() && leaves && (undone || (over && unhooked && holds()))
}

/// A drain that its record knows.
fn resume(record: &Record, situation: &Situation<'_>, remarks: Vec<Remark>) -> DrainLookup {
    let mut record = record.clone();
    // The release of a hook takes no registration in: what registers after it is in service again, or gets a drain of its
    // own.
    let closed = record.is_released() && is_hooked(&record, situation);
    if let Some(instance) = situation.observation.instance.as_yes().filter(|_| !closed) {
        take_registrations(&mut record, instance);
    }
    for wait in waits(situation) {
        attach_hook(&mut record, wait, situation);
    }
    take_clusters(&mut record, situation);
    apply_spot_deadline(&mut record, situation);
    let hooks = match &situation.observation.hook {
        Hook::Over => Vec::new(),
        Hook::None | Hook::Waiting(_) | Hook::Unknown(_) => record.lifecycles().cloned().collect(),
    };
    DrainLookup::Drain(Box::new(Drain {
        record,
        new: false,
        hooks,
        remarks,
    }))
}

/// The record names all registrations of the instance: a release counts for those that it names.
fn take_registrations(record: &mut Record, instance: &Registrations) {
    let mut arns = instance.all().map(|one| one.arn.clone());
    if let Some(present) = arns.next() {
        record.container_instance_arn = present;
        record.other_registrations = arns.take(REGISTRATIONS_MAX).collect();
    }
}

/// The record names the other clusters in which the instance is registered: whichever run ends this drain asks there.
fn take_clusters(record: &mut Record, situation: &Situation<'_>) {
    let elsewhere = situation.observation.elsewhere.iter();
    let there = elsewhere.filter(|other| other.seen != SeenElsewhere::Nowhere);
    there.for_each(|other| record.add_cluster(&other.cluster));
}

/// The record learns of a hook, of its token, and of its timeout as it is now.
fn attach_hook(record: &mut Record, wait: &HookAction, situation: &Situation<'_>) {
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
fn apply_spot_deadline(record: &mut Record, situation: &Situation<'_>) {
    if let Some(notice) = situation.spot.filter(|_| !record.is_released()) {
        record.spot_notice_at.get_or_insert(notice);
        record.deadline_at = deadline::of(record, situation.policy);
    }
}

/// A new drain, if there is a reason for one: a hook that waits, or DRAINING. A registration that was left behind as
/// DRAINING has nothing to protect.
fn start(situation: &Situation<'_>, remarks: Vec<Remark>) -> DrainLookup {
    let hooks = announced(situation);
    let instance = match &situation.observation.instance {
        Observed::Unknown(why) => {
            return DrainLookup::Unknown(format!("the container instance could not be read: {why}"));
        }
        Observed::Absent => return gone(hooks, remarks),
        Observed::Present(instance) if instance.is_gone() => return gone(hooks, remarks),
        Observed::Present(instance) => instance,
    };
    let leaving = !hooks.is_empty() || situation.spot.is_some();
    if !leaving && !is_draining(&situation.observation.instance) {
        return DrainLookup::Nothing(format!(
            "the container instance is {}, and no hook of ours waits",
            instance.present().status
        ));
    }
    if !leaving && instance.is_left_behind() && is_empty(situation) {
        let text = "the container instance was left behind as DRAINING, without an agent and without a task";
        return DrainLookup::Nothing(text.to_owned());
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
fn start_for(
    released: &Record,
    instance: &Registrations,
    situation: &Situation<'_>,
    mut remarks: Vec<Remark>,
) -> DrainLookup {
    let present = &instance.present().arn;
    remarks.push(Remark::Warning(format!(
        "registration {present} takes tasks and was not released: it gets a drain of its own"
    )));
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
fn gone(hooks: Vec<Lifecycle>, mut remarks: Vec<Remark>) -> DrainLookup {
    remarks.push(Remark::Note("the container instance is gone".to_owned()));
    match hooks.is_empty() {
        true => DrainLookup::Nothing(joined(&remarks)),
        false => DrainLookup::Gone(hooks),
    }
}

fn first_record(situation: &Situation<'_>, arn: &ContainerInstanceArn, hooks: &[Lifecycle]) -> Record {
    let now = situation.now;
    let poll_seconds = super::poll_seconds(situation.fleet.sidecars, situation.policy.parameter_throughput);
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

/// Returns whether our hook let the instance go, and it is in service again: what runs there now came after its drain.
pub(super) fn is_back(record: &Record, situation: &Situation<'_>) -> bool {
    let Observation { instance, hook, .. } = situation.observation;
    let serves = instance.as_yes().is_some_and(Registrations::serves);
    record.is_released() && record.lifecycle.is_some() && *hook == Hook::Over && serves
}

pub(super) fn is_draining(instance: &Observed<Registrations>) -> bool {
    instance.as_yes().is_some_and(Registrations::is_draining)
}
