//! Sidecars read, hooks get heartbeats and counts are written at a pace that is worth its calls.

use jiff::{SignedDuration, Timestamp};

use crate::heartbeat::interval;
use crate::limits::{
    COUNT_REFRESH, COUNT_REFRESH_MANY, COUNT_STALE, COUNT_STALE_SHARE, HIGHER_POLL_SECONDS, MANY_DRAINS,
    NOTE_WRITTEN_WITHIN, POLL_SECONDS_MAX, POLL_SECONDS_MIN, RELEASE_HEARD_WITHIN, SHARED_FROM,
    SIDECAR_READS_PER_SECOND, UNHURRIED_POLL_SECONDS_MAX,
};
use crate::policy::Policy;
use crate::record::{Lifecycle, Record};
use crate::throughput::ParameterThroughput;

use super::later;
use super::situation::Fleet;

/// How often each sidecar should read, so that all together keep within our share of the quota.
#[must_use]
pub fn poll_seconds(sidecars: u32, throughput: ParameterThroughput) -> u32 {
    let free = sidecars.div_ceil(SIDECAR_READS_PER_SECOND);
    let allowed = sidecars.div_ceil(throughput.sidecar_reads_per_second());
    // Reads beyond those of the standard throughput are paid for.
    let seconds = free.min(allowed.max(HIGHER_POLL_SECONDS));
    seconds.clamp(POLL_SECONDS_MIN, POLL_SECONDS_MAX)
}

/// How often the sidecars of a drain in a record of its own should read while tasks hold. The end of the last task is
/// written down ([`Record::release_not_before`]) and LINGER passes before the release, so a pace that notices one of
/// the two in time is enough: then a release waits for its sidecars for [`RELEASE_HEARD_WITHIN`] at the most. A task
/// whose DEPROVISIONING has used LINGER up is released without such a note, and that release waits for one reading.
#[must_use]
pub(super) fn unhurried_poll_seconds(policy: &Policy) -> u32 {
    let slack = policy.linger.saturating_add(RELEASE_HEARD_WITHIN) - NOTE_WRITTEN_WITHIN;
    // A reading is up to a fifth late.
    let seconds = slack.as_secs().saturating_mul(5) / 6;
    u32::try_from(seconds)
        .unwrap_or(0)
        .clamp(POLL_SECONDS_MIN, UNHURRIED_POLL_SECONDS_MAX)
}

/// The moment of a release that comes after `wait`, if it is to be announced to the sidecars. Not if they read each
/// second anyway, know of it (`known`), or have no record that is theirs alone.
pub(super) fn release_to_announce(
    poll_seconds: u32,
    known: Option<Timestamp>,
    wait: SignedDuration,
    fleet: Fleet,
    now: Timestamp,
) -> Option<Timestamp> {
    let at = later(now, wait);
    let in_time = poll_seconds > POLL_SECONDS_MIN && wait > NOTE_WRITTEN_WITHIN;
    let is_known = known.is_some_and(|known| known >= at);
    (in_time && !is_known && has_a_record_of_its_own(fleet)).then_some(at)
}

/// Returns whether so few instances drain that each has a record of its own, which can say when a release is near.
pub(super) fn has_a_record_of_its_own(fleet: Fleet) -> bool {
    fleet.drains < SHARED_FROM - 1
}

/// When the hook needs its next heartbeat: after half its timeout; earlier for a short one, so that one tick may be
/// late or lost: three quarters of it at the most are left then.
pub(super) fn heartbeat_due(hook: &Lifecycle) -> Timestamp {
    let timeout = SignedDuration::from_secs(i64::from(hook.heartbeat_seconds));
    later(hook.heartbeat_at, interval(timeout))
}

/// Returns whether it is time to write a count that changed: soon if it fell to a third or rose, or if sidecars read
/// much too often, else when it is stale.
pub(super) fn count_is_due(before: &Record, record: &Record, fleet: Fleet, now: Timestamp) -> bool {
    let much = record.remaining.saturating_mul(3) <= before.remaining
        || record.remaining > before.remaining
        || record.poll_seconds >= before.poll_seconds.saturating_mul(2);
    let soon = if fleet.drains >= MANY_DRAINS {
        COUNT_REFRESH_MANY
    } else {
        COUNT_REFRESH
    };
    let age = now.duration_since(before.started_at);
    let stale = COUNT_STALE.max(age / COUNT_STALE_SHARE);
    now >= later(before.updated_at, if much { soon } else { stale })
}
