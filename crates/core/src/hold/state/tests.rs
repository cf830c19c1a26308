use super::*;
use crate::limits::COORDINATOR_SILENCE;
use crate::limits::sidecar::RECORD_GONE_AFTER;
use crate::record::{ReleaseReason, State};
use ExitReason::*;
use HoldReason::*;
use jiff::Timestamp;

mod backoff;
mod input;
mod properties;
mod table;

const ARN: &str = "arn:aws:ecs:eu-west-1:123456789012:container-instance/prod/0a1b";
const OTHER_ARN: &str = "arn:aws:ecs:eu-west-1:123456789012:container-instance/prod/ffff";
const READ_ERRORS: [ReadError; 7] = [
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

fn reads(at: i64, record: Record) -> HoldObservation {
    look(at, reading(record))
}

fn nothing(at: i64) -> HoldObservation {
    look(at, Reading::NotFound)
}

fn failure(at: i64, error: ReadError) -> HoldObservation {
    look(at, Reading::Failed(error))
}

fn wait() -> HoldState {
    HoldState::new(HoldPolicy::default())
}

/// A wait that has seen the drain's record at once.
fn wait_in_drain() -> HoldState {
    let mut wait = wait();
    wait.see(reads(0, holding()));
    wait
}

/// A sidecar that knows who it is, and what it must do.
impl HoldState {
    fn see(&mut self, seen: HoldObservation) -> Decision {
        self.next(&known(), &seen)
    }

    #[track_caller]
    fn sleeps(&mut self, seen: HoldObservation, expected: HoldReason) -> SignedDuration {
        match self.see(seen) {
            Decision::Sleep { duration, reason } if reason == expected => duration,
            other => panic!("{other:?} instead of {expected:?}"),
        }
    }

    #[track_caller]
    fn exits(&mut self, seen: HoldObservation, expected: ExitReason) {
        let at = seen.since_sigterm;
        assert_eq!(self.see(seen), Decision::Exit(expected), "{at}");
    }
}

#[test]
fn p2_no_trouble_releases_before_its_bound() {
    for error in READ_ERRORS {
        for at in [0, 1, 31, 301, 7199] {
            wait().sleeps(failure(at, error), ReadFailed(error));
        }
        wait().exits(failure(7200, error), MaxHold);
    }
}

#[test]
fn p2_no_trouble_in_a_drain_releases_before_the_deadline() {
    for error in READ_ERRORS {
        let mut wait = wait_in_drain();
        wait.sleeps(failure(599 + SILENCE, error), ReadFailed(error));
        wait.exits(failure(600 + SILENCE, error), DeadlinePassed);
    }
}

#[test]
fn p2_stale_not_founds_do_not_release() {
    let mut wait = wait_in_drain();
    wait.sleeps(nothing(5), RecordVanished);
    wait.sleeps(nothing(34), RecordVanished);
    wait.sleeps(reads(35, holding()), TasksRemain);
    for at in [36, 37, 38, 65] {
        wait.sleeps(nothing(at), RecordVanished);
    }
    wait.exits(nothing(66), RecordGone);
}

/// An error says nothing of the record: it neither ends the time in which the record is missed nor begins it again.
#[test]
fn p2_a_failed_reading_between_two_not_founds_counts_as_neither() {
    for error in READ_ERRORS {
        let mut wait = wait_in_drain();
        wait.sleeps(failure(4, error), ReadFailed(error));
        wait.sleeps(nothing(5), RecordVanished);
        wait.sleeps(failure(40, error), ReadFailed(error));
        wait.exits(nothing(41), RecordGone);
    }
}

#[test]
fn p3_a_sidecar_looks_again_when_its_record_counts_as_gone() {
    let mut wait = wait_in_drain();
    wait.sleeps(nothing(5), RecordVanished);
    let slept = wait.sleeps(nothing(33), RecordVanished);
    assert!(slept <= secs(2), "{slept:?}");
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
            wait.sleeps(reads(at, other.clone()), AnotherDrain);
        }
        wait.exits(reads(600 + SILENCE, other), DeadlinePassed);
    }
}

/// The instance has come back and drains again, and a reading lags behind the hold of this drain.
#[test]
fn p1_a_text_of_the_drain_before_does_not_release_once_a_later_one_was_seen() {
    for (before, released_by_it) in [(11, false), (10, true)] {
        let mut wait = wait_in_drain();
        let earlier = Record {
            started_at: holding().started_at - secs(before),
            released_at: Some(sigterm() - secs(1)),
            ..released()
        };
        match released_by_it {
            true => wait.exits(reads(2, earlier), Released),
            false => drop(wait.sleeps(reads(2, earlier), AnotherDrain)),
        }
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
        (Reading::Failed(ReadError::Failed), Some(fewer)),
    ] {
        wait.see(look(1, reading));
        assert_eq!(wait.record().cloned(), remembered);
    }
}

