use super::*;
use crate::record::{ReleaseReason, State};

mod pace;
mod properties;
mod table;

const ARN: &str = "arn:aws:ecs:eu-west-1:123456789012:container-instance/prod/0a1b";
const OTHER_ARN: &str = "arn:aws:ecs:eu-west-1:123456789012:container-instance/prod/ffff";
const TROUBLES: [ReadError; 7] = [
    ReadError::Failed,
    ReadError::NoCredentials,
    ReadError::Denied,
    ReadError::Unreadable,
    ReadError::UnknownSchema,
    ReadError::Unidentified,
    ReadError::NotAsked,
];

/// The seconds that a coordinator is given after its deadline: two ticks, the delay of one, and a reading of a sidecar
/// that reads every 5 s.
const SILENCE: i64 = 60 + 90 + 6;

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

/// A holding record of another registration of the same instance.
fn other_life() -> Record {
    Record {
        container_instance_arn: OTHER_ARN.parse().unwrap(),
        ..holding()
    }
}

fn reading(record: Record) -> Reading {
    Reading::Record(Box::new(record))
}

fn known() -> SidecarIdentity {
    SidecarIdentity {
        service: Some("fluent-bit".parse().unwrap()),
        container_instance: Some(ARN.parse().unwrap()),
    }
}

fn look(at: i64, reading: Reading) -> HoldObservation {
    HoldObservation {
        since_sigterm: secs(at),
        sigterm_at: Some(sigterm()),
        host_clock: sigterm() + secs(at),
        reading,
        task: ProtectedContainers::Alive,
        target_state: TargetLifecycleState::Unknown,
        kill_switch: KillSwitchReading::NotAsked,
        together: Together::Answered,
        jitter: 0.5,
    }
}

fn wait() -> HoldState {
    HoldState::new(HoldPolicy::default())
}

/// A wait that has seen the drain's record at once.
fn wait_in_drain() -> HoldState {
    let mut wait = wait();
    wait.next(&known(), &look(0, reading(holding())));
    wait
}

fn sleeps(next: Decision, expected: HoldReason) -> SignedDuration {
    match next {
        Decision::Sleep {
            duration,
            reason: because,
        } if because == expected => duration,
        other => panic!("{other:?} instead of {expected:?}"),
    }
}

#[test]
fn p2_no_trouble_releases_before_its_bound() {
    for trouble in TROUBLES {
        for at in [0, 1, 31, 301, 7199] {
            let next = wait().next(&known(), &look(at, Reading::Trouble(trouble)));
            sleeps(next, HoldReason::Trouble(trouble));
        }
        let next = wait().next(&known(), &look(7200, Reading::Trouble(trouble)));
        assert_eq!(next, Decision::Exit(ExitReason::MaxHold));
    }
}

#[test]
fn p2_no_trouble_in_a_drain_releases_before_the_deadline() {
    for trouble in TROUBLES {
        let mut wait = wait_in_drain();
        sleeps(
            wait.next(&known(), &look(599 + SILENCE, Reading::Trouble(trouble))),
            HoldReason::Trouble(trouble),
        );
        let next = wait.next(&known(), &look(600 + SILENCE, Reading::Trouble(trouble)));
        assert_eq!(next, Decision::Exit(ExitReason::DeadlinePassed));
    }
}

#[test]
fn p2_one_stale_not_found_does_not_release() {
    let mut wait = wait_in_drain();
    sleeps(
        wait.next(&known(), &look(5, Reading::NotFound)),
        HoldReason::RecordVanished,
    );
    sleeps(
        wait.next(&known(), &look(10, reading(holding()))),
        HoldReason::TasksRemain,
    );
    sleeps(
        wait.next(&known(), &look(15, Reading::NotFound)),
        HoldReason::RecordVanished,
    );
    assert_eq!(
        wait.next(&known(), &look(20, Reading::NotFound)),
        Decision::Exit(ExitReason::RecordGone)
    );
}

/// Two registrations of one instance share a record, and the coordinator may write of the one that this is not.
#[test]
fn p1_a_record_of_another_registration_does_not_end_a_hold() {
    let others = [
        other_life(),
        Record {
            container_instance_arn: OTHER_ARN.parse().unwrap(),
            ..released()
        },
        Record {
            receipt_at: Some(sigterm() - secs(1)),
            ..released()
        },
    ];
    for other in others {
        let mut wait = wait_in_drain();
        for at in [5, 10, 15, 599 + SILENCE] {
            let next = wait.next(&known(), &look(at, reading(other.clone())));
            sleeps(next, HoldReason::AnotherDrain);
        }
        let next = wait.next(&known(), &look(600 + SILENCE, reading(other)));
        assert_eq!(next, Decision::Exit(ExitReason::DeadlinePassed));
    }
}

