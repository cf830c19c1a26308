use super::*;
use crate::record::{ReleaseReason, State};
use proptest::prelude::*;

mod table;

const ARN: &str = "arn:aws:ecs:eu-west-1:123456789012:container-instance/prod/0a1b";
const OTHER_ARN: &str = "arn:aws:ecs:eu-west-1:123456789012:container-instance/prod/ffff";
const TROUBLES: [Trouble; 7] = [
    Trouble::Failed,
    Trouble::NoCredentials,
    Trouble::Denied,
    Trouble::Unreadable,
    Trouble::UnknownSchema,
    Trouble::Unidentified,
    Trouble::NotAsked,
];

fn secs(s: i64) -> SignedDuration {
    SignedDuration::from_secs(s)
}

/// The wall clock at SIGTERM.
fn sigterm() -> Timestamp {
    "2026-11-24T08:00:00Z".parse().unwrap()
}

/// A holding record whose deadline is ten minutes after SIGTERM.
fn holding() -> Record {
    let text = format!(
        r#"{{"schema":1,"state":"holding","remaining":4,"ec2InstanceId":"i-0123456789abcdef0",
        "containerInstanceArn":"{ARN}","drainId":"drain-1","startedAt":"2026-11-24T08:00:00Z",
        "updatedAt":"2026-11-24T08:00:00Z","deadlineAt":"2026-11-24T08:10:00Z","pollSeconds":5}}"#
    );
    Record::decode(&text).unwrap()
}

fn released() -> Record {
    Record {
        state: State::Released,
        reason: Some(ReleaseReason::Drained),
        remaining: 0,
        ..holding()
    }
}

fn reading(record: Record) -> Reading {
    Reading::Record(Box::new(record))
}

fn known() -> Known {
    Known {
        service: Some("fluent-bit".parse().unwrap()),
        container_instance: Some(ARN.parse().unwrap()),
        leftover: None,
    }
}

fn look(at: i64, reading: Reading) -> Observation {
    Observation {
        now: sigterm() + secs(at),
        since_sigterm: secs(at),
        reading,
        task: Task::Alive,
        fate: Fate::Unknown,
        chance: 0.5,
    }
}

fn wait() -> Wait {
    Wait::new(Policy::default())
}

/// A wait that has seen the drain's record at once.
fn wait_in_drain() -> Wait {
    let mut wait = wait();
    wait.next(&known(), &look(0, reading(holding())));
    wait
}

fn sleeps(next: Next, expected: Because) -> SignedDuration {
    match next {
        Next::Sleep { duration, because } if because == expected => duration,
        other => panic!("{other:?} instead of {expected:?}"),
    }
}

#[test]
fn p2_no_trouble_releases_before_its_bound() {
    for trouble in TROUBLES {
        for at in [0, 1, 31, 301, 3599] {
            let next = wait().next(&known(), &look(at, Reading::Trouble(trouble)));
            sleeps(next, Because::Trouble(trouble));
        }
        let next = wait().next(&known(), &look(3600, Reading::Trouble(trouble)));
        assert_eq!(next, Next::Leave(Why::MaxHold));
    }
}

#[test]
fn p2_no_trouble_in_a_drain_releases_before_the_deadline() {
    for trouble in TROUBLES {
        let mut wait = wait_in_drain();
        sleeps(
            wait.next(&known(), &look(659, Reading::Trouble(trouble))),
            Because::Trouble(trouble),
        );
        let next = wait.next(&known(), &look(660, Reading::Trouble(trouble)));
        assert_eq!(next, Next::Leave(Why::DeadlinePassed));
    }
}

#[test]
fn p2_one_stale_not_found_does_not_release() {
    let mut wait = wait_in_drain();
    sleeps(
        wait.next(&known(), &look(5, Reading::NotFound)),
        Because::RecordVanished,
    );
    sleeps(
        wait.next(&known(), &look(10, reading(holding()))),
        Because::TasksRemain,
    );
    sleeps(
        wait.next(&known(), &look(15, Reading::NotFound)),
        Because::RecordVanished,
    );
    assert_eq!(
        wait.next(&known(), &look(20, Reading::NotFound)),
        Next::Leave(Why::RecordGone)
    );
}

#[test]
fn p2_texts_that_are_no_record_hold() {
    let text = holding().encode().unwrap();
    let newer = text.replace("\"schema\":1", "\"schema\":2");
    let half = &text[..text.len() / 2];
    for (text, trouble) in [
        ("released", Trouble::Unreadable),
        ("{\"state\":\"released\"}", Trouble::Unreadable),
        (half, Trouble::Unreadable),
        (&newer, Trouble::UnknownSchema),
    ] {
        let next = wait().next(&known(), &look(100, Reading::of_text(text)));
        sleeps(next, Because::Trouble(trouble));
    }
    assert_eq!(Reading::of_text(&text), reading(holding()));
}

