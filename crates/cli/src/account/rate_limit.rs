//! How fast a service is asked: a rate limiter.

use std::time::Duration;
use tokio::time::Instant;

/// Some calls at once, then an even pace.
#[derive(Debug)]
pub(super) struct RateLimiter {
    interval: Duration,
    burst: u32,
    /// When a call could go if there were no burst.
    next: Option<Instant>,
}

impl RateLimiter {
    /// So many calls a second, and so many at once.
    pub(super) fn new(per_second: u32, burst: u32) -> RateLimiter {
        RateLimiter {
            interval: Duration::from_secs(1) / per_second.max(1),
            burst,
            next: None,
        }
    }

    /// Takes the next call, and returns when it may go if it is asked for at `now`.
    pub(super) fn reserve(&mut self, now: Instant) -> Instant {
        let next = self.next.map_or(now, |next| next.max(now));
        self.next = Some(next + self.interval);
        let credit = self.interval * self.burst.saturating_sub(1);
        next.checked_sub(credit).map_or(now, |turn| turn.max(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_goes_at_once_and_the_rest_at_an_even_pace() {
        let now = Instant::now();
        let mut limiter = RateLimiter::new(2, 3);
        let waits: Vec<u128> = (0..6).map(|_| (limiter.reserve(now) - now).as_millis()).collect();
        assert_eq!(waits, [0, 0, 0, 500, 1000, 1500]);
        let later = now + Duration::from_secs(60);
        let waits: Vec<u128> = (0..4)
            .map(|_| (limiter.reserve(later) - later).as_millis())
            .collect();
        assert_eq!(waits, [0, 0, 0, 500], "the burst has come back");
    }
}
