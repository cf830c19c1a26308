use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::ids::ServiceName;
use crate::testing::any_record::any_record;
use crate::testing::{arn, at, holding, released};

/// What these texts know together.
fn together(texts: &[Record]) -> Record {
    let merged = texts.iter().cloned().reduce(|known, text| known.merged(&text));
    merged.unwrap()
}

/// Checks both orders of two texts, and returns what they know together.
#[track_caller]
fn both(one: &Record, other: &Record) -> Record {
    let merged = one.clone().merged(other);
    assert_eq!(merged, other.clone().merged(one));
    assert_eq!(merged, merged.clone().merged(one));
    merged
}

/// Two texts of one drain, with these changes.
#[track_caller]
fn both_with(one: impl FnOnce(&mut Record), other: impl FnOnce(&mut Record)) -> Record {
    let (mut ours, mut theirs) = (holding(1), holding(1));
    one(&mut ours);
    other(&mut theirs);
    both(&ours, &theirs)
}

/// What a text of the same drain says and `known` has lost, by the name of the field.
fn lost(known: &Record, text: &Record) -> Vec<&'static str> {
    fn has<T: PartialEq>(known: &[T], said: &[T]) -> bool {
        said.iter().all(|one| known.contains(one))
    }
    fn has_or_is_full<T: PartialEq>(known: &[T], said: &[T], max: usize) -> bool {
        known.len() == max || has(known, said)
    }
    fn no_later<T: Ord>(known: Option<T>, said: Option<T>) -> bool {
        said.is_none_or(|said| known.is_some_and(|known| known <= said))
    }
    let hook = |said: &Lifecycle| {
        known.lifecycles().any(|known| {
            known.is_of(said)
                && (said.lifecycle_action_token.is_none()
                    || known.lifecycle_action_token == said.lifecycle_action_token)
                && known.heartbeat_at >= said.heartbeat_at
                && known.heartbeat_seconds <= said.heartbeat_seconds
                && known.global_deadline_at <= said.global_deadline_at
        })
    };
    let waited = |said: &Waited| {
        let mut groups = known.waited.iter().filter(|known| known.group == said.group);
        groups.any(|known| known.count >= said.count && known.until >= said.until)
    };
    let tier = |record: &Record| {
        record
            .releasing
            .map(|releasing| (releasing.tier, releasing.since))
    };
    let order = |record: &Record| record.ordered.as_ref().map(|ordered| ordered.at);
    let registrations = || text.registrations().all(|arn| known.names(arn));
    let limits = || {
        known
            .lifecycles()
            .any(|hook| hook.global_deadline_at == known.deadline_at)
    };
    let facts = [
        ("state", !text.is_released() || known.is_released()),
        ("released_at", no_later(known.released_at, text.released_at)),
        ("releasing", known.is_released() || tier(known) >= tier(text)),
        ("registrations", known.is_released() || registrations()),
        ("lifecycles", text.lifecycles().all(hook)),
        ("services", has(&known.released_services, &text.released_services)),
        (
            "clusters",
            has_or_is_full(&known.other_clusters, &text.other_clusters, OTHER_CLUSTERS_MAX),
        ),
        (
            "unprotected",
            has_or_is_full(&known.unprotected, &text.unprotected, UNPROTECTED_MAX),
        ),
        ("waited", text.waited.iter().all(waited)),
        ("notice", no_later(known.spot_notice_at, text.spot_notice_at)),
        (
            "daemons_gone_at",
            no_later(known.daemons_gone_at, text.daemons_gone_at),
        ),
        ("receipt_at", no_later(known.receipt_at, text.receipt_at)),
        ("ordered", order(known) >= order(text)),
        ("calls", known.calls >= text.calls),
        ("updated_at", known.updated_at >= text.updated_at),
        (
            "deadline of a notice",
            text.spot_notice_at.is_none() || known.deadline_at <= text.deadline_at,
        ),
        (
            "deadline of an order",
            known.spot_notice_at.is_some() || known.deadline_at >= text.deadline_at || limits(),
        ),
    ];
    let lost = facts.into_iter().filter(|(_, kept)| !kept);
    lost.map(|(field, _)| field).collect()
}

