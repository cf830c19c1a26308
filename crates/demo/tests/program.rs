//! `protector-demo` itself: it runs the demo, and it is the applications and the router that the demo starts.

// A test that cannot go on panics.
#![allow(clippy::unwrap_used)]

use serde_json::Value;
use std::process::{Command, Output};

fn run(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_protector-demo"));
    command
        .args(arguments)
        .env_remove("ECS_CONTAINER_METADATA_URI_V4");
    command.output().unwrap()
}

#[test]
fn the_program_alone_shows_that_plain_ecs_loses_lines() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().to_str().unwrap();
    let output = run(&["--only", "without", "--window", "1s", "--json", "--out", out]);
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let verdict: Value = serde_json::from_str(said.lines().last().unwrap()).unwrap();
    assert_eq!(verdict["event"], "verdict", "{verdict}");
    let number = |name: &str| verdict["without"][name].as_u64().unwrap();
    assert!(number("arrived") > 0 && number("lost") > 0, "{verdict}");
}

#[test]
fn a_mistake_ends_it_as_it_ends_protectorctl() {
    for (arguments, expected) in [
        (&["--window", "2m"][..], "expected 1s to 60s"),
        (
            &["--bootstrap", "/nowhere/bootstrap"],
            "cargo build -p protector-coordinator",
        ),
        (&["--keep", "router"], "router"),
    ] {
        let output = run(arguments);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(said.contains(expected), "{arguments:?}: {said}");
    }
}
