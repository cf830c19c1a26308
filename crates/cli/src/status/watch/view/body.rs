//! The table of the drains, or what there is in its place.

use super::{ScreenLayout, style};
use crate::look::table::{self, GAP};
use crate::look::{Look, Tone, cut_to, wrapped};
use crate::status::screen::{self, Cell};
use crate::status::watch::model::Model;
use crate::status::watch::rows::{DrainRow, Worse};
use protector_core::plural::counted;
use protector_diagnosis::fleet::Fleet;
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};

/// The table, or why there is none.
pub(super) fn lines(model: &Model, layout: ScreenLayout, width: usize) -> Vec<Line<'static>> {
    let rows: Vec<&DrainRow> = model.visible().collect();
    let look = Look {
        colors: false,
        width,
        ..model.look
    };
    if rows.is_empty() {
        return empty(model, width);
    }
    // Pages, so that no row moves before the selection leaves the page.
    let page = model.selected_place() / layout.rows();
    let on_page = rows.chunks(layout.rows()).nth(page).unwrap_or_default();
    let mut lines = match layout.two_lines {
        true => on_page
            .iter()
            .flat_map(|row| two_lines(model, row, look))
            .collect(),
        false => table(model, &rows, on_page, look),
    };
    let notes = notes(model, look);
    if lines.len() + notes.len() <= layout.body {
        lines.extend(notes);
    }
    lines
}

/// Without a row, the screen says why.
fn empty(model: &Model, width: usize) -> Vec<Line<'static>> {
    let texts = match (&model.data, model.failed.is_empty()) {
        (None, true) => vec![("Reading...".to_owned(), Tone::Plain)],
        (None, false) => {
            let gaps = model.failed.iter().map(|gap| format!("{gap} ({})", gap.message));
            let again = "It is tried again.".to_owned();
            let known = "Nothing is known yet.".to_owned();
            std::iter::once((known, Tone::Bad))
                .chain(gaps.map(|text| (text, Tone::Warning)))
                .chain([(again, Tone::Plain)])
                .collect()
        }
        (Some(_), _) if !model.filter.text.is_empty() => {
            vec![(
                format!("No drain contains \"{}\".", model.filter.text),
                Tone::Plain,
            )]
        }
        (Some(_), _) => {
            let hidden = model.hidden();
            let over = (hidden > 0).then(|| format!("{} over; a shows them.", counted_drains(hidden)));
            let none = "No instance drains.".to_owned();
            std::iter::once(none)
                .chain(over)
                .map(|text| (text, Tone::Plain))
                .collect()
        }
    };
    let lines = texts.into_iter().flat_map(|(text, tone)| {
        let texts = wrapped(&text, width.max(1));
        texts.into_iter().map(move |text| Line::styled(text, style(tone)))
    });
    lines.collect()
}

fn counted_drains(count: usize) -> String {
    match count {
        1 => format!("{} is", counted(count, "drain")),
        _ => format!("{} are", counted(count, "drain")),
    }
}

/// What is wrong with the coordinator, and what could not be read.
fn notes(model: &Model, look: Look) -> Vec<Line<'static>> {
    let Some(data) = &model.data else {
        return Vec::new();
    };
    let fleet = Fleet {
        now: data.at,
        drains: Vec::new(),
        coordinator: data.seen.clone(),
        gaps: data.gaps.clone(),
    };
    let texts = screen::warnings(&fleet, &[], &model.invocation, look);
    texts
        .into_iter()
        .map(|text| Line::styled(text, style(Tone::Warning)))
        .collect()
}

/// The head, and the rows of one page. Widths are those of all rows, so that columns stay where they are.
fn table(model: &Model, rows: &[&DrainRow], on_page: &[&DrainRow], look: Look) -> Vec<Line<'static>> {
    let first = rows.first().map(|row| &row.drain.key.cluster);
    let clusters = rows.iter().any(|row| Some(&row.drain.key.cluster) != first);
    let cells = screen::columns(look.width, clusters, false);
    let columns: Vec<table::Column> = cells.iter().map(|cell| cell.column()).collect();
    let texts = |row: &&DrainRow| table::Row {
        cells: cells.iter().map(|cell| text(*cell, row, model, look)).collect(),
        tone: screen::tone(&row.drain),
    };
    let all: Vec<table::Row> = rows.iter().map(texts).collect();
    let widths = table::widths(&columns, &all, look.width);
    let heads = columns.iter().zip(&widths).map(|(column, width)| {
        let gap = " ".repeat(GAP);
        Span::styled(format!("{:<width$}{gap}", column.head), style(Tone::Head))
    });
    let head = Line::from_iter(heads);
    let lines = on_page.iter().map(|row| line(model, row, &cells, &widths, look));
    std::iter::once(head).chain(lines).collect()
}

fn text(cell: Cell, row: &DrainRow, model: &Model, look: Look) -> String {
    match (cell, row.gone) {
        // Columns stay where they are when the first row gets a mark.
        (Cell::Mark, _) => format!("{:1}", screen::mark(&row.drain)),
        (Cell::HeldBy, true) => "not there any more; its end was not seen".to_owned(),
        _ => cell.text(&row.drain, model.now, look),
    }
}

fn line(model: &Model, row: &DrainRow, cells: &[Cell], widths: &[usize], look: Look) -> Line<'static> {
    let selected = model.is_selected(row);
    let mut spans = Vec::new();
    for (cell, width) in cells.iter().zip(widths) {
        let text = cut_to(&text(*cell, row, model, look), *width, look);
        let gap = match (*cell, selected) {
            (Cell::Mark, true) => "> ",
            _ => "  ",
        };
        let modifier = match is_worse(*cell, row.worse) {
            true => Modifier::BOLD,
            false => Modifier::empty(),
        };
        let padded = format!("{text:<width$}");
        spans.push(Span::styled(
            padded,
            ratatui::style::Style::new().add_modifier(modifier),
        ));
        spans.push(Span::raw(gap));
    }
    finished(Line::from(spans), model, row)
}

fn is_worse(cell: Cell, worse: Worse) -> bool {
    match cell {
        Cell::Mark => worse.risk,
        Cell::Left => worse.left,
        Cell::Ends => worse.ends,
        Cell::Hook => worse.hook,
        _ => false,
    }
}

fn two_lines(model: &Model, row: &DrainRow, look: Look) -> [Line<'static>; 2] {
    let [first, second] = screen::narrow::two(&row.drain, model.now, look);
    let first = match model.is_selected(row) {
        // The second character is the blank after the mark.
        true => first
            .chars()
            .enumerate()
            .map(|(place, letter)| if place == 1 { '>' } else { letter })
            .collect(),
        false => first,
    };
    let width = look.width;
    [first, second].map(|text| finished(Line::raw(format!("{text:<width$}")), model, row))
}

/// The colour of the row; reversed if it is selected, dim if it may not be true any more.
fn finished(line: Line<'static>, model: &Model, row: &DrainRow) -> Line<'static> {
    let mut own = style(screen::tone(&row.drain));
    if model.is_stale() {
        own = own.remove_modifier(Modifier::BOLD).add_modifier(Modifier::DIM);
    }
    if model.is_selected(row) {
        own = own.add_modifier(Modifier::REVERSED);
    }
    line.style(own)
}
