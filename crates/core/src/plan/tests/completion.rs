//! Rule 5, and instances of our hook that are in no cluster.

use super::*;
use crate::policy::OnDeadline;
use crate::receipt::Receipt;

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
    assert_eq!(names(&plan), ["complete", "receipt"]);
    assert_eq!(plan.verdict, Verdict::Done);
}

#[test]
fn p4_or_when_their_flush_window_is_over() {
    let mut bench = released();
    // Two minutes after sidecars have read that they may go.
    let plan = bench.plan(185);
    assert_eq!((names(&plan), plan.look_again), (vec![], Some(seconds(1))));
    assert_eq!(names(&bench.plan(186)), ["complete", "receipt"]);
}

/// Its event was lost, so it may be another wait than that of the release: of an instance that came back meanwhile.
#[test]
fn p4_a_wait_without_a_name_is_not_completed_while_the_instance_is_in_service() {
    let completes = |status: &str, connected: bool| {
        let mut bench = Bench::hooked();
        bench.observation.hook = waits(3600, None);
        bench.begin(0);
        bench.tasks(vec![logs("RUNNING")]);
        bench.step(60);
        bench.status(status);
        bench.change(|instance| instance.agent_connected = connected);
        names(&bench.plan(3000)).contains(&"complete")
    };
    assert!(
        !completes("ACTIVE", true),
        "its daemon was asked to stop by no drain"
    );
    assert!(
        completes("ACTIVE", false),
        "without its agent no drain could stop anything"
    );
    assert!(completes("DRAINING", true));
}

#[test]
fn the_receipt_counts_daemons_that_had_not_stopped() {
    let left = |status, seconds| {
        let mut bench = released();
        bench.tasks(vec![logs(status)]);
        let actions = bench.plan(seconds).actions;
        let receipt = actions.iter().find_map(|action| match action {
            Action::Receipt(record) => Some(Receipt::new(&key(), record, bench.policy.linger, at(seconds))),
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
    bench.observation.tasks = Observed::Unknown("down".to_owned()).into();
    assert_eq!(names(&bench.plan(185)), [""; 0]);
    assert_eq!(names(&bench.plan(186)), ["complete", "receipt"]);
}

#[test]
fn p4_a_drain_whose_daemons_events_have_reported_stopped_is_completed() {
    let mut bench = released();
    bench.observation.tasks = SeenTasks::Flushed;
    let plan = bench.plan(90);
    assert_eq!(names(&plan), ["complete", "receipt"]);
    let receipt = plan
        .record()
        .map(|record| (record.remaining, record.daemons_left));
    assert_eq!(receipt, Some((0, 0)));
}

#[test]
fn p2_what_events_have_reported_of_daemons_releases_no_drain_that_holds() {
    let mut bench = Bench::holding();
    bench.observation.tasks = SeenTasks::Flushed;
    let plan = bench.plan(3599);
    let ends = names(&plan)
        .into_iter()
        .filter(|name| ["put-released", "complete"].contains(name));
    assert_eq!((ends.count(), plan.verdict), (0, Verdict::Holding));
    bench.observation.tasks = Observed::Present(Vec::new()).into();
    assert_eq!(bench.plan(3599).verdict, Verdict::Done, "tasks that were read do");
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
    assert_eq!(bench.done(90), ["complete", "receipt"]);
    let plan = bench.step(150);
    assert_eq!((names(&plan), plan.verdict), (vec![], Verdict::Done));
}

#[test]
fn a_receipt_is_due_without_a_hook_too_once_the_daemons_are_gone() {
    let mut bench = Bench::external_holding();
    bench.tasks(vec![logs("RUNNING")]);
    assert_eq!(bench.done(60), ["put-released"]);
    bench.tasks(vec![logs("STOPPED")]);
    assert_eq!(bench.done(70), ["receipt"]);
}

#[test]
fn the_hook_is_kept_alive_while_the_daemons_flush() {
    let mut bench = Bench::hooked();
    bench.policy.daemon_stop = SignedDuration::from_mins(10);
    bench.observation.hook = waits(120, Some(TOKEN));
    bench.begin(0);
    bench.tasks(vec![logs("RUNNING")]);
    bench.step(30);
    assert_eq!(bench.done(91), ["heartbeat", "put-count"]);
}

/// What is done about a hook that waits since second 0 for an instance in no cluster.
fn unplaced_at(now: i64, search: Search, policy: &Policy, heartbeats: HeartbeatSender) -> Plan {
    let hook = hook_action(3600, Some(TOKEN));
    unplaced(std::slice::from_ref(&hook), policy, search, heartbeats, at(now))
}

fn incomplete() -> Search {
    Search::Incomplete("throttled".to_owned())
}

#[test]
fn an_instance_in_no_cluster_is_completed_after_a_second_look() {
    use HeartbeatSender::{OwnFunction, Planner};
    let first = unplaced_at(0, Search::NotFound, &policy(), Planner);
    assert_eq!((names(&first), first.look_again), (vec![], Some(seconds(5))));
    let second = unplaced_at(5, Search::NotFoundAgain, &policy(), Planner);
    assert_eq!(names(&second), ["complete"]);
    let blind = |heartbeats| unplaced_at(5, incomplete(), &policy(), heartbeats);
    assert_eq!(names(&blind(Planner)), ["heartbeat"], "P2");
    assert_eq!(names(&blind(OwnFunction)), [""; 0], "it sends it by itself");
}

#[test]
fn p3_the_wait_for_an_instance_that_cannot_be_looked_for_has_a_bound() {
    let mut policy = policy();
    let bound = policy.max_drain.as_secs();
    let blind = |policy: &Policy, now| unplaced_at(now, incomplete(), policy, HeartbeatSender::Planner);
    assert_eq!(names(&blind(&policy, bound - 1)), ["heartbeat"]);
    let over = blind(&policy, bound);
    assert_eq!((names(&over), over.verdict), (vec!["complete"], Verdict::Done));
    assert!(over.remarks[0].is_warning(), "{:?}", over.remarks);
    policy.on_deadline = OnDeadline::Hold;
    assert_eq!(names(&blind(&policy, 2 * bound)), ["heartbeat"]);
}

#[test]
fn p10_the_end_of_an_unhooked_drain_is_one_write() {
    let mut bench = Bench::external_holding();
    bench.tasks(vec![]);
    assert_eq!(bench.done(60), ["receipt"]);
    assert!(bench.record().is_released());
}

/// The deadline is in second 3600. Sidecars that hear of no release leave 150 s later, and their daemons need 126 s, of
/// whatever tier they are.
#[test]
fn p3_a_release_that_cannot_be_written_keeps_the_hook_no_longer_than_its_sidecars() {
    let end = 3600 + 150 + 126;
    for tiers in ["logs", "xray | logs"] {
        let mut bench = Bench::holding();
        bench.policy.tiers = tiers.parse().unwrap();
        let early = bench.plan(end - 1);
        assert!(
            !names(&early).contains(&"complete"),
            "{tiers}: {:?}",
            names(&early)
        );
        let plan = bench.plan(end);
        assert_eq!(names(&plan), ["complete", "put-released"], "{tiers}");
        assert_eq!(plan.verdict, Verdict::Released(ReleaseReason::Deadline));
        assert!(plan.remarks.iter().any(Remark::is_warning), "{:?}", plan.remarks);
        bench.step(end);
        bench.observation.hook = Hook::Over;
        assert_eq!(names(&bench.plan(end + 126)), ["receipt"], "{tiers}");
    }
}
