//! How long it sleeps.

use super::*;

#[test]
fn the_record_sets_the_pace_and_jitter_spreads_it() {
    for (poll_seconds, jitter, expected_ms) in [
        (5, 0.0, 4000),
        (5, 0.5, 5000),
        (5, 1.0, 6000),
        (1, 0.5, 1000),
        (30, 0.5, 30_000),
        (0, 0.5, 1000),
        (u32::MAX, 0.5, 60_000),
        (5, f64::NAN, 5000),
        (5, -3.0, 4000),
    ] {
        let seen = HoldObservation {
            jitter,
            ..look(
                1,
                reading(Record {
                    poll_seconds,
                    ..holding()
                }),
            )
        };
        let slept = sleeps(wait().next(&known(), &seen), HoldReason::TasksRemain);
        assert_eq!(slept.as_millis(), expected_ms, "{poll_seconds} {jitter}");
    }
}

#[test]
fn failures_back_off_from_the_poll_interval_to_half_a_minute() {
    let mut wait = wait_in_drain();
    let failed = |jitter| HoldObservation {
        jitter,
        ..look(1, Reading::Trouble(ReadError::Failed))
    };
    let ceilings: Vec<i64> = (0..5)
        .map(|_| {
            sleeps(
                wait.next(&known(), &failed(1.0)),
                HoldReason::Trouble(ReadError::Failed),
            )
            .as_secs()
        })
        .collect();
    assert_eq!(ceilings, [10, 20, 30, 30, 30]);
    assert_eq!(
        sleeps(
            wait.next(&known(), &failed(0.0)),
            HoldReason::Trouble(ReadError::Failed)
        ),
        secs(5)
    );
    sleeps(
        wait.next(&known(), &look(2, reading(holding()))),
        HoldReason::TasksRemain,
    );
    assert_eq!(
        sleeps(
            wait.next(&known(), &failed(1.0)),
            HoldReason::Trouble(ReadError::Failed)
        ),
        secs(10)
    );
}

#[test]
fn a_pace_slower_than_the_back_off_is_kept_and_spread() {
    let slow = Record {
        poll_seconds: 60,
        ..holding()
    };
    let slept = |jitter| {
        let mut wait = wait();
        wait.next(&known(), &look(0, reading(slow.clone())));
        let failed = HoldObservation {
            jitter,
            ..look(1, Reading::Trouble(ReadError::Failed))
        };
        sleeps(
            wait.next(&known(), &failed),
            HoldReason::Trouble(ReadError::Failed),
        )
    };
    assert_eq!(
        [slept(0.0), slept(0.5), slept(1.0)],
        [secs(60), secs(66), secs(72)]
    );
}

#[test]
fn a_failing_self_check_slows_down_to_once_a_minute() {
    let pauses = |jitter| (1..8).map(move |n| self_check_pause(&HoldPolicy::default(), n, jitter).as_secs());
    assert_eq!(pauses(0.5).collect::<Vec<_>>(), [5, 10, 20, 40, 60, 60, 60]);
    assert!(pauses(0.0).chain(pauses(1.0)).all(|s| (4..=72).contains(&s)));
    let slow = HoldPolicy {
        poll_interval: secs(300),
        ..HoldPolicy::default()
    };
    assert_eq!(self_check_pause(&slow, u32::MAX, 0.5), secs(300));
}

#[test]
fn a_sleep_ends_at_the_next_bound() {
    let at_bound = |wait: &mut HoldState, at, reading, left_ms| match wait.next(&known(), &look(at, reading))
    {
        Decision::Sleep { duration, .. } => assert_eq!(duration.as_millis(), left_ms, "at {at}"),
        Decision::Exit(why) => panic!("{why:?} at {at}"),
    };
    at_bound(&mut wait(), 28, Reading::NotFound, 2000);
    at_bound(&mut wait(), 7199, Reading::Trouble(ReadError::Denied), 1000);
    at_bound(&mut wait_in_drain(), 597 + SILENCE, reading(holding()), 3000);
}

/// A holding record of one sidecar that says when a release may come.
fn not_before(seconds: i64) -> Record {
    Record {
        release_not_before: Some(sigterm() + secs(seconds)),
        sidecars: 1,
        remaining: 0,
        ..holding()
    }
}

#[test]
fn p10_no_sidecar_reads_before_a_release_may_come_and_then_each_second() {
    let slept = |at, record: Record, jitter| {
        let seen = HoldObservation {
            jitter,
            ..look(at, reading(record))
        };
        sleeps(wait().next(&known(), &seen), HoldReason::TasksRemain).as_millis()
    };
    // It is written within 0.7 s, and readings are spread over half a second.
    assert_eq!(
        [slept(1, not_before(10), 0.0), slept(1, not_before(10), 1.0)],
        [9700, 10_200]
    );
    assert_eq!(slept(9, not_before(10), 0.5), 1950, "sooner than the record asks");
    assert_eq!(slept(1, not_before(100), 0.5), 15_950, "an order is obeyed soon");
    assert_eq!(
        [slept(11, not_before(10), 0.5), slept(15, not_before(10), 0.5)],
        [1000, 1000]
    );
    assert_eq!(slept(16, not_before(10), 0.5), 5000);
    let holds = Record {
        remaining: 1,
        ..not_before(10)
    };
    assert_eq!(
        slept(11, holds.clone(), 0.5),
        5000,
        "its last task is still to end"
    );
    assert_eq!(slept(9, holds, 0.5), 5000);
    let many = Record {
        sidecars: 11,
        ..not_before(10)
    };
    assert_eq!(slept(11, many, 0.5), 3000, "together within our share");
}

#[test]
fn p10_without_the_clock_of_aws_the_record_alone_sets_the_pace() {
    let seen = HoldObservation {
        sigterm_at: None,
        ..look(1, reading(not_before(10)))
    };
    assert_eq!(
        sleeps(wait().next(&known(), &seen), HoldReason::TasksRemain),
        secs(5)
    );
}
