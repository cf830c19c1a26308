//! Output, for people or for programs.

use serde::Serialize;
use std::error::Error;
use std::io::{self, ErrorKind, Write};
use std::iter;

/// Writes a line to standard output, at once.
///
/// # Errors
/// Standard output cannot be written; see [`is_closed_pipe`].
pub fn line(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")?;
    out.flush()
}

/// Writes a value as one line of JSON.
///
/// # Errors
/// As for [`line()`].
pub fn json(value: &impl Serialize) -> io::Result<()> {
    line(&serde_json::to_string(value)?)
}

/// Reports on standard error why the program fails, with every cause.
pub fn error(error: &(dyn Error + 'static)) {
    let _ = writeln!(io::stderr(), "error: {}", chain(error));
}

/// The text of an error with every cause. Some errors repeat their cause in their own words.
pub fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = String::new();
    for cause in causes(error).map(ToString::to_string) {
        if !text.contains(&cause) {
            let colon = if text.is_empty() { "" } else { ": " };
            text = format!("{text}{colon}{cause}");
        }
    }
    text
}

/// Returns whether the error is a reader that has closed its end, as in `protectorctl demo | head`.
pub fn is_closed_pipe(error: &(dyn Error + 'static)) -> bool {
    causes(error)
        .filter_map(|error| error.downcast_ref::<io::Error>())
        .any(|error| error.kind() == ErrorKind::BrokenPipe)
}

/// An error, and what is behind it.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    iter::successors(Some(error), |error| (*error).source())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closed_pipe_is_no_failure() {
        assert!(is_closed_pipe(&io::Error::from(ErrorKind::BrokenPipe)));
        assert!(!is_closed_pipe(&io::Error::from(ErrorKind::NotFound)));
    }
}
