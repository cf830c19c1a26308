//! Tables that fit the width of the terminal: texts and names give way, and what does not fit into it is cut.

use super::line::Line;
use super::{Look, Tone, cut_to};

#[derive(Clone, Copy, Debug)]
pub(crate) struct Column {
    pub(crate) head: &'static str,
    /// Whether it is cut before the others: a text or a name, not a number.
    pub(crate) gives_way: bool,
}

/// A row: a cell for each column, and how it is written.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    /// The text of each cell.
    pub(crate) cells: Vec<String>,
    /// How it is written.
    pub(crate) tone: Tone,
}

/// Characters between two columns.
pub(crate) const GAP: usize = 2;

/// A column that gives way keeps so many characters.
const LEAST: usize = 8;

/// The lines of a table, each `indent` characters from the left.
pub(crate) fn lines(columns: &[Column], rows: &[Row], look: Look, indent: usize) -> Vec<String> {
    let lines = toned(columns, rows, look, indent);
    lines.iter().map(|line| line.drawn(look)).collect()
}

/// The same before they are drawn.
pub(crate) fn toned(columns: &[Column], rows: &[Row], look: Look, indent: usize) -> Vec<Line> {
    let widths = widths(columns, rows, look.width.saturating_sub(indent));
    let pad = " ".repeat(indent);
    let head: Vec<String> = columns.iter().map(|column| column.head.to_owned()).collect();
    let line = |cells: &[String], tone: Tone| {
        let text = joined(cells, &widths, look);
        Line::new(tone, format!("{pad}{text}").trim_end())
    };
    let head = line(&head, Tone::Head);
    std::iter::once(head)
        .chain(rows.iter().map(|row| line(&row.cells, row.tone)))
        .collect()
}

fn joined(cells: &[String], widths: &[usize], look: Look) -> String {
    let mut text = String::new();
    for (number, (cell, width)) in cells.iter().zip(widths).enumerate() {
        if number > 0 {
            text.push_str(&" ".repeat(GAP));
        }
        let cell = cut_to(cell, *width, look);
        let length = cell.chars().count();
        text.push_str(&cell);
        text.push_str(&" ".repeat(width.saturating_sub(length)));
    }
    text
}

/// The width of each column in a table of at most so many characters: the columns that give way are cut first, the
/// widest of them before the others, and then all the same way.
pub(crate) fn widths(columns: &[Column], rows: &[Row], width: usize) -> Vec<usize> {
    let longest = |number: usize, column: &Column| {
        let cells = rows.iter().filter_map(|row| row.cells.get(number));
        let most = cells.map(|cell| cell.chars().count()).max().unwrap_or_default();
        most.max(column.head.len())
    };
    let mut widths: Vec<usize> = columns
        .iter()
        .enumerate()
        .map(|(number, column)| longest(number, column))
        .collect();
    let gaps = GAP * columns.len().saturating_sub(1);
    let over = (widths.iter().sum::<usize>() + gaps).saturating_sub(width);
    let giving = widths.iter_mut().zip(columns);
    let giving = giving.filter_map(|(width, column)| column.gives_way.then_some(width));
    let over = cut_widest(giving.collect(), over);
    cut_widest(widths.iter_mut().collect(), over);
    widths
}

/// Takes what is over from the column that is the widest by then, down to [`LEAST`] characters; returns what is left.
fn cut_widest(mut widths: Vec<&mut usize>, mut over: usize) -> usize {
    while over > 0 {
        let Some(widest) = widths.iter_mut().max().filter(|widest| ***widest > LEAST) else {
            return over;
        };
        **widest -= 1;
        over -= 1;
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [Column; 3] = [
        Column {
            head: "ID",
            gives_way: false,
        },
        Column {
            head: "HELD BY",
            gives_way: true,
        },
        Column {
            head: "LEFT",
            gives_way: false,
        },
    ];

    fn look(width: usize) -> Look {
        Look {
            width,
            ..Look::plain()
        }
    }

    #[test]
    fn the_column_that_gives_way_is_cut_to_the_width() {
        let rows = [Row {
            cells: vec![
                "i-1".to_owned(),
                "nightly-etl standalone, game protected".to_owned(),
                "2/5".to_owned(),
            ],
            tone: Tone::Plain,
        }];
        let lines = lines(&COLUMNS, &rows, look(32), 2);
        assert_eq!(lines[0], "  ID   HELD BY              LEFT");
        assert_eq!(lines[1], "  i-1  nightly-etl stand..  2/5");
        assert!(lines.iter().all(|line| line.chars().count() <= 32));
    }

    #[test]
    fn long_names_are_cut_where_giving_way_is_not_enough() {
        let row = Row {
            cells: vec![
                "production-of-the-platform".into(),
                "nightly-etl".into(),
                "2/5".into(),
            ],
            tone: Tone::Plain,
        };
        let lines = lines(&COLUMNS, &[row], look(32), 2);
        assert_eq!(lines[1], "  production-o..  nightl..  2/5");
        assert!(lines.iter().all(|line| line.chars().count() <= 32));
    }

    #[test]
    fn a_wide_terminal_leaves_no_gap() {
        let lines = lines(&COLUMNS, &[], look(200), 0);
        assert_eq!(lines, ["ID  HELD BY  LEFT"]);
    }
}
