//! Which drain is this: none, one that goes on, or a new one?

use crate::holding;
use crate::ids::ContainerInstanceArn;
use crate::observation::{ContainerInstance, Hook, HookAction, InstanceStatus, Seen};
use crate::record::{DecodeError, Lifecycle, Record, ReleaseReason, SCHEMA, State};

use super::{Situation, deadline};

/// The answer.
pub(super) enum Found {
    /// The instance does not drain.
    Nothing(String),
    /// It cannot be told.
    Unknown(String),
    /// A hook waits for an instance that is gone: nothing is left to wait for.
    Gone(Lifecycle),
    /// This drain.
    Drain(Box<Drain>),
}

/// A drain as its record has it, or would have it.
pub(super) struct Drain {
    /// The record so far; for a new drain the one to write.
    pub(super) record: Record,
    /// Is it to be written for the first time?
    pub(super) new: bool,
    /// The hook that waits for us, if one does.
    pub(super) hook: Option<Lifecycle>,
    /// What is worth saying about how it was found.
    pub(super) remarks: Vec<String>,
}

/// Finds the drain that the observation is about.
pub(super) fn find(situation: &Situation<'_>) -> Found {
    let (stored, remark) = match stored(situation) {
        Ok(stored) => stored,
        Err(reason) => return Found::Unknown(reason),
    };
    let mut remarks: Vec<String> = remark.into_iter().collect();
    if let Some(record) = stored.filter(|record| continues(record, situation, &mut remarks)) {
        return going_on(record, situation, remarks);
    }
    begin(situation, remarks)
}

/// The hook that this run's event or listing has announced, as the record would keep it.
pub(super) fn announced(situation: &Situation<'_>) -> Option<Lifecycle> {
    waiting(situation).map(deadline::lifecycle)
}

fn waiting<'a>(situation: &Situation<'a>) -> Option<&'a HookAction> {
    match &situation.observation.hook {
        Hook::Waiting(action) => Some(action),
        Hook::None | Hook::Over | Hook::Unknown(_) => None,
    }
}

type Stored<'a> = (Option<&'a Record>, Option<String>);

/// The record, or why there is no plan without it. A text that nobody can read is replaced: its sidecars hold, so
/// protection cannot get lower. A text of another schema is left to the version that wrote it.
fn stored<'a>(situation: &Situation<'a>) -> Result<Stored<'a>, String> {
    match &situation.observation.record {
        Seen::Unknown(why) => Err(format!("the record could not be read: {why}")),
        Seen::Absent => Ok((None, None)),
        Seen::Yes(stored) => match &stored.record {
            Ok(record) => Ok((Some(record), None)),
            Err(error @ DecodeError::UnknownSchema(_)) => Err(error.to_string()),
            Err(error @ DecodeError::Unreadable(_)) => Ok((None, Some(format!("replaced an {error}")))),
        },
    }
}

/// Is the record about what is seen now, or a leftover?
fn continues(record: &Record, situation: &Situation<'_>, remarks: &mut Vec<String>) -> bool {
    let another = |instance: &ContainerInstance| instance.arn != record.container_instance_arn;
    if situation.observation.instance.as_yes().is_some_and(another) {
        remarks.push("the record is of an earlier life of this instance".to_owned());
        return false;
    }
    match (&record.lifecycle, waiting(situation)) {
        (Some(known), Some(hook)) => same_hook(record, known, hook, remarks),
        // A drain that somebody else began gets our hook while it holds. Once it is released, or the instance was seen
        // ACTIVE again, the hook begins a new one: the old one is about to end as cancelled, with tasks running.
        (None, Some(_)) => !record.is_released() && record.active_since.is_none(),
        (_, None) => !drains_again(record, situation),
    }
}

/// The same waiting, unless its token says otherwise. Another hook of the same instance does not end this drain.
fn same_hook(record: &Record, known: &Lifecycle, hook: &HookAction, remarks: &mut Vec<String>) -> bool {
    if (&known.auto_scaling_group_name, &known.lifecycle_hook_name) != (&hook.group, &hook.hook) {
        remarks.push(format!(
            "hook {} is not served: {} is, for this instance",
            hook.hook, known.lifecycle_hook_name
        ));
        return true;
    }
    match (&known.lifecycle_action_token, &hook.token) {
        // A copy of an earlier waiting's event may come late; it must not take over from the present one.
        (Some(known), Some(token)) if known != token => hook.since < record.started_at,
        _ => true,
    }
}

/// A drain of somebody else's leaves no mark when it is undone. If it was over as drained or cancelled, and tasks
/// hold now on a draining instance, then it is a new one. After a deadline it is not: those tasks had their time.
fn drains_again(record: &Record, situation: &Situation<'_>) -> bool {
    let over = matches!(
        record.reason,
        Some(ReleaseReason::Drained | ReleaseReason::Cancelled)
    );
    let unhooked = record.lifecycle.is_none() || situation.observation.hook == Hook::Over;
    let holds = || {
        let tasks = situation.observation.tasks.as_yes();
        tasks.is_some_and(|tasks| holding::census(tasks, situation.policy).remaining() > 0)
    };
    let leaves = is_draining(&situation.observation.instance) || situation.spot.is_some();
    let undone = record.lifecycle.is_none() && record.active_since.is_some();
    record.is_released() && leaves && (undone || (over && unhooked && holds()))
}

