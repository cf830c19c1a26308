//! Moments: arithmetic that stops at the end of time, and how AWS writes them.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use std::time::Duration;

/// `wait` after `now`.
pub(crate) fn later(now: Timestamp, wait: Duration) -> Timestamp {
    let wait = SignedDuration::try_from(wait).unwrap_or(SignedDuration::MAX);
    now.checked_add(wait).unwrap_or(Timestamp::MAX)
}

/// How long from `earlier` to `now`; zero if it is not later.
pub(crate) fn since(now: Timestamp, earlier: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(earlier)).unwrap_or_default()
}

/// As the JSON protocols write it: seconds since 1970, with milliseconds.
pub(crate) fn seconds(at: Timestamp) -> Value {
    Value::from(at.as_millisecond() as f64 / 1000.0)
}

/// As events write it: ISO 8601 with milliseconds, UTC.
pub(crate) fn iso(at: Timestamp) -> Value {
    Value::from(at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string())
}
