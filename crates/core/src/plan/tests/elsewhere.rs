//! An instance that is registered in several clusters: its hooks wait for the drains in all of them.

use super::*;
use crate::observation::{Elsewhere, SeenElsewhere};

/// A drain is over at the latest this many seconds after it began: after `MAX_DRAIN` its sidecars leave in 150 s if no run
/// releases them, and then its daemons need 126 s.
const LONGEST: i64 = 3600 + 150 + 126;

fn elsewhere(seen: SeenElsewhere) -> Vec<Elsewhere> {
    let cluster = "batch".parse().unwrap();
    vec![Elsewhere { cluster, seen }]
}

/// A drain of the same instance that began with ours in another cluster, and holds there.
fn other() -> Record {
    Record {
        container_instance_arn: "arn:aws:ecs:eu-west-1:123456789012:container-instance/batch/1"
            .parse()
            .unwrap(),
        ..Bench::holding().record()
    }
}

fn released(at_second: i64) -> Record {
    Record {
        state: crate::record::State::Released,
        reason: Some(ReleaseReason::Drained),
        released_at: Some(at(at_second)),
        ..other()
    }
}

fn with_receipt(at_second: i64) -> Record {
    Record {
        receipt_at: Some(at(at_second)),
        ..released(at_second)
    }
}

fn drains(record: Record) -> SeenElsewhere {
    SeenElsewhere::Drain(Box::new(record))
}

/// Our drain, whose daemons are all STOPPED since second 60.
fn flushed(seen: SeenElsewhere) -> Bench {
    let mut bench = Bench::hooked();
    bench.observation.elsewhere = elsewhere(seen);
    bench.step(0);
    bench.status("DRAINING");
    bench.step(0);
    bench.tasks(vec![logs("RUNNING")]);
    assert_eq!(names(&bench.step(60)), ["put-released"]);
    bench.tasks(vec![logs("STOPPED")]);
    bench
}

#[test]
fn p4_the_hook_is_completed_when_the_drains_in_all_clusters_are_over() {
    let earlier_wait = Record {
        lifecycle: with_receipt(-900).lifecycle.map(|hook| crate::record::Lifecycle {
            lifecycle_action_token: Some(OTHER_TOKEN.parse().unwrap()),
            ..hook
        }),
        ..with_receipt(-900)
    };
    let without_hook = Record {
        lifecycle: None,
        ..with_receipt(-900)
    };
    for (name, seen, completes) in [
        ("it holds", drains(other()), false),
        ("it flushes", drains(released(70)), false),
        ("it has had its flush", drains(released(-90)), true),
        ("it has its receipt", drains(with_receipt(70)), true),
        ("its record is of an earlier wait", drains(earlier_wait), false),
        (
            "its record is of a drain without a hook",
            drains(without_hook),
            false,
        ),
        ("it has not begun", SeenElsewhere::NotBegun, false),
        (
            "it is not known",
            SeenElsewhere::Unknown("throttled".to_owned()),
            false,
        ),
        ("the instance is not there any more", SeenElsewhere::Nowhere, true),
    ] {
        let mut bench = flushed(seen);
        let plan = bench.plan(90);
        let expected: &[&str] = match completes {
            true => &["complete", "receipt"],
            false => &["receipt"],
        };
        assert_eq!(
            (names(&plan), plan.verdict),
            (expected.to_vec(), Verdict::Done),
            "{name}"
        );
        let kept = plan.remarks.iter().any(|remark| {
            remark
                .to_string()
                .contains("waits for the drain of the same instance in batch")
        });
        assert_eq!(kept, !completes, "{name}: {:?}", plan.remarks);
    }
}

#[test]
fn p3_a_drain_in_another_cluster_delays_the_hook_no_longer_than_it_may_last() {
    for (name, seen) in [
        ("it holds", drains(other())),
        ("it has not begun", SeenElsewhere::NotBegun),
        ("it is not known", SeenElsewhere::Unknown("throttled".to_owned())),
    ] {
        let mut bench = flushed(seen);
        bench.step(90);
        // An event of the drain announces no hook; the tick does.
        bench.observation.hook = Hook::waiting(HookAction {
            since: at(9000),
            ..hook_action(3600, None)
        });
        assert!(!names(&bench.plan(LONGEST - 1)).contains(&"complete"), "{name}");
        assert_eq!(names(&bench.plan(LONGEST)), ["complete"], "{name}");
    }
    let extended = Record {
        deadline_at: at(7200),
        ..other()
    };
    let mut bench = flushed(drains(extended));
    bench.step(90);
    assert!(
        !names(&bench.plan(7200)).contains(&"complete"),
        "an operator has extended it"
    );
    assert_eq!(names(&bench.plan(7200 + LONGEST - 3600)), ["complete"]);
}

