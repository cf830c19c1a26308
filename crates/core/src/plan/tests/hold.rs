//! Rules 1, 2, 4 and 11: how a hold begins and is kept.

use super::*;
use crate::control::Control;
use crate::limits::GLOBAL_MARGIN;
use crate::policy::OnDeadline;
use crate::record::{DecodeError, State};
use crate::throughput::ParameterThroughput;

fn lifecycle(bench: &Bench) -> Lifecycle {
    bench.record().lifecycle.unwrap()
}

#[test]
fn p1_the_record_is_written_before_draining_is_set() {
    let plan = Bench::hooked().plan(0);
    assert_eq!(names(&plan), ["put-holding", "set-draining"]);
    let Action::PutRecord(record) = &plan.actions[0] else {
        panic!()
    };
    assert_eq!((record.state, record.remaining), (State::Holding, 1));
    assert_eq!(record.drain_id, TOKEN);
}

#[test]
fn draining_is_set_also_if_no_task_runs() {
    let mut bench = Bench::hooked();
    bench.tasks(vec![]);
    assert_eq!(names(&bench.plan(0)), ["put-holding", "set-draining"]);
}

#[test]
fn p10_a_registration_that_was_left_behind_as_draining_needs_no_drain() {
    let left_behind = |tasks: Vec<Task>, change: fn(&mut ContainerInstance), hook: Hook| {
        let mut bench = Bench::external();
        bench.change(|one| (one.agent_connected, one.tasks) = (false, Some(0)));
        bench.change(change);
        bench.tasks(tasks);
        bench.observation.hook = hook;
        bench.plan(0).verdict
    };
    let ended = || vec![web(1, "STOPPED")];
    assert_eq!(left_behind(vec![], |_| (), Hook::None), Verdict::NotDraining);
    assert_eq!(left_behind(ended(), |_| (), Hook::None), Verdict::NotDraining);
    // ECS does not count tasks that it has ordered to stop.
    let stopping = vec![web(1, "STOPPING")];
    let reported = |change| left_behind(vec![], change, Hook::None);
    for (what, verdict) in [
        ("a task stops", left_behind(stopping, |_| (), Hook::None)),
        (
            "a hook waits",
            left_behind(vec![], |_| (), waits(3600, Some(TOKEN))),
        ),
        (
            "its agent is connected",
            reported(|one| one.agent_connected = true),
        ),
        ("a task is counted", reported(|one| one.tasks = Some(1))),
        ("tasks are not counted", reported(|one| one.tasks = None)),
    ] {
        assert_eq!(verdict, Verdict::Holding, "{what}");
    }
}

#[test]
fn p8_draining_is_set_again_until_it_is_seen() {
    let mut bench = Bench::hooked();
    bench.step(0);
    assert_eq!(bench.done(4), ["set-draining"]);
    bench.status("DRAINING");
    assert_eq!(bench.done(9), ["note"], "not worth a write of its own");
    assert_eq!(bench.record().draining_confirmed_at, Some(at(9)));
    assert_eq!(bench.done(10), [""; 0]);
}

#[test]
fn draining_is_not_set_for_a_drain_that_is_over_in_some_way() {
    let mut given_up = Bench::hooked();
    given_up.step(0);
    given_up.observation.hook = Hook::Over;
    let mut released = Bench::hooked();
    released.kill_switch = Control::ReleaseAll.into();
    released.step(0);
    let mut console = Bench::external_holding();
    console.status("ACTIVE");
    for (what, mut bench) in [
        ("its hook is over", given_up),
        ("released before it was DRAINING", released),
        ("undone in the console", console),
    ] {
        assert!(!names(&bench.plan(4)).contains(&"set-draining"), "{what}");
    }
}

#[test]
fn p9_an_instance_that_another_actor_drains_is_held_without_a_hook() {
    let mut bench = Bench::external();
    let plan = bench.step(0);
    assert_eq!(names(&plan), ["put-holding"]);
    assert_eq!(plan.verdict, Verdict::Holding);
    assert_eq!(bench.record().lifecycle, None);
    assert_eq!(bench.record().draining_confirmed_at, Some(at(0)));
}

