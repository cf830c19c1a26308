//! An exit before SIGTERM: in a task it waits for the agent, elsewhere it does not. When it comes is decided in the
//! core, and tested there; here SIGTERM ends the wait after its first line.

use serde_json::Value;

use super::support::{Host, Sidecar, run};

/// The first line of a sidecar that cannot work, what it says at SIGTERM, and how it ends.
fn delayed(mut sidecar: Sidecar) -> (Value, i32, Value) {
    let line = sidecar.event("exit-delayed");
    let exit_in = line["exitInSeconds"].as_f64().unwrap();
    assert!((1.0..=61.0).contains(&exit_in), "{line:#}");
    sidecar.stays(0);
    sidecar.term();
    let (code, last) = sidecar.exit();
    assert_eq!((&last["reason"], &last["code"]), (&line["reason"], &line["code"]));
    assert_eq!(line["code"], code);
    (line, code, last)
}

#[test]
fn wrong_settings_in_a_task_end_it_when_the_agent_would_restart_it_or_at_sigterm() {
    let host = Host::new();
    let wrong = [
        ("PROTECTOR_MAX_HOLD", "soon"),
        ("PROTECTOR_ALLOW_ECS_LOOKUP", "true"),
    ];
    let (line, code, last) = delayed(Sidecar::start(&host, &wrong));
    assert_eq!(code, 64);
    assert_eq!([&line["reason"], &line["level"]], ["settings", "error"]);
    let problems = line["errors"].as_array().unwrap();
    assert_eq!((problems.len(), &line["errors"]), (2, &last["errors"]));
    let removed = problems[1].as_str().unwrap();
    assert!(removed.contains("PROTECTOR_INSTANCE_ID"), "{removed}");
    assert_eq!(host.all_calls(), 0);
}

#[test]
fn wrong_arguments_in_a_task_end_it_in_the_same_way() {
    let (line, code, _) = delayed(Sidecar::start_with(&Host::new(), &["--verbose"], &[]));
    assert_eq!((code, line["reason"].as_str()), (64, Some("arguments")));
    assert!(line["error"].as_str().unwrap().contains("--verbose"), "{line:#}");
}

/// Without descriptors there is no runtime, which the code does not expect: a bug.
#[test]
fn a_bug_in_a_task_ends_it_in_the_same_way() {
    let (line, code, _) = delayed(Sidecar::start_with_descriptors(&Host::new(), 4));
    assert_eq!((code, line["reason"].as_str()), (70, Some("bug")));
}

#[test]
fn a_health_check_that_is_mistyped_ends_at_once() {
    let task = [("ECS_CONTAINER_METADATA_URI_V4", "http://127.0.0.1:9/v4/x")];
    let output = run(&["check", "now"], &task);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(64), 0));
}

#[test]
fn outside_a_task_it_ends_at_once() {
    for (arguments, settings) in [
        (&[][..], &[("PROTECTOR_MAX_HOLD", "soon")][..]),
        (&["--verbose"], &[]),
    ] {
        let output = run(arguments, settings);
        assert_eq!(output.status.code(), Some(64));
        let line: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(line["event"], "exit", "one line: {line}");
    }
}
