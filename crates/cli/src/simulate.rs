//! `protectorctl simulate`: a whole fleet drains at once, in a model of AWS, with the real coordinator and sidecar.

mod args;
mod benchmark;
mod contender;
mod display;
mod error;
mod fleet;
mod fleets;
mod help;
mod job;
mod measures;
mod observers;
mod page;
mod pool;
mod progress;
mod report;
mod rivals;
mod runs;
mod settings_file;
mod table;
mod timeline;
mod violations;
mod worlds;

pub(crate) use args::SimulateArgs;

use crate::output;
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

/// Plays what is asked for, and reports the results.
///
/// # Errors
/// Standard output cannot be written.
pub(crate) async fn run(args: SimulateArgs) -> Result<ExitCode, Box<dyn Error>> {
    match play(&args).await {
        Ok(ended) => Ok(ended.into()),
        Err(error) if output::is_closed_pipe(&error) => Err(error.into()),
        Err(error) => {
            output::error(&error);
            Ok(ExitCode::from(NO_ANSWER))
        }
    }
}

async fn play(args: &SimulateArgs) -> Result<Ended, SimulateError> {
    let asked = &args.worlds;
    if asked.benchmark {
        return benchmark::run(args);
    }
    if let Some(file) = &asked.scenario {
        return worlds::scenario(args, file).await;
    }
    if asked.random.is_some() {
        return worlds::random(args).await;
    }
    if !asked.faults.is_empty() {
        return worlds::faults(args).await;
    }
    fleets::run(args).await
}
