//! A sidecar does one of two things between SIGTERM and its end: it sleeps for some time, or leaves for a reason.
//!
//! A pure state machine. The program asks the task metadata, the record and the instance metadata, and hands in the
//! answers together with the time and one random number; [`HoldState::next`] answers. Rules, the first that fits
//! decides:
//!
//! | what is seen | answer |
//! | --- | --- |
//! | the operator disabled the sidecar | leave |
//! | every protected container is stopped | leave |
//! | the kill switch says release-all, whatever is known of the record | leave |
//! | the record is released, or the own service is in `releasedServices` | leave |
//! | no record for [`RECORD_GONE_AFTER`](crate::limits::sidecar::RECORD_GONE_AFTER), after one of this drain was seen | leave |
//! | no record, and the grace for that is over | leave |
//! | still holding [`COORDINATOR_SILENCE`](crate::limits::COORDINATOR_SILENCE) and one reading after the record's deadline | leave, no coordinator is active any more |
//! | neither task metadata nor credentials for twice the unknown grace, and no record of this drain was seen | leave, the host is going down |
//! | the maximum hold is over | leave |
//! | anything else: holding, an error, a text that cannot be read | sleep |
//!
//! A record of another registration of the instance, of an earlier drain than one that was seen, or the release of a drain
//! that had ended before SIGTERM, counts as no record. Once a record of this drain was seen it counts as nothing: another
//! registration may have taken its place.
//!
//! An error is never "no record" (promise P2), and each sleep ends at the next bound (promise P3).
//!
//! Record, shared records and kill switch come in one call ([`HoldState::asks`]). IAM judges that call as a whole, so
//! one name that is denied takes the others with it; then the records are asked for without the switch, and that once a
//! minute.

mod answer;
mod backoff;
mod bounds;
mod input;
mod view;

use jiff::SignedDuration;

use crate::control::Control;
use crate::limits::BEGUN_TOGETHER;
use crate::limits::sidecar::KILL_SWITCH_EARLY;
use crate::record::Record;

pub use answer::{Ask, Decision, ExitReason, HoldReason};
pub use backoff::self_check_pause;
pub use input::{
    HoldObservation, HoldPolicy, KillSwitchReading, ProtectedContainers, ReadError, Reading, SidecarIdentity,
    TargetLifecycleState, Together,
};

use view::{RecordView, view};

/// One wait, from the first SIGTERM on.
#[derive(Debug, Clone)]
pub struct HoldState {
    policy: HoldPolicy,
    /// The last holding record of this drain.
    record: Option<Record>,
    /// When this text of it was first read, counted from SIGTERM.
    record_since: SignedDuration,
    /// Since when no reading has found a record, counted from SIGTERM.
    missing_since: Option<SignedDuration>,
    /// Readings in a row that were neither a record nor "not found".
    failures: u32,
    /// The last that the instance metadata said.
    target_state: TargetLifecycleState,
    /// Since when neither task metadata nor credentials answer, counted from SIGTERM. Not counted once a record of this
    /// drain was seen.
    host_silent_since: Option<SignedDuration>,
    /// When the kill switch was last asked for, counted from SIGTERM.
    switch_asked: Option<SignedDuration>,
    /// Whether the last call for both parameters together was denied.
    apart: bool,
}

impl HoldState {
    /// A wait that begins with SIGTERM.
    #[must_use]
    pub fn new(policy: HoldPolicy) -> Self {
        Self {
            policy,
            record: None,
            record_since: SignedDuration::ZERO,
            missing_since: None,
            failures: 0,
            target_state: TargetLifecycleState::Unknown,
            host_silent_since: None,
            switch_asked: None,
            apart: false,
        }
    }

    /// The last holding record of this drain, if one was seen.
    #[must_use]
    pub fn record(&self) -> Option<&Record> {
        self.record.as_ref()
    }

    /// Returns whether the answer to this reading depends on what the instance metadata says. It does not once a record
    /// of this drain was seen. A release may turn out to be of another drain, so it is asked for then too.
    #[must_use]
    pub fn wants_target_state(&self, known: &SidecarIdentity, reading: &Reading) -> bool {
        let maybe_absent = match reading {
            Reading::NotFound => true,
            Reading::Record(record) => record.is_released() || known.is_foreign(record),
            Reading::Failed(_) => false,
        };
        maybe_absent && self.record.is_none()
    }

    /// What this look asks Parameter Store for. `identified` says whether it is known whose record to read. If the call
    /// for both is denied, this look asks for each by itself.
    #[must_use]
    pub fn asks(&self, identified: bool, since_sigterm: SignedDuration) -> Ask {
        let due = self
            .until_switch(since_sigterm)
            .is_none_or(|left| left <= KILL_SWITCH_EARLY);
        match (identified, self.apart && !due, due) {
            (true, false, _) => Ask::Both,
            (true, true, _) => Ask::Record,
            (false, _, true) => Ask::Switch,
            (false, _, false) => Ask::Nothing,
        }
    }

    /// Takes in one observation and answers. Times of successive calls must not go back.
    pub fn next(&mut self, known: &SidecarIdentity, seen: &HoldObservation) -> Decision {
        let sight = match view(known, seen) {
            RecordView::Ours(record) if self.is_of_an_earlier_drain(record) => RecordView::Other,
            RecordView::Other if self.record.is_none() => RecordView::Absent,
            sight => sight,
        };
        self.note(&sight, seen);
        match self.exit_reason(known, &sight, seen) {
            Some(why) => Decision::Exit(why),
            None => Decision::Sleep {
                duration: self.sleep(&sight, seen),
                reason: self.hold_reason(&sight),
            },
        }
    }

