//! Each rule has a definition that breaks it alone.

use crate::lint::rules::{RULES, RuleId, Severity};
use crate::lint::testing::{changed, examined, examples, expected, ids, with_sidecar};
use crate::lint::{Document, Expectations};
use jiff::SignedDuration;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const SIDECAR: &str = "ecs-daemon-protector";

fn set(member: &'static str, value: Value) -> impl Fn(&mut Value) {
    move |object| object[member] = value.clone()
}

fn variable(name: &'static str, value: &'static str) -> impl Fn(&mut Value) {
    move |sidecar| {
        sidecar["environment"]
            .as_array_mut()
            .unwrap()
            .push(json!({"name": name, "value": value}))
    }
}

fn task(change: impl Fn(&mut Value)) -> String {
    changed(|definition| change(definition))
}

fn daemon(change: impl Fn(&mut Value)) -> String {
    changed(|definition| change(&mut definition["containerDefinitions"][0]))
}

/// Ids, a definition that breaks this rule and no other, and words of the finding.
fn broken() -> Vec<(&'static str, String, &'static str)> {
    let s = |change: Box<dyn Fn(&mut Value)>| with_sidecar(|sidecar| change(sidecar));
    let pop = |definition: &mut Value| drop(definition["containerDefinitions"].as_array_mut().unwrap().pop());
    let twice = |definition: &mut Value| {
        let containers = definition["containerDefinitions"].as_array_mut().unwrap();
        containers.insert(0, containers[0].clone());
    };
    let depends = |condition: &'static str| json!([{"containerName": "fluent-bit", "condition": condition}]);
    let on_sidecar = json!([{"containerName": SIDECAR, "condition": "START"}]);
    let on_nothing = json!([{"containerName": "nothing", "condition": "START"}]);
    let key = json!([{"name": "KEY", "valueFrom": "arn:x"}]);
    vec![
        ("PL001", task(pop), "no container is called ecs-daemon-protector"),
        (
            "PL002",
            s(Box::new(set("dependsOn", json!(null)))),
            "dependsOn must list fluent-bit with START",
        ),
        (
            "PL002",
            s(Box::new(set("dependsOn", depends("COMPLETE")))),
            "only after fluent-bit has ended",
        ),
        (
            "PL002",
            s(Box::new(set("dependsOn", depends("HEALTHY")))),
            "fluent-bit has no health check",
        ),
        (
            "PL002",
            s(Box::new(set("dependsOn", depends("RUNNING")))),
            "RUNNING is no condition",
        ),
        (
            "PL004",
            s(Box::new(set("stopTimeout", json!(null)))),
            "stopTimeout must be above PROTECTOR_MAX_HOLD (7200 s): after 30 s, the default,",
        ),
        (
            "PL004",
            s(Box::new(set("stopTimeout", json!(7200)))),
            "after 7200 s the agent kills the sidecar",
        ),
        (
            "PL005",
            s(Box::new(|s| s["environment"][1]["value"] = json!("63m"))),
            "for each tier (1) DAEMON_STOP (120 s)",
        ),
        (
            "PL006",
            s(Box::new(set("essential", json!(null)))),
            "essential must be false",
        ),
        (
            "PL007",
            s(Box::new(set("restartPolicy", json!(null)))),
            "restartPolicy must be enabled",
        ),
        (
            "PL007",
            s(Box::new(set("restartPolicy", json!({"enabled": false})))),
            "ends the protection in silence",
        ),
        (
            "PL008",
            daemon(set("essential", json!(false))),
            "the task would outlive its daemon",
        ),
        (
            "PL009",
            task(set("requiresCompatibilities", json!(["FARGATE"]))),
            "requiresCompatibilities must have EC2",
        ),
        (
            "PL009",
            task(set("requiresCompatibilities", json!(["EXTERNAL"]))),
            "requiresCompatibilities must have EC2",
        ),
        (
            "PL010",
            task(set("networkMode", json!("awsvpc"))),
            "networkMode must be host or bridge",
        ),
        (
            "PL010",
            task(set("networkMode", json!("none"))),
            "neither metadata nor Parameter Store",
        ),
        (
            "PL011",
            s(Box::new(variable("PROTECTOR_MAXHOLD", "1h"))),
            "no such setting; there are PROTECTOR_CLUSTER",
        ),
        (
            "PL011",
            s(Box::new(variable("PROTECTOR_INSTANCE_ID", "x"))),
            "expected an EC2 instance id",
        ),
        (
            "PL011",
            s(Box::new(variable("PROTECTOR_ALLOW_ECS_LOOKUP", "true"))),
            "it was removed",
        ),
        (
            "PL012",
            s(Box::new(variable("PROTECTOR_PROTECTS", "fluent-bit, fluentbit"))),
            "names fluentbit, which is no container",
        ),
        ("PL013", task(twice), "two containers are called fluent-bit"),
        (
            "PL013",
            daemon(set("dependsOn", on_nothing)),
            "fluent-bit depends on nothing, which is no container",
        ),
        (
            "PL014",
            task(set("taskRoleArn", json!(null))),
            "taskRoleArn is missing",
        ),
        (
            "PL015",
            s(Box::new(set("healthCheck", json!(null)))),
            "healthCheck must be [\"CMD\"",
        ),
        (
            "PL015",
            s(Box::new(set(
                "healthCheck",
                json!({"command": ["CMD-SHELL", "x"]}),
            ))),
            "the image has no shell",
        ),
        (
            "PL016",
            s(Box::new(variable("PROTECTOR_DISABLED", "TRUE"))),
            "PROTECTOR_DISABLED is true",
        ),
        (
            "PL017",
            s(Box::new(set("memory", json!("32")))),
            "containerDefinitions[1].memory must be a whole number",
        ),
        (
            "PL018",
            task(set("familly", json!("x"))),
            "ECS knows no member familly; is family meant?",
        ),
        (
            "PL019",
            task(set(
                "runtimePlatform",
                json!({"operatingSystemFamily": "WINDOWS_SERVER_2022_CORE"}),
            )),
            "WINDOWS_SERVER_2022_CORE",
        ),
        (
            "PL020",
            daemon(set("stopTimeout", json!(300))),
            "stopTimeout of fluent-bit (300 s) must not be above the coordinator's DAEMON_STOP (120 s)",
        ),
        (
            "PL021",
            s(Box::new(set("logConfiguration", json!({"logDriver": "fluentd"})))),
            "log driver fluentd may send",
        ),
        (
            "PL022",
            s(Box::new(set("image", json!("r:5000/p/ecs-daemon-protector")))),
            "neither tag nor digest",
        ),
        (
            "PL022",
            s(Box::new(set("image", json!("r/ecs-daemon-protector:latest")))),
            "must not be latest",
        ),
        (
            "PL022",
            s(Box::new(set("image", json!("r/ecs-daemon-protector:9.0.0")))),
            "image is of version 9.0.0",
        ),
        (
            "PL023",
            s(Box::new(set("memory", json!(null)))),
            "memory should be 16 to 32 MiB",
        ),
        (
            "PL024",
            s(Box::new(set("user", json!("root:root")))),
            "user must not be root",
        ),
        (
            "PL024",
            s(Box::new(set("readonlyRootFilesystem", json!(false)))),
            "readonlyRootFilesystem must be true",
        ),
        (
            "PL024",
            s(Box::new(set("privileged", json!(true)))),
            "privileged must not be true",
        ),
        (
            "PL024",
            s(Box::new(set("linuxParameters", json!(null)))),
            "capabilities.drop must have ALL",
        ),
        (
            "PL024",
            s(Box::new(set("dockerSecurityOptions", json!([])))),
            "must have no-new-privileges",
        ),
        (
            "PL026",
            s(Box::new(set("restartPolicy", json!({"enabled": true})))),
            "restartAttemptPeriod must be 60",
        ),
        (
            "PL026",
            s(Box::new(|s| {
                s["restartPolicy"]["restartAttemptPeriod"] = json!(300)
            })),
            "never restarted",
        ),
        (
            "PL027",
            s(Box::new(set("mountPoints", json!([{"sourceVolume": "x"}])))),
            "the sidecar needs no mountPoints",
        ),
        (
            "PL027",
            s(Box::new(set("secrets", key))),
            "the sidecar needs no secret KEY",
        ),
        ("PL028", healthy(), "only once fluent-bit is HEALTHY"),
        (
            "PL030",
            s(Box::new(variable("PROTECTOR_UNKNOWN_GRACE", "2m"))),
            "PROTECTOR_UNKNOWN_GRACE is 120 s",
        ),
        (
            "PL003",
            daemon(set("dependsOn", on_sidecar)),
            "fluent-bit must not depend on the sidecar (dependsOn)",
        ),
        (
            "PL003",
            daemon(set("links", json!(["ecs-daemon-protector:x"]))),
            "must not depend on the sidecar (links)",
        ),
        (
            "PL003",
            daemon(set("volumesFrom", json!([{"sourceContainer": SIDECAR}]))),
            "sidecar (volumesFrom)",
        ),
    ]
}