#[test]
fn p3_a_flapping_host_is_not_a_silent_one() {
    let silent = |at| Observation {
        task: Task::Unreachable,
        ..look(at, Reading::Trouble(Trouble::NoCredentials))
    };
    let mut wait = wait();
    for at in [0, 59] {
        sleeps(
            wait.next(&known(), &silent(at)),
            Because::Trouble(Trouble::NoCredentials),
        );
    }
    wait.next(&known(), &look(59, Reading::Trouble(Trouble::NoCredentials)));
    sleeps(
        wait.next(&known(), &silent(61)),
        Because::Trouble(Trouble::NoCredentials),
    );
    sleeps(
        wait.next(&known(), &silent(120)),
        Because::Trouble(Trouble::NoCredentials),
    );
    assert_eq!(wait.next(&known(), &silent(121)), Next::Leave(Why::HostGoingDown));
}

#[test]
fn p5_instance_metadata_that_falls_silent_is_remembered() {
    let mut wait = wait();
    let leaving = Observation {
        fate: Fate::Leaving,
        ..look(0, Reading::NotFound)
    };
    sleeps(wait.next(&known(), &leaving), Because::NoRecordYetTerminating);
    sleeps(
        wait.next(&known(), &look(299, Reading::NotFound)),
        Because::NoRecordYetTerminating,
    );
    let next = wait.next(&known(), &look(300, Reading::NotFound));
    assert_eq!(next, Next::Leave(Why::NoRecordThoughTerminating));
}

#[test]
fn p6_instance_metadata_is_not_asked_once_a_record_was_seen() {
    assert!(wait().wants_fate());
    assert!(!wait_in_drain().wants_fate());
}

#[test]
fn a_leftover_tells_nothing_of_the_token() {
    let token = "71514b9d-6a40-4b26-8523-05e7ee35fa40";
    let leftover = Leftover::of(&Record {
        drain_id: token.into(),
        ..released()
    });
    assert!(leftover.is_some());
    let json = serde_json::to_string(&Known { leftover, ..known() }).unwrap();
    assert!(!json.contains("71514b9d"), "{json}");
    assert_eq!(serde_json::from_str::<Known>(&json).unwrap().leftover, leftover);
    assert_eq!(Leftover::of(&holding()), None);
}

#[test]
fn the_record_sets_the_pace_and_chance_spreads_it() {
    for (poll_seconds, chance, expected_ms) in [
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
        let seen = Observation {
            chance,
            ..look(
                1,
                reading(Record {
                    poll_seconds,
                    ..holding()
                }),
            )
        };
        let slept = sleeps(wait().next(&known(), &seen), Because::TasksRemain);
        assert_eq!(slept.as_millis(), expected_ms, "{poll_seconds} {chance}");
    }
}

#[test]
fn failures_back_off_from_the_poll_interval_to_half_a_minute() {
    let mut wait = wait_in_drain();
    let failed = |chance| Observation {
        chance,
        ..look(1, Reading::Trouble(Trouble::Failed))
    };
    let ceilings: Vec<i64> = (0..5)
        .map(|_| {
            sleeps(
                wait.next(&known(), &failed(1.0)),
                Because::Trouble(Trouble::Failed),
            )
            .as_secs()
        })
        .collect();
    assert_eq!(ceilings, [10, 20, 30, 30, 30]);
    assert_eq!(
        sleeps(
            wait.next(&known(), &failed(0.0)),
            Because::Trouble(Trouble::Failed)
        ),
        secs(5)
    );
    sleeps(
        wait.next(&known(), &look(2, reading(holding()))),
        Because::TasksRemain,
    );
    assert_eq!(
        sleeps(
            wait.next(&known(), &failed(1.0)),
            Because::Trouble(Trouble::Failed)
        ),
        secs(10)
    );
}

#[test]
fn a_sleep_ends_at_the_next_bound() {
    let at_bound = |wait: &mut Wait, at, reading, left_ms| match wait.next(&known(), &look(at, reading)) {
        Next::Sleep { duration, .. } => assert_eq!(duration.as_millis(), left_ms, "at {at}"),
        Next::Leave(why) => panic!("{why:?} at {at}"),
    };
    at_bound(&mut wait(), 28, Reading::NotFound, 2000);
    at_bound(&mut wait(), 3599, Reading::Trouble(Trouble::Denied), 1000);
    at_bound(&mut wait_in_drain(), 657, reading(holding()), 3000);
}

