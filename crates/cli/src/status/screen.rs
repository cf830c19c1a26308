//! The table of the drains, as wide as the terminal.

pub(super) mod narrow;

use crate::header::Header;
use crate::look::table::{self, Column, Row};
use crate::look::{Look, Tone, beside, printable, wrapped};
use jiff::Timestamp;
use protector_core::plural::counted;
use protector_diagnosis::command::Invocation;
use protector_diagnosis::drain::{Drain, DrainState, Risk};
use protector_diagnosis::ends::Ends;
use protector_diagnosis::fleet::Fleet;
use protector_diagnosis::time_format::{clock, span};

/// From this width on the reason for the end has a column of its own; below it stands behind who holds.
const ROOMY: usize = 160;
/// From this width on the table has all other columns.
const ALL: usize = 120;
/// From this width on it has the bar, and the cluster if there are several.
const WIDE: usize = 100;
/// From this width on instances are written in full.
const MEDIUM: usize = 80;
/// Below this width there is no table: each drain has as many lines as its facts need.
pub(super) const NARROW: usize = 60;

/// What is before a command that has no room beside its note.
const COMMAND_PAD: &str = "      ";

/// Characters of a bar.
const BAR: u32 = 10;

pub(super) fn screen(
    header: &Header,
    fleet: &Fleet,
    drains: &[&Drain],
    invocation: &Invocation,
    look: Look,
) -> String {
    let mut lines = header.lines(look);
    lines.extend(summary(fleet, look));
    if !drains.is_empty() {
        lines.push(String::new());
        lines.extend(table(fleet.now, drains, look));
    }
    lines.extend(warnings(fleet, drains, invocation, look));
    lines.join("\n")
}

/// How many drain, and how many need a person.
fn summary(fleet: &Fleet, look: Look) -> Vec<String> {
    let open = fleet.open();
    let drains = match open {
        0 if !fleet.gaps.is_empty() => "No drain was seen, but not everything could be read.".to_owned(),
        0 => "No instance drains.".to_owned(),
        1 => "1 instance drains".to_owned(),
        more => format!("{more} instances drain"),
    };
    let need = match (open, fleet.at_risk()) {
        (0, _) | (_, 0) => String::new(),
        (_, 1) => ", 1 needs you".to_owned(),
        (_, more) => format!(", {more} need you"),
    };
    let left = format!("{drains}{need}");
    let right = clock(fleet.now, fleet.now);
    let tone = if fleet.is_bad() { Tone::Bad } else { Tone::Plain };
    beside((tone, &left), (Tone::Plain, &right), look)
}

pub(super) fn table(now: Timestamp, drains: &[&Drain], look: Look) -> Vec<String> {
    if look.width < NARROW {
        return drains
            .iter()
            .flat_map(|drain| narrow::lines(drain, now, look))
            .collect();
    }
    let clusters = drains
        .iter()
        .any(|drain| drain.key.cluster != drains[0].key.cluster);
    let deep = drains.iter().any(|drain| drain.looked.is_some());
    let columns = columns(look.width, clusters, deep);
    let heads: Vec<Column> = columns.iter().map(|cell| cell.column()).collect();
    let rows: Vec<Row> = drains
        .iter()
        .map(|drain| Row {
            cells: columns.iter().map(|cell| cell.text(drain, now, look)).collect(),
            tone: tone(drain),
        })
        .collect();
    table::lines(&heads, &rows, look, 0)
}

/// What stands in a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cell {
    Mark,
    Cluster,
    Instance,
    ShortInstance,
    Group,
    For,
    Bar,
    Left,
    HeldBy,
    Ends,
    Why,
    Deadline,
    Hook,
}

/// The columns of a table of this width, for drains of several clusters, and after a look at their tasks.
pub(super) fn columns(width: usize, clusters: bool, deep: bool) -> Vec<Cell> {
    let all = [
        (Cell::Mark, true),
        (Cell::Cluster, width >= ALL || (width >= WIDE && clusters)),
        (Cell::Instance, width >= MEDIUM),
        (Cell::ShortInstance, width < MEDIUM),
        (Cell::Group, width >= ALL),
        (Cell::For, true),
        // What holds it, and why, is worth more than how far it is.
        (
            Cell::Bar,
            width >= WIDE && !(deep && (ALL..ROOMY).contains(&width)),
        ),
        (Cell::Left, true),
        (Cell::HeldBy, true),
        (Cell::Ends, true),
        (Cell::Why, width >= ROOMY && deep),
        (Cell::Deadline, width >= ALL),
        (Cell::Hook, true),
    ];
    all.into_iter()
        .filter_map(|(cell, shown)| shown.then_some(cell))
        .collect()
}

