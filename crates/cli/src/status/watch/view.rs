//! The screen of a model, as lines: a pure function of the model and the size of the terminal.

mod body;
mod chrome;
mod overlay;

use super::layout::{ScreenLayout, Size};
use super::model::{Effect, Event, Model};
use super::pane::pane;
use super::style::style;
use ratatui::Frame;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

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
    let layout = ScreenLayout::of(size);
    match model.overlay {
        Some(overlay) => {
            let all = overlay::lines(model, overlay, width);
            lines.extend(all.into_iter().skip(model.scroll).take(height.saturating_sub(2)));
        }
        None => {
            lines.extend(fill(body::lines(model, layout, width), layout.body));
            if layout.pane > 0 {
                lines.push(chrome::rule(model, width));
                let pane = model.selected().map(|row| pane(model, &row.drain, width));
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

/// Takes what has happened, and keeps the overlay within its lines. Returns what is to be done.
pub(super) fn update(model: &mut Model, event: Event) -> Vec<Effect> {
    let effects = model.update(event);
    model.limit_scroll(scroll_most(model));
    effects
}

/// How far the overlay can be scrolled.
fn scroll_most(model: &Model) -> usize {
    let inner = usize::from(model.size.height.saturating_sub(2));
    let lines = model
        .overlay
        .map(|overlay| overlay::lines(model, overlay, usize::from(model.size.width)).len());
    lines.unwrap_or_default().saturating_sub(inner)
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
