//! Rules 3, 6, 9 and 10: the ways out of a hold.

use serde_json::json;

use super::*;
use crate::policy::OnDeadline;
use crate::receipt::Receipt;

#[test]
fn p1_a_stopping_task_still_holds() {
    let mut bench = Bench::holding();
    for status in ["DEACTIVATING", "STOPPING", "DEPROVISIONING"] {
        bench.tasks(vec![web(1, status), logs("RUNNING")]);
        assert_eq!(bench.plan(600).verdict, Verdict::Holding, "{status}");
    }
    bench.tasks(vec![web(1, "STOPPED"), logs("RUNNING")]);
    assert_eq!(bench.plan(600).verdict, DRAINED);
}

#[test]
fn nothing_is_released_inside_the_settle_window() {
    let mut bench = Bench::holding();
    bench.tasks(vec![logs("RUNNING")]);
    let plan = bench.plan(3);
    assert_eq!(
        (plan.verdict, plan.look_again),
        (Verdict::Holding, Some(seconds(7)))
    );
    assert_eq!(bench.plan(9).verdict, Verdict::Holding);
    assert_eq!(bench.plan(10).verdict, DRAINED);
}

#[test]
fn p1_daemons_stay_for_a_while_after_the_last_task_has_ended() {
    let mut bench = Bench::holding();
    let (first, last) = (stopped(97, web(1, "")), stopped(100, web(2, "")));
    bench.tasks(vec![first, last, logs("RUNNING")]);
    let plan = bench.plan(101);
    assert_eq!(names(&plan), ["put-holding"]);
    assert_eq!(
        (plan.verdict, plan.look_again),
        (Verdict::Holding, Some(seconds(4)))
    );
    bench.step(101);
    assert_eq!(bench.record().release_not_before, Some(at(105)));
    assert_eq!(names(&bench.plan(103)), [""; 0], "P10: once");
    assert_eq!(bench.plan(104).verdict, Verdict::Holding);
    assert_eq!(bench.plan(105).verdict, DRAINED);
    bench.policy.linger = SignedDuration::ZERO;
    assert_eq!(bench.plan(101).verdict, DRAINED);
}

/// What comes after the end of the containers, as of a network interface, writes no line.
#[test]
fn p10_linger_counts_from_the_end_of_the_containers() {
    // Second 101: the containers ended, the task was STOPPED, how long the daemons stay yet.
    for (what, ended, stopped_at, left) in [
        ("both are known", Some(98), Some(100), Some(2)),
        (
            "ECS does not say when the containers ended",
            None,
            Some(100),
            Some(4),
        ),
        (
            "DEPROVISIONING took longer than LINGER",
            Some(90),
            Some(100),
            None,
        ),
        ("the clock of the agent is ahead", Some(300), Some(100), Some(4)),
        ("the containers ended before the drain", Some(-1), Some(100), None),
    ] {
        let mut bench = Bench::holding();
        bench.tasks(vec![web(1, "DEPROVISIONING"), logs("RUNNING")]);
        bench.step(99);
        let last = Task {
            execution_stopped_at: ended.map(at),
            stopped_at: stopped_at.map(at),
            ..web(1, "STOPPED")
        };
        bench.tasks(vec![last, logs("RUNNING")]);
        let plan = bench.plan(101);
        assert_eq!(
            plan.look_again.filter(|_| left.is_some()),
            left.map(seconds),
            "{what}"
        );
        // The record tells when the task was STOPPED: that prolongs nothing as long as ECS shows it.
        bench.step(101);
        let end = 101 + left.unwrap_or(0);
        if left.is_some() {
            assert_eq!(bench.plan(end - 1).verdict, Verdict::Holding, "{what}");
        }
        assert_eq!(bench.plan(end).verdict, DRAINED, "{what}");
    }
}

#[test]
fn p1_linger_is_kept_of_a_task_that_held_though_its_containers_ended_before_the_drain() {
    let mut bench = Bench::holding();
    bench.policy.linger = seconds(30);
    let last = Task {
        execution_stopped_at: Some(at(-1)),
        ..stopped(2, web(1, ""))
    };
    bench.tasks(vec![last, logs("RUNNING")]);
    assert_eq!(bench.plan(28).verdict, Verdict::Holding);
    assert_eq!(bench.plan(29).verdict, DRAINED);
}

