use super::*;
use crate::look::testing::{look, stripped, too_wide};
use proptest::prelude::*;
use protector_core::aws::{Scheduling, TaskStatus};
use protector_core::beacon::Beacon;
use protector_core::ids::InstanceKey;
use protector_core::record::{Lifecycle, Record, Waited};
use protector_diagnosis::drain::{Coordinator, Drain, Parts};
use protector_diagnosis::explain::explain;
use protector_diagnosis::explain::reads::InstanceReads;
use protector_diagnosis::hook::HookClock;
use protector_diagnosis::read::{Gap, GapKind};
use protector_diagnosis::seen::{
    Activity, DefinedContainer, Definition, LifecycleHook, Machine, ScalingGroup, SeenService, SeenTask,
    ServiceEvent,
};
use protector_diagnosis::testing::{self, TOKEN, at, service, task};
use std::collections::BTreeMap;

/// The widths of the golden screens.
const WIDTHS: [usize; 6] = [50, 60, 80, 100, 120, 200];

/// The moment of the explanation: 03:41:00.
const NOW: i64 = 2460;

const WEB: &str = "30d374ca58bba814504427a64a6c1eed";
const ETL: &str = "5e025f9ade9eaf3ec65453bac8da37f7";
const PLACE: &str = "prod-admin  123456789012  eu-west-1";
const NO_MEMORY: &str = "(service web) was unable to place a task because no container instance met all of its requirements. The closest matching (container-instance 0a1b2c3d) has insufficient memory available. For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.";
const CONFIGURATION: &str = "(service web) was unable to stop or start tasks during a deployment because of the service deployment configuration. Update the minimumHealthyPercent or maximumPercent value and try again.";

fn key(cluster: &str) -> InstanceKey {
    InstanceKey {
        cluster: cluster.parse().unwrap(),
        ..testing::key()
    }
}

fn machine(status: &str) -> Machine {
    Machine {
        remaining_memory: Some(12_032),
        ..testing::machine(status, true)
    }
}

fn beacon() -> Beacon {
    testing::beacon(NOW - 10)
}

/// A record that holds since `at(0)`, with so many of five tasks left and a deadline in an hour.
fn record(left: u32) -> Record {
    Record {
        remaining: left,
        waited: vec![Waited {
            group: "service:web".to_owned(),
            count: 5,
            until: None,
        }],
        ..testing::record()
    }
}

fn drain(cluster: &str, record: Record) -> Drain {
    let recorded = testing::recorded(record);
    let machine = machine("DRAINING");
    let parts = Parts {
        recorded: Some(&recorded),
        machine: Some(&machine),
        ..Parts::default()
    };
    let beacon = beacon();
    let coordinator = Coordinator {
        beacon: Some(&beacon),
        ..Coordinator::default()
    };
    Drain::of(key(cluster), &parts, coordinator, at(NOW))
}

/// What is read of an instance on which these tasks run, one of them of `web`.
fn reads(tasks: Vec<SeenTask>) -> InstanceReads {
    let definition = Definition {
        containers: vec![DefinedContainer {
            name: "app".to_owned(),
            stop_timeout: Some(120),
            ..DefinedContainer::default()
        }],
        memory: Some(20_000),
        cpu: Some(256),
        ..Definition::default()
    };
    let web = service("web", Scheduling::Replica);
    let drain = drain("prod", record(u32::try_from(tasks.len()).unwrap()));
    InstanceReads {
        beacon: Some(beacon()),
        tasks: Ok(tasks),
        services: BTreeMap::from([("web".parse().unwrap(), Ok(web))]),
        elsewhere: BTreeMap::from([("web".parse().unwrap(), Ok(Vec::new()))]),
        definitions: BTreeMap::from([("web:1".to_owned(), Ok(definition))]),
        ..InstanceReads::of(drain, at(NOW))
    }
}

fn web() -> SeenTask {
    task(WEB, "service:web", TaskStatus::Running)
}

