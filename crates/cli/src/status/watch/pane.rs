//! The selected drain in some lines: its explanation, or what its record says until that is read.

use super::explained::Explained;
use super::model::Model;
use super::style::style;
use crate::explain::screen as explain;
use crate::look::line::Line as Toned;
use crate::look::{Look, Tone, wrapped};
use jiff::{SignedDuration, Timestamp};
use protector_core::record::Record;
use protector_diagnosis::drain::{Drain, DrainState};
use protector_diagnosis::explain::Explanation;
use protector_diagnosis::hook::HookClock;
use protector_diagnosis::time_format::{clock, span};
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};

/// Characters of the label before each text.
const LABEL: usize = 11;

/// An explanation takes some seconds to read, so it counts as old after two intervals and these.
const READING: SignedDuration = SignedDuration::from_secs(10);

/// What is known of a drain, what matters most first, in lines of at most `width` characters.
pub(super) fn pane(model: &Model, drain: &Drain, width: usize) -> Vec<Line<'static>> {
    explanation(model, drain, width, explain::brief)
}

/// The same on a full screen: all that `explain` says.
pub(super) fn detail(model: &Model, drain: &Drain, width: usize) -> Vec<Line<'static>> {
    explanation(model, drain, width, explain::whole)
}

/// What an explanation says, from its verdict on.
type Text = fn(&Explanation, Timestamp, Look) -> Vec<Toned>;

fn explanation(model: &Model, drain: &Drain, width: usize, text: Text) -> Vec<Line<'static>> {
    let next = Fact::new("next", model.next_command(drain), Tone::Plain);
    let Some(explained) = model.explained(drain) else {
        return of_record_alone(model, drain, next, width);
    };
    let mut lines = Fact::new("", title(drain), Tone::Head).lines(width);
    lines.extend(age(model, explained).iter().flat_map(|fact| fact.lines(width)));
    lines.extend(next.lines(width));
    let text = text(&explained.explanation, model.now, look(model, width));
    lines.extend(shown(model, explained, text, width));
    lines
}

fn look(model: &Model, width: usize) -> Look {
    Look {
        colors: false,
        width,
        ..model.look
    }
}

/// How old an explanation is, and why, if that matters.
fn age(model: &Model, explained: &Explained) -> Option<Fact> {
    let age = span(model.now.duration_since(explained.at).max(SignedDuration::ZERO));
    let mut codes: Vec<&str> = explained.failed.iter().map(|gap| gap.code.as_str()).collect();
    codes.dedup();
    let why = match codes.as_slice() {
        [] if model.paused => "paused".to_owned(),
        [] => "no answer yet".to_owned(),
        codes => codes.join(", "),
    };
    let text = format!("of {age} ago: {why}");
    is_old(model, explained).then(|| Fact::new("data", text, Tone::Warning))
}

fn is_old(model: &Model, explained: &Explained) -> bool {
    let fresh = (model.interval.every * 2).saturating_add(READING);
    !explained.failed.is_empty() || model.now.duration_since(explained.at) > fresh
}

/// Lines of an explanation, dim if it is old. What is too long for the screen is broken.
fn shown(model: &Model, explained: &Explained, lines: Vec<Toned>, width: usize) -> Vec<Line<'static>> {
    let dim = if is_old(model, explained) {
        Modifier::DIM
    } else {
        Modifier::empty()
    };
    let lines = lines.into_iter().flat_map(|line| match line.is_command {
        true => folded(&line.text(), width),
        false => {
            let parts = line.parts.into_iter();
            vec![Line::from_iter(
                parts.map(|(tone, text)| Span::styled(text, style(tone))),
            )]
        }
    });
    let lines = lines.map(|line| {
        let spans = line.spans.into_iter();
        let spans = spans.map(|span| Span::styled(span.content, span.style.add_modifier(dim)));
        Line::from_iter(spans)
    });
    lines.collect()
}

/// A command in lines that a shell reads as one.
pub(super) fn folded(command: &str, width: usize) -> Vec<Line<'static>> {
    if command.chars().count() <= width {
        return vec![Line::raw(command.to_owned())];
    }
    let parts = wrapped(command, width.saturating_sub(6).max(1));
    let last = parts.len().saturating_sub(1);
    let lines = parts.into_iter().enumerate().map(|(number, part)| {
        let indent = if number == 0 { "  " } else { "    " };
        let end = if number == last { "" } else { " \\" };
        Line::raw(format!("{indent}{part}{end}"))
    });
    lines.collect()
}

/// What the record says, where there is no explanation.
fn of_record_alone(model: &Model, drain: &Drain, next: Fact, width: usize) -> Vec<Line<'static>> {
    let now = model.now;
    let mut facts = vec![Fact::new("", title(drain), Tone::Head), sentence(drain, now)];
    facts.extend(warning(drain));
    facts.push(next);
    facts.extend(
        drain
            .record
            .iter()
            .flat_map(|record| of_record(drain, record, now)),
    );
    facts.extend(drain.hooks.iter().map(|hook| of_hook(hook, now)));
    facts.extend(scaling(drain));
    if model.wanted().is_some_and(|wanted| wanted.drain.key == drain.key) {
        let text = "being read; this is from the record".to_owned();
        facts.push(Fact::new("tasks", text, Tone::Dim));
    }
    facts.iter().flat_map(|fact| fact.lines(width)).collect()
}

