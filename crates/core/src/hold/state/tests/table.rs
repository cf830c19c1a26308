//! The table of the module's documentation, row by row.

use super::*;

/// One look after a history, and what follows from it.
struct Row {
    name: &'static str,
    history: Vec<HoldObservation>,
    known: SidecarIdentity,
    seen: HoldObservation,
    expected: Result<ExitReason, HoldReason>,
}

fn row(name: &'static str, seen: HoldObservation, expected: Result<ExitReason, HoldReason>) -> Row {
    Row {
        name,
        history: vec![],
        known: known(),
        seen,
        expected,
    }
}

fn after(history: Vec<HoldObservation>, row: Row) -> Row {
    Row { history, ..row }
}

fn knowing(known: SidecarIdentity, row: Row) -> Row {
    Row { known, ..row }
}

fn check(rows: Vec<Row>) {
    for Row {
        name,
        history,
        known,
        seen,
        expected,
    } in rows
    {
        let mut wait = wait();
        for earlier in &history {
            wait.next(&known, earlier);
        }
        match (wait.next(&known, &seen), expected) {
            (Decision::Exit(why), Ok(wanted)) => assert_eq!(why, wanted, "{name}"),
            (Decision::Sleep { reason: because, .. }, Err(wanted)) => assert_eq!(because, wanted, "{name}"),
            (other, wanted) => panic!("{name}: {other:?} instead of {wanted:?}"),
        }
    }
}

fn with_task(task: ProtectedContainers, seen: HoldObservation) -> HoldObservation {
    HoldObservation { task, ..seen }
}

fn with_target_state(target_state: TargetLifecycleState, seen: HoldObservation) -> HoldObservation {
    HoldObservation { target_state, ..seen }
}

#[test]
fn released_or_nothing_to_protect() {
    let tier = Record {
        released_services: vec!["fluent-bit".parse().unwrap()],
        ..holding()
    };
    let other_tier = Record {
        released_services: vec!["xray".parse().unwrap()],
        ..holding()
    };
    let nameless = SidecarIdentity {
        service: None,
        ..known()
    };
    check(vec![
        row("released", look(3, reading(released())), Ok(ExitReason::Released)),
        row(
            "own tier may go",
            look(3, reading(tier.clone())),
            Ok(ExitReason::ServiceReleased),
        ),
        row(
            "another tier may go",
            look(3, reading(other_tier)),
            Err(HoldReason::TasksRemain),
        ),
        knowing(
            nameless,
            row(
                "service unknown",
                look(3, reading(tier)),
                Err(HoldReason::TasksRemain),
            ),
        ),
        row(
            "p5 already dead",
            with_task(ProtectedContainers::Stopped, look(0, Reading::NotFound)),
            Ok(ExitReason::ProtectedStopped),
        ),
        row(
            "p5 already dead, nothing asked",
            with_task(
                ProtectedContainers::Stopped,
                look(0, Reading::Trouble(ReadError::NotAsked)),
            ),
            Ok(ExitReason::ProtectedStopped),
        ),
        row(
            "dead in a drain",
            with_task(ProtectedContainers::Stopped, look(9, reading(holding()))),
            Ok(ExitReason::ProtectedStopped),
        ),
    ]);
}

#[test]
fn holding_and_its_bounds() {
    let short = Record {
        deadline_at: sigterm() + secs(10),
        ..holding()
    };
    let endless = Record {
        deadline_at: sigterm() + SignedDuration::from_hours(48),
        ..holding()
    };
    check(vec![
        row(
            "holding",
            look(3, reading(holding())),
            Err(HoldReason::TasksRemain),
        ),
        row(
            "deadline just passed",
            look(11, reading(short.clone())),
            Err(HoldReason::TasksRemain),
        ),
        row(
            "deadline passed, the next tick may come",
            look(9 + SILENCE, reading(short.clone())),
            Err(HoldReason::TasksRemain),
        ),
        row(
            "p3 deadline passed by two ticks",
            look(10 + SILENCE, reading(short.clone())),
            Ok(ExitReason::DeadlinePassed),
        ),
        after(
            vec![look(3, reading(short))],
            row(
                "p3 dead coordinator, SSM down",
                look(10 + SILENCE, Reading::Trouble(ReadError::Failed)),
                Ok(ExitReason::DeadlinePassed),
            ),
        ),
        row(
            "p3 maximum hold",
            look(7200, reading(endless.clone())),
            Ok(ExitReason::MaxHold),
        ),
        row(
            "a release at the last moment",
            look(7200, reading(released())),
            Ok(ExitReason::Released),
        ),
        row(
            "before the maximum hold",
            look(7199, reading(endless)),
            Err(HoldReason::TasksRemain),
        ),
    ]);
}

