//! The findings for a terminal.

use super::json::PAGE;
use crate::header::Header;
use crate::look::{Look, Tone, printable, wrapped};
use protector_diagnosis::doctor::{Finding, Outcome, Report, Section};

/// Characters before what stands below a finding.
const INDENT: usize = 4;

/// The whole screen. A `short` one leaves out what passes.
pub(super) fn screen(header: Option<&Header>, report: &Report, short: bool, look: Look) -> String {
    let mut lines = header.map(|header| header.lines(look)).unwrap_or_default();
    for section in &report.sections {
        if section.skipped_because().is_some() {
            continue;
        }
        let shown = section_lines(section, short, look);
        if shown.is_empty() {
            continue;
        }
        if !lines.is_empty() {
            lines.push(String::new());
        }
        lines.extend(heading(section, look));
        lines.extend(shown);
    }
    if !lines.is_empty() {
        lines.push(String::new());
    }
    lines.extend(whole_sections(report, look));
    lines.extend(wrapped(&format!("Checks: {}.", totals(report)), look.width));
    lines.join("\n")
}

/// Categories of which nothing was looked at, a line for each reason.
fn whole_sections(report: &Report, look: Look) -> Vec<String> {
    let mut reasons: Vec<(&str, Vec<String>)> = Vec::new();
    for section in &report.sections {
        let Some(why) = section.skipped_because() else {
            continue;
        };
        match reasons.iter_mut().find(|(known, _)| *known == why) {
            Some((_, names)) => names.push(section.name()),
            None => reasons.push((why, vec![section.name()])),
        }
    }
    let texts = reasons
        .into_iter()
        .map(|(why, names)| format!("not looked at: {} ({why})", names.join(", ")));
    texts
        .flat_map(|text| marked(&Outcome::Skipped, &text, look))
        .collect()
}

/// `24 pass, 1 warns, 2 fail, 1 not known`.
pub(super) fn totals(report: &Report) -> String {
    let totals = report.totals();
    let verb = |count: usize, one: &str, more: &str| match count {
        1 => format!("1 {one}"),
        _ => format!("{count} {more}"),
    };
    let mut parts = vec![verb(totals.pass, "passes", "pass")];
    let others = [
        (totals.warn, verb(totals.warn, "warns", "warn")),
        (totals.fail, verb(totals.fail, "fails", "fail")),
        (totals.not_known, format!("{} not known", totals.not_known)),
        (totals.skipped, format!("{} not looked at", totals.skipped)),
    ];
    parts.extend(
        others
            .into_iter()
            .filter(|(count, _)| *count > 0)
            .map(|(_, text)| text),
    );
    parts.join(", ")
}

fn heading(section: &Section, look: Look) -> Vec<String> {
    let name = printable(&section.name());
    let names = wrapped(&name, look.width);
    let longest = names
        .iter()
        .map(|line| line.chars().count())
        .max()
        .unwrap_or_default();
    let rule = if look.unicode { "\u{2500}" } else { "-" };
    let names = names.iter().map(|line| look.toned(Tone::Head, line));
    names
        .chain([look.toned(Tone::Dim, &rule.repeat(longest))])
        .collect()
}

fn section_lines(section: &Section, short: bool, look: Look) -> Vec<String> {
    let shown = |finding: &&Finding| !short || finding.result != Outcome::Pass;
    let mut lines = Vec::new();
    let mut skipped: Vec<(&str, Vec<&str>)> = Vec::new();
    for finding in section.findings.iter().filter(shown) {
        if finding.result == Outcome::Skipped {
            let code = finding.id.check().code;
            match skipped.iter_mut().find(|(why, _)| *why == finding.text) {
                Some((_, codes)) => codes.push(code),
                None => skipped.push((&finding.text, vec![code])),
            }
            continue;
        }
        lines.extend(finding_lines(finding, look));
    }
    for (why, codes) in skipped {
        let text = format!("not looked at: {} ({why})", codes.join(", "));
        lines.extend(marked(&Outcome::Skipped, &text, look));
    }
    lines
}

fn finding_lines(finding: &Finding, look: Look) -> Vec<String> {
    let mut lines = marked(&finding.result, &finding.text, look);
    if finding.result == Outcome::Pass {
        return lines;
    }
    let pad = " ".repeat(INDENT);
    let width = look.width.saturating_sub(INDENT).max(16);
    let hints = finding
        .hints
        .iter()
        .flat_map(|hint| wrapped(&printable(hint), width));
    lines.extend(hints.map(|line| format!("{pad}{line}")));
    // A command is not wrapped, so that it can be copied.
    lines.extend(finding.fix.iter().map(|fix| format!("{pad}{}", printable(fix))));
    lines.push(look.toned(Tone::Dim, &format!("{pad}see {PAGE}#{}", finding.id.check().code)));
    lines
}

/// A text behind its mark, wrapped beside it.
fn marked(result: &Outcome, text: &str, look: Look) -> Vec<String> {
    let (mark, tone) = mark(result, look);
    let indent = if look.unicode { 2 } else { 3 };
    let width = look.width.saturating_sub(indent).max(16);
    let text = wrapped(&printable(text), width);
    text.iter()
        .enumerate()
        .map(|(number, line)| {
            let mark = if number == 0 { mark } else { "" };
            let rest = indent - mark.chars().count();
            let line = format!("{mark}{}{line}", " ".repeat(rest));
            look.toned(tone, &line)
        })
        .collect()
}

fn mark(result: &Outcome, look: Look) -> (&'static str, Tone) {
    let (unicode, ascii, tone) = match result {
        Outcome::Pass => ("\u{221a}", "ok", Tone::Plain),
        Outcome::Warn => ("\u{203c}", "!", Tone::Warning),
        Outcome::Fail => ("\u{d7}", "x", Tone::Bad),
        Outcome::NotKnown(_) => ("?", "?", Tone::Warning),
        Outcome::Skipped => ("\u{2013}", "-", Tone::Dim),
    };
    (if look.unicode { unicode } else { ascii }, tone)
}

#[cfg(test)]
mod tests;
