use protector_core::record::{ReleaseReason, State};

use super::*;
use crate::aws::ErrorKind;
use crate::testing::{arn, at, key as key_of};

fn record(number: u32, started: i64) -> Record {
    let (instance, name) = (key_of(number).instance, format!("drain-{started}"));
    Record::first(instance, arn(1), name, at(started), at(started + 3600), 1)
}

fn released(mut record: Record, seconds: i64) -> Record {
    record.state = State::Released;
    record.reason = Some(ReleaseReason::Drained);
    record.released_at = Some(at(seconds));
    record
}

fn stored(record: Record, version: i64) -> Stored {
    Stored {
        record: Ok(record),
        version,
    }
}

/// A store that has read the shared records of the cluster: there are none.
fn store() -> Store {
    let store = Store::default();
    store.insert_shared(&key_of(0).cluster, &[], at(0));
    store
}

fn put(store: &Store, record: &Record) -> Option<SharedSlot> {
    let key = InstanceKey {
        cluster: key_of(0).cluster,
        instance: record.ec2_instance_id.clone(),
    };
    store.put(&key, &SharedDrain::of(record).unwrap())
}

fn write(store: &Store, place: &SharedSlot, version: i64) -> SharedRecord {
    let draft = store.draft(place, Polls::Are(5), at(10)).unwrap();
    store.tried(place, &draft, Ok(version));
    draft.record
}

fn failure() -> AwsError {
    AwsError {
        operation: "PutParameter",
        kind: ErrorKind::Denied,
        message: "not allowed".to_owned(),
    }
}

#[test]
fn p2_a_record_that_was_there_a_moment_ago_is_not_gone_because_one_answer_lags() {
    let (store, key) = (Store::default(), key_of(1));
    store.insert(&key, &stored(record(1, 0), 3), at(0));
    let seen = |read, seconds| store.seen(&key, read, at(seconds));
    assert_eq!(
        seen(Observed::Absent, 59),
        Observed::Present(stored(record(1, 0), 3))
    );
    assert_eq!(
        seen(Observed::Absent, 60),
        Observed::Absent,
        "another actor has deleted it"
    );
    let why = Observed::Unknown("throttled".to_owned());
    assert_eq!(seen(why.clone(), 1), why);
}

#[test]
fn p7_what_is_known_of_a_drain_in_a_shared_record_outlives_that_its_own_is_not_found() {
    let (store, key) = (Store::default(), key_of(1));
    store.insert(&key, &stored(record(1, 0), 0), at(0));
    assert_eq!(
        store.seen(&key, Observed::Absent, at(500)),
        Observed::Present(stored(record(1, 0), 0))
    );
}

#[test]
fn p8_an_older_text_is_no_news_and_a_newer_one_is_merged() {
    let (store, key) = (Store::default(), key_of(1));
    let mut ours = record(1, 0);
    ours.draining_confirmed_at = Some(at(5));
    store.insert(&key, &stored(ours.clone(), 3), at(0));
    let seen = |record: Record, version| store.seen(&key, Observed::Present(stored(record, version)), at(1));
    assert_eq!(
        seen(record(1, 0), 2),
        Observed::Present(stored(ours.clone(), 3)),
        "it lags"
    );
    assert_eq!(
        seen(record(1, 0), 3),
        Observed::Present(stored(ours, 3)),
        "it knows less"
    );
    let theirs = seen(released(record(1, 0), 20), 4);
    assert!(theirs.readable().unwrap().is_released(), "another writer");
    let later = seen(record(1, 300), 1);
    assert_eq!(
        later.readable().unwrap().started_at,
        at(300),
        "the name came back"
    );
}

#[test]
fn p8_what_has_ended_stays_ended_until_another_drain_begins() {
    let (store, key) = (Store::default(), key_of(1));
    store.insert(&key, &stored(released(record(1, 0), 9), 2), at(10));
    store.ended(&key);
    store.insert(&key, &stored(released(record(1, 0), 9), 2), at(20));
    assert!(store.open().is_empty());
    let much_later = store.seen(&key, Observed::Absent, at(500));
    assert!(
        much_later.readable().is_some(),
        "its parameter is gone, and events of its end go on"
    );
    store.insert(&key, &stored(record(1, 400), 1), at(400));
    assert_eq!(store.open().len(), 1);
}