#[test]
fn p2_texts_that_are_no_record_hold() {
    let text = holding().encode().unwrap();
    let newer = text.replace("\"schema\":1", "\"schema\":2");
    let half = &text[..text.len() / 2];
    for (text, error) in [
        ("released", ReadError::Unreadable),
        ("{\"state\":\"released\"}", ReadError::Unreadable),
        (half, ReadError::Unreadable),
        (&newer, ReadError::UnknownSchema),
    ] {
        wait().sleeps(look(100, Reading::of_text(text)), ReadFailed(error));
    }
    assert_eq!(Reading::of_text(&text), reading(holding()));
}

#[test]
fn p3_a_flapping_host_is_not_a_silent_one() {
    let silent = |at| HoldObservation {
        task: ProtectedContainers::Unreachable,
        ..failure(at, ReadError::NoCredentials)
    };
    let mut wait = wait();
    for at in [0, 59] {
        wait.sleeps(silent(at), ReadFailed(ReadError::NoCredentials));
    }
    wait.see(failure(59, ReadError::NoCredentials));
    for at in [61, 120] {
        wait.sleeps(silent(at), ReadFailed(ReadError::NoCredentials));
    }
    wait.exits(silent(121), HostGoingDown);
}

#[test]
fn p5_instance_metadata_that_falls_silent_is_remembered() {
    let mut wait = wait();
    let leaving = HoldObservation {
        target_state: TargetLifecycleState::Leaving,
        ..nothing(0)
    };
    wait.sleeps(leaving, NoRecordYetTerminating);
    wait.sleeps(nothing(299), NoRecordYetTerminating);
    wait.exits(nothing(300), NoRecordThoughTerminating);
}

#[test]
fn p6_instance_metadata_is_not_asked_once_a_record_was_seen() {
    for (reading, wanted) in [
        (Reading::NotFound, true),
        (reading(released()), true),
        (reading(other_life()), true),
        (reading(holding()), false),
        (Reading::Failed(ReadError::Failed), false),
    ] {
        let wants = wait().wants_target_state(&known(), &reading);
        assert_eq!(wants, wanted, "{reading:?}");
        assert!(!wait_in_drain().wants_target_state(&known(), &reading));
    }
}

#[test]
fn exit_codes_are_as_documented() {
    assert_eq!((MaxHold.code(), DeadlinePassed.code()), (10, 11));
    for why in [
        Released,
        Disabled,
        ProtectedStopped,
        NotADrain,
        RecordGone,
        HostGoingDown,
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
        let next = wait().see(reads(2, record));
        assert_eq!(matches!(next, Decision::Exit(_)), leaves, "{receipt:?}: {next:?}");
    }
}

#[test]
fn p2_a_release_from_long_before_sigterm_is_of_another_drain() {
    for (age, leaves) in [(0, true), (300, true), (301, false)] {
        let next = wait().see(reads(1, released_before(age)));
        assert_eq!(matches!(next, Decision::Exit(_)), leaves, "{age} s: {next:?}");
    }
}

/// Released so many seconds before SIGTERM.
fn released_before(age: i64) -> Record {
    Record {
        released_at: Some(sigterm() - secs(age)),
        ..released()
    }
}

#[test]
fn the_kill_switch_releases_and_whatever_else_it_says_does_not() {
    let switched = |kill_switch| HoldObservation {
        kill_switch,
        ..reads(1, holding())
    };
    for switch in [
        KillSwitchReading::NotAsked,
        KillSwitchReading::Unclear,
        KillSwitchReading::Says(Control::On),
        KillSwitchReading::Says(Control::Observe),
    ] {
        wait_in_drain().sleeps(switched(switch), TasksRemain);
    }
    let release_all = switched(KillSwitchReading::Says(Control::ReleaseAll));
    wait_in_drain().exits(release_all, KillSwitch);
}

#[test]
fn p3_a_coordinator_is_given_the_time_of_a_slow_reader() {
    let slow = Record {
        poll_seconds: 30,
        ..holding()
    };
    let over = 600 + 60 + 90 + 36;
    wait().sleeps(reads(over - 1, slow.clone()), TasksRemain);
    wait().exits(reads(over, slow), DeadlinePassed);
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
        wait.sleeps(skewed(skew, reads(0, holding())), TasksRemain);
        let left = wait.sleeps(skewed(skew, reads(over - 1, holding())), TasksRemain);
        assert!(left <= secs(1), "{skew} s: {left:?}");
        wait.exits(skewed(skew, reads(over, holding())), DeadlinePassed);
    }
}

#[test]
fn p1_without_the_clock_of_aws_the_clock_of_the_host_does_not_decide_alone() {
    let over = 600 + SILENCE;
    let blind = |skew, at| HoldObservation {
        sigterm_at: None,
        ..skewed(skew, reads(at, holding()))
    };
    // The record is read 40 s after it was written, so its deadline is at most ten minutes after that reading.
    for (skew, leaves_at) in [
        (86_400, 40 + over),
        (180, 40 + over),
        (0, 40 + over),
        (-180, 180 + over),
    ] {
        let mut wait = wait();
        for at in [40, leaves_at - 1] {
            wait.sleeps(blind(skew, at), TasksRemain);
        }
        wait.exits(blind(skew, leaves_at), DeadlinePassed);
    }
}

