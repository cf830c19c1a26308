//! The bounds of a drain, computed backwards from its end.

use super::super::schedule::Schedule;
use super::*;
use proptest::prelude::*;

const HOUR: i64 = 3600;

/// The record of a drain that began at second 0, under a hook of this timeout, and noticed at that second.
fn record(heartbeat: Option<u32>, notice: Option<i64>, poll_seconds: u32) -> Record {
    let mut bench = Bench::external();
    if let Some(heartbeat) = heartbeat {
        bench.observation.hook = waits(heartbeat, Some(TOKEN));
    }
    bench.step(0);
    Record {
        spot_notice_at: notice.map(at),
        poll_seconds,
        ..bench.record()
    }
}

fn policy_of(tiers: &str, daemon_stop: i64) -> Policy {
    Policy {
        tiers: tiers.parse().unwrap(),
        daemon_stop: seconds(daemon_stop),
        ..policy()
    }
}

#[test]
fn p3_daemons_may_go_in_time_for_the_end_whatever_ends_the_drain() {
    let days = 48 * HOUR;
    for (heartbeat, notice, poll, tiers, stop, latest) in [
        (None, None, 1, "a", 120, days),
        (Some(3600), None, 1, "a", 120, days - 120 - 180),
        (Some(3600), None, 1, "a | b | c", 120, days - 360 - 180),
        // 36 s of reading for each tier do not fit into the margin.
        (Some(3600), None, 30, "a | b", 120, days - 240 - 150 - 72),
        (Some(30), None, 1, "a", 120, 3000 - 120 - 180),
        // Half of the wait is kept for the tasks.
        (Some(30), None, 1, "a", 2000, 1500),
        (Some(120), None, 1, "a", 12_000, 6000),
        (Some(3600), Some(100), 1, "a", 120, 160),
        (None, Some(100), 1, "a", 20, 200),
        (None, Some(100), 30, "a | b", 20, 180),
    ] {
        let (policy, record) = (policy_of(tiers, stop), record(heartbeat, notice, poll));
        let found = Schedule::of(&record, &policy).latest();
        assert_eq!(
            found,
            at(latest),
            "{heartbeat:?} {notice:?} {poll} {tiers} {stop}"
        );
    }
}

#[test]
fn p3_each_tier_leaves_the_later_ones_their_share() {
    for (heartbeat, notice, poll, since, ends) in [
        // 120 s for each, and 2 s for the reading.
        (Some(3600), None, 1, 0, [122, 122, 122]),
        // 36 s for the reading.
        (Some(3600), None, 30, 0, [156, 156, 156]),
        // A notice at second 0: 20 s for each of three, from its end backwards.
        (None, Some(0), 1, 60, [80, 100, 120]),
        // A tier that is late has no time, and goes at once.
        (None, Some(0), 1, 110, [110, 110, 120]),
    ] {
        let policy = policy_of("a | b | c", 120);
        let record = record(heartbeat, notice, poll);
        let schedule = Schedule::of(&record, &policy);
        let reported = [0, 1, 2].map(|tier| schedule.tier_end(tier, at(since)));
        assert_eq!(reported, ends.map(at), "{heartbeat:?} {notice:?} {poll}");
    }
}

#[test]
fn p3_a_flush_for_which_the_hook_does_not_wait_is_cut_and_reported() {
    let policy = policy_of("a | b", 1000);
    let record = record(Some(30), None, 1);
    let schedule = Schedule::of(&record, &policy);
    assert_eq!(schedule.latest(), at(1500));
    assert_eq!(schedule.cut_flush(), Some(seconds(1320)));
    assert_eq!(schedule.tier_end(0, at(1500)), at(1500 + 660));
    let mut bench = Bench::hooked();
    bench.policy = policy;
    bench.observation.hook = waits(30, Some(TOKEN));
    let plan = bench.step(0);
    assert!(warns(&plan, "does not wait for a flush"), "{:?}", plan.remarks);
    let plain = joined(&Bench::hooked().step(0).remarks);
    assert!(!plain.contains("flush"), "{plain}");
}

#[test]
fn p4_the_flush_window_waits_for_what_sidecars_were_asked_to_read() {
    let mut bench = Bench::holding();
    bench.fleet.sidecars = 599;
    bench.step(60);
    assert_eq!(bench.record().poll_seconds, 30);
    // The others are gone when the last task is: those who read every 30 s still do.
    bench.fleet.sidecars = 0;
    bench.tasks(vec![logs("RUNNING")]);
    bench.step(100);
    assert_eq!(bench.record().poll_seconds, 30);
    assert_eq!(bench.done(100 + 155), [""; 0]);
    assert_eq!(bench.done(100 + 156), ["complete", "receipt"]);
}

#[test]
fn p3_no_order_outlasts_a_spot_notice() {
    let mut bench = Bench::holding();
    bench.spot = Some(at(0));
    bench.step(5);
    let plan = bench.plan_with(10, Some(&command(Order::Hold)));
    assert_eq!(plan.record().map(|record| record.deadline_at), Some(at(60)));
}

proptest! {
    #[test]
    fn p3_nothing_is_put_off_past_the_end(
        heartbeat in prop::option::of(30_u32..7200),
        notice in prop::option::of(0_i64..HOUR),
        poll in 1_u32..200,
        stop in 1_i64..4 * HOUR,
        tiers in prop::sample::select(vec!["a", "a | b", "a | b | c | d"]),
        late in 0_i64..600,
    ) {
        let policy = policy_of(tiers, stop);
        let record = record(heartbeat, notice, poll);
        let schedule = Schedule::of(&record, &policy);
        let latest = schedule.latest();
        prop_assert!(latest >= record.started_at);
        let gone = [
            heartbeat.map(|seconds| at(0) + seconds_of(seconds)),
            notice.map(|notice| at(notice + 120)),
        ];
        let gone = gone.into_iter().flatten().min();
        let mut since = latest + seconds(late);
        for tier in 0..policy.tiers.count() {
            let end = schedule.tier_end(tier, since);
            prop_assert!(end >= since);
            if let Some(gone) = gone.filter(|gone| since <= *gone) {
                prop_assert!(end <= gone, "tier {tier} ends at {end}, the machine goes at {gone}");
            }
            since = end;
        }
        if let Some(gone) = gone {
            prop_assert!(schedule.last_tier_at(latest) <= gone);
        }
    }
}

/// How long a hook of this timeout may wait at the most.
fn seconds_of(heartbeat: u32) -> SignedDuration {
    seconds((i64::from(heartbeat) * 100).min(48 * HOUR))
}

#[test]
fn p3_ticks_alone_complete_the_hook_before_its_limit_whenever_they_come() {
    for (tiers, poll) in [
        ("a", 1),
        ("a", 10),
        ("a", 60),
        ("a | b", 10),
        ("a | b | c | d", 60),
    ] {
        let (policy, record) = (policy_of(tiers, 120), record(Some(120), None, poll));
        let schedule = Schedule::of(&record, &policy);
        for phase in 0..60 {
            let tick = |due: Timestamp| {
                let past = due.duration_since(at(phase)).as_secs().rem_euclid(60);
                due + seconds((60 - past) % 60)
            };
            // The last tier goes by the release itself.
            let mut since = tick(schedule.latest());
            for tier in 0..policy.tiers.count() - 1 {
                since = tick(schedule.tier_end(tier, since));
            }
            let completed = tick(schedule.flush_end(since)) + seconds(30);
            assert!(completed <= at(12_000), "{tiers} {poll} {phase}: {completed}");
        }
    }
}
