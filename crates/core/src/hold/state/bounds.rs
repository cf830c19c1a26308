//! Every hold has bounds: moments at which it ends, or at which its answer changes, by themselves.

use jiff::{SignedDuration, Timestamp};

use crate::limits::COORDINATOR_SILENCE;
use crate::limits::sidecar::{KILL_SWITCH_INTERVAL, RECORD_GONE_AFTER};
use crate::record::Record;

use super::answer::ExitReason;
use super::input::{HoldObservation, TargetLifecycleState};
use super::view::RecordView;
use super::{HoldState, backoff};

impl HoldState {
    pub(super) fn until_switch(&self, since_sigterm: SignedDuration) -> Option<SignedDuration> {
        let next = self.switch_asked?.saturating_add(KILL_SWITCH_INTERVAL);
        Some(next.saturating_sub(since_sigterm))
    }

    /// When the record of this drain counts as gone, if no reading finds it again.
    pub(super) fn gone_at(&self) -> Option<SignedDuration> {
        let since = self.missing_since.filter(|_| self.record.is_some())?;
        Some(since.saturating_add(RECORD_GONE_AFTER))
    }

    /// How long "no record" is waited for. The half if the instance stays: then it is most likely a deployment.
    pub(super) fn grace(&self) -> SignedDuration {
        match self.target_state {
            TargetLifecycleState::Leaving => self.policy.terminating_grace,
            TargetLifecycleState::InService => self.policy.unknown_grace / 2,
            TargetLifecycleState::Unknown => self.policy.unknown_grace,
        }
    }

    /// The bounds that hold whatever is read. Some coordinator's death is a finer answer than the maximum hold.
    pub(super) fn bound_passed(&self, seen: &HoldObservation) -> Option<ExitReason> {
        if self.until_given_up(seen).is_some_and(|left| !left.is_positive()) {
            return Some(ExitReason::DeadlinePassed);
        }
        if self.host_gone_at().is_some_and(|end| seen.since_sigterm >= end) {
            return Some(ExitReason::HostGoingDown);
        }
        (seen.since_sigterm >= self.policy.max_hold).then_some(ExitReason::MaxHold)
    }

    /// The time left until a drain that still holds has no coordinator any more, by the clock of AWS. The host's clock
    /// alone gives up no drain: it may be wrong by hours.
    fn until_given_up(&self, seen: &HoldObservation) -> Option<SignedDuration> {
        let record = self.record.as_ref()?;
        let left = |now: Timestamp| record.deadline_at.duration_since(now);
        let until_deadline = match seen.aws_clock() {
            Some(now) => left(now),
            None => left(seen.host_clock).max(self.until_deadline_without_clock(record, seen)),
        };
        Some(until_deadline.saturating_add(self.silence()))
    }

    /// A coordinator that has not released this long after the deadline is dead: the sidecar would have read the
    /// release.
    fn silence(&self) -> SignedDuration {
        let interval = backoff::interval(&self.policy, self.record.as_ref());
        COORDINATOR_SILENCE.saturating_add(backoff::longest(interval))
    }

    /// The time left to the deadline at most, without any clock: the record was written before it was read, so its
    /// deadline is no further from the first reading than from the writing.
    fn until_deadline_without_clock(&self, record: &Record, seen: &HoldObservation) -> SignedDuration {
        let at_most = record.deadline_at.duration_since(record.updated_at);
        let read_since = seen.since_sigterm.saturating_sub(self.record_since);
        at_most.saturating_sub(read_since)
    }

    fn host_gone_at(&self) -> Option<SignedDuration> {
        Some(
            self.host_silent_since?
                .saturating_add(self.policy.unknown_grace.saturating_mul(2)),
        )
    }

    /// The time left to the nearest moment at which the answer changes by itself.
    pub(super) fn until_next_bound(&self, sight: &RecordView<'_>, seen: &HoldObservation) -> SignedDuration {
        let absent = matches!(sight, RecordView::Absent);
        let until_found = match self.record {
            Some(_) => self.gone_at(),
            None => Some(self.grace()),
        };
        let left = |end: SignedDuration| end.saturating_sub(seen.since_sigterm);
        [
            Some(left(self.policy.max_hold)),
            until_found.filter(|_| absent).map(left),
            self.host_gone_at().map(left),
            self.until_given_up(seen),
            self.until_switch(seen.since_sigterm),
        ]
        .into_iter()
        .flatten()
        .min()
        .unwrap_or(self.policy.max_hold)
    }
}
