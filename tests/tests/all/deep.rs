//! `protectorctl status --deep`, what is usual, and the options that a shown command repeats: against the real coordinator.

use crate::setup::Stuck;
use protector_aws_model::faults::CallFilter;
use protector_aws_model::{Faults, Service};
use protector_tests::{CLUSTER, Lab, LabConfig, PERSON, assert_has, ctl, tool};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The causes of the tasks that hold a drain.
fn causes(drain: &Value) -> Vec<&str> {
    let holds = drain["holds"].as_array().unwrap().iter();
    holds.map(|hold| hold["cause"].as_str().unwrap()).collect()
}

#[test]
fn a_deep_status_of_the_stuck_setup_has_the_cause_and_the_bound_of_each_drain() {
    let stuck = Stuck::start(&[]);
    let tool = |arguments: &[&str]| tool(stuck.endpoint(), "us-east-1", arguments);
    let deep = tool(&["status", "--deep", "--json"]).json();
    assert_eq!(deep["partial"], json!([]), "{deep}");
    let drains = deep["drains"].as_array().unwrap().iter();
    let drains: BTreeMap<&str, &Value> = drains
        .map(|drain| (drain["instance"].as_str().unwrap(), drain))
        .collect();
    let plain = tool(&["status", "--json"]).json();
    for one in stuck.cases() {
        let (case, instance) = (one["case"].as_str().unwrap(), one["instance"].as_str().unwrap());
        let (cause, ends) = match case {
            "no-room" => ("no-room", "unknown"),
            "deployment-configuration" => ("deployment-config", "unknown"),
            "standalone" => ("standalone", "unknown"),
            "agent-lost" => ("agent-lost", "estimate"),
            // Protection may be renewed, or end after the deadline, which ends the hold then.
            "protected" => ("protected", ""),
            "deregistering" => ("deregistering", ""),
            // These change while the setup is looked at, or are in a cluster that is not.
            _ => continue,
        };
        let drain = drains[instance];
        assert!(causes(drain).contains(&cause), "{case}: {drain}");
        let kind = drain["ends"]["kind"].as_str().unwrap();
        assert!(ends.is_empty() || kind == ends, "{case}: {drain}");
        // What explain says of it, a moment later.
        let explained = tool(&["explain", instance, "--json"]).json();
        let explanation = &explained["explanation"];
        assert_eq!(explanation["cause"], drain["cause"], "{case}: {explanation}");
        if kind != "unknown" {
            assert_eq!(explanation["ends"]["kind"], kind, "{case}: {explanation}");
            // A list names the group once.
            let [whole, because] = [explanation, drain].map(|one| one["endsBecause"].as_str());
            let same = whole
                .zip(because)
                .is_some_and(|(whole, because)| whole.ends_with(because));
            assert!(same || whole == because, "{case}: {whole:?} {because:?}");
        }
    }
    // Without a look at the tasks, causes are not known; with an instance named, they are.
    for drain in plain["drains"].as_array().unwrap() {
        assert_has(drain, json!({"holds": null, "cause": null}));
    }
    let named = tool(&["status", stuck.of("standalone"), "--json"]).json();
    assert_eq!(named["drains"].as_array().unwrap().len(), 1);
    assert_eq!(causes(&named["drains"][0]), ["standalone"]);
    // The text says the same.
    let causes = [
        "billing blocked",
        "nightly-etl standalone",
        "game protected",
        "search without room",
    ];
    tool(&["status", "--deep"]).shows(&causes);
    stuck.stopped();
}

/// Two instances that drain, each held by a task of the same family.
async fn two() -> Lab {
    let lab = Lab::with_logs(LabConfig::of(2).set("CLUSTERS", CLUSTER)).await;
    lab.standalone("job", 600).await;
    for instance in &lab.instances {
        let arn = lab.container_instance(instance);
        let params = json!({"cluster": CLUSTER, "taskDefinition": "job", "containerInstances": [arn]});
        lab.ecs("StartTask", params);
    }
    for instance in &lab.instances {
        lab.scale_in(instance);
        lab.hook_waits(instance).await;
    }
    let all = || lab.instances.iter().all(|instance| holds_the_job(&lab, instance));
    lab.tick_until("the jobs are counted", all).await;
    lab.heartbeats().await;
    lab
}

/// The record of this instance has counted the job.
fn holds_the_job(lab: &Lab, instance: &str) -> bool {
    let record = lab.record(instance);
    record.is_some_and(|record| record["heldBy"][0]["group"] == "family:job")
}

/// The calls that the person has made since `from` of them, by name.
fn calls(lab: &Lab, from: usize) -> BTreeMap<String, usize> {
    let mut calls = BTreeMap::new();
    for call in lab.journal().calls_by(PERSON).split_off(from) {
        *calls.entry(call).or_default() += 1;
    }
    calls
}