#[test]
fn p9_a_hook_that_comes_later_joins_the_drain_that_goes_on() {
    let mut bench = Bench::external_holding();
    let drain_id = bench.record().drain_id;
    bench.observation.hook = waits(3600, Some(TOKEN));
    assert_eq!(bench.done(30), ["put-holding"]);
    assert_eq!(bench.record().drain_id, drain_id);
    assert!(bench.record().lifecycle.is_some());
}

#[test]
fn p1_a_hook_does_not_join_a_drain_that_was_undone() {
    let mut bench = Bench::external_holding();
    bench.status("ACTIVE");
    bench.step(30);
    let undone = bench.record();
    assert_eq!(undone.active_since, Some(at(30)));
    bench.observation.hook = waits(3600, Some(TOKEN));
    assert_eq!(bench.done(31), ["put-holding", "set-draining"]);
    assert_eq!(
        (bench.record().drain_id.as_str(), bench.record().started_at),
        (TOKEN, at(31))
    );
    bench.status("DRAINING");
    bench.step(60);
    assert!(!bench.record().is_released(), "a task holds");
}

#[test]
fn p7_a_hook_event_that_comes_twice_changes_nothing() {
    let mut bench = Bench::hooked();
    bench.step(0);
    bench.status("DRAINING");
    bench.step(1);
    assert_eq!(bench.done(2), [""; 0]);
}

#[test]
fn p7_a_hook_found_by_the_tick_learns_its_token_from_the_late_event() {
    let mut bench = Bench::hooked();
    bench.observation.hook = waits(3600, None);
    let begun = ["heartbeat", "put-holding", "set-draining"];
    assert_eq!(bench.done(0), begun, "its clock may have run for long");
    bench.status("DRAINING");
    bench.step(1);
    bench.observation.hook = waits(3600, Some(TOKEN));
    assert_eq!(bench.done(2), ["put-holding"]);
    let token = bench.record().lifecycle.unwrap().lifecycle_action_token.unwrap();
    assert_eq!(token.as_str(), TOKEN);
}

#[test]
fn p4_every_hook_of_ours_is_heartbeaten_and_completed() {
    let mut bench = Bench::hooked();
    let mut other = hook_action(600, Some(OTHER_TOKEN));
    other.hook = "protect-daemons-too".parse().unwrap();
    bench.step(0);
    bench.status("DRAINING");
    bench.observation.hook = Hook::waiting(other);
    bench.step(2);
    bench.observation.hook = Hook::None;
    assert_eq!(bench.record().lifecycles().count(), 2);
    assert_eq!(bench.done(310), ["heartbeat", "put-count"], "half of 600 s");
    let both = ["heartbeat", "heartbeat", "put-count"];
    assert_eq!(bench.done(1850), both, "both are due");
    bench.tasks(Vec::new());
    let names = bench.done(1900);
    let completed = names.iter().filter(|name| **name == "complete").count();
    assert_eq!(completed, 2, "{names:?}");
}

#[test]
fn p4_while_a_hook_waits_draining_is_set_again_and_settles_again() {
    let mut bench = Bench::holding();
    bench.status("ACTIVE");
    assert_eq!(bench.done(60), ["note", "set-draining"]);
    bench.tasks(vec![logs("RUNNING")]);
    assert_eq!(bench.step(100).verdict, Verdict::Holding, "it is not DRAINING");
    bench.status("DRAINING");
    assert_eq!(bench.step(101).verdict, Verdict::Holding, "it settles");
    assert_eq!(bench.step(111).verdict, DRAINED);
}

