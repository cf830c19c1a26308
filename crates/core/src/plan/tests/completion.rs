//! Rule 5, and instances of our hook that are in no cluster.

use super::*;
use crate::policy::OnDeadline;
use crate::receipt::Receipt;
use jiff::SignedDuration;

fn released() -> Bench {
    let mut bench = Bench::holding();
    bench.tasks(vec![logs("RUNNING")]);
    let plan = bench.step(60);
    assert_eq!(names(&plan), ["put-released"]);
    bench
}

#[test]
fn p4_the_hook_is_completed_when_every_daemon_is_stopped() {
    let mut bench = released();
    for status in ["RUNNING", "STOPPING", "DEPROVISIONING"] {
        bench.tasks(vec![logs(status)]);
        assert_eq!(names(&bench.plan(90)), [""; 0], "{status}");
    }
    bench.tasks(vec![logs("STOPPED")]);
    let plan = bench.plan(90);
    assert_eq!(
        (names(&plan), plan.verdict),
        (vec!["complete", "receipt"], Verdict::Done)
    );
}

#[test]
fn p4_or_when_their_flush_window_is_over() {
    let mut bench = released();
    let plan = bench.plan(185);
    assert_eq!(
        (names(&plan), plan.look_again),
        (vec![], Some(SignedDuration::from_secs(1))),
        "two minutes after sidecars have read that they may go"
    );
    assert_eq!(names(&bench.plan(186)), ["complete", "receipt"]);
}

#[test]
fn the_receipt_counts_daemons_that_had_not_stopped() {
    let left = |status, seconds| {
        let mut bench = released();
        bench.tasks(vec![logs(status)]);
        let actions = bench.plan(seconds).actions;
        let receipt = actions.iter().find_map(|action| match action {
            Action::Receipt(record) => Some(Receipt::new(&bench.observation.key, record, at(seconds))),
            _ => None,
        });
        receipt.unwrap().daemons_left
    };
    assert_eq!(left("STOPPED", 90), 0);
    assert_eq!(left("STOPPING", 186), 1, "it has had its time");
}

#[test]
fn p4_unknown_daemons_have_the_whole_window() {
    let mut bench = released();
    bench.observation.tasks = Observed::Unknown("down".to_owned());
    assert_eq!(names(&bench.plan(185)), [""; 0]);
    assert_eq!(names(&bench.plan(186)), ["complete", "receipt"]);
}

#[test]
fn completion_is_tried_until_auto_scaling_says_it_is_over() {
    let mut bench = released();
    bench.tasks(vec![]);
    for seconds in [90, 150, 9000] {
        assert_eq!(names(&bench.plan(seconds)), ["complete", "receipt"]);
    }
    bench.observation.hook = Hook::Over;
    let plan = bench.step(9060);
    assert_eq!((names(&plan), plan.verdict), (vec!["receipt"], Verdict::Done));
}

#[test]
fn the_receipt_is_written_once() {
    let mut bench = released();
    bench.tasks(vec![]);
    assert_eq!(names(&bench.step(90)), ["complete", "receipt"]);
    let plan = bench.step(150);
    assert_eq!((names(&plan), plan.verdict), (vec![], Verdict::Done));
}

#[test]
fn a_receipt_is_due_without_a_hook_too_once_the_daemons_are_gone() {
    let mut bench = Bench::external();
    bench.step(0);
    bench.tasks(vec![logs("RUNNING")]);
    assert_eq!(names(&bench.step(60)), ["put-released"]);
    bench.tasks(vec![logs("STOPPED")]);
    assert_eq!(names(&bench.step(70)), ["receipt"]);
}

#[test]
fn the_hook_is_kept_alive_while_the_daemons_flush() {
    let mut bench = Bench::hooked();
    bench.policy.daemon_stop = SignedDuration::from_mins(10);
    bench.observation.hook = Hook::waiting(hook_action(120, Some(TOKEN)));
    bench.step(0);
    bench.status("DRAINING");
    bench.step(0);
    bench.tasks(vec![logs("RUNNING")]);
    bench.step(30);
    assert_eq!(names(&bench.step(91)), ["heartbeat", "put-count"]);
}

#[test]
fn an_instance_in_no_cluster_is_completed_after_a_second_look() {
    let hook = hook_action(3600, Some(TOKEN));
    let (hooks, policy) = (std::slice::from_ref(&hook), policy());
    let first = unplaced(hooks, &policy, Search::NotFound, HeartbeatSender::Planner, at(0));
    assert_eq!(
        (names(&first), first.look_again),
        (vec![], Some(SignedDuration::from_secs(5)))
    );
    assert_eq!(
        names(&unplaced(
            hooks,
            &policy,
            Search::NotFoundAgain,
            HeartbeatSender::Planner,
            at(5)
        )),
        ["complete"]
    );
    let blind = |heartbeats| {
        unplaced(
            hooks,
            &policy,
            Search::Incomplete("throttled".to_owned()),
            heartbeats,
            at(5),
        )
    };
    assert_eq!(names(&blind(HeartbeatSender::Planner)), ["heartbeat"], "P2");
    assert_eq!(
        names(&blind(HeartbeatSender::OwnFunction)),
        [""; 0],
        "somebody else sends it"
    );
}

#[test]
fn p3_the_wait_for_an_instance_that_cannot_be_looked_for_has_a_bound() {
    let hook = hook_action(3600, Some(TOKEN));
    let mut policy = policy();
    let seconds = policy.max_drain.as_secs();
    let blind = |policy: &Policy, now| {
        unplaced(
            std::slice::from_ref(&hook),
            policy,
            Search::Incomplete("throttled".to_owned()),
            HeartbeatSender::Planner,
            at(now),
        )
    };
    assert_eq!(names(&blind(&policy, seconds - 1)), ["heartbeat"]);
    let over = blind(&policy, seconds);
    assert_eq!((names(&over), over.verdict), (vec!["complete"], Verdict::Done));
    assert!(over.remarks[0].is_warning(), "{:?}", over.remarks);
    policy.on_deadline = OnDeadline::Hold;
    assert_eq!(names(&blind(&policy, 2 * seconds)), ["heartbeat"]);
}

#[test]
fn p10_the_end_of_an_unhooked_drain_is_one_write() {
    let mut bench = Bench::external();
    bench.step(0);
    bench.tasks(vec![]);
    assert_eq!(names(&bench.step(60)), ["receipt"]);
    assert!(bench.record().is_released());
}
