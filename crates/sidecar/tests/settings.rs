//! Settings and arguments.

use super::support::{Host, Sidecar, run};
use serde_json::Value;

#[test]
fn all_wrong_settings_are_reported_at_once_to_people_and_to_machines() {
    let wrong = [
        ("PROTECTOR_MAX_HOLD", "soon"),
        ("PROTECTOR_INSTANCE_ID", "web-1"),
        ("PROTECTOR_UNKNOWN_GRACE", "500ms"),
        ("PROTECTOR_PROTECT", "fluent-bit"),
    ];
    let output = run(&[], &wrong);
    assert_eq!(output.status.code(), Some(64));
    let people = String::from_utf8(output.stderr).unwrap();
    let machines: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(machines["event"], "exit");
    assert_eq!(machines["code"], 64);
    assert_eq!(machines["errors"].as_array().unwrap().len(), wrong.len());
    for (name, value) in wrong {
        assert!(people.contains(&format!("{name}={value:?}")), "{people}");
    }
}

#[test]
fn wrong_arguments_come_back_with_a_hint() {
    for arguments in ["chekc", "check x", "wait", "wait here", "--verbose"] {
        let output = run(&arguments.split(' ').collect::<Vec<_>>(), &[]);
        assert_eq!(output.status.code(), Some(64), "{arguments:?}");
        assert!(!output.stderr.is_empty());
    }
}

#[test]
fn help_and_version() {
    let help = String::from_utf8(run(&["--help"], &[]).stdout).unwrap();
    assert!(help.contains("PROTECTOR_MAX_HOLD") && help.contains("Exit codes"));
    let version = run(&["--version"], &[]);
    assert_eq!(version.status.code(), Some(0));
    assert!(version.stdout.starts_with(b"ecs-daemon-protector "));
}

#[test]
fn disabled_makes_no_call_and_holds_nothing() {
    let host = Host::new();
    let mut sidecar = Sidecar::ready(&host, &[("PROTECTOR_DISABLED", "true")]);
    assert_eq!(sidecar.check().0, Some(0));
    sidecar.term();
    sidecar.leaves(0, "disabled");
    assert_eq!(host.all_calls(), 0);
}
