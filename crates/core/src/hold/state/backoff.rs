//! A sidecar sleeps for the interval of its record, and longer after failures.

use jiff::SignedDuration;

use super::HoldPolicy;
use crate::limits::sidecar::{
    BACKOFF_MAX, READING_JITTER, READINGS_SPREAD, SELF_CHECK_INTERVAL_MAX, SLEEP_MIN,
};
use crate::limits::{
    FAST_READINGS_WINDOW, FAST_SIDECARS_MAX, POLL_SECONDS_MAX, POLL_SECONDS_MIN, RELEASE_WRITTEN_WITHIN,
    UNREAD_MAX,
};
use crate::record::Record;

/// The pause between two readings: what the record asks for, else what the settings say.
pub(super) fn interval(policy: &HoldPolicy, record: Option<&Record>) -> SignedDuration {
    let asked = |r: &Record| {
        SignedDuration::from_secs(r.poll_seconds.clamp(POLL_SECONDS_MIN, POLL_SECONDS_MAX).into())
    };
    record.map_or(policy.poll_interval, asked)
}

/// The interval, 20 % shorter to 20 % longer.
pub(super) fn jittered(interval: SignedDuration, jitter: f64) -> SignedDuration {
    scaled(
        interval,
        1.0 - READING_JITTER + 2.0 * READING_JITTER * clamp_unit(jitter),
    )
}

/// The pause of a sidecar that knows the earliest moment of a release, which is `left` away: none is read before it. If
/// nothing holds any more it is read just then, and after it each second, or more slowly if many sidecars do.
pub(super) fn until_release(
    interval: SignedDuration,
    left: SignedDuration,
    record: &Record,
    jitter: f64,
) -> SignedDuration {
    let each_second = SignedDuration::from_secs(
        record
            .sidecars
            .div_ceil(FAST_SIDECARS_MAX)
            .max(POLL_SECONDS_MIN)
            .into(),
    );
    let interval = match record.remaining == 0 && left >= -FAST_READINGS_WINDOW {
        true => interval.min(each_second),
        false => interval,
    };
    let quiet = match left.is_positive() {
        true => left.min(UNREAD_MAX).saturating_add(RELEASE_WRITTEN_WITHIN),
        false => SignedDuration::ZERO,
    };
    // A reading that comes just before that moment is for nothing, and those of many sidecars are spread after it.
    jittered(interval, jitter).max(quiet.saturating_add(scaled(READINGS_SPREAD, clamp_unit(jitter))))
}

/// The longest pause that comes of the interval while readings succeed.
pub(super) fn longest(interval: SignedDuration) -> SignedDuration {
    scaled(interval, 1.0 + READING_JITTER)
}

/// Between the interval and the interval doubled for each failure in a row, never shorter than the interval.
pub(super) fn backed_off(interval: SignedDuration, failures: u32, jitter: f64) -> SignedDuration {
    let doubled = interval.saturating_mul(1 << failures.min(6));
    let ceiling = doubled.min(BACKOFF_MAX).max(longest(interval));
    interval.saturating_add(scaled(ceiling.saturating_sub(interval), clamp_unit(jitter)))
}

/// The pause after a self-check that failed for the `failures`-th time in a row: the poll interval, doubled each time
/// up to a minute, ± 20 % as `jitter` (0..=1) has it.
#[must_use]
pub fn self_check_pause(policy: &HoldPolicy, failures: u32, jitter: f64) -> SignedDuration {
    let doubled = policy
        .poll_interval
        .saturating_mul(1 << failures.saturating_sub(1).min(6));
    jittered(
        doubled.min(SELF_CHECK_INTERVAL_MAX.max(policy.poll_interval)),
        jitter,
    )
}

/// `wished`, but not beyond `left`.
pub(super) fn at_most(wished: SignedDuration, left: SignedDuration) -> SignedDuration {
    wished.min(left).max(SLEEP_MIN)
}

/// Milliseconds are exact enough, and cannot overflow: no interval is longer than 48 h.
fn scaled(duration: SignedDuration, factor: f64) -> SignedDuration {
    SignedDuration::from_millis((duration.as_millis_f64() * factor) as i64)
}

/// Returns `jitter` limited to 0..=1.
fn clamp_unit(jitter: f64) -> f64 {
    if jitter.is_finite() {
        jitter.clamp(0.0, 1.0)
    } else {
        0.5
    }
}