#[test]
fn p1_a_release_is_as_old_as_the_clock_of_aws_says() {
    for (age, leaves) in [(300, true), (301, false)] {
        for skew in [-86_400, 86_400] {
            let next = wait().see(skewed(skew, reads(1, released_before(age))));
            let exits = matches!(next, Decision::Exit(_));
            assert_eq!(exits, leaves, "{age} s, {skew} s: {next:?}");
        }
    }
}

/// What a sidecar sees in each kind of hold, with a history that brings it there.
fn holds() -> Vec<(HoldReason, Vec<HoldObservation>, HoldObservation)> {
    let leaving = HoldObservation {
        target_state: TargetLifecycleState::Leaving,
        ..nothing(3)
    };
    let in_drain = vec![reads(0, holding())];
    let mut all = vec![
        (TasksRemain, vec![], reads(3, holding())),
        (NoRecordYet, vec![], nothing(3)),
        (NoRecordYetTerminating, vec![], leaving),
        (RecordVanished, in_drain.clone(), nothing(3)),
        (AnotherDrain, in_drain, reads(3, other_life())),
    ];
    all.extend(READ_ERRORS.map(|error| (ReadFailed(error), vec![], failure(3, error))));
    all
}

#[test]
fn p3_the_kill_switch_ends_every_kind_of_hold() {
    for (because, history, seen) in holds() {
        let mut wait = wait();
        for earlier in history {
            wait.see(earlier);
        }
        wait.sleeps(seen.clone(), because);
        let switched = HoldObservation {
            kill_switch: KillSwitchReading::Says(Control::ReleaseAll),
            ..seen
        };
        wait.exits(switched, KillSwitch);
    }
}

#[test]
fn every_look_asks_for_record_and_kill_switch_in_one_call() {
    for (_, history, seen) in holds() {
        let mut wait = wait();
        for earlier in history.into_iter().chain([seen]) {
            wait.see(earlier);
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
        ..failure(at, ReadError::Denied)
    };
    wait.see(denied(0));
    let alone = |at| HoldObservation {
        together: Together::NotAsked,
        ..failure(at, ReadError::Denied)
    };
    for at in [5, 40, 58] {
        assert_eq!(wait.asks(true, secs(at)), Ask::Record);
        let slept = wait.sleeps(alone(at), ReadFailed(ReadError::Denied));
        assert!(
            slept <= secs(60 - at),
            "no sleep goes beyond the next time: {slept:?}"
        );
    }
    assert_eq!(wait.asks(true, secs(59)), Ask::Both);
    wait.see(denied(60));
    assert_eq!(wait.asks(true, secs(61)), Ask::Record);
    wait.see(HoldObservation {
        together: Together::Answered,
        ..denied(120)
    });
    assert_eq!(wait.asks(true, secs(121)), Ask::Both, "it is allowed again");
}

#[test]
fn p3_without_an_instance_the_kill_switch_is_asked_for_once_a_minute() {
    let mut wait = wait();
    assert_eq!(wait.asks(false, secs(0)), Ask::Switch);
    wait.see(HoldObservation {
        together: Together::NotAsked,
        kill_switch: KillSwitchReading::Unclear,
        ..failure(0, ReadError::Unidentified)
    });
    assert_eq!(wait.asks(false, secs(30)), Ask::Nothing);
    assert_eq!(wait.asks(false, secs(59)), Ask::Switch);
    assert_eq!(wait.asks(true, secs(30)), Ask::Both, "its instance is known now");
}

#[test]
fn a_parameter_that_is_not_there_is_distinguished_from_one_that_cannot_be_parsed() {
    let unreadable = Reading::Failed(ReadError::Unreadable);
    assert_eq!(Reading::of_parameter(None), Reading::NotFound);
    assert_eq!(Reading::of_parameter(Some("")), unreadable);
    for (text, says) in [
        (None, KillSwitchReading::Says(Control::On)),
        (Some(""), KillSwitchReading::Unclear),
        (
            Some(r#"{"mode":"release-all"}"#),
            KillSwitchReading::Says(Control::ReleaseAll),
        ),
    ] {
        assert_eq!(KillSwitchReading::of_parameter(text), says, "{text:?}");
    }
}

#[test]
fn p1_a_drain_that_was_undone_before_sigterm_releases_no_daemon_in_the_next() {
    let undone = Record {
        reason: Some(ReleaseReason::Cancelled),
        ..released_before(20)
    };
    let mut wait = wait();
    wait.sleeps(reads(1, undone), NoRecordYet);
    wait.exits(reads(2, released_before(20)), Released);
}
