//! What the tests of `lint` and of `inject` share: examples, and many odd variants of them.

use super::context::Expectations;
use super::examine::{Document, Examined};
use fastrand::Rng;
use jiff::SignedDuration;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};

/// The top of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The example task definitions: name and text.
pub(crate) fn examples() -> Vec<(String, String)> {
    let folder = fs::read_dir(root().join("examples")).unwrap();
    let mut paths: Vec<PathBuf> = folder.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.sort();
    assert!(paths.len() >= 4, "{paths:?}");
    paths
        .iter()
        .map(|path| (path.display().to_string(), fs::read_to_string(path).unwrap()))
        .collect()
}

/// Fluent Bit on the host's network, with the sidecar.
pub(crate) fn example() -> Value {
    let text = fs::read_to_string(root().join("examples/task-definition.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// The example, changed: the first argument is the definition.
pub(crate) fn changed(change: impl FnOnce(&mut Value)) -> String {
    let mut definition = example();
    change(&mut definition);
    serde_json::to_string_pretty(&definition).unwrap()
}

/// The example with a change of its sidecar.
pub(crate) fn with_sidecar(change: impl FnOnce(&mut Value)) -> String {
    changed(|definition| change(&mut definition["containerDefinitions"][1]))
}

/// The example, in which the daemon has a health check and the sidecar waits for it.
pub(crate) fn healthy() -> String {
    changed(|definition| {
        let containers = &mut definition["containerDefinitions"];
        containers[0]["healthCheck"] = json!({"command": ["CMD", "true"]});
        containers[1]["dependsOn"][0]["condition"] = json!("HEALTHY");
    })
}

/// Gives a container one more variable.
pub(crate) fn add_variable(container: &mut Value, name: &str, value: &str) {
    let variables = container["environment"].as_array_mut().unwrap();
    variables.push(json!({"name": name, "value": value}));
}

/// The coordinator's defaults, taken as known.
pub(crate) fn expected() -> Expectations {
    Expectations {
        container: "ecs-daemon-protector".parse().unwrap(),
        max_drain: SignedDuration::from_hours(1),
        max_drain_is_known: true,
        daemon_stop: SignedDuration::from_mins(2),
        tiers: 1,
        prefix: None,
        allow_none: false,
    }
}

/// What is found in a text that has a definition.
pub(crate) fn examined(text: &str) -> Examined {
    Document::parse(text).unwrap().examine(&expected())
}

/// The ids of all findings that count, without the reminder of bridge mode.
pub(crate) fn ids(text: &str) -> Vec<&'static str> {
    let examined = examined(text);
    let codes = examined.counted().map(|finding| finding.rule.code());
    codes.filter(|code| *code != "PL025").collect()
}

/// Id and message of all findings.
pub(crate) fn found(text: &str) -> Vec<(&'static str, String)> {
    let findings = examined(text).findings.into_iter();
    findings
        .map(|finding| (finding.rule.code(), finding.message))
        .collect()
}

/// Values that may be anywhere in a mutated definition.
fn odd(rng: &mut Rng) -> Value {
    let all = [
        json!(null),
        json!(true),
        json!(0),
        json!(-1),
        json!(i64::MAX),
        json!(1.5),
        json!(""),
        json!("ecs-daemon-protector"),
        json!("fluent-bit"),
        json!("START"),
        json!("awsvpc"),
        json!("999h"),
        json!("\u{0}\u{1b}[31m\u{202e}é"),
        json!([]),
        json!({}),
        json!([[[]]]),
        json!({"name": "ecs-daemon-protector"}),
        json!([{"containerName": "ecs-daemon-protector", "condition": "HEALTHY"}]),
        json!([{"name": "PROTECTOR_MAX_HOLD", "value": "49h"}, {"name": "PROTECTOR_PROTECTS", "value": "x"}]),
    ];
    rng.choice(all).unwrap()
}

/// The places of all values, as JSON pointers.
fn places(value: &Value, at: &str, all: &mut Vec<String>) {
    all.push(at.to_owned());
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                places(value, &format!("{at}/{name}"), all);
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                places(value, &format!("{at}/{index}"), all);
            }
        }
        _ => {}
    }
}

