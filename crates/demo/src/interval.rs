//! How fast the router reads. Pure: the time is an argument.

use std::time::Duration;
use tokio::time::Instant;

/// How far a reader may fall behind and still catch up. It is also what an idle reader may read at once.
const SLACK: Duration = Duration::from_millis(250);

/// One line each `every`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    every: Duration,
    next: Instant,
}

impl Pace {
    /// A reader that has read nothing yet.
    pub(crate) fn new(every: Duration, now: Instant) -> Pace {
        Pace { every, next: now }
    }

    /// A line is read `now`. Returns when the next one may be read.
    pub(crate) fn take(&mut self, now: Instant) -> Instant {
        let earliest = now.checked_sub(SLACK).unwrap_or(now);
        self.next = self.next.max(earliest) + self.every;
        self.next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVERY: Duration = Duration::from_millis(10);

    /// How many lines are read from `from` until `end`, if there is always one, and each time is late by `late`.
    fn lines(pace: &mut Pace, from: Instant, end: Instant, late: Duration) -> usize {
        let mut now = from;
        let mut lines = 0;
        while now < end {
            lines += 1;
            now = now.max(pace.take(now) + late);
        }
        lines
    }

    #[test]
    fn a_backlog_takes_as_long_as_its_lines() {
        let start = Instant::now();
        let mut pace = Pace::new(EVERY, start);
        assert_eq!(lines(&mut pace, start, start + EVERY * 400, Duration::ZERO), 400);
    }

    #[test]
    fn a_reader_that_is_late_catches_up() {
        let start = Instant::now();
        let late = start + Duration::from_millis(200);
        let mut pace = Pace::new(EVERY, start);
        assert_eq!(lines(&mut pace, late, start + EVERY * 400, Duration::ZERO), 400);
    }

    #[test]
    fn an_idle_reader_saves_no_more_than_its_slack() {
        let start = Instant::now();
        let after = start + Duration::from_secs(60);
        let mut pace = Pace::new(EVERY, start);
        assert_eq!(lines(&mut pace, after, after + EVERY * 400, Duration::ZERO), 425);
    }

    #[test]
    fn being_a_little_late_each_time_makes_it_no_slower() {
        let start = Instant::now();
        let mut pace = Pace::new(EVERY, start);
        let read = lines(&mut pace, start, start + EVERY * 400, Duration::from_millis(3));
        assert!((399..=400).contains(&read), "{read}");
    }
}
