use super::*;
use crate::header::Place;
use crate::look::testing::{look, stripped, too_wide, visible};
use proptest::prelude::*;
use protector_core::control::KillSwitch;
use protector_core::ids::InstanceKey;
use protector_core::record::{HeldBy, Record};
use protector_diagnosis::cause::Cause;
use protector_diagnosis::drain::{Hold, Looked};
use protector_diagnosis::fleet::FleetReads;
use protector_diagnosis::listing::Listing;
use protector_diagnosis::read::Gap;
use protector_diagnosis::seen::{Machine, ScalingInstance};
use protector_diagnosis::testing::{
    self, TOKEN, at, beacon, held_by, lifecycle, recorded, released, throttled, waited,
};
use protector_diagnosis::usual::{Alike, Usual};
use std::collections::BTreeMap;

/// The widths of the golden screens.
const WIDTHS: [usize; 6] = [50, 60, 80, 100, 120, 200];

/// The moment of the look: 03:12:07.
const NOW: i64 = 727;

const INSTANCES: [&str; 6] = [
    "i-04f05e66a99bdb06f",
    "i-0b2277c0de19a4f10",
    "i-09ba9d87187954c99",
    "i-0c11d0aa52b7e9f01",
    "i-0d5cc31f08be7a442",
    "i-0e9a417bd20c6f385",
];

fn key(cluster: &str, number: usize) -> InstanceKey {
    InstanceKey {
        cluster: cluster.parse().unwrap(),
        instance: INSTANCES[number].parse().unwrap(),
    }
}

fn group(name: &str, count: u32, last_status: &str, protected: u32) -> HeldBy {
    HeldBy {
        protected,
        ..held_by(name, count, last_status)
    }
}

/// A record that holds since `started` with these tasks left of `most`, and an hour from its start to its deadline.
fn holding(number: usize, started: i64, most: u32, held_by: Vec<HeldBy>) -> Record {
    Record {
        draining_confirmed_at: Some(at(started + 1)),
        remaining: held_by.iter().map(|group| group.count).sum(),
        held_by,
        waited: vec![waited(most)],
        ..Record::first(
            INSTANCES[number].parse().unwrap(),
            format!("arn:aws:ecs:eu-west-1:123456789012:container-instance/prod/{number:032x}")
                .parse()
                .unwrap(),
            TOKEN.to_owned(),
            at(started),
            at(started + 3600),
            5,
        )
    }
}

/// The same with a hook of so many seconds, whose event came at `at(heartbeat)`.
fn hooked(record: Record, timeout: u32, heartbeat: i64) -> Record {
    Record {
        lifecycle: Some(lifecycle(timeout, heartbeat, true)),
        ..record
    }
}

fn machine(cluster: &str, number: usize) -> Machine {
    Machine {
        cluster: cluster.parse().unwrap(),
        arn: format!("arn:aws:ecs:eu-west-1:123456789012:container-instance/{cluster}/{number:032x}")
            .parse()
            .unwrap(),
        instance: INSTANCES[number].parse().unwrap(),
        ..testing::machine("DRAINING", true)
    }
}

fn gap(call: &'static str, message: &str) -> Gap {
    Gap {
        message: message.to_owned(),
        ..throttled(call)
    }
}

/// What is read of these drains of a cluster at `at(NOW)`: the last instance drains without a record if `unrecorded`.
fn reads(cluster: &str, records: &[Record], unrecorded: Option<usize>) -> FleetReads {
    let keyed = records.iter().map(|record| {
        let key = InstanceKey {
            cluster: cluster.parse().unwrap(),
            instance: record.ec2_instance_id.clone(),
        };
        (key, recorded(record.clone()))
    });
    let machines = unrecorded.map(|number| machine(cluster, number));
    FleetReads {
        now: at(NOW),
        listing: Ok(Listing {
            records: keyed.collect(),
            beacon: Some(Ok(beacon(NOW - 12))),
            ..Listing::default()
        }),
        machines: BTreeMap::from([(cluster.parse().unwrap(), Ok(machines.into_iter().collect()))]),
        scaling: Ok(Vec::new()),
    }
}

