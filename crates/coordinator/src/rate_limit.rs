//! Rate limits: how many instances are observed at once, and how fast records are written, by priority.
//!
//! `PutParameter` allows 3 writes a second for the whole account (SSM quotas), of which we take 2; with the higher
//! throughput of Parameter Store 10, of which we take 5. When many drain at once, releases go first, since daemons and
//! people wait for them; then new holds; counts only if nothing else waits. The queue is of those that look at the
//! moment; the tick sends those first whose release is due.

use protector_core::limits::coordinator::{RECONCILES_MAX, WRITE_BURST, WRITER_RECHECK_INTERVAL};
use protector_core::throughput::ParameterThroughput;
use protector_runtime::guarded::Guarded;
use std::collections::BTreeSet;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep};

/// What a write is for; the first goes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// Daemons may go.
    Release,
    /// Daemons are to be kept.
    Hold,
    /// A drain is over.
    Receipt,
    /// A count, which only people read.
    Count,
    /// The beacon, which tools read to find the coordinator: a minute without it does no harm.
    Beacon,
}

/// The rate limits of one execution environment.
#[derive(Debug)]
pub struct Limiter {
    /// One permit for each instance that is looked at.
    pub reconciles: Semaphore,
    writes: Guarded<Writes>,
}

/// How fast: one each `interval`, and so many at once after a pause.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rate {
    pub(crate) interval: Duration,
    pub(crate) burst: u32,
}

impl Rate {
    /// The pace of writes.
    fn of_writes(throughput: ParameterThroughput) -> Rate {
        Rate {
            interval: throughput.write_interval(),
            burst: WRITE_BURST,
        }
    }

    /// The same at another pace: what goes at once after a pause is what goes in as much time as before.
    pub(crate) fn at(self, interval: Duration) -> Rate {
        let burst = f64::from(self.burst) * self.interval.as_secs_f64() / interval.as_secs_f64();
        Rate {
            interval,
            burst: (burst as u32).max(1),
        }
    }

    /// So far ahead of the even pace one may be.
    fn allowed(self) -> Duration {
        self.interval * (self.burst - 1)
    }
}

/// What was taken of a rate.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Bucket {
    /// When all that was taken so far would have been taken at the even pace.
    theoretical_arrival: Option<Instant>,
}

impl Bucket {
    /// How long until the next one may be taken.
    pub(crate) fn wait(&self, rate: Rate, now: Instant) -> Duration {
        self.theoretical_arrival(now)
            .duration_since(now)
            .saturating_sub(rate.allowed())
    }

    /// Takes the next one, be it for a moment to come.
    pub(crate) fn take(&mut self, rate: Rate, now: Instant) {
        self.theoretical_arrival = Some(self.theoretical_arrival(now) + rate.interval);
    }

    /// Nothing of a burst is left.
    pub(crate) fn empty(&mut self, rate: Rate, now: Instant) {
        self.theoretical_arrival = Some(self.theoretical_arrival(now).max(now + rate.allowed()));
    }

    fn theoretical_arrival(&self, now: Instant) -> Instant {
        self.theoretical_arrival.map_or(now, |paid| paid.max(now))
    }
}

#[derive(Debug)]
struct Writes {
    rate: Rate,
    bucket: Bucket,
    waiting: BTreeSet<(Priority, u64)>,
    tickets: u64,
}

impl Default for Limiter {
    fn default() -> Self {
        Limiter::new(ParameterThroughput::default())
    }
}

impl Limiter {
    /// Writes at the pace of this throughput.
    #[must_use]
    pub fn new(throughput: ParameterThroughput) -> Limiter {
        Limiter {
            reconciles: Semaphore::new(RECONCILES_MAX),
            writes: Guarded::new(Writes::new(throughput)),
        }
    }

    /// Waits for a write's turn.
    pub async fn acquire(&self, priority: Priority) {
        let ticket = self.ticket(priority);
        loop {
            // Bound, so that the lock is not held while it sleeps.
            let taken = self.writes.lock().take(ticket.0, Instant::now());
            match taken {
                Ok(()) => return,
                Err(wait) => sleep(wait).await,
            }
        }
    }

    /// Returns whether it is a write's turn at once. Then the turn is taken.
    pub fn try_acquire(&self, priority: Priority) -> bool {
        let ticket = self.ticket(priority);
        self.writes.lock().take(ticket.0, Instant::now()).is_ok()
    }

    fn ticket(&self, priority: Priority) -> Ticket<'_> {
        let mut writes = self.writes.lock();
        writes.tickets += 1;
        let ticket = (priority, writes.tickets);
        writes.waiting.insert(ticket);
        Ticket(ticket, self)
    }
}

impl Writes {
    fn new(throughput: ParameterThroughput) -> Writes {
        Writes {
            rate: Rate::of_writes(throughput),
            bucket: Bucket::default(),
            waiting: BTreeSet::new(),
            tickets: 0,
        }
    }

    /// Takes the turn, or returns how long to wait before asking again.
    fn take(&mut self, ticket: (Priority, u64), now: Instant) -> Result<(), Duration> {
        if self.waiting.first().is_some_and(|first| *first < ticket) {
            return Err(WRITER_RECHECK_INTERVAL);
        }
        let wait = self.bucket.wait(self.rate, now);
        if !wait.is_zero() {
            return Err(wait);
        }
        self.bucket.take(self.rate, now);
        Ok(())
    }
}

