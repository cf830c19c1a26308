use protector_core::record::ReleaseReason;

use super::*;
use crate::testing::{arn, at, draining, key, task_arn};

fn instance() -> Registrations {
    draining(1).into()
}

fn census(holding: u32) -> Census {
    Census {
        holding: (0..holding).map(task_arn).collect(),
        daemons: vec![task_arn(900)],
        sidecars: 1,
        ..Census::default()
    }
}

fn ended(cache: &Cache, id: u32, seconds: i64) -> TaskStopFollowUp {
    cache.task_ended(&key(1).cluster, &arn(1), &task_arn(id), at(seconds))
}

#[test]
fn p10_the_end_of_a_task_elsewhere_costs_nothing_once_known() {
    let cache = Cache::default();
    assert_eq!(ended(&cache, 1, 0), TaskStopFollowUp::Lookup);
    cache.insert_observed(&key(1), &instance(), Verdict::NotDraining, None, at(0));
    assert!(matches!(ended(&cache, 1, 89), TaskStopFollowUp::Ignore(_)));
    assert_eq!(ended(&cache, 1, 90), TaskStopFollowUp::Lookup);
}

#[test]
fn a_drain_that_cannot_be_recorded_is_known_since_the_first_attempt() {
    let cache = Cache::default();
    let since = |seconds| cache.unrecorded(&key(1), at(seconds)).map(|drain| drain.since);
    let record = |seconds| Record::first(key(1).instance, arn(1), "a1".to_owned(), at(seconds), at(9000), 1);
    assert_eq!(since(0), None);
    let announced = || Announced {
        hook: Hook::None,
        spot: Some(at(0)),
    };
    for seconds in [0, 3, 60, 120] {
        cache.add_unrecorded(&key(1), record(seconds), announced(), at(seconds));
        assert_eq!(since(seconds), Some(at(0)));
    }
    assert_eq!(cache.announced(&key(1), at(179)), Some(announced()));
    assert_eq!(
        cache.announced(&key(1), at(180)),
        None,
        "Auto Scaling is to be asked"
    );
    let without_notice = Announced {
        hook: Hook::None,
        spot: None,
    };
    cache.add_unrecorded(&key(1), record(120), without_notice, at(120));
    assert_eq!(cache.announced(&key(1), at(179)), Some(announced()), "both count");
    let last = cache.unrecorded(&key(1), at(299)).unwrap().record;
    assert_eq!(last.started_at, at(120));
    assert_eq!(since(300), None, "another drain, if there is one");
    cache.is_recorded(&key(1));
    assert_eq!(since(121), None);
    assert_eq!(cache.announced(&key(1), at(121)), None);
    cache.add_unrecorded(&key(1), record(400), announced(), at(400));
    cache.insert_observed(&key(1), &instance(), Verdict::NotDraining, None, at(410));
    assert_eq!(since(410), None, "it was cancelled");
}

#[test]
fn p10_a_tick_answers_for_every_instance_of_the_cluster() {
    let cache = Cache::default();
    cache.listed(&key(1).cluster, &[], at(0));
    assert!(matches!(ended(&cache, 1, 60), TaskStopFollowUp::Ignore(_)));
}

#[test]
fn only_the_last_awaited_task_needs_a_full_observation() {
    let cache = Cache::default();
    cache.insert_observed(&key(1), &instance(), Verdict::Holding, Some(&census(3)), at(0));
    assert!(matches!(ended(&cache, 0, 1), TaskStopFollowUp::Ignore(_)));
    assert_eq!(
        ended(&cache, 1, 2),
        TaskStopFollowUp::DescribeAwaited(key(1), vec![task_arn(2)])
    );
    assert_eq!(ended(&cache, 2, 3), TaskStopFollowUp::Last(key(1)));
}

#[test]
fn the_last_end_of_an_awaited_task_counts_in_whatever_order_events_come() {
    let cache = Cache::default();
    cache.insert_observed(&key(1), &instance(), Verdict::Holding, Some(&census(3)), at(0));
    assert_eq!(cache.ended_at(&key(1)), None);
    for (id, seconds) in [(1, 20), (0, 10), (900, 30)] {
        cache.note_ends(&arn(1), [(&task_arn(id), at(seconds))]);
    }
    assert_eq!(cache.ended_at(&key(1)), Some(at(20)), "a daemon is not awaited");
    cache.insert_observed(&key(1), &instance(), Verdict::Holding, Some(&census(1)), at(40));
    assert_eq!(cache.ended_at(&key(1)), None, "the rest ends later");
}

#[test]
fn p7_a_doubled_event_counts_once() {
    let cache = Cache::default();
    cache.insert_observed(&key(1), &instance(), Verdict::Holding, Some(&census(5)), at(0));
    for _ in 0..9 {
        assert!(matches!(ended(&cache, 0, 1), TaskStopFollowUp::Ignore(_)));
    }
}

#[test]
fn events_that_other_runs_got_are_made_up_for_by_probes() {
    let cache = Cache::default();
    cache.insert_observed(&key(1), &instance(), Verdict::Holding, Some(&census(10)), at(0));
    assert!(matches!(ended(&cache, 0, 59), TaskStopFollowUp::Ignore(_)));
    assert!(matches!(
        ended(&cache, 1, 60),
        TaskStopFollowUp::DescribeAwaited(..)
    ));
    assert_eq!(
        cache.probed(&key(1), BTreeSet::new(), at(60)),
        TaskStopFollowUp::Last(key(1))
    );
}

