//! Whether output has colours.

use clap::ValueEnum;
use std::env;
use std::io::{self, IsTerminal};

/// When colours are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ColorWhen {
    /// On a terminal, unless NO_COLOR is set or TERM is dumb.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl ColorWhen {
    /// Returns whether standard output has colours: looks at the terminal and the environment.
    pub fn colors(self) -> bool {
        let no_color = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        colors(self, io::stdout().is_terminal(), no_color, is_dumb())
    }
}

/// Returns whether the terminal says that it understands nothing but plain ASCII.
pub fn is_dumb() -> bool {
    env::var_os("TERM").is_some_and(|term| term == "dumb")
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