proptest! {
    #[test]
    fn p8_two_texts_of_a_record_merge_in_any_order(a in any_record(), b in any_record()) {
        prop_assert_eq!(&a.clone().merged(&a), &a, "idempotent");
        let ab = a.clone().merged(&b);
        prop_assert_eq!(&ab, &b.clone().merged(&a), "commutative");
        prop_assert_eq!(&ab, &ab.clone().merged(&a), "nothing of the first is left");
        prop_assert_eq!(&ab, &ab.clone().merged(&b), "nothing of the second is left");
    }

    #[test]
    fn p8_three_texts_of_a_record_merge_in_any_grouping(a in any_record(), b in any_record(), c in any_record()) {
        let left = a.clone().merged(&b).merged(&c);
        prop_assert_eq!(left, a.merged(&b.merged(&c)));
    }

    #[test]
    fn p8_any_number_of_writers_make_one_record(
        (texts, shuffled) in vec(any_record(), 1..8)
            .prop_flat_map(|texts| (Just(texts.clone()), Just(texts).prop_shuffle())),
        again in any::<prop::sample::Index>(),
    ) {
        let known = together(&texts);
        prop_assert_eq!(&together(&shuffled), &known);
        let repeated = again.get(&texts).clone();
        prop_assert_eq!(&known.clone().merged(&repeated), &known);
    }

    #[test]
    fn p8_no_fact_of_any_writer_is_lost(texts in vec(any_record(), 1..6)) {
        let known = together(&texts);
        for text in &texts {
            prop_assert!(known.started_at.duration_since(text.started_at) >= -BEGUN_TOGETHER);
            if text.is_of_one_drain_with(&known) {
                prop_assert_eq!(lost(&known, text), Vec::<&str>::new());
            }
        }
    }

    #[test]
    fn p8_what_is_merged_is_read_as_it_was_written(a in any_record(), b in any_record()) {
        let merged = a.merged(&b);
        prop_assert_eq!(Record::decode(&merged.encode().unwrap()), Ok(merged));
    }
}

#[test]
fn p3_an_order_that_crosses_a_notice_does_not_move_the_deadline_past_the_end_of_the_machine() {
    let notice = |record: &mut Record| {
        record.spot_notice_at = Some(at(100));
        record.deadline_at = at(160);
    };
    let extend = |record: &mut Record| {
        record.ordered = Some(Ordered::new("extend", "ana", "ticket 7", at(110)));
        record.deadline_at = at(9000);
    };
    let merged = both_with(notice, extend);
    assert_eq!(merged.deadline_at, at(160));
    assert!(merged.spot_notice_at.is_some() && merged.ordered.is_some());
}

#[test]
fn p3_no_order_moves_the_deadline_past_the_limit_of_a_hook_that_its_writer_did_not_know() {
    let hooked = |record: &mut Record| {
        let hook = record.lifecycle.as_mut().unwrap();
        hook.global_deadline_at = at(5000);
    };
    let extend = |record: &mut Record| {
        record.lifecycle = None;
        record.ordered = Some(Ordered::new("extend", "ana", "ticket 7", at(110)));
        record.deadline_at = at(9000);
    };
    assert_eq!(both_with(hooked, extend).deadline_at, at(5000));
}

#[test]
fn p8_of_two_orders_that_cross_neither_is_taken_back() {
    let extend = |second: i64, deadline: i64| {
        move |record: &mut Record| {
            record.ordered = Some(Ordered::new("extend", "ana", "ticket 7", at(second)));
            record.deadline_at = at(deadline);
        }
    };
    let merged = both_with(extend(10, 9000), extend(20, 4000));
    assert_eq!(merged.ordered.unwrap().at, at(20), "the later one is named");
    assert_eq!(merged.deadline_at, at(9000));
}

#[test]
fn p8_the_earlier_receipt_and_the_first_end_of_a_daemon_count() {
    let over = |second: i64, left: u32| {
        move |record: &mut Record| {
            record.receipt_at = Some(at(second));
            record.daemons_left = left;
            record.daemons_gone_at = Some(at(second));
        }
    };
    let merged = both_with(over(90, 1), over(80, 2));
    assert_eq!(
        (merged.receipt_at, merged.daemons_left, merged.daemons_gone_at),
        (Some(at(80)), 2, Some(at(80)))
    );
}

#[test]
fn p8_services_that_either_text_releases_in_one_tier_may_go() {
    let tier = |service: &'static str| {
        move |record: &mut Record| {
            record.releasing = Some(Releasing {
                reason: ReleaseReason::Drained,
                tier: 0,
                since: at(50),
            });
            record.released_services = vec![service.parse().unwrap()];
        }
    };
    let services: Vec<ServiceName> = ["logs", "mesh"].map(|name| name.parse().unwrap()).into();
    assert_eq!(both_with(tier("mesh"), tier("logs")).released_services, services);
}

#[test]
fn p3_the_time_of_a_tier_that_began_again_is_not_taken_back() {
    let since = |second: i64| {
        move |record: &mut Record| {
            record.releasing = Some(Releasing {
                reason: ReleaseReason::Drained,
                tier: 1,
                since: at(second),
            });
        }
    };
    let merged = both_with(since(50), since(80));
    assert_eq!(merged.releasing.unwrap().since, at(80));
}

#[test]
fn p8_registrations_groups_and_calls_of_both_are_known() {
    let group = |group: &str, count| Waited {
        group: group.to_owned(),
        count,
        until: Some(at(i64::from(count))),
    };
    let merged = both_with(
        |record| {
            record.other_registrations = vec![arn(2)];
            record.waited = vec![group("service:web", 4), group("family:batch", 1)];
            record.calls = 7;
        },
        |record| {
            record.updated_at = at(10);
            record.container_instance_arn = arn(3);
            record.waited = vec![group("service:web", 2), group("service:api", 1)];
            record.calls = 5;
        },
    );
    assert_eq!(merged.container_instance_arn, arn(3), "the newer observation");
    assert_eq!(merged.other_registrations, [arn(1), arn(2)]);
    let waited = [
        group("family:batch", 1),
        group("service:api", 1),
        group("service:web", 4),
    ];
    assert_eq!((merged.waited.as_slice(), merged.calls), (waited.as_slice(), 7));
}