    /// Returns whether a record of a later drain was seen before: Parameter Store may answer with the text of before, also with
    /// a release. Two runs that begin one drain at once do so within [`BEGUN_TOGETHER`].
    fn is_of_an_earlier_drain(&self, record: &Record) -> bool {
        let known = self.record.as_ref();
        known.is_some_and(|known| known.started_at.duration_since(record.started_at) > BEGUN_TOGETHER)
    }

    fn note(&mut self, sight: &RecordView<'_>, seen: &HoldObservation) {
        if seen.target_state != TargetLifecycleState::Unknown {
            self.target_state = seen.target_state;
        }
        if seen.kill_switch != KillSwitchReading::NotAsked {
            self.switch_asked = Some(seen.since_sigterm);
        }
        match seen.together {
            Together::Denied => self.apart = true,
            Together::Answered => self.apart = false,
            Together::NotAsked => {}
        }
        self.failures = if let RecordView::Unknown(_) = sight {
            self.failures.saturating_add(1)
        } else {
            0
        };
        match sight {
            RecordView::Ours(record) => {
                let known = self.record.as_ref().map(|known| known.updated_at);
                if known != Some(record.updated_at) {
                    self.record_since = seen.since_sigterm;
                }
                self.record = Some((*record).clone());
                self.missing_since = None;
            }
            RecordView::Absent => {
                self.missing_since.get_or_insert(seen.since_sigterm);
            }
            RecordView::Other => self.missing_since = None,
            RecordView::Unknown(_) => {}
        }
        // A record that holds is stronger: an agent may be away for long, and a real shutdown does not wait for the
        // sidecar.
        let silent = self.record.is_none()
            && seen.task == ProtectedContainers::Unreachable
            && matches!(sight, RecordView::Unknown(ReadError::NoCredentials));
        self.host_silent_since = silent.then(|| self.host_silent_since.unwrap_or(seen.since_sigterm));
    }

    fn exit_reason(
        &self,
        known: &SidecarIdentity,
        sight: &RecordView<'_>,
        seen: &HoldObservation,
    ) -> Option<ExitReason> {
        if self.policy.disabled {
            return Some(ExitReason::Disabled);
        }
        if seen.task == ProtectedContainers::Stopped {
            return Some(ExitReason::ProtectedStopped);
        }
        if seen.kill_switch == KillSwitchReading::Says(Control::ReleaseAll) {
            return Some(ExitReason::KillSwitch);
        }
        let by_record = match sight {
            RecordView::Ours(record) => released(known, record),
            RecordView::Absent => self.exit_reason_without_record(seen.since_sigterm),
            RecordView::Other | RecordView::Unknown(_) => None,
        };
        by_record.or_else(|| self.bound_passed(seen))
    }

    fn exit_reason_without_record(&self, since_sigterm: SignedDuration) -> Option<ExitReason> {
        if self.record.is_some() {
            let gone = self.gone_at().is_some_and(|end| since_sigterm >= end);
            return gone.then_some(ExitReason::RecordGone);
        }
        (since_sigterm >= self.grace()).then_some(match self.target_state {
            TargetLifecycleState::Leaving => ExitReason::NoRecordThoughTerminating,
            TargetLifecycleState::InService | TargetLifecycleState::Unknown => ExitReason::NotADrain,
        })
    }

    fn hold_reason(&self, sight: &RecordView<'_>) -> HoldReason {
        match sight {
            RecordView::Ours(_) => HoldReason::TasksRemain,
            RecordView::Unknown(error) => HoldReason::ReadFailed(*error),
            RecordView::Other => HoldReason::AnotherDrain,
            RecordView::Absent if self.record.is_some() => HoldReason::RecordVanished,
            RecordView::Absent if self.target_state == TargetLifecycleState::Leaving => {
                HoldReason::NoRecordYetTerminating
            }
            RecordView::Absent => HoldReason::NoRecordYet,
        }
    }

    fn sleep(&self, sight: &RecordView<'_>, seen: &HoldObservation) -> SignedDuration {
        let interval = backoff::interval(&self.policy, self.record.as_ref());
        let wished = match sight {
            RecordView::Unknown(_) => backoff::backed_off(interval, self.failures, seen.jitter),
            RecordView::Ours(record) => match self.until_release(record, seen) {
                Some(left) => backoff::until_release(interval, left, record, seen.jitter),
                None => backoff::jittered(interval, seen.jitter),
            },
            RecordView::Absent | RecordView::Other => backoff::jittered(interval, seen.jitter),
        };
        backoff::at_most(wished, self.until_next_bound(sight, seen))
    }

    /// The time left, by the clock of AWS, until a release as drained may come; negative if that time is past.
    fn until_release(&self, record: &Record, seen: &HoldObservation) -> Option<SignedDuration> {
        Some(record.release_not_before?.duration_since(seen.aws_clock()?))
    }
}

fn released(known: &SidecarIdentity, record: &Record) -> Option<ExitReason> {
    if record.is_released() {
        return Some(ExitReason::Released);
    }
    let own = known.service.as_ref()?;
    record
        .released_services
        .contains(own)
        .then_some(ExitReason::ServiceReleased)
}

#[cfg(test)]
mod tests;
