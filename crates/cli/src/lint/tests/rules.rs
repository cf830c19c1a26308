//! Each rule has a definition that breaks it alone.

use crate::lint::rules::{RULES, RuleId, Severity};
use crate::lint::testing::{add_variable, examined, examples, expected, found, healthy, ids};
use crate::lint::testing::{changed as task, with_sidecar as sidecar};
use crate::lint::{Document, Expectations};
use jiff::SignedDuration;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// No finding.
const NONE: [&str; 0] = [];

const SIDECAR: &str = "ecs-daemon-protector";

fn set(member: &'static str, value: Value) -> impl Fn(&mut Value) {
    move |object| object[member] = value.clone()
}

fn variable(name: &'static str, value: &'static str) -> impl Fn(&mut Value) {
    move |sidecar| add_variable(sidecar, name, value)
}

fn daemon(change: impl Fn(&mut Value)) -> String {
    task(|definition| change(&mut definition["containerDefinitions"][0]))
}

fn fluentd(option: &str, value: &str) -> Value {
    json!({"logDriver": "fluentd", "options": {"fluentd-address": "127.0.0.1:24224", option: value}})
}

/// Ids, and a definition that breaks this rule and no other. The messages are in the snapshot.
fn broken() -> Vec<(&'static str, String)> {
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
        ("PL001", task(pop)),
        ("PL002", sidecar(set("dependsOn", json!(null)))),
        ("PL002", sidecar(set("dependsOn", depends("COMPLETE")))),
        ("PL002", sidecar(set("dependsOn", depends("HEALTHY")))),
        ("PL002", sidecar(set("dependsOn", depends("RUNNING")))),
        ("PL004", sidecar(set("stopTimeout", json!(null)))),
        ("PL004", sidecar(set("stopTimeout", json!(7200)))),
        (
            "PL005",
            sidecar(|sidecar| sidecar["environment"][1]["value"] = json!("63m")),
        ),
        ("PL006", sidecar(set("essential", json!(null)))),
        ("PL007", sidecar(set("restartPolicy", json!(null)))),
        ("PL007", sidecar(set("restartPolicy", json!({"enabled": false})))),
        ("PL008", daemon(set("essential", json!(false)))),
        ("PL009", task(set("requiresCompatibilities", json!(["FARGATE"])))),
        ("PL009", task(set("requiresCompatibilities", json!(["EXTERNAL"])))),
        ("PL010", task(set("networkMode", json!("awsvpc")))),
        ("PL010", task(set("networkMode", json!("none")))),
        ("PL011", sidecar(variable("PROTECTOR_MAXHOLD", "1h"))),
        ("PL011", sidecar(variable("PROTECTOR_INSTANCE_ID", "x"))),
        ("PL011", sidecar(variable("PROTECTOR_ALLOW_ECS_LOOKUP", "true"))),
        (
            "PL012",
            sidecar(variable("PROTECTOR_PROTECTS", "fluent-bit, fluentbit")),
        ),
        ("PL013", task(twice)),
        ("PL013", daemon(set("dependsOn", on_nothing))),
        ("PL014", task(set("taskRoleArn", json!(null)))),
        ("PL015", sidecar(set("healthCheck", json!(null)))),
        (
            "PL015",
            sidecar(set("healthCheck", json!({"command": ["CMD-SHELL", "x"]}))),
        ),
        ("PL016", sidecar(variable("PROTECTOR_DISABLED", "TRUE"))),
        ("PL017", sidecar(set("memory", json!("32")))),
        ("PL018", task(set("familly", json!("x")))),
        (
            "PL019",
            task(set(
                "runtimePlatform",
                json!({"operatingSystemFamily": "WINDOWS_SERVER_2022_CORE"}),
            )),
        ),
        ("PL020", daemon(set("stopTimeout", json!(300)))),
        (
            "PL021",
            sidecar(set("logConfiguration", json!({"logDriver": "fluentd"}))),
        ),
        (
            "PL022",
            sidecar(set("image", json!("r:5000/p/ecs-daemon-protector"))),
        ),
        (
            "PL022",
            sidecar(set("image", json!("r/ecs-daemon-protector:latest"))),
        ),
        (
            "PL022",
            sidecar(set("image", json!("r/ecs-daemon-protector:9.0.0"))),
        ),
        ("PL023", sidecar(set("memory", json!(null)))),
        ("PL024", sidecar(set("user", json!("root:root")))),
        ("PL024", sidecar(set("readonlyRootFilesystem", json!(false)))),
        ("PL024", sidecar(set("privileged", json!(true)))),
        ("PL024", sidecar(set("linuxParameters", json!(null)))),
        ("PL024", sidecar(set("dockerSecurityOptions", json!([])))),
        ("PL026", sidecar(set("restartPolicy", json!({"enabled": true})))),
        (
            "PL026",
            sidecar(|sidecar| sidecar["restartPolicy"]["restartAttemptPeriod"] = json!(300)),
        ),
        (
            "PL027",
            sidecar(set("mountPoints", json!([{"sourceVolume": "x"}]))),
        ),
        ("PL027", sidecar(set("secrets", key))),
        ("PL028", healthy()),
        ("PL030", sidecar(variable("PROTECTOR_UNKNOWN_GRACE", "2m"))),
        (
            "PL032",
            daemon(set("logConfiguration", fluentd("fluentd-async", "true"))),
        ),
        (
            "PL032",
            daemon(set("logConfiguration", fluentd("fluentd-async-connect", "1"))),
        ),
        ("PL033", daemon(set("stopTimeout", json!(5)))),
        ("PL003", daemon(set("dependsOn", on_sidecar))),
        ("PL003", daemon(set("links", json!(["ecs-daemon-protector:x"])))),
        (
            "PL003",
            daemon(set("volumesFrom", json!([{"sourceContainer": SIDECAR}]))),
        ),
    ]
}