/// One drain of each kind: a hook about to run out, no record, tasks that stop, a flush, one that is over, and tasks that
/// ECS leaves alone.
fn night() -> FleetReads {
    let over = Record {
        receipt_at: Some(at(500)),
        ..released(holding(4, 0, 5, Vec::new()), 490)
    };
    let runs = vec![group("service:web", 2, "RUNNING", 0)];
    let stops = vec![group("service:web", 1, "STOPPING", 0)];
    let left_alone = vec![
        group("family:nightly-etl", 1, "RUNNING", 0),
        group("service:game", 1, "RUNNING", 1),
    ];
    let records = [
        hooked(holding(0, -1733, 5, runs), 90, 665),
        holding(2, 547, 6, stops),
        hooked(released(holding(3, 247, 9, Vec::new()), 687), 900, 79),
        over,
        holding(5, -1000, 4, left_alone),
    ];
    reads("prod", &records, Some(1))
}

/// What is long: names of the longest kind, deadlines on another day, texts of AWS and of people, and what is foreign in
/// them.
fn long() -> FleetReads {
    let cluster = "production-of-the-payments-platform-in-ireland";
    let held_by = vec![
        group("family:\u{1b}[31mreport", 700, "DEPROVISIONING", 0),
        group("service:web", 400, "DEREGISTERING", 2),
    ];
    let mut late = hooked(holding(0, -90_000, 1200, held_by), 7200, 0);
    late.deadline_at = at(172_800);
    let mut reads = reads(cluster, &[late], Some(1));
    let staging = vec![machine("staging", 2)];
    reads.machines.insert("staging".parse().unwrap(), Ok(staging));
    let text = "Rate exceeded\u{1b}[2J for account 123456789012 while calling the operation in this region";
    reads.scaling = Err(gap("autoscaling:DescribeAutoScalingInstances", text));
    let listing = reads.listing.as_mut().unwrap();
    listing.beacon = Some(Ok(beacon(NOW - 400)));
    let mode = r#"{"mode":"observe","by":"arn:aws:sts::123456789012:assumed-role/admin/ana","why":"INC-4711: a\u001b[1m change of the scaling policy"}"#;
    listing.control = Some(Ok(KillSwitch::decode(mode).unwrap()));
    reads
}

/// Nothing could be read, and neither could the kill switch.
fn unread() -> FleetReads {
    let mut reads = reads("prod", &[], None);
    reads.listing.as_mut().unwrap().control =
        Some(Err("\u{1b}[2Jneither on nor observe nor release-all".to_owned()));
    reads.scaling = Err(gap("autoscaling:DescribeAutoScalingInstances", ""));
    reads
}

fn place(profile: &str) -> Place {
    Place {
        profile: Some(profile.to_owned()),
        account: Some("123456789012".to_owned()),
        region: "eu-west-1".to_owned(),
        is_local: false,
    }
}

fn drawn_as(profile: &str, reads: &FleetReads, look: Look) -> String {
    let fleet = Fleet::of(reads);
    drawn_fleet(profile, &fleet, look)
}

fn drawn_fleet(profile: &str, fleet: &Fleet, look: Look) -> String {
    let drains: Vec<&Drain> = fleet.drains.iter().collect();
    screen(
        &Header::at(place(profile), &fleet.coordinator),
        fleet,
        &drains,
        &Invocation::default(),
        look,
    )
}

