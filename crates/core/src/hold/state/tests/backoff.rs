//! How long it sleeps.

use super::*;

/// A holding record that sidecars are to read so often.
fn every(poll_seconds: u32) -> Record {
    Record {
        poll_seconds,
        ..holding()
    }
}

fn failed(jitter: f64) -> HoldObservation {
    HoldObservation {
        jitter,
        ..failure(1, ReadError::Failed)
    }
}

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
            ..reads(1, every(poll_seconds))
        };
        let slept = wait().sleeps(seen, TasksRemain);
        assert_eq!(slept.as_millis(), expected_ms, "{poll_seconds} {jitter}");
    }
}

#[test]
fn failures_back_off_from_the_poll_interval_to_half_a_minute() {
    let mut wait = wait_in_drain();
    let pauses = [1.0, 1.0, 1.0, 1.0, 1.0, 0.0]
        .map(|jitter| wait.sleeps(failed(jitter), ReadFailed(ReadError::Failed)));
    assert_eq!(pauses, [10, 20, 30, 30, 30, 5].map(secs));
    wait.sleeps(reads(2, holding()), TasksRemain);
    assert_eq!(wait.sleeps(failed(1.0), ReadFailed(ReadError::Failed)), secs(10));
}

#[test]
fn a_pace_slower_than_the_back_off_is_kept_and_spread() {
    let slept = |jitter| {
        let mut wait = wait();
        wait.see(reads(0, every(60)));
        wait.sleeps(failed(jitter), ReadFailed(ReadError::Failed))
    };
    assert_eq!([0.0, 0.5, 1.0].map(slept), [60, 66, 72].map(secs));
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
    assert_eq!(wait().sleeps(nothing(28), NoRecordYet), secs(2));
    let denied = ReadError::Denied;
    assert_eq!(wait().sleeps(failure(7199, denied), ReadFailed(denied)), secs(1));
    let late = reads(597 + SILENCE, holding());
    assert_eq!(wait_in_drain().sleeps(late, TasksRemain), secs(3));
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
            ..reads(at, record)
        };
        wait().sleeps(seen, TasksRemain).as_millis()
    };
    let holds = Record {
        remaining: 1,
        ..not_before(10)
    };
    let many = Record {
        sidecars: 11,
        ..not_before(10)
    };
    for (at, record, jitter, expected_ms, why) in [
        // It is written within 0.7 s, and readings are spread over half a second.
        (1, not_before(10), 0.0, 9700, "the earliest"),
        (1, not_before(10), 1.0, 10_200, "the latest"),
        (9, not_before(10), 0.5, 1950, "sooner than the record asks"),
        (1, not_before(100), 0.5, 15_950, "an order is obeyed soon"),
        (11, not_before(10), 0.5, 1000, "it may come now"),
        (15, not_before(10), 0.5, 1000, "still"),
        (16, not_before(10), 0.5, 5000, "it is late"),
        (11, holds.clone(), 0.5, 5000, "its last task is still to end"),
        (9, holds, 0.5, 5000, "the same before it may come"),
        (11, many, 0.5, 3000, "together within our share"),
    ] {
        assert_eq!(slept(at, record, jitter), expected_ms, "{why}");
    }
}

#[test]
fn p10_without_the_clock_of_aws_the_record_alone_sets_the_pace() {
    let seen = HoldObservation {
        sigterm_at: None,
        ..reads(1, not_before(10))
    };
    assert_eq!(wait().sleeps(seen, TasksRemain), secs(5));
}
