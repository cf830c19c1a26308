//! The answer for programs.

use crate::header::Header;
use protector_diagnosis::doctor::{Finding, Report};
use protector_diagnosis::fleet::Fleet;
use serde_json::{Value, json};

/// The page that has a part for each check.
pub(super) const PAGE: &str = "docs/checks.md";

/// The whole answer.
pub(super) fn answer(header: Option<&Header>, fleet: &Fleet, report: &Report, is_good: bool) -> Value {
    let mut answer = match header {
        Some(header) => header.json("doctor", fleet),
        None => {
            json!({"schema": 1, "kind": "doctor", "generatedAt": fleet.now, "region": null, "partial": []})
        }
    };
    let totals = report.totals();
    answer["success"] = json!(is_good);
    answer["totals"] = json!({
        "pass": totals.pass,
        "warn": totals.warn,
        "fail": totals.fail,
        "notKnown": totals.not_known,
        "skipped": totals.skipped,
    });
    let sections = report.sections.iter().map(|section| {
        let checks: Vec<Value> = section.findings.iter().map(check).collect();
        json!({"name": section.name(), "category": section.category.name(), "subject": section.subject, "checks": checks})
    });
    answer["categories"] = sections.collect();
    answer
}

/// `description` says what is so where all is well, `error` what is not so.
fn check(finding: &Finding) -> Value {
    let check = finding.id.check();
    let plain = check.title.replace('`', "");
    let is_good = finding.result == protector_diagnosis::doctor::Outcome::Pass;
    json!({
        "id": check.code,
        "description": if is_good { finding.text.as_str() } else { plain.as_str() },
        "result": finding.result.name(),
        "error": (!is_good).then_some(&finding.text),
        "hint": (!finding.hints.is_empty()).then(|| finding.hints.join("; ")),
        "fix": finding.fix,
        "see": format!("{PAGE}#{}", check.code),
    })
}
