//! Asking before something is done that cannot be taken back, and who answers for it.

use crate::account::Account;
use crate::look::stderr_line;
use clap::Args;
use std::io::{self, BufRead, IsTerminal, Write};

/// Who does it, and whether a question comes first.
#[derive(Clone, Debug, Args)]
pub(crate) struct ConfirmArgs {
    /// Who: a name that colleagues know; by default the name of your session.
    #[arg(long, value_name = "NAME", env = "PROTECTORCTL_WHO", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    who: Option<String>,
    /// Do not ask.
    #[arg(long, short = 'y')]
    yes: bool,
}

/// The words for what is confirmed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deed {
    /// The question for the person: `who orders this?`.
    pub(crate) who: &'static str,
    /// What happens without a question: `orders`.
    pub(crate) does: &'static str,
    /// What was not done if it is not confirmed: `sent`.
    pub(crate) done: &'static str,
}

impl ConfirmArgs {
    /// Who does it: the name that was given, or that of the session.
    pub(crate) async fn who(&self, account: &Account, deed: Deed) -> Result<String, String> {
        match &self.who {
            Some(who) => Ok(who.clone()),
            None => match account.caller().await {
                Ok(caller) => Ok(caller.name().to_owned()),
                Err(gap) => Err(format!("{} give --who ({gap})", deed.who)),
            },
        }
    }

    /// Returns whether no question is to be asked.
    pub(crate) fn is_given(&self) -> bool {
        self.yes
    }
}

/// Asks on the terminal; `expected` is the only answer that is yes. Says so if it is not.
pub(crate) fn confirmed(question: &str, expected: &str, deed: Deed) -> io::Result<bool> {
    if !io::stdin().is_terminal() {
        stderr_line(&format!(
            "error: there is no terminal to ask on; nothing was {}. --yes {} without a question",
            deed.done, deed.does
        ));
        return Ok(false);
    }
    let mut terminal = io::stderr().lock();
    write!(terminal, "{question} ")?;
    terminal.flush()?;
    drop(terminal);
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    let is_yes = answer.trim() == expected;
    if !is_yes {
        stderr_line(&format!("not confirmed, nothing was {}", deed.done));
    }
    Ok(is_yes)
}