/// The same night after a look at the tasks.
fn deep() -> Fleet {
    let mut fleet = Fleet::of(&night());
    let hold = |group: &str, tasks, cause, ends| Hold {
        group: group.to_owned(),
        tasks,
        cause,
        ends,
    };
    let usual = Usual {
        held_seconds: 360,
        receipts: 20,
        of: Alike::Group,
    };
    for drain in &mut fleet.drains {
        let looked = |cause, holds: Vec<Hold>, because: Option<&str>| Looked {
            cause: Some(cause),
            holds,
            flushing: Vec::new(),
            because: because.map(str::to_owned),
            usual: None,
        };
        let number = INSTANCES.iter().position(|id| *id == drain.key.instance.as_str());
        let (ends, looked) = match number.unwrap() {
            0 => {
                let holds = vec![hold("service:web", 2, Cause::DeploymentConfig, Ends::Unknown)];
                (Ends::Unknown, looked(Cause::DeploymentConfig, holds, None))
            }
            2 => {
                let ends = Ends::Bound(at(NOW + 70));
                let holds = vec![hold("service:web", 1, Cause::Stopping, ends)];
                let mut looked = looked(Cause::Stopping, holds, Some("stopTimeout 2m"));
                looked.usual = Some(usual);
                (ends, looked)
            }
            3 => {
                let mut looked = looked(Cause::Flushing, Vec::new(), None);
                looked.flushing = vec!["service:datadog".to_owned(), "service:fluent-bit".to_owned()];
                (drain.ends, looked)
            }
            5 => {
                let protected = Ends::Estimate(at(NOW + 900));
                let holds = vec![
                    hold("family:nightly-etl", 1, Cause::Standalone, Ends::Unknown),
                    hold("service:game", 1, Cause::Protected, protected),
                ];
                (Ends::Unknown, looked(Cause::Standalone, holds, None))
            }
            _ => continue,
        };
        drain.ends = ends;
        drain.looked = Some(looked);
    }
    fleet
}

fn drawn(reads: &FleetReads, look: Look) -> String {
    drawn_as("prod-admin", reads, look)
}

/// The commands of a screen, which stay whole so that they can be copied.
fn commands(reads: &FleetReads) -> Vec<String> {
    let fleet = Fleet::of(reads);
    let of_drains = fleet.drains.iter().filter_map(|drain| Some(drain.warning()?.1));
    let others = ["protectorctl doctor --only coordinator", "protectorctl mode"];
    of_drains.chain(others.map(str::to_owned)).collect()
}

#[test]
fn the_screen_fits_each_terminal() {
    for width in WIDTHS {
        insta::assert_snapshot!(format!("utf8_{width}"), drawn(&night(), look(width, true, false)));
        insta::assert_snapshot!(
            format!("ascii_{width}"),
            drawn(&night(), look(width, false, false))
        );
    }
}

#[test]
fn a_look_at_the_tasks_adds_bounds_and_causes() {
    for width in [60, 80, 100, 120, 200] {
        let utf8 = drawn_fleet("prod-admin", &deep(), look(width, true, false));
        insta::assert_snapshot!(format!("deep_{width}"), utf8);
        let ascii = drawn_fleet("prod-admin", &deep(), look(width, false, false));
        assert!(ascii.is_ascii() && ascii.contains("<=1m10s"), "{ascii}");
        let coloured = drawn_fleet("prod-admin", &deep(), look(width, true, true));
        assert_eq!(stripped(&coloured), utf8);
        for line in utf8.lines() {
            let is_command = line.trim_start().starts_with("protectorctl");
            assert!(is_command || line.chars().count() <= width, "{width}: {line}");
        }
    }
}

