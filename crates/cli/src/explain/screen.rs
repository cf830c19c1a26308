//! An explanation on one screen: verdict, clocks, tasks, and for each cause the evidence and the next command.

use crate::look::line::Line;
use crate::look::table::{self, Column, Row};
use crate::look::{Look, Tone, beside, fitted, printable, wrapped};
use jiff::Timestamp;
use protector_diagnosis::drain::{DrainState, Risk};
use protector_diagnosis::explain::{Cause, CauseFinding, Clock, Explanation, TaskExplanation};
use protector_diagnosis::time_format::{clock, span};

/// So many pieces of evidence are shown for each cause; `--json` has all.
const EVIDENCE_MAX: usize = 3;

/// Below this width each task has some lines: a table would leave its reason hardly a word.
const NARROW: usize = 80;

/// Characters before the text of a clock.
const LABEL: usize = 13;

/// The whole screen, below its header.
pub(super) fn screen(explanation: &Explanation, place: &str, now: Timestamp, look: Look) -> String {
    let left = format!("{}  {}", explanation.instance, explanation.cluster);
    let right = clock(now, now);
    let mut lines = fitted(Tone::Dim, place, look);
    lines.extend(beside((Tone::Head, &left), (Tone::Plain, &right), look));
    lines.extend(whole(explanation, now, look).iter().map(|line| line.drawn(look)));
    lines.join("\n")
}

/// All that there is to say of an instance, from the verdict on.
pub(crate) fn whole(explanation: &Explanation, now: Timestamp, look: Look) -> Vec<Line> {
    let mut lines = verdict(explanation, look);
    part(&mut lines, clocks(&explanation.clocks, look));
    part(&mut lines, warnings(explanation, now, look));
    if let Some(finding) = &explanation.waits_for {
        part(&mut lines, detail("then", finding, now, look));
    }
    if !explanation.tasks.is_empty() {
        part(&mut lines, tasks(&explanation.tasks, now, look));
        part(&mut lines, details(&explanation.tasks, now, look));
    }
    part(&mut lines, orders(explanation, look));
    part(&mut lines, remarks(explanation, look));
    lines
}

/// The same where there is little room: what is wrong and who holds comes first, clocks and orders last, without empty
/// lines.
pub(crate) fn brief(explanation: &Explanation, now: Timestamp, look: Look) -> Vec<Line> {
    let mut lines = verdict(explanation, look);
    let wrong = explanation.warnings.iter();
    lines.extend(wrong.flat_map(|finding| sentence(finding, look)));
    if !explanation.tasks.is_empty() {
        lines.extend(tasks(&explanation.tasks, now, look));
    }
    lines.extend(clocks(&explanation.clocks, look));
    lines.extend(details(&explanation.tasks, now, look));
    lines.extend(remarks(explanation, look));
    lines
}

fn verdict(explanation: &Explanation, look: Look) -> Vec<Line> {
    let tone = if is_bad(explanation) {
        Tone::Bad
    } else {
        Tone::Good
    };
    let lines = wrapped(&explanation.verdict, look.width);
    lines.into_iter().map(|line| Line::new(tone, line)).collect()
}

fn warnings(explanation: &Explanation, now: Timestamp, look: Look) -> Vec<Line> {
    let warnings = explanation.warnings.iter();
    warnings.flat_map(|finding| warning(finding, now, look)).collect()
}