impl Cell {
    pub(super) fn column(self) -> Column {
        Column {
            head: self.head(),
            gives_way: matches!(self, Cell::HeldBy | Cell::Why | Cell::Cluster | Cell::Group),
        }
    }

    fn head(self) -> &'static str {
        match self {
            Cell::Mark | Cell::Bar => "",
            Cell::Cluster => "CLUSTER",
            Cell::Instance | Cell::ShortInstance => "INSTANCE",
            Cell::Group => "GROUP",
            Cell::For => "FOR",
            Cell::Left => "LEFT",
            Cell::HeldBy => "HELD BY",
            Cell::Ends => "ENDS",
            Cell::Why => "WHY THEN",
            Cell::Deadline => "DEADLINE",
            Cell::Hook => "HOOK",
        }
    }

    /// What stands there for a drain.
    pub(super) fn text(self, drain: &Drain, now: Timestamp, look: Look) -> String {
        match self {
            Cell::Mark => mark(drain).to_owned(),
            Cell::Cluster => drain.key.cluster.to_string(),
            Cell::Instance => drain.key.instance.to_string(),
            Cell::ShortInstance => short(drain),
            Cell::Group => drain.group().map_or_else(none, ToString::to_string),
            Cell::For => drain.age(now).map_or_else(none, span),
            Cell::Bar => bar(drain),
            Cell::Left => left(drain),
            // Names of groups are foreign.
            Cell::HeldBy => printable(&held_by(drain, look)),
            Cell::Why => drain.why().map_or_else(none, |why| printable(&why)),
            Cell::Ends => ends(drain, now, look),
            Cell::Deadline => deadline(drain, now).unwrap_or_else(none),
            Cell::Hook => hook(drain, now),
        }
    }
}

/// Who holds it; with the reason for its end, where that has room and no column.
fn held_by(drain: &Drain, look: Look) -> String {
    let why = drain.why().filter(|_| (ALL..ROOMY).contains(&look.width));
    match why {
        Some(why) => format!("{}; {why}", drain.held_by()),
        None => drain.held_by(),
    }
}

fn none() -> String {
    "-".to_owned()
}

/// What kind of drain it is, in one letter of ASCII.
pub(super) fn mark(drain: &Drain) -> &'static str {
    match (drain.risk, drain.state) {
        (Risk::None, DrainState::Released) => "v",
        (Risk::None, DrainState::Done) => "=",
        (Risk::None, _) => "",
        _ => "!",
    }
}

/// How its row is written.
pub(super) fn tone(drain: &Drain) -> Tone {
    match (drain.risk, drain.state) {
        (Risk::None, DrainState::Released) => Tone::Good,
        (Risk::None, DrainState::Done) => Tone::Dim,
        (Risk::None, _) => Tone::Plain,
        _ => Tone::Bad,
    }
}

/// `i-04f0..b06f` for `i-04f05e66a99bdb06f`.
fn short(drain: &Drain) -> String {
    let id = drain.key.instance.as_str();
    match (id.get(..6), id.get(id.len().saturating_sub(4)..)) {
        (Some(first), Some(last)) if id.len() > 12 => format!("{first}..{last}"),
        _ => id.to_owned(),
    }
}

fn left(drain: &Drain) -> String {
    drain
        .left()
        .map_or_else(|| "?".to_owned(), |(left, most)| format!("{left}/{most}"))
}

fn bar(drain: &Drain) -> String {
    let Some((left, most)) = drain.left() else {
        return String::new();
    };
    let gone = most.saturating_sub(left);
    let full = (gone * BAR).checked_div(most).unwrap_or(BAR);
    let signs = |count: u32, sign: &str| sign.repeat(usize::try_from(count).unwrap_or_default());
    signs(full, "#") + &signs(BAR - full, "-")
}

fn deadline(drain: &Drain, now: Timestamp) -> Option<String> {
    let holds = drain.state == DrainState::Holding;
    let record = drain.record.as_ref().filter(|_| holds)?;
    Some(clock(record.deadline_at, now))
}

