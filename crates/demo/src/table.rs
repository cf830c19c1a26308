//! The result as a table.

use super::outcome::Outcome;
use super::scenario::Kind;
use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{CellAlignment, Table};

/// The runs side by side.
pub(crate) fn table(runs: &[(Kind, Outcome)]) -> String {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED);
    table.set_header(
        [String::new()]
            .into_iter()
            .chain(runs.iter().map(|(kind, _)| heading(*kind).to_owned())),
    );
    for (name, value) in ROWS {
        table.add_row(
            [(*name).to_owned()]
                .into_iter()
                .chain(runs.iter().map(|(_, run)| value(run))),
        );
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.to_string()
}

fn heading(kind: Kind) -> &'static str {
    match kind {
        Kind::Without => "plain ECS",
        Kind::With => "with protector",
    }
}

/// A row: its name, and what it says of a run.
type TableRow = (&'static str, fn(&Outcome) -> String);

const ROWS: &[TableRow] = &[
    ("log lines sent by the tasks", |run| run.lines.sent.to_string()),
    ("of these, reached the router's file", |run| {
        run.lines.arrived.to_string()
    }),
    ("lost", lost),
    ("router outlived the last task by", |run| {
        seconds(run.router_outlived_seconds)
    }),
    ("drain: scale-in to hook completed", |run| {
        seconds(run.hook_completed_after_seconds)
    }),
    ("AWS calls by the coordinator", |run| calls(run, "coordinator")),
    ("AWS calls by the sidecar", |run| calls(run, "sidecar")),
];

fn lost(run: &Outcome) -> String {
    let by_task = run
        .lines
        .lost_by_task
        .iter()
        .map(|(task, count)| format!("{task} {count}"));
    match run.lines.lost {
        0 => "0".to_owned(),
        lost => format!("{lost} ({})", by_task.collect::<Vec<_>>().join(", ")),
    }
}

fn seconds(seconds: Option<f64>) -> String {
    seconds.map_or_else(|| "-".to_owned(), |seconds| format!("{seconds:.1} s"))
}

fn calls(run: &Outcome, caller: &str) -> String {
    let Some(calls) = run.calls.get(caller) else {
        return "none".to_owned();
    };
    let lines = calls
        .iter()
        .map(|(operation, count)| format!("{count} {operation}"));
    format!(
        "{} in all\n{}",
        calls.values().sum::<usize>(),
        lines.collect::<Vec<_>>().join("\n")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::Tally;
    use std::collections::BTreeMap;

    #[test]
    fn the_table_says_what_was_lost_and_what_it_cost() {
        let lines = Tally {
            sent: 10,
            arrived: 7,
            lost: 3,
            lost_by_task: BTreeMap::from([("web".to_owned(), 2), ("job".to_owned(), 1)]),
            ..Tally::default()
        };
        let calls = BTreeMap::from([(
            "sidecar".to_owned(),
            BTreeMap::from([("ssm:GetParameter".to_owned(), 4)]),
        )]);
        let run = Outcome {
            lines,
            router_outlived_seconds: Some(-7.96),
            hook_completed_after_seconds: None,
            calls,
        };
        let table = table(&[(Kind::Without, run)]);
        for part in [
            "plain ECS",
            "3 (job 1, web 2)",
            "-8.0 s",
            "4 ssm:GetParameter",
            "none",
        ] {
            assert!(table.contains(part), "{part} in\n{table}");
        }
    }
}