/// A drain that its record knows.
fn going_on(record: &Record, situation: &Situation<'_>, remarks: Vec<String>) -> Found {
    let mut record = record.clone();
    if let Some(hook) = waiting(situation) {
        adopt(&mut record, hook, situation);
    }
    heed_spot(&mut record, situation);
    let hook = match &situation.observation.hook {
        Hook::Over => None,
        Hook::None | Hook::Waiting(_) | Hook::Unknown(_) => record.lifecycle.clone(),
    };
    Found::Drain(Box::new(Drain {
        record,
        new: false,
        hook,
        remarks,
    }))
}

/// The record learns of the hook, of its token, and of its time-out as it is now.
fn adopt(record: &mut Record, hook: &HookAction, situation: &Situation<'_>) {
    let limited = match &mut record.lifecycle {
        None => {
            record.lifecycle = Some(deadline::lifecycle(hook));
            true
        }
        Some(known) => {
            if known.lifecycle_hook_name == hook.hook && known.lifecycle_action_token.is_none() {
                known.lifecycle_action_token.clone_from(&hook.token);
            }
            deadline::refresh(known, hook, record.started_at)
        }
    };
    if limited && !record.is_released() && record.releasing.is_none() {
        let latest = deadline::latest(record.started_at, record.lifecycle.as_ref(), situation.policy);
        record.deadline_at = record.deadline_at.min(latest);
    }
}

/// A Spot notice shortens whatever deadline there was.
fn heed_spot(record: &mut Record, situation: &Situation<'_>) {
    if let Some(notice) = situation.spot.filter(|_| !record.is_released()) {
        record.spot_notice_at.get_or_insert(notice);
        record.deadline_at = record.deadline_at.min(deadline::spot(notice, situation.policy));
    }
}

/// A new drain, if there is a reason for one: a hook that waits, or DRAINING.
fn begin(situation: &Situation<'_>, remarks: Vec<String>) -> Found {
    let hook = announced(situation);
    let instance = match &situation.observation.instance {
        Seen::Unknown(why) => {
            return Found::Unknown(format!("the container instance could not be read: {why}"));
        }
        Seen::Absent => return gone(hook, remarks),
        Seen::Yes(instance) if instance.status == InstanceStatus::Inactive => return gone(hook, remarks),
        Seen::Yes(instance) => instance,
    };
    let leaving = hook.is_some() || situation.spot.is_some();
    if !leaving && !is_draining(&situation.observation.instance) {
        return Found::Nothing(format!(
            "the container instance is {}, and no hook of ours waits",
            instance.status
        ));
    }
    let mut record = first_record(situation, &instance.arn, hook.clone());
    heed_spot(&mut record, situation);
    Found::Drain(Box::new(Drain {
        record,
        new: true,
        hook,
        remarks,
    }))
}

/// Not a drain any more; but a hook may wait, for nothing.
fn gone(hook: Option<Lifecycle>, mut remarks: Vec<String>) -> Found {
    remarks.push("the container instance is gone".to_owned());
    hook.map_or_else(|| Found::Nothing(remarks.join("; ")), Found::Gone)
}

fn first_record(situation: &Situation<'_>, arn: &ContainerInstanceArn, hook: Option<Lifecycle>) -> Record {
    let now = situation.now;
    Record {
        schema: SCHEMA,
        state: State::Holding,
        remaining: 0,
        reason: None,
        ec2_instance_id: situation.observation.key.instance.clone(),
        container_instance_arn: arn.clone(),
        drain_id: drain_id(hook.as_ref(), situation),
        started_at: now,
        updated_at: now,
        deadline_at: deadline::first(now, hook.as_ref(), situation.policy),
        released_at: None,
        poll_seconds: super::poll_seconds(situation.fleet.sidecars),
        held_by: Vec::new(),
        released_services: Vec::new(),
        lifecycle: hook,
        draining_confirmed_at: None,
        sidecars: 0,
        releasing: None,
        agent_lost_at: None,
        active_since: None,
        spot_notice_at: None,
        waited: Vec::new(),
        calls: 0,
        receipt_at: None,
        ordered: None,
    }
}

fn drain_id(hook: Option<&Lifecycle>, situation: &Situation<'_>) -> String {
    let token = hook.and_then(|hook| hook.lifecycle_action_token.as_ref());
    token.map_or_else(
        || format!("{}-{}", situation.observation.key.instance, situation.now),
        ToString::to_string,
    )
}

pub(super) fn is_draining(instance: &Seen<ContainerInstance>) -> bool {
    let status = instance.as_yes().map(|instance| &instance.status);
    matches!(
        status,
        Some(InstanceStatus::Draining | InstanceStatus::Deregistering)
    )
}
