//! The demo: the same drain without and with the protector, and what was lost.
//!
//! Two programs run it: `protectorctl demo`, and `protector-demo`, which is built without the crates of the SDK that only
//! the account commands of `protectorctl` need. Both call [`run()`], and both are also the applications and the log router
//! that the demo starts: see [`Process`].

mod args;
mod calls;
mod files;
mod interval;
mod native;
mod outcome;
mod process;
mod progress;
mod report;
mod reporter;
mod router;
mod run;
mod scenario;
mod setup;
mod table;
mod timeline;
mod verdict;
mod worker;

pub use args::DemoArgs;
pub use process::Process;
pub use router::RouterArgs;
pub use worker::WorkerArgs;

use outcome::Outcome;
use protector_aws_model::{ApiError, DaemonStop};
use protector_command_line::exit::Exit;
use protector_command_line::programs::Missing;
use protector_command_line::stop::Stop;
use protector_local_aws::{LocalAws, StartError, Timeout};
use reporter::{Form, Reporter};
use run::Done;
use scenario::{Kind, Scenario};
use std::error::Error;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use thiserror::Error;

/// Why the demo did not come to its end.
#[derive(Debug, Error)]
pub(crate) enum DemoError {
    /// A program is not built.
    #[error(transparent)]
    Missing(#[from] Missing),
    /// The local AWS did not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// A call of the demo was refused.
    #[error("{operation}: {source}")]
    Call {
        /// The name of the call.
        operation: String,
        /// Why it failed.
        source: ApiError,
    },
    /// Something did not happen.
    #[error("not within {bound:?}: {what}")]
    Late {
        /// The event that the demo waited for.
        what: String,
        /// The time that it waited.
        bound: Duration,
    },
    /// A run did not come to its end.
    #[error("{run}: {source}; its journal and logs are in {}", dir.display())]
    Run {
        run: &'static str,
        /// The directory of its files.
        dir: PathBuf,
        /// Why it failed.
        source: Box<DemoError>,
    },
    /// A file or the output.
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// The journal that a [`Timeout`] shows is in a file here.
impl From<Timeout> for DemoError {
    fn from(timeout: Timeout) -> DemoError {
        DemoError::Late {
            what: timeout.what,
            bound: timeout.bound,
        }
    }
}

/// Runs the demo. Exit code 0: lines were lost without the protector, and none with it, or some with `--linger 0s`.
///
/// # Errors
/// A run did not come to its end, or standard output cannot be written.
pub async fn run(args: DemoArgs) -> Result<ExitCode, Box<dyn Error>> {
    let mut stop = Stop::listen()?;
    let scenarios = args.scenarios()?;
    report::introduce(&args)?;
    // Ctrl-C drops the runs, and with each local AWS its processes.
    let runs = tokio::select! {
        runs = run_all(&scenarios, &args) => runs?,
        () = stop.asked() => return Ok(Exit::INTERRUPTED.into()),
    };
    let failures = finish(&args, &scenarios, runs, &mut stop).await?;
    Ok(if failures.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Says how it went; leaves the last run, the one with the protector, if that is wanted.
async fn finish(
    args: &DemoArgs,
    scenarios: &[Scenario],
    runs: Vec<(Kind, Done)>,
    stop: &mut Stop,
) -> Result<Vec<String>, DemoError> {
    let (outcomes, left): (Vec<(Kind, Outcome)>, Vec<LocalAws>) = runs
        .into_iter()
        .map(|(kind, done)| ((kind, done.outcome), done.aws))
        .unzip();
    let lines: Vec<_> = outcomes
        .iter()
        .map(|(kind, outcome)| (*kind, &outcome.lines))
        .collect();
    let failures = verdict::failures(&lines, args.linger);
    report::conclude(args, &outcomes, &failures)?;
    if let (true, Some(aws), Some(scenario)) = (args.keep, left.last(), scenarios.last()) {
        tokio::select! {
            kept = keep(args, aws, scenario) => {
                kept?;
                stop.asked().await;
            }
            () = stop.asked() => {}
        }
    }
    for aws in left {
        aws.shutdown().await;
    }
    Ok(failures)
}

/// Begins a drain that holds, if a sidecar holds it, and says how to look at it.
async fn keep(args: &DemoArgs, aws: &LocalAws, scenario: &Scenario) -> Result<(), DemoError> {
    let held = match scenario.kind {
        Kind::With => Some(setup::hold(aws, scenario).await?),
        Kind::Without => None,
    };
    Ok(report::invite(args, &aws.endpoint_url(), held.as_deref())?)
}

/// The runs go on at the same time, each in its own local AWS.
async fn run_all(scenarios: &[Scenario], args: &DemoArgs) -> Result<Vec<(Kind, Done)>, DemoError> {
    let one = |scenario: Scenario| run_one(scenario, args.daemon_stop(), args.form());
    match scenarios {
        [first, second] => {
            let (first, second) = tokio::try_join!(one(first.clone()), one(second.clone()))?;
            Ok(vec![first, second])
        }
        _ => {
            let mut runs = Vec::new();
            for scenario in scenarios {
                runs.push(one(scenario.clone()).await?);
            }
            Ok(runs)
        }
    }
}

async fn run_one(scenario: Scenario, native: DaemonStop, form: Form) -> Result<(Kind, Done), DemoError> {
    let kind = scenario.kind;
    Ok((kind, run::run(&scenario, native, Reporter { kind, form }).await?))
}