#[test]
fn p7_a_second_wait_is_another_drain_whether_its_event_or_the_tick_finds_it() {
    let ended = |token: Option<&str>| {
        let mut bench = Bench::hooked();
        bench.observation.hook = waits(3600, token);
        bench.begin(0);
        bench.observation.hook = Hook::None;
        bench.tasks(Vec::new());
        bench.step(60);
        assert!(bench.record().receipt_at.is_some());
        bench.status("ACTIVE");
        bench.tasks(vec![web(7, "RUNNING"), logs("RUNNING")]);
        bench
    };
    for (first, second, when) in [
        (Some(TOKEN), Some(OTHER_TOKEN), 100),
        (None, Some(TOKEN), 100),
        (Some(TOKEN), None, 200),
        (None, None, 200),
    ] {
        let mut bench = ended(first);
        bench.observation.hook = waits_since(when, 3600, second);
        let names = bench.done(when).join(" ");
        let begins = names.contains("put-holding set-draining");
        assert!(begins, "{first:?} {second:?}: {names}");
        assert!(!names.contains("complete"), "{names}");
    }
    let mut lagging = ended(Some(TOKEN));
    lagging.observation.hook = waits_since(70, 3600, None);
    let names = lagging.done(70);
    assert!(!names.contains(&"put-holding"), "the listing lags: {names:?}");
    let mut unnamed = ended(None);
    unnamed.observation.hook = waits_since(70, 3600, None);
    assert_eq!(
        unnamed.done(70),
        [""; 0],
        "the listing lags, or another wait has begun"
    );
}

#[test]
fn p7_a_late_event_of_an_earlier_wait_does_not_take_over() {
    let mut bench = Bench::hooked();
    bench.observation.hook = waits_since(5000, 3600, Some(TOKEN));
    bench.step(5000);
    bench.status("DRAINING");
    bench.step(5001);
    bench.observation.hook = waits_since(10, 3600, Some(OTHER_TOKEN));
    assert_eq!(bench.done(5002), [""; 0]);
    assert_eq!(bench.record().drain_id, TOKEN);
}

#[test]
fn a_hook_that_waits_for_an_instance_that_is_gone_is_completed() {
    let mut absent = Bench::hooked();
    absent.observation.instance = Observed::Absent;
    let mut inactive = Bench::hooked();
    inactive.status("INACTIVE");
    for bench in [&mut absent, &mut inactive] {
        let plan = bench.plan(0);
        assert_eq!((names(&plan), plan.verdict), (vec!["complete"], Verdict::Done));
        bench.observation.hook = Hook::None;
        let plan = bench.plan(0);
        assert_eq!((names(&plan), plan.verdict), (vec![], Verdict::NotDraining));
    }
}

#[test]
fn a_new_token_begins_a_new_drain() {
    let mut bench = Bench::holding();
    bench.tasks(vec![]);
    bench.step(60);
    assert!(bench.record().is_released());
    bench.status("ACTIVE");
    bench.tasks(vec![web(2, "RUNNING")]);
    bench.observation.hook = waits_since(5000, 3600, Some(OTHER_TOKEN));
    assert_eq!(bench.done(5000), ["put-holding", "set-draining"]);
    assert_eq!(bench.record().started_at, at(5000));
}

#[test]
fn p4_a_timeout_that_is_only_assumed_sets_no_limit() {
    let assumed = HookAction {
        heartbeat_assumed: true,
        ..hook_action(120, Some(TOKEN))
    };
    for (reported, seconds) in [(None, 48 * 3600), (Some(3600), 48 * 3600), (Some(300), 100 * 300)] {
        let mut bench = Bench::hooked();
        bench.policy.on_deadline = OnDeadline::Hold;
        bench.observation.hook = Hook::waiting(assumed.clone());
        bench.step(0);
        assert_eq!(lifecycle(&bench).heartbeat_seconds, 120, "it paces heartbeats");
        assert_eq!(lifecycle(&bench).global_deadline_at, at(48 * 3600));
        if let Some(reported) = reported {
            bench.observation.hook = waits(reported, None);
            bench.step(60);
            assert_eq!(lifecycle(&bench).heartbeat_seconds, reported);
        }
        assert_eq!(lifecycle(&bench).global_deadline_at, at(seconds), "{reported:?}");
        let reserve = bench.policy.flush() + GLOBAL_MARGIN;
        assert_eq!(bench.record().deadline_at, at(seconds) - reserve, "{reported:?}");
    }
}

