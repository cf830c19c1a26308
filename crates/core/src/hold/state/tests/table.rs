//! The table of the module's documentation, row by row.

use super::*;

/// One look after a history, and what follows from it: an exit, or a sleep with its reason.
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

fn exits(name: &'static str, seen: HoldObservation, why: ExitReason) -> Row {
    row(name, seen, Ok(why))
}

fn sleeps(name: &'static str, seen: HoldObservation, why: HoldReason) -> Row {
    row(name, seen, Err(why))
}

impl Row {
    fn after(self, history: Vec<HoldObservation>) -> Row {
        Row { history, ..self }
    }

    fn knowing(self, known: SidecarIdentity) -> Row {
        Row { known, ..self }
    }
}

fn check(rows: Vec<Row>) {
    for row in rows {
        let (name, mut wait) = (row.name, wait());
        for earlier in &row.history {
            wait.next(&row.known, earlier);
        }
        match (wait.next(&row.known, &row.seen), row.expected) {
            (Decision::Exit(why), Ok(wanted)) => assert_eq!(why, wanted, "{name}"),
            (Decision::Sleep { reason, .. }, Err(wanted)) => assert_eq!(reason, wanted, "{name}"),
            (other, wanted) => panic!("{name}: {other:?} instead of {wanted:?}"),
        }
    }
}

fn with_task(task: ProtectedContainers, seen: HoldObservation) -> HoldObservation {
    HoldObservation { task, ..seen }
}

#[test]
fn released_or_nothing_to_protect() {
    let tier = |service: &str| Record {
        released_services: vec![service.parse().unwrap()],
        ..holding()
    };
    let nameless = SidecarIdentity {
        service: None,
        ..known()
    };
    let dead = |seen| with_task(ProtectedContainers::Stopped, seen);
    let unasked = failure(0, ReadError::NotAsked);
    check(vec![
        exits("released", reads(3, released()), Released),
        exits("own tier may go", reads(3, tier("fluent-bit")), ServiceReleased),
        sleeps("another tier may go", reads(3, tier("xray")), TasksRemain),
        sleeps("service unknown", reads(3, tier("fluent-bit")), TasksRemain).knowing(nameless),
        exits("p5 already dead", dead(nothing(0)), ProtectedStopped),
        exits("p5 already dead, nothing asked", dead(unasked), ProtectedStopped),
        exits("dead in a drain", dead(reads(9, holding())), ProtectedStopped),
    ]);
}

#[test]
fn holding_and_its_bounds() {
    let until = |seconds| Record {
        deadline_at: sigterm() + secs(seconds),
        ..holding()
    };
    let (short, endless) = (until(10), until(48 * 3600));
    let (over, down) = (10 + SILENCE, failure(10 + SILENCE, ReadError::Failed));
    check(vec![
        sleeps("holding", reads(3, holding()), TasksRemain),
        sleeps("deadline just passed", reads(11, short.clone()), TasksRemain),
        sleeps(
            "the next tick may come",
            reads(over - 1, short.clone()),
            TasksRemain,
        ),
        exits(
            "p3 passed by two ticks",
            reads(over, short.clone()),
            DeadlinePassed,
        ),
        exits("p3 dead coordinator, SSM down", down, DeadlinePassed).after(vec![reads(3, short)]),
        exits("p3 maximum hold", reads(7200, endless.clone()), MaxHold),
        exits("a release at the last moment", reads(7200, released()), Released),
        sleeps("before the maximum hold", reads(7199, endless), TasksRemain),
    ]);
}

#[test]
fn leftovers_are_as_no_record() {
    let ended = Record {
        receipt_at: Some(sigterm() - secs(1)),
        ..released()
    };
    let other = Record {
        container_instance_arn: OTHER_ARN.parse().unwrap(),
        ..released()
    };
    let untold = SidecarIdentity {
        container_instance: None,
        ..known()
    };
    let leftover = || vec![reads(3, ended.clone())];
    check(vec![
        sleeps("p2 leftover", reads(3, ended.clone()), NoRecordYet),
        exits("p5 leftover, grace over", reads(30, ended.clone()), NotADrain),
        exits("a new drain's release", reads(6, released()), Released).after(leftover()),
        sleeps("a new drain holds", reads(6, holding()), TasksRemain).after(leftover()),
        sleeps("p2 another life", reads(3, other.clone()), NoRecordYet),
        exits("p5 another life, grace over", reads(30, other.clone()), NotADrain),
        exits("another life that holds", reads(30, other_life()), NotADrain),
        exits("life unknown", reads(3, other), Released).knowing(untold),
    ]);
}

#[test]
fn no_record() {
    let at_state = |target_state, at| HoldObservation {
        target_state,
        ..nothing(at)
    };
    let in_service = |at| at_state(TargetLifecycleState::InService, at);
    let leaving = |at| at_state(TargetLifecycleState::Leaving, at);
    let seen = reads(3, holding());
    let failed = failure(29, ReadError::Failed);
    check(vec![
        sleeps("grace", nothing(0), NoRecordYet),
        sleeps("grace not over", nothing(29), NoRecordYet),
        exits("p5 grace over", nothing(30), NotADrain),
        sleeps("in service", in_service(14), NoRecordYet),
        exits("p5 in service, grace over", in_service(15), NotADrain),
        sleeps("terminating", leaving(299), NoRecordYetTerminating),
        exits(
            "p3 terminating, grace over",
            leaving(300),
            NoRecordThoughTerminating,
        ),
        sleeps("it comes late", reads(6, holding()), TasksRemain).after(vec![nothing(3)]),
        sleeps("p2 first look at nothing", nothing(6), RecordVanished).after(vec![seen.clone()]),
        sleeps("p2 later looks at nothing", nothing(35), RecordVanished)
            .after(vec![seen.clone(), nothing(6)]),
        exits("nothing for half a minute", nothing(36), RecordGone).after(vec![seen, nothing(6)]),
        exits("p2 first answer after the grace", nothing(40), NotADrain).after(vec![failed]),
    ]);
}

#[test]
fn host_going_down() {
    let without = |at| failure(at, ReadError::NoCredentials);
    let gone = |at| with_task(ProtectedContainers::Unreachable, without(at));
    let busy = |at| with_task(ProtectedContainers::Unclear, without(at));
    let no_task = |at| with_task(ProtectedContainers::Absent, without(at));
    let blind = |at| with_task(ProtectedContainers::Unreachable, reads(at, holding()));
    let error = ReadFailed(ReadError::NoCredentials);
    let in_drain = vec![reads(0, holding()), gone(10)];
    check(vec![
        sleeps("both gone", gone(0), error),
        sleeps("both gone, not long", gone(59), error).after(vec![gone(0)]),
        exits("p3 both gone for a minute", gone(60), HostGoingDown).after(vec![gone(0)]),
        sleeps("p1 not in a drain", gone(70), error).after(in_drain),
        sleeps("credentials alone", without(90), error).after(vec![without(0)]),
        sleeps("p2 an agent that answers is there", busy(300), error).after(vec![busy(0)]),
        sleeps("no ECS task at all", no_task(90), error).after(vec![no_task(0)]),
        sleeps("task metadata alone", blind(90), TasksRemain).after(vec![blind(0)]),
    ]);
}

#[test]
fn disabled() {
    let mut wait = HoldState::new(HoldPolicy {
        disabled: true,
        ..HoldPolicy::default()
    });
    wait.exits(reads(0, holding()), Disabled);
}
