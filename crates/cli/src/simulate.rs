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

use crate::exit::Exit;
use crate::output;
use error::SimulateError;
use std::error::Error;

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

impl From<Ended> for Exit {
    fn from(ended: Ended) -> Exit {
        match ended {
            Ended::Kept => Exit::Good,
            Ended::Broken => Exit::Bad,
            Ended::Interrupted => Exit::INTERRUPTED,
        }
    }
}

/// Plays what is asked for, and reports the results.
pub(crate) async fn run(args: SimulateArgs) -> Result<Exit, Box<dyn Error>> {
    match play(&args).await {
        Ok(ended) => Ok(ended.into()),
        Err(error) if output::is_closed_pipe(&error) => Err(error.into()),
        Err(error) => {
            output::error(&error);
            Ok(Exit::NoAnswer)
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
