//! The rules, for people.

use super::rules::{RULES, Rule};

/// The page that has all rules.
pub(crate) const PAGE: &str = "docs/checks.md";

/// Where a rule is documented.
#[must_use]
pub(crate) fn anchor(rule: &Rule) -> String {
    format!("{PAGE}#{}", rule.code.to_lowercase())
}

/// A line for each rule.
#[must_use]
pub(crate) fn list() -> String {
    let line = |rule: &Rule| {
        let severity = rule.severity.name();
        let correction = rule.correction.name();
        format!(
            "{}  {severity:7}  {correction:19}  {}",
            rule.code,
            plain(rule.title)
        )
    };
    RULES.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// All that is known of a rule.
#[must_use]
pub(crate) fn rule(rule: &Rule) -> String {
    format!(
        "{} {} ({})\n\n{}\n\nWhy: {}\n\nFix ({}): {}\n\nSee {}",
        rule.code,
        rule.name,
        rule.severity.name(),
        plain(rule.title),
        plain(rule.why),
        rule.correction.name(),
        plain(rule.how),
        anchor(rule),
    )
}

/// A text of the documentation without its marks of code.
#[must_use]
pub(crate) fn plain(text: &str) -> String {
    text.replace('`', "")
}
