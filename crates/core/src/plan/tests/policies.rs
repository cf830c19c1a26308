//! Rules 6, 7, 8, 12, the Spot notice and the kill switch.

use std::collections::BTreeSet;

use super::*;
use crate::control::{Control, KillSwitch};
use crate::ids::TaskArn;
use crate::policy::StandaloneTasks;
use crate::record::{Ordered, Releasing};

fn daemon(id: u32, service: &str, status: &str) -> Task {
    let containers = [service, "ecs-daemon-protector"];
    let group = format!("service:{service}");
    task(id, &group, status, Scheduling::Daemon, &containers)
}

/// Who is asked to stop, and why.
fn stops(plan: &Plan) -> Vec<(&TaskArn, &str)> {
    let stops = plan.actions.iter().filter_map(|action| match action {
        Action::StopTask { task, why } => Some((task, why.as_str())),
        _ => None,
    });
    stops.collect()
}

/// Three daemons in three tiers, on an instance where nothing holds any more.
fn tiered() -> Bench {
    let mut bench = Bench::holding();
    bench.policy.tiers = "xray | mesh | logs".parse().unwrap();
    bench.tasks(all(["RUNNING"; 3]));
    bench
}

fn all([xray, mesh, logs]: [&str; 3]) -> Vec<Task> {
    vec![
        daemon(901, "xray", xray),
        daemon(902, "mesh", mesh),
        daemon(903, "logs", logs),
    ]
}

fn services(bench: &Bench) -> Vec<String> {
    let released = bench.record().released_services;
    released.iter().map(ToString::to_string).collect()
}

#[test]
fn p3_a_tier_whose_tasks_are_not_known_has_the_names_of_the_setting() {
    let mut bench = tiered();
    bench.policy.tiers = "xray, web-agent | mesh".parse().unwrap();
    bench.tasks(vec![web(1, "RUNNING")]);
    bench.step(30);
    bench.observation.tasks = Observed::Unknown("no answer".to_owned()).into();
    bench.step(3600);
    assert_eq!(services(&bench), ["web-agent", "xray"]);
}

#[test]
fn tiers_go_one_after_another() {
    let mut bench = tiered();
    assert_eq!(bench.step(60).verdict, Verdict::Releasing);
    assert_eq!(services(&bench), ["xray"]);
    bench.tasks(all(["STOPPING", "RUNNING", "RUNNING"]));
    // P1 among daemons: the next waits for STOPPED.
    assert_eq!(bench.done(65), [""; 0]);
    bench.tasks(all(["STOPPED", "RUNNING", "RUNNING"]));
    bench.step(70);
    assert_eq!(services(&bench), ["mesh", "xray"]);
    bench.tasks(all(["STOPPED", "STOPPED", "RUNNING"]));
    let plan = bench.step(80);
    assert_eq!(plan.verdict, DRAINED);
}

#[test]
fn p3_a_tier_that_hangs_has_its_budget_and_no_more() {
    let mut bench = tiered();
    bench.step(60);
    bench.tasks(all(["STOPPED", "RUNNING", "RUNNING"]));
    bench.step(70);
    assert_eq!(bench.step(195).verdict, Verdict::Releasing);
    assert_eq!(bench.step(196).verdict, DRAINED);
}

#[test]
fn the_time_of_a_tier_stands_still_while_the_agent_is_away() {
    let mut bench = tiered();
    bench.step(60);
    bench.change(|instance| instance.agent_connected = false);
    for seconds in [100, 160, 220, 280] {
        assert_eq!(bench.step(seconds).verdict, Verdict::Releasing, "{seconds}");
        assert_eq!(services(&bench), ["xray"], "no agent has ordered it to stop");
    }
    bench.change(|instance| instance.agent_connected = true);
    bench.step(300);
    let first = |bench: &Bench| {
        bench
            .record()
            .releasing
            .map(|releasing| (releasing.tier, releasing.since))
    };
    assert_eq!(
        first(&bench),
        Some((0, at(300))),
        "its time begins with the agent's return"
    );
    bench.step(425);
    assert_eq!(first(&bench), Some((0, at(300))));
    bench.step(426);
    assert_eq!(first(&bench), Some((1, at(426))));
}