#[test]
fn the_last_record_that_held_is_remembered() {
    let mut wait = wait();
    assert_eq!(wait.record(), None);
    let fewer = Record {
        remaining: 1,
        ..holding()
    };
    for (reading, remembered) in [
        (Reading::NotFound, None),
        (reading(holding()), Some(holding())),
        (reading(fewer.clone()), Some(fewer.clone())),
        (Reading::NotFound, Some(fewer.clone())),
        (Reading::Trouble(ReadError::Failed), Some(fewer)),
    ] {
        wait.next(&known(), &look(1, reading));
        assert_eq!(wait.record().cloned(), remembered);
    }
}

#[test]
fn p2_texts_that_are_no_record_hold() {
    let text = holding().encode().unwrap();
    let newer = text.replace("\"schema\":1", "\"schema\":2");
    let half = &text[..text.len() / 2];
    for (text, trouble) in [
        ("released", ReadError::Unreadable),
        ("{\"state\":\"released\"}", ReadError::Unreadable),
        (half, ReadError::Unreadable),
        (&newer, ReadError::UnknownSchema),
    ] {
        let next = wait().next(&known(), &look(100, Reading::of_text(text)));
        sleeps(next, HoldReason::Trouble(trouble));
    }
    assert_eq!(Reading::of_text(&text), reading(holding()));
}

#[test]
fn p3_a_flapping_host_is_not_a_silent_one() {
    let silent = |at| HoldObservation {
        task: ProtectedContainers::Unreachable,
        ..look(at, Reading::Trouble(ReadError::NoCredentials))
    };
    let mut wait = wait();
    for at in [0, 59] {
        sleeps(
            wait.next(&known(), &silent(at)),
            HoldReason::Trouble(ReadError::NoCredentials),
        );
    }
    wait.next(&known(), &look(59, Reading::Trouble(ReadError::NoCredentials)));
    sleeps(
        wait.next(&known(), &silent(61)),
        HoldReason::Trouble(ReadError::NoCredentials),
    );
    sleeps(
        wait.next(&known(), &silent(120)),
        HoldReason::Trouble(ReadError::NoCredentials),
    );
    assert_eq!(
        wait.next(&known(), &silent(121)),
        Decision::Exit(ExitReason::HostGoingDown)
    );
}

#[test]
fn p5_instance_metadata_that_falls_silent_is_remembered() {
    let mut wait = wait();
    let leaving = HoldObservation {
        target_state: TargetLifecycleState::Leaving,
        ..look(0, Reading::NotFound)
    };
    sleeps(wait.next(&known(), &leaving), HoldReason::NoRecordYetTerminating);
    sleeps(
        wait.next(&known(), &look(299, Reading::NotFound)),
        HoldReason::NoRecordYetTerminating,
    );
    let next = wait.next(&known(), &look(300, Reading::NotFound));
    assert_eq!(next, Decision::Exit(ExitReason::NoRecordThoughTerminating));
}

#[test]
fn p6_instance_metadata_is_not_asked_once_a_record_was_seen() {
    for (reading, wanted) in [
        (Reading::NotFound, true),
        (reading(released()), true),
        (reading(other_life()), true),
        (reading(holding()), false),
        (Reading::Trouble(ReadError::Failed), false),
    ] {
        assert_eq!(
            wait().wants_target_state(&known(), &reading),
            wanted,
            "{reading:?}"
        );
        assert!(!wait_in_drain().wants_target_state(&known(), &reading));
    }
}

#[test]
fn exit_codes_are_as_documented() {
    assert_eq!(
        (
            ExitReason::Released.code(),
            ExitReason::MaxHold.code(),
            ExitReason::DeadlinePassed.code()
        ),
        (0, 10, 11)
    );
    for why in [
        ExitReason::Disabled,
        ExitReason::ProtectedStopped,
        ExitReason::NotADrain,
        ExitReason::RecordGone,
        ExitReason::HostGoingDown,
    ] {
        assert_eq!(why.code(), 0);
    }
}

#[test]
fn p2_a_release_of_a_drain_that_had_its_receipt_before_sigterm_is_a_leftover() {
    for (receipt, leaves) in [(Some(-1), false), (Some(0), false), (Some(1), true), (None, true)] {
        let record = Record {
            released_at: Some(sigterm() - secs(60)),
            receipt_at: receipt.map(|at| sigterm() + secs(at)),
            ..released()
        };
        let next = wait().next(&known(), &look(2, reading(record)));
        assert_eq!(matches!(next, Decision::Exit(_)), leaves, "{receipt:?}: {next:?}");
    }
}

