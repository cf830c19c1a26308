//! `protectorctl simulate`.

use crate::process::{Running, protectorctl};
use nix::sys::signal::Signal;
use serde_json::Value;
use std::io::Read;
use std::process::Output;

fn simulate(arguments: &[&str]) -> Output {
    let mut command = protectorctl(&["simulate"]);
    command.args(arguments).env_remove("COLUMNS");
    command.output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// The message about a mistake: exit code 2, and nothing on standard output.
fn mistake(arguments: &[&str]) -> String {
    let output = simulate(arguments);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    assert!(output.stdout.is_empty(), "{arguments:?}");
    text(&output.stderr)
}

#[test]
fn the_help_teaches_by_examples_and_has_the_exit_codes() {
    let output = simulate(&["--help"]);
    assert_eq!(output.status.code(), Some(0));
    let said = text(&output.stdout);
    for part in [
        "--instances 400",
        "--html fleet.html",
        "Exit codes:",
        "130",
        "--faults list",
    ] {
        assert!(said.contains(part), "{part} in\n{said}");
    }
}

#[test]
fn a_small_fleet_keeps_its_promises_in_eighty_columns() {
    let output = simulate(&["--instances", "1,2"]);
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{said}");
    for part in [
        "1 inst",
        "2 inst",
        "last STOPPED to released, p99 (s)",
        "OK: no promise was broken",
    ] {
        assert!(said.contains(part), "{part} in\n{said}");
    }
    assert!(said.lines().all(|line| line.chars().count() <= 80), "{said}");
    assert!(!said.contains('\x1b'), "{said}");
}

#[test]
fn the_same_seed_gives_the_same_answer() {
    let once = || text(&simulate(&["--instances", "3", "--seeds", "2", "--json"]).stdout);
    assert_eq!(once(), once());
}

#[test]
fn the_json_has_a_row_for_each_size_and_seed() {
    let output = simulate(&["--instances", "1,2", "--seeds", "2", "--rivals", "--json"]);
    let object: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&object["schema"], &object["kind"]),
        (&1.into(), &"simulation".into())
    );
    let rows = object["rows"].as_array().unwrap();
    let key = |row: &Value| (row["instances"].as_u64(), row["seed"].as_u64());
    let keys: Vec<_> = rows.iter().map(key).collect();
    let expected = [(1, 1), (1, 2), (2, 1), (2, 2)].map(|(size, seed)| (Some(size), Some(seed)));
    assert_eq!(keys, expected);
    for row in rows {
        assert_eq!(row["contender"], "protector");
        assert!(row["stoppedToReleasedSeconds"]["p99"].is_number(), "{row}");
        assert!(row["violations"].is_array(), "{row}");
    }
    assert_eq!(object["rivals"].as_array().unwrap().len(), 20);
}

#[test]
fn quotas_that_are_too_small_break_promises_and_the_judge_says_which() {
    let output = simulate(&["--instances", "100", "--quota", "1"]);
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stdout);
    assert!(
        said.contains("BROKEN: ") && said.contains("100 instances, seed 1: "),
        "{said}"
    );
}

#[test]
fn a_page_needs_no_other_file() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("page.html");
    let output = simulate(&["--instances", "1,3", "--rivals", "--html", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let page = std::fs::read_to_string(file).unwrap();
    assert!(page.starts_with("<!DOCTYPE html>") && page.ends_with("</html>\n"));
    for load in [
        "http://", "https://", "<script", "<link", "src=", "@import", "url(",
    ] {
        assert!(!page.contains(load), "{load}");
    }
    for tag in [
        "html", "head", "style", "body", "main", "table", "thead", "tbody", "figure", "svg", "div", "dl", "p",
    ] {
        let opened = page.matches(&format!("<{tag}>")).count() + page.matches(&format!("<{tag} ")).count();
        assert_eq!(opened, page.matches(&format!("</{tag}>")).count(), "{tag}");
    }
    let pictures = page.matches("<svg ").count();
    assert_eq!(page.matches("<desc>").count(), pictures);
    assert!(pictures > 5, "{pictures}");
}

#[test]
fn mistakes_name_what_is_right() {
    for (arguments, part) in [
        (&["--instances", "0"][..], "expected a number from 1 to 100000"),
        (&["--stop", "30s..10s"], "10s..30s"),
        (&["--heartbeat", "5h"], "expected 30s to 2h"),
        (&["--random", "9-1"], "0-999"),
        (&["--faults", "no-such"], "--faults list"),
        (
            &["--instances", "1,2", "--transcript"],
            "give one size and one seed",
        ),
        (
            &["--html", "/nowhere/page.html", "--instances", "1"],
            "/nowhere/page.html",
        ),
        (&["--wild"], "--random"),
    ] {
        let said = mistake(arguments);
        assert!(said.contains(part), "{part} in\n{said}");
    }
}

#[test]
fn a_wrong_setting_is_named_with_its_line() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("prod.env");
    let with = |settings: &str| {
        std::fs::write(&file, settings).unwrap();
        mistake(&["--instances", "1", "--settings", file.to_str().unwrap()])
    };
    assert!(with("# prod\nPROTECTOR_MAX_DRAIN 45m\n").contains("prod.env:2: "));
    assert!(
        with("[sidecar]\nMAX_DRAIN=1h\n").contains("the sidecar has no such setting; there are MAX_HOLD")
    );
    assert!(with("PROTECTOR_MAX_DRIAN=45m\n").contains("no such setting"));
}

#[test]
fn settings_are_those_of_the_run() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("prod.env");
    std::fs::write(
        &file,
        "PROTECTOR_CLUSTERS=blue\nSETTLE=5s\nLOG=debug\n[sidecar]\nMAX_HOLD=90m\n",
    )
    .unwrap();
    let output = simulate(&["--instances", "1", "--json", "--settings", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("LOG makes no difference"));
    let object: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(object["fleet"]["settings"]["SETTLE"], "5s");
    assert_eq!(object["fleet"]["sidecarSettings"]["MAX_HOLD"], "90m");
}

#[test]
fn faults_are_listed_and_played() {
    let said = text(&simulate(&["--faults", "list"]).stdout);
    assert!(said.contains("two-registrations"), "{said}");
    let output = simulate(&["--faults", "two-registrations", "--json"]);
    assert_eq!(output.status.code(), Some(0));
    let object: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(object["faults"][0]["asExpected"], true);
}

#[test]
fn a_random_world_can_be_saved_changed_and_replayed() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("17.json");
    let path = file.to_str().unwrap();
    let first = text(&simulate(&["--random", "17", "--transcript", "--save", path]).stdout);
    let again = text(&simulate(&["--scenario", path, "--transcript"]).stdout);
    let lines = |said: &str| said.lines().filter(|line| line.contains(" s  ")).count();
    assert!(lines(&first) > 10, "{first}");
    assert_eq!(lines(&first), lines(&again));
    std::fs::write(&file, "{").unwrap();
    assert!(mistake(&["--scenario", path]).contains("--save FILE"));
}

#[test]
fn random_worlds_are_counted() {
    let output = simulate(&["--random", "0-9", "--json"]);
    let object: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&object["kind"], &object["runs"]), (&"random".into(), &10.into()));
}

#[test]
fn ctrl_c_shows_what_is_finished() {
    let mut run = Running::start(&["simulate", "--instances", "1", "--seeds", "10000", "--json"]);
    std::thread::sleep(std::time::Duration::from_millis(700));
    run.signal(Signal::SIGINT);
    let mut said = String::new();
    run.0.stdout.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(run.end().code(), Some(130));
    let object: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(object["interrupted"], true);
}
