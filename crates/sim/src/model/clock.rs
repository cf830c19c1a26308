//! The wall clock of a run, which begins at the same time in every run.

use jiff::Timestamp;

use crate::scenario::Ms;

/// The start of every run: 2026-01-05, 08:00 UTC.
const ZERO: i64 = 1_767_600_000_000;

/// The wall-clock time of a moment.
#[must_use]
pub(crate) fn timestamp(at: Ms) -> Timestamp {
    Timestamp::from_millisecond(ZERO + i64::try_from(at).unwrap_or(i64::MAX / 2)).unwrap_or(Timestamp::MAX)
}

/// The moment of a wall-clock time.
#[must_use]
pub(crate) fn moment(at: Timestamp) -> i64 {
    at.as_millisecond() - ZERO
}

/// The moment as events write it: ISO 8601, with milliseconds.
pub(super) fn iso(at: Ms) -> String {
    timestamp(at).strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}