#[test]
fn a_daemon_that_ends_tells_of_a_release_by_another_run() {
    let cache = Cache::default();
    cache.insert_observed(&key(1), &instance(), Verdict::Holding, Some(&census(5)), at(0));
    assert_eq!(ended(&cache, 900, 1), TaskStopFollowUp::Observe(key(1)));
}

#[test]
fn after_the_release_daemons_are_awaited() {
    let cache = Cache::default();
    cache.insert_observed(
        &key(1),
        &instance(),
        Verdict::Released(ReleaseReason::Drained),
        Some(&census(0)),
        at(0),
    );
    assert_eq!(
        ended(&cache, 900, 1),
        TaskStopFollowUp::Complete(key(1), instance().all().cloned().collect())
    );
    assert_eq!(
        ended(&cache, 900, 2),
        TaskStopFollowUp::Observe(key(1)),
        "a copy of the event says nothing new"
    );
}

#[test]
fn other_drains_are_counted_without_ones_own() {
    let cache = Cache::default();
    cache.insert_observed(&key(1), &instance(), Verdict::Holding, Some(&census(1)), at(0));
    assert_eq!(cache.fleet_without(&key(1), at(0)), Fleet::default());
    let other = InstanceKey {
        instance: "i-87654321".parse().unwrap(),
        ..key(1)
    };
    assert_eq!(
        cache.fleet_without(&other, at(0)),
        Fleet {
            drains: 1,
            sidecars: 1
        }
    );
    cache.insert_fleet(BTreeMap::from([(key(1), 9), (other.clone(), 4)]), at(0));
    let fleet = cache.fleet_without(&key(1), at(89));
    assert_eq!(
        (fleet.drains, fleet.sidecars),
        (1, 4),
        "as the tick has listed it"
    );
    assert_eq!(
        cache.fleet_without(&key(1), at(90)),
        Fleet::default(),
        "but not indefinitely"
    );
    let own = cache.fleet_without(&other, at(0));
    assert_eq!((own.drains, own.sidecars), (1, 1), "what was looked at is newer");
}

#[test]
fn calls_that_no_record_has_counted_are_taken_once() {
    let cache = Cache::default();
    cache.add_uncounted(&key(1), 4);
    cache.add_uncounted(&key(1), 1);
    assert_eq!(
        (cache.take_uncounted(&key(1)), cache.take_uncounted(&key(1))),
        (5, 0)
    );
}

#[test]
fn calls_for_many_drains_are_divided_among_them() {
    let cache = Cache::default();
    let keys = [1, 2, 3].map(|number| InstanceKey {
        instance: format!("i-0000000{number}").parse().unwrap(),
        ..key(1)
    });
    cache.share_calls(&keys, 7);
    cache.share_calls([], 5);
    assert_eq!(keys.map(|key| cache.take_uncounted(&key)), [3, 2, 2]);
}

#[test]
fn p7_a_batch_does_not_wait_long_while_daemons_go_tier_by_tier() {
    let cache = Cache::default();
    let awaits = |verdict, holding| {
        cache.insert_observed(&key(1), &instance(), verdict, Some(&census(holding)), at(0));
        cache.awaits_an_event()
    };
    assert!(awaits(Verdict::Holding, 1), "the end of the task that holds");
    assert!(
        !awaits(Verdict::Holding, 0),
        "nothing but the settle window is left"
    );
    assert!(
        awaits(Verdict::Releasing, 0),
        "the end of a daemon opens the next tier"
    );
    cache.insert_observed(&key(1), &instance(), Verdict::Holding, None, at(1));
    assert!(cache.awaits_an_event(), "its tasks were not seen yet");
}

#[test]
fn p7_a_record_that_is_read_again_leaves_the_next_look_as_it_is() {
    let cache = Cache::default();
    cache.is_recorded_as(&key(1), &instance(), Verdict::Holding, at(0));
    assert_eq!(cache.next_due(), None);
    cache.insert_observed(&key(1), &instance(), Verdict::Holding, Some(&census(0)), at(1));
    cache.look_at(&key(1), Some(at(4)));
    cache.is_recorded_as(&key(1), &instance(), Verdict::Holding, at(2));
    assert_eq!(cache.next_due(), Some(at(4)));
}

#[test]
fn a_beacon_that_cannot_be_written_keeps_no_check_waiting() {
    let cache = Cache::default();
    let wanted = SlotWanted {
        beacon: BeaconNeed::Urgent,
        recheck: false,
        check: true,
    };
    let mut slots = Vec::new();
    for number in 0..6 {
        let slot = cache.take_slot(wanted, at(60 * number));
        if slot == TickSlot::Beacon {
            cache.beacon_tried(number >= 4, at(60 * number));
        }
        slots.push(slot);
    }
    let (beacon, check) = (TickSlot::Beacon, TickSlot::Check);
    assert_eq!(slots, [beacon, check, beacon, check, beacon, beacon]);
}
