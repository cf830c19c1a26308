//! Each drain has one schedule, computed backwards from its end.
//!
//! A drain ends when its machine goes: at the limit of the hook that waits, or two minutes after a Spot notice. What
//! the daemons need for their flush is kept free before that, tier by tier, and what is left before it is for the
//! tasks. No rule moves anything past that end.

use jiff::{SignedDuration, Timestamp};

use crate::limits::{
    COORDINATOR_SILENCE, GLOBAL_MARGIN, HOOK_GLOBAL_HEARTBEATS, HOOK_GLOBAL_MAX, SPOT_NOTICE,
    SPOT_RESERVE_MAX, TICK, TICK_AND_DELAY, reading,
};
use crate::policy::Policy;
use crate::record::{Lifecycle, Record};

use super::later;

/// When the machine goes, and what is kept free for its daemons before.
#[derive(Debug, Clone, Copy)]
struct Bound {
    /// The last moment at which daemons may be released.
    latest: Timestamp,
    /// When the last of them is to be gone.
    end: Timestamp,
    /// What each tier has of the time between the two.
    share: SignedDuration,
}

impl Bound {
    /// Between the two the tiers go, each with no more than `daemon_stop`.
    fn new(latest: Timestamp, end: Timestamp, policy: &Policy) -> Bound {
        let each = end.duration_since(latest).max(SignedDuration::ZERO) / tiers(policy);
        Bound {
            latest,
            end,
            share: each.min(policy.daemon_stop),
        }
    }
}

/// The bounds of one drain.
#[derive(Debug)]
pub(super) struct Schedule<'a> {
    policy: &'a Policy,
    started_at: Timestamp,
    hook: Option<Bound>,
    notice: Option<Bound>,
    reading: SignedDuration,
}

impl<'a> Schedule<'a> {
    /// The schedule of the drain of `record`.
    pub(super) fn of(record: &Record, policy: &'a Policy) -> Schedule<'a> {
        let of_hook = |hook| Schedule::new(record.started_at, hook, record.poll_seconds, policy);
        let schedules = record.lifecycles().map(|hook| of_hook(Some(hook)));
        let schedule = schedules.min_by_key(Schedule::latest);
        let schedule = schedule.unwrap_or_else(|| of_hook(None));
        Schedule {
            notice: record.spot_notice_at.map(|notice| at_notice(notice, policy)),
            ..schedule
        }
    }

    /// The schedule of a drain of which EC2 has given no notice.
    pub(super) fn new(
        started_at: Timestamp,
        lifecycle: Option<&Lifecycle>,
        poll_seconds: u32,
        policy: &'a Policy,
    ) -> Schedule<'a> {
        let reading = reading(poll_seconds);
        Schedule {
            policy,
            started_at,
            hook: lifecycle.map(|hook| at_limit(hook, started_at, reading, policy)),
            notice: None,
            reading,
        }
    }

    fn bounds(&self) -> impl Iterator<Item = Bound> {
        self.hook.into_iter().chain(self.notice)
    }

    /// The last moment at which daemons may be released; without an end, the longest time that any hook could wait.
    pub(super) fn latest(&self) -> Timestamp {
        let latest = self.bounds().map(|bound| bound.latest).min();
        latest.unwrap_or_else(|| later(self.started_at, HOOK_GLOBAL_MAX))
    }

    /// When a tier that may go since `since` has had its time: its sidecars have read that, its daemons have had
    /// theirs, and those of later tiers still get their share before the end.
    pub(super) fn tier_end(&self, tier: usize, since: Timestamp) -> Timestamp {
        let after = i32::try_from(tier).unwrap_or(i32::MAX).saturating_add(1);
        let later_tiers = tiers(self.policy).saturating_sub(after).max(0);
        let kept = self
            .bounds()
            .map(|bound| later(bound.end, -(bound.share * later_tiers)));
        let own = later(since, self.reading + self.policy.daemon_stop);
        kept.min().map_or(own, |kept| own.min(kept)).max(since)
    }

    /// When the daemons that were released at `released` have had their time.
    pub(super) fn flush_end(&self, released: Timestamp) -> Timestamp {
        later(released, self.reading + self.policy.daemon_stop)
    }

    /// When a drain with this deadline is over even if no run writes its release: its sidecars have left by themselves,
    /// and its daemons have had their time since.
    pub(super) fn over_unreleased(&self, deadline: Timestamp) -> Timestamp {
        self.flush_end(later(deadline, COORDINATOR_SILENCE))
    }

    /// When the last tier may go at the latest, if the first may go at `since`: sidecars hold until then.
    pub(super) fn last_tier_at(&self, since: Timestamp) -> Timestamp {
        let each = self.reading + self.policy.daemon_stop;
        let all = later(since, each * tiers(self.policy));
        self.bounds().map(|bound| bound.end).fold(all, Timestamp::min)
    }

    /// What all daemons need and cannot have, because the hook does not wait for so long: what they get instead.
    pub(super) fn cut_flush(&self) -> Option<SignedDuration> {
        let share = self.hook?.share;
        (share < self.policy.daemon_stop).then(|| share * tiers(self.policy))
    }
}

/// The bound of a hook: the daemons' time and a margin before its limit, but never more than half of its wait.
fn at_limit(hook: &Lifecycle, started_at: Timestamp, reading: SignedDuration, policy: &Policy) -> Bound {
    // A tick releases, and another one completes.
    let margin = GLOBAL_MARGIN.max(TICK + TICK_AND_DELAY + reading * tiers(policy));
    let limit = hook.global_deadline_at;
    let begun = later(limit, -longest_wait(hook.heartbeat_seconds)).max(started_at);
    let half = later(begun, limit.duration_since(begun).max(SignedDuration::ZERO) / 2);
    let latest = later(limit, -(policy.flush() + margin)).max(half).max(started_at);
    Bound::new(latest, later(limit, -margin).max(latest), policy)
}

/// The bound of a Spot notice: the daemons get half of it at most, or tasks would have no time to stop at all.
fn at_notice(notice: Timestamp, policy: &Policy) -> Bound {
    let end = later(notice, SPOT_NOTICE);
    Bound::new(later(end, -policy.flush().min(SPOT_RESERVE_MAX)), end, policy)
}

/// How long Auto Scaling lets a hook of this timeout wait, whatever we do.
pub(super) fn longest_wait(heartbeat_seconds: u32) -> SignedDuration {
    let heartbeats = SignedDuration::from_secs(i64::from(heartbeat_seconds)) * HOOK_GLOBAL_HEARTBEATS;
    heartbeats.min(HOOK_GLOBAL_MAX)
}

fn tiers(policy: &Policy) -> i32 {
    i32::try_from(policy.tiers.count()).unwrap_or(i32::MAX)
}