#[test]
fn p10_a_change_that_comes_before_the_write_is_in_its_text() {
    let store = store();
    let (first, second) = (
        put(&store, &record(1, 0)).unwrap(),
        put(&store, &record(2, 3)).unwrap(),
    );
    assert_eq!(store.outcome(&second), None);
    let text = write(&store, &first, 1);
    assert_eq!(text.drains.len(), 2);
    assert_eq!(store.outcome(&second), Some(Ok(())), "one write for both");
    let third = put(&store, &record(3, 4)).unwrap();
    assert_eq!(store.outcome(&third), None, "it came later");
    assert_eq!(store.draft(&third, Polls::Are(5), at(11)).unwrap().version, 2);
}

#[test]
fn p1_a_text_that_could_not_be_written_is_not_written_by_the_next_one() {
    let store = store();
    let held = put(&store, &record(1, 0)).unwrap();
    write(&store, &held, 1);
    let place = put(&store, &released(record(1, 0), 20)).unwrap();
    let draft = store.draft(&place, Polls::Are(5), at(20)).unwrap();
    store.tried(&place, &draft, Err(failure()));
    assert_eq!(store.outcome(&place), Some(Err(failure())));
    store.undo(&key_of(1), &place);
    let other = put(&store, &record(2, 21)).unwrap();
    let text = write(&store, &other, 2);
    assert_eq!(text.drains[&key_of(1).instance].released, None);
}

#[test]
fn p8_a_shared_release_is_forgotten_only_with_the_record_that_was_deleted() {
    for (found, stays) in [(Some(3), false), (Some(4), true), (None, true)] {
        let store = store();
        let place = put(&store, &released(record(1, 0), 20)).unwrap();
        write(&store, &place, 1);
        store.deleted(&key_of(1), 3, found);
        let other = put(&store, &record(2, 21)).unwrap();
        let text = write(&store, &other, 2);
        assert_eq!(text.drains.contains_key(&key_of(1).instance), stays, "{found:?}");
    }
}

#[test]
fn p8_what_may_have_been_written_is_in_the_next_text() {
    let cases = [record(1, 0), released(record(1, 0), 20)]
        .map(|tried| [ErrorKind::Timeout, ErrorKind::Internal].map(|kind| (tried.clone(), kind)));
    for (tried, kind) in cases.into_iter().flatten() {
        let store = store();
        if tried.is_released() {
            let held = put(&store, &record(1, 0)).unwrap();
            write(&store, &held, 1);
        }
        let place = put(&store, &tried).unwrap();
        let draft = store.draft(&place, Polls::Are(5), at(20)).unwrap();
        store.tried(&place, &draft, Err(AwsError { kind, ..failure() }));
        store.undo(&key_of(1), &place);
        let other = put(&store, &record(2, 21)).unwrap();
        let text = write(&store, &other, 3);
        let (one, two) = (key_of(1).instance, key_of(2).instance);
        assert_eq!(text.drains[&one], draft.record.drains[&one], "{tried:?}");
        assert_eq!(text.drains[&two].released, None);
    }
}

#[test]
fn p8_what_another_environment_has_written_is_taken_in() {
    let store = store();
    let place = put(&store, &record(1, 0)).unwrap();
    write(&store, &place, 1);
    store.insert(&key_of(1), &stored(record(1, 0), 0), at(0));
    let other = SharedRecord {
        drains: [(
            key_of(1).instance,
            SharedDrain::of(&released(record(1, 0), 30)).unwrap(),
        )]
        .into(),
        ..SharedRecord::empty(at(30))
    };
    let text = other.encode().unwrap();
    let cluster = key_of(1).cluster;
    assert!(
        !store.insert_shared(&cluster, &[(0, Some((&text, 1)))], at(31)),
        "no news"
    );
    assert!(store.insert_shared(&cluster, &[(0, Some((&text, 2)))], at(31)));
    store.take_in(&cluster);
    assert!(store.known(&key_of(1)).unwrap().readable().unwrap().is_released());
    assert_eq!(store.draft(&place, Polls::Are(5), at(32)).unwrap().version, 3);
}

