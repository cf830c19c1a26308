//! What the record and its receipt tell of a drain.

use super::*;

fn stopped(seconds: i64, task: Task) -> Task {
    Task {
        last_status: "STOPPED".to_owned().into(),
        stopped_at: Some(at(seconds)),
        ..task
    }
}

/// When a protected daemon is said to have gone, after a look at second 60.
fn gone(bench: &mut Bench, tasks: Vec<Task>) -> Option<Timestamp> {
    bench.tasks(tasks);
    bench.step(60);
    bench.record().daemons_gone_at
}

#[test]
fn a_daemon_that_ends_while_tasks_hold_is_told() {
    for (what, tasks, told) in [
        ("all is well", vec![web(1, "RUNNING"), logs("RUNNING")], None),
        ("it stops", vec![web(1, "RUNNING"), logs("STOPPING")], None),
        (
            "it has stopped",
            vec![web(1, "RUNNING"), stopped(30, logs(""))],
            Some(at(30)),
        ),
        (
            "it went before the last task",
            vec![stopped(40, web(1, "")), stopped(30, logs(""))],
            Some(at(30)),
        ),
        (
            "it went after the last task",
            vec![stopped(30, web(1, "")), stopped(40, logs(""))],
            None,
        ),
        (
            "it went before the drain",
            vec![web(1, "RUNNING"), logs("RUNNING"), stopped(-9, logs(""))],
            None,
        ),
        (
            "another has taken its place",
            vec![web(1, "RUNNING"), stopped(30, logs("")), logs("RUNNING")],
            None,
        ),
    ] {
        assert_eq!(gone(&mut Bench::holding(), tasks), told, "{what}");
    }
}

#[test]
fn a_daemon_that_went_before_a_drain_of_somebody_elses_was_known_is_told() {
    let went = |seconds| {
        let mut bench = Bench::external();
        bench.tasks(vec![web(1, "RUNNING"), stopped(seconds, logs(""))]);
        bench.step(0);
        bench.record().daemons_gone_at
    };
    assert_eq!(went(-40), Some(at(-40)));
    assert_eq!(went(-3000), None, "long before it began");
}

#[test]
fn a_daemon_that_went_early_stays_told_and_warns() {
    let mut bench = Bench::holding();
    gone(&mut bench, vec![web(1, "RUNNING"), stopped(30, logs(""))]);
    bench.tasks(vec![stopped(70, web(1, "")), stopped(30, logs(""))]);
    let plan = bench.step(80);
    assert!(
        plan.reasons
            .iter()
            .any(|reason| reason.starts_with("warning: a protected daemon"))
    );
    assert_eq!(bench.record().daemons_gone_at, Some(at(30)));
}

#[test]
fn daemons_that_were_let_go_have_not_gone_early() {
    let mut bench = Bench::holding();
    bench.step(3600);
    assert!(bench.record().is_released());
    bench.tasks(vec![web(1, "RUNNING"), stopped(3610, logs(""))]);
    bench.step(3620);
    assert_eq!(bench.record().daemons_gone_at, None);
}

#[test]
fn calls_are_counted_once_also_if_one_plan_writes_twice() {
    let mut bench = Bench::holding();
    bench.tasks(vec![]);
    bench.observation.at = at(60);
    let plan = plan(&Situation {
        calls: 7,
        ..bench.situation(60, None)
    });
    assert_eq!(names(&plan), ["put-released", "complete", "receipt"]);
    let counts = plan.actions.iter().filter_map(|action| match action {
        Action::PutRecord(record) | Action::Receipt(record) => Some(record.calls),
        _ => None,
    });
    assert_eq!(counts.collect::<Vec<_>>(), [7, 7]);
}
