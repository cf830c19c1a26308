//! `protectorctl status --deep`, what is usual, and the options that a shown command repeats: against the real coordinator.

use crate::scene::{Running, event};
use protector_aws_model::faults::{CallFilter, Limit};
use protector_aws_model::{Faults, Service};
use protector_tests::{CLUSTER, Daemon, Lab, LabConfig, PERSON, ctl, protectorctl};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::process::{Command, Output};

/// Calls the tool in an account of another process.
fn tool(endpoint: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new(protectorctl());
    command
        .args(arguments)
        .env_clear()
        .env("HOME", "/nonexistent")
        .env("AWS_ENDPOINT_URL", endpoint)
        .env("AWS_REGION", "us-east-1")
        .env("AWS_ACCESS_KEY_ID", PERSON)
        .env("AWS_SECRET_ACCESS_KEY", PERSON)
        .env("AWS_EC2_METADATA_DISABLED", "true");
    command.output().unwrap()
}

fn answer(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)))
}

/// The causes of the tasks that hold a drain.
fn causes(drain: &Value) -> Vec<&str> {
    let holds = drain["holds"].as_array().unwrap().iter();
    holds.map(|hold| hold["cause"].as_str().unwrap()).collect()
}

#[test]
fn a_deep_status_of_the_stuck_scene_has_the_cause_and_the_bound_of_each_drain() {
    let (running, mut output) = Running::start(&["local-aws", "--json", "--scene", "stuck"]);
    let ready = event(&mut output, "ready");
    let endpoint = ready["endpoint"].as_str().unwrap();
    let deep = answer(&tool(endpoint, &["status", "--deep", "--json"]));
    assert_eq!(deep["partial"], json!([]), "{deep}");
    let drains: BTreeMap<&str, &Value> = deep["drains"]
        .as_array()
        .unwrap()
        .iter()
        .map(|drain| (drain["instance"].as_str().unwrap(), drain))
        .collect();
    let plain = answer(&tool(endpoint, &["status", "--json"]));
    for one in ready["scene"].as_array().unwrap() {
        let (case, instance) = (one["case"].as_str().unwrap(), one["instance"].as_str().unwrap());
        let (cause, ends) = match case {
            "no-room" => ("no-room", "unknown"),
            "deployment-configuration" => ("deployment-config", "unknown"),
            "standalone" => ("standalone", "unknown"),
            "agent-lost" => ("agent-lost", "estimate"),
            // Protection may be renewed, or end after the deadline, which ends the hold then.
            "protected" => ("protected", ""),
            "deregistering" => ("deregistering", ""),
            // These change while the scene is looked at, or are in a cluster that is not.
            _ => continue,
        };
        let drain = drains[instance];
        assert!(causes(drain).contains(&cause), "{case}: {drain}");
        let kind = drain["ends"]["kind"].as_str().unwrap();
        assert!(ends.is_empty() || kind == ends, "{case}: {drain}");
        // What explain says of it, a moment later.
        let explained = answer(&tool(endpoint, &["explain", instance, "--json"]));
        let explanation = &explained["explanation"];
        assert_eq!(explanation["cause"], drain["cause"], "{case}: {explanation}");
        if kind != "unknown" {
            assert_eq!(
                explanation["ends"]["kind"], drain["ends"]["kind"],
                "{case}: {explanation}"
            );
            assert_eq!(
                explanation["endsBecause"],
                drain["endsBecause"].as_str().map_or_else(
                    || Value::Null,
                    |because| match explanation["endsBecause"].as_str() {
                        // A list names the group once.
                        Some(whole) if whole.ends_with(because) => json!(whole),
                        _ => json!(because),
                    },
                ),
                "{case}"
            );
        }
    }
    // Without a look at the tasks, causes are not known; with an instance named, they are.
    for drain in plain["drains"].as_array().unwrap() {
        assert_eq!(
            (&drain["holds"], &drain["cause"]),
            (&Value::Null, &Value::Null),
            "{drain}"
        );
    }
    let of = |case: &str| {
        let all = ready["scene"].as_array().unwrap();
        let one = all.iter().find(|one| one["case"] == case).unwrap();
        one["instance"].as_str().unwrap()
    };
    let named = answer(&tool(endpoint, &["status", of("standalone"), "--json"]));
    assert_eq!(named["drains"].as_array().unwrap().len(), 1);
    assert_eq!(causes(&named["drains"][0]), ["standalone"]);
    // The text says the same.
    let text = tool(endpoint, &["status", "--deep"]);
    let text = String::from_utf8(text.stdout).unwrap();
    for part in [
        "billing blocked",
        "nightly-etl standalone",
        "game protected",
        "search without room",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert_eq!(running.stopped(), Some(0));
}

/// Two instances that drain, each held by a task of the same family.
async fn two() -> Lab {
    let config = LabConfig {
        instances: 2,
        ..LabConfig::default()
    };
    let lab = Lab::start(config.set("CLUSTERS", CLUSTER)).await;
    lab.daemon(&Daemon::new("logs")).await;
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
    let is_counted = |instance: &String| {
        let record = lab.record(instance);
        record.is_some_and(|record| record["heldBy"][0]["group"] == "family:job")
    };
    lab.tick_until("the jobs are counted", || lab.instances.iter().all(is_counted))
        .await;
    lab.heartbeats().await;
    lab
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
    let said = ctl(&lab, &["status", "--deep", "--json"]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    let drains = said.json()["drains"].as_array().unwrap().clone();
    assert_eq!(drains.len(), 2);
    for drain in &drains {
        assert_eq!(causes(drain), ["standalone"], "{drain}");
        assert_eq!(drain["ends"]["kind"], "unknown", "{drain}");
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
    assert!(
        made.get("FilterLogEvents").is_none_or(|times| *times <= 4),
        "{made:?}"
    );
    assert!(total <= 4 + 2 * 8, "{total}: {made:?}");
    let from = count();
    assert_eq!(ctl(&lab, &["status"]).await.code, Some(0));
    assert_eq!(
        calls(&lab, from).values().sum::<usize>(),
        4,
        "a look without tasks costs what it did"
    );
}

#[tokio::test]
async fn a_task_that_may_not_be_read_has_no_bound_and_is_a_gap() {
    let lab = two().await;
    let filter = CallFilter::operation(Service::Ecs, "DescribeTasks").by(PERSON);
    lab.aws.faults(|faults| faults.deny(filter, Limit::Forever));
    let said = ctl(&lab, &["status", "--deep", "--json"]).await;
    assert_eq!(said.code, Some(2), "{said:?}");
    let answer = said.json();
    assert_eq!(answer["partial"][0]["call"], "ecs:DescribeTasks", "{answer}");
    for drain in answer["drains"].as_array().unwrap() {
        assert_eq!(
            (&drain["ends"]["kind"], &drain["cause"]),
            (&json!("unknown"), &json!("not-known")),
            "{drain}"
        );
    }
    lab.aws.faults(Faults::clear);
    // What was found before the time ran out is shown.
    let late = ctl(&lab, &["status", "--deep", "--timeout", "1ms", "--json"]).await;
    assert_eq!(late.code, Some(3), "{late:?}");
}

#[tokio::test]
async fn what_is_usual_stands_beside_the_bound() {
    let config = LabConfig {
        instances: 4,
        ..LabConfig::default()
    };
    let lab = Lab::start(config.set("CLUSTERS", CLUSTER)).await;
    let (instance, others) = lab.instances.split_last().unwrap();
    for other in others {
        lab.set_status(other, "DRAINING");
    }
    let has_receipt = |instance: &String| {
        let lines = lab.aws.coordinator_logs();
        let mut receipts = lines.iter().filter(|line| line.contains("\"event\":\"receipt\""));
        receipts.any(|line| line.contains(instance.as_str()))
    };
    lab.tick_until("three drains are over", || others.iter().all(has_receipt))
        .await;
    // The one instance that takes tasks is left.
    lab.standalone("job", 600).await;
    lab.set_status(instance, "DRAINING");
    // The beacon names the log, and a tick writes it.
    let has_beacon = || {
        let name = "/ecs-daemon-protector/coordinator";
        lab.aws.world(|world, _| world.parameter(name).is_some())
    };
    lab.tick_until("the job is counted", || {
        let record = lab.record(instance);
        let is_counted = record.is_some_and(|record| record["heldBy"][0]["group"] == "family:job");
        is_counted && has_beacon()
    })
    .await;
    let said = ctl(&lab, &["explain", instance, "--json"]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    let usual = said.json()["explanation"]["usual"].clone();
    assert_eq!(
        (&usual["receipts"], &usual["of"]),
        (&json!(3), &json!("cluster")),
        "{said:?}"
    );
    assert!(
        (0..60).contains(&usual["heldSeconds"].as_i64().unwrap()),
        "{usual}"
    );
    let text = ctl(&lab, &["explain", instance]).await;
    assert!(
        text.out.contains("is usual for this cluster (median of 3)"),
        "{text:?}"
    );
    let listed = ctl(&lab, &["status", "--deep", "--json"]).await.json();
    assert_eq!(listed["drains"][0]["usual"]["receipts"], 3, "{listed}");
    assert_eq!(listed["drains"][0]["ends"]["kind"], "unknown", "it is no bound");

    let filter = CallFilter::operation(Service::Logs, "FilterLogEvents").by(PERSON);
    lab.aws.faults(|faults| faults.deny(filter, Limit::Forever));
    let denied = ctl(&lab, &["explain", instance]).await;
    assert_eq!(
        denied.code,
        Some(0),
        "nothing that matters is less known: {denied:?}"
    );
    assert!(
        denied.out.contains("not known: needs logs:FilterLogEvents"),
        "{denied:?}"
    );
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
        let cluster = if plain.starts_with("aws ") {
            ""
        } else {
            " --cluster prod"
        };
        assert_eq!(*given, format!("{plain} --region eu-west-1{cluster}"));
    }
    let released = [
        "release",
        instance,
        "--why",
        "7",
        "--yes",
        "--region",
        "eu-west-1",
    ];
    let released = ctl(&lab, &released).await;
    let follow = format!("protectorctl status {instance} --wait --region eu-west-1");
    assert!(released.out.contains(&follow), "{released:?}");
}
