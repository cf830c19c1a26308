//! How the screen is shared, by its size.

use crate::status::screen;

/// From this height on the selected drain is shown below the table.
const PANE_FROM: u16 = 20;

/// Below this height each drain has two lines, as on a narrow terminal.
const FLAT: u16 = 8;

/// Characters of the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Size {
    /// Columns.
    pub(super) width: u16,
    /// Lines.
    pub(super) height: u16,
}

/// How the lines of the screen are shared, the header and the keys left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ScreenLayout {
    /// Lines of the table, its head included.
    pub(super) body: usize,
    /// Lines of the pane; none if there is no pane, and no rule above it.
    pub(super) pane: usize,
    /// Whether each drain has two lines.
    pub(super) two_lines: bool,
}

impl ScreenLayout {
    /// Of a terminal of this size.
    pub(super) fn of(size: Size) -> ScreenLayout {
        let two_lines = usize::from(size.width) < screen::NARROW || size.height < FLAT;
        let inner = usize::from(size.height.saturating_sub(2));
        let pane = match size.height >= PANE_FROM && !two_lines {
            true => usize::from(size.height / 3).clamp(6, 12),
            false => 0,
        };
        let rule = usize::from(pane > 0);
        ScreenLayout {
            body: inner.saturating_sub(pane + rule),
            pane,
            two_lines,
        }
    }

    /// How many rows are shown at a time.
    pub(super) fn rows(self) -> usize {
        match self.two_lines {
            true => self.body / 2,
            false => self.body.saturating_sub(1),
        }
        .max(1)
    }
}