#[test]
fn p10_a_new_environment_makes_no_sidecar_read_more_often() {
    let store = store();
    let place = put(&store, &record(1, 0)).unwrap();
    let asked = |polls| store.draft(&place, polls, at(10)).unwrap().record.poll_seconds;
    assert_eq!(asked(Polls::Are(30)), 30);
    assert_eq!(asked(Polls::AtLeast(1)), 30, "it knows one drain of six hundred");
    assert_eq!(asked(Polls::AtLeast(40)), 40);
    assert_eq!(asked(Polls::Are(2)), 2);
}

#[test]
fn p8_a_text_that_was_written_over_is_merged() {
    let store = store();
    let place = put(&store, &record(1, 0)).unwrap();
    write(&store, &place, 7);
    let other = SharedRecord {
        drains: [(key_of(2).instance, SharedDrain::of(&record(2, 0)).unwrap())].into(),
        ..SharedRecord::empty(at(5))
    };
    let (cluster, text) = (key_of(1).cluster, other.encode().unwrap());
    let again = store
        .repair_shared(&cluster, 0, std::slice::from_ref(&text))
        .unwrap();
    assert_eq!(
        store.repair_shared(&cluster, 0, &[text]),
        None,
        "no more than that"
    );
    let draft = store.draft(&again, Polls::Are(5), at(9)).unwrap();
    assert_eq!((draft.record.drains.len(), draft.base), (2, 7));
    assert_eq!(
        store.repair_shared(&cluster, 0, &["not a text of ours".to_owned()]),
        None
    );
}

#[test]
fn p1_no_drain_is_put_into_a_shared_record_that_cannot_be_read_or_was_not() {
    assert_eq!(
        put(&Store::default(), &record(1, 0)),
        None,
        "no run has read them"
    );
    let store = store();
    let unreadable: Vec<_> = (0..SHARED_RECORDS)
        .map(|number| (number, Some(("{", 1))))
        .collect();
    store.insert_shared(&key_of(1).cluster, &unreadable, at(0));
    assert_eq!(put(&store, &record(1, 0)), None);
}

#[test]
fn p10_those_that_are_over_make_room() {
    let store = store();
    let mut last = None;
    for number in 0.. {
        match put(&store, &record(number, 0)) {
            Some(place) => last = Some((number, place)),
            None => break,
        }
    }
    let (number, place) = last.unwrap();
    assert_eq!(place.number, SHARED_RECORDS - 1, "all of them are full");
    store.insert(&key_of(number), &stored(released(record(number, 0), 9), 0), at(9));
    store.ended(&key_of(number));
    assert!(put(&store, &record(u32::MAX, 0)).is_some());
}

#[test]
fn p10_an_empty_shared_record_is_deleted_some_minutes_after_the_last_drain() {
    let store = store();
    let place = put(&store, &record(1, 0)).unwrap();
    write(&store, &place, 1);
    store.insert(&key_of(1), &stored(released(record(1, 0), 9), 0), at(9));
    store.ended(&key_of(1));
    store.forget_old(at(600));
    assert!(store.empty().is_empty(), "events of its end go on for a while");
    store.forget_old(at(609));
    assert_eq!(store.empty(), [(key_of(1).cluster, 0)]);
    store.deleted_shared(&key_of(1).cluster, 0);
    assert!(store.empty().is_empty());
}

#[test]
fn p3_a_drain_that_only_its_own_record_can_tell_of_leaves_the_shared_one_unless_it_is_released() {
    let store = store();
    put(&store, &record(1, 0)).unwrap();
    assert!(store.take(&key_of(1)).is_some() && store.take(&key_of(1)).is_none());
    put(&store, &released(record(2, 0), 3)).unwrap();
    assert_eq!(store.take(&key_of(2)), None, "its sidecars read that");
}

