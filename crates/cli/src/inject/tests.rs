use super::amend::{Amended, Refusal, Wishes, amend};
use super::ready::ready;
use super::remove::remove;
use super::report;
use crate::lint::testing::{
    changed, commented, comments, examined, example, examples, expected, garbled, healthy, ids, mutated,
    with_sidecar,
};
use crate::lint::{Document, decode};
use fastrand::Rng;
use jiff::SignedDuration;
use proptest::prelude::*;
use serde_json::{Value, json};

const SIDECAR: &str = "ecs-daemon-protector";
const IMAGE: &str = "registry.example/ecs-daemon-protector:0.1.0";

fn wishes() -> Wishes {
    Wishes {
        expected: expected(),
        image: Some(IMAGE.to_owned()),
        max_hold: None,
        settings: Vec::new(),
    }
}

/// What breaks a definition or its sidecar.
type Breaker = fn(&mut Value);

/// No wish about a sidecar that is there.
fn no_wishes() -> Wishes {
    Wishes {
        image: None,
        ..wishes()
    }
}

/// The text without its sidecar.
fn bare(text: &str) -> String {
    remove(text, SIDECAR).unwrap().text
}

fn injected(text: &str, wishes: &Wishes) -> Amended {
    amend(text, wishes).unwrap_or_else(|refusal| panic!("{refusal}\n{text}"))
}

#[test]
fn the_example_without_its_sidecar_gets_it_back() {
    for (name, text) in examples() {
        let image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/ecs-daemon-protector:0.1.0";
        let wishes = Wishes {
            image: Some(image.to_owned()),
            ..wishes()
        };
        let amended = injected(&bare(&text), &wishes);
        let [value, example]: [Value; 2] =
            [&amended.text, &text].map(|text| serde_json::from_str(text).unwrap());
        assert_eq!(value, example, "{name}");
        assert!(amended.added && amended.changes.is_empty(), "{amended:?}");
    }
}

#[test]
fn every_form_gets_the_sidecar_where_its_containers_are() {
    let alone: Value = serde_json::from_str(&bare(&with_sidecar(|_| {}))).unwrap();
    let described = json!({"taskDefinition": alone, "tags": []});
    let forms = [
        ("/containerDefinitions/1/name", alone.clone()),
        ("/taskDefinition/containerDefinitions/1/name", described),
        ("/1/name", alone["containerDefinitions"].clone()),
    ];
    for (pointer, form) in forms {
        let amended = injected(&form.to_string(), &wishes());
        let value: Value = serde_json::from_str(&amended.text).unwrap();
        assert_eq!(value.pointer(pointer), Some(&json!(SIDECAR)), "{}", amended.text);
        assert_eq!(bare(&amended.text), form.to_string());
    }
}

#[test]
fn what_is_added_looks_like_the_rest() {
    let text = bare(
        &std::fs::read_to_string(crate::lint::testing::root().join("examples/task-definition.json")).unwrap(),
    );
    let amended = injected(&text, &wishes()).text;
    for line in [
        "    {\n      \"name\": \"ecs-daemon-protector\",\n",
        "      \"restartPolicy\": { \"enabled\": true, \"restartAttemptPeriod\": 60 },\n",
        "      \"dependsOn\": [{ \"containerName\": \"fluent-bit\", \"condition\": \"START\" }],\n",
        "        { \"name\": \"PROTECTOR_MAX_HOLD\", \"value\": \"2h\" }\n",
    ] {
        assert!(amended.contains(line), "{line}\n{amended}");
    }
}

