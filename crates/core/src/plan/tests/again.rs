//! Which drain this is: one that goes on, or a new one.

use super::*;
use crate::shared::{SharedDrain, SharedRecord};

/// A drain that is over: its tasks have stopped, and its daemons have gone.
fn drained(mut bench: Bench) -> Bench {
    bench.step(0);
    bench.tasks(vec![]);
    bench.step(60);
    assert_eq!(bench.record().reason, Some(ReleaseReason::Drained));
    bench
}

/// Tasks hold on the same draining instance now.
fn holds_again(bench: &mut Bench) -> bool {
    bench.status("DRAINING");
    bench.tasks(vec![web(7, "RUNNING"), logs("RUNNING")]);
    let plan = bench.step(5000);
    let again = bench.record().started_at == at(5000);
    assert_eq!(plan.verdict == Verdict::Holding, again);
    again
}

#[test]
fn p1_tasks_that_hold_after_a_drain_without_a_hook_begin_a_new_one() {
    assert!(holds_again(&mut drained(Bench::external())));
}

#[test]
fn p1_and_after_a_drain_whose_hook_is_over() {
    let mut bench = drained(Bench::holding());
    assert!(!holds_again(&mut bench.clone()), "its hook may still wait");
    bench.observation.hook = Hook::Over;
    assert!(holds_again(&mut bench));
}

#[test]
fn a_drain_that_is_over_stays_over_while_nothing_holds() {
    for tasks in [
        Observed::Present(vec![logs("RUNNING")]),
        Observed::Present(vec![]),
        Observed::Unknown("down".to_owned()),
    ] {
        let mut bench = drained(Bench::external());
        bench.observation.tasks = tasks;
        bench.step(5000);
        assert_eq!(bench.record().started_at, at(0));
    }
}

#[test]
fn tasks_that_outlast_a_deadline_begin_no_new_drain() {
    let mut bench = Bench::external();
    bench.step(0);
    bench.step(3600);
    assert_eq!(bench.record().reason, Some(ReleaseReason::Deadline));
    assert!(!holds_again(&mut bench));
}

#[test]
fn a_drain_that_is_over_is_not_begun_again_while_the_instance_is_active() {
    for notice in [None, Some(at(5000))] {
        let mut bench = drained(Bench::external());
        bench.spot = notice;
        bench.status("ACTIVE");
        bench.tasks(vec![web(7, "RUNNING")]);
        bench.step(5000);
        assert_eq!(
            bench.record().started_at == at(5000),
            notice.is_some(),
            "unless EC2 takes it back: {notice:?}"
        );
    }
}

#[test]
fn only_a_drain_without_a_hook_that_is_over_forgets_that_it_was_seen_draining() {
    let active_again = |mut bench: Bench| {
        bench.status("ACTIVE");
        bench.step(70);
        bench.record().draining_confirmed_at
    };
    let mut holding = Bench::external();
    holding.step(0);
    assert_eq!(active_again(holding), Some(at(0)));
    let mut hooked = Bench::holding();
    hooked.tasks(vec![logs("RUNNING")]);
    hooked.step(60);
    assert_eq!(active_again(hooked), Some(at(0)));
    assert_eq!(active_again(drained(Bench::external())), None);
}

#[test]
fn p7_the_late_event_of_a_hook_that_waited_before_a_release_in_a_shared_record_begins_nothing() {
    for (since, new) in [(20, false), (60, false), (61, true)] {
        let mut bench = Bench::holding();
        bench.tasks(vec![logs("RUNNING")]);
        bench.step(60);
        let told = SharedDrain::of(&bench.record()).unwrap();
        let shared = SharedRecord {
            drains: [(bench.record().ec2_instance_id, told)].into(),
            ..SharedRecord::empty(at(60))
        };
        let own = &bench.record().container_instance_arn;
        let record = shared.record(&bench.record().ec2_instance_id, Some(own)).unwrap();
        bench.store(record);
        bench.observation.hook = Hook::waiting(HookAction {
            since: at(since),
            ..hook_action(3600, Some(TOKEN))
        });
        let plan = bench.plan(62);
        assert_eq!(
            plan.verdict == Verdict::Holding,
            new,
            "{since}: {:?}",
            plan.remarks
        );
    }
}

#[test]
fn p7_another_token_begins_a_new_drain_unless_its_wait_is_older_than_this_one() {
    for (since, new) in [(4999, false), (5000, true), (5001, true)] {
        let mut bench = Bench::hooked();
        bench.observation.hook = Hook::waiting(HookAction {
            since: at(5000),
            ..hook_action(3600, Some(TOKEN))
        });
        bench.step(5000);
        bench.status("DRAINING");
        bench.observation.hook = Hook::waiting(HookAction {
            since: at(since),
            ..hook_action(3600, Some(OTHER_TOKEN))
        });
        bench.step(5010);
        let expected = if new { OTHER_TOKEN } else { TOKEN };
        assert_eq!(bench.record().drain_id, expected, "{since}");
    }
}
