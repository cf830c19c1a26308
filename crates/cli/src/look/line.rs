//! A line whose parts have tones: drawn in the colours of a terminal, or put on a full screen.

use super::{Look, Tone};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Line {
    /// Its parts, from the left.
    pub(crate) parts: Vec<(Tone, String)>,
    /// Whether it is a command that a person copies: a line of a text does not go on after it, and it is broken only so
    /// that a shell reads it as one.
    pub(crate) is_command: bool,
}

impl Line {
    pub(crate) fn new(tone: Tone, text: impl Into<String>) -> Line {
        Line {
            parts: vec![(tone, text.into())],
            is_command: false,
        }
    }

    pub(crate) fn command(text: impl Into<String>) -> Line {
        Line {
            is_command: true,
            ..Line::new(Tone::Plain, text)
        }
    }

    /// The same with a part more.
    pub(crate) fn and(mut self, tone: Tone, text: impl Into<String>) -> Line {
        self.parts.push((tone, text.into()));
        self
    }

    /// Its text alone.
    pub(crate) fn text(&self) -> String {
        self.parts.iter().map(|(_, text)| text.as_str()).collect()
    }

    /// As a terminal has it.
    pub(crate) fn drawn(&self, look: Look) -> String {
        self.parts
            .iter()
            .map(|(tone, text)| look.toned(*tone, text))
            .collect()
    }
}
