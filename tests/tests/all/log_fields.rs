//! The fields of log lines in `docs/log-fields.md`. The unit tests of the coordinator read this file too.

use std::collections::{BTreeMap, BTreeSet};

/// Fields that every line of a program has, if the text of the program names them.
const COMMON: [&str; 2] = ["requestId", "time"];

/// The events of a program, each with its fields: those of its table, and the common ones that its section does not deny.
pub(crate) fn documented(program: &str) -> BTreeMap<String, BTreeSet<String>> {
    let page = include_str!("../../../docs/log-fields.md");
    let (_, page) = page.split_once(&format!("\n## {program}\n")).unwrap();
    let page = page.split_once("\n## ").map_or(page, |(page, _)| page);
    let (head, events) = page.split_once("\n### ").unwrap();
    let common = COMMON.map(|name| format!("`{name}`"));
    let common = common.iter().filter(|name| head.contains(*name));
    let sections = events
        .split("\n### ")
        .filter_map(|section| section.split_once('\n'));
    let fields = sections.map(|(event, text)| {
        let rows = text
            .lines()
            .skip_while(|line| !line.starts_with("| Field |"))
            .skip(2)
            .take_while(|line| line.starts_with('|'));
        let own = rows.flat_map(|row| quoted(row.split('|').nth(1).unwrap()));
        let denied = |name: &&String| text.contains(&format!("no {name}"));
        let shared = common.clone().filter(|name| !denied(name));
        let names = own.chain(shared.flat_map(|name| quoted(name)));
        (quoted(event).collect(), names.map(str::to_owned).collect())
    });
    fields.collect()
}

/// What a text has in code style.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}
