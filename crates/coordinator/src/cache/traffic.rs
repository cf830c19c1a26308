//! How many messages the queue has brought lately: while there are many, one is about to come.

use std::collections::VecDeque;

use jiff::Timestamp;
use protector_core::limits::coordinator::{BATCH_WAIT_MAX, BUSY_MESSAGES};
use protector_runtime::guarded::Guarded;

/// When the last messages were received, the oldest first.
#[derive(Debug, Default)]
pub(crate) struct Traffic(Guarded<VecDeque<Timestamp>>);

impl Traffic {
    /// A batch of so many messages was received.
    pub(crate) fn received(&self, messages: usize, now: Timestamp) {
        let mut last = self.0.lock();
        last.extend(std::iter::repeat_n(now, messages.min(BUSY_MESSAGES)));
        let old = last.len().saturating_sub(BUSY_MESSAGES);
        last.drain(..old);
    }

    /// Returns whether [`BUSY_MESSAGES`] have come within the time for which a batch may wait.
    pub(crate) fn is_busy(&self, now: Timestamp) -> bool {
        let last = self.0.lock();
        let first = last.front().filter(|_| last.len() >= BUSY_MESSAGES);
        first.is_some_and(|first| now.duration_since(*first) <= BATCH_WAIT_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p7_many_messages_within_the_wait_of_a_batch_are_traffic() {
        let at = |second: i64| Timestamp::from_second(1_800_000_000 + second).unwrap();
        let traffic = Traffic::default();
        traffic.received(BUSY_MESSAGES - 1, at(0));
        assert!(!traffic.is_busy(at(0)), "one is missing");
        traffic.received(1, at(5));
        assert!(traffic.is_busy(at(11)) && !traffic.is_busy(at(12)));
        traffic.received(100, at(20));
        assert!(traffic.is_busy(at(31)) && !traffic.is_busy(at(32)));
    }
}