#[test]
fn p10_sidecars_that_read_much_too_often_get_a_new_text() {
    let store = store();
    let place = put(&store, &record(1, 0)).unwrap();
    write(&store, &place, 1);
    assert!(store.hurried(7).is_empty(), "5 s is near enough");
    assert_eq!(store.hurried(8).len(), 1);
}

#[test]
fn p8_a_batch_looks_for_what_others_have_written_unless_it_follows_the_last_one_at_once() {
    let store = store();
    assert!(store.to_check(at(0)).is_empty(), "no instance drains");
    put(&store, &record(1, 0)).unwrap();
    assert_eq!(store.to_check(at(1)), [key_of(1).cluster]);
    store.is_current(at(2));
    assert!(store.to_check(at(2)).is_empty());
    assert_eq!(store.to_check(at(3)), [key_of(1).cluster]);
}

#[test]
fn p10_shared_records_of_drains_that_are_over_are_not_read_by_each_batch() {
    let store = store();
    for number in [1, 2] {
        put(&store, &record(number, 0)).unwrap();
        store.insert(&key_of(number), &stored(record(number, 0), 1), at(0));
    }
    store.ended(&key_of(1));
    assert_eq!(store.to_check(at(100)), [key_of(1).cluster], "one still drains");
    let mut over = released(record(2, 0), 9);
    over.receipt_at = Some(at(150));
    store.insert(&key_of(2), &stored(over, 2), at(150));
    assert!(
        store.to_check(at(200)).is_empty(),
        "its registration stays DRAINING for weeks"
    );
}

#[test]
fn p8_a_run_beside_the_queue_believes_what_is_known_only_if_no_other_run_has_written_since() {
    let (store, key) = (Store::default(), key_of(1));
    let mut over = released(record(1, 0), 9);
    over.receipt_at = Some(at(10));
    store.insert(&key, &stored(over.clone(), 2), at(10));
    let same = |version| {
        let read = Observed::Present(stored(released(record(1, 0), 9), version));
        store.same(&key, read, at(60))
    };
    assert_eq!(
        same(2),
        Observed::Present(stored(over, 2)),
        "the receipt was said"
    );
    assert_eq!(same(3).readable().unwrap().receipt_at, None);
    assert_eq!(store.same(&key, Observed::Absent, at(60)), Observed::Absent);
}

#[test]
fn p8_a_run_beside_the_queue_does_not_begin_again_what_one_answer_does_not_find() {
    let (store, key) = (Store::default(), key_of(1));
    let same = |seconds| store.same(&key, Observed::Absent, at(seconds));
    store.insert(&key, &stored(record(1, 0), 3), at(0));
    assert_eq!(same(59), Observed::Present(stored(record(1, 0), 3)));
    assert_eq!(same(60), Observed::Absent);
    // It is in a shared record, and its receipt is known here alone.
    let mut over = released(record(1, 0), 9);
    over.receipt_at = Some(at(10));
    store.insert(&key, &stored(over.clone(), 0), at(10));
    assert_eq!(same(500), Observed::Present(stored(over, 0)));
}

fn released_by_order(number: u32, started: i64) -> SharedDrain {
    let mut record = released(record(number, started), started + 9);
    record.reason = Some(ReleaseReason::Operator);
    SharedDrain::of_release(&record).unwrap()
}

/// The text of a shared record with these drains, made at this second from this version.
fn text(drains: &[(u32, SharedDrain)], seconds: i64, base: i64) -> String {
    let drains = drains
        .iter()
        .map(|(number, drain)| (key_of(*number).instance, drain.clone()));
    let shared = SharedRecord {
        drains: drains.collect(),
        ..SharedRecord::empty(at(seconds))
    };
    shared.encode_based_on(base).unwrap()
}