#[test]
fn p4_the_tick_completes_the_hook_if_both_drains_ended_at_once() {
    let mut bench = flushed(drains(released(70)));
    assert_eq!(names(&bench.step(90)), ["receipt"]);
    bench.observation.elsewhere = elsewhere(drains(with_receipt(90)));
    bench.observation.hook = Hook::waiting(hook_action(3600, None));
    let plan = bench.plan(120);
    assert_eq!((names(&plan), plan.verdict), (vec!["complete"], Verdict::Done));
}

#[test]
fn p4_a_hook_that_waits_for_another_cluster_is_kept_alive() {
    let mut bench = flushed(SeenElsewhere::NotBegun);
    assert_eq!(names(&bench.step(90)), ["receipt"]);
    assert_eq!(names(&bench.step(1800)), ["heartbeat", "put-count"]);
    assert_eq!(names(&bench.plan(1860)), [""; 0]);
}

#[test]
fn the_record_names_the_clusters_in_which_the_instance_is_registered() {
    let mut bench = Bench::hooked();
    bench.observation.elsewhere = elsewhere(SeenElsewhere::NotBegun);
    bench.step(0);
    assert_eq!(bench.record().other_clusters, ["batch".parse().unwrap()]);
    let mut alone = Bench::hooked();
    alone.observation.elsewhere = elsewhere(SeenElsewhere::Nowhere);
    alone.step(0);
    assert!(alone.record().other_clusters.is_empty());
    // A drain by another actor learns of them with its hook.
    let mut joined = Bench::external();
    joined.step(0);
    joined.observation.hook = Hook::waiting(hook_action(3600, Some(TOKEN)));
    joined.observation.elsewhere = elsewhere(drains(other()));
    assert_eq!(names(&joined.step(30))[0], "put-holding");
    assert_eq!(joined.record().other_clusters, ["batch".parse().unwrap()]);
}

#[test]
fn p4_an_instance_that_is_gone_in_one_cluster_is_kept_for_its_drain_in_another() {
    let mut bench = Bench::hooked();
    bench.observation.instance = Observed::Absent;
    bench.observation.elsewhere = elsewhere(drains(other()));
    let plan = bench.plan(0);
    assert_eq!((names(&plan), plan.verdict), (vec!["heartbeat"], Verdict::Done));
    bench.observation.elsewhere = elsewhere(drains(with_receipt(60)));
    assert_eq!(names(&bench.plan(90)), ["complete"]);
}

#[test]
fn p3_drains_that_cannot_be_recorded_do_not_wait_for_each_other() {
    let mut bench = Bench::hooked();
    bench.observation.elsewhere = elsewhere(SeenElsewhere::NotBegun);
    let given_up = |bench: &mut Bench, seconds| {
        bench.observation.at = at(seconds);
        let situation = Situation {
            heartbeats: HeartbeatSender::OwnFunction,
            ..bench.situation(seconds, None)
        };
        names(&plan(&situation)) == ["complete"]
    };
    assert!(!given_up(&mut bench, 3599));
    assert!(given_up(&mut bench, 3600));
    bench.observation.elsewhere = elsewhere(drains(other()));
    assert!(
        !given_up(&mut bench, 3600),
        "the other one has a record, and holds"
    );
    assert!(given_up(&mut bench, LONGEST));
}

#[test]
fn an_order_releases_one_drain_and_the_hook_waits_for_the_other() {
    let mut bench = Bench::holding();
    bench.observation.elsewhere = elsewhere(drains(other()));
    let plan = bench.plan_with(60, Some(&command(Order::Release)));
    assert_eq!(names(&plan), ["put-released"]);
    assert_eq!(plan.order, Some(OrderOutcome::Done));
    bench.store(plan.record().unwrap().clone());
    assert_eq!(names(&bench.plan(60 + 126)), ["receipt"]);
}
