//! What holds whatever is seen in whatever order.

use super::*;
use proptest::prelude::*;

fn any_reading() -> impl Strategy<Value = Reading> {
    prop_oneof![
        Just(Reading::NotFound),
        proptest::sample::select(READ_ERRORS.to_vec()).prop_map(Reading::Failed),
        (0u32..100, 0i64..200_000).prop_map(|(poll_seconds, deadline)| {
            reading(Record {
                poll_seconds,
                deadline_at: sigterm() + secs(deadline),
                ..holding()
            })
        }),
        Just(reading(Record {
            container_instance_arn: OTHER_ARN.parse().unwrap(),
            ..released()
        })),
    ]
}

fn any_look() -> impl Strategy<Value = (Reading, ProtectedContainers, TargetLifecycleState, f64)> {
    let task = proptest::sample::select(vec![
        ProtectedContainers::Alive,
        ProtectedContainers::Unclear,
        ProtectedContainers::Unreachable,
        ProtectedContainers::Absent,
    ]);
    let target_state = proptest::sample::select(vec![
        TargetLifecycleState::InService,
        TargetLifecycleState::Leaving,
        TargetLifecycleState::Unknown,
    ]);
    (any_reading(), task, target_state, 0.0f64..=1.0)
}

/// Lives through the looks, the last of which repeats indefinitely, and gives the time and the reason of the end.
fn live(
    policy: HoldPolicy,
    looks: &[(Reading, ProtectedContainers, TargetLifecycleState, f64)],
) -> (SignedDuration, ExitReason, Vec<Reading>) {
    let (mut wait, mut at, mut read) = (HoldState::new(policy), SignedDuration::ZERO, vec![]);
    for step in 0..200_000 {
        let (reading, task, target_state, jitter) = looks[step.min(looks.len() - 1)].clone();
        read.push(reading.clone());
        let seen = HoldObservation {
            since_sigterm: at,
            host_clock: sigterm() + at,
            task,
            target_state,
            jitter,
            ..look(0, reading)
        };
        match wait.see(seen) {
            Decision::Exit(why) => return (at, why, read),
            Decision::Sleep { duration, .. } => {
                assert!(duration.is_positive());
                at += duration;
            }
        }
    }
    panic!("still there after {at:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn p3_every_hold_ends_at_its_maximum_at_the_latest(
        looks in proptest::collection::vec(any_look(), 1..40),
        max_hold in 1i64..4000,
        grace in 1i64..100,
    ) {
        let policy = HoldPolicy { max_hold: secs(max_hold), unknown_grace: secs(grace), ..HoldPolicy::default() };
        let (at, _, _) = live(policy, &looks);
        prop_assert!(at <= secs(max_hold) + SignedDuration::from_millis(50), "{:?}", at);
    }

    #[test]
    fn p2_without_a_release_no_sidecar_exits_before_a_bound(
        looks in proptest::collection::vec(any_look(), 1..40),
        grace in 2i64..100,
    ) {
        let policy = HoldPolicy { unknown_grace: secs(grace), ..HoldPolicy::default() };
        let (at, why, read) = live(policy, &looks);
        let last = read.last().unwrap();
        let absent = |r: &Reading| match r {
            Reading::NotFound => true,
            Reading::Record(record) => known().is_foreign(record),
            Reading::Failed(_) => false,
        };
        let not_found = |r: &Reading| matches!(r, Reading::NotFound);
        let seen_before = read.iter().any(|r| matches!(r, Reading::Record(record) if !record.is_released()));
        match why {
            ExitReason::MaxHold => prop_assert!(at >= policy.max_hold),
            ExitReason::DeadlinePassed => prop_assert!(seen_before && at >= COORDINATOR_SILENCE),
            ExitReason::HostGoingDown => prop_assert!(!seen_before && at >= secs(2 * grace)),
            ExitReason::NotADrain => prop_assert!(absent(last) && !seen_before && at >= secs(grace) / 2),
            ExitReason::NoRecordThoughTerminating => prop_assert!(absent(last) && !seen_before && at >= policy.terminating_grace),
            ExitReason::RecordGone => {
                prop_assert!(seen_before && not_found(last));
                prop_assert!(read.iter().filter(|r| not_found(r)).count() >= 2 && at >= RECORD_GONE_AFTER);
            }
            other => prop_assert!(false, "{other:?} after no release at all"),
        }
    }

    #[test]
    fn p5_what_is_no_drain_is_delayed_by_the_unknown_grace_at_most(
        randoms in proptest::collection::vec(0.0f64..=1.0, 1..20),
        in_service: bool,
        grace in 1i64..100,
        poll in 1i64..60,
    ) {
        let target_state = if in_service { TargetLifecycleState::InService } else { TargetLifecycleState::Unknown };
        let looks: Vec<_> = randoms.into_iter().map(|c| (Reading::NotFound, ProtectedContainers::Alive, target_state, c)).collect();
        let policy = HoldPolicy { unknown_grace: secs(grace), poll_interval: secs(poll), ..HoldPolicy::default() };
        let (at, why, _) = live(policy, &looks);
        prop_assert_eq!(why, ExitReason::NotADrain);
        let bound = if in_service { secs(grace) / 2 } else { secs(grace) };
        prop_assert!(at >= bound && at <= bound + SignedDuration::from_millis(50), "{:?}", at);
    }
}
