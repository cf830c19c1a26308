//! Colours on the whole terminal.

use crate::look::Tone;
use ratatui::style::{Color, Modifier, Style};

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
