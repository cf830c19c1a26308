use super::*;
use crate::testing::{at, beacon, heartbeats, key, lifecycle, machine, record, recorded, released, waited};

fn assessed(record: Option<Record>, machine: Option<&Machine>, control: Control, now: i64) -> Drain {
    let recorded = record.map(recorded);
    let (beacon, heartbeats) = (beacon(now), heartbeats(now, 0));
    let coordinator = Coordinator {
        beacon: Some(&beacon),
        heartbeats: Some(&heartbeats),
        control: Some(control),
    };
    let parts = Parts {
        recorded: recorded.as_ref(),
        machine,
        ..Parts::default()
    };
    Drain::of(key(), &parts, coordinator, at(now))
}

#[test]
fn the_first_risk_that_fits_is_named() {
    use DrainState::{Done, Holding, NoRecord, Released};
    let machines = [
        machine("DRAINING", true),
        machine("ACTIVE", true),
        machine("DRAINING", false),
    ];
    let [draining, active, away] = machines.each_ref().map(Some);
    let (on, observe) = (Control::On, Control::Observe);
    let held = Some(record());
    let hooked = |timeout| {
        Some(Record {
            lifecycle: Some(lifecycle(timeout, 0, true)),
            ..record()
        })
    };
    let lost = Some(Record {
        agent_lost_at: Some(at(10)),
        ..record()
    });
    let over = Some(Record {
        receipt_at: Some(at(80)),
        ..released(record(), 60)
    });
    let table = [
        (held.clone(), draining, on, 60, Holding, Risk::None),
        // The deadline, and the run that it takes to act on it.
        (held.clone(), draining, on, 3690, Holding, Risk::None),
        (held.clone(), draining, on, 3691, Holding, Risk::Late),
        (hooked(900), draining, on, 60, Holding, Risk::None),
        (hooked(60), draining, on, 60, Holding, Risk::Hook),
        // It takes tasks: it does not drain.
        (None, active, on, 60, NoRecord, Risk::None),
        (None, draining, on, 60, NoRecord, Risk::NoRecord),
        // An agent that is away for a moment is normal.
        (held.clone(), away, on, 60, Holding, Risk::None),
        (lost.clone(), away, on, 60, Holding, Risk::Agent),
        (lost, draining, on, 60, Holding, Risk::None),
        (hooked(900), draining, observe, 60, Holding, Risk::Mode),
        (held, draining, observe, 60, Holding, Risk::None),
        (
            Some(released(record(), 60)),
            draining,
            on,
            61,
            Released,
            Risk::None,
        ),
        (over, None, observe, 9999, Done, Risk::None),
    ];
    for (record, machine, control, now, state, risk) in table {
        let drain = assessed(record.clone(), machine, control, now);
        assert_eq!((drain.state, drain.risk), (state, risk), "{now} {record:?}");
    }
}

#[test]
fn a_record_that_cannot_be_read_is_no_hold() {
    let unreadable = Recorded {
        record: Record::decode("{}"),
        version: Some(1),
    };
    let parts = Parts {
        recorded: Some(&unreadable),
        ..Parts::default()
    };
    let drain = Drain::of(key(), &parts, Coordinator::default(), at(60));
    assert_eq!((drain.state, drain.risk), (DrainState::NoRecord, Risk::NoRecord));
    assert!(drain.unreadable.is_some());
}

#[test]
fn only_the_end_of_a_flush_is_known_without_a_look_at_the_tasks() {
    let ends = |record| assessed(Some(record), None, Control::On, 70).ends;
    assert_eq!(ends(record()), Ends::Unknown);
    assert_eq!(ends(released(record(), 60)), Ends::Bound(at(180)));
    let blind = Drain::of(
        key(),
        &Parts {
            recorded: Some(&recorded(released(record(), 60))),
            ..Parts::default()
        },
        Coordinator::default(),
        at(70),
    );
    assert_eq!(blind.ends, Ends::Unknown, "the settings are not known");
}

#[test]
fn what_is_left_is_known_when_it_was_counted() {
    let uncounted = Record {
        draining_confirmed_at: None,
        ..record()
    };
    let counted = Record {
        remaining: 2,
        waited: vec![waited(3), waited(2)],
        ..record()
    };
    let first = Record {
        remaining: 2,
        ..record()
    };
    for (record, left) in [(uncounted, None), (counted, Some((2, 5))), (first, Some((2, 2)))] {
        assert_eq!(assessed(Some(record), None, Control::On, 60).left(), left);
    }
}

#[test]
fn a_coordinator_without_a_tick_for_three_minutes_is_silent() {
    let beacon = beacon(0);
    let coordinator = Coordinator {
        beacon: Some(&beacon),
        ..Coordinator::default()
    };
    assert!(!coordinator.is_silent(at(180)));
    assert!(coordinator.is_silent(at(181)));
    assert!(!Coordinator::default().is_silent(at(9999)), "not known");
}