/// How long it is to the deadline.
fn deadline_left(drain: &Drain, now: Timestamp) -> String {
    let deadline = drain.record.as_ref().map(|record| record.deadline_at);
    deadline.map_or_else(none, |at| span(at.duration_since(now)))
}

/// When the hold ends: a bound, an estimate, or a question mark with the deadline beside it.
fn ends(drain: &Drain, now: Timestamp, look: Look) -> String {
    match (drain.state, drain.ends) {
        (DrainState::Done, _) => none(),
        (_, Ends::Bound(_) | Ends::Estimate(_)) => look.ends(drain.ends, now),
        (_, Ends::Unknown) if look.width >= ALL => look.ends(drain.ends, now),
        (_, Ends::Unknown) => match deadline(drain, now) {
            // To the minute, where seconds have no room: `03:31:12Z` is `03:31`.
            Some(at) if look.width < MEDIUM && at.len() == 9 => format!("? {}", &at[..5]),
            // A date has no room: the time left, as beside a bound.
            Some(at) if at.len() > 9 => format!("? {}", deadline_left(drain, now)),
            Some(at) => format!("? {at}"),
            None => "?".to_owned(),
        },
    }
}

/// How long the hook that runs out first still waits.
fn hook(drain: &Drain, now: Timestamp) -> String {
    match drain.first_hook() {
        None => none(),
        Some(hook) => hook.left(now).map_or_else(|| "?".to_owned(), span),
    }
}

/// What needs a person, with the next command; then what is wrong with the coordinator, and what could not be read.
pub(super) fn warnings(fleet: &Fleet, drains: &[&Drain], invocation: &Invocation, look: Look) -> Vec<String> {
    let mut lines = Vec::new();
    for drain in drains {
        let Some((text, command)) = drain.warning() else {
            continue;
        };
        let command = invocation.of(&drain.key.cluster).complete(&command);
        lines.extend(note(
            &format!("! {}", drain.key.instance),
            &text,
            Some(&command),
            look,
        ));
    }
    let seen = &fleet.coordinator;
    if let Some(age) = seen.tick_age.filter(|_| seen.is_silent) {
        let text = format!(
            "its last tick was {} ago, so it does not run; sidecars leave a minute after their deadline",
            span(age)
        );
        lines.extend(note(
            "! coordinator",
            &text,
            Some(&invocation.complete("protectorctl doctor --only coordinator")),
            look,
        ));
    }
    if let Some(problem) = &seen.mode_problem {
        let text = format!("it cannot be read and has no effect: {problem}");
        lines.extend(note(
            "! kill switch",
            &text,
            Some(&invocation.complete("protectorctl mode")),
            look,
        ));
    }
    for gap in &fleet.gaps {
        let text = match gap.message.is_empty() {
            true => gap.to_string(),
            false => format!("{gap} ({})", gap.message),
        };
        lines.extend(note("? part of the answer", &text, None, look));
    }
    if !lines.is_empty() {
        lines.insert(0, String::new());
    }
    lines
}

/// A note: its subject, a text beside it, and the next command on a line of its own.
fn note(subject: &str, text: &str, command: Option<&str>, look: Look) -> Vec<String> {
    let tone = if subject.starts_with('!') {
        Tone::Bad
    } else {
        Tone::Warning
    };
    let indent = subject.chars().count() + 2;
    let (first, indent) = match indent + 24 > look.width {
        true => (Some(look.toned(tone, subject)), 4),
        false => (None, indent),
    };
    let width = look.width.saturating_sub(indent).max(16);
    let pad = " ".repeat(indent);
    let mut lines: Vec<String> = first.into_iter().collect();
    for (number, line) in wrapped(&printable(text), width).into_iter().enumerate() {
        match number == 0 && lines.is_empty() {
            true => lines.push(format!("{}  {line}", look.toned(tone, subject))),
            false => lines.push(format!("{pad}{line}")),
        }
    }
    // A command is not broken: it is there to be copied.
    lines.extend(
        command.map(|command| match indent + command.chars().count() > look.width {
            true => format!("{COMMAND_PAD}{command}"),
            false => format!("{pad}{command}"),
        }),
    );
    lines
}

/// How many drains are not shown because they are over.
pub(super) fn hidden(count: usize) -> Option<String> {
    (count > 0).then(|| format!("{} over; --all shows them.", counted(count, "drain")))
}

#[cfg(test)]
mod tests;