#[test]
fn p3_a_tier_waits_for_its_agent_until_the_agent_is_lost_or_the_deadline_has_passed() {
    let away = |change: fn(&mut Policy)| {
        let mut bench = tiered();
        change(&mut bench.policy);
        bench.step(60);
        bench.change(|instance| instance.agent_connected = false);
        bench.step(70);
        let steps = (2..).map(|minute| minute * 60);
        let mut ends = steps.map(|seconds| (seconds, bench.step(seconds).verdict));
        ends.find(|(_, verdict)| *verdict != Verdict::Releasing)
    };
    let lost = Verdict::Released(ReleaseReason::AgentLost);
    assert_eq!(away(|_| ()), Some((720, lost)), "after ten minutes");
    let released = Verdict::Released(ReleaseReason::Drained);
    let late = away(|policy| policy.agent_lost = seconds(2 * 3600));
    assert_eq!(
        late,
        Some((3780, released)),
        "from the deadline on each tier has its time and no more"
    );
}

#[test]
fn p2_unknown_daemons_of_a_tier_have_its_whole_budget() {
    let mut bench = tiered();
    bench.step(60);
    bench.observation.tasks = Observed::Unknown("down".to_owned()).into();
    bench.step(185);
    assert_eq!(bench.record().releasing.map(|releasing| releasing.tier), Some(0));
    bench.step(186);
    let expected = Releasing {
        reason: ReleaseReason::Drained,
        tier: 1,
        since: at(186),
    };
    assert_eq!(bench.record().releasing, Some(expected));
}

/// A registration that was left behind still shows a task that runs, and a daemon of the first tier.
#[test]
fn phantoms_of_an_old_registration_do_not_end_the_order_of_the_tiers() {
    let phantom = |task| Task {
        agent_connected: false,
        ..task
    };
    let old = [
        phantom(web(1, "RUNNING")),
        phantom(daemon(801, "xray", "RUNNING")),
    ];
    let mut bench = tiered();
    bench.tasks([all(["RUNNING"; 3]), old.to_vec()].concat());
    for at in (20..620).step_by(60) {
        assert_eq!(bench.step(at).verdict, Verdict::Holding, "{at}");
    }
    assert_eq!(bench.step(620).verdict, Verdict::Releasing);
    assert_eq!(services(&bench), ["xray"]);
    let reason = bench.record().releasing.map(|releasing| releasing.reason);
    assert_eq!(reason, Some(ReleaseReason::AgentLost));
    // The phantom of the first tier never stops: the tier has the time of a flush, not more.
    bench.tasks([all(["STOPPED", "RUNNING", "RUNNING"]), old.to_vec()].concat());
    bench.step(745);
    assert_eq!(services(&bench), ["xray"]);
    bench.step(746);
    assert_eq!(services(&bench), ["mesh", "xray"]);
}

#[test]
fn a_service_that_is_in_no_tier_goes_with_the_first() {
    let mut bench = tiered();
    bench.tasks(vec![
        daemon(904, "unlisted", "RUNNING"),
        daemon(903, "logs", "RUNNING"),
    ]);
    bench.step(60);
    assert_eq!(services(&bench), ["unlisted"]);
}

#[test]
fn the_deadline_goes_tier_by_tier_too_and_leaves_time_for_all_of_them() {
    let mut bench = Bench::hooked();
    bench.policy.tiers = "xray | mesh | logs".parse().unwrap();
    bench.policy.max_drain = seconds(48 * 3600);
    bench.step(0);
    let deadline = 48 * 3600 - 3 * 120 - 180;
    assert_eq!(bench.record().deadline_at, at(deadline));
    bench.status("DRAINING");
    bench.tasks([all(["RUNNING"; 3]), vec![web(1, "RUNNING")]].concat());
    assert_eq!(bench.step(deadline).verdict, Verdict::Releasing);
    // Sidecars of the last tier leave a minute after it.
    assert_eq!(bench.record().deadline_at, at(deadline + 3 * 120));
}

#[test]
fn a_cancelled_drain_lets_all_tiers_go_at_once() {
    let mut bench = Bench {
        policy: tiered().policy,
        ..Bench::external()
    };
    bench.step(0);
    bench.tasks(all(["RUNNING"; 3]));
    bench.step(60);
    bench.status("ACTIVE");
    bench.step(70);
    let plan = bench.step(80);
    assert_eq!(plan.verdict, Verdict::Released(ReleaseReason::Cancelled));
}

