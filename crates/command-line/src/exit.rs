//! Exit codes, the same for every command and every format of output.

use crate::output;
use std::error::Error;
use std::process::ExitCode;

/// As a shell has it for a program that SIGPIPE ended.
const CLOSED_PIPE: u8 = 141;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// It was asked and answered, and nothing is wrong; or it is done.
    Good,
    /// The answer is bad: a drain is late, a finding, an order that changed nothing.
    Bad,
    /// There is no answer: a wrong option, no credentials, a read that was denied.
    NoAnswer,
    /// The time that was given ran out first.
    TimedOut,
    /// A signal of this number ended it, after it had cleaned up.
    Signal(u8),
}

impl Exit {
    /// Ctrl-C (SIGINT) ended it.
    pub const INTERRUPTED: Exit = Exit::Signal(2);

    /// The number of it.
    pub fn code(self) -> u8 {
        match self {
            Exit::Good => 0,
            Exit::Bad => 1,
            Exit::NoAnswer => 2,
            Exit::TimedOut => 3,
            // As a shell has it for a program that a signal ended.
            Exit::Signal(number) => 128_u8.saturating_add(number),
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}

/// The exit code of a program whose command ended so. An error is reported on standard error.
pub fn code(ended: Result<ExitCode, Box<dyn Error>>) -> ExitCode {
    match ended {
        Ok(code) => code,
        // The reader of our output has closed it, as with `| head`.
        Err(error) if output::is_closed_pipe(error.as_ref()) => ExitCode::from(CLOSED_PIPE),
        Err(error) => {
            output::error(error.as_ref());
            Exit::NoAnswer.into()
        }
    }
}