fn healthy() -> String {
    changed(|definition| {
        let containers = &mut definition["containerDefinitions"];
        containers[0]["healthCheck"] = json!({"command": ["CMD", "true"]});
        containers[1]["dependsOn"][0]["condition"] = json!("HEALTHY");
    })
}

#[test]
fn each_rule_finds_what_breaks_it_and_no_other_rule_does() {
    for (code, text, words) in broken() {
        let examined = examined(&text);
        let own: Vec<_> = examined
            .findings
            .iter()
            .filter(|finding| finding.rule.code() == code)
            .collect();
        assert!(
            own.iter().any(|finding| finding.message.contains(words)),
            "{code} {words}: {:?}",
            examined.findings
        );
        let others: Vec<&str> = ids(&text).into_iter().filter(|found| *found != code).collect();
        assert_eq!(others, Vec::<&str>::new(), "{code} {words}");
    }
}

#[test]
fn each_rule_is_tried() {
    let tried: BTreeSet<&str> = broken().into_iter().map(|(code, ..)| code).collect();
    let elsewhere = ["PL025", "PL031"];
    let all: BTreeSet<&str> = RULES
        .iter()
        .map(|rule| rule.code)
        .filter(|code| !elsewhere.contains(code))
        .collect();
    assert_eq!(tried, all);
}