/// A place in the queue, given back when it was used or its run has ended.
struct Ticket<'a>((Priority, u64), &'a Limiter);

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        self.1.writes.lock().waiting.remove(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::{collection, sample};

    use super::*;

    fn take(writes: &mut Writes, priority: Priority, now: Instant) -> bool {
        writes.tickets += 1;
        writes.take((priority, writes.tickets), now).is_ok()
    }

    /// When writes are admitted within ten seconds, in milliseconds, if one is asked for each millisecond.
    fn admitted(throughput: ParameterThroughput) -> Vec<u64> {
        let (mut writes, start) = (Writes::new(throughput), Instant::now());
        let at = |millis| start + Duration::from_millis(millis);
        let asked = 0..10_000;
        asked
            .filter(|millis| take(&mut writes, Priority::Hold, at(*millis)))
            .collect()
    }

    #[test]
    fn p10_writes_keep_the_pace_of_the_setting_after_a_short_burst() {
        for (throughput, after_the_burst, text) in [
            (ParameterThroughput::Standard, 19, "one every 500 ms"),
            (ParameterThroughput::Higher, 49, "one every 200 ms"),
        ] {
            let taken = admitted(throughput).len();
            assert_eq!(
                taken,
                WRITE_BURST as usize + after_the_burst,
                "10 s: a burst, then {text}"
            );
        }
    }

    /// A second that begins with a whole burst is the busiest one.
    #[test]
    fn p10_no_second_has_more_writes_than_the_higher_throughput_allows() {
        const QUOTA: usize = 10;
        let times = admitted(ParameterThroughput::Higher);
        let in_a_second = |from: u64| {
            times
                .iter()
                .filter(|at| (from..from + 1000).contains(*at))
                .count()
        };
        let busiest = times.iter().map(|from| in_a_second(*from)).max();
        assert_eq!(busiest, Some(8));
        assert!(busiest.is_some_and(|busiest| busiest <= QUOTA));
    }

    proptest! {
        /// Whenever writes are asked for: between any two moments there are a burst and one for each interval at most.
        #[test]
        fn p10_no_course_of_writes_exceeds_its_pace(
            throughput in sample::select(vec![ParameterThroughput::Standard, ParameterThroughput::Higher]),
            pauses in collection::vec(prop_oneof![Just(0), 0_u64..50, 0_u64..3000], 1..200),
        ) {
            let (mut writes, start, mut now) = (Writes::new(throughput), Instant::now(), Duration::ZERO);
            let mut times = Vec::new();
            for pause in pauses {
                now += Duration::from_millis(pause);
                if take(&mut writes, Priority::Hold, start + now) {
                    times.push(now);
                }
            }
            for (first, from) in times.iter().enumerate() {
                for (more, to) in times.iter().skip(first).enumerate() {
                    let spans = (*to - *from).as_millis() / throughput.write_interval().as_millis();
                    let most = u128::from(WRITE_BURST) + spans;
                    prop_assert!((more as u128) < most, "from {:?} to {:?}", from, to);
                }
            }
        }
    }

    #[test]
    fn p10_releases_go_before_holds_and_holds_before_counts() {
        let limiter = Limiter::default();
        let (count, hold, release) = (
            limiter.ticket(Priority::Count),
            limiter.ticket(Priority::Hold),
            limiter.ticket(Priority::Release),
        );
        let now = Instant::now();
        let first = |ticket: &Ticket<'_>| limiter.writes.lock().take(ticket.0, now).is_ok();
        assert!(!first(&count) && !first(&hold) && first(&release));
        drop(release);
        assert!(!first(&count) && first(&hold));
        drop(hold);
        assert!(first(&count));
    }

    #[tokio::test(start_paused = true)]
    async fn p3_writers_that_wait_for_their_turn_do_not_wait_for_each_other() {
        let limiter = Limiter::default();
        let writers = (0..12).map(|_| limiter.acquire(Priority::Hold));
        let start = Instant::now();
        futures_util::future::join_all(writers).await;
        let interval = ParameterThroughput::default().write_interval();
        let even = interval * (12 - WRITE_BURST);
        assert!(start.elapsed() >= even && start.elapsed() < even + interval * 2);
    }

    #[test]
    fn p10_the_beacon_gives_way_to_every_other_write() {
        for other in [
            Priority::Release,
            Priority::Hold,
            Priority::Receipt,
            Priority::Count,
        ] {
            let limiter = Limiter::default();
            let waiting = limiter.ticket(other);
            assert!(!limiter.try_acquire(Priority::Beacon), "{other:?} waits");
            drop(waiting);
            assert!(limiter.try_acquire(Priority::Beacon));
        }
    }

    #[test]
    fn p10_a_count_does_not_wait() {
        let limiter = Limiter::default();
        let taken = (0..10).filter(|_| limiter.try_acquire(Priority::Count)).count();
        assert_eq!(taken, WRITE_BURST as usize);
        assert!(limiter.writes.lock().waiting.is_empty());
    }
}