#[test]
fn p10_a_release_is_announced_only_where_sidecars_wait_for_it() {
    let announced = |linger, drains| {
        let mut bench = Bench::holding();
        let first = bench.record().release_not_before;
        bench.policy.linger = seconds(linger);
        bench.fleet.drains = drains;
        bench.tasks(vec![stopped(100, web(1, "")), logs("RUNNING")]);
        bench.step(101);
        bench.record().release_not_before != first
    };
    assert!(announced(5, 3));
    assert!(!announced(5, 4), "a shared record says no time");
    assert!(!announced(2, 0), "the release comes as soon as the note of it");
}

#[test]
fn p3_what_daemons_stay_for_is_bounded() {
    // Nothing ever held, or it ended before the drain.
    let mut empty = Bench::holding();
    for before in [vec![], vec![stopped(-1, web(1, ""))]] {
        empty.tasks([before, vec![logs("RUNNING")]].concat());
        assert_eq!(empty.plan(11).verdict, DRAINED);
    }
    // The clock of AWS is ahead.
    let mut ahead = Bench::holding();
    ahead.tasks(vec![stopped(500, web(1, "")), logs("RUNNING")]);
    let plan = ahead.plan(101);
    assert_eq!(plan.look_again, Some(seconds(5)));
    // The deadline comes first, and no task holds.
    let mut late = Bench::holding();
    late.tasks(vec![stopped(3599, web(1, "")), logs("RUNNING")]);
    assert_eq!(late.plan(3599).verdict, Verdict::Holding);
    assert_eq!(late.plan(3600).verdict, DRAINED);
}

#[test]
fn p1_a_task_that_ecs_does_not_show_any_more_is_waited_for_as_the_record_tells() {
    let mut bench = Bench::holding();
    bench.tasks(vec![stopped(100, web(1, "")), web(2, "RUNNING"), logs("RUNNING")]);
    bench.step(100);
    bench.rewrite(|record| {
        record.waited = vec![crate::record::Waited {
            group: "service:web".to_owned(),
            count: 2,
            until: Some(at(100)),
        }];
    });
    bench.tasks(vec![logs("RUNNING")]);
    assert_eq!(bench.plan(104).verdict, Verdict::Holding);
    assert_eq!(bench.plan(105).verdict, DRAINED);
}

#[test]
fn p2_unknown_tasks_are_never_zero_tasks() {
    let mut bench = Bench::holding();
    for tasks in [
        Observed::Unknown("one failure: MISSING".to_owned()),
        Observed::Absent,
    ] {
        bench.observation.tasks = tasks.into();
        assert_eq!(bench.plan(600).verdict, Verdict::Holding);
    }
}

#[test]
fn p3_the_deadline_ends_the_hold_whatever_is_known() {
    for tasks in [
        Observed::Present(vec![web(1, "RUNNING"), logs("RUNNING")]),
        Observed::Unknown("down".to_owned()),
    ] {
        let mut bench = Bench::holding();
        bench.observation.tasks = tasks.into();
        assert_eq!(bench.plan(3599).verdict, Verdict::Holding);
        assert_eq!(bench.plan(3600).verdict, AT_DEADLINE);
        bench.observation.instance = Observed::Unknown("down".to_owned());
        assert_eq!(bench.plan(3600).verdict, AT_DEADLINE);
    }
}

#[test]
fn a_drain_without_a_task_that_holds_is_drained_however_late_the_look_comes() {
    let with_web = |status| Observed::Present(vec![web(1, status), logs("RUNNING")]);
    for (tasks, verdict) in [
        (Observed::Present(vec![logs("RUNNING")]), DRAINED),
        (with_web("STOPPED"), DRAINED),
        (with_web("STOPPING"), AT_DEADLINE),
        (Observed::Unknown("down".to_owned()), AT_DEADLINE),
    ] {
        let mut bench = Bench::holding();
        bench.observation.tasks = tasks.clone().into();
        assert_eq!(bench.plan(7200).verdict, verdict, "{tasks:?}");
    }
}

#[test]
fn p2_a_deadline_inside_the_settle_window_is_a_deadline() {
    let mut bench = Bench::hooked();
    bench.policy.max_drain = seconds(12);
    bench.step(0);
    bench.status("DRAINING");
    bench.tasks(vec![]);
    bench.step(5);
    bench.step(12);
    assert_eq!(bench.record().reason, Some(ReleaseReason::Deadline));
}

