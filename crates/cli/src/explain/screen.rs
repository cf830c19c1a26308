//! An explanation on one screen: verdict, clocks, tasks, and for each cause the evidence and the next command.

use crate::look::table::{self, Column, Row};
use crate::look::{Look, Tone, beside, fitted, printable, wrapped};
use jiff::Timestamp;
use protector_diagnosis::drain::{DrainState, Risk};
use protector_diagnosis::explain::{Cause, Clock, Explanation, Finding, TaskExplanation};
use protector_diagnosis::words::{clock, span};

/// So many pieces of evidence are shown for each cause; `--json` has all.
const EVIDENCE_MAX: usize = 3;

/// Below this width each task has some lines: a table would leave its reason hardly a word.
const NARROW: usize = 80;

/// Characters before the text of a clock.
const LABEL: usize = 13;

/// The whole screen, below its header.
pub(super) fn screen(explanation: &Explanation, place: &str, now: Timestamp, look: Look) -> String {
    let mut lines = Vec::new();
    let left = format!("{}  {}", explanation.instance, explanation.cluster);
    let right = clock(now, now);
    lines.extend(fitted(Tone::Dim, place, look));
    lines.extend(beside((Tone::Head, &left), (Tone::Plain, &right), look));
    let tone = if is_bad(explanation) {
        Tone::Bad
    } else {
        Tone::Good
    };
    lines.extend(
        wrapped(&explanation.verdict, look.width)
            .iter()
            .map(|line| look.toned(tone, line)),
    );
    part(&mut lines, clocks(&explanation.clocks, look));
    let warnings = explanation
        .warnings
        .iter()
        .map(|finding| warning(finding, now, look));
    part(&mut lines, warnings.flatten().collect());
    if let Some(finding) = &explanation.waits_for {
        part(&mut lines, detail("then", finding, now, look));
    }
    if !explanation.tasks.is_empty() {
        part(&mut lines, tasks(&explanation.tasks, now, look));
        part(&mut lines, details(&explanation.tasks, now, look));
    }
    part(&mut lines, orders(explanation, look));
    let notes = explanation
        .notes
        .iter()
        .flat_map(|note| wrapped(note, look.width));
    part(&mut lines, notes.collect());
    let gaps = explanation
        .gaps
        .iter()
        .flat_map(|gap| fitted(Tone::Warning, &printable(&format!("? {gap}")), look));
    part(&mut lines, gaps.collect());
    lines.join("\n")
}

/// Whether a person is needed.
pub(super) fn is_bad(explanation: &Explanation) -> bool {
    let does_drain = explanation.state != DrainState::Done;
    let task = |task: &TaskExplanation| task.why.cause.needs_a_person();
    explanation.risk != Risk::None
        || explanation
            .warnings
            .iter()
            .any(|finding| finding.cause.needs_a_person())
        || (does_drain && explanation.tasks.iter().any(task))
}

/// Adds a part, with an empty line before it.
fn part(lines: &mut Vec<String>, more: Vec<String>) {
    if !more.is_empty() {
        lines.push(String::new());
        lines.extend(more);
    }
}

/// A text with a label before it, wrapped beside the label.
fn labelled(label: &str, text: &str, look: Look) -> Vec<String> {
    let width = look.width.saturating_sub(LABEL).max(20);
    let mut lines = Vec::new();
    for (number, line) in wrapped(&printable(text), width).into_iter().enumerate() {
        let label = if number == 0 { label } else { "" };
        lines.push(format!("  {label:<10} {line}"));
    }
    lines
}

fn clocks(clocks: &[Clock], look: Look) -> Vec<String> {
    let mut lines = Vec::new();
    for one in clocks {
        lines.extend(labelled(one.label, &one.text, look));
        let warning = one
            .warning
            .iter()
            .flat_map(|text| labelled("", &format!("! {text}"), look));
        lines.extend(warning.map(|line| look.toned(Tone::Bad, &line)));
    }
    lines
}

fn warning(finding: &Finding, now: Timestamp, look: Look) -> Vec<String> {
    let mut lines = Vec::new();
    for (number, line) in wrapped(&finding.sentence, look.width.saturating_sub(2))
        .into_iter()
        .enumerate()
    {
        let mark = if number == 0 { "! " } else { "  " };
        lines.push(look.toned(Tone::Bad, &format!("{mark}{line}")));
    }
    lines.extend(evidence(finding, now, look));
    lines.extend(commands(&finding.next));
    lines
}