#[test]
fn each_rule_finds_what_breaks_it_and_no_other_rule_does() {
    let mut messages = String::new();
    for (code, text) in broken() {
        let examined = examined(&text);
        let own = examined
            .findings
            .iter()
            .filter(|finding| finding.rule.code() == code);
        let own: Vec<String> = own
            .map(|finding| format!("{code} {}\n", finding.message))
            .collect();
        assert!(!own.is_empty(), "{code}: {:?}", examined.findings);
        messages.extend(own);
        let others: Vec<&str> = ids(&text).into_iter().filter(|found| *found != code).collect();
        assert_eq!(others, NONE, "{code}: {text}");
    }
    // The version of this program is another one with each release.
    let messages = messages.replace(env!("CARGO_PKG_VERSION"), "VERSION");
    insta::assert_snapshot!(messages);
}

#[test]
fn each_rule_is_tried() {
    let tried: BTreeSet<&str> = broken().into_iter().map(|(code, ..)| code).collect();
    let elsewhere = ["PL025", "PL031"];
    let codes = RULES.iter().map(|rule| rule.code);
    assert_eq!(tried, codes.filter(|code| !elsewhere.contains(code)).collect());
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
    assert!("PL999".parse::<RuleId>().unwrap_err().contains("PL001 to PL033"));
}

#[test]
fn the_examples_are_clean() {
    for (name, text) in examples() {
        assert_eq!(ids(&text), NONE, "{name}");
    }
}

#[test]
fn bridge_mode_is_reminded_of_the_hop_limit() {
    for mode in [json!("bridge"), json!(null)] {
        let text = task(set("networkMode", mode));
        assert_eq!(with(&text, |_| {}), [("PL025", Severity::Note)]);
    }
    let text = task(|definition| {
        definition["networkMode"] = json!("bridge");
        let sidecar = &mut definition["containerDefinitions"][1];
        add_variable(sidecar, "PROTECTOR_INSTANCE_ID", "i-0123456789abcdef0");
    });
    assert_eq!(examined(&text).findings, []);
}

fn with(text: &str, change: impl FnOnce(&mut Expectations)) -> Vec<(&'static str, Severity)> {
    let mut expected = expected();
    change(&mut expected);
    let examined = Document::parse(text).unwrap().examine(&expected);
    let findings = examined.findings.iter();
    findings
        .map(|finding| (finding.rule.code(), finding.severity))
        .collect()
}

