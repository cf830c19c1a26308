//! The table of the module's documentation, row by row.

use super::*;

/// One look after a history, and what follows from it.
struct Row {
    name: &'static str,
    history: Vec<Observation>,
    known: Known,
    seen: Observation,
    expected: Result<Why, Because>,
}

fn row(name: &'static str, seen: Observation, expected: Result<Why, Because>) -> Row {
    Row {
        name,
        history: vec![],
        known: known(),
        seen,
        expected,
    }
}

fn after(history: Vec<Observation>, row: Row) -> Row {
    Row { history, ..row }
}

fn knowing(known: Known, row: Row) -> Row {
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
            (Next::Leave(why), Ok(wanted)) => assert_eq!(why, wanted, "{name}"),
            (Next::Sleep { because, .. }, Err(wanted)) => assert_eq!(because, wanted, "{name}"),
            (other, wanted) => panic!("{name}: {other:?} instead of {wanted:?}"),
        }
    }
}

fn with_task(task: Task, seen: Observation) -> Observation {
    Observation { task, ..seen }
}

fn with_fate(fate: Fate, seen: Observation) -> Observation {
    Observation { fate, ..seen }
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
    let nameless = Known {
        service: None,
        ..known()
    };
    check(vec![
        row("released", look(3, reading(released())), Ok(Why::Released)),
        row(
            "own tier may go",
            look(3, reading(tier.clone())),
            Ok(Why::ServiceReleased),
        ),
        row(
            "another tier may go",
            look(3, reading(other_tier)),
            Err(Because::TasksRemain),
        ),
        knowing(
            nameless,
            row(
                "service unknown",
                look(3, reading(tier)),
                Err(Because::TasksRemain),
            ),
        ),
        row(
            "p5 already dead",
            with_task(Task::Stopped, look(0, Reading::NotFound)),
            Ok(Why::ProtectedStopped),
        ),
        row(
            "p5 already dead, nothing asked",
            with_task(Task::Stopped, look(0, Reading::Trouble(Trouble::NotAsked))),
            Ok(Why::ProtectedStopped),
        ),
        row(
            "dead in a drain",
            with_task(Task::Stopped, look(9, reading(holding()))),
            Ok(Why::ProtectedStopped),
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
        row("holding", look(3, reading(holding())), Err(Because::TasksRemain)),
        row(
            "deadline just passed",
            look(11, reading(short.clone())),
            Err(Because::TasksRemain),
        ),
        row(
            "deadline passed, the next tick may come",
            look(9 + SILENCE, reading(short.clone())),
            Err(Because::TasksRemain),
        ),
        row(
            "p3 deadline passed by two ticks",
            look(10 + SILENCE, reading(short.clone())),
            Ok(Why::DeadlinePassed),
        ),
        after(
            vec![look(3, reading(short))],
            row(
                "p3 dead coordinator, SSM down",
                look(10 + SILENCE, Reading::Trouble(Trouble::Failed)),
                Ok(Why::DeadlinePassed),
            ),
        ),
        row(
            "p3 maximum hold",
            look(3600, reading(endless.clone())),
            Ok(Why::MaxHold),
        ),
        row(
            "a release at the last moment",
            look(3600, reading(released())),
            Ok(Why::Released),
        ),
        row(
            "before the maximum hold",
            look(3599, reading(endless)),
            Err(Because::TasksRemain),
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
    let untold = Known {
        container_instance: None,
        ..known()
    };
    check(vec![
        row(
            "p2 leftover",
            look(3, reading(ended.clone())),
            Err(Because::NoRecordYet),
        ),
        row(
            "p5 leftover, grace over",
            look(30, reading(ended.clone())),
            Ok(Why::NotADrain),
        ),
        after(
            vec![look(3, reading(ended.clone()))],
            row(
                "a new drain's release",
                look(6, reading(released())),
                Ok(Why::Released),
            ),
        ),
        after(
            vec![look(3, reading(ended))],
            row(
                "a new drain holds",
                look(6, reading(holding())),
                Err(Because::TasksRemain),
            ),
        ),
        row(
            "p2 another life",
            look(3, reading(other_life.clone())),
            Err(Because::NoRecordYet),
        ),
        row(
            "p5 another life, grace over",
            look(30, reading(other_life.clone())),
            Ok(Why::NotADrain),
        ),
        row(
            "another life that holds",
            look(30, reading(other_life_holds)),
            Ok(Why::NotADrain),
        ),
        knowing(
            untold,
            row("life unknown", look(3, reading(other_life)), Ok(Why::Released)),
        ),
    ]);
}

#[test]
fn no_record() {
    let none = |at| look(at, Reading::NotFound);
    check(vec![
        row("grace", none(0), Err(Because::NoRecordYet)),
        row("grace not over", none(29), Err(Because::NoRecordYet)),
        row("p5 grace over", none(30), Ok(Why::NotADrain)),
        row(
            "in service",
            with_fate(Fate::InService, none(14)),
            Err(Because::NoRecordYet),
        ),
        row(
            "p5 in service, grace over",
            with_fate(Fate::InService, none(15)),
            Ok(Why::NotADrain),
        ),
        row(
            "terminating",
            with_fate(Fate::Leaving, none(299)),
            Err(Because::NoRecordYetTerminating),
        ),
        row(
            "p3 terminating, grace over",
            with_fate(Fate::Leaving, none(300)),
            Ok(Why::NoRecordThoughTerminating),
        ),
        after(
            vec![none(3)],
            row(
                "it comes late",
                look(6, reading(holding())),
                Err(Because::TasksRemain),
            ),
        ),
        after(
            vec![look(3, reading(holding()))],
            row("p2 first look at nothing", none(6), Err(Because::RecordVanished)),
        ),
        after(
            vec![look(3, reading(holding())), none(6)],
            row("second look at nothing", none(9), Ok(Why::RecordGone)),
        ),
        after(
            vec![look(29, Reading::Trouble(Trouble::Failed))],
            row("p2 first answer after the grace", none(40), Ok(Why::NotADrain)),
        ),
    ]);
}

#[test]
fn host_going_down() {
    let gone = |at| {
        with_task(
            Task::Unreachable,
            look(at, Reading::Trouble(Trouble::NoCredentials)),
        )
    };
    let trouble = Err(Because::Trouble(Trouble::NoCredentials));
    check(vec![
        row("both gone", gone(0), trouble),
        after(vec![gone(0)], row("both gone, not long", gone(59), trouble)),
        after(
            vec![gone(0)],
            row("p3 both gone for a minute", gone(60), Ok(Why::HostGoingDown)),
        ),
        after(
            vec![look(0, reading(holding())), gone(10)],
            row("p3 also in a drain", gone(70), Ok(Why::HostGoingDown)),
        ),
        after(
            vec![look(0, Reading::Trouble(Trouble::NoCredentials))],
            row(
                "credentials alone",
                look(90, Reading::Trouble(Trouble::NoCredentials)),
                trouble,
            ),
        ),
        after(
            vec![with_task(
                Task::Absent,
                look(0, Reading::Trouble(Trouble::NoCredentials)),
            )],
            row(
                "no ECS task at all",
                with_task(Task::Absent, look(90, Reading::Trouble(Trouble::NoCredentials))),
                trouble,
            ),
        ),
        after(
            vec![with_task(Task::Unreachable, look(0, reading(holding())))],
            row(
                "task metadata alone",
                with_task(Task::Unreachable, look(90, reading(holding()))),
                Err(Because::TasksRemain),
            ),
        ),
    ]);
}

#[test]
fn disabled() {
    let mut wait = Wait::new(Policy {
        disabled: true,
        ..Policy::default()
    });
    assert_eq!(
        wait.next(&known(), &look(0, reading(holding()))),
        Next::Leave(Why::Disabled)
    );
}