#[tokio::test]
async fn what_drains_share_is_read_once() {
    let lab = two().await;
    let count = || lab.journal().calls_by(PERSON).len();
    let said = ctl(&lab, &["status", "--deep", "--json"]).await.ended(0);
    let drains = said.json()["drains"].as_array().unwrap().clone();
    assert_eq!(drains.len(), 2);
    for drain in &drains {
        assert_eq!(causes(drain), ["standalone"], "{drain}");
        assert_has(drain, json!({"ends": {"kind": "unknown"}}));
    }
    let made = calls(&lab, 0);
    let total: usize = made.values().sum();
    // Of each: the tasks in both desired statuses, and their description. Once: service, definitions, hooks, receipts.
    let expected = [
        ("ListTasks", 4),
        ("DescribeTasks", 2),
        ("DescribeServices", 1),
        ("DescribeTaskDefinition", 2),
        ("DescribeLifecycleHooks", 1),
    ];
    for (call, times) in expected {
        assert_eq!(made.get(call), Some(&times), "{call}: {made:?}");
    }
    assert!(made.get("FilterLogEvents") <= Some(&4), "{made:?}");
    assert!(total <= 4 + 2 * 8, "{total}: {made:?}");
    let from = count();
    let _ = ctl(&lab, &["status"]).await.ended(0);
    let plain: usize = calls(&lab, from).values().sum();
    assert_eq!(plain, 4, "a look without tasks costs what it did");
}

#[tokio::test]
async fn a_task_that_may_not_be_read_has_no_bound_and_is_a_gap() {
    let lab = two().await;
    lab.deny(CallFilter::operation(Service::Ecs, "DescribeTasks").by(PERSON));
    let said = ctl(&lab, &["status", "--deep", "--json"]).await.ended(2);
    let answer = said.json();
    assert_eq!(answer["partial"][0]["call"], "ecs:DescribeTasks", "{answer}");
    for drain in answer["drains"].as_array().unwrap() {
        assert_has(drain, json!({"ends": {"kind": "unknown"}, "cause": "not-known"}));
    }
    lab.aws.faults(Faults::clear);
    // What was found before the time ran out is shown.
    let late = ["status", "--deep", "--timeout", "1ms", "--json"];
    let _ = ctl(&lab, &late).await.ended(3);
}

#[tokio::test]
async fn what_is_usual_stands_beside_the_bound() {
    let lab = Lab::start(LabConfig::of(4).set("CLUSTERS", CLUSTER)).await;
    let (instance, others) = lab.instances.split_last().unwrap();
    for other in others {
        lab.set_status(other, "DRAINING");
    }
    let has_receipt = |instance: &String| {
        let receipts = lab.said("receipt");
        receipts
            .iter()
            .any(|receipt| receipt["instance"] == instance.as_str())
    };
    lab.tick_until("three drains are over", || others.iter().all(has_receipt))
        .await;
    // The one instance that takes tasks is left.
    lab.standalone("job", 600).await;
    lab.set_status(instance, "DRAINING");
    // The beacon names the log, and a tick writes it.
    let has_beacon = || lab.text("/ecs-daemon-protector/coordinator").is_some();
    let is_counted = || holds_the_job(&lab, instance) && has_beacon();
    lab.tick_until("the job is counted", is_counted).await;
    let said = ctl(&lab, &["explain", instance, "--json"]).await.ended(0);
    let usual = said.json()["explanation"]["usual"].clone();
    assert_has(&usual, json!({"receipts": 3, "of": "cluster"}));
    let held = usual["heldSeconds"].as_i64().unwrap();
    assert!((0..60).contains(&held), "{usual}");
    let text = ctl(&lab, &["explain", instance]).await;
    text.shows(&["is usual for this cluster (median of 3)"]);
    let listed = ctl(&lab, &["status", "--deep", "--json"]).await.json();
    assert_eq!(listed["drains"][0]["usual"]["receipts"], 3, "{listed}");
    assert_eq!(listed["drains"][0]["ends"]["kind"], "unknown", "it is no bound");

    lab.deny(CallFilter::operation(Service::Logs, "FilterLogEvents").by(PERSON));
    // Nothing that matters is less known.
    let denied = ctl(&lab, &["explain", instance]).await.ended(0);
    denied.shows(&["not known: needs logs:FilterLogEvents"]);
}

#[tokio::test]
async fn a_shown_command_has_the_options_that_were_given() {
    let lab = two().await;
    let instance = lab.instance();
    let is_command = |line: &&str| line.starts_with("aws ") || line.starts_with("protectorctl ");
    let commands = |text: &str| {
        let lines = text.lines().map(str::trim).filter(is_command);
        lines.map(str::to_owned).collect::<Vec<String>>()
    };
    let plain = commands(&ctl(&lab, &["explain", instance]).await.out);
    assert!(plain.len() >= 2, "{plain:?}");
    assert!(plain.iter().all(|line| !line.contains("--region")), "{plain:?}");
    let given = ["explain", instance, "--region", "eu-west-1", "--cluster", CLUSTER];
    let given = commands(&ctl(&lab, &given).await.out);
    for (plain, given) in plain.iter().zip(&given) {
        let ours = plain.starts_with("protectorctl ");
        let cluster = if ours { " --cluster prod" } else { "" };
        assert_eq!(*given, format!("{plain} --region eu-west-1{cluster}"));
    }
    let release = [
        "release",
        instance,
        "--why",
        "7",
        "--yes",
        "--region",
        "eu-west-1",
    ];
    let follow = format!("protectorctl status {instance} --wait --region eu-west-1");
    ctl(&lab, &release).await.shows(&[&follow]);
}