/// The service `web`, to be changed.
fn service_of(reads: &mut InstanceReads) -> &mut SeenService {
    reads
        .services
        .get_mut(&"web".parse().unwrap())
        .unwrap()
        .as_mut()
        .unwrap()
}

fn says(reads: &mut InstanceReads, message: &str) {
    service_of(reads).events.push(ServiceEvent {
        at: at(NOW - 60),
        message: message.to_owned(),
    });
}

/// A task that a schedule has started, and two of `web` that stop.
fn standalone() -> InstanceReads {
    let mut etl = task(ETL, "family:nightly-etl", TaskStatus::Running);
    etl.started_by = Some("events-rule/nightly".to_owned());
    let stops = |digit: &str, seconds| SeenTask {
        stopping: true,
        stopping_at: Some(at(NOW - seconds)),
        ..task(&digit.repeat(32), "service:web", TaskStatus::Stopping)
    };
    reads(vec![etl, stops("a", 30), stops("b", 20)])
}

/// A task that is protected until after the deadline, and a hook that is about to run out beside one of ECS.
fn protected() -> InstanceReads {
    let mut reads = reads(vec![web()]);
    reads.protections = Ok(BTreeMap::from([(web().arn, Some(at(NOW + 3600)))]));
    let hook = Lifecycle {
        auto_scaling_group_name: "prod-ecs".parse().unwrap(),
        lifecycle_hook_name: "ecs-daemon-protector".parse().unwrap(),
        lifecycle_action_token: Some(TOKEN.parse().unwrap()),
        heartbeat_seconds: 90,
        heartbeat_at: at(NOW - 62),
        global_deadline_at: at(9000),
    };
    let record = reads.drain.record.as_mut().unwrap();
    record.lifecycle = Some(hook);
    reads.drain.hooks = HookClock::all(record, None, at(NOW));
    let terminates = |name: &str| LifecycleHook {
        name: name.parse().unwrap(),
        terminates: true,
        heartbeat_timeout: 3600,
        default_result: "CONTINUE".to_owned(),
    };
    reads.hooks = Some(Ok(vec![
        terminates("ecs-daemon-protector"),
        terminates("ecs-managed-draining-termination-hook"),
    ]));
    reads
}

/// A service whose deployment configuration allows no step.
fn blocked() -> InstanceReads {
    let mut reads = reads(vec![web()]);
    service_of(&mut reads).maximum_percent = 100;
    says(&mut reads, CONFIGURATION);
    reads
}

/// A replacement that finds no room in a group that is full.
fn no_room() -> InstanceReads {
    let mut reads = reads(vec![web()]);
    says(&mut reads, NO_MEMORY);
    reads.machines = Some(Ok(vec![machine("ACTIVE")]));
    reads.group = Some(Ok(ScalingGroup {
        name: "prod-ecs".parse().unwrap(),
        minimum: 1,
        maximum: 3,
        desired: 3,
        instances: vec![key("prod").instance],
        protects_from_scale_in: false,
        has_warm_pool: false,
    }));
    reads.activities = Some(Ok(vec![Activity {
        status: "Failed".to_owned(),
        message: Some("We currently do not have sufficient m5.large capacity.".to_owned()),
        description: "Launching a new EC2 instance.".to_owned(),
        started_at: at(NOW - 90),
    }]));
    reads
}

/// What is long: names, a status, an event with what is foreign in it, reads that failed, a deadline on another day.
fn long(cluster: &str, group: &str) -> InstanceReads {
    let mut reads = reads(vec![
        web(),
        task(
            ETL,
            &format!("family:{group}\u{1b}[2J"),
            TaskStatus::Deprovisioning,
        ),
    ]);
    reads.drain = drain(
        cluster,
        Record {
            deadline_at: at(172_800),
            ..record(2)
        },
    );
    says(
        &mut reads,
        "(service web) is of\u{1b}[2J a later year and as long as the others are, if not longer than that.",
    );
    let failed = |call, code: &str| Gap {
        call,
        kind: GapKind::Other,
        code: code.to_owned(),
        message: String::new(),
    };
    reads.group = Some(Err(failed(
        "autoscaling:DescribeAutoScalingGroups",
        "AccessDeniedException",
    )));
    reads.protections = Err(failed("ecs:GetTaskProtection", "ServerException"));
    reads
}