#[test]
fn p3_the_deadline_leaves_the_daemons_their_time_before_the_hooks_own_limit() {
    let mut bench = Bench::hooked();
    bench.observation.hook = waits(30, Some(TOKEN));
    bench.step(0);
    // 100 × 30 s, less 2 min for the daemons and 180 s of margin.
    assert_eq!(bench.record().deadline_at, at(3000 - 120 - 180));
}

#[test]
fn with_hold_the_deadline_is_the_hooks_own_limit() {
    let mut bench = Bench::hooked();
    bench.policy.on_deadline = OnDeadline::Hold;
    bench.step(0);
    assert_eq!(bench.record().deadline_at, at(48 * 3600 - 120 - 180));
}

#[test]
fn an_instance_that_is_gone_holds_nothing() {
    let mut inactive = Bench::holding();
    inactive.status("INACTIVE");
    let mut absent = Bench::holding();
    absent.observation.instance = Observed::Absent;
    for bench in [&mut inactive, &mut absent] {
        let plan = bench.step(60);
        assert_eq!(names(&plan), ["put-released", "complete", "receipt"]);
        assert_eq!(plan.verdict, Verdict::Done);
    }
}

#[test]
fn an_instance_that_went_while_tasks_held_or_a_hook_was_to_wait_was_not_drained() {
    for (bench, last_seen, max_drain, reason) in [
        (Bench::external(), vec![], 3600, ReleaseReason::Drained),
        (
            Bench::external(),
            vec![web(1, "RUNNING")],
            3600,
            ReleaseReason::AgentLost,
        ),
        (Bench::hooked(), vec![], 3600, ReleaseReason::AgentLost),
        (
            Bench::hooked(),
            vec![web(1, "RUNNING")],
            3600,
            ReleaseReason::AgentLost,
        ),
        (
            Bench::hooked(),
            vec![web(1, "RUNNING")],
            50,
            ReleaseReason::Deadline,
        ),
    ] {
        let mut bench = bench;
        bench.policy.max_drain = seconds(max_drain);
        bench.begin(0);
        bench.tasks(last_seen);
        bench.step(5);
        bench.status("INACTIVE");
        bench.observation.tasks = Observed::Unknown("its tasks are not listed".to_owned()).into();
        bench.step(60);
        let record = bench.record();
        assert_eq!((record.reason, record.is_released()), (Some(reason), true));
        let forced = Receipt::new(&key(), &record, bench.policy.linger, at(60)).forced;
        assert_eq!(forced, reason != ReleaseReason::Drained);
    }
}

#[test]
fn an_instance_that_is_active_again_is_released_as_cancelled() {
    let mut bench = Bench::external_holding();
    bench.status("ACTIVE");
    let plan = bench.step(60);
    assert_eq!(
        (plan.verdict, plan.look_again),
        (Verdict::Holding, Some(seconds(10)))
    );
    bench.step(70);
    assert_eq!(bench.record().reason, Some(ReleaseReason::Cancelled));
}

#[test]
fn p2_one_stale_read_of_active_does_not_cancel_a_drain() {
    let mut bench = Bench::external_holding();
    bench.status("ACTIVE");
    assert_eq!(bench.step(60).verdict, Verdict::Holding);
    bench.status("DRAINING");
    bench.step(70);
    bench.status("ACTIVE");
    assert_eq!(bench.step(80).verdict, Verdict::Holding, "the clock began again");
    assert_eq!(
        bench.step(90).verdict,
        Verdict::Released(ReleaseReason::Cancelled)
    );
}

#[test]
fn a_drain_that_is_begun_again_after_it_was_undone_holds_again_whatever_ended_it() {
    for released_at_deadline in [false, true] {
        let mut bench = Bench::external();
        bench.step(0);
        if released_at_deadline {
            bench.step(3600);
        }
        bench.status("ACTIVE");
        bench.step(4000);
        bench.step(4010);
        assert!(bench.record().is_released());
        bench.status("DRAINING");
        assert_eq!(bench.done(5000), ["put-holding"]);
        assert_eq!(bench.record().started_at, at(5000));
    }
}

#[test]
fn released_stays_released_within_one_drain() {
    let mut bench = Bench::holding();
    bench.tasks(vec![logs("RUNNING")]);
    bench.step(60);
    bench.tasks(vec![web(7, "RUNNING"), logs("RUNNING")]);
    bench.step(70);
    assert!(bench.record().is_released());
    assert_eq!(bench.record().drain_id, TOKEN);
}

