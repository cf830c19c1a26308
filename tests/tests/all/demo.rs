//! `protectorctl demo` with the real coordinator and sidecar: what is lost with the protector, by `LINGER`.

use protector_tests::protectorctl;
use serde_json::Value;
use std::process::{Child, Command, Output, Stdio};
use tempfile::TempDir;

fn start(linger: &str) -> (Child, TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let mut command = Command::new(protectorctl());
    command
        .args(["demo", "--only", "with", "--window", "1s", "--json"])
        .args(["--linger", linger, "--out"])
        .arg(dir.path())
        .env_remove("ECS_CONTAINER_METADATA_URI_V4")
        .stdout(Stdio::piped());
    (command.spawn().unwrap(), dir)
}

/// The run with the protector, of a demo that has shown what it should.
fn run(output: &Output) -> Value {
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{said}");
    let verdict: Value = serde_json::from_str(said.lines().last().unwrap()).unwrap();
    verdict["with"].clone()
}

/// The router of the demo still has 4 s of lines to read when the last task is STOPPED.
#[test]
fn the_demo_loses_nothing_by_default_and_lines_without_linger() {
    let demos = [start("0s"), start("5s")];
    let ended = demos.map(|(demo, dir)| (demo.wait_with_output().unwrap(), dir));
    let [without, default] = ended.map(|(output, _)| run(&output));
    assert_eq!(default["lost"], 0, "{default}");
    let outlived = default["routerOutlivedSeconds"].as_f64().unwrap();
    assert!(outlived >= 5.0, "{default}");
    let lost = without["lostByTask"].as_object().unwrap();
    assert_eq!(lost.keys().collect::<Vec<_>>(), ["job"], "{without}");
}
