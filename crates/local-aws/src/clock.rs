//! Time that never goes back: the wall clock at the start, and the monotonic clock from there.

use jiff::{SignedDuration, Timestamp};
use std::time::Instant;

pub(crate) struct Clock {
    start: Timestamp,
    since: Instant,
}

impl Clock {
    /// Starts at the wall clock's time.
    pub(crate) fn start() -> Clock {
        Clock {
            start: Timestamp::now(),
            since: Instant::now(),
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        let elapsed = SignedDuration::try_from(self.since.elapsed()).unwrap_or(SignedDuration::MAX);
        self.start.checked_add(elapsed).unwrap_or(Timestamp::MAX)
    }
}
