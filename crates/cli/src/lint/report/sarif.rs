//! The report in SARIF 2.1.0 (OASIS), as code scanning takes it.

use super::{File, Report};
use crate::edit::Edit;
use crate::lint::examine::Examined;
use crate::lint::explain::{anchor, plain};
use crate::lint::finding::{Finding, Suppression};
use crate::lint::rules::{RULES, Rule};
use crate::lint::source::{Position, Unreadable};
use serde_json::{Value, json};
use std::ops::Range;

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

pub(super) fn written(report: &Report) -> String {
    let results: Vec<Value> = report
        .files
        .iter()
        .filter_map(|file| Some((file, file.examined.as_ref().ok()?)))
        .flat_map(|(file, examined)| results(file, examined))
        .collect();
    let unread = report
        .files
        .iter()
        .filter_map(|file| Some((file, file.examined.as_ref().err()?)));
    let notifications: Vec<Value> = unread.map(|(file, error)| notification(file, error)).collect();
    let log = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "protectorctl",
                "version": env!("CARGO_PKG_VERSION"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": RULES.iter().map(rule).collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "invocations": [{
                "executionSuccessful": notifications.is_empty(),
                "toolExecutionNotifications": notifications,
            }],
            "results": results,
        }],
    });
    serde_json::to_string_pretty(&log).unwrap_or_default()
}

fn rule(rule: &Rule) -> Value {
    json!({
        "id": rule.code,
        "name": rule.name,
        "shortDescription": {"text": plain(rule.title)},
        "fullDescription": {"text": plain(rule.why)},
        "help": {"text": format!("{} See {}", plain(rule.how), anchor(rule))},
        "defaultConfiguration": {"level": rule.severity.name()},
    })
}

fn results(file: &File, examined: &Examined) -> Vec<Value> {
    let pairs = examined.findings.iter().zip(&examined.edits);
    pairs
        .map(|(finding, edits)| result(file, finding, edits))
        .collect()
}

fn result(file: &File, finding: &Finding, edits: &[Edit]) -> Value {
    let mut result = json!({
        "ruleId": finding.rule.code(),
        "ruleIndex": finding.rule as usize,
        "level": finding.severity.name(),
        "message": {"text": finding.message},
        "locations": [{
            "physicalLocation": {
                "artifactLocation": {"uri": uri(&file.name)},
                "region": region(&file.text, &finding.span),
            },
            "logicalLocations": [{"fullyQualifiedName": finding.path.to_string(), "kind": "member"}],
        }],
        "partialFingerprints": {"protectorctl/v1": fingerprint(finding)},
    });
    if !edits.is_empty() {
        put(&mut result, "fixes", json!([fix(file, edits)]));
    }
    if let Some(suppression) = finding.suppressed {
        let (kind, why) = match suppression {
            Suppression::Label => ("inSource", "Docker label protectorctl.ignore"),
            Suppression::Option => ("external", "option --ignore"),
        };
        put(
            &mut result,
            "suppressions",
            json!([{"kind": kind, "justification": why}]),
        );
    }
    result
}

fn fix(file: &File, edits: &[Edit]) -> Value {
    let replacement = |edit: &Edit| {
        json!({
            "deletedRegion": region(&file.text, &edit.range),
            "insertedContent": {"text": edit.text},
        })
    };
    json!({
        "description": {"text": "What protectorctl inject does."},
        "artifactChanges": [{
            "artifactLocation": {"uri": uri(&file.name)},
            "replacements": edits.iter().map(replacement).collect::<Vec<_>>(),
        }],
    })
}

fn notification(file: &File, error: &Unreadable) -> Value {
    let mut place = json!({"artifactLocation": {"uri": uri(&file.name)}});
    if let Some(at) = error.at {
        put(
            &mut place,
            "region",
            json!({"startLine": at.line, "startColumn": at.column}),
        );
    }
    json!({
        "level": "error",
        "message": {"text": error.expected},
        "locations": [{"physicalLocation": place}],
    })
}

fn put(object: &mut Value, name: &str, value: Value) {
    if let Some(members) = object.as_object_mut() {
        members.insert(name.to_owned(), value);
    }
}

fn region(text: &str, span: &Range<usize>) -> Value {
    let [start, end] = [span.start, span.end].map(|byte| Position::of(text, byte));
    json!({
        "startLine": start.line,
        "startColumn": start.column,
        "endLine": end.line,
        "endColumn": end.column,
    })
}

/// The same for a finding wherever its lines have moved to: rule, container and member, but no place.
fn fingerprint(finding: &Finding) -> String {
    let container = finding.container.as_deref().unwrap_or_default();
    let key = [finding.rule.code(), container, &finding.subject.to_string()].join("\u{0}");
    format!("{:016x}", fnv1a(key.as_bytes()))
}

/// FNV-1a, 64 bits: stable over versions and machines, which the hashers of the standard library are not.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// A file's name as a reference relative to where the command ran (RFC 3986); an absolute one as a file URI.
fn uri(name: &str) -> String {
    let relative = name.strip_prefix("./").unwrap_or(name);
    let keep = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    let path: String = relative
        .bytes()
        .map(|byte| {
            if keep(byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect();
    if path.starts_with('/') {
        format!("file://{path}")
    } else {
        path
    }
}
