//! What covers the table: help, the orders to type, or one drain on the full screen.

use super::style;
use crate::look::{Tone, wrapped};
use crate::status::watch::model::{Model, Overlay};
use crate::status::watch::pane::{detail, folded};
use protector_diagnosis::drain::Drain;
use ratatui::text::Line;

/// What each key does.
const KEYS: [(&str, &str); 11] = [
    (
        "up, down, j, k",
        "select; PageUp, PageDown, Home (g), End (G) too",
    ),
    (
        "Enter",
        "the selected drain on the full screen, as explain shows it",
    ),
    (
        "/",
        "show drains that contain a text: id, cluster, group, task group; Esc ends it",
    ),
    ("s", "sort by risk, age or cluster"),
    ("a", "show drains that are over, too"),
    ("p", "pause: AWS is not read, and the rows stay"),
    (
        "c",
        "copy the next command to the clipboard, if the terminal allows it (OSC 52)",
    ),
    ("o", "the orders to type for the selected drain"),
    ("Ctrl-Z", "stop; fg comes back"),
    ("Ctrl-L", "draw the screen again"),
    ("q, Esc, Ctrl-C", "leave; never ends a drain"),
];

/// Signs of the first column, and other signs of the screen.
const SIGNS: [(&str, &str); 6] = [
    ("!", "needs you"),
    ("v", "released, its daemons flush"),
    ("=", "over; shown for 30 s after its end"),
    ("bold", "a number that has become worse since the last look"),
    ("dim", "the rows are old: the header says why"),
    ("? ~ <=", "not known; an estimate; at the latest"),
];

/// Its lines, all of them.
pub(super) fn lines(model: &Model, overlay: Overlay, width: usize) -> Vec<Line<'static>> {
    let selected = model.selected().map(|row| &row.drain);
    match (overlay, selected) {
        (Overlay::Help, _) => help(width),
        (Overlay::Orders, Some(drain)) => orders(model, drain, width),
        (Overlay::Detail, Some(drain)) => detail(model, drain, width),
        (Overlay::Orders | Overlay::Detail, None) => vec![Line::raw("No drain is selected.")],
    }
}

fn help(width: usize) -> Vec<Line<'static>> {
    let mut lines = text("No key changes anything in AWS.", Tone::Head, width);
    for (keys, what) in KEYS {
        lines.extend(pair(keys, what, width));
    }
    lines.push(Line::default());
    for (sign, what) in SIGNS {
        lines.extend(pair(sign, what, width));
    }
    lines
}

/// The commands that change a drain. They are typed and never pressed, since each needs a reason and asks a question.
fn orders(model: &Model, drain: &Drain, width: usize) -> Vec<Line<'static>> {
    let (instance, cluster) = (&drain.key.instance, &drain.key.cluster);
    let command = |order: &str| {
        let command = format!("protectorctl {order} {instance} --cluster {cluster} --why \"...\"");
        format!("  {}", model.complete(drain, &command))
    };
    let orders = [
        (
            "Let its daemons go now; what its tasks log from then on is lost:",
            command("release"),
        ),
        ("Move its deadline:", command("extend --by 10m")),
        (
            "Keep its daemons until the global limit of its hook:",
            command("hold"),
        ),
    ];
    let mut lines = text("To type in a shell. Each asks before it acts.", Tone::Head, width);
    for (what, command) in orders {
        lines.push(Line::default());
        lines.extend(text(what, Tone::Plain, width));
        lines.extend(folded(&command, width));
    }
    lines
}

fn text(text: &str, tone: Tone, width: usize) -> Vec<Line<'static>> {
    let lines = wrapped(text, width.max(1)).into_iter();
    lines.map(|text| Line::styled(text, style(tone))).collect()
}

fn pair(left: &str, right: &str, width: usize) -> Vec<Line<'static>> {
    let indent = if width >= 50 { 18 } else { 4 };
    let mut lines = Vec::new();
    let mut label = left;
    if indent == 4 {
        lines.push(Line::raw(format!("  {left}")));
        label = "";
    }
    for text in wrapped(right, width.saturating_sub(indent).max(1)) {
        let before = if label.is_empty() {
            String::new()
        } else {
            format!("  {label}")
        };
        lines.push(Line::raw(format!("{before:<indent$}{text}")));
        label = "";
    }
    lines
}
