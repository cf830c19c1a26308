//! Workflow commands of GitHub Actions: each finding is shown at its line of the change.

use super::Report;
use crate::lint::finding::Finding;
use crate::lint::rules::Severity;
use crate::lint::source::Position;
use crate::look::printable;

/// A line for each finding, and for each file that cannot be read.
pub(super) fn written(report: &Report) -> String {
    let findings = report
        .findings()
        .map(|(file, finding)| annotation(&file.name, &file.text, finding));
    let unread = report.files.iter().filter_map(|file| {
        let error = file.examined.as_ref().err()?;
        let place = error
            .at
            .map_or_else(String::new, |at| format!(",line={},col={}", at.line, at.column));
        Some(format!(
            "::error file={}{place}::{}",
            property(&file.name),
            data(&error.expected)
        ))
    });
    findings.chain(unread).collect::<Vec<_>>().join("\n")
}

fn annotation(name: &str, text: &str, finding: &Finding) -> String {
    let command = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    };
    let start = Position::of(text, finding.span.start);
    let end = Position::of(text, finding.span.end);
    let rule = finding.rule.rule();
    format!(
        "::{command} file={},line={},col={},endLine={},endColumn={},title={} {}::{}",
        property(name),
        start.line,
        start.column,
        end.line,
        end.column,
        rule.code,
        rule.name,
        data(&finding.message)
    )
}

/// The text of a command, escaped as GitHub's toolkit does it. Line ends are among what is not printable.
fn data(text: &str) -> String {
    printable(text).replace('%', "%25")
}

/// A property of a command, which ends at a colon or a comma.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
