//! Things that the tests of the screen need: drains as the diagnosis makes them of records, and a model.

use super::layout::Size;

use super::model::{Event, Key, Looked, Model};
use super::view::update;
use crate::look::Look;
use crate::reads::Known;
use crate::status::reader::ReadInterval;
use jiff::SignedDuration;
use protector_core::aws::{Scheduling, TaskStatus};
use protector_core::beacon::HeartbeatsBeacon;
use protector_core::ids::InstanceKey;
use protector_core::record::Record;
use protector_diagnosis::drain::{Coordinator, Drain, Parts};
use protector_diagnosis::explain::explain;
use protector_diagnosis::explain::reads::InstanceReads;
use protector_diagnosis::fleet::{Fleet, Seen};
use protector_diagnosis::read::Gap;
pub(super) use protector_diagnosis::testing::at;
use protector_diagnosis::testing::{self, beacon, held_by, lifecycle, recorded, service, task, waited};
use std::collections::BTreeMap;

/// The instance of this number in the cluster `prod`.
pub(super) fn key(number: u32) -> InstanceKey {
    InstanceKey {
        cluster: "prod".parse().unwrap(),
        instance: format!("i-{number:08x}a99bdb06f").parse().unwrap(),
    }
}

/// A record that holds since `at(0)` with so many tasks of `web` left of five.
pub(super) fn holding(number: u32, left: u32) -> Record {
    Record {
        remaining: left,
        held_by: vec![held_by("service:web", left, "STOPPING")],
        waited: vec![waited(5)],
        ec2_instance_id: key(number).instance,
        ..testing::record()
    }
}

/// The same with a hook of so many seconds, whose event came at `at(heartbeat)`.
pub(super) fn hooked(record: Record, timeout: u32, heartbeat: i64) -> Record {
    Record {
        lifecycle: Some(lifecycle(timeout, heartbeat, true)),
        ..record
    }
}

/// The same, released at `at(second)`.
pub(super) fn released(record: Record, second: i64) -> Record {
    Record {
        remaining: 0,
        ..testing::released(record, second)
    }
}

/// The same, over at `at(second)`.
pub(super) fn over(record: Record, second: i64) -> Record {
    Record {
        receipt_at: Some(at(second)),
        ..released(record, second - 10)
    }
}

/// A read that was throttled.
pub(super) fn throttled() -> Gap {
    testing::throttled("ssm:GetParametersByPath")
}

/// A drain as it is at `at(now)`; without a record if there is none.
pub(super) fn drain(number: u32, record: Option<Record>, now: i64) -> Drain {
    let recorded = record.map(recorded);
    let parts = Parts {
        recorded: recorded.as_ref(),
        ..Parts::default()
    };
    let beacon = beacon(now - 12);
    let heartbeats = HeartbeatsBeacon::new(at(-3600), 1, 0);
    let coordinator = Coordinator {
        beacon: Some(&beacon),
        heartbeats: Some(&heartbeats),
        control: None,
    };
    Drain::of(key(number), &parts, coordinator, at(now))
}

/// A look that found these drains at `at(now)`.
pub(super) fn data(records: &[(u32, Option<Record>)], now: i64) -> Event {
    let drains = records
        .iter()
        .map(|(number, record)| drain(*number, record.clone(), now));
    Event::Data(Box::new(Looked {
        fleet: Fleet {
            now: at(now),
            drains: drains.collect(),
            coordinator: Seen {
                version: Some("0.2.0".to_owned()),
                tick_age: Some(SignedDuration::from_secs(12)),
                ..Seen::default()
            },
            gaps: Vec::new(),
        },
        place: "prod-admin  123456789012  eu-west-1".to_owned(),
        number: Some("123456789012".to_owned()),
        interval: read_interval(),
        known: Known::default(),
    }))
}

fn read_interval() -> ReadInterval {
    ReadInterval {
        every: SignedDuration::from_secs(5),
        pages: None,
    }
}

/// A screen that knows nothing yet.
pub(super) fn model(width: u16, height: u16) -> Model {
    let look = Look {
        unicode: true,
        ..Look::plain()
    };
    let mut model = Model::new("account ?  eu-west-1".to_owned(), look, read_interval(), at(0));
    update(&mut model, Event::Resize(Size { width, height }));
    model
}

/// A screen with a fleet that has one of everything.
pub(super) fn full(width: u16, height: u16) -> Model {
    let mut model = model(width, height);
    let records = [
        (1, Some(hooked(holding(1, 2), 90, 660))),
        (2, None),
        (3, Some(holding(3, 1))),
        (4, Some(hooked(released(holding(4, 0), 720), 900, 600))),
        (5, Some(over(holding(5, 0), 500))),
    ];
    update(&mut model, data(&records, 727));
    model
}

/// Presses keys, one for each letter.
pub(super) fn press(model: &mut Model, letters: &str) {
    for letter in letters.chars() {
        update(model, Event::Key(Key::Char(letter)));
    }
}

/// The numbers of the instances that are shown, in their order.
pub(super) fn shown(model: &Model) -> Vec<u32> {
    let numbers = model.visible().map(|row| {
        let id = row.drain.key.instance.as_str();
        u32::from_str_radix(&id[2..10], 16).unwrap()
    });
    numbers.collect()
}

/// The explanation of a drain whose one task its service may neither stop nor replace, as it is at `at(now)`. The reads of
/// `failed` failed.
pub(super) fn explanation(number: u32, now: i64, failed: &[Gap]) -> Event {
    let record = holding(number, 1);
    let mut web = service("web", Scheduling::Replica);
    web.maximum_percent = 100;
    let one = task(
        "30d374ca58bba814504427a64a6c1eed",
        "service:web",
        TaskStatus::Running,
    );
    let protections = match failed.first() {
        Some(gap) => Err(gap.clone()),
        None => Ok(BTreeMap::new()),
    };
    let reads = InstanceReads {
        beacon: Some(beacon(now - 12)),
        tasks: Ok(vec![one]),
        services: BTreeMap::from([("web".parse().unwrap(), Ok(web))]),
        elsewhere: BTreeMap::from([("web".parse().unwrap(), Ok(Vec::new()))]),
        protections,
        ..InstanceReads::of(drain(number, Some(record), now), at(now))
    };
    Event::Explained(key(number), at(now), Box::new(explain(&reads)))
}

/// The command that its service needs.
pub(super) const UPDATE: &str = "aws ecs update-service --cluster prod --service web --deployment-configuration minimumHealthyPercent=100,maximumPercent=200";

/// A screen with one drain that was explained.
pub(super) fn explained(width: u16, height: u16) -> Model {
    let mut model = model(width, height);
    update(&mut model, data(&[(3, Some(holding(3, 1)))], 727));
    update(&mut model, explanation(3, 727, &[]));
    model
}