#[test]
fn p2_a_release_from_long_before_sigterm_is_of_another_drain() {
    for (age, leaves) in [(0, true), (300, true), (301, false)] {
        let record = Record {
            released_at: Some(sigterm() - secs(age)),
            ..released()
        };
        let next = wait().next(&known(), &look(1, reading(record)));
        assert_eq!(matches!(next, Decision::Exit(_)), leaves, "{age} s: {next:?}");
    }
}

fn look_with_switch(at: i64, switch: KillSwitchReading) -> HoldObservation {
    HoldObservation {
        kill_switch: switch,
        ..look(at, reading(holding()))
    }
}

#[test]
fn the_kill_switch_releases_and_whatever_else_it_says_does_not() {
    for switch in [
        KillSwitchReading::NotAsked,
        KillSwitchReading::Unclear,
        KillSwitchReading::Says(Control::On),
        KillSwitchReading::Says(Control::Observe),
    ] {
        let next = wait_in_drain().next(&known(), &look_with_switch(1, switch));
        sleeps(next, HoldReason::TasksRemain);
    }
    let released = look_with_switch(1, KillSwitchReading::Says(Control::ReleaseAll));
    assert_eq!(
        wait_in_drain().next(&known(), &released),
        Decision::Exit(ExitReason::KillSwitch)
    );
}

#[test]
fn p3_a_coordinator_is_given_the_time_of_a_slow_reader() {
    let slow = Record {
        poll_seconds: 30,
        ..holding()
    };
    let over = 600 + 60 + 90 + 36;
    let next = wait().next(&known(), &look(over - 1, reading(slow.clone())));
    sleeps(next, HoldReason::TasksRemain);
    let next = wait().next(&known(), &look(over, reading(slow)));
    assert_eq!(next, Decision::Exit(ExitReason::DeadlinePassed));
}

/// The host's clock is wrong by so much.
fn skewed(seconds: i64, seen: HoldObservation) -> HoldObservation {
    HoldObservation {
        host_clock: seen.host_clock + secs(seconds),
        ..seen
    }
}

#[test]
fn p1_a_wrong_clock_of_the_host_moves_no_deadline() {
    let over = 600 + SILENCE;
    for skew in [-86_400, -180, 0, 180, 86_400] {
        let mut wait = wait();
        let next = wait.next(&known(), &skewed(skew, look(0, reading(holding()))));
        sleeps(next, HoldReason::TasksRemain);
        let next = wait.next(&known(), &skewed(skew, look(over - 1, reading(holding()))));
        let left = sleeps(next, HoldReason::TasksRemain);
        assert!(left <= secs(1), "{skew} s: {left:?}");
        let next = wait.next(&known(), &skewed(skew, look(over, reading(holding()))));
        assert_eq!(next, Decision::Exit(ExitReason::DeadlinePassed), "{skew} s");
    }
}

#[test]
fn p1_without_the_clock_of_aws_the_clock_of_the_host_does_not_decide_alone() {
    let over = 600 + SILENCE;
    let blind = |skew, at| HoldObservation {
        sigterm_at: None,
        ..skewed(skew, look(at, reading(holding())))
    };
    // The record is read 40 s after it was written, so its deadline is at most ten minutes after that reading.
    for (skew, leaves_at) in [
        (86_400, 40 + over),
        (180, 40 + over),
        (0, 40 + over),
        (-180, 180 + over),
    ] {
        let mut wait = wait();
        sleeps(wait.next(&known(), &blind(skew, 40)), HoldReason::TasksRemain);
        sleeps(
            wait.next(&known(), &blind(skew, leaves_at - 1)),
            HoldReason::TasksRemain,
        );
        let next = wait.next(&known(), &blind(skew, leaves_at));
        assert_eq!(next, Decision::Exit(ExitReason::DeadlinePassed), "{skew} s");
    }
}

#[test]
fn p1_a_release_is_as_old_as_the_clock_of_aws_says() {
    for (age, leaves) in [(300, true), (301, false)] {
        for skew in [-86_400, 86_400] {
            let record = Record {
                released_at: Some(sigterm() - secs(age)),
                ..released()
            };
            let next = wait().next(&known(), &skewed(skew, look(1, reading(record))));
            assert_eq!(
                matches!(next, Decision::Exit(_)),
                leaves,
                "{age} s, {skew} s: {next:?}"
            );
        }
    }
}

/// What a sidecar sees in each kind of hold, with a history that brings it there.
fn holds() -> Vec<(HoldReason, Vec<HoldObservation>, HoldObservation)> {
    let none = look(3, Reading::NotFound);
    let leaving = HoldObservation {
        target_state: TargetLifecycleState::Leaving,
        ..none.clone()
    };
    let in_drain = vec![look(0, reading(holding()))];
    let mut all = vec![
        (HoldReason::TasksRemain, vec![], look(3, reading(holding()))),
        (HoldReason::NoRecordYet, vec![], none.clone()),
        (HoldReason::NoRecordYetTerminating, vec![], leaving),
        (HoldReason::RecordVanished, in_drain.clone(), none),
        (HoldReason::AnotherDrain, in_drain, look(3, reading(other_life()))),
    ];
    for trouble in TROUBLES {
        let seen = look(3, Reading::Trouble(trouble));
        all.push((HoldReason::Trouble(trouble), vec![], seen));
    }
    all
}

