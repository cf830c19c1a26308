use jiff::SignedDuration;
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::ids::ClusterName;
use crate::limits::SHARED_RECORDS;
use crate::record::{Lifecycle, ParameterPrefix};
use crate::testing::at;

fn arn(registration: &str) -> ContainerInstanceArn {
    format!("arn:aws:ecs:eu-west-1:123456789012:container-instance/prod/{registration:0<32}")
        .parse()
        .unwrap()
}

fn instance(number: u32) -> InstanceId {
    format!("i-{number:017x}").parse().unwrap()
}

fn record(number: u32, started: i64) -> Record {
    let (started_at, deadline_at) = (at(started), at(started + 3600));
    let name = format!("token-{number}-{started}");
    Record::first(instance(number), arn("1a2b3c"), name, started_at, deadline_at, 5)
}

fn released(mut record: Record, after: i64, reason: ReleaseReason) -> Record {
    record.state = State::Released;
    record.reason = Some(reason);
    record.released_at = Some(record.started_at + SignedDuration::from_secs(after));
    record
}

fn shared(records: &[Record]) -> SharedRecord {
    let drains = records.iter().map(|record| {
        let drain = SharedDrain::of(record).unwrap();
        (record.ec2_instance_id.clone(), drain)
    });
    SharedRecord {
        updated_at: at(100),
        poll_seconds: 5,
        drains: drains.collect(),
    }
}

#[test]
fn a_shared_record_reads_as_documented() {
    let gone = released(record(2, 3), 47, ReleaseReason::Drained);
    let records = [record(0x1234, 0), record(0xabcd, 12), gone];
    insta::assert_snapshot!(shared(&records).encode().unwrap());
}

#[test]
fn p3_what_it_tells_of_a_drain_is_what_its_own_record_would() {
    let own = released(record(7, 20), 33, ReleaseReason::Deadline);
    let shared = shared(&[own.clone(), record(8, 0)]);
    let reported = SharedRecord::decode(&shared.encode().unwrap()).unwrap();
    assert_eq!(reported, shared);
    let read = reported.record(&instance(7), Some(&arn("1a2b3c"))).unwrap();
    let expected = Record {
        drain_id: read.drain_id.clone(),
        updated_at: at(100),
        ..own
    };
    assert_eq!(read, expected);
}

#[test]
fn p4_a_drain_that_only_a_shared_record_tells_of_is_known_as_such() {
    let reported = shared(&[record(7, 0)]).record(&instance(7), None).unwrap();
    assert!(reported.is_reported_only() && !record(7, 0).is_reported_only());
}

#[test]
fn p2_of_another_registration_it_says_nothing() {
    let shared = shared(&[record(7, 0)]);
    assert_eq!(shared.record(&instance(7), Some(&arn("ffff"))), None);
    assert_eq!(shared.record(&instance(8), Some(&arn("1a2b"))), None);
    let reported = shared.record(&instance(7), None).unwrap();
    assert!(reported.container_instance_arn.as_str().ends_with("/1a2b"));
}

#[test]
fn what_its_readers_must_know_and_it_cannot_tell_keeps_a_drain_out() {
    type TextChange = fn(&mut Record);
    let changes: [TextChange; 5] = [
        |record| record.other_registrations = vec![arn("2")],
        |record| record.other_clusters = vec!["batch".parse().unwrap()],
        |record| record.released_services = vec!["router".parse().unwrap()],
        |record| record.spot_notice_at = Some(at(0)),
        |record| {
            record.releasing = Some(crate::record::Releasing {
                reason: ReleaseReason::Drained,
                tier: 0,
                since: at(0),
            });
        },
    ];
    for change in changes {
        let mut record = record(1, 0);
        change(&mut record);
        assert_eq!(SharedDrain::of(&record), None);
    }
}

#[test]
fn p8_a_release_by_order_is_shared_whatever_else_its_own_record_says() {
    let mut record = released(record(7, 20), 33, ReleaseReason::Operator);
    record.ordered = Some(crate::record::Ordered::new("release", "jo", "ticket 7", at(53)));
    record.other_registrations = vec![arn("2")];
    assert_eq!(SharedDrain::of(&record), None);
    let drain = SharedDrain::of_release(&record).unwrap();
    assert!(drain.is_ordered());
    let mut shared = SharedRecord::empty(at(60));
    shared.drains.insert(instance(7), drain);
    let reported = shared.record(&instance(7), Some(&arn("1a2b3c"))).unwrap();
    let mut count = record.clone();
    (count.state, count.reason, count.released_at) = (State::Holding, None, None);
    let read = together(count, reported);
    assert!(read.is_released());
    assert_eq!(read.reason, Some(ReleaseReason::Operator));
    assert_eq!(SharedDrain::of_release(&self::record(7, 20)), None, "it holds");
}

#[test]
fn the_shared_records_of_a_cluster_hold_a_thousand_instances() {
    let mut shared = SharedRecord::empty(at(0));
    for number in 0.. {
        let holding = record(u32::MAX - number, i64::from(number % 6));
        let record = released(holding, 9000, ReleaseReason::Drained);
        let drain = SharedDrain::of(&record).unwrap();
        if !shared.has_room_for(&record.ec2_instance_id, &drain) {
            break;
        }
        shared.drains.insert(record.ec2_instance_id, drain);
    }
    assert!(shared.encode_based_on(1_000_000).is_some(), "what has room fits");
    let instances = shared.drains.len() * SHARED_RECORDS;
    assert!(instances >= 1000, "{instances}");
}