fn tasks(tasks: &[TaskExplanation], now: Timestamp, look: Look) -> Vec<String> {
    let column = |head, gives_way| Column { head, gives_way };
    let columns = [
        column("TASK", false),
        column("GROUP", true),
        column("STATUS", false),
        column("FOR", false),
        column("WHY IT HOLDS", true),
        column("ENDS", false),
    ];
    let rows: Vec<Row> = tasks
        .iter()
        .map(|task| Row {
            cells: vec![
                task.short_id.clone(),
                // A name of a group is foreign.
                printable(&task.group),
                task.last_status.clone(),
                task.since
                    .map_or_else(|| "?".to_owned(), |since| span(now.duration_since(since))),
                task.why.sentence.clone(),
                look.ends(task.why.ends, now),
            ],
            tone: match task.why.cause.needs_a_person() {
                true => Tone::Bad,
                false => Tone::Plain,
            },
        })
        .collect();
    match look.width < NARROW {
        true => tasks.iter().flat_map(|task| narrow(task, now, look)).collect(),
        false => table::lines(&columns, &rows, look, 2),
    }
}

fn narrow(task: &TaskExplanation, now: Timestamp, look: Look) -> Vec<String> {
    let first = format!(
        "  {} {} {}",
        task.short_id,
        task.last_status,
        look.ends(task.why.ends, now)
    );
    let mut lines = vec![first, format!("    {}", printable(&task.group))];
    lines.extend(
        wrapped(&task.why.sentence, look.width.saturating_sub(4))
            .iter()
            .map(|line| format!("    {line}")),
    );
    lines
}

/// What is said of each cause once, however many tasks of a group have it.
fn details(tasks: &[TaskExplanation], now: Timestamp, look: Look) -> Vec<String> {
    let mut said: Vec<(&str, Cause)> = Vec::new();
    let mut lines = Vec::new();
    for task in tasks {
        let key = (task.group.as_str(), task.why.cause);
        if said.contains(&key) {
            continue;
        }
        said.push(key);
        let same = tasks
            .iter()
            .filter(|other| (other.group.as_str(), other.why.cause) == key)
            .count();
        let name = protector_diagnosis::drain::group_name(&task.group);
        let subject = match same {
            1 => printable(name),
            more => format!("{} ({more} tasks)", printable(name)),
        };
        lines.extend(detail(&subject, &task.why, now, look));
    }
    lines
}

fn detail(subject: &str, finding: &Finding, now: Timestamp, look: Look) -> Vec<String> {
    let because = finding.ends_because.iter().map(|why| {
        let ends = look.ends(finding.ends, now);
        format!("ends {ends}: {why}")
    });
    let mut lines = Vec::new();
    let texts = std::iter::once(finding.sentence.clone()).chain(because);
    for (number, text) in texts.enumerate() {
        let text = match number {
            0 => format!("{subject}: {text}"),
            _ => text,
        };
        // Wrapped before it is coloured: colours have no width.
        for (line, text) in wrapped(&text, look.width.saturating_sub(2)).iter().enumerate() {
            lines.push(match text.strip_prefix(subject).filter(|_| number + line == 0) {
                Some(rest) => format!("  {}{rest}", look.toned(Tone::Head, subject)),
                None => format!("  {text}"),
            });
        }
    }
    lines.extend(evidence(finding, now, look));
    lines.extend(commands(&finding.next));
    lines
}

fn evidence(finding: &Finding, now: Timestamp, look: Look) -> Vec<String> {
    let mut lines = Vec::new();
    for one in finding.evidence.iter().take(EVIDENCE_MAX) {
        let at = one
            .at
            .map_or_else(String::new, |at| format!("{} ", clock(at, now)));
        let text = format!("{at}{}", printable(&one.text));
        let wrapped = wrapped(&text, look.width.saturating_sub(8).max(20));
        for (number, line) in wrapped.iter().enumerate() {
            let mark = if number == 0 { "-" } else { " " };
            lines.push(look.toned(Tone::Dim, &format!("    {mark} {line}")));
        }
    }
    lines
}

/// Commands are not wrapped: they are there to be copied.
fn commands(next: &[String]) -> Vec<String> {
    next.iter().map(|command| format!("      {command}")).collect()
}

fn orders(explanation: &Explanation, look: Look) -> Vec<String> {
    let mut lines = Vec::new();
    for order in &explanation.orders {
        lines.extend(commands(std::slice::from_ref(&order.command)));
        lines.extend(
            wrapped(&order.effect, look.width.saturating_sub(8))
                .iter()
                .map(|line| look.toned(Tone::Dim, &format!("        {line}"))),
        );
    }
    lines
}

#[cfg(test)]
mod tests;