/// What the shown numbers may not tell, and what is not known.
fn remarks(explanation: &Explanation, look: Look) -> Vec<Line> {
    let notes = explanation
        .notes
        .iter()
        .flat_map(|note| wrapped(note, look.width));
    let mut lines: Vec<Line> = notes.map(|line| Line::new(Tone::Plain, line)).collect();
    let gaps = explanation.gaps.iter().flat_map(|gap| {
        let text = printable(&format!("? {gap}"));
        match text.chars().count() <= look.width {
            true => vec![text],
            false => wrapped(&text, look.width),
        }
    });
    let gaps = gaps.map(|line| Line::new(Tone::Warning, line)).collect();
    match lines.is_empty() {
        true => gaps,
        false => {
            part(&mut lines, gaps);
            lines
        }
    }
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
fn part(lines: &mut Vec<Line>, more: Vec<Line>) {
    if !more.is_empty() {
        lines.push(Line::default());
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

fn clocks(clocks: &[Clock], look: Look) -> Vec<Line> {
    let mut lines = Vec::new();
    for one in clocks {
        let texts = labelled(one.label, &one.text, look).into_iter();
        lines.extend(texts.map(|line| Line::new(Tone::Plain, line)));
        let warning = one
            .warning
            .iter()
            .flat_map(|text| labelled("", &format!("! {text}"), look));
        lines.extend(warning.map(|line| Line::new(Tone::Bad, line)));
    }
    lines
}

fn warning(finding: &CauseFinding, now: Timestamp, look: Look) -> Vec<Line> {
    let mut lines = sentence(finding, look);
    lines.extend(evidence(finding, now, look));
    lines.extend(commands(&finding.next));
    lines
}

/// What is wrong, behind its mark.
fn sentence(finding: &CauseFinding, look: Look) -> Vec<Line> {
    let texts = wrapped(&finding.sentence, look.width.saturating_sub(2));
    let lines = texts.into_iter().enumerate().map(|(number, line)| {
        let mark = if number == 0 { "! " } else { "  " };
        Line::new(Tone::Bad, format!("{mark}{line}"))
    });
    lines.collect()
}

fn tasks(tasks: &[TaskExplanation], now: Timestamp, look: Look) -> Vec<Line> {
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
        false => table::toned(&columns, &rows, look, 2),
    }
}

fn narrow(task: &TaskExplanation, now: Timestamp, look: Look) -> Vec<Line> {
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
        .into_iter()
        .map(|line| Line::new(Tone::Plain, line))
        .collect()
}

/// What is said of each cause once, however many tasks of a group have it.
fn details(tasks: &[TaskExplanation], now: Timestamp, look: Look) -> Vec<Line> {
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

fn detail(subject: &str, finding: &CauseFinding, now: Timestamp, look: Look) -> Vec<Line> {
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
                Some(rest) => Line::new(Tone::Plain, "  ")
                    .and(Tone::Head, subject)
                    .and(Tone::Plain, rest),
                None => Line::new(Tone::Plain, format!("  {text}")),
            });
        }
    }
    lines.extend(evidence(finding, now, look));
    lines.extend(commands(&finding.next));
    lines
}

fn evidence(finding: &CauseFinding, now: Timestamp, look: Look) -> Vec<Line> {
    let mut lines = Vec::new();
    for one in finding.evidence.iter().take(EVIDENCE_MAX) {
        let at = one
            .at
            .map_or_else(String::new, |at| format!("{} ", clock(at, now)));
        let text = format!("{at}{}", printable(&one.text));
        let wrapped = wrapped(&text, look.width.saturating_sub(8).max(20));
        for (number, line) in wrapped.iter().enumerate() {
            let mark = if number == 0 { "-" } else { " " };
            lines.push(Line::new(Tone::Dim, format!("    {mark} {line}")));
        }
    }
    lines
}

/// Commands are not wrapped: they are there to be copied.
fn commands(next: &[String]) -> Vec<Line> {
    let lines = next
        .iter()
        .map(|command| Line::command(format!("      {command}")));
    lines.collect()
}

fn orders(explanation: &Explanation, look: Look) -> Vec<Line> {
    let mut lines = Vec::new();
    for order in &explanation.orders {
        lines.extend(commands(std::slice::from_ref(&order.command)));
        lines.extend(
            wrapped(&order.effect, look.width.saturating_sub(8))
                .iter()
                .map(|line| Line::new(Tone::Dim, format!("        {line}"))),
        );
    }
    lines
}

#[cfg(test)]
mod tests;
