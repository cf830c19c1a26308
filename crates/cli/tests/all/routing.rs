//! The processes of the demo: what an application sends, and what the router makes of it.

use crate::process::{Running, eventually};
use std::fs;
use std::path::{Path, PathBuf};

fn sent_file(dir: &Path) -> Option<PathBuf> {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    entries.into_iter().find(|path| {
        path.file_name()
            .unwrap()
            .to_string_lossy()
            .starts_with("sent-app-")
    })
}

fn lines(path: &Path) -> Vec<String> {
    fs::read_to_string(path)
        .unwrap_or_default()
        .lines()
        .map(str::to_owned)
        .collect()
}

fn start_router(dir: &Path) -> Running {
    let router = Running::start(&["router", "--dir", dir.to_str().unwrap()]);
    eventually("the router listens", || {
        dir.join("router.address").exists().then_some(())
    });
    router
}

fn start_app(dir: &Path, with: &[&str]) -> Running {
    let arguments = [
        "worker",
        "--dir",
        dir.to_str().unwrap(),
        "--name",
        "app",
        "--every",
        "10ms",
    ];
    Running::start(&[&arguments, with].concat())
}

#[test]
fn a_router_that_outlives_the_application_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut router = start_router(dir.path());
    let mut app = start_app(dir.path(), &["--window", "300ms"]);
    let sent = eventually("a line is sent", || {
        sent_file(dir.path()).filter(|path| !lines(path).is_empty())
    });
    app.terminate();
    assert!(app.end().success());
    router.terminate();
    assert!(router.end().success());
    let sent = lines(&sent);
    assert!(
        sent.iter().any(|line| line.contains("finishing request")),
        "{sent:?}"
    );
    assert!(sent.last().unwrap().ends_with("goodbye"), "{sent:?}");
    assert_eq!(lines(&dir.path().join("router.log")), sent);
    assert!(!dir.path().join("router.address").exists());
}

#[test]
fn lines_wait_for_a_router_that_comes_later() {
    let dir = tempfile::tempdir().unwrap();
    let mut app = start_app(dir.path(), &["--window", "1s", "--run", "20s"]);
    let sent = eventually("a line is sent", || {
        sent_file(dir.path()).filter(|path| !lines(path).is_empty())
    });
    let mut router = start_router(dir.path());
    app.terminate();
    assert!(app.end().success());
    router.terminate();
    assert!(router.end().success());
    assert_eq!(lines(&dir.path().join("router.log")), lines(&sent));
}

#[test]
fn an_application_that_outlives_its_router_loses_its_last_lines() {
    let dir = tempfile::tempdir().unwrap();
    let mut router = start_router(dir.path());
    let mut app = start_app(dir.path(), &["--window", "300ms"]);
    let sent = eventually("a line is sent", || {
        sent_file(dir.path()).filter(|path| !lines(path).is_empty())
    });
    router.terminate();
    assert!(router.end().success());
    app.terminate();
    assert!(app.end().success());
    let (sent, arrived) = (lines(&sent), lines(&dir.path().join("router.log")));
    assert!(sent.last().unwrap().ends_with("goodbye"), "{sent:?}");
    assert!(
        arrived.len() < sent.len() && sent.starts_with(&arrived),
        "{} of {}",
        arrived.len(),
        sent.len()
    );
}

#[test]
fn an_application_with_an_end_needs_no_signal() {
    let dir = tempfile::tempdir().unwrap();
    let mut app = start_app(dir.path(), &["--window", "300ms", "--run", "200ms"]);
    assert!(app.end().success());
    assert!(
        lines(&sent_file(dir.path()).unwrap())
            .last()
            .unwrap()
            .ends_with("goodbye")
    );
}
