use super::*;
use crate::testing::{at, beacon, heartbeats, key, record};
use protector_core::record::State;
use protector_core::shared::SharedDrain;

fn parameter(name: &str, value: String) -> Parameter {
    Parameter {
        name: format!("/ecs-daemon-protector/{name}"),
        value,
        version: 3,
    }
}

fn listing(parameters: &[Parameter]) -> Listing {
    Listing::of(&ParameterPrefix::default(), parameters)
}

#[test]
fn each_parameter_is_sorted_by_its_name() {
    let listing = listing(&[
        parameter("prod/i-04f05e66a99bdb06f", record().encode().unwrap()),
        parameter("prod/i-0b2277c0de19a4f10", "not a record".to_owned()),
        parameter("coordinator", beacon(0).encode().unwrap()),
        parameter("heartbeats", heartbeats(0, 0).encode()),
        parameter("control", r#"{"mode":"observe"}"#.to_owned()),
        parameter("prod/notes", "mine".to_owned()),
    ]);
    assert_eq!(listing.records[&key()].record, Ok(record()));
    assert_eq!(listing.records.len(), 2);
    let unreadable = listing
        .records
        .values()
        .filter(|recorded| recorded.record.is_err());
    assert_eq!(unreadable.count(), 1);
    assert!(listing.readable_beacon().is_some() && listing.readable_heartbeats().is_some());
    assert!(listing.control.unwrap().is_ok());
    assert_eq!(listing.others, ["/ecs-daemon-protector/prod/notes"]);
}

#[test]
fn a_shared_record_and_an_own_one_describe_one_drain() {
    let released = SharedDrain {
        released: Some((at(60), protector_core::record::ReleaseReason::Drained)),
        ..SharedDrain::of(&record()).unwrap()
    };
    let mut shared = SharedRecord::empty(at(61));
    shared.drains.insert(key().instance, released);
    let shared = parameter("prod/shared-0", shared.encode().unwrap());
    let own = parameter("prod/i-04f05e66a99bdb06f", record().encode().unwrap());
    for (parameters, version) in [(vec![shared.clone()], None), (vec![own, shared], Some(3))] {
        let listing = listing(&parameters);
        let recorded = &listing.records[&key()];
        assert_eq!(recorded.version, version);
        let record = recorded.record.as_ref().unwrap();
        assert_eq!(
            (record.state, record.released_at),
            (State::Released, Some(at(60)))
        );
    }
}

#[test]
fn another_prefix_is_none_of_ours() {
    let foreign = Parameter {
        name: "/other/prod/i-04f05e66a99bdb06f".to_owned(),
        ..parameter("", record().encode().unwrap())
    };
    assert_eq!(listing(&[foreign]).records.len(), 0);
}