#[test]
fn p8_a_release_by_order_is_in_the_last_record_and_keeps_no_drain_from_its_own() {
    let store = store();
    store.insert(&key_of(1), &stored(record(1, 0), 3), at(0));
    let place = store.put_order(&key_of(1), &released_by_order(1, 0), 5).unwrap();
    assert_eq!(place.number, LAST_SHARED);
    assert!(write(&store, &place, 1).poll_seconds >= 5);
    assert!(store.reported(&key_of(1), &[arn(1)]).unwrap().is_released());
    assert!(!store.is_shared(&key_of(1)), "its own record is read and written");
    assert_eq!(store.take(&key_of(1)), None, "it stays until the drain is over");
    assert!(
        store.to_check(at(100)).is_empty(),
        "a batch asks no more than before"
    );
    assert!(store.hurried(1000).is_empty());
    assert_eq!(
        put(&store, &record(1, 500)).unwrap().number,
        0,
        "its next drain is put elsewhere"
    );
    assert!(store.reported(&key_of(1), &[arn(1)]).unwrap().started_at == at(500));
}

#[test]
fn p10_drains_are_put_into_the_last_record_when_the_others_are_full() {
    let store = store();
    store
        .put_order(&key_of(u32::MAX), &released_by_order(u32::MAX, 0), 5)
        .unwrap();
    let placed: Vec<usize> = (0..)
        .map_while(|number| Some(put(&store, &record(number, 0))?.number))
        .collect();
    assert!(placed.is_sorted());
    assert_eq!(placed.last(), Some(&LAST_SHARED));
    assert!(store.is_shared(&key_of(0)) || store.known(&key_of(0)).is_none());
}

#[test]
fn p8_what_a_text_was_written_over_is_known_from_the_text_until_it_is_read() {
    let store = store();
    let cluster = key_of(0).cluster;
    let later = text(&[(2, released_by_order(2, 0))], 20, 3);
    store.insert_shared(&cluster, &[(LAST_SHARED, Some((&later, 5)))], at(21));
    let missed = store.missed_shared(&cluster);
    assert_eq!(
        missed
            .iter()
            .map(|(number, missed)| (*number, missed.next()))
            .collect::<Vec<_>>(),
        [(LAST_SHARED, 4)]
    );
    // Without it, no text claims to include it.
    let place = store.put_order(&key_of(3), &released_by_order(3, 0), 5).unwrap();
    assert_eq!(store.draft(&place, Polls::Are(5), at(22)).unwrap().base, 3);
    let earlier = text(&[(1, released_by_order(1, 0))], 19, 3);
    let place = store.repair_shared(&cluster, LAST_SHARED, &[earlier]).unwrap();
    let draft = store.draft(&place, Polls::Are(5), at(22)).unwrap();
    assert_eq!((draft.record.drains.len(), draft.base), (3, 5));
    assert!(store.missed_shared(&cluster).is_empty());
}

#[test]
fn p8_the_last_record_may_be_created_again_by_others() {
    let store = store();
    let cluster = key_of(0).cluster;
    let insert =
        |text: &str, version| store.insert_shared(&cluster, &[(LAST_SHARED, Some((text, version)))], at(60));
    assert!(insert(&text(&[(1, released_by_order(1, 0))], 20, 4), 5));
    assert!(!insert(&text(&[], 19, 3), 4), "it lags");
    assert!(insert(&text(&[(2, released_by_order(2, 0))], 40, 0), 1));
    assert_eq!(store.reported(&key_of(1), &[arn(1)]), None);
    assert!(store.reported(&key_of(2), &[arn(1)]).is_some());
    store.last_is_absent(&cluster, at(61));
    let place = store.put_order(&key_of(3), &released_by_order(3, 0), 5).unwrap();
    let draft = store.draft(&place, Polls::Are(5), at(62)).unwrap();
    assert_eq!((draft.record.drains.len(), draft.version, draft.base), (1, 1, 0));
}