#[test]
fn an_agent_that_flaps_is_waited_for_and_a_lost_one_is_not() {
    let mut bench = Bench::holding();
    let connected = |bench: &mut Bench, connected: bool| {
        bench.change(|instance| instance.agent_connected = connected);
    };
    connected(&mut bench, false);
    bench.step(60);
    connected(&mut bench, true);
    bench.step(300);
    assert_eq!(bench.record().agent_lost_at, None);
    connected(&mut bench, false);
    for seconds in (600..1200).step_by(60) {
        assert_eq!(bench.step(seconds).verdict, Verdict::Holding);
        assert_eq!(bench.record().agent_away_at, Some(at(seconds)));
    }
    assert_eq!(bench.done(1199), ["put-holding"]);
    let lost = Verdict::Released(ReleaseReason::AgentLost);
    assert_eq!(bench.step(1200).verdict, lost);
}

#[test]
fn p2_two_sightings_of_an_agent_that_is_away_are_no_absence() {
    for (gap, lost_at) in [(60, 60), (150, 60), (151, 211), (720, 780)] {
        let mut bench = Bench::holding();
        bench.change(|instance| instance.agent_connected = false);
        bench.step(60);
        bench.step(60 + gap);
        assert_eq!(bench.record().agent_lost_at, Some(at(lost_at)), "{gap}");
    }
}

#[test]
fn p10_that_an_agent_is_away_is_not_written_at_each_look() {
    let mut bench = Bench::holding();
    bench.change(|instance| instance.agent_connected = false);
    bench.step(60);
    assert_eq!(bench.done(70), [""; 0]);
    assert_eq!(bench.done(104), [""; 0]);
    assert_eq!(bench.done(105), ["put-holding"]);
}

#[test]
fn standalone_tasks_are_waited_for_ignored_or_stopped() {
    let verdict = |choice: StandaloneTasks| {
        let mut bench = Bench::holding();
        bench.policy.standalone_tasks = choice;
        bench.tasks(vec![job(5, "RUNNING"), logs("RUNNING")]);
        let plan = bench.plan(60);
        (plan.verdict, names(&plan).contains(&"stop-task"))
    };
    assert_eq!(verdict(StandaloneTasks::Wait), (Verdict::Holding, false));
    assert_eq!(verdict(StandaloneTasks::Ignore), (DRAINED, false));
    assert_eq!(verdict(StandaloneTasks::Stop), (Verdict::Holding, true));
}

#[test]
fn a_task_is_asked_to_stop_once_and_not_before_draining() {
    let mut bench = Bench::hooked();
    bench.policy.standalone_tasks = StandaloneTasks::Stop;
    bench.tasks(vec![job(5, "RUNNING")]);
    assert!(!bench.done(0).contains(&"stop-task"));
    bench.status("DRAINING");
    assert!(bench.done(1).contains(&"stop-task"));
    bench.tasks(vec![job(5, "STOPPING")]);
    assert!(!bench.done(2).contains(&"stop-task"));
}

#[test]
fn no_task_is_asked_to_stop_after_the_release() {
    let mut bench = Bench::holding();
    bench.policy.standalone_tasks = StandaloneTasks::Stop;
    bench.tasks(vec![job(5, "RUNNING"), logs("RUNNING")]);
    assert_eq!(bench.step(3600).verdict, AT_DEADLINE);
    assert_eq!(bench.done(3610), [""; 0]);
}

#[test]
fn so_many_tasks_are_asked_to_stop_at_once_and_each_with_the_reason() {
    let mut bench = Bench::holding();
    bench.policy.standalone_tasks = StandaloneTasks::Stop;
    bench.tasks((0..25).map(|id| job(id, "RUNNING")).collect());
    let plan = bench.plan(60);
    assert_eq!(stops(&plan).len(), 20);
    assert!(
        stops(&plan)
            .iter()
            .all(|(_, why)| why.contains("STANDALONE_TASKS"))
    );
}

#[test]
fn p3_tasks_that_may_not_be_stopped_keep_none_waiting() {
    let mut bench = Bench::holding();
    bench.policy.standalone_tasks = StandaloneTasks::Stop;
    bench.tasks((0..25).map(|id| job(id, "RUNNING")).collect());
    let (first, second) = (bench.plan(60), bench.plan(120));
    let asked = |plan| -> BTreeSet<_> { stops(plan).into_iter().map(|(task, _)| task).collect() };
    let (first, second) = (asked(&first), asked(&second));
    assert_eq!((first.len(), second.len()), (20, 20));
    assert_eq!(first.union(&second).count(), 25, "no task has stopped meanwhile");
}