#[test]
fn each_rule_is_at_the_place_of_its_id() {
    for (index, rule) in RULES.iter().enumerate() {
        assert_eq!(rule.id as usize, index, "{}", rule.code);
        assert_eq!(rule.id.rule(), rule);
        assert_eq!(rule.code.parse(), Ok(rule.id));
    }
    let codes: Vec<&str> = RULES.iter().map(|rule| rule.code).collect();
    assert!(codes.is_sorted());
    let names: BTreeSet<&str> = RULES.iter().map(|rule| rule.name).collect();
    assert_eq!(names.len(), RULES.len());
    assert!("PL999".parse::<RuleId>().unwrap_err().contains("PL001 to PL031"));
}

#[test]
fn the_examples_are_clean() {
    for (name, text) in examples() {
        assert_eq!(ids(&text), Vec::<&str>::new(), "{name}");
    }
}

#[test]
fn bridge_mode_is_reminded_of_the_hop_limit() {
    for mode in [json!("bridge"), json!(null)] {
        let text = task(set("networkMode", mode));
        let found = examined(&text);
        let all: Vec<_> = found
            .findings
            .iter()
            .map(|f| (f.rule.code(), f.severity))
            .collect();
        assert_eq!(all, [("PL025", Severity::Note)]);
    }
    let text = changed(|definition| {
        definition["networkMode"] = json!("bridge");
        let named = json!({"name": "PROTECTOR_INSTANCE_ID", "value": "i-0123456789abcdef0"});
        definition["containerDefinitions"][1]["environment"]
            .as_array_mut()
            .unwrap()
            .push(named);
    });
    assert_eq!(examined(&text).findings, []);
}

fn with(text: &str, change: impl FnOnce(&mut Expectations)) -> Vec<(&'static str, Severity)> {
    let mut expected = expected();
    change(&mut expected);
    let examined = Document::parse(text).unwrap().examine(&expected);
    examined
        .findings
        .iter()
        .map(|finding| (finding.rule.code(), finding.severity))
        .collect()
}

