//! A drain where a table has no room: its facts, of which none is lost and only who holds gives way.

use super::{ends, hook, left, mark, none, short, tone};
use crate::look::{Look, cut_to, printable, wrapped};
use jiff::Timestamp;
use protector_diagnosis::drain::Drain;
use protector_diagnosis::time_format::span;

/// Characters before what is not the first line of a drain.
const INDENT: usize = 2;

/// Lines of who holds a drain, and why.
const HELD_BY_MAX: usize = 3;

/// The place of the first clock among the facts.
const CLOCKS: usize = 2;

/// Who holds a drain is shown in so many characters or not at all.
const REST_MIN: usize = 8;

/// Between two facts of a line.
const GAP: &str = ", ";

/// A drain on as many lines as its facts need: instance, age and tasks left; end and hook; who holds it.
pub(in crate::status) fn lines(drain: &Drain, now: Timestamp, look: Look) -> Vec<String> {
    let width = look.width;
    let mut lines = vec![first(drain)];
    let age = drain.age(now).map_or_else(none, span);
    let facts = [
        age,
        format!("{} left", left(drain)),
        format!("ends {}", ends(drain, now, look)),
        format!("hook {}", hook(drain, now)),
    ];
    for (number, fact) in facts.into_iter().enumerate() {
        // Age and tasks stand beside the instance if there is room, the clocks on a line of their own.
        let last = lines.last_mut().filter(|_| number != CLOCKS);
        match last.filter(|line| fits(line, &fact, width)) {
            Some(line) => {
                line.push_str(if number == 0 { " " } else { GAP });
                line.push_str(&fact);
            }
            None => lines.extend(whole(&fact, width)),
        }
    }
    let why = drain.why().map(|why| format!("; {why}")).unwrap_or_default();
    let held_by = printable(&format!("{}{why}", drain.held_by()));
    lines.extend(texts(&held_by, look));
    let tone = tone(drain);
    lines.iter().map(|line| look.toned(tone, line)).collect()
}

/// A drain on exactly two lines: what matters first, and who holds it as far as there is room. Words go before numbers.
pub(in crate::status) fn two(drain: &Drain, now: Timestamp, look: Look) -> [String; 2] {
    let age = drain.age(now).map_or_else(none, span);
    let (left, ends, hook) = (left(drain), ends(drain, now, look), hook(drain, now));
    let first = [
        format!("{} {left} left, {age}", first(drain)),
        format!("{} {left}", first(drain)),
    ];
    let held_by = printable(&drain.held_by());
    let second = [
        (format!("  ends {ends}, hook {hook}"), format!("; {held_by}")),
        (format!("  {ends}, hook {hook}"), String::new()),
        (format!("  {ends} {hook}"), String::new()),
        (format!("{ends} {hook}"), String::new()),
    ];
    let fits = |text: &String| text.chars().count() <= look.width;
    let first = first.iter().find(|text| fits(text)).unwrap_or(&first[1]).clone();
    let (clocks, rest) = second.iter().find(|(text, _)| fits(text)).unwrap_or(&second[3]);
    // Only who holds it is cut, and left out where nothing of a name would be left.
    let room = look.width.saturating_sub(clocks.chars().count());
    let rest = if room < REST_MIN {
        String::new()
    } else {
        cut_to(rest, room, look)
    };
    let second = format!("{clocks}{rest}");
    [first, second].map(|line| look.toned(tone(drain), &cut_to(&line, look.width, look)))
}

fn first(drain: &Drain) -> String {
    format!("{:1} {}", mark(drain), short(drain))
}

fn fits(line: &str, fact: &str, width: usize) -> bool {
    line.chars().count() + GAP.len() + fact.chars().count() <= width
}

/// A fact on a line of its own; broken between its words if it is longer than that.
fn whole(fact: &str, width: usize) -> Vec<String> {
    let pad = " ".repeat(INDENT);
    let lines = wrapped(fact, width.saturating_sub(INDENT).max(1));
    lines.into_iter().map(|line| format!("{pad}{line}")).collect()
}

fn texts(text: &str, look: Look) -> Vec<String> {
    let mut lines = whole(text, look.width);
    if lines.len() > HELD_BY_MAX {
        lines.truncate(HELD_BY_MAX);
        if let Some(last) = lines.last_mut() {
            last.push_str(if look.unicode { "\u{2026}" } else { ".." });
        }
    }
    lines.iter().map(|line| cut_to(line, look.width, look)).collect()
}

#[cfg(test)]
mod tests;
