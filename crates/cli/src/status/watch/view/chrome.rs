//! The first line, the last line, and the rule between table and pane.

use super::{ScreenLayout, style};
use crate::header;
use crate::look::{Tone, cut_to};
use crate::status::watch::model::{Model, Overlay};
use jiff::SignedDuration;
use protector_diagnosis::fleet::Sort;
use protector_diagnosis::read::Gap;
use protector_diagnosis::time_format::{clock, span};
use ratatui::text::{Line, Span};

/// Characters between two parts of a line.
const GAP: usize = 2;

/// From this width on the account goes before the number of drains, since the mistake of the night is the wrong account.
const PLACE_FIRST: usize = 60;

/// A part of the header. Those that matter least are left out first.
struct Part {
    /// The lowest is kept longest.
    rank: u8,
    text: String,
    tone: Tone,
    right: bool,
}

/// The first line: account, drains, coordinator, how old the data are, the time.
pub(super) fn header(model: &Model, width: usize) -> Line<'static> {
    let mut parts = parts(model, width);
    let length = |parts: &[Part]| {
        let texts = parts.iter().map(|part| part.text.chars().count()).sum::<usize>();
        texts + GAP * parts.len().saturating_sub(1)
    };
    while parts.len() > 1 && length(&parts) > width {
        let last = parts.iter().map(|part| part.rank).max();
        parts.retain(|part| Some(part.rank) != last);
    }
    let spare = width.saturating_sub(length(&parts));
    let mut spans = Vec::new();
    let mut is_right = false;
    for (number, part) in parts.iter().enumerate() {
        let mut gap = if number == 0 { 0 } else { GAP };
        if part.right && !is_right {
            gap += spare;
            is_right = true;
        }
        spans.push(Span::raw(" ".repeat(gap)));
        spans.push(Span::styled(
            cut_to(&part.text, width, model.look),
            style(part.tone),
        ));
    }
    Line::from(spans)
}

fn parts(model: &Model, width: usize) -> Vec<Part> {
    let part = |rank, text, tone, right| Part {
        rank,
        text,
        tone,
        right,
    };
    let place_rank = if width >= PLACE_FIRST { 2 } else { 5 };
    let mut parts = vec![part(place_rank, model.place.clone(), Tone::Head, false)];
    let aged = SignedDuration::ZERO;
    if let Some(data) = &model.data {
        let (open, need) = model.counts();
        let tone = if need > 0 { Tone::Bad } else { Tone::Plain };
        parts.push(part(3, counts(open, need), tone, false));
        let mut seen = data.seen.clone();
        // The tick has grown older with the data.
        seen.tick_age = seen.tick_age.map(|age| age + model.age().unwrap_or(aged));
        let (text, warns) = header::coordinator(&seen);
        let (rank, tone) = if warns { (4, Tone::Bad) } else { (7, Tone::Plain) };
        parts.push(part(rank, text, tone, false));
    }
    let (rank, text, tone) = freshness(model);
    parts.push(part(rank, text, tone, true));
    parts.push(part(6, clock(model.now, model.now), Tone::Plain, true));
    parts
}

fn counts(open: usize, need: usize) -> String {
    let drains = match open {
        0 => "no drain".to_owned(),
        1 => "1 drains".to_owned(),
        more => format!("{more} drain"),
    };
    match need {
        0 => drains,
        1 => format!("{drains}, 1 needs you"),
        more => format!("{drains}, {more} need you"),
    }
}

/// How old the data are and why, if that matters; else how often they are read.
fn freshness(model: &Model) -> (u8, String, Tone) {
    let age = model.age().map(span);
    let codes = codes(&model.failed);
    if model.paused {
        let old = age.map_or_else(String::new, |age| format!(", data {age} old"));
        return (1, format!("paused{old}"), Tone::Warning);
    }
    match (age, model.failed.is_empty()) {
        (None, false) => return (1, format!("no data: {codes}"), Tone::Warning),
        (Some(age), false) => return (1, format!("data {age} old: {codes}"), Tone::Warning),
        (Some(age), true) if model.is_stale() => {
            return (1, format!("data {age} old: no answer yet"), Tone::Warning);
        }
        _ => {}
    }
    let gaps = model.data.as_ref().map(|data| data.gaps.as_slice());
    if let Some(gaps) = gaps.filter(|gaps| !gaps.is_empty()) {
        return (1, format!("not all read: {}", self::codes(gaps)), Tone::Warning);
    }
    let every = span(model.interval.every);
    match model.interval.pages {
        Some(pages) => (5, format!("every {every}: {pages} pages"), Tone::Dim),
        None => (8, format!("every {every}"), Tone::Dim),
    }
}

