//! The processes of the demo: what an application sends, and what the router writes.

use crate::process::{Running, eventually};
use std::fs;
use std::path::{Path, PathBuf};

fn sent_file(dir: &Path) -> Option<PathBuf> {
    let mut entries = fs::read_dir(dir).unwrap().map(Result::unwrap);
    let sent = entries.find(|entry| entry.file_name().to_string_lossy().starts_with("sent-app-"));
    sent.map(|entry| entry.path())
}

fn lines(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

/// The file of what the application has sent, once a line is in it.
fn first_sent(dir: &Path) -> PathBuf {
    eventually("a line is sent", || {
        sent_file(dir).filter(|path| !lines(path).is_empty())
    })
}

fn end(program: &mut Running) {
    program.terminate();
    assert!(program.end().success());
}

/// Asserts that a part of what was sent has arrived: its beginning.
fn assert_cut(arrived: &[String], sent: &[String]) {
    let (some, all) = (arrived.len(), sent.len());
    assert!(some < all && sent.starts_with(arrived), "{some} of {all}");
}

/// A router that keeps up: the application logs a tenth of what it reads.
fn start_router(dir: &Path) -> Running {
    start_slow_router(dir, "1ms")
}

fn start_slow_router(dir: &Path, read_every: &str) -> Running {
    let dir_name = dir.to_str().unwrap();
    let router = Running::start(&["router", "--dir", dir_name, "--read-every", read_every]);
    eventually("the router listens", || {
        dir.join("router.address").exists().then_some(())
    });
    router
}

fn start_app(dir: &Path, with: &[&str]) -> Running {
    let dir = dir.to_str().unwrap();
    let arguments = ["worker", "--dir", dir, "--name", "app", "--every", "10ms"];
    Running::start(&[&arguments, with].concat())
}

#[test]
fn a_router_that_outlives_the_application_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut router = start_router(dir.path());
    let mut app = start_app(dir.path(), &["--window", "300ms"]);
    let sent = first_sent(dir.path());
    end(&mut app);
    end(&mut router);
    let sent = lines(&sent);
    let finishes = sent.iter().any(|line| line.contains("finishing request"));
    assert!(finishes, "{sent:?}");
    assert!(sent.last().unwrap().ends_with("goodbye"), "{sent:?}");
    assert_eq!(lines(&dir.path().join("router.log")), sent);
    assert!(!dir.path().join("router.address").exists());
}

#[test]
fn lines_wait_for_a_router_that_comes_later() {
    let dir = tempfile::tempdir().unwrap();
    let mut app = start_app(dir.path(), &["--window", "1s", "--run", "20s"]);
    let sent = first_sent(dir.path());
    let mut router = start_router(dir.path());
    end(&mut app);
    end(&mut router);
    assert_eq!(lines(&dir.path().join("router.log")), lines(&sent));
}

#[test]
fn an_application_that_outlives_its_router_loses_its_last_lines() {
    let dir = tempfile::tempdir().unwrap();
    let mut router = start_router(dir.path());
    let mut app = start_app(dir.path(), &["--window", "300ms"]);
    let sent = first_sent(dir.path());
    end(&mut router);
    end(&mut app);
    let (sent, arrived) = (lines(&sent), lines(&dir.path().join("router.log")));
    assert!(sent.last().unwrap().ends_with("goodbye"), "{sent:?}");
    assert_cut(&arrived, &sent);
}

/// An application that has ended with a burst of 100 lines, for which the router needs 100 times `read_every`.
fn report_to(dir: &Path, read_every: &str) -> (Running, Vec<String>) {
    let router = start_slow_router(dir, read_every);
    let mut app = start_app(dir, &["--window", "300ms", "--run", "200ms", "--report", "100"]);
    assert!(app.end().success());
    (router, lines(&sent_file(dir).unwrap()))
}

#[test]
fn what_a_slow_router_has_not_read_is_lost_at_its_sigterm() {
    let dir = tempfile::tempdir().unwrap();
    // 10 s for the burst, and half a second after SIGTERM.
    let (mut router, sent) = report_to(dir.path(), "100ms");
    end(&mut router);
    let arrived = lines(&dir.path().join("router.log"));
    assert!(arrived.len() < 50 && sent.len() > 100, "{arrived:?}");
    assert_cut(&arrived, &sent);
}

#[test]
fn a_slow_router_that_is_left_alone_reads_everything() {
    let dir = tempfile::tempdir().unwrap();
    let (_router, sent) = report_to(dir.path(), "10ms");
    let arrived = dir.path().join("router.log");
    eventually("all is read", || {
        (lines(&arrived).len() == sent.len()).then_some(())
    });
    assert_eq!(lines(&arrived), sent);
}

#[test]
fn an_application_with_an_end_needs_no_signal() {
    let dir = tempfile::tempdir().unwrap();
    let mut app = start_app(dir.path(), &["--window", "300ms", "--run", "200ms"]);
    assert!(app.end().success());
    let sent = lines(&sent_file(dir.path()).unwrap());
    assert!(sent.last().unwrap().ends_with("goodbye"), "{sent:?}");
}
