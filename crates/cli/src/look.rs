//! How output looks: in colour or not, in which characters, and how wide.

pub(crate) mod line;
pub(crate) mod table;
#[cfg(test)]
pub(crate) mod testing;

use anstyle::{AnsiColor, Style};
use clap::Args;
use jiff::Timestamp;
use protector_command_line::color::{ColorWhen, is_dumb};
use protector_diagnosis::ends::Ends;
use protector_diagnosis::time_format::span;
use std::env;
use std::io::{self, IsTerminal, Write};

/// The width of a report that is not for a terminal.
const WIDTH_PIPED: usize = 120;

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
    /// Whether characters beyond ASCII are understood.
    pub(crate) unicode: bool,
    /// Characters of a line.
    pub(crate) width: usize,
}

/// What a text is, which decides its colour. A colour never says what the text does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    /// Nothing special.
    Plain,
    /// The head of a table or of a part.
    Head,
    /// Something is wrong.
    Bad,
    /// Something may go wrong, or is not known.
    Warning,
    /// All is well, or on its way.
    Good,
    /// Of less interest.
    Dim,
}

impl Look {
    /// Without colour, in ASCII, in 120 columns.
    #[cfg(test)]
    pub(crate) fn plain() -> Look {
        Look {
            colors: false,
            unicode: false,
            width: WIDTH_PIPED,
        }
    }

    /// A text in the colour of its tone.
    pub(crate) fn toned(self, tone: Tone, text: &str) -> String {
        let style = match tone {
            Tone::Plain => return text.to_owned(),
            Tone::Head => Style::new().bold(),
            Tone::Bad => AnsiColor::Red.on_default().bold(),
            Tone::Warning => AnsiColor::Yellow.on_default(),
            Tone::Good => AnsiColor::Green.on_default(),
            Tone::Dim => Style::new().dimmed(),
        };
        if !self.colors || text.is_empty() {
            return text.to_owned();
        }
        format!("{style}{text}{style:#}")
    }

    /// How long it takes until a wait ends: a bound `<=1m10s`, an estimate `~1m10s`, or `?`.
    pub(crate) fn ends(self, ends: Ends, now: Timestamp) -> String {
        let at_most = if self.unicode { "\u{2264}" } else { "<=" };
        let until = |at: Timestamp| span(at.duration_since(now));
        match ends {
            Ends::Bound(at) | Ends::Estimate(at) if at <= now => "due".to_owned(),
            Ends::Bound(at) => format!("{at_most}{}", until(at)),
            Ends::Estimate(at) => format!("~{}", until(at)),
            Ends::Unknown => "?".to_owned(),
        }
    }
}

/// Cuts a text to so many characters, and shows that it was cut.
pub(crate) fn cut_to(text: &str, width: usize, look: Look) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let mark = if look.unicode { "\u{2026}" } else { ".." };
    let kept = width.saturating_sub(mark.chars().count());
    let cut: String = text.chars().take(kept).collect();
    let cut = format!("{}{mark}", cut.trim_end());
    cut.chars().take(width).collect()
}

/// Two texts, the second at the right edge; below each other, wrapped, if they do not fit into a line.
pub(crate) fn beside(left: (Tone, &str), right: (Tone, &str), look: Look) -> Vec<String> {
    let length = |text: &str| text.chars().count();
    let used = length(left.1) + length(right.1);
    if used + table::GAP <= look.width {
        let gap = " ".repeat(look.width - used);
        let [left, right] = [left, right].map(|(tone, text)| look.toned(tone, text));
        return vec![format!("{left}{gap}{right}")];
    }
    let lines = [left, right].map(|(tone, text)| fitted(tone, text, look));
    lines.concat()
}

/// A text as it is if it fits into a line, else wrapped.
pub(crate) fn fitted(tone: Tone, text: &str, look: Look) -> Vec<String> {
    if text.chars().count() <= look.width {
        return vec![look.toned(tone, text)];
    }
    let lines = wrapped(text, look.width);
    lines.iter().map(|line| look.toned(tone, line)).collect()
}

/// Breaks a text into lines of at most so many characters, between words where that is possible.
pub(crate) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

impl LookArgs {
    /// Looks at the terminal and the environment.
    pub(crate) fn settle(self) -> Look {
        let is_terminal = io::stdout().is_terminal();
        let width = terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
        Look {
            colors: self.color.colors(),
            unicode: !is_dumb() && is_utf8(|name| env::var(name).ok()),
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

/// Whether the locale's characters are UTF-8: the first variable that is set decides (POSIX, section 8.2).
fn is_utf8(variable: impl Fn(&str) -> Option<String>) -> bool {
    let mut names = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter();
    let set = names.find_map(|name| variable(name).filter(|value| !value.is_empty()));
    set.is_some_and(|locale| {
        let locale = locale.to_lowercase();
        locale.ends_with("utf-8") || locale.ends_with("utf8")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_variable_of_the_locale_decides() {
        let cases: [(&[(&str, &str)], bool); 5] = [
            (&[], false),
            (&[("LANG", "en_GB.UTF-8")], true),
            (&[("LC_ALL", "C"), ("LANG", "en_GB.UTF-8")], false),
            (&[("LC_ALL", ""), ("LC_CTYPE", "C.utf8")], true),
            (&[("LANG", "POSIX")], false),
        ];
        for (set, expected) in cases {
            let variable = |name: &str| {
                let found = set.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| (*value).to_owned())
            };
            assert_eq!(is_utf8(variable), expected, "{set:?}");
        }
    }

    #[test]
    fn a_text_is_cut_and_wrapped_to_a_width() {
        let unicode = Look {
            unicode: true,
            ..Look::plain()
        };
        assert_eq!(cut_to("nightly-etl", 8, unicode), "nightly\u{2026}");
        assert_eq!(cut_to("nightly-etl", 8, Look::plain()), "nightl..");
        assert_eq!(cut_to("web", 8, unicode), "web");
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(wrapped("a-long-word of it", 6), ["a-long-word", "of it"]);
    }
}
