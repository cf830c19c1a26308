//! The report for people: each finding with its lines of the source.

use super::{File, Report};
use crate::edit::{Path, PathStep};
use crate::lint::examine::Examined;
use crate::lint::explain::anchor;
use crate::lint::finding::Finding;
use crate::lint::layout::DefinitionForm;
use crate::lint::rules::Severity;
use crate::look::{Look, printable};
use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Element, Level, Renderer, Snippet};
use protector_core::plural::counted;

/// All findings, and a line for each file.
pub(super) fn written(report: &Report) -> String {
    let renderer = renderer(report.look);
    let mut parts = Vec::new();
    for file in &report.files {
        if let Ok(examined) = &file.examined {
            parts.extend(
                examined
                    .counted()
                    .map(|finding| finding_text(file, finding, &renderer) + "\n"),
            );
            parts.push(summary(file, examined));
        }
    }
    if report.files.len() > 1 {
        parts.push(total(report));
    }
    parts.join("\n")
}

fn renderer(look: Look) -> Renderer {
    let renderer = if look.colors {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    renderer.decor_style(DecorStyle::Ascii).term_width(look.width)
}

fn finding_text(file: &File, finding: &Finding, renderer: &Renderer) -> String {
    let level = match finding.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let rule = finding.rule.rule();
    let span = finding.span.clone();
    let label = label(finding);
    let primary = AnnotationKind::Primary.span(span).label(label);
    let snippet = Snippet::source(file.text.as_str())
        .path(file.name.as_str())
        .annotation(primary);
    let help = Level::HELP.with_name("fix").message(fix(file, finding));
    let see = Level::NOTE.with_name("see").message(anchor(rule));
    let elements: [Element<'_>; 3] = [snippet.into(), help.into(), see.into()];
    let title = level.primary_title(printable(&finding.message)).id(rule.code);
    renderer.render(&[title.elements(elements)])
}

/// What is marked: the member, or that it is missing here.
fn label(finding: &Finding) -> String {
    let subject = shown(&finding.subject);
    let label = match &finding.container {
        Some(container) if subject.is_empty() => container.clone(),
        Some(container) => format!("{subject} of {container}"),
        None => subject,
    };
    printable(&if finding.is_missing {
        format!("here is no {label}")
    } else {
        label
    })
}

fn shown(path: &Path) -> String {
    let steps = path.0.iter().map(|step| match step {
        PathStep::Member(name) => name.clone(),
        PathStep::Element(index) => index.to_string(),
    });
    steps.collect::<Vec<_>>().join(".")
}

fn fix(file: &File, finding: &Finding) -> String {
    let how = crate::lint::explain::plain(finding.rule.rule().how);
    match (&finding.fix, file.name.as_str()) {
        (None, _) => how,
        (Some(_), "stdin") => format!("{how} Or: protectorctl inject --diff -"),
        (Some(_), name) => format!("{how} Or: protectorctl inject --diff {name}"),
    }
}

fn summary(file: &File, examined: &Examined) -> String {
    let findings = counted(examined.counted().count(), "finding");
    let suppressed = examined.findings.len() - examined.counted().count();
    let mut text = format!("{}: {}, {findings}", file.name, counted(examined.rules, "rule"));
    if suppressed > 0 {
        text.push_str(&format!(", {suppressed} suppressed"));
    }
    if examined.stopped {
        text.push_str("; the other rules were not checked: correct the types first");
    } else if examined.form == DefinitionForm::Containers {
        text.push_str("; rules about the whole task were not checked: this is a list of containers");
    }
    text
}

fn total(report: &Report) -> String {
    let read = report.files.iter().filter(|file| file.examined.is_ok()).count();
    let unread = report.files.len() - read;
    let mut parts = vec![
        counted(read, "file").to_string(),
        counted(report.count(Severity::Error), "error").to_string(),
        counted(report.count(Severity::Warning), "warning").to_string(),
        counted(report.count(Severity::Note), "note").to_string(),
    ];
    if unread > 0 {
        parts.push(format!("{unread} not read"));
    }
    parts.join(", ")
}
