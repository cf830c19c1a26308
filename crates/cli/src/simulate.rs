//! `protectorctl simulate`: a whole fleet drains at once, in a model of AWS, with the real coordinator and sidecar.

mod args;
mod display;
mod error;
mod fleet;
mod fleets;
mod help;
mod job;
mod measures;
mod observers;
mod pool;
mod progress;
mod settings_file;
mod table;
mod violations;

pub(crate) use args::SimulateArgs;

use crate::say;
use error::SimulateError;
use std::error::Error;
use std::process::ExitCode;

/// No answer: an option, a file or a setting is wrong.
const NO_ANSWER: u8 = 2;

/// As a shell has it for a program that Ctrl-C ended.
const INTERRUPTED: u8 = 130;

/// How a command ended that could be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    /// No promise was broken.
    Kept,
    /// A promise was broken.
    Broken,
    /// Ctrl-C.
    Interrupted,
}

impl From<Ended> for ExitCode {
    fn from(ended: Ended) -> ExitCode {
        match ended {
            Ended::Kept => ExitCode::SUCCESS,
            Ended::Broken => ExitCode::FAILURE,
            Ended::Interrupted => ExitCode::from(INTERRUPTED),
        }
    }
}

/// Plays what is asked for, and says what came of it.
///
/// # Errors
/// Nobody listens.
pub(crate) async fn run(args: SimulateArgs) -> Result<ExitCode, Box<dyn Error>> {
    match play(&args).await {
        Ok(ended) => Ok(ended.into()),
        Err(error) if say::is_closed_pipe(&error) => Err(error.into()),
        Err(error) => {
            say::error(&error);
            Ok(ExitCode::from(NO_ANSWER))
        }
    }
}

async fn play(args: &SimulateArgs) -> Result<Ended, SimulateError> {
    fleets::run(args).await
}