#[test]
fn p4_a_heartbeat_timeout_that_was_changed_is_heeded() {
    let mut bench = Bench::hooked();
    bench.step(0);
    bench.status("DRAINING");
    bench.step(1);
    bench.observation.hook = waits(120, None);
    assert_eq!(bench.done(60), ["heartbeat", "put-holding"]);
    let hook = lifecycle(&bench);
    assert_eq!((hook.heartbeat_seconds, hook.heartbeat_at), (120, at(60)));
    assert_eq!(hook.global_deadline_at, at(12_000), "the earlier of two limits");
    bench.observation.hook = waits(3600, None);
    bench.step(70);
    assert_eq!(lifecycle(&bench).heartbeat_seconds, 3600);
    assert_eq!(lifecycle(&bench).global_deadline_at, at(12_000));
}

#[test]
fn a_record_of_an_earlier_life_is_overwritten() {
    let mut bench = Bench::holding();
    bench.change(|instance| *instance = container_instance(2, "ACTIVE", true));
    assert_eq!(bench.plan(60).verdict, Verdict::NotDraining);
    bench.observation.hook = waits(3600, Some(TOKEN));
    assert_eq!(bench.done(60), ["put-holding", "set-draining"]);
    assert_eq!(bench.record().container_instance_arn, arn(2));
}

#[test]
fn p2_without_the_record_nothing_is_decided_and_the_hook_is_kept_alive() {
    let newer = Stored {
        record: Err(DecodeError::UnknownSchema(2)),
        version: 3,
    };
    for record in [
        Observed::Unknown("ThrottlingException".to_owned()),
        Observed::Present(newer),
    ] {
        let mut bench = Bench::hooked();
        bench.observation.record = record;
        let plan = bench.plan(0);
        assert_eq!(
            (names(&plan), plan.verdict),
            (vec!["heartbeat"], Verdict::Unknown)
        );
    }
}

#[test]
fn no_plan_sends_a_heartbeat_that_another_sender_sends() {
    let heartbeats = |bench: &Bench, heartbeats| {
        let plan = plan(&Situation {
            heartbeats,
            ..bench.situation(1800, None)
        });
        names(&plan).contains(&"heartbeat")
    };
    let mut bench = Bench::hooked();
    for record in [
        Observed::Absent,
        Observed::Unknown("ThrottlingException".to_owned()),
    ] {
        bench.observation.record = record;
        assert!(heartbeats(&bench, HeartbeatSender::Planner));
        assert!(!heartbeats(&bench, HeartbeatSender::OwnFunction));
    }
}

#[test]
fn p3_a_hook_whose_drain_cannot_be_recorded_is_kept_for_the_longest_drain() {
    let mut bench = Bench::hooked();
    let begun = ["heartbeat", "put-holding", "set-draining"];
    assert_eq!(names(&bench.plan(3599)), begun);
    let plan = bench.plan(3600);
    assert_eq!(names(&plan), begun[1..], "it is still tried");
    assert!(warns(&plan, "the hook has waited since"));
    bench.step(3600);
    bench.status("DRAINING");
    let names_later = names(&bench.plan(3660));
    assert!(
        names_later.contains(&"heartbeat"),
        "a record has bounds of its own"
    );
    let mut patient = Bench::hooked();
    patient.policy.on_deadline = OnDeadline::Hold;
    assert!(names(&patient.plan(100_000)).contains(&"heartbeat"));
}

#[test]
fn p2_an_unreadable_record_is_replaced_by_a_hold() {
    let mut bench = Bench::hooked();
    let torn = DecodeError::Unreadable("EOF".to_owned());
    bench.observation.record = Observed::Present(Stored {
        record: Err(torn),
        version: 3,
    });
    let plan = bench.step(0);
    assert_eq!(names(&plan), ["put-holding", "set-draining"]);
    let remark = plan.remarks[0].to_string();
    assert!(remark.contains("unreadable record"), "{remark}");
}

#[test]
fn p2_an_instance_that_cannot_be_read_is_not_drained_blindly() {
    let mut bench = Bench::hooked();
    bench.observation.instance = Observed::Unknown("time-out".to_owned());
    assert_eq!(names(&bench.plan(0)), ["heartbeat"]);
}

