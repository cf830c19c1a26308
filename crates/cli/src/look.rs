//! How output looks: in colour or not, and how wide.

use clap::{Args, ValueEnum};
use std::env;
use std::io::{self, IsTerminal, Write};

/// The width of a report that is not for a terminal.
const WIDTH_PIPED: usize = 120;

/// When colours are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorWhen {
    /// On a terminal, unless NO_COLOR is set or TERM is dumb.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Arguments of each command that reports.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct LookArgs {
    /// When to use colours.
    #[arg(long, value_name = "WHEN", env = "PROTECTORCTL_COLOR", default_value = "auto")]
    pub(crate) color: ColorWhen,
}

/// How output looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Look {
    /// Whether there are colours.
    pub(crate) colors: bool,
    /// Characters of a line.
    pub(crate) width: usize,
}

impl LookArgs {
    /// Looks at the terminal and the environment.
    pub(crate) fn settle(self) -> Look {
        let is_terminal = io::stdout().is_terminal();
        let is_set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
        let is_dumb = env::var_os("TERM").is_some_and(|term| term == "dumb");
        let width = terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
        Look {
            colors: colors(self.color, is_terminal, is_set("NO_COLOR"), is_dumb),
            width: width.filter(|_| is_terminal).unwrap_or(WIDTH_PIPED),
        }
    }
}

/// A foreign text that can do nothing to a terminal.
#[must_use]
pub(crate) fn printable(text: &str) -> String {
    text.chars()
        .map(|letter| if letter.is_control() { '\u{fffd}' } else { letter })
        .collect()
}

/// Writes a line to standard error, fit for a terminal. Nothing can be done if that is closed.
pub(crate) fn stderr_line(text: &str) {
    let _ = writeln!(io::stderr(), "{}", printable(text));
}

/// Whether there are colours. An option goes before the environment (<https://no-color.org>).
fn colors(when: ColorWhen, is_terminal: bool, no_color: bool, is_dumb: bool) -> bool {
    match when {
        ColorWhen::Always => true,
        ColorWhen::Never => false,
        ColorWhen::Auto => is_terminal && !no_color && !is_dumb,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_for_terminals_that_want_them() {
        let cases = [
            (ColorWhen::Auto, [true, false, false], true),
            (ColorWhen::Auto, [false, false, false], false),
            (ColorWhen::Auto, [true, true, false], false),
            (ColorWhen::Auto, [true, false, true], false),
            (ColorWhen::Always, [false, true, true], true),
            (ColorWhen::Never, [true, false, false], false),
        ];
        for (when, [is_terminal, no_color, is_dumb], expected) in cases {
            assert_eq!(colors(when, is_terminal, no_color, is_dumb), expected, "{when:?}");
        }
    }
}
