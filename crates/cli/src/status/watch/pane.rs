//! The selected drain in some lines.

use super::rows::next_command;
use super::style::style;
use crate::look::{Tone, wrapped};
use jiff::Timestamp;
use protector_core::record::Record;
use protector_diagnosis::drain::{Drain, DrainState};
use protector_diagnosis::hook::HookClock;
use protector_diagnosis::words::{clock, span};
use ratatui::text::{Line, Span};

/// Characters of the label before each text.
const LABEL: usize = 11;

/// What is known of a drain, what matters most first, in lines of at most `width` characters.
pub(super) fn pane(drain: &Drain, now: Timestamp, width: usize) -> Vec<Line<'static>> {
    let mut facts = vec![Fact::new("", title(drain), Tone::Head), sentence(drain, now)];
    facts.extend(warning(drain));
    facts.push(Fact::new("next", next_command(drain), Tone::Plain));
    facts.extend(
        drain
            .record
            .iter()
            .flat_map(|record| of_record(drain, record, now)),
    );
    facts.extend(drain.hooks.iter().map(|hook| of_hook(hook, now)));
    facts.extend(scaling(drain));
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
