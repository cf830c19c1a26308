//! Until when a drain is quiet, and its counts meanwhile.

use super::*;
use crate::policy::StandaloneTasks;
use crate::record::Releasing;
use crate::record::State;

fn due(bench: &Bench) -> Option<Timestamp> {
    next_due(&bench.record(), &bench.policy)
}

#[test]
fn a_quiet_drain_is_looked_at_for_its_stops_and_its_deadline() {
    let mut bench = Bench::holding();
    assert_eq!(due(&bench), Some(bench.record().deadline_at));
    bench.policy.stop_tasks_after = Some(SignedDuration::from_secs(600));
    assert_eq!(due(&bench), Some(at(600)));
    let mut record = bench.record();
    record.deadline_at = at(300);
    bench.store(record);
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
        ("somebody else's, released", |record| {
            record.state = crate::record::State::Released;
            record.lifecycle = None;
        }),
    ];
    for (what, change) in changes {
        let mut bench = Bench::holding();
        let mut record = bench.record();
        change(&mut record);
        bench.store(record);
        assert!(due(&bench).is_none_or(|due| due <= at(1)), "{what}");
    }
    let mut bench = Bench::holding();
    bench.policy.standalone_tasks = StandaloneTasks::Stop;
    assert_eq!(
        due(&bench),
        None,
        "a standalone task may still have to be stopped"
    );
    let bench = Bench::holding();
    let mut record = bench.record();
    record.draining_confirmed_at = None;
    assert_eq!(
        next_due(&record, &bench.policy),
        None,
        "DRAINING is not confirmed"
    );
}

#[test]
fn p4_a_released_drain_is_looked_at_when_its_flush_window_is_over() {
    let mut bench = Bench::holding();
    bench.tasks(vec![logs("RUNNING")]);
    bench.step(60);
    let record = bench.record();
    assert!(record.is_released());
    assert_eq!(due(&bench), Some(at(186)));
    let daemons = [logs("RUNNING")];
    let kept = |seconds| {
        maintenance_actions(
            &record,
            &daemons,
            &bench.policy,
            Fleet::default(),
            HeartbeatSender::Planner,
            at(seconds),
        )
    };
    assert_eq!(kept(120), []);
    assert_eq!(kept(1800).len(), 2, "a heartbeat, and its note");
}

/// What is done for a quiet drain with so many of its 4 tasks alive: names, and the count that is written.
fn kept(before: &Record, bench: &Bench, alive: u32, seconds: i64) -> (Vec<&'static str>, Option<u32>) {
    let task = |id| web(id, if id <= alive { "STOPPING" } else { "STOPPED" });
    let tasks: Vec<Task> = (1..=4).map(task).collect();
    let actions = maintenance_actions(
        before,
        &tasks,
        &bench.policy,
        Fleet::default(),
        HeartbeatSender::Planner,
        at(seconds),
    );
    let counts = actions.iter().find_map(|action| match action {
        Action::PutCount(record) | Action::PutRecord(record) => Some(record.remaining),
        _ => None,
    });
    (
        actions.iter().map(|action| action.kind().name()).collect(),
        counts,
    )
}

#[test]
fn p10_a_quiet_drains_count_is_written_when_it_is_due() {
    let bench = Bench::holding();
    let mut before = bench.record();
    before.remaining = 4;
    let kept = |alive, seconds| kept(&before, &bench, alive, seconds);
    assert_eq!(kept(3, 60), (vec![], None));
    assert_eq!(kept(3, 120), (vec!["put-count"], Some(3)));
    assert_eq!(kept(1, 4), (vec![], None));
    assert_eq!(kept(1, 5), (vec!["put-count"], Some(1)));
}

#[test]
fn p4_a_quiet_drain_keeps_its_hook_alive() {
    let bench = Bench::holding();
    let before = bench.record();
    assert_eq!(kept(&before, &bench, 4, 1799).0, ["put-count"]);
    assert_eq!(
        kept(&before, &bench, 4, 1800),
        (vec!["heartbeat", "put-count"], Some(4))
    );
}

#[test]
fn p10_the_end_of_the_last_task_is_announced_where_sidecars_wait_for_it() {
    type Change<'a> = &'a dyn Fn(&mut Record, &mut Policy, &mut Fleet);
    let said = |change: Change<'_>| {
        let bench = Bench::holding();
        let (mut record, mut policy, mut fleet) = (bench.record(), bench.policy.clone(), bench.fleet);
        (record.remaining, record.poll_seconds) = (1, 5);
        change(&mut record, &mut policy, &mut fleet);
        announcement(&record, &policy, fleet, at(100))
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
        &|_, policy, _| policy.linger = SignedDuration::from_secs(1),
        &|_, _, fleet| fleet.drains = 4,
    ];
    for (number, change) in not.iter().enumerate() {
        assert_eq!(said(change), None, "{number}");
    }
}