#[test]
fn what_is_left_is_stopped_after_a_while_whatever_it_is() {
    let mut bench = Bench::holding();
    bench.policy.stop_tasks_after = Some(seconds(600));
    let left = [web(1, "RUNNING"), job(5, "RUNNING")];
    bench.tasks([&left[..], &[web(2, "STOPPING"), logs("RUNNING")]].concat());
    assert_eq!(stops(&bench.plan(599)), []);
    let plan = bench.plan(600);
    let stopped = stops(&plan);
    assert_eq!(stopped.len(), 2, "not the one that stops already, and no daemon");
    let (_, why) = stopped[0];
    assert!(why.contains("STOP_TASKS_AFTER"), "{why}");
    assert!(why.contains("i-0123456789abcdef0"), "{why}");
}

#[test]
fn a_spot_notice_records_drains_and_leaves_the_daemons_their_reserve() {
    let mut bench = Bench::hooked();
    bench.observation.hook = Hook::None;
    bench.spot = Some(at(0));
    assert_eq!(bench.done(2), ["put-holding", "set-draining"]);
    // 120 s less half of it at most.
    assert_eq!(bench.record().deadline_at, at(60));
    // P8: also when the next run knows of no notice.
    bench.spot = None;
    assert_eq!(bench.done(3), ["set-draining"]);
    bench.status("DRAINING");
    bench.step(4);
    assert_eq!(bench.step(60).verdict, AT_DEADLINE);
}

#[test]
fn a_spot_notice_shortens_a_drain_that_goes_on() {
    let mut bench = Bench::holding();
    bench.spot = Some(at(100));
    bench.step(100);
    assert_eq!(bench.record().deadline_at, at(160));
}

#[test]
fn p3_the_deadline_of_a_notice_is_looked_at_when_it_comes() {
    let noticed = || {
        let mut bench = Bench::hooked();
        bench.observation.hook = Hook::None;
        bench.spot = Some(at(0));
        bench
    };
    let mut bench = noticed();
    assert_eq!(bench.step(2).look_again, Some(seconds(58)));
    bench.status("DRAINING");
    assert_eq!(bench.step(4).look_again, Some(seconds(56)));
    // The settle window ends sooner.
    bench.tasks(vec![logs("RUNNING")]);
    assert_eq!(bench.step(5).look_again, Some(seconds(9)));
    // Here it ends later.
    let mut late = noticed();
    late.step(2);
    late.status("DRAINING");
    late.tasks(vec![logs("RUNNING")]);
    assert_eq!(late.step(55).look_again, Some(seconds(5)));
    let released = late.step(60);
    assert_eq!((released.verdict, released.look_again), (AT_DEADLINE, None));
    assert_eq!(late.step(61).look_again, None);
    // A tick is soon enough for any other deadline.
    assert_eq!(Bench::holding().step(4).look_again, None);
}

#[test]
fn p3_at_a_spot_notice_each_tier_has_its_share_of_what_is_left() {
    let mut bench = tiered();
    bench.spot = Some(at(0));
    bench.tasks([all(["RUNNING"; 3]), vec![web(1, "RUNNING")]].concat());
    assert_eq!(bench.step(30).verdict, Verdict::Holding);
    for (now, tiers) in [(60, 1), (79, 1), (80, 2), (99, 2)] {
        assert_eq!(bench.step(now).verdict, Verdict::Releasing);
        assert_eq!(services(&bench).len(), tiers, "{now}");
        let deadline = bench.record().deadline_at;
        assert!(deadline <= at(120), "nothing is put off past its end");
    }
    assert_eq!(bench.step(100).verdict, AT_DEADLINE);
}

#[test]
fn p3_a_tier_that_goes_early_before_a_spot_instance_is_taken_has_no_more_than_its_own_time() {
    let mut bench = tiered();
    bench.policy.daemon_stop = seconds(15);
    bench.spot = Some(at(0));
    let plan = bench.step(30);
    let seen = (plan.verdict, plan.look_again);
    assert_eq!(seen, (Verdict::Releasing, Some(seconds(21))));
}

#[test]
fn a_machine_that_goes_in_the_middle_of_a_forced_release_was_not_drained() {
    let mut bench = tiered();
    bench.tasks([all(["RUNNING"; 3]), vec![web(1, "RUNNING")]].concat());
    bench.step(30);
    bench.step(3600);
    bench.observation.instance = Observed::Absent;
    bench.observation.tasks = Observed::Absent.into();
    bench.step(3610);
    assert_eq!(bench.record().reason, Some(ReleaseReason::Deadline));
}