#[test]
fn it_goes_by_the_bounds_that_are_given() {
    let text = sidecar(|_| {});
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
    let shorter = |expected: &mut Expectations| expected.daemon_stop = SignedDuration::from_secs(29);
    assert_eq!(with(&no_timeout, shorter), [("PL020", Severity::Warning)]);
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
    let settings = protector_core::settings::coordinator::CoordinatorSettings::read(&|_| None, []);
    let policy = settings.unwrap().policy;
    assert_eq!(taken.max_drain, policy.max_drain);
    assert_eq!(taken.daemon_stop, policy.daemon_stop);
    assert_eq!(taken.container, policy.sidecar_container);
}

#[test]
fn a_prefix_is_compared_with_the_coordinators() {
    let text = sidecar(|_| {});
    let other = |prefix: &str| with(&text, |expected| expected.prefix = Some(prefix.parse().unwrap()));
    assert_eq!(other("/ecs-daemon-protector"), []);
    assert_eq!(other("/other"), [("PL031", Severity::Error)]);
}

#[test]
fn a_definition_without_a_sidecar_may_be_fine() {
    let text = task(|definition| drop(definition["containerDefinitions"].as_array_mut().unwrap().pop()));
    assert_eq!(with(&text, |expected| expected.allow_none = true), []);
    let renamed = sidecar(set("name", json!("guard")));
    let guarded = |expected: &mut Expectations| expected.container = "guard".parse().unwrap();
    assert_eq!(with(&renamed, guarded), []);
    assert_eq!(with(&renamed, |_| {}), [("PL001", Severity::Error)]);
}

#[test]
fn a_queue_of_the_log_driver_is_found_without_a_sidecar_too() {
    let application = |driver: &str, value: &str| {
        let mut configuration = fluentd("fluentd-async", value);
        configuration["logDriver"] = json!(driver);
        let text = task(|definition| {
            let containers = definition["containerDefinitions"].as_array_mut().unwrap();
            containers.pop();
            containers[0]["logConfiguration"] = configuration;
        });
        with(&text, |expected| expected.allow_none = true)
    };
    assert_eq!(application("fluentd", "True"), [("PL032", Severity::Warning)]);
    assert_eq!(application("fluentd", "false"), []);
    assert_eq!(
        application("awslogs", "true"),
        [],
        "it is the option of another driver"
    );
}

#[test]
fn fluent_bit_has_more_time_than_its_grace() {
    let router = |image: &'static str, timeout: Value| {
        ids(&daemon(|container| {
            container["image"] = json!(image);
            container["stopTimeout"] = timeout.clone();
        }))
    };
    for image in [
        "r:5000/p/fluent-bit",
        "fluent/fluent-bit:3.1",
        "r/aws-for-fluent-bit@sha256:0",
    ] {
        assert_eq!(router(image, json!(5)), ["PL033"], "{image}");
        assert_eq!(router(image, json!(6)), NONE, "{image}");
        assert_eq!(router(image, json!(null)), NONE, "{image}: 30 s");
    }
    assert_eq!(router("fluent-bit/exporter:1", json!(2)), NONE);
    let firelens = |kind: &'static str| {
        ids(&daemon(|container| {
            container["image"] = json!("r/router:1");
            container["stopTimeout"] = json!(2);
            container["firelensConfiguration"] = json!({"type": kind});
        }))
    };
    assert_eq!(firelens("fluentbit"), ["PL033"]);
    assert_eq!(firelens("fluentd"), NONE);
}

#[test]
fn links_and_volumes_are_dependencies_of_the_sidecar_too() {
    let text = sidecar(|sidecar| {
        sidecar["dependsOn"] = json!(null);
        sidecar["links"] = json!(["fluent-bit:daemon"]);
    });
    assert_eq!(ids(&text), NONE);
}

