//! The report as one JSON object. Fields are added, never changed.

use super::Report;
use crate::lint::finding::{Finding, Suppression};
use crate::lint::rules::{Correction, Severity};
use crate::lint::source::Position;
use serde::Serialize;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JsonReport<'a> {
    schema: u32,
    kind: &'static str,
    version: &'static str,
    files: Vec<JsonFile<'a>>,
    summary: Summary,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JsonFile<'a> {
    file: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    rules: Option<usize>,
    /// Whether wrong types kept the other rules from being checked.
    #[serde(skip_serializing_if = "Option::is_none")]
    stopped: Option<bool>,
    findings: Vec<Entry<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<JsonError<'a>>,
}

#[derive(Serialize)]
struct JsonError<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<usize>,
    message: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry<'a> {
    rule: &'static str,
    name: &'static str,
    severity: Severity,
    #[serde(skip_serializing_if = "Option::is_none")]
    container: Option<&'a str>,
    /// A JSON pointer into the document.
    pointer: String,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
    message: &'a str,
    fix: Correction,
    #[serde(skip_serializing_if = "Option::is_none")]
    suppressed: Option<&'static str>,
}

#[derive(Serialize)]
struct Summary {
    errors: usize,
    warnings: usize,
    notes: usize,
    suppressed: usize,
    unreadable: usize,
}

/// The whole report on one line.
pub(super) fn written(report: &Report) -> String {
    let all = report.files.iter().filter_map(|file| file.examined.as_ref().ok());
    let suppressed = all
        .map(|examined| examined.findings.len() - examined.counted().count())
        .sum();
    let document = JsonReport {
        schema: 1,
        kind: "lint",
        version: env!("CARGO_PKG_VERSION"),
        files: report.files.iter().map(file).collect(),
        summary: Summary {
            errors: report.count(Severity::Error),
            warnings: report.count(Severity::Warning),
            notes: report.count(Severity::Note),
            suppressed,
            unreadable: report.files.iter().filter(|file| file.examined.is_err()).count(),
        },
    };
    serde_json::to_string(&document).unwrap_or_default()
}

fn file(file: &super::File) -> JsonFile<'_> {
    let examined = file.examined.as_ref();
    let findings = examined
        .map(|examined| examined.findings.as_slice())
        .unwrap_or_default();
    let error = examined.err().map(|error| {
        let [line, column] = [error.at.map(|at| at.line), error.at.map(|at| at.column)];
        JsonError {
            line,
            column,
            message: &error.expected,
        }
    });
    JsonFile {
        file: &file.name,
        rules: examined.ok().map(|examined| examined.rules),
        stopped: examined.ok().map(|examined| examined.stopped),
        findings: findings
            .iter()
            .map(|finding| entry(&file.text, finding))
            .collect(),
        error,
    }
}

fn entry<'a>(text: &str, finding: &'a Finding) -> Entry<'a> {
    let rule = finding.rule.rule();
    let start = Position::of(text, finding.span.start);
    let end = Position::of(text, finding.span.end);
    Entry {
        rule: rule.code,
        name: rule.name,
        severity: finding.severity,
        container: finding.container.as_deref(),
        pointer: finding.path.to_string(),
        line: start.line,
        column: start.column,
        end_line: end.line,
        end_column: end.column,
        message: &finding.message,
        fix: if finding.fix.is_some() {
            Correction::Inject
        } else {
            Correction::ByHand
        },
        suppressed: finding.suppressed.map(|suppression| match suppression {
            Suppression::Label => "label",
            Suppression::Option => "option",
        }),
    }
}
