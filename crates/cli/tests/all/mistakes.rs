//! The messages about mistakes.

use crate::process::protectorctl;

fn failed(arguments: &[&str], code: i32) -> String {
    let output = protectorctl(arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(code), "{arguments:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn wrong_arguments_are_named() {
    assert!(failed(&["demo", "--window", "soon"], 2).contains("--window <DURATION>"));
    assert!(failed(&["demo", "--window", "2m"], 2).contains("expected 1s to 60s"));
    assert!(failed(&["demo", "--linger", "2m"], 2).contains("expected 0s to 60s"));
    assert!(failed(&["local-aws", "--coordinator-env", "A=b"], 2).contains("--coordinator <PATH>"));
    assert!(failed(&["local-aws", "--tick=-1s"], 2).contains("--tick"));
}

#[test]
fn a_program_that_is_not_built_is_named_with_its_build() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().to_str().unwrap();
    let said = failed(&["demo", "--out", out, "--bootstrap", "/nowhere/bootstrap"], 2);
    assert_eq!(
        said,
        "error: /nowhere/bootstrap is not there; build it: cargo build -p protector-coordinator\n"
    );
}

#[test]
fn a_coordinator_that_is_not_there_is_named() {
    let said = failed(&["local-aws", "--coordinator", "/nowhere/bootstrap"], 2);
    assert!(
        said.starts_with("error: cannot run /nowhere/bootstrap: "),
        "{said}"
    );
}

#[test]
fn a_reader_that_has_had_enough_is_no_error() {
    let dir = tempfile::tempdir().unwrap();
    let mut demo = protectorctl(&["demo", "--only", "without", "--out", dir.path().to_str().unwrap()])
        .spawn()
        .unwrap();
    drop(demo.stdout.take());
    let output = demo.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(141));
    assert!(
        output.stderr.is_empty(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