#[test]
fn exit_codes_are_as_documented() {
    assert_eq!(
        (
            Why::Released.code(),
            Why::MaxHold.code(),
            Why::DeadlinePassed.code()
        ),
        (0, 10, 11)
    );
    for why in [
        Why::Disabled,
        Why::ProtectedStopped,
        Why::NotADrain,
        Why::RecordGone,
        Why::HostGoingDown,
    ] {
        assert_eq!(why.code(), 0);
    }
}

fn any_reading() -> impl Strategy<Value = Reading> {
    prop_oneof![
        Just(Reading::NotFound),
        proptest::sample::select(TROUBLES.to_vec()).prop_map(Reading::Trouble),
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

fn any_look() -> impl Strategy<Value = (Reading, Task, Fate, f64)> {
    let task = proptest::sample::select(vec![Task::Alive, Task::Unreachable, Task::Absent]);
    let fate = proptest::sample::select(vec![Fate::InService, Fate::Leaving, Fate::Unknown]);
    (any_reading(), task, fate, 0.0f64..=1.0)
}

/// Lives through the looks, the last of which repeats for ever, and gives the time and the reason of the end.
fn live(policy: Policy, looks: &[(Reading, Task, Fate, f64)]) -> (SignedDuration, Why, Vec<Reading>) {
    let (mut wait, mut at, mut read) = (Wait::new(policy), SignedDuration::ZERO, vec![]);
    for step in 0..200_000 {
        let (reading, task, fate, chance) = looks[step.min(looks.len() - 1)].clone();
        read.push(reading.clone());
        let seen = Observation {
            now: sigterm() + at,
            since_sigterm: at,
            reading,
            task,
            fate,
            chance,
        };
        match wait.next(&known(), &seen) {
            Next::Leave(why) => return (at, why, read),
            Next::Sleep { duration, .. } => {
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
        let policy = Policy { max_hold: secs(max_hold), unknown_grace: secs(grace), ..Policy::default() };
        let (at, _, _) = live(policy, &looks);
        prop_assert!(at <= secs(max_hold) + SignedDuration::from_millis(50), "{:?}", at);
    }

    #[test]
    fn p2_without_a_release_nobody_leaves_before_a_bound(
        looks in proptest::collection::vec(any_look(), 1..40),
        grace in 2i64..100,
    ) {
        let policy = Policy { unknown_grace: secs(grace), ..Policy::default() };
        let (at, why, read) = live(policy, &looks);
        let last = read.last().unwrap();
        let absent = |r: &Reading| match r {
            Reading::NotFound => true,
            Reading::Record(record) => known().is_foreign(record),
            Reading::Trouble(_) => false,
        };
        let seen_before = read.iter().any(|r| matches!(r, Reading::Record(record) if !record.is_released()));
        match why {
            Why::MaxHold => prop_assert!(at >= policy.max_hold),
            Why::DeadlinePassed => prop_assert!(seen_before && at >= DEADLINE_SLACK),
            Why::HostGoingDown => prop_assert!(at >= secs(2 * grace)),
            Why::NotADrain => prop_assert!(absent(last) && !seen_before && at >= secs(grace) / 2),
            Why::NoRecordThoughTerminating => prop_assert!(absent(last) && !seen_before && at >= policy.terminating_grace),
            Why::RecordGone => {
                prop_assert!(seen_before && absent(last));
                prop_assert!(read.iter().filter(|r| absent(r)).count() >= 2);
            }
            other => prop_assert!(false, "{other:?} after no release at all"),
        }
    }

    #[test]
    fn p5_what_is_no_drain_is_delayed_by_the_unknown_grace_at_most(
        chances in proptest::collection::vec(0.0f64..=1.0, 1..20),
        in_service: bool,
        grace in 1i64..100,
        poll in 1i64..60,
    ) {
        let fate = if in_service { Fate::InService } else { Fate::Unknown };
        let looks: Vec<_> = chances.into_iter().map(|c| (Reading::NotFound, Task::Alive, fate, c)).collect();
        let policy = Policy { unknown_grace: secs(grace), poll_interval: secs(poll), ..Policy::default() };
        let (at, why, _) = live(policy, &looks);
        prop_assert_eq!(why, Why::NotADrain);
        let bound = if in_service { secs(grace) / 2 } else { secs(grace) };
        prop_assert!(at >= bound && at <= bound + SignedDuration::from_millis(50), "{:?}", at);
    }
}
