//! `protectorctl inject`: puts the sidecar into a task definition, and corrects one that is there.
//!
//! It makes the corrections that `lint` offers, one after another, until `lint` offers none: so running it twice
//! changes nothing, and what it writes passes. `amend`, `remove` and `ready` are functions of a text; only this file
//! reads and writes.

mod amend;
mod args;
mod help;
mod ready;
mod remove;
mod report;
mod sidecar;

pub(crate) use args::InjectArgs;

use crate::account::Account;
use crate::exit::Exit;
use crate::lint::Unreadable;
use crate::lint::input::Input;
use crate::look::{Look, stderr_line};
use crate::output;
use amend::Refusal;
use std::error::Error;
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use thiserror::Error;

/// The mark with which some editors begin a file; it is kept.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// Why a file is not changed.
#[derive(Debug, Error)]
enum InjectError {
    #[error("{0}{1}")]
    Unreadable(String, Unreadable),
    #[error("{0}: {1}")]
    Refused(String, Refusal),
    #[error("{0} cannot be written: {1}")]
    Unwritable(String, io::Error),
}

impl InjectError {
    /// A definition that was understood and cannot be protected is a bad answer; anything else is none.
    fn exit(&self) -> Exit {
        match self {
            InjectError::Refused(_, refusal) if refusal.is_an_answer() => Exit::Bad,
            InjectError::Refused(..) | InjectError::Unreadable(..) | InjectError::Unwritable(..) => {
                Exit::NoAnswer
            }
        }
    }
}

/// Changes each file, or shows how.
pub(crate) fn run(args: &InjectArgs) -> Result<Exit, Box<dyn Error>> {
    let look = args.look.settle();
    let mut worst = Exit::Good;
    for file in &args.files {
        let exit = match one(file, args) {
            Ok(done) => {
                finish(&done, args, look)?;
                match args.check && done.has_changed() {
                    true => Exit::Bad,
                    false => Exit::Good,
                }
            }
            Err(failure) => {
                stderr_line(&format!("error: {failure}"));
                failure.exit()
            }
        };
        // As for `lint`: a bad answer goes before none.
        worst = match (exit, worst) {
            (Exit::Bad, _) | (_, Exit::Good) => exit,
            _ => worst,
        };
    }
    Ok(worst)
}

/// Changes each file, and registers what comes of it.
pub(crate) async fn register(args: &InjectArgs) -> Result<Exit, Box<dyn Error>> {
    let account = Account::open(&args.account()).await?;
    for file in &args.files {
        let done = match one(file, args) {
            Ok(done) => done,
            Err(failure) => {
                stderr_line(&format!("error: {failure}"));
                return Ok(failure.exit());
            }
        };
        for line in &done.report {
            stderr_line(&format!("{}: {line}", done.name));
        }
        match account.register_definition(&done.after).await {
            Ok(arn) => output::line(&arn)?,
            Err(gap) => {
                stderr_line(&format!("error: {} is not registered: {gap}", done.name));
                return Ok(Exit::NoAnswer);
            }
        }
    }
    Ok(Exit::Good)
}

/// A file and what became of it.
struct ProcessedFile {
    name: String,
    marked: bool,
    before: String,
    after: String,
    /// The lines for standard error.
    report: Vec<String>,
}

impl ProcessedFile {
    fn has_changed(&self) -> bool {
        self.before != self.after
    }

    /// The bytes to write, with the mark that the file had.
    fn bytes(&self) -> String {
        let mark = if self.marked { BYTE_ORDER_MARK } else { "" };
        format!("{mark}{}", self.after)
    }
}

fn one(file: &Path, args: &InjectArgs) -> Result<ProcessedFile, InjectError> {
    let Input { name, text, marked } = Input::read(file);
    let unreadable = |error| InjectError::Unreadable(name.clone(), error);
    let refused = |refusal| match refusal {
        Refusal::Unreadable(error) => InjectError::Unreadable(name.clone(), error),
        other => InjectError::Refused(name.clone(), other),
    };
    let before = text.map_err(unreadable)?;
    let (mut after, mut report) = if args.remove {
        let removed = remove::remove(&before, args.container()).map_err(unreadable)?;
        let report = vec![report::removed(&removed, args.container())];
        (removed.text, report)
    } else {
        let amended = amend::amend(&before, &args.wishes()).map_err(refused)?;
        let report = report::amended(&amended);
        (amended.text, report)
    };
    if args.is_ready() {
        let ready = ready::ready(&after).map_err(unreadable)?;
        report.extend(report::ready(&ready));
        after = ready.text;
    }
    let done = ProcessedFile {
        name,
        marked,
        before,
        after,
        report,
    };
    if args.in_place && done.has_changed() {
        fs::write(file, done.bytes()).map_err(|error| InjectError::Unwritable(done.name.clone(), error))?;
    }
    Ok(done)
}

fn finish(done: &ProcessedFile, args: &InjectArgs, look: Look) -> io::Result<()> {
    for line in &done.report {
        stderr_line(&format!("{}: {line}", done.name));
    }
    let out = if args.diff {
        report::diff(&done.name, &done.before, &done.after, look.colors)
    } else if args.check || args.in_place {
        String::new()
    } else {
        done.bytes()
    };
    let mut stdout = io::stdout().lock();
    stdout.write_all(out.as_bytes())?;
    stdout.flush()
}

#[cfg(test)]
mod tests;
