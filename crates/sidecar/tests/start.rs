//! The self-check and the wait.

use super::support::{
    CONTAINER_INSTANCE, Host, INSTANCE, Sidecar, Ssm, State, TOKEN, ended, holding, released,
};
use serde_json::json;
use std::io::Write;
use std::thread;
use std::time::Duration;

#[test]
fn p6_one_read_at_start_and_then_nothing_until_sigterm() {
    let host = Host::new();
    let mut sidecar = Sidecar::ready(&host, &[]);
    let ready = sidecar.event("ready");
    for (field, expected) in [
        ("instance", INSTANCE),
        ("parameter", &format!("/ecs-daemon-protector/prod/{INSTANCE}")),
        ("service", "fluent-bit"),
        ("region", "eu-west-1"),
        ("containerInstance", CONTAINER_INSTANCE),
    ] {
        assert_eq!(ready[field], expected, "{field}");
    }
    assert_eq!(host.calls("GetParameter"), 1);

    let calls = host.all_calls();
    thread::sleep(Duration::from_millis(2500)); // two poll intervals, in which nothing may happen
    assert_eq!(host.all_calls(), calls);
    host.set(|state| state.ssm = released().into());
    sidecar.term();
    sidecar.leaves(0, "released");
    assert_eq!(host.calls("GetParameter"), 2);
    for foreign in ["Describe", "List", "Update", "Put", "Complete", "Heartbeat"] {
        assert_eq!(host.calls(foreign), 0, "{foreign}");
    }
}

/// What is broken on the host, and the message about it: why, and a part of the hint.
type Case = (fn(&mut State), &'static str, &'static str);

#[test]
fn each_failure_of_the_self_check_names_its_fix() {
    let permission = "ssm:GetParameters and ssm:GetParameter on \
                      arn:aws:ssm:eu-west-1:123456789012:parameter/ecs-daemon-protector/prod/*";
    let denied: fn(&mut State) = |state| state.ssm = Ssm::Error(400, "AccessDeniedException");
    let cases: [Case; 4] = [
        (denied, "denied", permission),
        (
            |state| state.imds = false,
            "unidentified",
            "HttpPutResponseHopLimit",
        ),
        (|state| state.credentials = false, "no-credentials", "taskRoleArn"),
        (|state| state.ssm = Ssm::Nothing, "failed", "VPC endpoint"),
    ];
    for (spoil, why, hint) in cases {
        fails(&Host::changed(spoil), &[], why, hint);
    }
    let mistyped = [("PROTECTOR_PROTECTS", "fluentbit")];
    fails(&Host::new(), &mistyped, "failed", "PROTECTOR_PROTECTS");
}

fn fails(host: &Host, settings: &[(&str, &str)], why: &str, hint: &str) {
    let sidecar = Sidecar::start(host, settings);
    let line = sidecar.event("self-check-failed");
    assert_eq!(line["reason"], why, "{line:#}");
    assert!(line["hint"].as_str().unwrap().contains(hint), "{line:#}");
    assert!(sidecar.events("ready").is_empty());
}

#[test]
fn a_self_check_that_failed_is_tried_again() {
    let host = Host::changed(|state| state.imds = false);
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
    let host = Host::changed(|state| state.imds = false);
    let refused = Sidecar::start(&host, &[]);
    let line = refused.event("self-check-failed");
    let hint = line["hint"].as_str().unwrap();
    assert!(hint.contains("PROTECTOR_INSTANCE_ID"), "{hint}");
    assert!(hint.contains("host network mode"), "{hint}");
    drop(refused);
    assert_eq!(host.calls("Describe"), 0);

    let reported = Sidecar::ready(&host, &[("PROTECTOR_INSTANCE_ID", INSTANCE)]);
    assert_eq!(reported.event("ready")["instance"], INSTANCE);
}

#[test]
fn the_container_instance_comes_from_the_metadata_file_if_there_is_one() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    let arn = CONTAINER_INSTANCE.rsplit_once('/').unwrap().0.to_owned() + "/from-the-file";
    let text = json!({"ContainerInstanceARN": arn, "MetadataFileStatus": "READY"});
    write!(file, "{text}").unwrap();
    let host = Host::new();
    let path = file.path().to_str().unwrap();
    let sidecar = Sidecar::ready(&host, &[("ECS_CONTAINER_METADATA_FILE", path)]);
    assert_eq!(sidecar.event("ready")["containerInstance"], arn);
    assert_eq!(host.calls("/v1/metadata"), 0);
}

#[test]
fn settings_go_before_what_the_host_tells() {
    let host = Host::changed(|state| {
        state.imds = false;
        state.introspection = false;
    });
    let settings = [
        ("PROTECTOR_INSTANCE_ID", INSTANCE),
        ("PROTECTOR_CLUSTER", "prod"),
        ("AWS_REGION", "eu-north-1"),
    ];
    let sidecar = Sidecar::ready(&host, &settings);
    let ready = sidecar.event("ready");
    assert_eq!([&ready["instance"], &ready["region"]], [INSTANCE, "eu-north-1"]);
    assert_eq!(host.calls("/latest/"), 0);
}

#[test]
fn no_token_is_ever_said_or_shown() {
    let host = Host::with(ended());
    let settings = [("PROTECTOR_LOG", "debug"), ("PROTECTOR_UNKNOWN_GRACE", "2s")];
    let mut sidecar = Sidecar::ready(&host, &settings);
    assert_eq!(sidecar.event("ready")["staleRelease"], true);
    let arguments = sidecar.arguments().join(" ");
    sidecar.term();
    sidecar.held_first();
    host.set(|state| state.ssm = holding().into());
    thread::sleep(Duration::from_millis(1500));
    host.set(|state| state.daemon = "STOPPED");
    sidecar.exit();
    for said in [sidecar.said().join("\n"), arguments] {
        assert!(!said.contains(TOKEN), "{said}");
    }
}