#[test]
fn each_fixable_finding_is_fixed_and_the_rest_of_the_text_stays() {
    let breakers: [(&str, Breaker); 16] = [
        ("PL002", |s| s["dependsOn"] = json!([])),
        ("PL002", |s| s["dependsOn"][0]["condition"] = json!("SUCCESS")),
        ("PL004", |s| s["stopTimeout"] = json!(120)),
        ("PL005", |s| s["environment"][1]["value"] = json!("63m")),
        ("PL006", |s| s["essential"] = json!(true)),
        ("PL007", |s| s["restartPolicy"] = json!(null)),
        ("PL015", |s| {
            s["healthCheck"]["command"] = json!(["CMD-SHELL", "true"])
        }),
        ("PL015", |s| {
            drop(s.as_object_mut().unwrap().remove("healthCheck"))
        }),
        ("PL023", |s| s["memory"] = json!(512)),
        ("PL024", |s| s["user"] = json!("root")),
        ("PL024", |s| {
            s["linuxParameters"] = json!({"capabilities": {"add": ["SYS_PTRACE"]}})
        }),
        ("PL024", |s| s["privileged"] = json!(true)),
        ("PL026", |s| {
            s["restartPolicy"] = json!({"enabled": true, "ignoredExitCodes": [0]})
        }),
        ("PL027", |s| s["portMappings"] = json!([{"containerPort": 80}])),
        ("PL027", |s| {
            s["secrets"] = json!([{"name": "KEY", "valueFrom": "arn:x"}])
        }),
        ("PL028", |_| {}),
    ];
    for (rule, breaker) in breakers {
        let text = with_sidecar(breaker);
        let text = if rule == "PL028" { healthy() } else { text };
        assert!(ids(&text).contains(&rule), "{rule}: {:?}", ids(&text));
        let amended = injected(&text, &no_wishes());
        assert_eq!(ids(&amended.text), Vec::<&str>::new(), "{rule}\n{}", amended.text);
        let changes = amended.changes.join("\n");
        assert!(changes.contains(rule), "{rule}: {changes}");
    }
}

#[test]
fn dependencies_on_the_sidecar_are_taken_out() {
    let depends_on = json!([{"containerName": SIDECAR, "condition": "START"}]);
    let volumes_from = json!([{"sourceContainer": SIDECAR, "readOnly": true}]);
    for (member, value) in [
        ("dependsOn", depends_on),
        ("links", json!(["ecs-daemon-protector:guard"])),
        ("volumesFrom", volumes_from),
    ] {
        let text = changed(|definition| definition["containerDefinitions"][0][member] = value);
        assert!(ids(&text).contains(&"PL003"), "{member}");
        let amended = injected(&text, &no_wishes());
        assert_eq!(ids(&amended.text), Vec::<&str>::new(), "{member}");
    }
}

#[test]
fn wishes_are_fulfilled_once() {
    let settings = vec![("PROTECTOR_UNKNOWN_GRACE".to_owned(), "20s".to_owned())];
    let hold = SignedDuration::from_hours(3);
    let wishes = Wishes {
        max_hold: Some(hold),
        settings,
        ..wishes()
    };
    let text = with_sidecar(|_| {});
    let amended = injected(&text, &wishes);
    let value: Value = serde_json::from_str(&amended.text).unwrap();
    let sidecar = &value["containerDefinitions"][1];
    assert_eq!(sidecar["image"], IMAGE);
    assert_eq!(sidecar["stopTimeout"], 3 * 3600 + 300);
    assert_eq!(sidecar["environment"][1]["value"], "3h");
    let grace = json!({"name": "PROTECTOR_UNKNOWN_GRACE", "value": "20s"});
    assert_eq!(sidecar["environment"][2], grace);
    let again = injected(&amended.text, &wishes);
    assert_eq!(again.text, amended.text);
    assert!(again.changes.is_empty());
}

#[test]
fn a_label_keeps_a_value_as_it_is() {
    let text = with_sidecar(|sidecar| {
        sidecar["memory"] = json!(64);
        sidecar["dockerLabels"] = json!({"protectorctl.ignore": "PL023"});
    });
    assert_eq!(injected(&text, &no_wishes()).text, text);
}

