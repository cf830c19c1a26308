//! Asking before something is done that cannot be taken back.

use std::io::{self, BufRead, IsTerminal, Write};

/// What a person answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Confirmed {
    /// Exactly what was asked for.
    Yes,
    /// Anything else.
    No,
    /// There is no terminal to ask on.
    NotAsked,
}

/// Asks on the terminal; `expected` is the only answer that is yes.
///
/// # Errors
/// The terminal cannot be read.
pub(crate) fn confirm(question: &str, expected: &str) -> io::Result<Confirmed> {
    if !io::stdin().is_terminal() {
        return Ok(Confirmed::NotAsked);
    }
    let mut terminal = io::stderr().lock();
    write!(terminal, "{question} ")?;
    terminal.flush()?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(match answer.trim() == expected {
        true => Confirmed::Yes,
        false => Confirmed::No,
    })
}