/// Its agent has lost its data and registered again: tasks may hold there, and no text has released them.
#[test]
fn p2_a_release_is_not_for_a_registration_that_only_another_text_names() {
    let mut again = holding(1);
    again.updated_at = at(90);
    again.container_instance_arn = arn(2);
    again.other_registrations = vec![arn(1)];
    let merged = both(&released(1), &again);
    assert!(merged.is_released() && !merged.names(&arn(2)));
}

#[test]
fn p8_the_newer_observation_counts_whichever_text_was_written_later() {
    let counted = |second: i64, remaining: u32| {
        move |record: &mut Record| {
            record.updated_at = at(second);
            record.remaining = remaining;
        }
    };
    assert_eq!(both_with(counted(20, 1), counted(10, 5)).remaining, 1);
    let confirmed = |record: &mut Record| record.draining_confirmed_at = Some(at(5));
    let undone = |record: &mut Record| {
        record.updated_at = at(20);
        record.draining_confirmed_at = None;
    };
    let merged = both_with(confirmed, undone);
    assert_eq!(merged.draining_confirmed_at, None, "it is seen again first");
}

#[test]
fn p7_a_release_under_one_name_of_a_drain_is_one_under_its_other_name() {
    let mut noticed = holding(1);
    noticed.drain_id = "noticed".to_owned();
    noticed.started_at = at(2);
    noticed.lifecycle = None;
    let merged = both(&released(1), &noticed);
    assert!(merged.is_released());
    assert_eq!(merged.drain_id, released(1).drain_id, "it knows the hook");
}

/// Whether a hook waits for it is not known then, and its name says so.
#[test]
fn p4_a_drain_that_a_shared_record_named_keeps_that_name_until_a_hook_is_known() {
    let hooked = holding(1);
    let mut own = holding(1);
    (own.drain_id, own.lifecycle) = ("a-name-of-its-own".to_owned(), None);
    let mut reported = own.clone();
    (reported.drain_id, reported.started_at) = ("shared-1".to_owned(), at(1));
    let merged = both(&own, &reported);
    assert!(merged.is_reported_only());
    assert_eq!(both(&merged, &hooked).drain_id, hooked.drain_id);
}

#[test]
fn p1_a_drain_that_began_after_a_release_is_another_one_however_soon() {
    let mut ordered = released(1);
    ordered.released_at = Some(at(2));
    let mut another = holding(1);
    another.drain_id = "another".to_owned();
    another.started_at = at(4);
    assert_eq!(both(&ordered, &another), another);
    another.started_at = at(2);
    assert!(both(&ordered, &another).is_released(), "it had begun by then");
}

#[test]
fn p1_two_waits_of_one_hook_and_two_registrations_are_two_drains_however_soon() {
    let hooked = |drain: &str, token: &str, second: i64| {
        let mut record = holding(1);
        record.drain_id = drain.to_owned();
        record.started_at = at(second);
        let hook = record.lifecycle.as_mut().unwrap();
        hook.lifecycle_action_token = Some(token.parse().unwrap());
        record
    };
    let first = hooked("one", "71514b9d-6a40-4b26-8523-05e7ee35fa40", 0);
    let second = hooked("two", "71514b9d-6a40-4b26-8523-05e7ee35fa41", 1);
    assert_eq!(both(&first, &second), second);
    let mut elsewhere = holding(1);
    elsewhere.drain_id = "elsewhere".to_owned();
    elsewhere.container_instance_arn = arn(2);
    assert_eq!(
        both(&holding(1), &elsewhere),
        elsewhere,
        "of one start the greater name"
    );
}

#[test]
fn p4_two_hooks_whose_runs_begin_one_drain_at_once_are_both_in_its_record() {
    let hooked = |drain: &str, hook: &str| {
        let mut record = holding(1);
        record.drain_id = drain.to_owned();
        record.lifecycle.as_mut().unwrap().lifecycle_hook_name = hook.parse().unwrap();
        record
    };
    let merged = both(&hooked("one", "first"), &hooked("two", "second"));
    assert_eq!(merged.lifecycles().count(), 2);
}

#[test]
fn a_list_that_has_it_all_keeps_its_order() {
    let all = |ours: &[u32], theirs: &[u32]| union(ours, theirs, 3);
    assert_eq!(all(&[3, 1], &[1]), [3, 1]);
    assert_eq!(all(&[3, 1], &[1, 3]), [3, 1]);
    assert_eq!(all(&[3, 1], &[2]), [1, 2, 3]);
    assert_eq!(all(&[4, 3], &[2, 1]), [1, 2, 3], "the first of them");
}
