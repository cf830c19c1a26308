//! The screen of a model, as lines: a pure function of the model and the size of the terminal.

mod body;
mod chrome;
mod overlay;

use super::model::{Model, Size};
use super::pane::pane;
use crate::look::Tone;
use crate::status::screen;
use ratatui::Frame;
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};

/// From this height on the selected drain is shown below the table.
const PANE_FROM: u16 = 20;

/// Below this height each drain has two lines, as on a narrow terminal.
const FLAT: u16 = 8;

/// Draws the screen.
pub(super) fn view(model: &Model, frame: &mut Frame<'_>) {
    let area = frame.area();
    let size = Size {
        width: area.width,
        height: area.height,
    };
    for (line, row) in lines(model, size).iter().zip(area.rows()) {
        frame.render_widget(line, row);
    }
}

/// The screen as lines, as many as the terminal has.
pub(super) fn lines(model: &Model, size: Size) -> Vec<Line<'static>> {
    let (width, height) = (usize::from(size.width), usize::from(size.height));
    let mut lines = vec![chrome::header(model, width)];
    let layout = Layout::of(size);
    match model.overlay {
        Some(overlay) => {
            let all = overlay::lines(model, overlay, width);
            lines.extend(all.into_iter().skip(model.scroll).take(height.saturating_sub(2)));
        }
        None => {
            lines.extend(fill(body::lines(model, layout, width), layout.body));
            if layout.pane > 0 {
                lines.push(chrome::rule(model, width));
                let pane = model.selected().map(|row| pane(&row.drain, model.now, width));
                lines.extend(fill(pane.unwrap_or_default(), layout.pane));
            }
        }
    }
    let mut lines = fill(lines, height.saturating_sub(1));
    lines.push(chrome::keys(model, layout, width));
    if height < 2 {
        lines.truncate(height);
    }
    match model.look.colors {
        true => lines,
        false => lines.into_iter().map(colorless).collect(),
    }
}

/// Exactly so many lines.
fn fill(mut lines: Vec<Line<'static>>, count: usize) -> Vec<Line<'static>> {
    lines.resize(count, Line::default());
    lines
}

/// How the lines of the screen are shared, the header and the keys left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Layout {
    /// Lines of the table, its head included.
    body: usize,
    /// Lines of the pane; none if there is no pane, and no rule above it.
    pane: usize,
    /// Whether each drain has two lines.
    two_lines: bool,
}

impl Layout {
    fn of(size: Size) -> Layout {
        let two_lines = usize::from(size.width) < screen::NARROW || size.height < FLAT;
        let inner = usize::from(size.height.saturating_sub(2));
        let pane = match size.height >= PANE_FROM && !two_lines {
            true => usize::from(size.height / 3).clamp(6, 12),
            false => 0,
        };
        let rule = usize::from(pane > 0);
        Layout {
            body: inner.saturating_sub(pane + rule),
            pane,
            two_lines,
        }
    }

    /// How many rows are shown at a time.
    fn rows(self) -> usize {
        match self.two_lines {
            true => self.body / 2,
            false => self.body.saturating_sub(1),
        }
        .max(1)
    }
}

/// How many rows are shown at a time.
pub(super) fn rows_per_page(model: &Model) -> usize {
    Layout::of(model.size).rows()
}

/// How far the overlay can be scrolled.
pub(super) fn scroll_most(model: &Model) -> usize {
    let inner = usize::from(model.size.height.saturating_sub(2));
    let lines = model
        .overlay
        .map(|overlay| overlay::lines(model, overlay, usize::from(model.size.width)).len());
    lines.unwrap_or_default().saturating_sub(inner)
}

/// How a tone is written.
pub(super) fn style(tone: Tone) -> Style {
    match tone {
        Tone::Plain => Style::new(),
        Tone::Head => Style::new().add_modifier(Modifier::BOLD),
        Tone::Bad => Style::new().fg(Color::Red).add_modifier(Modifier::BOLD),
        Tone::Warning => Style::new().fg(Color::Yellow),
        Tone::Good => Style::new().fg(Color::Green),
        Tone::Dim => Style::new().add_modifier(Modifier::DIM),
    }
}

/// A line for a terminal without colours; bold, dim and reversed are none.
fn colorless(line: Line<'static>) -> Line<'static> {
    let plain = |style: Style| Style {
        fg: None,
        bg: None,
        ..style
    };
    let spans = line.spans.into_iter();
    let spans = spans.map(|span| Span::styled(span.content, plain(span.style)));
    Line::from_iter(spans).style(plain(line.style))
}

#[cfg(test)]
mod tests;
