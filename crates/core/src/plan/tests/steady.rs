//! Until when a drain is steady, and its counts meanwhile.

use super::*;
use crate::policy::StandaloneTasks;
use crate::record::{Releasing, State};

fn due(bench: &Bench) -> Option<Timestamp> {
    next_due(&bench.record(), &bench.policy)
}

#[test]
fn a_steady_drain_is_looked_at_for_its_stops_and_its_deadline() {
    let mut bench = Bench::holding();
    assert_eq!(due(&bench), Some(bench.record().deadline_at));
    bench.policy.stop_tasks_after = Some(seconds(600));
    assert_eq!(due(&bench), Some(at(600)));
    bench.rewrite(|record| record.deadline_at = at(300));
    assert_eq!(due(&bench), Some(at(300)));
}

#[test]
fn a_drain_with_a_clock_of_its_own_is_looked_at_each_time() {
    type Change = fn(&mut Record);
    let changes: [(&str, Change); 6] = [
        ("agent lost", |record| record.agent_lost_at = Some(at(1))),
        ("active again", |record| record.active_since = Some(at(1))),
        ("over", |record| record.receipt_at = Some(at(1))),
        ("tiers", |record| {
            record.releasing = Some(Releasing {
                reason: ReleaseReason::Drained,
                tier: 0,
                since: at(1),
            });
        }),
        ("a Spot notice", |record| record.spot_notice_at = Some(at(1))),
        ("another actor's, released", |record| {
            record.state = State::Released;
            record.lifecycle = None;
        }),
    ];
    for (what, change) in changes {
        let mut bench = Bench::holding();
        bench.rewrite(change);
        assert!(due(&bench).is_none_or(|due| due <= at(1)), "{what}");
    }
    let mut bench = Bench::holding();
    bench.policy.standalone_tasks = StandaloneTasks::Stop;
    assert_eq!(due(&bench), None, "one may still have to be stopped");
    let mut bench = Bench::holding();
    bench.rewrite(|record| record.draining_confirmed_at = None);
    assert_eq!(due(&bench), None, "DRAINING is not confirmed");
}

#[test]
fn p4_a_released_drain_is_looked_at_when_its_flush_window_is_over() {
    let mut bench = Bench::holding();
    bench.tasks(vec![logs("RUNNING")]);
    bench.step(60);
    assert!(bench.record().is_released());
    assert_eq!(due(&bench), Some(at(186)));
    let daemons = [logs("RUNNING")];
    assert_eq!(maintained(&bench, &daemons, 120), []);
    let kept = maintained(&bench, &daemons, 1800);
    assert_eq!(kept.len(), 2, "a heartbeat, and its note");
}

fn maintained(bench: &Bench, tasks: &[Task], seconds: i64) -> Vec<Action> {
    let (fleet, sender) = (Fleet::default(), HeartbeatSender::Planner);
    maintain(&bench.record(), tasks, &bench.policy, fleet, sender, at(seconds)).actions
}

/// What is done for a steady drain with so many of its 4 tasks alive: names, and the count that is written.
fn kept(bench: &Bench, alive: u32, seconds: i64) -> (Vec<&'static str>, Option<u32>) {
    let task = |id| web(id, if id <= alive { "STOPPING" } else { "STOPPED" });
    let tasks: Vec<Task> = (1..=4).map(task).collect();
    let actions = maintained(bench, &tasks, seconds);
    let counts = actions.iter().find_map(|action| match action {
        Action::PutCount(record) | Action::PutRecord(record) => Some(record.remaining),
        _ => None,
    });
    let names = actions.iter().map(|action| action.kind().name());
    (names.collect(), counts)
}

#[test]
fn p10_a_steady_drains_count_is_written_when_it_is_due() {
    let mut bench = Bench::holding();
    bench.rewrite(|record| record.remaining = 4);
    for (alive, seconds, written) in [(3, 60, None), (3, 120, Some(3)), (1, 4, None), (1, 5, Some(1))] {
        let names = written.map_or(vec![], |_| vec!["put-count"]);
        assert_eq!(kept(&bench, alive, seconds), (names, written));
    }
}

#[test]
fn p4_a_steady_drain_keeps_its_hook_alive() {
    let bench = Bench::holding();
    assert_eq!(kept(&bench, 4, 1799).0, ["put-count"]);
    let due = vec!["heartbeat", "put-count"];
    assert_eq!(kept(&bench, 4, 1800), (due, Some(4)));
}

#[test]
fn p10_the_end_of_the_last_task_is_announced_where_sidecars_wait_for_it() {
    type Change<'a> = &'a dyn Fn(&mut Record, &mut Policy, &mut Fleet);
    let said = |change: Change<'_>| {
        let bench = Bench::holding();
        let (mut record, mut policy, mut fleet) = (bench.record(), bench.policy.clone(), bench.fleet);
        (record.remaining, record.poll_seconds) = (1, 5);
        change(&mut record, &mut policy, &mut fleet);
        announcement(&record, policy.linger, fleet, at(100))
    };
    let note = said(&|_, _, _| ()).unwrap();
    assert_eq!(
        (note.remaining, note.release_not_before, note.updated_at),
        (0, Some(at(105)), at(100))
    );
    assert!(!note.is_released(), "P1");
    let not: [Change<'_>; 5] = [
        &|record, _, _| record.poll_seconds = 1,
        &|record, _, _| record.state = State::Released,
        &|record, _, _| record.release_not_before = Some(at(105)),
        &|_, policy, _| policy.linger = seconds(1),
        &|_, _, fleet| fleet.drains = 4,
    ];
    for (number, change) in not.iter().enumerate() {
        assert_eq!(said(change), None, "{number}");
    }
}