#[test]
fn the_hook_is_heartbeaten_at_half_its_own_timeout_or_a_tick_earlier() {
    for (heartbeat_seconds, quiet, due) in [
        (3600, 1799, 1800),
        (240, 119, 120),
        (180, 59, 60),
        (120, 29, 30),
        (30, 7, 8),
    ] {
        let mut bench = Bench::hooked();
        bench.observation.hook = waits(heartbeat_seconds, Some(TOKEN));
        bench.begin(0);
        let early = bench.done(quiet).contains(&"heartbeat");
        assert!(!early, "{heartbeat_seconds}");
        let plan = bench.step(due);
        assert_eq!(names(&plan), ["heartbeat", "put-count"], "{heartbeat_seconds}");
        assert_eq!(lifecycle(&bench).heartbeat_at, at(due));
        assert_eq!(warns(&plan, "the heartbeat timeout"), heartbeat_seconds < 120);
    }
}

#[test]
fn p10_a_changed_count_waits_for_its_turn() {
    let mut bench = Bench::holding();
    bench.tasks(vec![web(1, "STOPPING"), logs("RUNNING")]);
    let news = names(&bench.plan(119));
    assert_eq!(news, [""; 0], "its status is news, but no urgent one");
    assert_eq!(names(&bench.plan(120)), ["put-count"]);
    bench.tasks(vec![web(1, "STOPPING"), web(2, "STOPPING"), logs("RUNNING")]);
    assert_eq!(names(&bench.plan(4)), [""; 0]);
    assert_eq!(names(&bench.plan(5)), ["put-count"]);
    bench.fleet.drains = 10;
    assert_eq!(names(&bench.plan(29)), [""; 0]);
    assert_eq!(names(&bench.plan(30)), ["put-count"]);
}

#[test]
fn p10_sidecars_read_unhurriedly_while_their_own_record_will_tell_them_of_the_release() {
    let polls = |linger, drains, sidecars, spot: bool| {
        let mut bench = Bench::hooked();
        bench.policy.linger = seconds(linger);
        bench.fleet = Fleet { drains, sidecars };
        bench.spot = spot.then(|| at(0));
        bench.step(0);
        bench.record().poll_seconds
    };
    for (linger, expected) in [(0, 1), (1, 2), (2, 3), (5, 5), (10, 10), (600, 10)] {
        assert_eq!(polls(linger, 0, 0, false), expected, "LINGER {linger} s");
    }
    assert_eq!(polls(5, 3, 0, false), 5);
    assert_eq!(polls(5, 4, 0, false), 1, "a shared record says no time");
    assert_eq!(polls(5, 2, 400, false), 21, "the quota goes first");
    let taken = polls(5, 0, 0, true);
    assert_eq!(taken, 1, "a machine that is taken has no second to lose");
}

#[test]
fn p10_a_count_is_urgent_if_it_fell_to_a_third_or_rose_or_if_sidecars_read_much_too_often() {
    let urgent = |bench: &mut Bench| {
        assert_eq!(names(&bench.plan(120)), ["put-count"]);
        names(&bench.plan(5)) == ["put-count"]
    };
    for (before, holding, expected) in [
        (4, 2, false),
        (4, 1, true),
        (3, 1, true),
        (2, 2, false),
        (1, 2, true),
    ] {
        let mut bench = Bench::holding();
        bench.rewrite(|record| record.remaining = before);
        bench.tasks((0..holding).map(|id| web(id, "STOPPING")).collect());
        assert_eq!(names(&bench.plan(4)), [""; 0], "{before} {holding}");
        assert_eq!(urgent(&mut bench), expected, "{before} {holding}");
    }
    for (before, now, expected) in [(1, 2, true), (2, 3, false), (2, 4, true)] {
        let mut bench = Bench::holding();
        bench.rewrite(|record| record.poll_seconds = before);
        bench.policy.linger = SignedDuration::ZERO;
        bench.fleet.sidecars = now * 20 - 1;
        assert_eq!(urgent(&mut bench), expected, "{before} s to {now} s");
    }
}

