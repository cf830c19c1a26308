//! An observation is of no drain, of one that goes on, or of a new one.

mod beginning;
mod belonging;
mod learning;

use crate::observation::{Hook, HookAction, Observed, Registrations};
use crate::record::{DecodeError, Lifecycle, Record};

use super::{Note, Remark, Situation, deadline};

use beginning::{start, start_for};
use belonging::{continues, is_hooked, is_outlived, outgrown};
use learning::{apply_spot_deadline, attach_hook, take_clusters, take_registrations};

/// The drain that an observation is about, if there is one.
pub(super) enum DrainLookup {
    /// The instance does not drain.
    Nothing(Note),
    /// It is not known whether the instance drains, or in which drain.
    Unknown(Note),
    /// Hooks wait for an instance that is gone: nothing is left to wait for.
    Gone(Vec<Lifecycle>),
    /// The instance drains.
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
    let (stored, note) = match stored(situation) {
        Ok(stored) => stored,
        Err(reason) => return DrainLookup::Unknown(reason),
    };
    let mut remarks: Vec<Remark> = note.into_iter().map(Remark::Note).collect();
    let stored = stored.filter(|record| !is_outlived(record, situation));
    if let Some((record, instance)) = stored.and_then(|record| outgrown(record, situation)) {
        // It may be in service again, or its hook may wait still: neither DRAINING nor a completion can be taken back.
        if let Hook::Unknown(why) = &situation.observation.hook
            && instance.is_active()
        {
            return DrainLookup::Unknown(Note::ActiveUnasked(why.clone()));
        }
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

type StoredRecord<'a> = (Option<&'a Record>, Option<Note>);

/// The record, or why there is no plan without it. A text that cannot be decoded is replaced: its sidecars hold, so
/// protection cannot get lower. A text of another schema is left to the version that wrote it.
fn stored<'a>(situation: &Situation<'a>) -> Result<StoredRecord<'a>, Note> {
    match &situation.observation.record {
        Observed::Unknown(why) => Err(Note::RecordUnread(why.clone())),
        Observed::Absent => Ok((None, None)),
        Observed::Present(stored) => match &stored.record {
            Ok(record) => Ok((Some(record), None)),
            Err(error @ DecodeError::UnknownSchema(_)) => Err(Note::RecordOfAnotherSchema(error.clone())),
            Err(error @ DecodeError::Unreadable(_)) => Ok((None, Some(Note::RecordReplaced(error.clone())))),
        },
    }
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

/// Returns whether our hook let the instance go, and it is in service again: what runs there now came after its drain.
pub(super) fn is_back(record: &Record, situation: &Situation<'_>) -> bool {
    let seen = situation.observation;
    record.is_released() && record.lifecycle.is_some() && seen.hook == Hook::Over && seen.serves()
}

pub(super) fn is_draining(instance: &Observed<Registrations>) -> bool {
    instance.as_yes().is_some_and(Registrations::is_draining)
}