/// The command of each note, as a person has to type it who has given options.
#[test]
fn commands_have_the_options_that_were_given() {
    let fleet = Fleet::of(&long());
    let drains: Vec<&Drain> = fleet.drains.iter().collect();
    let given = Invocation {
        profile: Some("on-call".to_owned()),
        region: Some("eu-west-1".to_owned()),
        prefix: Some("/drains".parse().unwrap()),
        clusters: vec!["a".parse().unwrap(), "b".parse().unwrap()],
    };
    let look = look(200, true, false);
    let commands = |invocation: &Invocation| {
        let lines = warnings(&fleet, &drains, invocation, look);
        let trimmed = lines.iter().map(|line| line.trim().to_owned());
        let commands = trimmed.filter(|line| line.starts_with("protectorctl "));
        commands.collect::<Vec<_>>()
    };
    let plain = commands(&Invocation::default());
    let complete = commands(&given);
    assert_eq!((plain.len(), complete.len()), (4, 4), "{plain:?}");
    for (plain, complete) in plain.iter().zip(&complete) {
        assert!(!plain.contains(" --profile"), "{plain}");
        assert!(!plain.contains(" --region"), "{plain}");
        let account = format!("{plain} --profile on-call --region eu-west-1 --prefix /drains");
        assert!(complete.starts_with(&account), "{complete}");
    }
    let cluster = |line: &String| {
        let names = line.split(" --cluster ").skip(1);
        names.map(str::to_owned).collect::<Vec<_>>()
    };
    // A command about an instance names its own cluster, one about the coordinator all that were given.
    assert_eq!(cluster(&complete[0]), [fleet.drains[0].key.cluster.to_string()]);
    assert_eq!(cluster(complete.last().unwrap()), ["a", "b"]);
}

#[test]
fn what_is_long_is_wrapped_or_cut() {
    for width in WIDTHS {
        insta::assert_snapshot!(format!("long_{width}"), drawn(&long(), look(width, true, false)));
    }
    insta::assert_snapshot!("unread_50", drawn(&unread(), look(50, true, false)));
}

#[test]
fn colours_mark_what_needs_a_person() {
    insta::assert_snapshot!("colour_80", visible(&drawn(&night(), look(80, true, true))));
}

#[test]
fn ascii_is_ascii() {
    for width in WIDTHS {
        let screen = drawn(&night(), look(width, false, false));
        assert!(screen.is_ascii(), "{screen}");
        assert!(!screen.contains(TOKEN), "{screen}");
    }
}

proptest! {
    #[test]
    fn no_line_of_the_screen_is_wider_than_the_terminal(
        width in 50_usize..240, unicode: bool, profile in "[a-z-]{1,70}", kept in 0_u8..32, age in 0_i64..200_000,
        hold in -200_000_i64..200_000,
    ) {
        let mut one = night();
        let listing = one.listing.as_mut().unwrap();
        let mut number = 0;
        listing.records.retain(|_, _| {
            number += 1;
            (kept >> (number - 1)) & 1 == 1
        });
        for recorded in listing.records.values_mut() {
            let record = recorded.record.as_mut().unwrap();
            record.started_at = at(NOW - age);
            record.deadline_at = at(NOW + hold);
        }
        for reads in [one, long(), unread()] {
            let plain = drawn_as(&profile, &reads, look(width, unicode, false));
            let wide = too_wide(&plain, width, &commands(&reads));
            prop_assert!(wide.is_empty(), "{width}: {wide:#?}\n{plain}");
            prop_assert!(!plain.contains(|letter: char| letter.is_control() && letter != '\n'), "{plain:?}");
            let coloured = drawn_as(&profile, &reads, look(width, unicode, true));
            prop_assert_eq!(stripped(&coloured), plain);
        }
    }
}

#[test]
fn an_instance_in_another_cluster_and_its_group_have_columns_where_there_is_room() {
    let mut reads = night();
    let staging = vec![machine("staging", 1)];
    reads.machines.insert("staging".parse().unwrap(), Ok(staging));
    reads.scaling = Ok(vec![ScalingInstance {
        instance: key("staging", 1).instance,
        group: "staging-ecs".parse().unwrap(),
        lifecycle_state: "Terminating:Wait".to_owned(),
    }]);
    for (width, cluster, group) in [(99, false, false), (100, true, false), (120, true, true)] {
        let fleet = Fleet::of(&reads);
        let drains: Vec<&Drain> = fleet.drains.iter().collect();
        let table = table(fleet.now, &drains, look(width, true, false)).join("\n");
        assert_eq!(table.contains("staging "), cluster, "{width}\n{table}");
        assert_eq!(table.contains("staging-ecs"), group, "{width}\n{table}");
    }
}