#[test]
fn p10_what_is_only_counted_gives_way_to_other_writes() {
    type Change = fn(&mut Record);
    let changes: [(&str, Change); 6] = [
        ("remaining", |record| record.remaining = 7),
        ("who holds", |record| record.held_by.clear()),
        ("who was waited for", |record| record.waited.clear()),
        ("sidecars", |record| record.sidecars = 7),
        ("their pace", |record| record.poll_seconds = 7),
        ("a heartbeat", |record| {
            record.lifecycle.as_mut().unwrap().heartbeat_at = at(-3600);
        }),
    ];
    for (what, change) in changes {
        let mut bench = Bench::holding();
        bench.rewrite(change);
        let plan = bench.plan(120);
        assert_eq!(names(&plan).last(), Some(&"put-count"), "{what}");
    }
}

#[test]
fn a_hold_says_why() {
    let mut unknown = Bench::holding();
    unknown.observation.instance = Observed::Unknown("time-out".to_owned());
    let mut failed = Bench::holding();
    failed.observation.tasks = Observed::Unknown("throttled".to_owned()).into();
    let mut unasked = Bench::holding();
    unasked.observation.tasks = Observed::Absent.into();
    let mut active = Bench::external_holding();
    active.status("ACTIVE");
    let mut unconfirmed = Bench::hooked();
    unconfirmed.step(0);
    unconfirmed.tasks(vec![]);
    let mut unsettled = Bench::holding();
    unsettled.tasks(vec![]);
    for (mut bench, why) in [
        (Bench::holding(), "held by 1 task of service:web"),
        (
            unknown,
            "held: the container instance could not be read: time-out",
        ),
        (failed, "held: tasks are not known: throttled"),
        (unasked, "held: tasks are not known: they were not read"),
        (
            active,
            "held: the container instance is ACTIVE again; a second look must confirm it",
        ),
        (unconfirmed, "held: DRAINING is not confirmed yet"),
        (
            unsettled,
            "held: no task holds; the settle window ends at 2026-03-01T12:00:10Z",
        ),
    ] {
        let plan = bench.plan(4);
        assert_eq!(plan.verdict, Verdict::Holding, "{why}");
        let said: Vec<String> = plan.remarks.iter().map(ToString::to_string).collect();
        assert_eq!(said, [why]);
    }
}

#[test]
fn p10_sidecars_read_slower_the_more_they_are() {
    for (sidecars, seconds) in [
        (0, 1),
        (20, 1),
        (21, 2),
        (100, 5),
        (600, 30),
        (1000, 50),
        (10_000, 60),
    ] {
        assert_eq!(poll_seconds(sidecars, ParameterThroughput::Standard), seconds);
    }
    for sidecars in 0..=100 {
        let of = |throughput| poll_seconds(sidecars, throughput);
        assert_eq!(
            of(ParameterThroughput::Higher),
            of(ParameterThroughput::Standard),
            "{sidecars}"
        );
    }
    for (sidecars, seconds) in [
        (101, 5),
        (300, 5),
        (1000, 5),
        (1001, 6),
        (10_000, 50),
        (20_000, 60),
    ] {
        assert_eq!(poll_seconds(sidecars, ParameterThroughput::Higher), seconds);
    }
}

#[test]
fn p10_a_record_asks_for_the_pace_of_the_throughput() {
    let polls = |throughput, drains, sidecars| {
        let mut bench = Bench::hooked();
        bench.policy.parameter_throughput = throughput;
        bench.fleet = Fleet { drains, sidecars };
        bench.step(0);
        bench.record().poll_seconds
    };
    assert_eq!(polls(ParameterThroughput::Standard, 300, 310), 16);
    assert_eq!(polls(ParameterThroughput::Higher, 300, 310), 5);
    for throughput in [ParameterThroughput::Standard, ParameterThroughput::Higher] {
        assert_eq!(
            polls(throughput, 0, 0),
            5,
            "{throughput:?}: one that drains alone"
        );
        assert_eq!(polls(throughput, 3, 9), 5, "{throughput:?}: a few drains");
        assert_eq!(polls(throughput, 12, 12), 1, "{throughput:?}: a small fleet");
    }
}
