//! What is due when.

use jiff::Timestamp;
use std::collections::BTreeMap;

/// Things to do at their times; equal times keep their order.
#[derive(Debug)]
pub(crate) struct Timers<T> {
    queue: BTreeMap<(Timestamp, u64), T>,
    count: u64,
}

impl<T> Default for Timers<T> {
    fn default() -> Timers<T> {
        Timers {
            queue: BTreeMap::new(),
            count: 0,
        }
    }
}

impl<T> Timers<T> {
    /// `what` is due at `at`.
    pub(crate) fn push(&mut self, at: Timestamp, what: T) {
        self.count += 1;
        self.queue.insert((at, self.count), what);
    }

    /// Each of `things` is due at `at`.
    pub(crate) fn extend(&mut self, at: Timestamp, things: impl IntoIterator<Item = T>) {
        things.into_iter().for_each(|what| self.push(at, what));
    }

    /// When the next thing is due.
    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        self.queue.keys().next().map(|(at, _)| *at)
    }

    /// The next thing that is due by `now`, and since when.
    pub(crate) fn pop(&mut self, now: Timestamp) -> Option<(Timestamp, T)> {
        let entry = self.queue.first_entry()?;
        let at = entry.key().0;
        (at <= now).then(|| (at, entry.remove()))
    }
}
