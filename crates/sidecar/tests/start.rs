//! The self-check and the wait.

use super::support::{CONTAINER_INSTANCE, Host, INSTANCE, Sidecar, Ssm, TOKEN, ended, holding, released};
use std::io::Write;
use std::thread;
use std::time::Duration;

#[test]
fn p6_one_read_at_start_and_then_nothing_until_sigterm() {
    let host = Host::new();
    let mut sidecar = Sidecar::ready(&host, &[]);
    let ready = sidecar.event("ready");
    assert_eq!(ready["instance"], INSTANCE);
    assert_eq!(
        ready["parameter"],
        format!("/ecs-daemon-protector/prod/{INSTANCE}")
    );
    assert_eq!(
        (&ready["service"], &ready["region"]),
        (&"fluent-bit".into(), &"eu-west-1".into())
    );
    assert_eq!(ready["containerInstance"], CONTAINER_INSTANCE);
    assert_eq!(host.calls("GetParameter"), 1);

    let calls = host.all_calls();
    thread::sleep(Duration::from_millis(2500)); // two poll intervals, in which nothing may happen
    assert_eq!(host.all_calls(), calls);
    host.set(|state| state.ssm = Ssm::Value(released().to_string()));
    sidecar.term();
    sidecar.leaves(0, "released");
    assert_eq!(host.calls("GetParameter"), 2);
    for foreign in ["Describe", "List", "Update", "Put", "Complete", "Heartbeat"] {
        assert_eq!(host.calls(foreign), 0, "{foreign}");
    }
}

/// What is broken on the host, the settings, and the message about it: why, and a part of the hint.
type Case = (
    fn(&Host),
    &'static [(&'static str, &'static str)],
    &'static str,
    &'static str,
);

#[test]
fn each_failure_of_the_self_check_names_its_fix() {
    let cases: [Case; 5] = [
        (
            |host| host.set(|s| s.ssm = Ssm::Error(400, "AccessDeniedException")),
            &[],
            "denied",
            "ssm:GetParameters and ssm:GetParameter on arn:aws:ssm:eu-west-1:123456789012:parameter/ecs-daemon-protector/prod/*",
        ),
        (
            |host| host.set(|s| s.imds = false),
            &[],
            "unidentified",
            "HttpPutResponseHopLimit",
        ),
        (
            |host| host.set(|s| s.credentials = false),
            &[],
            "no-credentials",
            "taskRoleArn",
        ),
        (
            |host| host.set(|s| s.ssm = Ssm::Nothing),
            &[],
            "failed",
            "VPC endpoint",
        ),
        (
            |_| {},
            &[("PROTECTOR_PROTECTS", "fluentbit")],
            "failed",
            "PROTECTOR_PROTECTS",
        ),
    ];
    for (spoil, settings, why, hint) in cases {
        let host = Host::new();
        spoil(&host);
        let sidecar = Sidecar::start(&host, settings);
        let line = sidecar.event("self-check-failed");
        assert_eq!(line["reason"], why, "{line:#}");
        assert!(line["hint"].as_str().unwrap().contains(hint), "{line:#}");
        assert!(sidecar.events("ready").is_empty());
    }
}

#[test]
fn a_self_check_that_failed_is_tried_again() {
    let host = Host::new();
    host.set(|state| state.imds = false);
    let sidecar = Sidecar::start(&host, &[]);
    sidecar.event("self-check-failed");
    host.set(|state| state.imds = true);
    sidecar.until_waiting();
    // Its line may still be on its way when it waits already.
    sidecar.event("ready");
    assert_eq!(sidecar.events("ready").len(), 1);
}

#[test]
fn without_imds_the_instance_id_must_be_set_and_no_other_source_is_asked() {
    let host = Host::new();
    host.set(|state| state.imds = false);
    let refused = Sidecar::start(&host, &[]);
    let line = refused.event("self-check-failed");
    let hint = line["hint"].as_str().unwrap();
    assert!(
        hint.contains("PROTECTOR_INSTANCE_ID") && hint.contains("host network mode"),
        "{line:#}"
    );
    drop(refused);
    assert_eq!(host.calls("Describe"), 0);

    let reported = Sidecar::ready(&host, &[("PROTECTOR_INSTANCE_ID", INSTANCE)]);
    assert_eq!(reported.event("ready")["instance"], INSTANCE);
}

#[test]
fn the_container_instance_comes_from_the_metadata_file_if_there_is_one() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    let arn = CONTAINER_INSTANCE.rsplit_once('/').unwrap().0.to_owned() + "/from-the-file";
    write!(
        file,
        r#"{{"ContainerInstanceARN":"{arn}","MetadataFileStatus":"READY"}}"#
    )
    .unwrap();
    let host = Host::new();
    let sidecar = Sidecar::ready(
        &host,
        &[("ECS_CONTAINER_METADATA_FILE", file.path().to_str().unwrap())],
    );
    assert_eq!(sidecar.event("ready")["containerInstance"], arn);
    assert_eq!(host.calls("/v1/metadata"), 0);
}

#[test]
fn settings_go_before_what_the_host_tells() {
    let host = Host::new();
    host.set(|state| {
        state.imds = false;
        state.introspection = false;
    });
    let sidecar = Sidecar::ready(
        &host,
        &[
            ("PROTECTOR_INSTANCE_ID", INSTANCE),
            ("PROTECTOR_CLUSTER", "prod"),
            ("AWS_REGION", "eu-north-1"),
        ],
    );
    let ready = sidecar.event("ready");
    assert_eq!(
        (&ready["instance"], &ready["region"]),
        (&INSTANCE.into(), &"eu-north-1".into())
    );
    assert_eq!(host.calls("/latest/"), 0);
}

#[test]
fn no_token_is_ever_said_or_shown() {
    let host = Host::with(Ssm::Value(ended().to_string()));
    let mut sidecar = Sidecar::ready(
        &host,
        &[("PROTECTOR_LOG", "debug"), ("PROTECTOR_UNKNOWN_GRACE", "2s")],
    );
    assert_eq!(sidecar.event("ready")["staleRelease"], true);
    let arguments = sidecar.arguments().join(" ");
    sidecar.term();
    sidecar.held_first();
    host.set(|state| state.ssm = Ssm::Value(holding().to_string()));
    thread::sleep(Duration::from_millis(1500));
    host.set(|state| state.daemon = "STOPPED");
    sidecar.exit();
    let said = sidecar.said().join("\n");
    assert!(
        !said.contains(TOKEN) && !arguments.contains(TOKEN),
        "{arguments}\n{said}"
    );
}