#[test]
fn a_task_that_cannot_be_protected_is_refused_with_the_reason() {
    let refusal = |text: &str, wishes: &Wishes| {
        let refusal = amend(text, wishes).unwrap_err();
        (refusal.is_an_answer(), refusal.to_string())
    };
    let bare_with = |change: fn(&mut Value)| {
        changed(|definition| {
            definition["containerDefinitions"].as_array_mut().unwrap().pop();
            change(definition);
        })
    };
    let cases: [(&str, Breaker); 6] = [
        ("cannot reach the instance metadata service (PL010)", |d| {
            d["networkMode"] = json!("awsvpc")
        }),
        ("neither metadata nor Parameter Store (PL010)", |d| {
            d["networkMode"] = json!("none")
        }),
        ("must have EC2", |d| {
            d["requiresCompatibilities"] = json!(["FARGATE"])
        }),
        ("(PL019)", |d| {
            d["runtimePlatform"] = json!({"operatingSystemFamily": "WINDOWS_SERVER_2022_CORE"})
        }),
        ("there is no container to protect", |d| {
            d["containerDefinitions"] = json!([])
        }),
        ("must be a whole number (PL017)", |d| {
            d["containerDefinitions"][0]["stopTimeout"] = json!("60")
        }),
    ];
    for (words, change) in cases {
        let (is_answer, said) = refusal(&bare_with(change), &wishes());
        assert!(is_answer && said.contains(words), "{said}");
    }
    // An instance that is named makes awsvpc possible.
    let mut named = wishes();
    named.settings = vec![("PROTECTOR_INSTANCE_ID".into(), "i-0123456789abcdef0".into())];
    let text = bare_with(|d| d["networkMode"] = json!("awsvpc"));
    assert!(amend(&text, &named).is_ok());
}

#[test]
fn a_wish_that_is_wrong_is_no_answer() {
    let text = bare(&with_sidecar(|_| {}));
    let wrong = |wishes: Wishes| {
        let refusal = amend(&text, &wishes).unwrap_err();
        assert!(!refusal.is_an_answer(), "{refusal}");
        refusal.to_string()
    };
    assert!(wrong(no_wishes()).contains("--image REF is needed"));
    let short = Wishes {
        max_hold: Some(SignedDuration::from_mins(63)),
        ..wishes()
    };
    assert!(wrong(short).contains("--max-hold 1h3m is too short: 3810 s"));
    let setting = Wishes {
        settings: vec![("PROTECTOR_UNKNOWN_GRACE".into(), "soon".into())],
        ..wishes()
    };
    assert!(wrong(setting).contains("PROTECTOR_UNKNOWN_GRACE=\"soon\": expected a duration"));
    let mut long = wishes();
    long.expected.max_drain = SignedDuration::from_hours(48);
    assert!(wrong(long).contains("no PROTECTOR_MAX_HOLD is long enough"));
}

#[test]
fn a_setting_from_a_secret_is_not_overridden() {
    let text =
        with_sidecar(|sidecar| sidecar["secrets"] = json!([{"name": "PROTECTOR_LOG", "valueFrom": "x"}]));
    let wishes = Wishes {
        settings: vec![("PROTECTOR_LOG".into(), "debug".into())],
        ..no_wishes()
    };
    assert!(matches!(amend(&text, &wishes), Err(Refusal::Secret(name)) if name == "PROTECTOR_LOG"));
}

#[test]
fn what_describing_adds_is_dropped_when_it_is_asked_for() {
    let mut definition = example();
    definition["taskDefinitionArn"] = json!("arn:aws:ecs:eu-west-1:1:task-definition/x:7");
    definition["revision"] = json!(7);
    definition["status"] = json!("ACTIVE");
    definition["requiresAttributes"] = json!([{"name": "x"}]);
    definition["compatibilities"] = json!(["EC2"]);
    definition["registeredAt"] = json!(1.5);
    definition["registeredBy"] = json!("arn:x");
    definition["ipcMode"] = json!(null);
    definition["containerDefinitions"][0]["links"] = json!(null);
    let described = json!({"taskDefinition": definition, "tags": [{"key": "a", "value": "b"}]});
    let text = serde_json::to_string_pretty(&described).unwrap();
    let ready = ready(&text).unwrap();
    let mut registered = example();
    registered["tags"] = json!([{"key": "a", "value": "b"}]);
    assert_eq!(serde_json::from_str::<Value>(&ready.text).unwrap(), registered);
    assert!(ready.unwrapped && !ready.is_jsonc);
    assert_eq!(ready.dropped.len(), 9, "{:?}", ready.dropped);
    assert_eq!(ids(&ready.text), Vec::<&str>::new());
    let commented = super::ready::ready("{\"containerDefinitions\": [] /* c */}");
    assert!(commented.unwrap().is_jsonc);
}

