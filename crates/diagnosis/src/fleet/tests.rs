use super::*;
use crate::testing::{at, beacon, denied, key, lifecycle, machine, record, recorded};
use protector_core::record::Record;

fn reads(now: i64) -> FleetReads {
    FleetReads {
        now: at(now),
        listing: Ok(Listing {
            beacon: Some(Ok(beacon(now))),
            ..Listing::default()
        }),
        machines: BTreeMap::from([(key().cluster, Ok(Vec::new()))]),
        scaling: Ok(Vec::new()),
    }
}

fn other(number: u32) -> InstanceKey {
    InstanceKey {
        cluster: key().cluster,
        instance: format!("i-{number:017x}").parse().unwrap(),
    }
}

#[test]
fn those_that_need_a_person_come_first() {
    let mut reads = reads(60);
    let listing = reads.listing.as_mut().unwrap();
    let hooked = Record {
        lifecycle: Some(lifecycle(90, 0, true)),
        ..record()
    };
    listing.records.insert(other(1), recorded(record()));
    listing.records.insert(other(2), recorded(hooked));
    let drains = vec![machine("DRAINING", true)];
    reads.machines.insert(key().cluster, Ok(drains));
    let fleet = Fleet::of(&reads);
    let drains = fleet.drains.iter();
    let order: Vec<_> = drains.map(|drain| (drain.key.clone(), drain.risk)).collect();
    let expected = [
        (other(2), Risk::Hook),
        (key(), Risk::NoRecord),
        (other(1), Risk::None),
    ];
    assert_eq!(order, expected);
    assert_eq!((fleet.at_risk(), fleet.open(), fleet.is_bad()), (2, 3, true));
}

#[test]
fn a_registration_that_was_left_behind_is_no_drain() {
    for (tasks, connected, shown) in [
        (Some(0), false, 0),
        (Some(2), false, 1),
        (None, false, 1),
        (Some(0), true, 1),
    ] {
        let mut reads = reads(60);
        let one = Machine {
            tasks,
            ..machine("DRAINING", connected)
        };
        reads.machines.insert(key().cluster, Ok(vec![one]));
        assert_eq!(Fleet::of(&reads).drains.len(), shown, "{tasks:?} {connected}");
    }
}

#[test]
fn a_read_that_failed_is_a_gap_and_no_empty_fleet() {
    let mut reads = reads(60);
    reads
        .machines
        .insert(key().cluster, Err(denied("ecs:ListContainerInstances")));
    reads.scaling = Err(denied("ecs:ListContainerInstances"));
    let fleet = Fleet::of(&reads);
    assert_eq!(
        fleet.gaps,
        [denied("ecs:ListContainerInstances")],
        "each gap once"
    );
    assert!(!fleet.is_bad());
}

#[test]
fn without_the_records_it_is_not_known_who_is_held() {
    let mut reads = reads(60);
    reads.listing = Err(denied("ecs:ListContainerInstances"));
    let drains = vec![machine("DRAINING", true)];
    reads.machines.insert(key().cluster, Ok(drains));
    let fleet = Fleet::of(&reads);
    let drain = &fleet.drains[0];
    assert_eq!((drain.state, drain.risk), (DrainState::NotKnown, Risk::None));
    assert!(!fleet.is_bad());
}

#[test]
fn a_silent_coordinator_is_bad_while_something_drains() {
    let mut reads = reads(0);
    reads.now = at(181);
    assert!(!Fleet::of(&reads).is_bad());
    let listing = reads.listing.as_mut().unwrap();
    listing.records.insert(key(), recorded(record()));
    let fleet = Fleet::of(&reads);
    assert!(fleet.coordinator.is_silent && fleet.is_bad());
}

#[test]
fn the_registration_with_an_agent_stands_for_its_machine() {
    let mut reads = reads(60);
    let mut late = machine("DRAINING", true);
    late.arn = "arn:aws:ecs:eu-west-1:123456789012:container-instance/prod/ffff"
        .parse()
        .unwrap();
    for order in [
        vec![machine("DRAINING", false), late.clone()],
        vec![late.clone(), machine("DRAINING", false)],
    ] {
        reads.machines.insert(key().cluster, Ok(order));
        let fleet = Fleet::of(&reads);
        assert_eq!(fleet.drains[0].registration(), Some(&late.arn));
    }
}
