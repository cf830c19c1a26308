//! What the record and its receipt say of a drain.

use super::*;
use crate::receipt::Receipt;

/// When a protected daemon has gone according to the record, after a look at second 60.
fn gone(bench: &mut Bench, tasks: Vec<Task>) -> Option<Timestamp> {
    bench.tasks(tasks);
    bench.step(60);
    bench.record().daemons_gone_at
}

#[test]
fn a_daemon_that_ends_while_tasks_hold_is_reported() {
    let web = |status| web(1, status);
    let gone_at = |seconds| stopped(seconds, logs(""));
    let ended = |seconds| stopped(seconds, web(""));
    for (what, tasks, reported) in [
        ("all is well", vec![web("RUNNING"), logs("RUNNING")], None),
        ("it stops", vec![web("RUNNING"), logs("STOPPING")], None),
        ("it has stopped", vec![web("RUNNING"), gone_at(30)], Some(at(30))),
        ("before the last task", vec![ended(40), gone_at(30)], Some(at(30))),
        ("after the last task", vec![ended(30), gone_at(40)], None),
        (
            "before the drain",
            vec![web("RUNNING"), logs("RUNNING"), gone_at(-9)],
            None,
        ),
        (
            "another has taken its place",
            vec![web("RUNNING"), gone_at(30), logs("RUNNING")],
            None,
        ),
    ] {
        assert_eq!(gone(&mut Bench::holding(), tasks), reported, "{what}");
    }
}

