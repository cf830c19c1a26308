use super::*;
use crate::look::testing::{look, stripped, too_wide};
use proptest::prelude::*;
use protector_core::aws::TaskStatus;
use protector_core::record::Record;
use protector_diagnosis::explain::explain;
use protector_diagnosis::explain::fixtures::{
    self, NOW, OTHER, drain, event, failed_activity, held, scaling_group, stops, task, terminate_hook,
};
use protector_diagnosis::explain::reads::InstanceReads;
use protector_diagnosis::read::{Gap, GapKind};
use protector_diagnosis::seen::{Machine, SeenTask};
use protector_diagnosis::testing::{TOKEN, at, denied, machine};
use std::collections::BTreeMap;

/// The widths of the golden screens.
const WIDTHS: [usize; 6] = [50, 60, 80, 100, 120, 200];

const PLACE: &str = "prod-admin  123456789012  eu-west-1";
const NO_MEMORY: &str = "(service web) was unable to place a task because no container instance met all of its requirements. The closest matching (container-instance 0a1b2c3d) has insufficient memory available. For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.";
const CONFIGURATION: &str = "(service web) was unable to stop or start tasks during a deployment because of the service deployment configuration. Update the minimumHealthyPercent or maximumPercent value and try again.";

/// What is read of an instance on which these tasks run, one of them of `web`.
fn reads(tasks: Vec<SeenTask>) -> InstanceReads {
    let mut reads = fixtures::reads();
    reads.record().remaining = u32::try_from(tasks.len()).unwrap();
    reads.tasks = Ok(tasks);
    reads
}

fn web() -> SeenTask {
    task(fixtures::WEB, "service:web", TaskStatus::Running)
}

fn says(reads: &mut InstanceReads, message: &str) {
    reads.web().events.push(event(60, message));
}

/// A task that a schedule has started, and two of `web` that stop.
fn standalone() -> InstanceReads {
    let mut etl = task(OTHER, "family:nightly-etl", TaskStatus::Running);
    etl.started_by = Some("events-rule/nightly".to_owned());
    reads(vec![etl, stops("a", 30), stops("b", 20)])
}

/// A task that is protected until after the deadline, and a hook that is about to run out beside one of ECS.
fn protected() -> InstanceReads {
    let mut reads = reads(vec![web()]);
    reads.protections = Ok(BTreeMap::from([(web().arn, Some(at(NOW + 3600)))]));
    reads.hook(90, 62);
    reads.hooks = Some(Ok(vec![
        terminate_hook("ecs-daemon-protector", 3600),
        terminate_hook("ecs-managed-draining-termination-hook", 3600),
    ]));
    reads
}

/// A service whose deployment configuration allows no step.
fn blocked() -> InstanceReads {
    let mut reads = reads(vec![web()]);
    reads.web().maximum_percent = 100;
    says(&mut reads, CONFIGURATION);
    reads
}

/// A replacement that finds no room in a group that is full.
fn no_room() -> InstanceReads {
    let mut reads = reads(vec![web()]);
    says(&mut reads, NO_MEMORY);
    reads.machines = Some(Ok(vec![Machine {
        remaining_memory: Some(12_032),
        ..machine("ACTIVE", true)
    }]));
    reads.group = Some(Ok(scaling_group(3, 3)));
    reads.activities = Some(Ok(vec![failed_activity()]));
    reads
}

/// What is long: names, a status, an event with what is foreign in it, reads that failed, a deadline on another day.
fn long(cluster: &str, group: &str) -> InstanceReads {
    let group = format!("family:{group}\u{1b}[2J");
    let other = task(OTHER, &group, TaskStatus::Deprovisioning);
    let mut reads = reads(vec![web(), other]);
    let record = Record {
        deadline_at: at(172_800),
        remaining: 2,
        ..held()
    };
    reads.drain = drain(Some(record), "DRAINING", true);
    reads.drain.key.cluster = cluster.parse().unwrap();
    let odd =
        "(service web) is of\u{1b}[2J a later year and as long as the others are, if not longer than that.";
    says(&mut reads, odd);
    let failed = |call, code: &str| Gap {
        kind: GapKind::Other,
        code: code.to_owned(),
        ..denied(call)
    };
    let group = failed("autoscaling:DescribeAutoScalingGroups", "AccessDeniedException");
    reads.group = Some(Err(group));
    reads.protections = Err(failed("ecs:GetTaskProtection", "ServerException"));
    reads
}

fn cases() -> [(&'static str, InstanceReads); 5] {
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
    let of_tasks = explanation.tasks.iter().map(|task| &task.why);
    let of_drain = explanation.warnings.iter().chain(&explanation.waits_for);
    let findings = of_drain.chain(of_tasks);
    let next = findings.flat_map(|finding| finding.next.iter().cloned());
    let orders = explanation.orders.iter().map(|order| order.command.clone());
    next.chain(orders).collect()
}

#[test]
fn each_case_has_its_cause() {
    let causes = cases().map(|(name, reads)| {
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
    for (name, reads) in cases() {
        for width in WIDTHS {
            let screen = drawn(&reads, look(width, true, false));
            insta::assert_snapshot!(format!("{name}_utf8_{width}"), screen);
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
        let [standalone, protected, blocked, no_room, _] = cases().map(|(_, reads)| reads);
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