fn scenes() -> [(&'static str, InstanceReads); 5] {
    [
        ("standalone", standalone()),
        ("protected", protected()),
        ("deployment-config", blocked()),
        ("no-room", no_room()),
        (
            "long",
            long(
                "production-of-the-payments-platform-in-ireland",
                "a-report-of-each-night",
            ),
        ),
    ]
}

fn drawn(reads: &InstanceReads, look: Look) -> String {
    screen(&explain(reads), PLACE, reads.now, look)
}

/// The commands of an explanation, which stay whole so that they can be copied.
fn all_commands(explanation: &Explanation) -> Vec<String> {
    let findings = explanation
        .warnings
        .iter()
        .chain(&explanation.waits_for)
        .chain(explanation.tasks.iter().map(|task| &task.why));
    let next = findings.flat_map(|finding| finding.next.iter().cloned());
    let orders = explanation.orders.iter().map(|order| order.command.clone());
    next.chain(orders).collect()
}

#[test]
fn each_scene_has_its_cause() {
    let causes = scenes().map(|(name, reads)| {
        let explanation = explain(&reads);
        let of_tasks: Vec<Cause> = explanation.tasks.iter().map(|task| task.why.cause).collect();
        (name, of_tasks)
    });
    assert_eq!(causes[0].1, [Cause::Standalone, Cause::Stopping, Cause::Stopping]);
    assert_eq!(causes[1].1, [Cause::Protected]);
    assert_eq!(causes[2].1, [Cause::DeploymentConfig]);
    assert_eq!(causes[3].1, [Cause::NoRoom]);
}

#[test]
fn the_screen_fits_each_terminal() {
    for (name, reads) in scenes() {
        for width in WIDTHS {
            insta::assert_snapshot!(
                format!("{name}_utf8_{width}"),
                drawn(&reads, look(width, true, false))
            );
        }
    }
}

/// Only a bound looks different in ASCII, so the other screens are those of UTF-8.
#[test]
fn ascii_is_ascii_and_else_the_same() {
    for width in WIDTHS {
        let screen = drawn(&standalone(), look(width, false, false));
        assert!(screen.is_ascii(), "{screen}");
        insta::assert_snapshot!(format!("standalone_ascii_{width}"), screen);
        for reads in [protected(), blocked(), no_room()] {
            let ascii = drawn(&reads, look(width, false, false));
            assert!(ascii.is_ascii() && !ascii.contains(TOKEN), "{ascii}");
        }
    }
}

#[test]
fn colours_mark_what_needs_a_person() {
    let screen = drawn(&protected(), look(80, true, true));
    insta::assert_snapshot!("protected_colour_80", screen.replace('\u{1b}', "\\e"));
}

proptest! {
    #[test]
    fn no_line_of_the_screen_is_wider_than_the_terminal(
        width in 50_usize..240, unicode: bool, cluster in "[a-z][a-z-]{0,60}", group in "[a-z][a-z-]{0,60}",
        place in "[a-z-]{1,60}  123456789012  eu-west-1",
    ) {
        let [standalone, protected, blocked, no_room, _] = scenes().map(|(_, reads)| reads);
        for reads in [standalone, protected, blocked, no_room, long(&cluster, &group)] {
            let explanation = explain(&reads);
            let plain = screen(&explanation, &place, reads.now, look(width, unicode, false));
            let wide = too_wide(&plain, width, &all_commands(&explanation));
            prop_assert!(wide.is_empty(), "{width}: {wide:#?}\n{plain}");
            prop_assert!(!plain.contains(|letter: char| letter.is_control() && letter != '\n'), "{plain:?}");
            let coloured = screen(&explanation, &place, reads.now, look(width, unicode, true));
            prop_assert_eq!(stripped(&coloured), plain);
        }
    }
}
