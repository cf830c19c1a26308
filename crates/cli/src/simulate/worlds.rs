//! Worlds instead of a fleet: known faults, random ones, and one from a file.

mod faults;
mod random;
mod scenario;

pub(super) use faults::run as faults;
pub(super) use random::run as random;
pub(super) use scenario::run as scenario;

use super::error::SimulateError;
use super::job::{Keep, Played};
use crate::output;
use protector_sim::scenario::Scenario;
use std::io;
use std::path::Path;

/// What is kept, with or without `--transcript`.
pub(super) fn keep(transcript: bool) -> Keep {
    if transcript {
        Keep::Transcript
    } else {
        Keep::Verdict
    }
}

/// Prints the transcript of a run, if it has one.
pub(super) fn transcript(played: &Played) -> io::Result<()> {
    match &played.transcript {
        Some(transcript) => output::line(transcript.text().trim_end()),
        None => Ok(()),
    }
}

/// Writes a world to a file, if that is wanted.
pub(super) fn save(file: Option<&Path>, scenario: &Scenario) -> Result<(), SimulateError> {
    let Some(path) = file else { return Ok(()) };
    std::fs::write(path, scenario.to_json() + "\n").map_err(|source| SimulateError::file(path, source))
}

/// Refuses what is for one run only, if there are more.
pub(super) fn one_run_only(runs: usize, option: &str, wanted: bool, hint: &str) -> Result<(), SimulateError> {
    if !wanted || runs == 1 {
        return Ok(());
    }
    Err(SimulateError::Usage(format!(
        "{option} is for one run, and these are {runs}: {hint}"
    )))
}
