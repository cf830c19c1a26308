//! The same fleet with each contender, side by side.

use super::contender::Contender;
use super::display::{Middle, count, wrapped};
use super::measures::{FleetRow, percent};
use super::table::{self, TableLine};

/// A line: its name, and its number.
pub(crate) type RivalMeasure = (&'static str, fn(&FleetRow) -> Option<f64>);

/// The measures by which the rivals are compared.
pub(crate) const MEASURES: &[RivalMeasure] = &[
    ("wrong releases", |row| Some(row.wrong_releases as f64)),
    ("log lines lost", |row| Some(row.lines_lost as f64)),
    ("tasks killed", |row| Some(row.tasks_killed as f64)),
    ("hook to completed (s)", |row| row.completed_p50()),
    ("hooks ran out", |row| Some(row.hooks_ran_out as f64)),
    ("requests a drain", |row| {
        Some(row.requests as f64 / row.instances as f64)
    }),
    ("throttled (%)", |row| Some(percent(row.throttled, row.requests))),
    ("billed a drain (s)", |row| {
        Some(row.billed_seconds / row.instances as f64)
    }),
    ("failed runs", |row| Some(row.runs_failed as f64)),
];

/// What the table does not count.
pub(crate) const KILLED: &str = "Tasks killed: the instance went off before they had stopped. What they had still to do \
    and to write is not in the lost lines, and is lost too.";

/// A cell: the median over the seeds, and the range.
pub(crate) fn cell(
    rows: &[(Contender, FleetRow)],
    size: usize,
    contender: Contender,
    measure: &RivalMeasure,
) -> String {
    let rows = rows
        .iter()
        .filter(|(who, row)| *who == contender && row.instances == size);
    let middle = Middle::of(rows.filter_map(|(_, row)| measure.1(row)));
    middle.map_or_else(|| "-".to_owned(), Middle::text)
}

pub(crate) fn tables(rows: &[(Contender, FleetRow)]) -> String {
    let all: Vec<FleetRow> = rows.iter().map(|(_, row)| row.clone()).collect();
    let tables = table::sizes(&all).into_iter().map(|size| {
        let head = Contender::ALL.map(|contender| contender.name().to_owned());
        let lines: Vec<TableLine> = MEASURES.iter().map(|measure| line(rows, size, measure)).collect();
        format!(
            "{} at once\n{}",
            count(size, "instance"),
            table::render(&head, &[lines])
        )
    });
    let legend = Contender::ALL.map(|contender| {
        let line = format!("{:<10} {}", contender.name(), contender.what());
        wrapped(&line, table::width(), 11)
    });
    let tables = tables.collect::<Vec<_>>().join("\n\n");
    format!(
        "{tables}\n{}\n{}",
        legend.join("\n"),
        wrapped(KILLED, table::width(), 0)
    )
}

fn line(rows: &[(Contender, FleetRow)], size: usize, measure: &RivalMeasure) -> TableLine {
    let cells = Contender::ALL.map(|contender| cell(rows, size, contender, measure));
    (measure.0.to_owned(), cells.to_vec())
}
