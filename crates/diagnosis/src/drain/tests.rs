use super::*;
use crate::testing::{at, beacon, heartbeats, key, lifecycle, machine, record, recorded};
use protector_core::record::{ReleaseReason, Waited};

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

fn released(at_second: i64) -> Record {
    Record {
        state: State::Released,
        reason: Some(ReleaseReason::Drained),
        released_at: Some(at(at_second)),
        ..record()
    }
}

#[test]
fn the_first_risk_that_fits_is_named() {
    let draining = machine("DRAINING", true);
    let active = machine("ACTIVE", true);
    let away = machine("DRAINING", false);
    let hooked = |timeout| Record {
        lifecycle: Some(lifecycle(timeout, 0, true)),
        ..record()
    };
    let lost = Record {
        agent_lost_at: Some(at(10)),
        ..record()
    };
    let over = Record {
        receipt_at: Some(at(80)),
        ..released(60)
    };
    let table = [
        (
            Some(record()),
            Some(&draining),
            Control::On,
            60,
            DrainState::Holding,
            Risk::None,
        ),
        // The deadline, and the run that it takes to act on it.
        (
            Some(record()),
            Some(&draining),
            Control::On,
            3690,
            DrainState::Holding,
            Risk::None,
        ),
        (
            Some(record()),
            Some(&draining),
            Control::On,
            3691,
            DrainState::Holding,
            Risk::Late,
        ),
        (
            Some(hooked(900)),
            Some(&draining),
            Control::On,
            60,
            DrainState::Holding,
            Risk::None,
        ),
        (
            Some(hooked(60)),
            Some(&draining),
            Control::On,
            60,
            DrainState::Holding,
            Risk::Hook,
        ),
        // It takes tasks: it does not drain.
        (
            None,
            Some(&active),
            Control::On,
            60,
            DrainState::NoRecord,
            Risk::None,
        ),
        (
            None,
            Some(&draining),
            Control::On,
            60,
            DrainState::NoRecord,
            Risk::NoRecord,
        ),
        // An agent that is away for a moment is normal.
        (
            Some(record()),
            Some(&away),
            Control::On,
            60,
            DrainState::Holding,
            Risk::None,
        ),
        (
            Some(lost.clone()),
            Some(&away),
            Control::On,
            60,
            DrainState::Holding,
            Risk::Agent,
        ),
        (
            Some(lost),
            Some(&draining),
            Control::On,
            60,
            DrainState::Holding,
            Risk::None,
        ),
        (
            Some(hooked(900)),
            Some(&draining),
            Control::Observe,
            60,
            DrainState::Holding,
            Risk::Mode,
        ),
        (
            Some(record()),
            Some(&draining),
            Control::Observe,
            60,
            DrainState::Holding,
            Risk::None,
        ),
        (
            Some(released(60)),
            Some(&draining),
            Control::On,
            61,
            DrainState::Released,
            Risk::None,
        ),
        (
            Some(over),
            None,
            Control::Observe,
            9999,
            DrainState::Done,
            Risk::None,
        ),
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
    assert_eq!(ends(released(60)), Ends::Bound(at(180)));
    let blind = Drain::of(
        key(),
        &Parts {
            recorded: Some(&recorded(released(60))),
            ..Parts::default()
        },
        Coordinator::default(),
        at(70),
    );
    assert_eq!(blind.ends, Ends::Unknown, "the settings are not known");
}

#[test]
fn what_is_left_is_known_when_it_was_counted() {
    let waited = |count| Waited {
        group: "service:web".to_owned(),
        count,
        until: None,
    };
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