#[test]
fn it_goes_by_the_bounds_that_are_given() {
    let text = with_sidecar(|_| {});
    let hold = |max_drain: i64, tiers, daemon_stop| {
        with(&text, |expected| {
            expected.max_drain = SignedDuration::from_mins(max_drain);
            expected.tiers = tiers;
            expected.daemon_stop = SignedDuration::from_secs(daemon_stop);
        })
    };
    let too_short = [("PL005", Severity::Error)];
    assert_eq!(hold(60, 1, 120), []);
    assert_eq!(hold(100, 1, 120), []);
    assert_eq!(hold(120, 1, 120), too_short);
    assert_eq!(hold(60, 3, 120), []);
    // 2 h are an hour of MAX_DRAIN and 17 tiers of 120 s and 90 s, and 30 s.
    assert_eq!(hold(60, 17, 120), []);
    assert_eq!(hold(60, 18, 120), too_short);
    assert_eq!(hold(60, 1, 45), [("PL020", Severity::Warning)]);
    let guessed = with(&text, |expected| {
        expected.max_drain_is_known = false;
        expected.tiers = 18;
    });
    assert_eq!(guessed, [("PL005", Severity::Warning)]);
    // A stopTimeout that is not given is 30 s.
    let no_timeout = daemon(set("stopTimeout", json!(null)));
    assert_eq!(
        with(&no_timeout, |e| e.daemon_stop = SignedDuration::from_secs(29)),
        [("PL020", Severity::Warning)]
    );
}

#[test]
fn the_defaults_are_those_of_the_coordinator() {
    use clap::Parser;
    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        coordinator: crate::lint::args::CoordinatorArgs,
    }
    let taken = Line::parse_from(["lint"]).coordinator.expectations();
    let policy = protector_core::settings::coordinator::CoordinatorSettings::read(&|_| None, [])
        .unwrap()
        .policy;
    assert_eq!(taken.max_drain, policy.max_drain);
    assert_eq!(taken.daemon_stop, policy.daemon_stop);
    assert_eq!(taken.container, policy.sidecar_container);
}

#[test]
fn a_prefix_is_compared_with_the_coordinators() {
    let text = with_sidecar(|_| {});
    let other = |prefix: &str| with(&text, |expected| expected.prefix = Some(prefix.parse().unwrap()));
    assert_eq!(other("/ecs-daemon-protector"), []);
    assert_eq!(other("/other"), [("PL031", Severity::Error)]);
}

#[test]
fn a_definition_without_a_sidecar_may_be_fine() {
    let text = changed(|definition| drop(definition["containerDefinitions"].as_array_mut().unwrap().pop()));
    assert_eq!(with(&text, |expected| expected.allow_none = true), []);
    let renamed = with_sidecar(set("name", json!("guard")));
    assert_eq!(
        with(&renamed, |expected| expected.container = "guard".parse().unwrap()),
        []
    );
    assert_eq!(with(&renamed, |_| {}), [("PL001", Severity::Error)]);
}

#[test]
fn links_and_volumes_are_dependencies_of_the_sidecar_too() {
    let text = with_sidecar(|sidecar| {
        sidecar["dependsOn"] = json!(null);
        sidecar["links"] = json!(["fluent-bit:daemon"]);
    });
    assert_eq!(ids(&text), Vec::<&str>::new());
}

#[test]
fn only_containers_that_are_protected_must_be_listed() {
    let text = changed(|definition| {
        let containers = definition["containerDefinitions"].as_array_mut().unwrap();
        let mut other = containers[0].clone();
        other["name"] = json!("other");
        containers.push(other);
    });
    assert_eq!(ids(&text), ["PL002"]);
    let chosen = |names: &str| {
        let mut definition: Value = serde_json::from_str(&text).unwrap();
        let variable = json!({"name": "PROTECTOR_PROTECTS", "value": names});
        definition["containerDefinitions"][1]["environment"]
            .as_array_mut()
            .unwrap()
            .push(variable);
        ids(&definition.to_string())
    };
    assert_eq!(chosen("fluent-bit"), Vec::<&str>::new());
    assert_eq!(chosen("other"), ["PL002"]);
}

