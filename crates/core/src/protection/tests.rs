use super::*;
use crate::aws::Scheduling;
use crate::testing::{policy, task};

/// What ECS says of the sidecar: status, health, exit code, reason.
type DaemonRow<'a> = (Option<&'a str>, Option<&'a str>, Option<i64>, Option<&'a str>);

fn daemon(status: &str, (last_status, health, exit_code, reason): DaemonRow<'_>) -> Task {
    let containers = ["fluent-bit", "ecs-daemon-protector"];
    let mut task = task(1, "service:logs", status, Scheduling::Daemon, &containers);
    let sidecar = task.containers.last_mut().unwrap();
    sidecar.last_status = last_status.map(|text| text.to_owned().into());
    sidecar.health = health.map(|text| text.to_owned().into());
    sidecar.exit_code = exit_code;
    sidecar.reason = reason.map(str::to_owned);
    task
}

/// A running daemon of another group.
fn of(group: &str, row: DaemonRow<'_>) -> Task {
    Task {
        group: Some(group.to_owned().into()),
        ..daemon("RUNNING", row)
    }
}

const PULL: Option<&str> = Some("CannotPullContainerError: manifest for sidecar:9 not found");
const MANIFEST: Option<&str> = Some("CannotPullImageManifestError: unauthorized");
const EXEC: Option<&str> = Some("CannotStartContainerError: exec");
const MOUNT: Option<&str> = Some("CannotCreateContainerError: bad mount");
const OOM: Option<&str> = Some("OutOfMemoryError: Container killed due to memory usage");

#[test]
fn p1_a_daemon_of_a_task_that_runs_is_protected_by_a_sidecar_that_runs() {
    use UnprotectedReason::{SidecarNeverStarted, SidecarStopped, SidecarUnhealthy};
    let (running, pending, stopped) = (Some("RUNNING"), Some("PENDING"), Some("STOPPED"));
    let table: [(DaemonRow<'_>, Option<UnprotectedReason>); 20] = [
        ((running, Some("HEALTHY"), None, None), None),
        // Its health is {} or UNKNOWN for the first 60 s, and always without a check.
        ((running, None, None, None), None),
        ((running, Some("UNKNOWN"), None, None), None),
        ((running, Some("UNHEALTHY"), None, None), Some(SidecarUnhealthy)),
        // It is being started.
        ((pending, Some("UNKNOWN"), None, None), None),
        ((pending, Some("UNHEALTHY"), None, None), None),
        ((pending, None, None, PULL), Some(SidecarNeverStarted)),
        ((None, None, None, PULL), Some(SidecarNeverStarted)),
        ((stopped, None, None, MANIFEST), Some(SidecarNeverStarted)),
        ((stopped, None, Some(128), EXEC), Some(SidecarNeverStarted)),
        ((stopped, None, None, MOUNT), Some(SidecarNeverStarted)),
        // One that has ended is UNHEALTHY too if it ran for long enough, and holds not at all.
        ((stopped, Some("UNHEALTHY"), Some(64), None), Some(SidecarStopped)),
        ((stopped, Some("UNHEALTHY"), Some(137), OOM), Some(SidecarStopped)),
        ((stopped, None, Some(70), None), Some(SidecarStopped)),
        ((stopped, None, Some(0), None), Some(SidecarStopped)),
        ((stopped, None, None, None), Some(SidecarStopped)),
        // Whatever ECS does not report, or may add, is no fault.
        ((None, None, None, None), None),
        ((None, Some("UNHEALTHY"), None, None), None),
        ((Some("MADE_LATER"), Some("UNHEALTHY"), None, None), None),
        ((running, Some("MADE_LATER"), None, None), None),
    ];
    for (reported, expected) in table {
        let judged = unprotected_because(&daemon("RUNNING", reported), &policy());
        assert_eq!(judged, expected, "{reported:?}");
    }
}

#[test]
fn a_sidecar_that_stops_with_its_task_is_no_fault() {
    let before = ["PROVISIONING", "PENDING", "ACTIVATING"];
    let after = ["DEACTIVATING", "STOPPING", "DEPROVISIONING", "STOPPED", "DELETED"];
    let not_running = before.into_iter().chain(after).chain(["MADE_LATER"]);
    let ordered = not_running.flat_map(|status| [(status, false), (status, true)]);
    for (status, stopping) in ordered.chain([("RUNNING", true)]) {
        let task = Task {
            stopping,
            ..daemon(status, (Some("STOPPED"), None, Some(0), None))
        };
        let judged = unprotected_because(&task, &policy());
        assert_eq!(judged, None, "{status}, ordered to stop: {stopping}");
    }
}

#[test]
fn what_was_seen_before_the_stop_order_counts_until_the_task_has_ended() {
    let seen = Some(UnprotectedReason::SidecarStopped);
    let after = |status| Task {
        unprotected_before: seen,
        stopping: true,
        ..daemon(status, (Some("STOPPED"), None, Some(64), None))
    };
    assert_eq!(unprotected_because(&after("RUNNING"), &policy()), seen);
    assert_eq!(unprotected_because(&after("STOPPING"), &policy()), seen);
    assert_eq!(unprotected_because(&after("STOPPED"), &policy()), None);
    let started_again = Task {
        unprotected_before: seen,
        ..daemon("RUNNING", (Some("RUNNING"), None, None, None))
    };
    let now = unprotected_because(&started_again, &policy());
    assert_eq!(now, None, "what is seen now counts");
}

#[test]
fn a_daemon_without_a_sidecar_is_not_judged() {
    let mut bare = daemon("RUNNING", (Some("STOPPED"), None, Some(64), None));
    bare.containers.pop();
    assert_eq!(unprotected_because(&bare, &policy()), None);
    // Its sidecar has another name.
    let mut another = policy();
    another.sidecar_container = "holder".parse().unwrap();
    let stopped = daemon("RUNNING", (Some("STOPPED"), None, Some(64), None));
    assert_eq!(unprotected_because(&stopped, &another), None);
}

#[test]
fn each_service_is_named_once_for_each_reason_and_in_words() {
    let stopped = daemon("RUNNING", (Some("STOPPED"), None, Some(64), None));
    let unhealthy = of("service:mesh", (Some("RUNNING"), Some("UNHEALTHY"), None, None));
    let alone = of("family:agent", (Some("PENDING"), None, None, PULL));
    let well = daemon("RUNNING", (Some("RUNNING"), Some("HEALTHY"), None, None));
    let found = unprotected(&[unhealthy, stopped.clone(), well, stopped, alone], &policy());
    let reported: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert_eq!(
        reported,
        [
            "daemon of service family:agent was not protected: its sidecar had never started",
            "daemon of service logs was not protected: its sidecar had stopped",
            "daemon of service mesh was not protected: its sidecar ran but was unhealthy, and would have held without reading its record",
        ]
    );
}

#[test]
fn a_reason_of_a_later_version_is_read() {
    let text = r#"{"service":"logs","reason":"sidecar-too-old"}"#;
    let read: UnprotectedDaemon = serde_json::from_str(text).unwrap();
    assert_eq!(read.reason, UnprotectedReason::Other);
}

/// A long name of others must not take the record's room.
#[test]
fn a_long_group_is_cut() {
    let group = format!("family:{}", "a".repeat(400));
    let long = of(&group, (Some("STOPPED"), None, None, None));
    let named = unprotected_daemon(&long, UnprotectedReason::SidecarStopped);
    assert_eq!(named.service.chars().count(), QUOTED_CHARS_MAX);
}