#[test]
fn a_machine_that_is_taken_at_its_deadline_while_tasks_hold_was_not_drained() {
    for (held, reason) in [(true, ReleaseReason::Deadline), (false, ReleaseReason::Drained)] {
        let mut bench = Bench::holding();
        bench.spot = Some(at(0));
        let web = held.then(|| web(1, "RUNNING"));
        bench.tasks(web.into_iter().chain([logs("RUNNING")]).collect());
        bench.step(5);
        bench.observation.instance = Observed::Absent;
        bench.observation.tasks = Observed::Absent.into();
        bench.step(125);
        assert_eq!(bench.record().reason, Some(reason));
    }
}

#[test]
fn the_kill_switch_releases_everything_and_still_drains() {
    let mut bench = Bench::hooked();
    bench.kill_switch = Control::ReleaseAll.into();
    let plan = bench.step(0);
    assert_eq!(names(&plan), ["put-released", "set-draining"]);
    assert_eq!(bench.record().reason, Some(ReleaseReason::Operator));
    let said = joined(&plan.remarks);
    assert_eq!(said, "released: the kill switch says release-all");
}

#[test]
fn the_run_that_releases_sets_draining_what_is_active_and_no_later_one_does() {
    let mut bench = Bench::holding();
    bench.observation.hook = waits(3600, Some(TOKEN));
    bench.status("ACTIVE");
    assert_eq!(bench.done(3600), ["heartbeat", "put-released", "set-draining"]);
    assert_eq!(bench.done(3601), [""; 0]);
}

#[test]
fn p1_an_instance_that_is_active_again_is_left_alone_while_auto_scaling_cannot_be_asked() {
    let mut bench = Bench::holding();
    bench.tasks(vec![logs("RUNNING")]);
    bench.status("ACTIVE");
    bench.observation.hook = Hook::Unknown("no answer".to_owned());
    let plan = bench.step(60);
    assert_eq!(
        (names(&plan), plan.verdict),
        (vec!["put-count"], Verdict::Holding)
    );
    bench.observation.hook = Hook::Over;
    bench.step(70);
    assert!(bench.record().active_since.is_some());
}

/// The receipt of a drain that the kill switch has ended, and what the record of the release has said of it.
fn thrown(text: &str, order: Option<Order>) -> (Option<Ordered>, Option<Ordered>) {
    let mut bench = Bench::holding();
    if let Some(order) = order {
        let command = Command {
            who: "bob".to_owned(),
            ..command(order)
        };
        let plan = bench.plan_with(20, Some(&command));
        bench.store(plan.record().unwrap().clone());
    }
    bench.kill_switch = KillSwitch::decode(text).unwrap();
    bench.step(60);
    let released = bench.record().ordered.clone();
    bench.tasks(vec![logs("STOPPED")]);
    let ended = bench.step(90);
    let receipt = ended.actions.iter().find_map(|action| match action {
        Action::Receipt(record) => Some(record.ordered.clone()),
        _ => None,
    });
    (released, receipt.expect("the drain is over"))
}

#[test]
fn the_receipt_names_who_has_thrown_the_kill_switch_and_no_record_before_it_does() {
    let text = r#"{"mode":"release-all","who":"ana","why":"ticket 7"}"#;
    let by_ana = |ordered: &Ordered| (ordered.command.clone(), ordered.who.clone(), ordered.why.clone());
    let all = ("release-all".to_owned(), "ana".to_owned(), "ticket 7".to_owned());
    let (released, receipt) = thrown(text, None);
    assert_eq!(released, None, "a drain with an order cannot share its record");
    assert_eq!(receipt.as_ref().map(by_ana), Some(all.clone()));
    let ordered_at = receipt.map(|ordered| ordered.at);
    assert_eq!(ordered_at, Some(at(60)), "when it was released");
    // An order to hold was overruled; one to release has come before the switch.
    let (_, receipt) = thrown(text, Some(Order::Hold));
    assert_eq!(receipt.as_ref().map(by_ana), Some(all));
    let (_, receipt) = thrown(text, Some(Order::Release));
    assert_eq!(receipt.map(|ordered| ordered.command), Some("release".to_owned()));
    // The switch does not say who it was.
    assert_eq!(thrown(r#"{"mode":"release-all"}"#, None), (None, None));
}