fn ordered(order: Order) -> Record {
    let mut bench = Bench::holding();
    let plan = bench.plan_with(60, Some(&command(order)));
    plan.record().unwrap().clone()
}

#[test]
fn an_order_that_changes_nothing_is_answered_as_ignored() {
    let release = command(Order::Release);
    let mut holding = Bench::holding();
    let mut released = Bench::holding();
    released.tasks(vec![logs("RUNNING")]);
    released.step(60);
    let mut active = Bench::hooked();
    active.observation.hook = Hook::None;
    let mut gone = Bench::hooked();
    gone.observation.instance = Observed::Absent;
    let mut mistyped = Bench::hooked();
    mistyped.observation.hook = Hook::None;
    mistyped.observation.instance = Observed::Absent;
    let mut unknown = Bench::holding();
    unknown.observation.record = Observed::Unknown("throttled".to_owned());
    let ignored = |reason: &str| json!({"outcome": "ignored", "message": reason});
    for (bench, outcome) in [
        (&mut holding, json!({"outcome": "done"})),
        (&mut released, ignored("the daemons are released already")),
        (&mut active, ignored("the instance does not drain")),
        (&mut gone, ignored("the container instance is gone")),
        (
            &mut mistyped,
            ignored("the cluster has no such container instance"),
        ),
        (&mut unknown, json!(null)),
    ] {
        let order = bench.plan_with(60, Some(&release)).order;
        assert_eq!(serde_json::to_value(order).unwrap(), outcome);
        assert_eq!(bench.plan(60).order, None, "nothing was ordered");
    }
}

#[test]
fn an_operators_order_is_obeyed_and_kept_in_the_record() {
    let released = ordered(Order::Release);
    assert_eq!(released.reason, Some(ReleaseReason::Operator));
    let note = released.ordered.unwrap();
    assert_eq!(
        (note.command.as_str(), note.who.as_str(), note.why.as_str()),
        ("release", "ana", "ticket 7")
    );
    let hooks_limit = at(48 * 3600 - 120 - 180);
    let extended = ordered(Order::Extend(SignedDuration::from_mins(30)));
    assert_eq!(extended.deadline_at, at(3600 + 1800));
    assert_eq!(ordered(Order::Hold).deadline_at, hooks_limit);
    let beyond = ordered(Order::Extend(SignedDuration::from_hours(1000)));
    assert_eq!(beyond.deadline_at, hooks_limit, "P3: no order outlasts the hook");
    let latest = latest_deadline(&extended, &Bench::holding().policy);
    assert_eq!(latest, hooks_limit, "what a person reads can be reached");
}

/// ECS reports the tasks STOPPED that it ends with the registration.
#[test]
fn an_instance_that_went_when_only_events_had_ended_its_tasks_was_not_drained() {
    let mut bench = Bench::external_holding();
    bench.rewrite(|record| record.poll_seconds = 5);
    let announced = announcement(&bench.record(), bench.policy.linger, bench.fleet, at(30)).unwrap();
    assert_eq!(announced.remaining, 0);
    bench.store(announced);
    bench.observation.instance = Observed::Absent;
    bench.observation.tasks = Observed::Absent.into();
    bench.step(60);
    assert_eq!(bench.record().reason, Some(ReleaseReason::AgentLost));
}

/// The machine has died, and what an earlier registration has left behind is ACTIVE in the cluster.
#[test]
fn p2_an_active_registration_without_an_agent_cancels_no_drain() {
    for (connected, cancelled) in [(false, false), (true, true)] {
        let mut bench = Bench::external_holding();
        bench.rewrite(|record| record.other_registrations = vec![arn(2)]);
        bench.observation.instance = Observed::Present(container_instance(2, "ACTIVE", connected).into());
        bench.tasks(vec![Task {
            agent_connected: connected,
            ..web(1, "RUNNING")
        }]);
        bench.step(60);
        bench.step(70);
        let reason = bench.record().reason;
        assert_eq!(
            reason,
            cancelled.then_some(ReleaseReason::Cancelled),
            "{connected}"
        );
        if !cancelled {
            assert_eq!(bench.record().active_since, None);
            (2..=11).for_each(|minute| drop(bench.step(minute * 60)));
            assert_eq!(bench.record().reason, Some(ReleaseReason::AgentLost));
        }
    }
}