#[test]
fn p10_orders_leave_the_last_record_when_their_drains_are_over() {
    let store = store();
    let cluster = key_of(0).cluster;
    for number in [1, 2] {
        store.insert(&key_of(number), &stored(released(record(number, 0), 9), 3), at(9));
        let place = store
            .put_order(&key_of(number), &released_by_order(number, 0), 5)
            .unwrap();
        write(&store, &place, i64::from(number));
    }
    assert!(store.shrunk().is_empty());
    store.ended(&key_of(1));
    store.forget_old(at(609));
    let shrunk = store.shrunk();
    assert_eq!(
        shrunk.iter().map(|place| place.number).collect::<Vec<_>>(),
        [LAST_SHARED]
    );
    assert_eq!(write(&store, &shrunk[0], 3).drains.len(), 1);
    assert!(store.shrunk().is_empty() && store.empty().is_empty());
    store.forget(&key_of(2));
    assert!(store.shrunk().is_empty(), "it is deleted instead");
    assert_eq!(store.empty(), [(cluster, LAST_SHARED)]);
}

#[test]
fn p8_an_environment_that_had_learned_of_no_drain_reads_again_after_a_pause() {
    let (store, cluster) = (store(), key_of(0).cluster);
    store.is_current(at(0));
    assert!(store.to_check(at(0)).is_empty() && store.has_learned(&cluster));
    assert!(store.to_check(at(1)).is_empty(), "no call for it alone");
    assert!(!store.has_learned(&cluster), "another may have written one");
    store.insert_shared(&cluster, &[], at(1));
    assert!(store.has_learned(&cluster));
}

#[test]
fn p8_what_a_repair_includes_is_missed_no_more() {
    let (store, key) = (store(), key_of(1));
    store.not_repaired(&key, Missed::between(0, 2).unwrap());
    store.written(&key, 0, 3);
    assert_eq!(store.base(&key, 3), 0, "the text was written over others");
    store.written(&key, 2, 3);
    assert_eq!(store.base(&key, 3), 3);
}

#[test]
fn p8_a_repair_is_known_with_what_is_known_besides() {
    let (store, key) = (store(), key_of(1));
    store.rewritten(&key, &stored(record(1, 0), 5), at(1));
    assert_eq!(store.known(&key), None, "nothing was known of it");
    let mut noted = record(1, 0);
    noted.draining_confirmed_at = Some(at(2));
    store.insert(&key, &stored(noted.clone(), 4), at(2));
    store.ended(&key);
    let mut repaired = record(1, 0);
    repaired.spot_notice_at = Some(at(1));
    store.rewritten(&key, &stored(repaired.clone(), 5), at(3));
    let known = store.known(&key).unwrap();
    assert_eq!(known.version, 5);
    assert_eq!(known.record.unwrap(), repaired.merged(&noted));
    assert!(store.open().is_empty(), "it stays over");
}

#[test]
fn p10_a_last_record_that_another_has_deleted_is_asked_for_once() {
    let (store, key) = (store(), key_of(1));
    store.insert(&key, &stored(record(1, 0), 1), at(0));
    let place = store.put_order(&key, &released_by_order(1, 0), 1).unwrap();
    write(&store, &place, 1);
    store.forget(&key);
    let last = (key.cluster.clone(), LAST_SHARED);
    assert_eq!(store.empty(), std::slice::from_ref(&last));
    let is_unchanged = |found| store.is_unchanged(&last.0, last.1, found);
    assert!(!is_unchanged(Some(2)) && is_unchanged(Some(1)));
    assert_eq!(store.empty().len(), 1);
    assert!(!is_unchanged(None));
    assert!(store.empty().is_empty());
}

#[test]
fn p8_a_text_is_based_on_what_it_includes() {
    let (store, key) = (Store::default(), key_of(1));
    assert_eq!(store.base(&key, 7), 7);
    store.not_repaired(&key, Missed::between(4, 7).unwrap());
    assert_eq!((store.base(&key, 7), store.is_repaired(&key, 7)), (4, false));
    store.repaired(&key, 7);
    assert_eq!((store.base(&key, 7), store.is_repaired(&key, 7)), (7, true));
    assert!(!store.is_repaired(&key, 8));
    store.is_whole(&key);
    assert!(!store.is_repaired(&key, 7));
}