#[test]
fn a_daemon_that_went_before_a_drain_by_another_actor_was_known_is_reported() {
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
fn what_was_seen_before_a_drain_could_be_recorded_is_reported() {
    let begun = |unrecorded: Option<&UnrecordedDrain>, tasks: Vec<Task>| {
        let mut bench = Bench::hooked();
        bench.tasks(tasks);
        bench.observation.at = at(60);
        let plan = plan(&Situation {
            unrecorded,
            ..bench.situation(60, None)
        });
        plan.record().unwrap().clone()
    };
    let went = || vec![web(1, "RUNNING"), stopped(-30, logs(""))];
    let record = begun(None, went());
    assert_eq!(
        record.daemons_gone_at, None,
        "the hook waits since then, and what was before is not known"
    );
    let known = |since, record: Record| UnrecordedDrain {
        since: at(since),
        record,
    };
    let gone_at = |drain: &UnrecordedDrain, tasks| begun(Some(drain), tasks).daemons_gone_at;
    assert_eq!(gone_at(&known(-10, record.clone()), went()), None);
    assert_eq!(gone_at(&known(-60, record), went()), Some(at(-30)));
    let bare = begun(None, vec![web(1, "RUNNING"), bare_logs()]);
    let seen = Record {
        daemons_gone_at: Some(at(-30)),
        ..bare.clone()
    };
    let later = begun(Some(&known(-60, seen)), vec![web(1, "RUNNING")]);
    assert_eq!(
        (later.daemons_gone_at, later.unprotected),
        (Some(at(-30)), bare.unprotected),
        "ECS has forgotten them"
    );
}

#[test]
fn a_daemon_that_went_in_a_drain_of_another_actor_is_reported_by_the_drain_of_our_hook() {
    for (status, gone) in [("DRAINING", Some(at(-30))), ("ACTIVE", None)] {
        let mut bench = Bench::hooked();
        bench.status(status);
        bench.tasks(vec![web(1, "RUNNING"), stopped(-30, logs(""))]);
        bench.step(0);
        assert_eq!(bench.record().daemons_gone_at, gone, "{status}");
    }
}

#[test]
fn a_daemon_that_went_early_stays_reported_and_warns() {
    let mut bench = Bench::holding();
    gone(&mut bench, vec![web(1, "RUNNING"), stopped(30, logs(""))]);
    bench.tasks(vec![stopped(70, web(1, "")), stopped(30, logs(""))]);
    assert!(warns(&bench.step(80), "a protected daemon"));
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

/// The daemon of `logs`, whose task runs and whose sidecar has ended.
fn bare_logs() -> Task {
    let mut task = logs("RUNNING");
    let sidecar = task.containers.last_mut().unwrap();
    sidecar.last_status = Some("STOPPED".to_owned().into());
    sidecar.exit_code = Some(64);
    task
}

fn named(bench: &Bench) -> Vec<String> {
    let record = bench.record();
    record.unprotected.iter().map(ToString::to_string).collect()
}

const BARE: &str = "daemon of service logs was not protected: its sidecar had stopped";

#[test]
fn a_daemon_whose_sidecar_has_ended_is_named_from_the_first_record_on() {
    let mut bench = Bench::hooked();
    bench.tasks(vec![web(1, "RUNNING"), bare_logs()]);
    let plan = bench.step(0);
    assert_eq!(names(&plan), ["put-holding", "set-draining"]);
    assert!(warns(&plan, BARE), "{:?}", plan.remarks);
    assert_eq!(named(&bench), [BARE]);
    assert_eq!(bench.record().sidecars, 0, "no sidecar reads its record");
    bench.status("DRAINING");
    let stops = Task {
        last_status: "STOPPING".to_owned().into(),
        stopping: true,
        ..bare_logs()
    };
    bench.tasks(vec![web(1, "RUNNING"), stops]);
    assert!(warns(&bench.step(30), BARE), "it stays in the lines");
    assert_eq!(named(&bench), [BARE], "its exit code says no more");
    let receipt = Receipt::new(&key(), &bench.record(), bench.policy.linger, at(90));
    assert_eq!(receipt.unprotected, [BARE]);
}

#[test]
fn a_sidecar_that_ends_during_a_drain_is_recorded_at_once_and_once() {
    let mut bench = Bench::holding();
    bench.tasks(vec![web(1, "RUNNING"), bare_logs()]);
    assert_eq!(bench.done(2), ["put-holding"], "it is no count that waits");
    assert_eq!(named(&bench), [BARE]);
    assert_eq!(bench.done(4), [""; 0]);
    assert_eq!(named(&bench), [BARE]);
}

/// It went within seconds of the last task, so that no look saw it run without its sidecar.
#[test]
fn a_sidecar_that_ended_with_an_error_after_the_stop_order_is_named() {
    const FAILED: &str =
        "daemon of service logs was not protected: its sidecar had ended with an error, before the release";
    const NEVER: &str = "daemon of service logs was not protected: its sidecar had never started";
    let daemon_alone = |seconds| {
        let mut task = stopped(seconds, logs(""));
        task.containers[0].exit_code = Some(0);
        task
    };
    let with_code = |task: Task, code| {
        let mut task = task;
        task.containers.last_mut().unwrap().exit_code = code;
        task
    };
    let ended = |seconds, code| with_code(stopped(seconds, logs("")), code);
    let stops = |code| Task {
        stopping: true,
        ..with_code(logs("STOPPING"), code)
    };
    let refused = |task: Task| {
        let mut task = task;
        let sidecar = task.containers.last_mut().unwrap();
        sidecar.last_status = Some("STOPPED".to_owned().into());
        sidecar.reason = Some("CannotPullContainerError: no such host".to_owned());
        task
    };
    for (what, daemons, expected) in [
        ("it refused its settings", vec![ended(40, Some(64))], vec![FAILED]),
        (
            "it was killed, and the daemon flushes",
            vec![stops(Some(137))],
            vec![FAILED],
        ),
        ("it holds", vec![stops(None)], vec![]),
        (
            "its grace without a record was over",
            vec![ended(40, Some(0))],
            vec![],
        ),
        ("before the drain", vec![ended(-9, Some(64))], vec![]),
        ("it never started", vec![daemon_alone(40)], vec![NEVER]),
        (
            "its image could not be pulled, and the daemon flushes",
            vec![refused(stops(None))],
            vec![NEVER],
        ),
        (
            "the agent has reported nothing of it",
            vec![ended(40, None)],
            vec![],
        ),
        (
            "another has taken its place",
            vec![ended(4, Some(64)), logs("RUNNING")],
            vec![],
        ),
    ] {
        let mut bench = Bench::holding();
        bench.tasks([vec![stopped(30, web(1, ""))], daemons].concat());
        bench.step(60);
        assert_eq!(named(&bench), expected, "{what}");
    }
}

#[test]
fn a_daemon_that_was_let_go_is_not_unprotected() {
    let mut bench = Bench::holding();
    bench.step(3600);
    assert!(bench.record().is_released());
    bench.tasks(vec![web(1, "RUNNING"), bare_logs()]);
    bench.step(3620);
    assert_eq!(named(&bench), [""; 0]);
}