#[test]
fn a_setting_from_a_secret_is_taken_as_good() {
    let text = with_sidecar(|sidecar| {
        sidecar["environment"].as_array_mut().unwrap().pop();
        sidecar["secrets"] = json!([{"name": "PROTECTOR_MAX_HOLD", "valueFrom": "arn:x"}]);
        sidecar["stopTimeout"] = json!(1);
    });
    assert_eq!(ids(&text), Vec::<&str>::new());
    let unknown = with_sidecar(set(
        "secrets",
        json!([{"name": "PROTECTOR_MAXHOLD", "valueFrom": "arn:x"}]),
    ));
    assert_eq!(ids(&unknown), ["PL011"]);
}

#[test]
fn static_keys_take_the_place_of_a_role() {
    let text = changed(|definition| {
        definition["taskRoleArn"] = json!(null);
        let key = json!({"name": "AWS_ACCESS_KEY_ID", "value": "AKIDEXAMPLE"});
        definition["containerDefinitions"][1]["environment"]
            .as_array_mut()
            .unwrap()
            .push(key);
    });
    assert_eq!(ids(&text), Vec::<&str>::new());
}

#[test]
fn images_by_digest_or_other_tags_are_fine() {
    for image in [
        "r/p@sha256:0",
        "r:5000/p:git-abc",
        "r/p:v0.1.7",
        "r/p:0.1.0",
        "r/p:2026-11",
    ] {
        assert_eq!(
            ids(&with_sidecar(set("image", json!(image)))),
            Vec::<&str>::new(),
            "{image}"
        );
    }
}

#[test]
fn a_circle_is_named() {
    let text = changed(|definition| {
        let containers = definition["containerDefinitions"].as_array_mut().unwrap();
        for (name, on) in [("a", "b"), ("b", "c"), ("c", "a")] {
            let mut container = containers[0].clone();
            container["name"] = json!(name);
            container["dependsOn"] = json!([{"containerName": on, "condition": "START"}]);
            containers.push(container);
            let entry = json!({"containerName": name, "condition": "START"});
            containers[1]["dependsOn"].as_array_mut().unwrap().push(entry);
        }
    });
    let examined = examined(&text);
    let messages: Vec<&str> = examined
        .findings
        .iter()
        .map(|finding| finding.message.as_str())
        .collect();
    assert_eq!(
        messages,
        ["the containers depend on each other in a circle: a -> b -> c -> a"]
    );
}

#[test]
fn a_label_of_the_container_takes_a_finding_out() {
    let labelled = |label: &str| {
        with_sidecar(|sidecar| {
            sidecar["memory"] = json!(64);
            sidecar["dockerLabels"] = json!({"protectorctl.ignore": label});
        })
    };
    assert_eq!(ids(&labelled("PL001, pl023")), Vec::<&str>::new());
    assert_eq!(ids(&labelled("PL024")), ["PL023"]);
    // The sidecar's label covers what is about the whole task.
    let text = changed(|definition| {
        definition["taskRoleArn"] = json!(null);
        definition["containerDefinitions"][1]["dockerLabels"] = json!({"protectorctl.ignore": "task-role"});
    });
    assert_eq!(ids(&text), Vec::<&str>::new());
    // Another container's label does not count.
    let text = changed(|definition| {
        definition["containerDefinitions"][0]["dockerLabels"] = json!({"protectorctl.ignore": "PL023"});
        definition["containerDefinitions"][1]["memory"] = json!(64);
    });
    assert_eq!(ids(&text), ["PL023"]);
}

#[test]
fn an_option_takes_a_finding_out_for_all_or_for_one() {
    let text = with_sidecar(set("memory", json!(64)));
    let ignored = |option: &str| {
        let mut found = examined(&text).findings;
        crate::lint::suppress::by_option(&mut found, &[option.parse().unwrap()]);
        found
            .iter()
            .filter(|finding| finding.suppressed.is_none())
            .count()
    };
    assert_eq!(ignored("PL023"), 0);
    assert_eq!(ignored("memory=ecs-daemon-protector"), 0);
    assert_eq!(ignored("PL023=fluent-bit"), 1);
    assert!("PL000".parse::<crate::lint::suppress::Ignored>().is_err());
}
