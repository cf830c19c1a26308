//! Virtual time: it stands still while any task has something to do, and then jumps to the next thing that is due.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

/// A clock that follows tokio's paused one. Cheap to copy.
#[derive(Debug, Clone, Copy)]
pub(crate) struct VirtualClock {
    /// The journal's zero.
    zero: Timestamp,
    /// The same, for timers.
    origin: Instant,
}

impl VirtualClock {
    /// The journal's zero, in a world that has that date in every run: 2026-01-05, 08:00 UTC.
    const ZERO_SECONDS: i64 = 1_767_600_000;

    /// A clock that shows `before` less than the journal's zero.
    pub(crate) fn start(before: Duration) -> VirtualClock {
        VirtualClock {
            zero: Timestamp::constant(VirtualClock::ZERO_SECONDS, 0),
            origin: Instant::now() + before,
        }
    }

    pub(crate) fn now(self) -> Timestamp {
        let now = Instant::now();
        let signed = |duration| SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX);
        match now.checked_duration_since(self.origin) {
            Some(since) => self.at(signed(since)),
            None => self.at(-signed(self.origin.duration_since(now))),
        }
    }

    /// The moment that is so long after the journal's zero.
    pub(crate) fn at(self, since_zero: SignedDuration) -> Timestamp {
        self.zero.checked_add(since_zero).unwrap_or(Timestamp::MAX)
    }

    /// How long after the journal's zero a moment is.
    pub(crate) fn since_zero(self, at: Timestamp) -> SignedDuration {
        at.duration_since(self.zero)
    }

    pub(crate) async fn sleep_until(self, at: Timestamp) {
        let wait = Duration::try_from(at.duration_since(self.now())).unwrap_or_default();
        tokio::time::sleep(wait).await;
    }
}