#[test]
fn only_containers_that_are_protected_must_be_listed() {
    let text = task(|definition| {
        let containers = definition["containerDefinitions"].as_array_mut().unwrap();
        let mut other = containers[0].clone();
        other["name"] = json!("other");
        containers.push(other);
    });
    assert_eq!(ids(&text), ["PL002"]);
    let chosen = |names: &str| {
        let mut definition: Value = serde_json::from_str(&text).unwrap();
        let sidecar = &mut definition["containerDefinitions"][1];
        add_variable(sidecar, "PROTECTOR_PROTECTS", names);
        ids(&definition.to_string())
    };
    assert_eq!(chosen("fluent-bit"), NONE);
    assert_eq!(chosen("other"), ["PL002"]);
}

#[test]
fn a_setting_from_a_secret_is_taken_as_good() {
    let text = sidecar(|sidecar| {
        sidecar["environment"].as_array_mut().unwrap().pop();
        sidecar["secrets"] = json!([{"name": "PROTECTOR_MAX_HOLD", "valueFrom": "arn:x"}]);
        sidecar["stopTimeout"] = json!(1);
    });
    assert_eq!(ids(&text), NONE);
    let secrets = json!([{"name": "PROTECTOR_MAXHOLD", "valueFrom": "arn:x"}]);
    assert_eq!(ids(&sidecar(set("secrets", secrets))), ["PL011"]);
}

#[test]
fn static_keys_take_the_place_of_a_role() {
    let text = task(|definition| {
        definition["taskRoleArn"] = json!(null);
        let sidecar = &mut definition["containerDefinitions"][1];
        add_variable(sidecar, "AWS_ACCESS_KEY_ID", "AKIDEXAMPLE");
    });
    assert_eq!(ids(&text), NONE);
}

#[test]
fn images_by_digest_or_other_tags_are_fine() {
    let digest = "r/p@sha256:0";
    for image in [
        digest,
        "r:5000/p:git-abc",
        "r/p:v0.1.7",
        "r/p:0.1.0",
        "r/p:2026-11",
    ] {
        let text = sidecar(set("image", json!(image)));
        assert_eq!(ids(&text), NONE, "{image}");
    }
}

#[test]
fn a_circle_is_named() {
    let text = task(|definition| {
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
    let message = "the containers depend on each other in a circle: a -> b -> c -> a";
    assert_eq!(found(&text), [("PL013", message.to_owned())]);
}

#[test]
fn a_label_of_the_container_takes_a_finding_out() {
    let labelled = |label: &str| {
        sidecar(|sidecar| {
            sidecar["memory"] = json!(64);
            sidecar["dockerLabels"] = json!({"protectorctl.ignore": label});
        })
    };
    assert_eq!(ids(&labelled("PL001, pl023")), NONE);
    assert_eq!(ids(&labelled("PL024")), ["PL023"]);
    // The sidecar's label covers what is about the whole task.
    let text = task(|definition| {
        definition["taskRoleArn"] = json!(null);
        definition["containerDefinitions"][1]["dockerLabels"] = json!({"protectorctl.ignore": "task-role"});
    });
    assert_eq!(ids(&text), NONE);
    // Another container's label does not count.
    let text = task(|definition| {
        definition["containerDefinitions"][0]["dockerLabels"] = json!({"protectorctl.ignore": "PL023"});
        definition["containerDefinitions"][1]["memory"] = json!(64);
    });
    assert_eq!(ids(&text), ["PL023"]);
}

#[test]
fn an_option_takes_a_finding_out_for_all_or_for_one() {
    let text = sidecar(set("memory", json!(64)));
    let ignored = |option: &str| {
        let mut found = examined(&text).findings;
        crate::lint::suppress::by_option(&mut found, &[option.parse().unwrap()]);
        let counted = found.iter().filter(|finding| finding.suppressed.is_none());
        counted.count()
    };
    assert_eq!(ignored("PL023"), 0);
    assert_eq!(ignored("memory=ecs-daemon-protector"), 0);
    assert_eq!(ignored("PL023=fluent-bit"), 1);
    assert!("PL000".parse::<crate::lint::suppress::Ignored>().is_err());
}
