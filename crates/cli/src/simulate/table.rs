//! The table: a column for each size of the fleet.

use super::display::{Middle, count};
use super::measures::{FleetRow, MEASURES, Measure};
use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{CellAlignment, Table};

/// The default width of a line.
const WIDTH: usize = 80;

/// One line of a table: its name, and a cell for each column.
pub(crate) type TableLine = (String, Vec<String>);

/// A table of rows that belong together by their size; too many columns go into a second table below.
pub(crate) fn of_fleets(rows: &[FleetRow]) -> String {
    let sizes = sizes(rows);
    let head: Vec<String> = sizes
        .iter()
        .map(|size| count(*size, "inst").replace("insts", "inst"))
        .collect();
    let groups: Vec<Vec<TableLine>> = MEASURES
        .iter()
        .map(|measures| {
            measures
                .iter()
                .map(|measure| line(measure, &sizes, rows))
                .collect()
        })
        .collect();
    render(&head, &groups)
}

/// The sizes, each once, the smallest first.
pub(crate) fn sizes(rows: &[FleetRow]) -> Vec<usize> {
    let mut sizes: Vec<usize> = rows.iter().map(|row| row.instances).collect();
    sizes.sort_unstable();
    sizes.dedup();
    sizes
}

fn line(measure: &Measure, sizes: &[usize], rows: &[FleetRow]) -> TableLine {
    let cell = |size: &usize| {
        let of_size = rows.iter().filter(|row| row.instances == *size);
        let middle = Middle::of(of_size.filter_map(|row| (measure.value)(row)));
        middle.map_or_else(|| "-".to_owned(), Middle::text)
    };
    (measure.name.to_owned(), sizes.iter().map(cell).collect())
}

/// Draws it, in as many tables as the width needs.
pub(crate) fn render(head: &[String], groups: &[Vec<TableLine>]) -> String {
    let lines = || groups.iter().flatten();
    let name = lines().map(|(name, _)| name.chars().count()).max().unwrap_or(0) + 4;
    let wide = |index: usize| {
        let cells = lines().map(|(_, cells)| cells[index].chars().count());
        cells.chain([head[index].chars().count()]).max().unwrap_or(0) + 3
    };
    let mut tables = Vec::new();
    let mut from = 0;
    while from < head.len() {
        let mut left = width().saturating_sub(name);
        let fits = (from..head.len()).take_while(|index| {
            let enough = wide(*index) <= left;
            left = left.saturating_sub(wide(*index));
            enough
        });
        let to = from + fits.count().max(1);
        tables.push(draw(head, groups, from..to));
        from = to;
    }
    tables.join("\n\n")
}

fn draw(head: &[String], groups: &[Vec<TableLine>], columns: std::ops::Range<usize>) -> String {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED);
    table.set_header([&[String::new()], &head[columns.clone()]].concat());
    for (index, group) in groups.iter().enumerate() {
        if index > 0 {
            table.add_row(vec![String::new(); columns.len() + 1]);
        }
        for (name, cells) in group {
            table.add_row([std::slice::from_ref(name), &cells[columns.clone()]].concat());
        }
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.to_string()
}

/// `COLUMNS`, if the shell says.
pub(crate) fn width() -> usize {
    let columns = std::env::var("COLUMNS")
        .ok()
        .and_then(|columns| columns.parse().ok());
    columns.unwrap_or(WIDTH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_comes_below() {
        let head: Vec<String> = (0..6).map(|index| format!("column number {index}")).collect();
        let groups = vec![vec![("a line".to_owned(), vec!["1".to_owned(); 6])]];
        let drawn = render(&head, &groups);
        assert!(drawn.lines().all(|line| line.chars().count() <= WIDTH), "{drawn}");
        assert_eq!(drawn.matches("a line").count(), 2, "{drawn}");
        for name in head {
            assert!(drawn.contains(&name), "{drawn}");
        }
    }
}