/// A text, and what it is about.
struct Fact {
    label: &'static str,
    text: String,
    tone: Tone,
}

impl Fact {
    fn new(label: &'static str, text: String, tone: Tone) -> Fact {
        Fact { label, text, tone }
    }

    /// Its lines: the label stands before the first one if there is room, and alone if there is not.
    fn lines(&self, width: usize) -> Vec<Line<'static>> {
        let indent = match (self.label.is_empty(), width < 4 * LABEL) {
            (true, _) => 0,
            (false, true) => 2,
            (false, false) => LABEL,
        };
        let style = style(self.tone);
        let texts = wrapped(&self.text, width.saturating_sub(indent).max(1));
        let mut lines = Vec::new();
        let mut label = self.label;
        if indent == 2 {
            lines.push(Line::styled(label, style));
            label = "";
        }
        for text in texts {
            let before = Span::raw(format!("{label:<indent$}"));
            lines.push(Line::from(vec![before, Span::styled(text, style)]));
            label = "";
        }
        lines
    }
}

fn title(drain: &Drain) -> String {
    let (instance, cluster) = (&drain.key.instance, &drain.key.cluster);
    let group = drain.group().map(|group| format!("group {group}"));
    let away = drain
        .machine
        .as_ref()
        .is_some_and(|machine| !machine.agent_connected);
    let away = away.then(|| "agent not connected".to_owned());
    let parts = std::iter::once(format!("{instance} in {cluster}"))
        .chain(group)
        .chain(away);
    parts.collect::<Vec<_>>().join(", ")
}

/// How far it is, and who holds it.
fn sentence(drain: &Drain, now: Timestamp) -> Fact {
    let age = drain
        .age(now)
        .map(|age| format!(" for {}", span(age)))
        .unwrap_or_default();
    let text = match (drain.state, drain.left()) {
        (DrainState::Holding, Some((left, most))) => {
            format!("Holding{age}, {left} of {most} tasks left: {}", drain.held_by())
        }
        (DrainState::Holding, None) => format!("Holding{age}: {}", drain.held_by()),
        (DrainState::NotKnown, _) => format!("Drains{age}: {}", drain.held_by()),
        (DrainState::NoRecord, _) => format!("Drains with {}", drain.held_by()),
        (DrainState::Released | DrainState::Done, _) => format!("It was {}", drain.held_by()),
    };
    Fact::new("", text, Tone::Plain)
}

fn warning(drain: &Drain) -> Option<Fact> {
    let (text, _) = drain.warning()?;
    Some(Fact::new("needs you", text, Tone::Bad))
}

fn of_record(drain: &Drain, record: &Record, now: Timestamp) -> Vec<Fact> {
    let mut facts = Vec::new();
    if drain.state == DrainState::Holding {
        let left = record.deadline_at.duration_since(now);
        let when = match left.is_negative() {
            true => format!("{} ago", span(left.abs())),
            false => format!("in {}", span(left)),
        };
        let text = format!(
            "{}, {when}; then the daemons are released, forced",
            clock(record.deadline_at, now)
        );
        facts.push(Fact::new("deadline", text, Tone::Plain));
    }
    if let Some(at) = drain.ends.at().filter(|_| drain.state == DrainState::Released) {
        facts.push(Fact::new(
            "daemons",
            format!("gone by {}", clock(at, now)),
            Tone::Plain,
        ));
    }
    if let Some(order) = &record.ordered {
        let text = format!(
            "{} by {} at {}: {}",
            order.command,
            order.who,
            clock(order.at, now),
            order.why
        );
        facts.push(Fact::new("order", text, Tone::Plain));
    }
    facts
}

fn of_hook(hook: &HookClock, now: Timestamp) -> Fact {
    let left = match hook.left(now) {
        Some(left) => format!("{} left", span(left)),
        None => "time left not known".to_owned(),
    };
    let heartbeat = match hook.heartbeat_at {
        Some(at) => format!("last heartbeat {}", clock(at, now)),
        None => "no heartbeat yet".to_owned(),
    };
    let text = format!(
        "{}, {} s: {left}; {heartbeat}; never beyond {}",
        hook.name,
        hook.timeout_seconds,
        clock(hook.global_deadline_at, now)
    );
    Fact::new("hook", text, Tone::Plain)
}

fn scaling(drain: &Drain) -> Option<Fact> {
    let state = &drain.scaling.as_ref()?.lifecycle_state;
    Some(Fact::new(
        "scaling",
        format!("{state} in Auto Scaling"),
        Tone::Plain,
    ))
}