#[test]
fn leftovers_are_as_no_record() {
    let ended = Record {
        receipt_at: Some(sigterm() - secs(1)),
        ..released()
    };
    let other_life = Record {
        container_instance_arn: OTHER_ARN.parse().unwrap(),
        ..released()
    };
    let other_life_holds = Record {
        state: State::Holding,
        ..other_life.clone()
    };
    let untold = SidecarIdentity {
        container_instance: None,
        ..known()
    };
    check(vec![
        row(
            "p2 leftover",
            look(3, reading(ended.clone())),
            Err(HoldReason::NoRecordYet),
        ),
        row(
            "p5 leftover, grace over",
            look(30, reading(ended.clone())),
            Ok(ExitReason::NotADrain),
        ),
        after(
            vec![look(3, reading(ended.clone()))],
            row(
                "a new drain's release",
                look(6, reading(released())),
                Ok(ExitReason::Released),
            ),
        ),
        after(
            vec![look(3, reading(ended))],
            row(
                "a new drain holds",
                look(6, reading(holding())),
                Err(HoldReason::TasksRemain),
            ),
        ),
        row(
            "p2 another life",
            look(3, reading(other_life.clone())),
            Err(HoldReason::NoRecordYet),
        ),
        row(
            "p5 another life, grace over",
            look(30, reading(other_life.clone())),
            Ok(ExitReason::NotADrain),
        ),
        row(
            "another life that holds",
            look(30, reading(other_life_holds)),
            Ok(ExitReason::NotADrain),
        ),
        knowing(
            untold,
            row(
                "life unknown",
                look(3, reading(other_life)),
                Ok(ExitReason::Released),
            ),
        ),
    ]);
}

#[test]
fn no_record() {
    let none = |at| look(at, Reading::NotFound);
    check(vec![
        row("grace", none(0), Err(HoldReason::NoRecordYet)),
        row("grace not over", none(29), Err(HoldReason::NoRecordYet)),
        row("p5 grace over", none(30), Ok(ExitReason::NotADrain)),
        row(
            "in service",
            with_target_state(TargetLifecycleState::InService, none(14)),
            Err(HoldReason::NoRecordYet),
        ),
        row(
            "p5 in service, grace over",
            with_target_state(TargetLifecycleState::InService, none(15)),
            Ok(ExitReason::NotADrain),
        ),
        row(
            "terminating",
            with_target_state(TargetLifecycleState::Leaving, none(299)),
            Err(HoldReason::NoRecordYetTerminating),
        ),
        row(
            "p3 terminating, grace over",
            with_target_state(TargetLifecycleState::Leaving, none(300)),
            Ok(ExitReason::NoRecordThoughTerminating),
        ),
        after(
            vec![none(3)],
            row(
                "it comes late",
                look(6, reading(holding())),
                Err(HoldReason::TasksRemain),
            ),
        ),
        after(
            vec![look(3, reading(holding()))],
            row(
                "p2 first look at nothing",
                none(6),
                Err(HoldReason::RecordVanished),
            ),
        ),
        after(
            vec![look(3, reading(holding())), none(6)],
            row("second look at nothing", none(9), Ok(ExitReason::RecordGone)),
        ),
        after(
            vec![look(29, Reading::Trouble(ReadError::Failed))],
            row(
                "p2 first answer after the grace",
                none(40),
                Ok(ExitReason::NotADrain),
            ),
        ),
    ]);
}

#[test]
fn host_going_down() {
    let gone = |at| {
        with_task(
            ProtectedContainers::Unreachable,
            look(at, Reading::Trouble(ReadError::NoCredentials)),
        )
    };
    let busy = |at| {
        with_task(
            ProtectedContainers::Unclear,
            look(at, Reading::Trouble(ReadError::NoCredentials)),
        )
    };
    let trouble = Err(HoldReason::Trouble(ReadError::NoCredentials));
    check(vec![
        row("both gone", gone(0), trouble),
        after(vec![gone(0)], row("both gone, not long", gone(59), trouble)),
        after(
            vec![gone(0)],
            row(
                "p3 both gone for a minute",
                gone(60),
                Ok(ExitReason::HostGoingDown),
            ),
        ),
        after(
            vec![look(0, reading(holding())), gone(10)],
            row("p1 not in a drain", gone(70), trouble),
        ),
        after(
            vec![look(0, Reading::Trouble(ReadError::NoCredentials))],
            row(
                "credentials alone",
                look(90, Reading::Trouble(ReadError::NoCredentials)),
                trouble,
            ),
        ),
        after(
            vec![busy(0)],
            row("p2 an agent that answers is there", busy(300), trouble),
        ),
        after(
            vec![with_task(
                ProtectedContainers::Absent,
                look(0, Reading::Trouble(ReadError::NoCredentials)),
            )],
            row(
                "no ECS task at all",
                with_task(
                    ProtectedContainers::Absent,
                    look(90, Reading::Trouble(ReadError::NoCredentials)),
                ),
                trouble,
            ),
        ),
        after(
            vec![with_task(
                ProtectedContainers::Unreachable,
                look(0, reading(holding())),
            )],
            row(
                "task metadata alone",
                with_task(ProtectedContainers::Unreachable, look(90, reading(holding()))),
                Err(HoldReason::TasksRemain),
            ),
        ),
    ]);
}

#[test]
fn disabled() {
    let mut wait = HoldState::new(HoldPolicy {
        disabled: true,
        ..HoldPolicy::default()
    });
    assert_eq!(
        wait.next(&known(), &look(0, reading(holding()))),
        Decision::Exit(ExitReason::Disabled)
    );
}