#[test]
fn its_name_is_no_instance_and_no_other_number_is_one_of_ours() {
    let prefix = ParameterPrefix::default();
    let cluster: ClusterName = "prod".parse().unwrap();
    let names: Vec<String> = prefix.shared_names(&cluster).collect();
    for (number, name) in names.iter().enumerate() {
        assert_eq!(prefix.key_of(name), None, "an earlier version passes it over");
        assert_eq!(prefix.shared_of(name), Some((cluster.clone(), number)));
    }
    assert_eq!(names[0], "/ecs-daemon-protector/prod/shared-0");
    for other in [
        "/ecs-daemon-protector/prod/shared-8",
        "/ecs-daemon-protector/prod/i-0123456789abcdef0",
        "/ecs-daemon-protector/control",
        "/other/prod/shared-0",
    ] {
        assert_eq!(prefix.shared_of(other), None, "{other}");
    }
}

#[test]
fn p2_a_text_that_is_none_of_ours_is_an_error() {
    let shared = shared(&[record(1, 0)]).encode().unwrap();
    for (bad, what) in [
        (shared.replace("\"schema\":1", "\"schema\":9"), "another schema"),
        (shared.replace('/', "|"), "no member"),
        (shared.replace("holding\":\"", "holding\":\"+x "), "no seconds"),
        (shared.replace("holding", "waiting"), "no standing"),
        (String::new(), "nothing"),
    ] {
        assert!(SharedRecord::decode(&bad).is_err(), "{what}");
    }
}

#[test]
fn p1_of_one_drain_a_release_counts_in_whichever_record_it_is() {
    let holding = record(1, 5);
    let gone = released(record(1, 5), 40, ReleaseReason::Drained);
    for (own, other) in [(&holding, &gone), (&gone, &holding)] {
        let both = together(own.clone(), other.clone());
        assert!(both.is_released());
        assert_eq!(both.drain_id, "token-1-5");
        assert_eq!(both.reason, Some(ReleaseReason::Drained));
    }
}

#[test]
fn p8_a_shared_release_does_not_say_which_hooks_an_older_record_did_not_know() {
    let mut own = record(1, 5);
    own.drain_id = "by-a-person".to_owned();
    let mut gone = released(record(1, 5), 40, ReleaseReason::Drained);
    gone.drain_id = format!("{SHARED_DRAIN}5");
    let hook = Lifecycle {
        auto_scaling_group_name: "workers".parse().unwrap(),
        lifecycle_hook_name: "drain".parse().unwrap(),
        lifecycle_action_token: None,
        heartbeat_seconds: 300,
        heartbeat_at: at(5),
        global_deadline_at: at(30_000),
    };
    for hooked in [false, true] {
        let lifecycle = hooked.then(|| hook.clone());
        let own = Record {
            lifecycle,
            ..own.clone()
        };
        let both = together(own, gone.clone());
        assert!(both.is_released());
        assert_eq!(both.is_reported_only(), !hooked);
    }
}

#[test]
fn p1_of_two_drains_the_later_one_counts() {
    let earlier = released(record(1, 5), 40, ReleaseReason::Drained);
    let later = record(1, 300);
    assert_eq!(together(earlier.clone(), later.clone()), later);
    assert_eq!(together(later.clone(), earlier), later);
}

prop_compose! {
    fn any_drain()(
        registration in prop_oneof![Just("1a2b"), Just("ffff")],
        started in 0_i64..3,
        length in 10_i64..12,
        release in proptest::option::of((0_i64..3, 0_usize..3)),
    ) -> SharedDrain {
        let reasons = [ReleaseReason::Drained, ReleaseReason::Deadline, ReleaseReason::Operator];
        SharedDrain {
            registration: registration.to_owned(),
            started_at: at(started),
            deadline_at: at(started + length),
            released: release.map(|(after, reason)| (at(started + after), reasons[reason])),
        }
    }
}

prop_compose! {
    fn any_shared()(
        updated in 0_i64..3,
        poll_seconds in 1_u32..4,
        drains in vec((0_u32..4, any_drain()), 0..6),
    ) -> SharedRecord {
        SharedRecord {
            updated_at: at(updated),
            poll_seconds,
            drains: drains.into_iter().map(|(number, drain)| (instance(number), drain)).collect(),
        }
    }
}

proptest! {
    #[test]
    fn p8_any_number_of_writers_merge_in_any_order(a in any_shared(), b in any_shared(), c in any_shared()) {
        let ab = a.clone().merged(b.clone());
        prop_assert_eq!(&ab, &b.clone().merged(a.clone()), "commutative");
        prop_assert_eq!(&ab, &ab.clone().merged(b.clone()), "idempotent");
        prop_assert_eq!(ab.merged(c.clone()), a.merged(b.merged(c)), "associative");
    }

    #[test]
    fn p8_no_merge_takes_a_release_back(a in any_shared(), b in any_shared()) {
        let both = a.clone().merged(b.clone());
        for (instance, drain) in a.drains.iter().chain(&b.drains) {
            let known = &both.drains[instance];
            let same = (known.started_at, &known.registration) == (drain.started_at, &drain.registration);
            prop_assert!(!same || drain.released.is_none() || known.released.is_some());
        }
    }

    #[test]
    fn every_text_of_ours_is_read_as_it_was_meant(shared in any_shared()) {
        prop_assert_eq!(SharedRecord::decode(&shared.encode().unwrap()).unwrap(), shared);
    }

    #[test]
    fn p8_a_text_tells_on_which_version_it_is_based(shared in any_shared(), version in 0_i64..) {
        let text = shared.encode_based_on(version).unwrap();
        prop_assert_eq!(crate::versions::based_on(&text), Some(version));
        prop_assert_eq!(SharedRecord::decode(&text).unwrap(), shared);
    }

    #[test]
    fn p2_no_text_at_all_makes_a_reader_fail(text in ".{0,200}") {
        drop(SharedRecord::decode(&text));
    }
}
