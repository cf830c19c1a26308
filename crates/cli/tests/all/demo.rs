//! `protectorctl demo`, as far as it goes without the other programs.

use crate::process::Running;
use nix::sys::signal::Signal;
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::Path;

fn without(dir: &Path) -> Running {
    let out = dir.to_str().unwrap();
    Running::start(&[
        "demo", "--only", "without", "--window", "1s", "--json", "--out", out,
    ])
}

#[test]
fn plain_ecs_loses_lines_and_every_line_of_json_is_one_object() {
    let dir = tempfile::tempdir().unwrap();
    let mut demo = without(dir.path());
    let lines = BufReader::new(demo.0.stdout.take().unwrap()).lines();
    let said: Vec<Value> = lines
        .map(|line| serde_json::from_str(&line.unwrap()).unwrap())
        .collect();
    assert_eq!(demo.end().code(), Some(0));
    let (verdict, timeline) = said.split_last().unwrap();
    assert!(
        timeline
            .iter()
            .all(|line| line["event"] == "timeline" && line["run"] == "without"),
        "{said:?}"
    );
    assert_eq!(
        (&verdict["event"], &verdict["ok"]),
        (&"verdict".into(), &true.into())
    );
    let run = &verdict["without"];
    let number = |name: &str| run[name].as_u64().unwrap();
    assert_eq!(number("sent"), number("arrived") + number("lost"), "{run}");
    assert!(
        number("lost") > 0 && run["routerOutlivedSeconds"].as_f64().unwrap() < 0.0,
        "{run}"
    );
    assert!(dir.path().join("without/journal.jsonl").exists());
}

#[test]
fn ctrl_c_ends_it_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let mut demo = without(dir.path());
    let mut first = String::new();
    let mut said = BufReader::new(demo.0.stdout.take().unwrap());
    said.read_line(&mut first).unwrap();
    demo.signal(Signal::SIGINT);
    assert_eq!(demo.end().code(), Some(130), "{first}");
}