#[test]
fn removing_takes_what_hangs_on_the_sidecar_with_it() {
    let text = changed(|definition| definition["containerDefinitions"][0]["links"] = json!([SIDECAR]));
    let removed = remove(&text, SIDECAR).unwrap();
    assert!(removed.found);
    assert_eq!(removed.dependencies, 1);
    assert!(!removed.text.contains(SIDECAR));
    let none = remove(&removed.text, SIDECAR).unwrap();
    assert!(!none.found && none.text == removed.text);
}

#[test]
fn the_report_says_what_was_done() {
    let added = injected(&bare(&with_sidecar(|_| {})), &wishes());
    let done = "sidecar added, protects fluent-bit; stopTimeout 7500 s";
    assert_eq!(report::amended(&added), [done]);
    let again = injected(&added.text, &wishes());
    assert_eq!(report::amended(&again), ["unchanged"]);
    let text = changed(|definition| {
        definition["taskRoleArn"] = json!(null);
        definition["containerDefinitions"][1]["memory"] = json!(8);
    });
    let corrected = report::amended(&injected(&text, &no_wishes()));
    assert_eq!(corrected[0], "corrected: memory (PL023)");
    let by_hand = "by hand: error[PL014]: taskRoleArn is missing";
    assert!(corrected[1].starts_with(by_hand), "{corrected:?}");
}

#[test]
fn a_difference_is_shown_in_unified_form() {
    let (before, after) = ("a\nb\nc\n", "a\nB\nc\n");
    let expected = "--- f\n+++ f\n@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n";
    assert_eq!(report::diff("f", before, after, false), expected);
    assert!(report::diff("f", before, after, true).contains("\u{1b}[31m-b\u{1b}[0m\n"));
    assert_eq!(report::diff("f", before, before, true), "");
    assert!(report::diff("f", "a", "b", false).ends_with("file\n"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever comments and blanks a definition has: they stay, in their order; the second run changes nothing; and
    /// taking the sidecar out gives the text that there was.
    #[test]
    fn comments_stay_and_the_way_back_is_exact(seed: u64, width in 0usize..3) {
        let mut rng = Rng::with_seed(seed);
        let all = examples();
        let text = &rng.choice(all).unwrap().1;
        let text = bare(text);
        let text = match width {
            0 => text,
            1 => serde_json::from_str::<Value>(&text).unwrap().to_string(),
            _ => text.replace('\n', "\r\n").replace("  ", "\t"),
        };
        let text = commented(&mut rng, &text);
        let amended = injected(&text, &wishes());
        prop_assert_eq!(comments(&amended.text), comments(&text));
        prop_assert_eq!(injected(&amended.text, &wishes()).text, amended.text.clone());
        prop_assert_eq!(ids(&amended.text), Vec::<&str>::new());
        prop_assert_eq!(bare(&amended.text), text);
    }
}

/// An answer for whatever may be given, the same when it is asked again, and nothing left that could be corrected.
fn assert_settled(text: &str) {
    for wishes in [wishes(), no_wishes()] {
        match amend(text, &wishes) {
            Ok(amended) => {
                let text = &amended.text;
                assert_eq!(&injected(text, &wishes).text, text);
                let examined = examined(text);
                assert!(examined.counted().all(|finding| finding.fix.is_none()), "{text}");
            }
            Err(Refusal::Endless) => panic!("{text}"),
            Err(refusal) => assert!(!refusal.to_string().is_empty()),
        }
    }
    if let Ok(ready) = ready(text) {
        assert!(!ready.text.contains("\"taskDefinitionArn\""));
    }
    let _ = remove(text, SIDECAR);
}

#[test]
fn four_thousand_mutated_definitions_are_settled() {
    let texts = examples();
    let mut rng = Rng::with_seed(7);
    let mut settled = 0;
    for _ in 0..4000 {
        let text = mutated(&mut rng, &texts);
        settled += usize::from(amend(&text, &no_wishes()).is_ok());
        assert_settled(&text);
    }
    // Otherwise the mutations would be so wild that nothing but refusals was tried.
    assert!(settled > 400, "{settled}");
}

#[test]
fn a_thousand_garbled_texts_are_answered() {
    let texts = examples();
    let mut rng = Rng::with_seed(8);
    for _ in 0..1000 {
        let bytes = garbled(&mut rng, &texts);
        if let Ok((text, _)) = decode(&bytes)
            && Document::parse(text).is_ok()
        {
            assert_settled(text);
        }
    }
}