/// The codes of the reads that failed, each once.
fn codes(gaps: &[Gap]) -> String {
    let mut codes: Vec<&str> = gaps.iter().map(|gap| gap.code.as_str()).collect();
    codes.sort_unstable();
    codes.dedup();
    codes.join(", ")
}

/// The rule between table and pane.
pub(super) fn rule(model: &Model, width: usize) -> Line<'static> {
    let sign = if model.look.unicode { "\u{2500}" } else { "-" };
    Line::styled(sign.repeat(width), style(Tone::Dim))
}

/// The last line: a message, the filter that is being typed, or the keys.
pub(super) fn keys(model: &Model, layout: ScreenLayout, width: usize) -> Line<'static> {
    let right = position(model, layout);
    let room = width.saturating_sub(right.chars().count() + GAP);
    let (text, tone) = if let Some(note) = model.note() {
        (cut_to(note, width, model.look), Tone::Good)
    } else if model.overlay.is_some() {
        let leave = fitting(&overlay_keys(model.overlay), width);
        (leave, Tone::Dim)
    } else if model.filter.typing {
        (
            cut_to(&format!("/{}_", model.filter.text), room, model.look),
            Tone::Warning,
        )
    } else {
        (fitting(&table_keys(model), room), Tone::Dim)
    };
    let gap = width.saturating_sub(text.chars().count() + right.chars().count());
    let right = if gap < GAP {
        String::new()
    } else {
        format!("{}{right}", " ".repeat(gap))
    };
    Line::from(vec![
        Span::styled(text, style(tone)),
        Span::styled(right, style(Tone::Dim)),
    ])
}

/// Which rows are on the page, if not all are.
fn position(model: &Model, layout: ScreenLayout) -> String {
    let count = model.visible().count();
    if model.overlay.is_some() || count <= layout.rows() {
        return String::new();
    }
    let first = model.selected_place() / layout.rows() * layout.rows();
    let last = (first + layout.rows()).min(count);
    match layout.rows() {
        1 => format!("{last} of {count}"),
        _ => format!("{}-{last} of {count}", first + 1),
    }
}

/// As many of the parts as fit, the first ones first.
fn fitting(parts: &[String], width: usize) -> String {
    let mut text = String::new();
    for part in parts {
        let gap = if text.is_empty() { 0 } else { GAP };
        if text.chars().count() + gap + part.chars().count() > width {
            break;
        }
        text.push_str(&" ".repeat(gap));
        text.push_str(part);
    }
    text
}

fn table_keys(model: &Model) -> Vec<String> {
    let sort = match model.sort {
        Sort::Risk => "risk",
        Sort::Age => "age",
        Sort::Cluster => "cluster",
    };
    let filter = match model.filter.text.as_str() {
        "" => "/ filter".to_owned(),
        text => format!("/ \"{text}\""),
    };
    let arrows = if model.look.unicode {
        "\u{2191}\u{2193}"
    } else {
        "jk"
    };
    [
        "? help".to_owned(),
        "q leave".to_owned(),
        filter,
        format!("{arrows} select"),
        "Enter detail".to_owned(),
        "o orders".to_owned(),
        format!("s sort: {sort}"),
        if model.all { "a open only" } else { "a ended too" }.to_owned(),
        if model.paused { "p go on" } else { "p pause" }.to_owned(),
        "c copy next command".to_owned(),
    ]
    .into()
}

fn overlay_keys(overlay: Option<Overlay>) -> Vec<String> {
    let orders = (overlay != Some(Overlay::Orders)).then(|| "o orders".to_owned());
    ["Esc back", "jk scroll", "c copy"]
        .map(str::to_owned)
        .into_iter()
        .chain(orders)
        .collect()
}