/// An example of which one to three values are something else, gone, doubled, or wrapped.
pub(crate) fn mutated(rng: &mut Rng, texts: &[(String, String)]) -> String {
    let mut definition: Value = serde_json::from_str(&rng.choice(texts).unwrap().1).unwrap();
    for _ in 0..rng.usize(1..=3) {
        let mut all = Vec::new();
        places(&definition, "", &mut all);
        let place = rng.choice(all).unwrap();
        let value = definition.pointer_mut(&place).unwrap();
        let old = value.take();
        *value = match (rng.u8(0..6), old) {
            (0, Value::Array(mut items)) if !items.is_empty() => {
                items.push(items[0].clone());
                Value::Array(items)
            }
            (1, Value::Array(mut items)) if !items.is_empty() => {
                items.remove(rng.usize(..items.len()));
                Value::Array(items)
            }
            (0 | 1, Value::Object(mut members)) if !members.is_empty() => {
                let name = rng.choice(members.keys().cloned().collect::<Vec<_>>()).unwrap();
                members.remove(&name);
                Value::Object(members)
            }
            (2, old) => json!([old]),
            (3, old) => json!({"name": old}),
            _ => odd(rng),
        };
    }
    let text = match rng.bool() {
        true => serde_json::to_string_pretty(&definition).unwrap(),
        false => definition.to_string(),
    };
    if rng.u8(0..4) == 0 {
        json!({"taskDefinition": definition, "tags": []}).to_string()
    } else {
        text
    }
}

/// An example that is cut, or has other letters in it, doubled ones, or none.
pub(crate) fn garbled(rng: &mut Rng, texts: &[(String, String)]) -> Vec<u8> {
    let mut bytes = rng.choice(texts).unwrap().1.clone().into_bytes();
    for _ in 0..rng.usize(1..=4) {
        let start = rng.usize(..=bytes.len());
        let length = rng.choice([0, 1, 1, 2, 8, 400]).unwrap();
        let end = bytes.len().min(start + length);
        let new = match rng.u8(0..6) {
            0 => Vec::new(),
            1 => vec![rng.u8(..)],
            2 => b"null".to_vec(),
            3 => b"[".repeat(2000),
            4 => b"/* c */".to_vec(),
            _ => bytes[start..end].repeat(2),
        };
        bytes.splice(start..end, new);
    }
    bytes
}

/// The text with comments at some of the places between its tokens.
pub(crate) fn commented(rng: &mut Rng, text: &str) -> String {
    let mut out = String::new();
    let (mut is_text, mut is_escaped) = (false, false);
    for (index, letter) in text.chars().enumerate() {
        out.push(letter);
        if is_text {
            is_text = is_escaped || letter != '"';
            is_escaped = letter == '\\' && !is_escaped;
        } else if letter == '"' {
            is_text = true;
        }
        if !is_text && "{}[],:\"".contains(letter) && rng.u8(0..6) == 0 {
            match rng.u8(0..3) {
                0 => out.push_str(&format!(" // c{index} \"[{{\n")),
                1 => out.push_str(&format!("/* c{index} ]}} */")),
                _ => out.push_str(&format!("\n  /* c{index}\n , */ ")),
            }
        }
    }
    out
}

/// All comments of a text, in order.
pub(crate) fn comments(text: &str) -> Vec<String> {
    let mut all = Vec::new();
    let (mut rest, mut is_text) = (text, false);
    while let Some(letter) = rest.chars().next() {
        let line = rest
            .starts_with("//")
            .then(|| rest.find(['\r', '\n']).unwrap_or(rest.len()));
        let block = rest.starts_with("/*").then(|| rest.find("*/").unwrap() + 2);
        let length = match line.or(block).filter(|_| !is_text) {
            Some(length) => {
                all.push(rest[..length].to_owned());
                length
            }
            None if is_text && letter == '\\' => 2,
            None => {
                is_text ^= letter == '"';
                letter.len_utf8()
            }
        };
        rest = &rest[length..];
    }
    all
}