#[test]
fn p3_the_kill_switch_ends_every_kind_of_hold() {
    for (because, history, seen) in holds() {
        let mut wait = wait();
        for earlier in &history {
            wait.next(&known(), earlier);
        }
        sleeps(wait.next(&known(), &seen), because);
        let switched = HoldObservation {
            kill_switch: KillSwitchReading::Says(Control::ReleaseAll),
            ..seen
        };
        assert_eq!(
            wait.next(&known(), &switched),
            Decision::Exit(ExitReason::KillSwitch),
            "{because:?}"
        );
    }
}

#[test]
fn every_look_asks_for_record_and_kill_switch_in_one_call() {
    for (_, history, seen) in holds() {
        let mut wait = wait();
        for earlier in history.iter().chain([&seen]) {
            wait.next(&known(), earlier);
        }
        assert_eq!(wait.asks(true, secs(4)), Ask::Both);
    }
}

#[test]
fn p10_what_is_denied_together_is_asked_for_together_once_a_minute() {
    let mut wait = wait();
    assert_eq!(wait.asks(true, secs(0)), Ask::Both);
    let denied = |at| HoldObservation {
        together: Together::Denied,
        kill_switch: KillSwitchReading::Says(Control::On),
        ..look(at, Reading::Trouble(ReadError::Denied))
    };
    wait.next(&known(), &denied(0));
    let alone = |at| HoldObservation {
        together: Together::NotAsked,
        ..look(at, Reading::Trouble(ReadError::Denied))
    };
    for at in [5, 40, 58] {
        assert_eq!(wait.asks(true, secs(at)), Ask::Record);
        let next = wait.next(&known(), &alone(at));
        let slept = sleeps(next, HoldReason::Trouble(ReadError::Denied));
        assert!(
            slept <= secs(60 - at),
            "no sleep goes beyond the next time: {slept:?}"
        );
    }
    assert_eq!(wait.asks(true, secs(59)), Ask::Both);
    wait.next(&known(), &denied(60));
    assert_eq!(wait.asks(true, secs(61)), Ask::Record);
    wait.next(
        &known(),
        &HoldObservation {
            together: Together::Answered,
            ..denied(120)
        },
    );
    assert_eq!(wait.asks(true, secs(121)), Ask::Both, "it is allowed again");
}

#[test]
fn p3_without_an_instance_the_kill_switch_is_asked_for_once_a_minute() {
    let mut wait = wait();
    assert_eq!(wait.asks(false, secs(0)), Ask::Switch);
    let seen = HoldObservation {
        together: Together::NotAsked,
        kill_switch: KillSwitchReading::Unclear,
        ..look(0, Reading::Trouble(ReadError::Unidentified))
    };
    wait.next(&known(), &seen);
    assert_eq!(wait.asks(false, secs(30)), Ask::Nothing);
    assert_eq!(wait.asks(false, secs(59)), Ask::Switch);
    assert_eq!(wait.asks(true, secs(30)), Ask::Both, "its instance is known now");
}

#[test]
fn a_parameter_that_is_not_there_is_distinguished_from_one_that_cannot_be_parsed() {
    assert_eq!(Reading::of_parameter(None), Reading::NotFound);
    assert_eq!(
        Reading::of_parameter(Some("")),
        Reading::Trouble(ReadError::Unreadable)
    );
    assert_eq!(
        KillSwitchReading::of_parameter(None),
        KillSwitchReading::Says(Control::On)
    );
    assert_eq!(
        KillSwitchReading::of_parameter(Some("")),
        KillSwitchReading::Unclear
    );
    let release_all = KillSwitchReading::of_parameter(Some(r#"{"mode":"release-all"}"#));
    assert_eq!(release_all, KillSwitchReading::Says(Control::ReleaseAll));
}

#[test]
fn p1_a_drain_that_was_undone_before_sigterm_releases_no_daemon_in_the_next() {
    let released = |reason| Record {
        state: crate::record::State::Released,
        reason: Some(reason),
        released_at: Some(sigterm() - secs(20)),
        ..holding()
    };
    let mut wait = wait();
    let undone = look(1, reading(released(ReleaseReason::Cancelled)));
    sleeps(wait.next(&known(), &undone), HoldReason::NoRecordYet);
    let drained = look(2, reading(released(ReleaseReason::Drained)));
    assert_eq!(
        wait.next(&known(), &drained),
        Decision::Exit(ExitReason::Released)
    );
}
