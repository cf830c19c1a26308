//! The report on a changed definition.

use super::amend::Amended;
use super::ready::Ready;
use super::remove::Removed;
use similar::{ChangeTag, TextDiff};

/// Lines of context around a change.
const CONTEXT: usize = 3;

/// What was done, and what is left for a person.
pub(super) fn amended(amended: &Amended) -> Vec<String> {
    let mut lines = vec![done(amended)];
    lines.extend(amended.left.iter().map(|finding| {
        format!(
            "by hand: {}[{}]: {}",
            finding.severity.name(),
            finding.rule,
            finding.message
        )
    }));
    lines
}

fn done(amended: &Amended) -> String {
    let changes = amended.changes.join(", ");
    match (amended.added, amended.changes.is_empty()) {
        (true, _) => {
            let timeout = amended
                .stop_timeout
                .map_or_else(String::new, |seconds| format!("; stopTimeout {seconds} s"));
            let also = if changes.is_empty() {
                changes
            } else {
                format!("; also {changes}")
            };
            format!(
                "sidecar added, protects {}{timeout}{also}",
                amended.protects.join(", ")
            )
        }
        (false, false) => format!("corrected: {changes}"),
        (false, true) => "unchanged".to_owned(),
    }
}

/// Returns a line that says what was removed.
pub(super) fn removed(removed: &Removed, name: &str) -> String {
    match (removed.found, removed.dependencies) {
        (false, _) => format!("unchanged: no container is called {name}"),
        (true, 0) => "sidecar removed".to_owned(),
        (true, number) => format!("sidecar removed, and dependencies of other containers on it: {number}"),
    }
}

/// What was dropped.
pub(super) fn ready(ready: &Ready) -> Vec<String> {
    let mut lines = Vec::new();
    if ready.unwrapped {
        lines.push("taken out of taskDefinition".to_owned());
    }
    if !ready.dropped.is_empty() {
        lines.push(format!(
            "dropped, because register-task-definition refuses it: {}",
            ready.dropped.join(", ")
        ));
    }
    if ready.is_jsonc {
        lines.push("comments or trailing commas are left: the AWS CLI does not take them".to_owned());
    }
    lines
}

/// The difference in unified form; empty if there is none.
pub(super) fn diff(name: &str, before: &str, after: &str, colors: bool) -> String {
    let diff = TextDiff::from_lines(before, after);
    let mut unified = diff.unified_diff();
    let unified = unified.context_radius(CONTEXT);
    if !colors {
        let text = unified.header(name, name).to_string();
        let end = if text.is_empty() || text.ends_with('\n') {
            ""
        } else {
            "\n"
        };
        return text + end;
    }
    let mut out = String::new();
    if before != after {
        out.push_str(&format!("--- {name}\n+++ {name}\n"));
    }
    for hunk in unified.iter_hunks() {
        out.push_str(&format!("{}\n", hunk.header()));
        for change in hunk.iter_changes() {
            let (sign, color) = match change.tag() {
                ChangeTag::Delete => ("-", "\u{1b}[31m"),
                ChangeTag::Insert => ("+", "\u{1b}[32m"),
                ChangeTag::Equal => (" ", ""),
            };
            let end = if color.is_empty() { "" } else { "\u{1b}[0m" };
            let line = change.value().trim_end_matches('\n');
            out.push_str(&format!("{color}{sign}{line}{end}\n"));
        }
    }
    out
}
